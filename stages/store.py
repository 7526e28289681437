"""The files of the study: where they are, how they are written, read and kept whole.

Every file appears at once: it is written beside its place under a temporary name,
flushed to the disk, then renamed over it. A reader, or a run killed at any moment,
sees the old file or the new one, never half of it. Every file that is read back carries
a checksum, see `seals`: nothing is computed on a damaged one.
"""

import glob
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from stages.execution.process import Refusal, refused_by_system
from stages.seals import (
    BrokenSeal,
    check_parquet,
    seal_parquet,
    sealed_json,
    unsealed_json,
)

PARAMS = Path("params.yaml")
# The folder of one's own pictures that dvc.yaml names.
PICTURES = Path("data/pictures")
# The folder of one's own networks that dvc.yaml names.
MODELS = Path("data/models")
IMAGES = Path("data/images/images.parquet")
SKIPPED = Path("data/images/skipped.json")
WEIGHTS = Path("data/weights")
WEIGHTS_MANIFEST = Path("data/weights/manifest.json")
# A folder of its own, so that the networks' codes do not depend on LPIPS's trunks.
NETWORKS = Path("data/weights/networks")
NETWORKS_MANIFEST = Path("data/weights/networks/manifest.json")
EMBEDDED = Path("data/embedded")
TARGETS = Path("data/targets")
PREIMAGES = Path("data/preimages")
SCORES = Path("data/scores.parquet")
REPORT = Path("reports/index.html")
METRICS = Path("reports/metrics.json")
FINDINGS = Path("reports/findings.json")
PLOTS = Path("reports/plots")
FIGURES = Path("reports/figures")

# Which stage makes what, for messages.
_MADE_BY = {
    IMAGES.parent: "fetch",
    WEIGHTS: "fetch",
    TARGETS: "extract",
    PREIMAGES: "invert",
    SCORES: "score",
}

# Few rows a group, so that one picture is read without its neighbours.
ROWS_A_GROUP = 64


def work() -> Path:
    """Return the folder that outlives runs: the job store and downloads.

    It lies beside the params. `dvc exp run --temp` works in a copy of the project, but
    DVC_ROOT still names the original: its finished jobs serve the experiment, too.
    """
    return Path(os.environ.get("DVC_ROOT", ".")) / "data" / "work"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in `path`'s folder; on success it takes `path`'s place.

    Raises Refusal, and leaves the old file, where the system does not let it be
    written: says which file, how much there was to write, and how much room there is.
    """
    n_bytes = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        prefix = f".{path.name}.{os.getpid()}-"
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            _flush(temporary)
            # mkstemp made the file private; give it an ordinary one's permissions.
            temporary.chmod(0o666 & ~_umask())
            os.replace(temporary, path)
            _flush(path.parent)
        finally:
            with suppress(OSError):
                n_bytes = temporary.stat().st_size
            temporary.unlink(missing_ok=True)
    except OSError as error:
        # What a body reads while it writes has a name, and another one.
        ours = error.filename is None or Path(error.filename).parent == path.parent
        refused = _unwritten(path, error, n_bytes) if ours else ""
        if not refused:
            raise
        raise Refusal(refused) from error


def _unwritten(path: Path, error: OSError, n_bytes: int) -> str:
    """Return in a sentence why the file was not written; empty for our mistakes."""
    plain = OSError(error.errno, error.strerror)
    told = refused_by_system(plain, f"{path}")
    begun = f"; {n_bytes / 1e6:.1f} MB of it were written and taken back"
    return told + begun if told and n_bytes else told


def _sweep(path: Path) -> None:
    """Remove what processes that are gone left half written of this file."""
    for stale in path.parent.glob(f".{glob.escape(path.name)}.*-*"):
        pid = stale.name[len(path.name) + 2 :].partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            stale.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Write the bytes; the file appears whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write the text as UTF-8; the file appears whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write the value as indented JSON with its checksum, for `read_json`."""
    write_text(path, sealed_json(value))


def read_json(path: Path) -> Any:
    """Return the value that `write_json` wrote; raise Refusal if it is damaged."""
    try:
        return unsealed_json(path.read_bytes())
    except FileNotFoundError:
        raise absent(path) from None
    except BrokenSeal as broken:
        raise damaged(path, broken) from broken


def write_plain_json(path: Path, value: Any) -> None:
    """Write the value as indented JSON for other tools, keys in the order given."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


# The files whose checksum was found right, as they were then.
_INTACT: dict[Path, tuple[int, int, int]] = {}


def intact(path: Path) -> Path:
    """Return the path of a Parquet file that holds what was written; raise Refusal.

    A file is read through once in a process, unless it changes.
    """
    try:
        status = path.stat()
        now = (status.st_ino, status.st_size, status.st_mtime_ns)
        if _INTACT.get(path.absolute()) != now:
            check_parquet(path)
            _INTACT[path.absolute()] = now
    except FileNotFoundError:
        raise absent(path) from None
    except BrokenSeal as broken:
        raise damaged(path, broken) from broken
    return path


def damaged(path: Path, why: object) -> Refusal:
    """Return what to say of a file that is not what was written, and what to do."""
    made = _maker(path)
    if made is None:
        return Refusal(f"{path} is damaged: {why}; remove it, and run this again")
    output, stage = made
    return Refusal(
        f"{path} is damaged: {why}. Nothing was computed on it. Remove it and get it "
        f"back with `dvc checkout {output}`, or make it again with `dvc repro -f "
        f"{stage}`"
    )


def absent(path: Path) -> Refusal:
    """Return what to say of a file that is not there, and what to do."""
    made = _maker(path)
    remedy = f": `dvc repro {made[1]}` makes it" if made else ""
    return Refusal(f"{path} is not there{remedy}")


def _maker(path: Path) -> tuple[Path, str] | None:
    """Return the output that the file belongs to, and the stage that makes it."""
    found = [made for made in _MADE_BY.items() if path.is_relative_to(made[0])]
    return found[0] if found else None


def write_table(
    path: Path,
    rows: Iterable[dict[str, Any]],
    schema: pa.Schema,
    *,
    n_parts: int | None = None,
) -> int:
    """Write the rows as Parquet, a group at a time, and return their number.

    `n_parts` tells of how many files in its folder this is one, so that one that goes
    missing is noticed. Rows may be a generator: no more than one group of them is held
    in memory. A row must have exactly the schema's columns. Pictures are neither
    compressed again nor put into dictionaries, so that one is read in milliseconds.
    """
    pictures = {field.name for field in schema if pa.types.is_struct(field.type)}
    plain = [field.name for field in schema if field.name not in pictures]
    texts = [name for name in plain if schema.field(name).type == pa.string()]
    with replacing(path) as temporary:
        with pq.ParquetWriter(
            temporary,
            schema,
            use_dictionary=texts,
            compression={name: "zstd" for name in _leaves(schema, plain)},
        ) as writer:
            n_rows = _write_groups(writer, rows, schema)
            if n_parts is not None:
                writer.add_key_value_metadata({_N_PARTS: f"{n_parts}"})
        seal_parquet(temporary)
    return n_rows


# The name of the number of parts in a part's metadata.
_N_PARTS = "n_parts"


def _leaves(schema: pa.Schema, names: list[str]) -> list[str]:
    """Return the Parquet paths of these columns; Parquet compresses by leaf."""
    return [name for name in names if not pa.types.is_nested(schema.field(name).type)]


def _write_groups(
    writer: pq.ParquetWriter, rows: Iterable[dict[str, Any]], schema: pa.Schema
) -> int:
    n_rows, group = 0, []
    for row in rows:
        if row.keys() != set(schema.names):
            wrong = sorted(row.keys() ^ set(schema.names))
            raise ValueError(f"`rows` must have the schema's columns; differ: {wrong}.")
        group.append(row)
        if len(group) == ROWS_A_GROUP:
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            n_rows, group = n_rows + len(group), []
    if group:
        writer.write_table(pa.Table.from_pylist(group, schema=schema))
    return n_rows + len(group)


def rows(path: Path, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file or of a folder of parts, a group at a time.

    Raises Refusal if there is none, or one of them is missing or damaged.
    """
    for part in _parts(path) if path.is_dir() else [path]:
        with pq.ParquetFile(intact(part)) as file:
            for batch in file.iter_batches(batch_size=ROWS_A_GROUP, columns=columns):
                yield from batch.to_pylist()


def _parts(folder: Path) -> list[Path]:
    """Return the parts in a folder, in order."""
    parts = sorted(folder.glob("*.parquet"))
    if not parts:
        raise absent(folder)
    told = pq.read_metadata(intact(parts[0])).metadata or {}
    n_parts = int(told.get(_N_PARTS.encode(), len(parts)))
    if len(parts) != n_parts:
        raise damaged(folder, f"it holds {len(parts)} of {n_parts} parts")
    return parts
