"""The codes of all layers of a representation from one pass over the pictures."""

import pytest
import torch

from stages.execution import extraction
from stages.execution.coding import images_as_seen, single_code
from stages.execution.extraction import Maker, together
from stages.execution.targets import Originals
from stages.representations.definition import WeightsFile
from stages.representations.loading import cut
from stages.representations.trained_caffenet import CaffenetDefinition
from stages.store import paths
from stages.store.codes import StoredCodes
from stages.store.pictures import stored_pictures

CPU = torch.device("cpu")
NET = CaffenetDefinition(64, like=WeightsFile(paths.embedded("caffenet"), None))
LAYERS = ["conv1", "relu2", "pool5", "fc8"]


@pytest.fixture
def passes(small_study, monkeypatch):
    """Return the layers and the number of images of each pass, as they are made."""
    made, whole = [], extraction.codes_of_layers

    def counted(defined, layers, images, take, device):
        made.append((list(layers), len(images)))
        whole(defined, layers, images, take, device)

    monkeypatch.setattr(extraction, "codes_of_layers", counted)
    return made


def test_one_pass_stores_the_bytes_of_as_many_as_there_are_layers(passes):
    told = []
    made = dict(Maker("net", NET, "store", CPU).made(LAYERS, told.append))
    assert passes == [(LAYERS, 2)]
    assert sum(told) == 8
    for layer in LAYERS:
        (images,) = images_as_seen(NET, stored_pictures())
        alone = cut(NET, layer, CPU)(images)
        assert torch.equal(made[layer], alone)
        assert torch.equal(StoredCodes(paths.codes("net", layer)).all(), alone)


def test_codes_that_are_not_kept_are_of_each_picture_alone_and_gone(passes):
    told, found = [], {}
    for layer, codes in Maker("net", NET, "recompute", CPU).made(LAYERS, told.append):
        assert len(list(paths.work().rglob("*.safetensors"))) < len(LAYERS)
        found[layer] = codes
    assert sum(told) == 8
    # conv1 is the largest; the others together are smaller.
    assert passes == 2 * [(LAYERS[:1], 1)] + 2 * [(LAYERS[1:], 1)]
    originals = Originals()
    for layer, codes in found.items():
        for image_id, code in zip(originals.places, codes, strict=True):
            image = originals.image(image_id, 64, 3)
            assert torch.equal(code, single_code(NET, layer, image, CPU)[0])
    assert not list(paths.work().rglob("*.safetensors"))
    assert not paths.TARGETS.exists()


def test_codes_beside_each_other_take_no_more_room_than_the_largest():
    sizes = {"a": 60, "b": 100, "c": 50, "d": 40, "e": 20, "f": 1}
    assert together(sizes) == [["a"], ["b"], ["c", "d"], ["e", "f"]]
    assert together({"a": 5, "b": 5}) == [["a"], ["b"]]
    assert together({}) == []
