"""Whether driver and workers run the same program: other text, other results."""

import hashlib
from functools import cache
from pathlib import Path

from stages.process.stage import Refusal
from stages.store.record import versions

HOUSE = Path(__file__).parents[2]


@cache
def program() -> str:
    """Return a hash of the program's files, and its versions.

    Of all of them: metrics and representations are imported by name when they are used.
    As they are, not as parsed: that takes seconds, which each worker would spend.
    """
    digest = hashlib.sha256()
    for path in sorted(HOUSE.rglob("*.py")):
        digest.update(f"{path.relative_to(HOUSE).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return f"{digest.hexdigest()} {versions()}"


def check_same(told: str) -> None:
    """Raise Refusal unless the driver's program is the one that is here."""
    if told != program():
        raise Refusal(
            "a worker has another version of this program than the one that sent its "
            f"task (in {HOUSE.parent}): install the same on all machines, and start "
            "the workers again"
        )
