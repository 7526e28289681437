"""What workers need lies in the shared place under its hash, and is checked."""

import pytest

from stages.execution.cluster.inputs import Inputs, published, published_folder
from stages.process.stage import Refusal
from stages.store.file_hash import file_hash
from stages.store.objects import Objects


@pytest.fixture(params=["folder", "s3"])
def objects(request, tmp_path):
    """Return a place in a folder, then one on a server."""
    far = request.param == "s3"
    url = request.getfixturevalue("s3") if far else f"{tmp_path / 'place'}"
    place = Objects(url)
    place.create()
    return place


def test_a_file_is_found_again_by_its_hash(objects, tmp_path):
    file = tmp_path / "weights.safetensors"
    file.write_bytes(b"numbers")
    name = published(objects, file)
    assert name == f"inputs/{file_hash(file)}.safetensors"
    found = Inputs(objects, tmp_path / "worker").file(name)
    assert found.read_bytes() == b"numbers"
    assert found.suffix == ".safetensors"


def test_a_file_from_far_away_is_fetched_once_and_checked(s3, tmp_path):
    objects = Objects(s3)
    objects.create()
    file = tmp_path / "weights.pth"
    file.write_bytes(b"numbers")
    name = published(objects, file)
    inputs = Inputs(objects, tmp_path / "worker")
    assert inputs.file(name).read_bytes() == b"numbers"
    objects.put(name, b"other numbers")
    assert inputs.file(name).read_bytes() == b"numbers"
    with pytest.raises(Refusal, match="is damaged: remove it"):
        Inputs(objects, tmp_path / "another").file(name)


def test_a_folder_of_modules_is_made_again(objects, tmp_path):
    models = tmp_path / "models"
    (models / "package").mkdir(parents=True)
    (models / "one.py").write_text("1")
    (models / "package" / "two.py").write_text("2")
    (models / "weights.pth").write_bytes(b"not a module")
    listed = published_folder(objects, models)
    made = Inputs(objects, tmp_path / "worker").modules(listed)
    texts = {f"{p.relative_to(made)}": p.read_text() for p in made.rglob("*.py")}
    assert texts == {"one.py": "1", "package/two.py": "2"}
    assert not list(made.rglob("*.pth"))
