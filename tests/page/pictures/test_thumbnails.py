"""Thumbnails: which are inside, that they come back, and that they fit."""

import base64
import io
import json
import re
import tempfile

import numpy as np
import pytest
from PIL import Image

from stages.page.pictures import thumbnails as pictures
from stages.page.pictures.thumbnails import Entry, Spool


def noise(side, mode="RGB"):
    shape = (side, side) if mode == "L" else (side, side, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return Image.fromarray(pixels)


def entries(**sizes):
    return [
        Entry(f"{owner}{i}", owner, 0, n, 0)
        for owner, ns in sizes.items()
        for i, n in enumerate(ns)
    ]


def decoded(text):
    return Image.open(io.BytesIO(base64.b64decode(text)))


def test_even_spacing_keeps_the_first_and_the_last():
    assert pictures.evenly_spaced("abcdefghi", 3) == ["a", "e", "i"]
    assert pictures.evenly_spaced("abc", 3) == ["a", "b", "c"]
    assert pictures.evenly_spaced("abc", 1) == ["a"]
    assert pictures.evenly_spaced("", 4) == []


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_small_thumbnails_are_lossless_and_deterministic(mode):
    picture = noise(64, mode)
    data = pictures.thumbnail(picture)
    shown = Image.open(io.BytesIO(data)).convert(mode)
    assert np.array_equal(np.asarray(shown), np.asarray(picture))
    assert pictures.thumbnail(picture) == data


def test_large_pictures_are_made_smaller_and_stay_as_they_were():
    picture = noise(300)
    before = picture.tobytes()
    assert Image.open(io.BytesIO(pictures.thumbnail(picture))).size == (128, 128)
    assert picture.tobytes() == before


def test_whole_pictures_evenly_spaced_are_inside():
    all_of = entries(a=[30, 30], b=[30, 30], c=[30, 30], d=[30, 30], e=[30, 30])
    each = sum(entry.n_inside for entry in all_of[:2])
    inside = pictures.inside(all_of, 3 * each, 100)
    assert [e.name for e in inside] == ["a0", "a1", "c0", "c1", "e0", "e1"]
    assert pictures.inside(all_of, 100 * each, 2) == [*all_of[:2], *all_of[-2:]]
    assert pictures.inside(all_of, 100 * each, 100) == all_of
    assert pictures.inside([], 100, 100) == []


def test_of_a_picture_that_is_too_large_some_pre_images_are_inside():
    all_of = entries(a=[30] * 9, b=[30])
    most = 3 * all_of[0].n_inside
    assert [e.name for e in pictures.inside(all_of, most, 9)] == ["a0", "a4", "a8"]


def test_of_very_many_pre_images_of_a_picture_the_most_that_fit_are_soon_found():
    all_of = entries(a=[30] * 20_000)
    most = 3 * all_of[-1].n_inside
    assert [e.name for e in pictures.inside(all_of, most, 9)] == [
        *("a0", "a10000", "a19999"),
    ]


def test_what_is_spooled_comes_back_in_chunks_and_an_index(monkeypatch):
    monkeypatch.setattr(pictures, "CHUNK", 2)
    with tempfile.TemporaryFile() as file:
        spool = Spool(file)
        for i in range(4):
            spool.add(f"</script>{i}", "a", noise(8 + i), [[0, i]])
        chosen = spool.entries[:3]
        text = "".join(pictures.chunks(spool, spool.entries, chosen))
    element = r'<script type="application/json" class="(\w+)">(.*?)</script>'
    found = re.findall(element, text)
    assert [name for name, _ in found] == ["chunk", "chunk", "index"]
    *chunks, index = [json.loads(content) for _, content in found]
    assert [len(chunk) for chunk in chunks] == [2, 1]
    assert decoded(chunks[1][0][0]).size == (10, 10)
    assert chunks[0][1][1] == [[0, 1]]
    assert index["inside"] == [f"</script>{i}" for i in range(3)]
    assert index["files"] == {"</script>3": pictures.file_name(spool.entries[3])}
    told = sum(e.n_inside for e in chosen) + spool.entries[3].n_beside
    assert told <= len(text) <= told + 300


def test_file_names_are_hashes_whatever_the_name():
    name = pictures.file_name(Entry("../../etc/passwd", "a", 0, 0, 0))
    assert re.fullmatch(r"[0-9a-f]{20}\.webp", name)
