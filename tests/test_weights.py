"""The trunks of LPIPS, fetched from a server on this machine: well, badly, never."""

import hashlib
import io
import os
import pickle
from functools import cache
from time import monotonic

import pytest
import torch
import torchvision
from safetensors.torch import load_file

from stages import fetch, store, trunks, weights
from stages.execution.process import Refusal
from stages.params import LpipsSettings
from stages.sources.download import Patience
from stages.sources.trunk_file import TRUNKS, TrunkFile, checked_weights

OTHER_PREFIX = "0" * 8


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path


@cache
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return torchvision.models.squeezenet1_1().state_dict()


def packed(value, **options):
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


@cache
def good():
    return packed(network())


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def publish(server, monkeypatch):
    """Return a function that publishes a file, with its hash or another in its name."""
    monkeypatch.setattr(weights, "ADDRESS", server.url)
    monkeypatch.setattr(weights, "SILENCE", 0.3)
    monkeypatch.setattr(weights, "STRICT", Patience(0.3, 2, 0.01, total=1.0))

    def set_file(data, *answers, prefix=None, trunk="squeeze"):
        name = f"trunk-{prefix or sha256(data)[:8]}.pth"
        network = TRUNKS[trunk].network
        monkeypatch.setitem(TRUNKS, trunk, TrunkFile(name, network, 0))
        if answers:
            server.serve(f"/{name}", *answers)
        return name

    return set_file


def run(wanted=("squeeze",), **more):
    """Fetch, and return what the manifest says of the first trunk."""
    settings = LpipsSettings(trunks=list(wanted), **more)
    weights.fetch_weights(settings, store.work() / "downloads")
    return next(iter(store.read_json(store.WEIGHTS_MANIFEST)["trunks"].values()))


def strict(**more):
    with pytest.raises(Refusal) as caught:
        run(if_unreachable="error", **more)
    assert caught.value.exit_code == 1
    return f"{caught.value}"


def no_trunk():
    return not store.WEIGHTS.exists() or not list(store.WEIGHTS.glob("*.safetensors"))


def test_files_are_torchvisions_known_by_the_digits_in_their_names():
    """The names stand in torchvision's own tables of weights."""
    tables = {
        "squeeze": torchvision.models.SqueezeNet1_1_Weights,
        "alex": torchvision.models.AlexNet_Weights,
        "vgg": torchvision.models.VGG16_Weights,
    }
    for trunk, file in TRUNKS.items():
        published = tables[trunk].IMAGENET1K_V1
        assert f"{weights.ADDRESS}/{file.name}" == published.url
        assert len(file.prefix) == 8
        assert published.url.endswith(f"-{file.prefix}.pth")
        assert file.megabytes == round(published.meta["_file_size"])


def test_trunk_is_fetched_and_kept_as_the_tensors_that_lpips_needs(publish, capsys):
    name = publish(good(), good())
    entry = run()
    assert entry == {
        "file": name,
        "url": f"{weights.ADDRESS}/{name}",
        "sha256": sha256(good()),
        "status": "fetched",
        "reason": None,
        "later": "dvc repro -f fetch && dvc repro",
        "stands_in": "judge_distance",
    }
    kept = load_file(store.WEIGHTS / "lpips-squeeze.safetensors")
    assert kept.keys() == {k for k in network() if k.startswith("features.")}
    assert all(torch.equal(kept[name], network()[name]) for name in kept)
    assert "LPIPS (squeeze): its trunk is in data/weights/lpips-" in (
        capsys.readouterr().err
    )


def test_second_run_asks_nobody_and_writes_the_same_bytes(publish, server):
    name = publish(good(), good())
    run()
    paths = [store.WEIGHTS_MANIFEST, store.WEIGHTS / "lpips-squeeze.safetensors"]
    first = [path.read_bytes() for path in paths]
    run()
    assert [path.read_bytes() for path in paths] == first
    assert server.asked[f"/{name}"] == 1


def test_file_in_the_older_format_of_torch_is_read_too(publish):
    data = packed(network(), _use_new_zipfile_serialization=False)
    publish(data, data)
    assert run()["status"] == "fetched"


def test_copy_placed_by_hand_is_taken_without_network(publish, server):
    name = publish(good())
    place = store.work() / "downloads" / name
    place.parent.mkdir(parents=True)
    place.write_bytes(good())
    assert run()["sha256"] == sha256(good())
    assert not server.asked


def test_mirror_serves_where_the_first_address_does_not(publish, server, closed_port):
    name = publish(good())
    server.serve(f"/folder/{name}", good())
    mirrors = [closed_port, f"{server.url}/folder/"]
    assert run(mirrors=mirrors)["status"] == "fetched"


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
def test_study_goes_on_without_a_trunk_that_cannot_be_had_and_says_so(
    publish, server, capsys, kind
):
    name = publish(good(), *bad_answers(server)[kind])
    begun = monotonic()
    entry = run()
    assert monotonic() - begun < 10
    assert server.asked[f"/{name}"] == 1
    reason = f"{server.url}/{name}: {REASONS[kind]}"
    assert entry == {
        "file": name,
        "url": f"{server.url}/{name}",
        "sha256": None,
        "status": "unreachable",
        "reason": reason,
        "later": "dvc repro -f fetch && dvc repro",
        "stands_in": "judge_distance",
    }
    assert no_trunk()
    assert not (store.work() / "downloads" / weights.RECORD).exists()
    said = capsys.readouterr().err
    assert "LPIPS (squeeze) is left out" in said
    assert reason in said
    assert "judge_distance, stands in for it" in said
    assert "To get LPIPS later: dvc repro -f fetch && dvc repro\n" in said


@pytest.mark.parametrize("kind", REASONS)
def test_strict_study_stops_and_names_address_hash_and_folder(
    publish, server, here, kind
):
    name = publish(good(), *bad_answers(server)[kind])
    message = strict()
    assert f"{server.url}/{name}: {REASONS[kind]}" in message
    assert f"a file of sha256 {sha256(good())[:8]}... is accepted as {name}" in message
    assert f"in the folder {here / 'data/work/downloads'}" in message
    assert "if_unreachable: judge" in message
    assert no_trunk()
    assert not store.WEIGHTS_MANIFEST.exists()


def test_absent_server_costs_a_moment_and_strictness_an_error(
    publish, monkeypatch, closed_port
):
    name = publish(good())
    monkeypatch.setattr(weights, "ADDRESS", closed_port)
    begun = monotonic()
    entry = run()
    assert monotonic() - begun < 5
    reason = f"{closed_port}/{name}: no connection, connection refused"
    assert (entry["status"], entry["reason"]) == ("unreachable", reason)
    assert reason in strict()


def test_patience_is_seconds_unless_strict():
    settings = LpipsSettings(trunks=["squeeze"])
    for file in TRUNKS.values():
        patience = weights._patience(file, settings)
        assert (patience.seconds, patience.attempts) == (4.0, 1)
        assert patience.total == 60 + file.megabytes
    stubborn = LpipsSettings(trunks=["squeeze"], if_unreachable="error")
    patience = weights._patience(TRUNKS["squeeze"], stubborn)
    assert (patience.seconds, patience.attempts) == (20.0, 3)
    assert patience.total is not None


def test_trunk_comes_once_the_server_is_there(publish, server, monkeypatch):
    name = publish(good(), server.Answer(status=503), good())
    assert run()["status"] == "unreachable"
    assert run()["status"] == "fetched"
    assert server.asked[f"/{name}"] == 2
    assert not no_trunk()


def test_whole_hash_is_recorded_at_first_and_required_afterwards(publish, server):
    """Another file with the same first digits: here, with digits made to fit."""
    name = publish(good(), good())
    run()
    record = store.work() / "downloads" / weights.RECORD
    assert store.read_json(record) == {name: sha256(good())}
    other = sha256(good())[:8] + "0" * 56
    store.write_json(record, {name: other})
    entry = run()
    assert entry["status"] == "unreachable"
    assert f"sha256 is {sha256(good())} where {other} is wanted" in entry["reason"]
    assert f"if another one is right, delete {record}" in entry["reason"]
    assert no_trunk()
    message = strict()
    assert f"a file of sha256 {other} is accepted" in message
    assert f"delete {record}" in message
    assert store.read_json(record) == {name: other}
    record.unlink()
    assert run()["status"] == "fetched"


def test_record_of_one_trunk_leaves_the_others(publish):
    record = store.work() / "downloads" / weights.RECORD
    store.write_json(record, {"vgg.pth": "1" * 64})
    name = publish(good(), good())
    run()
    assert store.read_json(record) == {
        "vgg.pth": "1" * 64,
        name: sha256(good()),
    }


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil",)


def altered(**changes):
    return {**network(), **changes}


BAD_FILES = {
    "evil pickle": (lambda: pickle.dumps(Evil()), ""),
    "evil archive": (lambda: packed([Evil()]), "UnpicklingError"),
    "no pickle": (lambda: b"<html>", ""),
    "empty": (lambda: b"", "EOFError"),
    "half": (lambda: good()[: len(good()) // 2], ""),
    "list": (lambda: packed([torch.zeros(3)]), "it holds a list"),
    "nested": (lambda: packed({"state_dict": network()}), "it differs in features.0."),
    "number": (lambda: packed(altered(epoch=3)), "it differs in epoch. "),
    "added": (lambda: packed(altered(extra=torch.zeros(3))), "it differs in extra"),
    "shape": (
        lambda: packed(altered(**{"features.0.bias": torch.zeros(65)})),
        "it differs in features.0.bias",
    ),
    "type": (
        lambda: packed(altered(**{"features.0.bias": torch.zeros(64).half()})),
        "it differs in features.0.bias",
    ),
    "other network": (
        lambda: packed(torchvision.models.squeezenet1_0().state_dict()),
        "it differs in features.0.weight, features.0.bias, features.3.squeeze.weight",
    ),
    "part": (
        lambda: packed({k: v for k, v in network().items() if "classif" not in k}),
        "it differs in classifier.1.weight, classifier.1.bias",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_file_with_the_right_hash_and_wrong_contents_is_refused(publish, here, kind):
    make, reason = BAD_FILES[kind]
    data = make()
    name = publish(data, data)
    with pytest.raises(Refusal) as caught:
        run()
    message = f"{caught.value}"
    assert f"{name} has the right hash but does not hold the weights of" in message
    assert f"torchvision's squeezenet1_1: {reason}" in message
    assert "Delete it" in message
    assert not (here / "evil").exists()
    assert no_trunk()
    assert not (store.work() / "downloads" / weights.RECORD).exists()


def test_contents_are_opened_only_after_the_hash_was_checked(
    publish, here, monkeypatch
):
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("opened"))
    publish(good(), pickle.dumps(Evil()))
    assert "sha256 is " in run()["reason"]


@pytest.mark.slow
@pytest.mark.parametrize("trunk", ["alex", "vgg"])
def test_the_other_networks_are_known_by_their_weights(here, trunk):
    network = getattr(torchvision.models, TRUNKS[trunk].network)
    with torch.device("meta"):
        shapes = network().state_dict()
    # Zeros of one element, expanded: a file of a few kilobytes.
    state = {name: torch.zeros(()).expand(w.shape) for name, w in shapes.items()}
    torch.save(state, here / "zeros.pth")
    assert checked_weights(here / "zeros.pth", TRUNKS[trunk].network).keys() == set(
        state
    )
    with pytest.raises(Refusal, match="squeezenet1_1: it differs in "):
        checked_weights(here / "zeros.pth", "squeezenet1_1")


def test_trunks_that_are_no_longer_wanted_are_removed(publish):
    publish(good(), good())
    run()
    weights.fetch_weights(LpipsSettings(trunks=[]), store.work() / "downloads")
    assert no_trunk()
    assert trunks.manifest() == {"trunks": {}, "embedded": []}


def test_one_trunk_may_be_there_and_another_not(publish, server):
    publish(good(), good())
    publish(b"alex", server.Answer(status=404), trunk="alex")
    run(["alex", "squeeze"])
    found = trunks.manifest()["trunks"]
    states = {name: entry["status"] for name, entry in found.items()}
    assert states == {"alex": "unreachable", "squeeze": "fetched"}
    assert list(trunks.lpips_metrics(torch.device("cpu"))) == ["lpips_squeeze"]


def test_embedded_networks_are_listed_with_their_hashes(publish, here):
    (here / "data/embedded").mkdir(parents=True)
    for name in ("judge", "caffenet"):
        (here / f"data/embedded/{name}.safetensors").write_bytes(name.encode())
    (here / "data/embedded/card.md").touch()
    weights.fetch_weights(LpipsSettings(trunks=[]), store.work() / "downloads")
    assert trunks.manifest()["embedded"] == [
        {
            "name": name,
            "file": f"data/embedded/{name}.safetensors",
            "sha256": sha256(name.encode()),
        }
        for name in ("caffenet", "judge")
    ]


def test_address_with_a_password_is_told_without_it(publish, server):
    publish(good())
    mirror = server.url.replace("http://", "http://user:secret@")
    assert "secret" not in run(mirrors=[mirror])["reason"]


def test_required_trunk_is_told_missing_before_any_picture_is_read(
    small_study, publish, closed_port, monkeypatch
):
    monkeypatch.setattr(weights, "ADDRESS", closed_port)
    publish(good())
    monkeypatch.setattr(fetch, "fetch", lambda *_: pytest.fail("pictures first"))
    text = store.PARAMS.read_text()
    wanted = "  lpips: {trunks: squeeze, if_unreachable: error}\n"
    store.PARAMS.write_text(text.replace("fetch:\n", f"fetch:\n{wanted}"))
    with pytest.raises(Refusal, match="could not be fetched"):
        fetch.main()
