"""Codes in the shared place are those on the disk, read one by one, and checked."""

import pytest
import torch

from stages import extract
from stages.execution import targets
from stages.execution.cluster.codes import SharedCodes, SharedDoor, published_codes
from stages.execution.cluster.inputs import Inputs, published
from stages.execution.targets import TargetCodes
from stages.plan.study import expand
from stages.process.stage import Refusal
from stages.store import paths
from stages.store.objects import Objects

CPU = torch.device("cpu")


@pytest.fixture(params=["folder", "s3"])
def objects(request, tmp_path, small_study):
    """Return a place in a folder, then one on a server, of an extracted study."""
    extract.main()
    targets._opened.cache_clear()
    far = request.param == "s3"
    place = Objects(request.getfixturevalue("s3") if far else f"{tmp_path / 'place'}")
    place.create()
    yield place
    targets._opened.cache_clear()


def on_disk():
    return TargetCodes("store", CPU).read("hogb", expand().definitions["hogb"], "hog")


def test_shared_codes_are_those_on_the_disk(objects):
    shared = SharedCodes(objects, published_codes(objects, "hogb", "hog"))
    stored = on_disk()
    assert shared.image_ids == stored.image_ids
    assert shared.shape == stored.shape
    first, second = stored.image_ids
    for wanted in ([first], [second, first], [first, second, first]):
        assert torch.equal(shared.of(wanted), stored.of(wanted))
    assert torch.equal(shared.all(), stored.all())


def test_only_the_codes_that_are_asked_for_are_read(objects, monkeypatch):
    shared = SharedCodes(objects, published_codes(objects, "hogb", "hog"))
    read, ranges = [], objects.ranges

    def counted(name, wanted):
        read.extend(end - start for start, end in wanted)
        return ranges(name, wanted)

    monkeypatch.setattr(objects, "ranges", counted)
    shared.of(shared.image_ids[1:] * 3)
    assert read == [4 * torch.Size(shared.shape).numel()]


def test_a_damaged_code_is_told(objects):
    name = published_codes(objects, "hogb", "hog")
    data = bytearray(objects.get(name))
    data[-2] ^= 1
    objects.put(name, bytes(data))
    shared = SharedCodes(objects, name)
    shared.of(shared.image_ids[:1])
    with pytest.raises(Refusal, match="is damaged: the code of picture"):
        shared.of(shared.image_ids[1:])


def test_a_worker_opens_codes_or_computes_them(objects, tmp_path):
    inputs, defined = Inputs(objects, tmp_path), expand().definitions["hogb"]
    stored = published_codes(objects, "hogb", "hog")
    pictures = published(objects, paths.IMAGES)
    doors = [
        SharedDoor(inputs, stored, False, CPU),
        SharedDoor(inputs, pictures, True, CPU),
    ]
    read, made = (door.read("hogb", defined, "hog") for door in doors)
    assert torch.equal(read.of(read.image_ids), on_disk().all())
    assert torch.allclose(made.of(read.image_ids), on_disk().all(), atol=1e-5)
