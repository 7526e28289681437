"""Target codes and the statistics that errors need."""

import pytest
import torch

from stages import extract
from stages.images import image_from_picture, picture_from_png
from stages.representations.hog import Hog
from stages.store import codes, files, paths, tables


@pytest.fixture
def extracted(small_study):
    extract.main()
    return files.read_json(paths.TARGETS / "statistics.json")


def pictures():
    rows = tables.rows(paths.IMAGES, ["image"])
    found = (picture_from_png(row["image"]["bytes"]) for row in rows)
    return torch.stack([image_from_picture(picture, 1) for picture in found])


def test_codes_are_those_of_the_pictures_in_their_order(extracted):
    file = codes.StoredCodes(paths.codes("hogb", "hog"))
    ids = [row["image_id"] for row in tables.rows(paths.IMAGES, ["image_id"])]
    assert file.image_ids == ids
    expected = Hog(assignment="bilinear")(pictures())
    assert torch.equal(file.of(ids), expected)
    assert torch.equal(file.all(), expected)


def test_statistics_of_two_pictures_by_hand(extracted):
    first, second = Hog(assignment="bilinear")(pictures())
    found = extracted["hogb"]["layers"]["hog"]
    distance = float((first - second).norm())
    assert found["mean_distance"] == pytest.approx(distance)
    assert found["mean_squared_distance"] == pytest.approx(distance**2)
    assert found["code_shape"] == [27, 4, 4]
    assert found["geometry"] == {"stride": 8, "receptive_field": 34, "offset": -13}
    norms = (pictures() - 128).flatten(1).norm(dim=1)
    assert extracted["hogb"]["mean_norm"] == pytest.approx(float(norms.mean()))


def test_a_single_picture_has_no_distances(small_study):
    small_study(names=("oval",))
    extract.main()
    found = files.read_json(paths.TARGETS / "statistics.json")
    assert found["hog"]["layers"]["hog"]["mean_distance"] is None
