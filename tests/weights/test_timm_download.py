"""timm's published files through our own fetch, from a server on this machine."""

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from stages.params import timm as settings
from stages.params.timm import TimmSettings
from stages.plan.representations import definition
from stages.process.stage import Refusal
from stages.weights import kept
from tests.weights.squeezenet import run

pytestmark = pytest.mark.usefixtures("here")
timm = pytest.importorskip("timm")
# Two models of one architecture, whose files have one name, as all of the hub's have.
MODELS = ("test_resnet.r160_in1k", "test_resnet")


def weights(model, seed):
    """Return a file of the model's tensors, drawn from the seed."""
    torch.manual_seed(seed)
    network = timm.create_model(model.partition(".")[0])
    return save({name: one.contiguous() for name, one in network.state_dict().items()})


@pytest.fixture
def published(server, monkeypatch):
    """Publish a file for each of the models; return their bytes by model."""
    files = {model: weights(model, seed) for seed, model in enumerate(MODELS)}
    places = {
        model: server.serve(f"/{number}/resolve/main/model.safetensors", data)
        for number, (model, data) in enumerate(files.items())
    }
    monkeypatch.setattr(settings, "address", places.__getitem__)
    return files


def wanted(model, **more):
    values = {"kind": "timm", "model": model, "side": 64, **more}
    return TimmSettings.model_validate(values)


def test_pretrained_weights_are_fetched_verified_kept_and_used(published, server):
    chosen = wanted(MODELS[0])
    entry = run(net=chosen.weights_file)["networks"]["net"]
    data = published[MODELS[0]]
    assert entry["status"] == "fetched"
    assert entry["source"] == f"{server.url}/0/resolve/main/model.safetensors"
    assert entry["source_sha256"] == hashlib.sha256(data).hexdigest()
    assert entry["sha256"] == kept.weights_hash(chosen.weights_file)
    phi = definition(chosen).build()
    images = 255 * torch.rand(2, 3, 64, 64)
    torch.manual_seed(0)
    plain = timm.create_model("test_resnet").eval()
    mean, std = (torch.tensor(v)[:, None, None] for v in (phi.mean, phi._std))
    with torch.no_grad():
        expected = plain((images - mean) / std)
        logits = phi.cut(phi.layers[-1])(images)[..., 0, 0]
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


def test_files_of_one_name_are_those_of_their_own_models(published):
    """The second must not be taken from the copy of the first."""
    files = {model: wanted(model).weights_file for model in MODELS}
    manifest = run(**{f"net{i}": file for i, file in enumerate(files.values())})
    got = [one["source_sha256"] for one in manifest["networks"].values()]
    assert got == [hashlib.sha256(data).hexdigest() for data in published.values()]
    assert kept.place(files[MODELS[0]]) != kept.place(files[MODELS[1]])


def test_what_came_first_is_wanted_from_then_on(published, server):
    file = wanted(MODELS[0]).weights_file
    run(net=file)
    for path in (*Path("data/work/downloads").glob("*model.safetensors"),):
        path.unlink()
    kept.place(file).unlink()
    server.serve("/0/resolve/main/model.safetensors", weights(MODELS[0], 9))
    with pytest.raises(Refusal, match="was recorded when the file was first fetched"):
        run(net=file)


def test_another_hash_than_the_one_in_the_params_is_refused(published):
    with pytest.raises(Refusal, match=r"sha256 is .* where 0000"):
        run(net=wanted(MODELS[0], sha256="0" * 64).weights_file)
