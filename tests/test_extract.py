"""Target codes and the statistics that errors need."""

import sys

import pytest
import torch

from stages import extract
from stages.images import image_from_picture, picture_from_png
from stages.representations.hog import Hog
from stages.store import codes, files, paths, tables
from tests.conftest import PARAMS


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


OWN = """
import os
from torch import nn, zeros

def constant():
    return lambda images: zeros(len(images), 4, 2, 2)

def of_company():
    return nn.Sequential(nn.Conv2d(3, 4, 3), Normed())

def deadly():
    return nn.Sequential(Picky(lambda: os._exit(7)), nn.Conv2d(3, 4, 3))

def raising():
    return nn.Sequential(Picky(lambda: 1 / 0), nn.Conv2d(3, 4, 3))

class Picky(nn.Module):
    # The box has a mean red of 100, the oval of 89, noise of 128.
    def __init__(self, end):
        super().__init__()
        self.end = end
    def forward(self, images):
        if images.device.type != "meta":
            red = images.detach()[:, 0].mean(dim=(1, 2))
            if ((red > 95) & (red < 110)).any():
                self.end()
        return images * 2

class Normed(nn.Module):
    def forward(self, code):
        return code - code.mean(dim=0, keepdim=True) / 2
"""


@pytest.fixture
def own_networks(small_study):
    """Return a function that extracts a study with a network of one's own."""

    def run(name):
        kind = f'{{kind: custom, callable: "own_nets:{name}", side: 32}}'
        text = PARAMS.replace("priors:", f"  own: {kind}\npriors:")
        small_study(text.replace("grid:", "grid:\n  - {representation: own}"))
        paths.MODELS.mkdir(parents=True, exist_ok=True)
        (paths.MODELS / "own_nets.py").write_text(OWN)
        extract.main()
        return files.read_json(paths.STATISTICS), files.read_json(paths.LEFT_OUT)

    yield run
    sys.modules.pop("own_nets", None)
    sys.path[:] = [place for place in sys.path if not place.endswith("data/models")]


def test_a_network_without_a_code_to_invert_costs_itself_alone(own_networks, capsys):
    statistics, left_out = own_networks("constant")
    assert list(statistics) == ["hog", "hogb"]
    assert list(left_out) == ["own"]
    assert left_out["own"].startswith("output: its code has no gradient")
    assert "own is left out of the study: output: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("deadly", "0, box: its process ended with code 7"),
        ("raising", "0, box: division by zero"),
    ],
)
def test_a_network_that_cannot_take_a_picture_costs_itself_with_layer_and_picture(
    own_networks, capsys, name, reason
):
    statistics, left_out = own_networks(name)
    assert list(statistics) == ["hog", "hogb"]
    assert left_out == {"own": reason}
    assert f"own is left out of the study: {reason}\n" in capsys.readouterr().err


def test_a_code_that_depends_on_its_company_is_told_with_the_size(own_networks):
    statistics, left_out = own_networks("of_company")
    assert left_out == {}
    found = statistics["own"]["layers"]["1"]["stability"]
    assert found["company"] > 0.1
    assert found["chance"] == 0
    assert statistics["hog"]["layers"]["hog"]["stability"]["company"] < 1e-5
