"""The files of the study: where they are, how they are written, read and kept whole.

Every file appears at once: it is written beside its place under a temporary name,
flushed to the disk, then renamed over it. A reader, or a run killed at any moment,
sees the old file or the new one, never half of it.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

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
METRICS = Path("reports/metrics")
METRICS_BY_CELL = Path("reports/metrics-by-cell.json")
FINDINGS = Path("reports/findings.json")
PLOTS = Path("reports/plots")
FIGURES = Path("reports/figures")

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
    """Yield a temporary path in `path`'s folder; on success it takes `path`'s place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _flush(temporary)
        # mkstemp made the file private; give it the permissions of an ordinary one.
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, path)
        _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


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
    """Write the value as indented JSON, keys in the order given."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Return the value that `write_json` wrote."""
    return json.loads(path.read_text())


def write_table(path: Path, rows: Iterable[dict[str, Any]], schema: pa.Schema) -> int:
    """Write the rows as Parquet, a group at a time, and return their number.

    Rows may be a generator: no more than one group of them is held in memory. A row
    must have exactly the schema's columns. Pictures are neither compressed again nor
    put into dictionaries, so that one of them is read in milliseconds.
    """
    pictures = {field.name for field in schema if pa.types.is_struct(field.type)}
    plain = [field.name for field in schema if field.name not in pictures]
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(
            temporary,
            schema,
            use_dictionary=[
                name for name in plain if schema.field(name).type == pa.string()
            ],
            compression={name: "zstd" for name in _leaves(schema, plain)},
        ) as writer,
    ):
        return _write_groups(writer, rows, schema)


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
    """Yield the rows of a Parquet file or of a folder of parts, a group at a time."""
    parts = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    for part in parts:
        with pq.ParquetFile(part) as file:
            for batch in file.iter_batches(batch_size=ROWS_A_GROUP, columns=columns):
                yield from batch.to_pylist()
