import io
import zipfile
from hashlib import sha256
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from stages import fetch as fetch_module
from stages.fetch import JUDGED_FROM, fetch
from stages.images import picture_from_png, pixel_hash, square
from stages.metrics.judges import SMALLEST_IMAGENET_SIDE
from stages.process.stage import Refusal
from stages.sources.candidate import READ
from stages.store import files, paths, schemas, tables


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(path, seed, size=(40, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), np.uint8)
    picture = Image.fromarray(levels)
    picture.save(path, "PNG")
    return picture


def run(here, **changes):
    options = {"source": "folder", "path": "photos", "limit": None, "side": 32}
    fetch(SimpleNamespace(**options | changes), here / "downloads")
    return pq.read_table(paths.IMAGES).to_pylist(), files.read_json(paths.SKIPPED)


def test_table_has_the_schema_and_the_stored_pixels(here):
    original = put(here / "photos" / "a.png", 0)
    (row,), skipped = run(here)
    assert pq.read_schema(paths.IMAGES).equals(schemas.IMAGES, check_metadata=True)
    picture = picture_from_png(row.pop("image")["bytes"])
    assert picture.tobytes() == square(original, 32).tobytes()
    assert row == {
        "image_id": pixel_hash(picture),
        "name": "a.png",
        "source": "folder photos",
        "licence": "unknown",
        "width": 32,
        "height": 32,
    }
    assert skipped == []


def test_builtin_photographs_need_nothing_but_their_names(here):
    names = ["astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "camera"]
    rows, skipped = run(here, source="builtin", names=names, side=256)
    assert [row["name"] for row in rows] == names
    assert {(row["width"], row["height"]) for row in rows} == {(256, 256)}
    assert rows[1]["licence"] == "CC0"
    assert skipped == []
    assert not (here / "downloads").exists()


def test_size_none_keeps_the_picture_as_it_is(here):
    original = put(here / "photos" / "a.png", 0)
    (row,), _ = run(here, side=None)
    assert (row["width"], row["height"]) == (40, 30)
    assert picture_from_png(row["image"]["bytes"]).tobytes() == original.tobytes()


def test_bad_pictures_are_skipped_by_name_and_reason(here, capsys):
    put(here / "photos" / "good.png", 0)
    put(here / "photos" / "zoo.png", 1)
    whole = (here / "photos" / "good.png").read_bytes()
    (here / "photos" / "cut.png").write_bytes(whole[:1000])
    (here / "photos" / "page.jpg").write_text("<html>")
    rows, skipped = run(here)
    assert [row["name"] for row in rows] == ["good.png", "zoo.png"]
    assert [item["name"] for item in skipped] == ["cut.png", "page.jpg"]
    assert skipped[1]["reason"] == f"not a {READ} picture"
    said = capsys.readouterr().err
    assert f"page.jpg: not a {READ} picture" in said
    assert "2 skipped, see data/images/skipped.json" in said


def test_same_pixels_are_taken_once(here):
    for name in ["b.png", "a.png", "c.png"]:
        put(here / "photos" / name, 0)
    rows, skipped = run(here)
    assert [row["name"] for row in rows] == ["a.png"]
    assert skipped == [
        {"name": "b.png", "reason": "same pixels as a.png"},
        {"name": "c.png", "reason": "same pixels as a.png"},
    ]


def test_limit_counts_good_pictures_only(here):
    put(here / "photos" / "b.png", 0)
    put(here / "photos" / "c.png", 0)
    put(here / "photos" / "d.png", 1)
    put(here / "photos" / "e.png", 2)
    (here / "photos" / "a.png").write_bytes(b"")
    rows, skipped = run(here, limit=2)
    assert [row["name"] for row in rows] == ["b.png", "d.png"]
    assert [item["name"] for item in skipped] == ["a.png", "c.png"]


def test_limit_above_the_number_takes_all(here):
    put(here / "photos" / "a.png", 0)
    assert len(run(here, limit=9)[0]) == 1


def test_two_runs_write_the_same_bytes(here):
    for seed, name in enumerate(["b.png", "a.png", "c/d.png"]):
        put(here / "photos" / name, seed)
    run(here)
    first = paths.IMAGES.read_bytes()
    run(here)
    assert paths.IMAGES.read_bytes() == first


def test_hostile_names_reach_the_table_as_text(here):
    hostile = '"><img src=x onerror=alert(1)>.png'
    put(here / "photos" / hostile, 0)
    put(here / "photos" / "a\nb\udcff.png", 1)
    rows, _ = run(here)
    assert [row["name"] for row in rows] == [hostile, "a\\nb\\udcff.png"]
    assert [row["image"]["path"] for row in rows] == [row["name"] for row in rows]


def test_no_good_picture_is_refused_and_the_old_table_stays(here):
    put(here / "photos" / "a.png", 0)
    run(here)
    before = paths.IMAGES.read_bytes()
    for index in range(9):
        (here / "bad").mkdir(exist_ok=True)
        (here / "bad" / f"{index}.png").write_bytes(b"")
    with pytest.raises(Refusal, match=r"(?s)0\.png: the file is empty.*and 4 more"):
        run(here, path="bad")
    assert paths.IMAGES.read_bytes() == before


def test_pictures_are_read_one_after_another(here, monkeypatch):
    """No more encoded pictures are alive than a row group holds."""
    monkeypatch.setattr(tables, "ROWS_A_GROUP", 2)
    for seed in range(7):
        put(here / "photos" / f"{seed}.png", seed)
    read, written = [], []
    write_table = tables.pq.ParquetWriter.write_table
    monkeypatch.setattr(
        "stages.fetch.upright",
        lambda source: (
            read.append(1) or Image.open(io.BytesIO(source())).convert("RGB")
        ),
    )

    def counted(writer, table, *arguments):
        written.append(len(read))
        write_table(writer, table, *arguments)

    monkeypatch.setattr(tables.pq.ParquetWriter, "write_table", counted)
    run(here)
    assert written == [2, 4, 6, 7]


def test_archive_on_the_web_is_read_from_a_copy_placed_by_hand(here):
    put(here / "b.png", 0)
    put(here / "a.png", 1)
    (here / "downloads").mkdir()
    place = here / "downloads" / "photos.zip"
    with zipfile.ZipFile(place, "w") as zipped:
        for name in ("b.png", "a.png"):
            zipped.write(here / name, name)
    file = SimpleNamespace(
        url="https://example.invalid/photos.zip",
        sha256=sha256(place.read_bytes()).hexdigest(),
        mirrors=[],
    )
    rows, _ = run(here, source="url", files=[file])
    assert [row["name"] for row in rows] == ["a.png", "b.png"]
    assert {row["source"] for row in rows} == {file.url}


def test_side_from_which_the_judge_is_fetched_is_that_of_the_metrics():
    assert JUDGED_FROM == SMALLEST_IMAGENET_SIDE


@pytest.mark.parametrize("side", [JUDGED_FROM - 1, JUDGED_FROM])
def test_the_judge_of_large_pictures_is_fetched_for_them_alone(
    small_study, monkeypatch, side
):
    wanted = []
    monkeypatch.setattr(
        fetch_module, "fetch_weights", lambda *_, judge: wanted.append(judge)
    )
    monkeypatch.setattr(fetch_module, "fetch", lambda *_: None)
    text = paths.PARAMS.read_text()
    hogb = f"hogb: {{kind: hog, side: {side}"
    text = text.replace("hogb: {kind: hog, side: 32", hogb)
    paths.PARAMS.write_text(text.replace("side: 32}\nrep", f"side: {side}}}\nrep"))
    fetch_module.main()
    assert wanted == [side >= JUDGED_FROM]
