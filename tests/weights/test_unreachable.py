"""Weights that cannot be had, or prove to be others: told, and done without."""

import pickle
from pathlib import Path
from time import monotonic

import pytest
import torch

from stages import fetch
from stages.plan.missing import missing
from stages.plan.study import expand, ready
from stages.process.stage import Refusal
from stages.sources.download import Patience
from stages.store import files, paths
from stages.weights import kept, obtaining, recorded
from stages.weights.catalogue import FEATURES
from tests.conftest import PARAMS
from tests.weights.squeezenet import (
    SKIP,
    downloads,
    good,
    packed,
    run_lpips,
    run_network,
    sha256,
    squeezenet,
)

pytestmark = pytest.mark.usefixtures("here", "short_timeouts")


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
    assert files.read_json(record) == {name: sha256(good())}
    other = sha256(good())[:8] + "0" * 56
    files.write_json(record, {name: other})
    for entry in (run_lpips(), run_network(SKIP)):
        assert entry["status"] == "unreachable"
        assert f"sha256 is {sha256(good())} where {other} is wanted" in entry["reason"]
        assert f"if another one is right, delete {record}" in entry["reason"]
    assert files.read_json(record) == {name: other}
    record.unlink()
    assert run_lpips()["status"] == "fetched"


def test_record_of_one_file_leaves_the_others(publish):
    record = downloads() / recorded.RECORD
    files.write_json(record, {"vgg.pth": "1" * 64})
    name = publish(good(), good())
    run_lpips()
    assert files.read_json(record) == {
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
    study = ready(expand(), missing())
    assert list(study.definitions) == ["hog", "hogb"]
    assert study.entries[0].entry.representation == ["hog"]
    assert study.missing == {"net": "its weights could not be fetched"}


def test_a_study_of_nothing_else_stops(publish, server, here):
    publish(b"", server.Answer(status=404), prefix="12345678")
    run_network(SKIP)
    head, tail = PARAMS.replace("priors:", NET).split("grid:")
    grid = "grid:\n  - {representation: net}\nexecution:"
    (here / "params.yaml").write_text(head + grid + tail.split("execution:")[1])
    with pytest.raises(Refusal, match="nothing is left to invert"):
        ready(expand(), missing())


def test_weights_that_are_gone_are_asked_for(publish, here):
    publish(good(), good())
    run_network()
    kept.place(squeezenet().weights_file).unlink()
    (here / "params.yaml").write_text(PARAMS.replace("priors:", NET))
    with pytest.raises(Refusal, match=r"is not there; `dvc repro -f fetch`"):
        ready(expand(), missing())


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
