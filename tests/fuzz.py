"""Damaged and hostile inputs by seed and count: told with a reason, or read rightly.

    python -m tests.fuzz pictures --seed 0 --count 2000

Input `i` of a kind is drawn from the seed and `i` alone, so that one that fails is made
again by its number. What breaks a promise is an AssertionError that says which.
"""

import argparse
import io
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from PIL import Image, ImageOps

from stages.process.stage import Refusal
from stages.sources.candidate import FORMATS, BadPicture
from stages.sources.picture import upright
from stages.store import codes, files, tables
from stages.store.damage import damaged as refusal
from stages.store.jobs import Checkpoint, JobStore
from tests.conftest import RECORD

Draw = np.random.Generator

SIDES = (96, 64)
# More than one way in which a format is written; damage meets all decoders.
_OPTIONS: dict[str, list[dict[str, Any]]] = {
    "TIFF": [{}, {"compression": "tiff_lzw"}, {"compression": "jpeg"}],
    "WEBP": [{}, {"lossless": True}],
    "JPEG": [{}, {"progressive": True}],
}


# damage -----------------------------------------------------------------------------


def flipped(data: bytes, draw: Draw) -> bytes:
    """Return the bytes with one to eight bits turned over."""
    damaged = bytearray(data)
    for _ in range(draw.integers(1, 9)):
        damaged[draw.integers(len(data))] ^= 1 << int(draw.integers(8))
    return bytes(damaged)


def cut(data: bytes, draw: Draw) -> bytes:
    """Return the bytes without their end."""
    return data[: draw.integers(len(data))]


def spliced(data: bytes, draw: Draw) -> bytes:
    """Return the bytes with a piece of them in another place, over what was there."""
    length = int(draw.integers(1, len(data) // 4))
    source, place = draw.integers(len(data) - length, size=2)
    piece = data[source : source + length]
    return data[:place] + piece + data[place + length :]


DAMAGES = (flipped, cut, spliced)


def damaged(data: bytes, draw: Draw) -> bytes:
    """Return the bytes damaged in one of the ways."""
    return DAMAGES[draw.integers(len(DAMAGES))](data, draw)


# pictures ---------------------------------------------------------------------------


def pictures(draw: Draw, kind: str | None = None) -> str:
    """Damage a picture: it is refused with a reason, or read as Pillow reads it."""
    names = [name.upper() for name in FORMATS]
    kind = kind or names[draw.integers(len(names))]
    data = damaged(_encoded(kind, draw), draw)
    try:
        found = upright(lambda: data)
    except BadPicture as refused:
        reason = f"{refused}"
        found = None
    if found is None:
        assert reason, "no reason"
        assert reason.isprintable(), f"a reason that is not inert: {reason!r}"
        return f"{kind} refused"
    expected = _strictly_decoded(data)
    assert found.tobytes() == expected.tobytes(), f"{kind}: other pixels than Pillow's"
    return f"{kind} read as Pillow reads it"


def _encoded(kind: str, draw: Draw) -> bytes:
    """Return an encoded picture: smooth shapes and some noise, at times turned."""
    row, col = np.mgrid[: SIDES[0], : SIDES[1]]
    pixels = np.stack([row * 2, col * 3, row + col], 2) + draw.integers(0, 40, (3,))
    pixels = pixels + draw.integers(0, 20, pixels.shape)
    options = dict(
        _OPTIONS.get(kind, [{}])[draw.integers(len(_OPTIONS.get(kind, "1")))]
    )
    if kind != "BMP":
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = int(draw.integers(1, 9))
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, kind, **options)
    return buffer.getvalue()


def _strictly_decoded(data: bytes) -> Image.Image:
    """Return what Pillow's own strict decoding gives, or fail with what it raises."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    try:
        turned = ImageOps.exif_transpose(picture)
    except Exception:  # metadata that cannot be read turn nothing
        turned = picture
    return upright(lambda: turned)


# files of the store -----------------------------------------------------------------


def damaged_files(draw: Draw, kind: str | None = None) -> str:
    """Damage a file that the project writes: told, or what is read is what was."""
    kind = kind or [*_FILES][draw.integers(len(_FILES))]
    with tempfile.TemporaryDirectory() as folder, redirect_stderr(io.StringIO()):
        write, read = _FILES[kind]
        write(Path(folder))
        expected = read(Path(folder))
        path = next(path for path in Path(folder).rglob("*") if path.is_file())
        path.write_bytes(damaged(path.read_bytes(), draw))
        try:
            found = read(Path(folder))
        except Refusal as refusal:
            told, found = f"{refusal}", None
        else:
            told = f"{path.name} is damaged"
    assert f"{path.name} is damaged" in told, f"{kind}: {told}"
    if found is None:
        return f"{kind} told"
    assert found == expected, f"{kind}: other content than was written"
    return f"{kind} says the same"


_KEY = "ab" + "0" * 30
_TENSORS = {"x": torch.arange(24.0).reshape(2, 3, 4), "step": torch.tensor(3)}
_VALUE = {"norm": 0.296, "names": ["oval", "box"], "rows": [[0, 1], [2, 3]]}
_ROWS = [{"name": f"picture {i}", "error": i / 7} for i in range(100)]
_SCHEMA = pa.schema([("name", pa.string()), ("error", pa.float64())])


def _write_codes(folder: Path) -> None:
    with (folder / "x.safetensors").open("wb") as file:
        codes.write(file, ["a", "b"], (3, 4), [_TENSORS["x"]])


def _read_codes(folder: Path) -> Any:
    return codes.StoredCodes(folder / "x.safetensors", refusal).all()


def _read_checkpoint(folder: Path) -> Any:
    found = JobStore(folder).checkpoint((_KEY,))
    return found and (found.keys, [t.tolist() for t in found.tensors.values()])


def _read_record(folder: Path) -> Any:
    found = JobStore(folder).load(_KEY)
    return found and (found.png, found.distance, found.terms, found.trace.tolist())


# Of each kind of file: what writes it into a folder, and what reads it back.
_FILES: dict[str, tuple[Callable[[Path], Any], Callable[[Path], Any]]] = {
    "record": (lambda folder: JobStore(folder).save(_KEY, RECORD), _read_record),
    "checkpoint": (
        lambda folder: JobStore(folder).save_checkpoint(Checkpoint((_KEY,), _TENSORS)),
        _read_checkpoint,
    ),
    "codes": (_write_codes, lambda folder: _read_codes(folder).tolist()),
    "table": (
        lambda folder: tables.write_table(folder / "x.parquet", _ROWS, _SCHEMA),
        lambda folder: list(tables.rows(folder / "x.parquet")),
    ),
    "JSON": (
        lambda folder: files.write_json(folder / "x.json", _VALUE),
        lambda folder: files.read_json(folder / "x.json"),
    ),
}


# running ----------------------------------------------------------------------------

# What draws one input of a kind, gives it to who reads such, and says what came of it.
KINDS: dict[str, str] = {
    "pictures": "tests.fuzz:pictures",
    "files": "tests.fuzz:damaged_files",
    "params": "tests.fuzz_params:params",
    "weights": "tests.fuzz_weights:weights",
}


def drawn(seed: int, number: int) -> Draw:
    """Return the generator that the input of this number is drawn from."""
    return np.random.default_rng([seed, number])


def outcomes(kind: str, seed: int, count: int) -> Counter[str]:
    """Return how often each outcome was met; raise what broke a promise."""
    found = Counter[str]()
    module, _, name = KINDS[kind].partition(":")
    tried = getattr(import_module(module), name)
    for number in range(count):
        try:
            found[tried(drawn(seed, number))] += 1
        except Exception as error:
            error.add_note(f"{kind}, seed {seed}, input {number}")
            raise
    return found


def main() -> None:
    """Run a kind and print how often each outcome was met."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=50)
    chosen = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow remarks on when it reads alone
        found = outcomes(chosen.kind, chosen.seed, chosen.count)
    for outcome, n in sorted(found.items()):
        sys.stdout.write(f"{n:6d}  {outcome}\n")


if __name__ == "__main__":
    main()
