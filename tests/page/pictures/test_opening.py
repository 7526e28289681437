"""The opening of the page: which pre-images, in which order, and how they are told."""

import pytest
from PIL import Image

from stages.page.pictures import opening as gallery

LAYERS = [("net", f"layer{n:02d}") for n in range(20)]


def test_eight_depths_of_the_first_picture_the_first_and_last_among_them(score, table):
    rows = [
        score(representation="net", layer=layer, image_id=name, seed=seed, key=layer)
        for name in "ab"
        for _, layer in reversed(LAYERS)
        for seed in (0, 1)
    ]
    shown = gallery.depths(table(score(), *rows), LAYERS)
    assert list(shown["layer"]) == [
        *("layer00", "layer03", "layer05", "layer08"),
        *("layer11", "layer14", "layer16", "layer19"),
    ]
    assert set(shown["image_id"]) == {"a"}
    assert set(shown["seed"]) == {0}


def test_without_layers_each_representation_has_its_place(score, table):
    jobs = table(score(), score(seed=1), score(representation="dsift", layer="dsift"))
    shown = gallery.depths(jobs, [("dsift", "dsift"), ("hog", "hog")])
    assert list(shown["representation"]) == ["dsift", "hog"]


def test_parts_of_codes_and_jobs_that_went_wrong_are_not_shown(score, table):
    jobs = table(
        score(region="centre 2"),
        score(channels="first-half"),
        score(status="diverged"),
    )
    assert len(gallery.depths(jobs, [("hog", "hog")])) == 0


def test_the_picture_with_most_codes_is_shown(score, table):
    jobs = table(
        score(layer="conv1"),
        score(image_id="b", layer="conv1"),
        score(image_id="b", layer="fc8"),
    )
    assert set(gallery.depths(jobs, [])["image_id"]) == {"b"}


@pytest.mark.parametrize(
    ("layered", "title"), [(True, "fc8"), (False, "hog")], ids=["layered", "plain"]
)
def test_a_figure_tells_what_it_is_and_how_good(score, table, layered, title):
    jobs = table(score(0.123, psnr=21.44, layer="fc8"))
    (row,) = jobs.itertuples(index=False)
    picture = Image.new("RGB", (4, 4), (10, 200, 30))
    figure = gallery.preimage_figure(row, picture, layered)
    assert (figure.title, figure.key) == (title, "k")
    assert figure.numbers == "12.3\N{NO-BREAK SPACE}% · 21.4\N{NO-BREAK SPACE}dB"
    assert figure.alt == "Pre-image of cat from hog, fc8"
    assert figure.uri.startswith("data:image/webp;base64,")
