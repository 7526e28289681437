"""Files appear whole or not at all; tables stream and keep their schema."""

import json
import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.metrics.schema import scores_schema
from stages.process.stage import Refusal
from stages.store import files, paths, schemas, tables

SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("value", pa.float64(), metadata={"unit": "decibels"}),
        pa.field("image", schemas.PICTURE),
    ]
)


def row(i):
    picture = {"bytes": bytes([i % 256]), "path": f"{i}.png"}
    return {"name": str(i), "value": float(i), "image": picture}


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path):
    path = tmp_path / "file"
    files.write_text(path, "old")

    def fail_half_way():
        with files.replacing(path) as new:
            new.write_text("half")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_process_that_is_gone_left_half_written_is_swept(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    path = tmp_path / "file.json"
    left, running = (
        tmp_path / f".file.json.{pid}-abc" for pid in (gone.pid, os.getpid())
    )
    for one in (left, running, tmp_path / f".other.json.{gone.pid}-abc"):
        one.write_text("half")
    files.write_text(path, "whole")
    assert sorted(os.listdir(tmp_path)) == sorted(
        ["file.json", running.name, f".other.json.{gone.pid}-abc"]
    )


def test_the_temporary_file_is_flushed_before_it_takes_its_place(tmp_path, monkeypatch):
    order = []
    replace, fsync = os.replace, os.fsync
    monkeypatch.setattr(os, "fsync", lambda h: (order.append("fsync"), fsync(h)))
    monkeypatch.setattr(
        os, "replace", lambda a, b: (order.append("replace"), replace(a, b))
    )
    files.write_text(tmp_path / "file", "text")
    assert order == ["fsync", "replace", "fsync"]


def test_files_are_readable_by_whom_the_umask_allows(tmp_path):
    files.write_text(tmp_path / "file", "text")
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o666 & ~mask


def test_rows_come_back_in_order(tmp_path):
    path = tmp_path / "table.parquet"
    assert tables.write_table(path, (row(i) for i in range(150)), SCHEMA) == 150
    assert list(tables.rows(path)) == [row(i) for i in range(150)]
    assert [r["name"] for r in tables.rows(path, ["name"])][:3] == ["0", "1", "2"]


def test_the_table_has_the_schema_its_units_and_small_groups(tmp_path):
    path = tmp_path / "table.parquet"
    tables.write_table(path, (row(i) for i in range(150)), SCHEMA)
    file = pq.ParquetFile(path)
    assert file.schema_arrow.equals(SCHEMA, check_metadata=True)
    assert file.schema_arrow.field("value").metadata == {b"unit": b"decibels"}
    assert file.metadata.num_row_groups == 3
    pictures = file.metadata.row_group(0).column(2)
    assert pictures.path_in_schema == "image.bytes"
    assert pictures.compression == "UNCOMPRESSED"
    assert "RLE_DICTIONARY" not in pictures.encodings


def test_an_empty_table_has_its_columns(tmp_path):
    path = tmp_path / "table.parquet"
    assert tables.write_table(path, [], SCHEMA) == 0
    assert pq.read_table(path).schema.names == SCHEMA.names


def test_a_row_with_other_columns_is_refused_and_nothing_is_written(tmp_path):
    path = tmp_path / "table.parquet"
    wrong = {**row(0), "vlaue": 1.0}
    del wrong["value"]
    with pytest.raises(ValueError, match=r"differ: \['value', 'vlaue'\]"):
        tables.write_table(path, [wrong], SCHEMA)
    assert os.listdir(tmp_path) == []


def test_parts_of_a_folder_are_read_in_order(tmp_path):
    for part in (1, 0):
        path = tmp_path / f"part-{part}.parquet"
        tables.write_table(path, [row(part)], SCHEMA)
    assert [r["name"] for r in tables.rows(tmp_path)] == ["0", "1"]


def test_json_refuses_what_json_cannot_say(tmp_path):
    for write in (files.write_json, files.write_plain_json):
        with pytest.raises(ValueError, match="JSON compliant"):
            write(tmp_path / "file", {"error": float("nan")})


def test_json_comes_back_and_plain_json_is_for_others(tmp_path):
    value = {"b": 1, "a": [2, (3,)], "c": {10: "x", 9: "\udcff"}}
    files.write_json(tmp_path / "file", value)
    back = files.read_json(tmp_path / "file")
    assert back == {"b": 1, "a": [2, [3]], "c": {"10": "x", "9": "\udcff"}}
    assert list(back) == ["b", "a", "c"]
    files.write_plain_json(tmp_path / "plain", {"b": 1, "a": [2]})
    assert json.loads((tmp_path / "plain").read_text()) == {"b": 1, "a": [2]}


# damage -----------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("path", "stage", "output"),
    [
        (paths.IMAGES, "fetch", "data/images"),
        (paths.PREIMAGES / "part-00000.parquet", "invert", "data/preimages"),
        (paths.SCORES, "score", "data/scores.parquet"),
    ],
)
def test_a_damaged_table_is_refused_by_name_with_what_to_do(here, path, stage, output):
    tables.write_table(path, [row(0)], SCHEMA)
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    remedy = f"^{path} is damaged: .*`dvc checkout {output}`.*`dvc repro -f {stage}`$"
    with pytest.raises(Refusal, match=remedy):
        list(tables.rows(path, ["name"]))


def test_damaged_json_is_refused_by_name_with_what_to_do(here):
    path = paths.TARGETS / "statistics.json"
    files.write_json(path, {"norm": 0.296})
    path.write_text(path.read_text().replace("0.296", "3.49"))
    with pytest.raises(Refusal, match=rf"^{path} is damaged: .*`dvc repro -f extract`"):
        files.read_json(path)
    path.write_text("{}")
    with pytest.raises(Refusal, match="it holds no checksum"):
        files.read_json(path)


def test_what_is_not_there_is_refused_with_the_stage_that_makes_it(here):
    remedy = "is not there: `dvc repro invert` makes it"
    with pytest.raises(Refusal, match=remedy):
        list(tables.rows(paths.PREIMAGES))
    paths.PREIMAGES.mkdir(parents=True)
    with pytest.raises(Refusal, match=remedy):
        list(tables.rows(paths.PREIMAGES))
    with pytest.raises(Refusal, match=r"statistics.json is not there: `dvc repro ext"):
        files.read_json(paths.TARGETS / "statistics.json")
    with pytest.raises(Refusal, match=r"^other.json is not there$"):
        files.read_json(files.Path("other.json"))


def test_a_part_that_went_missing_is_noticed(tmp_path):
    for part in range(3):
        path = tmp_path / f"part-{part}.parquet"
        tables.write_table(path, [row(part)], SCHEMA, n_parts=3)
    assert len(list(tables.rows(tmp_path))) == 3
    (tmp_path / "part-1.parquet").unlink()
    with pytest.raises(Refusal, match="it holds 2 of 3 parts"):
        list(tables.rows(tmp_path))


def test_a_table_is_read_through_once_until_it_changes(tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    tables.write_table(path, [row(0)], SCHEMA)
    checked, check = [], tables.check_parquet
    monkeypatch.setattr(
        tables, "check_parquet", lambda path: (checked.append(path), check(path))
    )
    for _ in range(3):
        list(tables.rows(path))
    assert checked == [path]
    tables.write_table(path, [row(1)], SCHEMA)
    assert [one["name"] for one in tables.rows(path)] == ["1"]
    assert checked == [path, path]


def test_work_lies_beside_the_params_also_for_experiments_in_a_copy(
    monkeypatch, tmp_path
):
    monkeypatch.delenv("DVC_ROOT", raising=False)
    assert paths.work().parts[-2:] == ("data", "work")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert paths.work() == tmp_path / "data" / "work"


@pytest.mark.parametrize("schema", [schemas.IMAGES, schemas.PREIMAGES, scores_schema()])
def test_every_column_says_what_it_means_and_numbers_their_unit(schema):
    for field in schema:
        assert b"meaning" in field.metadata, field.name
        if pa.types.is_floating(field.type):
            assert b"unit" in field.metadata, field.name


def test_rows_are_found_by_their_places_over_all_parts(tmp_path):
    schema = pa.schema([("n", pa.int64()), ("other", pa.int64())])
    lengths, first = [100, 3, 70], 0
    for i, length in enumerate(lengths):
        part = [{"n": first + k, "other": 0} for k in range(length)]
        place = tmp_path / f"part-{i}.parquet"
        tables.write_table(place, part, schema, n_parts=len(lengths))
        first += length
    table = tables.Parted(tmp_path)
    for wanted in (range(173), range(60, 66), range(99, 104), range(102, 103)):
        pieces = table.pieces(wanted)
        rows = [row for piece in pieces for row in tables.rows_at(*piece, ["n"])]
        assert rows == [{"n": n} for n in wanted]
    assert table.pieces(range(5, 5)) == ()
    assert len(table.pieces(range(100, 103))) == 1
