"""Parquet tables of the study, written whole and read a group of rows at a time."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stages.store.damage import absent, damaged
from stages.store.files import replacing
from stages.store.seals import BrokenSeal, check_parquet, seal_parquet

# Few rows a group, so that one picture is read without its neighbours; without pictures
# many, as each group takes some kilobytes of its own, and a while to open.
ROWS_A_GROUP, PLAIN_ROWS_A_GROUP = 64, 1024

# What Parquet gives: of each column's own type, which the schema tells.
Row = dict[str, Any]

# Files that were read through, and what they were like then.
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


def write_table(
    path: Path,
    rows: Iterable[Mapping[str, object]],
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
            most = ROWS_A_GROUP if pictures else PLAIN_ROWS_A_GROUP
            n_rows = _write_groups(writer, rows, schema, most)
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
    writer: pq.ParquetWriter,
    rows: Iterable[Mapping[str, object]],
    schema: pa.Schema,
    most: int,
) -> int:
    n_rows, group, names = 0, [], set(schema.names)
    for row in rows:
        if row.keys() != names:
            wrong = sorted(row.keys() ^ names)
            raise ValueError(f"`rows` must have the schema's columns; differ: {wrong}.")
        group.append(row)
        if len(group) == most:
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            n_rows, group = n_rows + len(group), []
    if group:
        writer.write_table(pa.Table.from_pylist(group, schema=schema))
    return n_rows + len(group)


def rows(path: Path, columns: list[str] | None = None) -> Iterator[Row]:
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


class Parted:
    """The rows of a folder of parts by their places, counted over all of them.

    Raises Refusal as `rows` does.
    """

    def __init__(self, folder: Path) -> None:
        self._parts = _parts(folder)
        counts = map(n_rows, self._parts)
        self._ends = list(accumulate(counts))

    def pieces(self, wanted: range) -> tuple[tuple[Path, range], ...]:
        """Return the parts that hold these rows, each with the places in it."""
        pieces, begun = [], wanted.start
        for i in range(bisect_right(self._ends, begun), len(self._parts)):
            first = self._ends[i - 1] if i else 0
            end = min(wanted.stop, self._ends[i])
            if begun < end:
                pieces.append((self._parts[i], range(begun - first, end - first)))
                begun = end
            if begun >= wanted.stop:
                break
        return tuple(pieces)


def n_rows(part: Path) -> int:
    """Return how many rows a Parquet file has."""
    return int(pq.read_metadata(intact(part)).num_rows)


def rows_at(part: Path, wanted: range, columns: list[str]) -> Iterator[Row]:
    """Yield the rows of one Parquet file at these places; reads no other groups."""
    with pq.ParquetFile(intact(part)) as file:
        begun = 0
        for i in range(file.num_row_groups):
            end = begun + file.metadata.row_group(i).num_rows
            first, last = max(begun, wanted.start), min(end, wanted.stop)
            if first < last:
                group = file.read_row_group(i, columns)
                yield from group.slice(first - begun, last - first).to_pylist()
            begun = end
