"""Weights of networks, fetched from a server on this machine: well, badly, never."""

import hashlib
import io
import pickle
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import load_file
from stages.network_weights import CAFFE_REFERENCE, entries, stored, unreachable

from stages import network_downloads
from stages.params import NetworkWeightsSettings
from stages.params import representations as kinds
from stages.params.representations import CaffenetSettings, TorchvisionSettings
from stages.plan import networks, settings
from stages.process.stage import Refusal
from stages.representations.zoo import published
from stages.sources.download import Patience
from stages.store import paths
from tests.conftest import PARAMS
from tests.representations import matconvnet_files

SKIP = NetworkWeightsSettings(on_unreachable="skip")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.setattr(network_downloads, "SILENCE", 0.3)
    patience = Patience(0.3, 2, 0.01, total=2.0)
    monkeypatch.setattr(network_downloads, "STRICT", patience)
    return tmp_path


def packed(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


@cache
def state():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return torchvision.models.squeezenet1_1().state_dict()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def publish(server, monkeypatch):
    """Return a function that publishes a file as the weights of SqueezeNet."""

    def set_file(data, *answers, prefix=None):
        name = f"squeezenet-{prefix or sha256(data)[:8]}.pth"
        known = replace(
            published("squeezenet1_1", "DEFAULT"), url=f"{server.url}/{name}"
        )
        monkeypatch.setattr(kinds, "published", lambda model, entry: known)
        if answers:
            server.serve(f"/{name}", *answers)
        return name

    return set_file


def squeezenet(**more):
    wanted = {"kind": "torchvision", "model": "squeezenet1_1", "side": 64, **more}
    return TorchvisionSettings.model_validate(wanted)


def run(wanted=None, networks=None):
    """Fetch, and return the manifest's entries."""
    wanted = wanted or NetworkWeightsSettings()
    representations = networks or {"net": squeezenet()}
    downloads = paths.work() / "downloads"
    return network_downloads.fetch_networks(representations, wanted, downloads)


def test_weights_are_fetched_checked_and_used(publish, server):
    data = packed(state())
    name = publish(data, data)
    assert run()["net"] == {
        "file": name,
        "url": f"{server.url}/{name}",
        "sha256": sha256(data),
        "status": "fetched",
        "reason": None,
        "known_hash": f"prefix:{sha256(data)[:8]}",
        "folder": "data/work/downloads",
    }
    kept = load_file(stored(name))
    assert kept.keys() == state().keys()
    phi = networks.network(squeezenet())
    images = 255 * torch.rand(1, 3, 64, 64)
    mean, std = (torch.tensor(v)[:, None, None] for v in (phi.mean, phi._std))
    reference = torchvision.models.squeezenet1_1()
    reference.load_state_dict(state())
    first = reference.eval().features[0]((images - mean) / std)
    torch.testing.assert_close(phi.cut("features.0")(images), first)
    assert networks.identity(squeezenet())["sha256"] == sha256(data)


def test_nothing_is_fetched_twice_or_for_random_weights(publish, server):
    data = packed(state())
    name = publish(data, data)
    run()
    run()
    assert server.asked[f"/{name}"] == 1
    assert run(networks={"net": squeezenet(weights="random")}) == {}
    assert not stored(name).exists()
    assert server.asked[f"/{name}"] == 1


def test_what_cannot_be_had_stops_the_study_and_says_where_a_copy_goes(publish, server):
    name = publish(b"", server.Answer(status=404), prefix="12345678")
    with pytest.raises(Refusal) as caught:
        run()
    words = f"{caught.value}"
    assert f"the weights of net are needed: {name} could not be fetched" in words
    assert f"{server.url}/{name}: " in words
    assert "a file of sha256 12345678... is accepted" in words
    assert str(Path("data/work/downloads").resolve()) in words
    assert "on_unreachable: skip" in words


def test_a_study_may_go_on_without(publish, server, here):
    publish(b"", server.Answer(status=404), prefix="12345678")
    entry = run(SKIP)["net"]
    assert (entry["status"], entry["sha256"]) == ("unreachable", None)
    assert "404" in entry["reason"]
    assert unreachable() == ["net"]
    text = PARAMS.replace(
        "priors:", "  net: {kind: torchvision, model: squeezenet1_1, side: 64}\npriors:"
    ).replace("grid:", "grid:\n  - {representation: [net, hog]}")
    (here / "params.yaml").write_text(text)
    study = settings.load("invert")
    assert list(study.representations) == ["hog", "hogb"]
    assert study.grid[0].representation == ["hog"]


def test_a_study_of_nothing_else_stops(publish, server, here):
    publish(b"", server.Answer(status=404), prefix="12345678")
    run(SKIP)
    head, tail = PARAMS.split("grid:")
    text = head.replace(
        "priors:", "  net: {kind: torchvision, model: squeezenet1_1, side: 64}\npriors:"
    )
    text += "grid:\n  - {representation: net}\nexecution:" + tail.split("execution:")[1]
    (here / "params.yaml").write_text(text)
    with pytest.raises(Refusal, match="nothing is left to invert"):
        settings.load("invert")


def test_weights_that_are_gone_are_asked_for(publish, here):
    data = packed(state())
    name = publish(data, data)
    run()
    stored(name).unlink()
    (here / "params.yaml").write_text(
        PARAMS.replace(
            "priors:",
            "  net: {kind: torchvision, model: squeezenet1_1, side: 64}\npriors:",
        )
    )
    with pytest.raises(Refusal, match=r"is not there; `dvc repro -f fetch`"):
        settings.load("invert")


def test_another_file_of_the_same_beginning_is_refused_later(publish, server):
    data = packed(state())
    name = publish(data, data)
    run()
    for path in (paths.work() / "downloads").glob("*.pth"):
        path.write_bytes(b"damaged")
    server.serve(f"/{name}", b"another")
    entry = run(SKIP)["net"]
    assert entry["status"] == "unreachable"
    assert f"sha256 {sha256(data)} was recorded" in entry["reason"]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ({"features.0.weight": torch.zeros(1)}, "does not hold the weights"),
        ([1, 2], "does not hold the weights"),
    ],
)
def test_a_file_of_other_weights_is_refused(publish, content, match):
    data = packed(content)
    publish(data, data)
    with pytest.raises(Refusal, match=match):
        run()


def test_a_pickle_that_would_run_code_is_refused(publish, here):
    class Evil:
        def __reduce__(self):
            return Path.touch, (here / "touched",)

    data = pickle.dumps({"features.0.weight": Evil()})
    publish(data, data)
    with pytest.raises(Refusal, match="does not hold the weights"):
        run()
    assert not (here / "touched").exists()


def test_a_mirror_serves(publish, server):
    data = packed(state())
    name = publish(data, server.Answer(status=404))
    server.serve(f"/mirror/{name}", data)
    wanted = NetworkWeightsSettings(mirrors=[f"{server.url}/mirror"])
    assert run(wanted)["net"]["status"] == "fetched"


# the authors' file ------------------------------------------------------------------

AUTHORS = {"kind": "caffenet", "weights": "authors", "side": matconvnet_files.SIDE}


@pytest.fixture
def authors(server, monkeypatch):
    """Return the settings of a small network in the authors' form, and its bytes."""
    monkeypatch.setattr(kinds, "PAPER_SIDE", matconvnet_files.SIDE)
    name = CAFFE_REFERENCE.rpartition("/")[2]
    url = f"{server.url}/{name}"
    monkeypatch.setattr("stages.network_weights.CAFFE_REFERENCE", url)
    data = matconvnet_files.save(matconvnet_files.network())
    server.serve(f"/{name}", data)
    return CaffenetSettings.model_validate(AUTHORS), data


def test_the_authors_network_is_fetched_and_remembered(authors, server):
    chosen, data = authors
    entry = run(networks={"paper": chosen})["paper"]
    assert (entry["status"], entry["sha256"]) == ("fetched", sha256(data))
    phi = networks.network(chosen)
    image = 255 * torch.rand(1, 3, phi.side, phi.side, dtype=torch.float64)
    numbers = image[0].permute(1, 2, 0).numpy()
    codes = matconvnet_files.codes(matconvnet_files.network(), numbers)
    for layer in ("conv1", "norm2", "fc8"):
        expected = torch.from_numpy(codes[layer]).permute(2, 0, 1)[None].float()
        found = phi.cut(layer)(image.float())
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert networks.identity(chosen)["sha256"] == sha256(data)
    # Another file at the same address is not taken for it later.
    for path in (paths.work() / "downloads").glob("*.mat"):
        path.unlink()
    server.serve(f"/{CAFFE_REFERENCE.rpartition('/')[2]}", b"another")
    assert run(SKIP, {"paper": chosen})["paper"]["status"] == "unreachable"


def test_the_authors_file_of_a_known_hash_alone(authors):
    _, data = authors
    good = CaffenetSettings.model_validate({**AUTHORS, "sha256": sha256(data)})
    assert run(networks={"paper": good})["paper"]["status"] == "fetched"
    bad = CaffenetSettings.model_validate({**AUTHORS, "sha256": "0" * 64})
    (paths.work() / "downloads" / network_downloads.RECORD).unlink()
    with pytest.raises(Refusal, match=r"0{64} is wanted"):
        run(networks={"paper": bad})


def test_before_it_is_fetched_the_shapes_are_known(authors):
    chosen, _ = authors
    assert entries() == {}
    assert networks.identity(chosen)["sha256"] is None
