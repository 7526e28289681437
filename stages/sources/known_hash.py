"""The hash by which a file is known before it is there: whole, or its first digits."""

import re
from pathlib import Path
from typing import NamedTuple

from stages.process.stage import Refusal
from stages.store.file_hash import file_hash

_DIGITS = {"sha256": 64, "md5": 32}
# Fewest digits of a sha256 that tell files apart; torchvision's file names hold eight.
_FEWEST_DIGITS = 8


class KnownHash(NamedTuple):
    """A hash that is wanted: all of its digits, or the first ones."""

    algorithm: str
    digits: str

    @property
    def is_whole(self) -> bool:
        """Return whether all digits are known."""
        return len(self.digits) == _DIGITS[self.algorithm]

    def __str__(self) -> str:
        return self.digits if self.is_whole else f"{self.digits}..."

    def fits(self, digits: str) -> bool:
        """Return whether a file with this hash is the one that is wanted."""
        return digits.startswith(self.digits)

    def digits_of(self, path: Path) -> str:
        """Return the file's own hash, all of its digits."""
        return file_hash(path, self.algorithm)

    def mismatch(self, digits: str) -> str:
        """Return what is wrong with a file of this hash."""
        return f"{self.algorithm} is {digits} where {self} is wanted"


def known_hash_of(text: str, url: str) -> KnownHash:
    """Return the hash that is written as a sha256, `md5:...`, `prefix:...` or `any`.

    A prefix is the first digits, 8 or more, of a sha256; `any` is for files of which
    nothing is known. Raises Refusal, with the
    `url` whose hash it is, if it is none of these.
    """
    if text == "any":
        return KnownHash("sha256", "")
    algorithm, _, digits = text.lower().rpartition(":")
    shortened = algorithm == "prefix"
    known = KnownHash("sha256" if shortened else algorithm or "sha256", digits)
    most = _DIGITS.get(known.algorithm, 0)
    fewest = _FEWEST_DIGITS if shortened else most
    if not most or not re.fullmatch(f"[0-9a-f]{{{fewest},{most}}}", digits):
        raise Refusal(
            f"`sha256` of {url} must be 64 hexadecimal digits, 'md5:' and 32, or "
            f"'prefix:' and the first {_FEWEST_DIGITS} or more of 64; got {text!r}."
        )
    return known
