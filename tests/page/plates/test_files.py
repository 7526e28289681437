"""Plates and charts as files: which there are, and what they show."""

import pytest
from PIL import Image as PillowImage

from stages.page.plates.files import write_figures
from stages.page.plates.plate import Plate, Spot
from stages.page.plates.tiles import GAP, HEAD, LEFT, SIDE
from stages.store import paths
from tests.page.browser import fake


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Return the picture of a plate: an original, a pre-image, and none."""
    monkeypatch.chdir(tmp_path)
    fake.write_study(["cat"], ["conv1"])
    spots = [Spot(original="id0", representation="net"), Spot(key="0k0k0"), Spot()]
    plate = Plate("plate-1", "t", "c", ["original", "a", "b"], [("cat", spots)])
    write_figures([plate], [], {"net": (64, True)})
    with PillowImage.open(paths.FIGURES / "plate-1.png") as figure:
        figure.load()
        return figure


def centre(column):
    return LEFT + GAP + column * (SIDE + GAP) + SIDE // 2, HEAD + GAP + SIDE // 2


def test_a_plate_is_drawn_as_it_stands_on_the_page(written):
    assert written.width == LEFT + 3 * (SIDE + GAP) + GAP
    red, green, blue = written.getpixel(centre(0))
    # The network of this study sees grey.
    assert red == green == blue
    assert written.getpixel(centre(1)) != (255,) * 3
    assert written.getpixel(centre(2)) == (255,) * 3
    assert (paths.FIGURES / "plate-1.svg").read_text().count("<image") == 2
