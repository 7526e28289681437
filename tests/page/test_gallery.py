"""What the gallery shows, and that it keeps to its budget."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from stages import images
from stages.page import gallery
from stages.page.gallery import Figure, Row


def noise(side, mode="RGB"):
    shape = (side, side) if mode == "L" else (side, side, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return Image.fromarray(pixels)


def decoded(uri):
    prefix, data = uri.split(",")
    assert prefix == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def row(name, *n_bytes):
    figures = [Figure(uri="x" * n, alt="", title=f"{i}") for i, n in enumerate(n_bytes)]
    original = Figure(uri="", alt="", title="original")
    return Row(name=name, about="", original=original, preimages=figures)


def test_even_spacing_keeps_the_first_and_the_last():
    assert gallery.evenly_spaced("abcdefghi", 3) == ["a", "e", "i"]
    assert gallery.evenly_spaced("abc", 3) == ["a", "b", "c"]
    assert gallery.evenly_spaced("abc", 1) == ["a"]
    assert gallery.evenly_spaced("", 4) == []


def test_pictures_are_few_enough_and_evenly_spaced():
    counts = {str(i): 2 for i in range(100)}
    assert gallery.chosen_pictures(counts, 12) == [
        *("0", "9", "18", "27", "36", "45", "54", "63", "72", "81", "90", "99")
    ]
    assert gallery.chosen_pictures(counts, 200) == list(counts)


def test_pictures_with_many_preimages_are_fewer():
    counts = {str(i): 150 for i in range(5)}
    # Two pictures have 300 of at most 400 pre-images, three would have 450.
    assert gallery.chosen_pictures(counts, 5) == ["0", "4"]
    assert gallery.chosen_pictures({"a": 1000, "b": 1}, 5) == ["a"]
    assert gallery.chosen_pictures({}, 5) == []


def test_rows_keep_to_the_budget_of_bytes(monkeypatch):
    monkeypatch.setattr(gallery, "MOST_BYTES", 100)
    rows = [row(name, 20, 20) for name in "abcde"]
    assert [r.name for r in gallery.within_budget(rows)] == ["a", "e"]
    assert gallery.within_budget(rows[:2]) == rows[:2]
    assert gallery.within_budget([]) == []


def test_a_single_picture_over_the_budget_shows_some_of_its_preimages(monkeypatch):
    monkeypatch.setattr(gallery, "MOST_BYTES", 100)
    (shown,) = gallery.within_budget([row("a", *([30] * 9)), row("b", 101)])
    assert [figure.title for figure in shown.preimages] == ["0", "4", "8"]


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_thumbnails_are_lossless_and_deterministic(mode):
    picture = noise(64, mode)
    uri = gallery.thumbnail(picture)
    assert np.array_equal(decoded(uri).convert(mode), np.asarray(picture))
    assert gallery.thumbnail(picture) == uri


def test_large_pictures_are_made_smaller_and_stay_as_they_were():
    picture = noise(300)
    before = picture.tobytes()
    assert decoded(gallery.thumbnail(picture)).size == (256, 256)
    assert picture.tobytes() == before


def test_captions_tell_what_varies_and_once_what_does_not(score, table):
    jobs = table(score(), score(seed=1), score(prior="none", region="centre 5"))
    assert gallery.varying(jobs) == ["region", "prior", "seed"]
    assert gallery.shared(jobs) == "solver fast"
    assert gallery.varying(table(score(), score(layer="fc8"))) == ["layer"]


def test_a_figure_s_caption_and_alternative_text(score):
    labels = score(0.123, psnr=21.44, status="diverged", seed=1)
    figure = gallery.preimage_figure(labels, ["prior", "seed"], "data:x")
    assert figure == Figure(
        uri="data:x",
        alt="Pre-image of cat from hog, seed 1 · prior default",
        title="hog",
        code=("hog", "hog"),
        details="seed 1",
        numbers="12.3\N{NO-BREAK SPACE}% · 21.4\N{NO-BREAK SPACE}dB",
        status="diverged",
        group="hog · prior default",
    )


def test_pre_images_that_share_all_but_layer_and_seed_are_a_group(score):
    told = ["layer", "prior", "seed"]
    rows = [score(seed=0), score(prior="none"), score(seed=1), score(layer="fc8")]
    figures = [gallery.preimage_figure(row, told, "") for row in rows]
    row = gallery.Row("cat", "", gallery.original_figure("cat", noise(8)), figures)
    groups = {heading: [one.details for one in found] for heading, found in row.groups}
    assert groups == {
        "hog · prior default": [
            "layer hog · seed 0",
            "layer hog · seed 1",
            "layer fc8 · seed 0",
        ],
        "hog · prior none": ["layer hog · seed 0"],
    }


def test_a_job_without_a_picture_has_no_numbers(score):
    figure = gallery.preimage_figure(score(None, status="failed"), [], "")
    assert (figure.uri, figure.numbers) == ("", "")
    assert figure.alt == "Pre-image of cat from hog"


def test_the_strip_has_one_done_preimage_of_each_whole_code(score):
    def figure(**changes):
        return gallery.preimage_figure(score(**changes), [], "data:x")

    preimages = [
        figure(status="diverged"),
        first := figure(seed=1),
        figure(seed=2),
        figure(layer="fc8", region="centre 5"),
        second := figure(representation="dsift"),
    ]
    original = gallery.original_figure("cat", images.square(noise(40), 32))
    whole = Row(name="cat", about="", original=original, preimages=preimages)
    assert gallery.strip(whole) == [original, first, second]
    nothing = Row(name="cat", about="", original=original, preimages=preimages[:1])
    assert gallery.strip(nothing) == []
