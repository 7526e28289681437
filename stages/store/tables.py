"""Parquet tables of the study, written whole and read a group of rows at a time."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stages.store.files import replacing

# Few rows a group, so that one picture is read without its neighbours.
ROWS_A_GROUP = 64


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
