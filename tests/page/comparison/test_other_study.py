"""Another study: out of a file, out of history, or refused."""

import subprocess
import sys

import pytest

from stages.metrics.schema import scores_schema
from stages.page.comparison.other_study import other_scores, other_study
from stages.process.stage import Refusal
from stages.store import paths, schemas, tables


def row(psnr):
    blank = dict.fromkeys(scores_schema().names)
    labels = {field.name: "x" for field in schemas.CELL} | {
        "channel_indices": None,
        "window": None,
        "tokens": None,
    }
    job = {"kind": "preimage", "image_id": "a", "image_name": "a", "seed": 0}
    return {**blank, **labels, **job, "status": "done", "reason": "", "psnr": psnr}


def command(*words):
    subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in Git and DVC whose scores changed after its first commit."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        monkeypatch.setenv(name, "tester")
    for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "tester@example.org")
    dvc = (sys.executable, "-m", "dvc")
    command("git", "init", "-q")
    command(*dvc, "init", "-q")
    paths.PARAMS.write_text("report: {title: A study}\n")
    for psnr in (10.0, 20.0):
        tables.write_table(paths.SCORES, [row(psnr)], scores_schema())
        command(*dvc, "add", "-q", f"{paths.SCORES}")
        command("git", "add", "-A")
        command("git", "commit", "-q", "-m", f"{psnr}")


def test_scores_come_out_of_a_file(tmp_path):
    tables.write_table(tmp_path / "other.parquet", [row(3.0)], scores_schema())
    assert other_scores(f"{tmp_path}/other.parquet")["psnr"].tolist() == [3.0]


@pytest.mark.slow
@pytest.mark.parametrize(("revision", "psnr"), [("HEAD~1", 10.0), ("HEAD", 20.0)])
def test_scores_come_out_of_history(project, revision, psnr):
    assert other_scores(revision)["psnr"].tolist() == [psnr]


@pytest.mark.slow
def test_an_unknown_revision_is_refused_with_what_to_name(project):
    with pytest.raises(Refusal, match="nonsense is neither a file nor a Git revision"):
        other_scores("nonsense")


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no table")
    with pytest.raises(Refusal, match=r"notes\.txt is no table of scores"):
        other_scores(f"{path}")


def test_another_table_is_refused_with_what_it_lacks(tmp_path):
    path = tmp_path / "images.parquet"
    tables.write_table(path, [], schemas.IMAGES)
    with pytest.raises(Refusal, match="it lacks representation, layer"):
        other_scores(f"{path}")


def preimages(folder, key):
    blank = dict.fromkeys(schemas.PREIMAGES.names)
    labels = {"representation": "x", "layer": "x", "channels": "x", "region": "x"}
    labels |= {"prior": "x", "solver": "x", "status": "done", "reason": ""}
    image = {"bytes": b"png", "path": ""}
    job = {"key": key, "image_id": "a", "image_name": "a", "seed": 0, "image": image}
    told = {"device": "", "precision": "", "versions": ""}
    part = folder / "part-00000.parquet"
    tables.write_table(part, [{**blank, **labels, **job, **told}], schemas.PREIMAGES)


def test_a_file_alone_is_called_by_its_name_without_a_path(tmp_path):
    tables.write_table(tmp_path / "other.parquet", [row(3.0)], scores_schema())
    other = other_study(f"{tmp_path}/other.parquet")
    assert (other.name, other.params) == ("other.parquet", {})
    assert other.pictures({"k"}) == {}


def test_a_study_s_file_brings_its_title_params_and_pictures(tmp_path):
    tables.write_table(tmp_path / paths.SCORES, [row(3.0)], scores_schema())
    preimages(tmp_path / paths.PREIMAGES, "k")
    (tmp_path / "params.yaml").write_text("report: {title: The other}\n")
    other = other_study(f"{tmp_path / paths.SCORES}")
    assert other.name == "The other"
    assert other.params == {"report": {"title": "The other"}}
    assert other.pictures({"k", "l"}) == {"k": b"png"}


@pytest.mark.slow
def test_a_revision_is_called_by_its_title_and_commit(project):
    preimages(paths.PREIMAGES, "k")
    command(sys.executable, "-m", "dvc", "add", "-q", f"{paths.PREIMAGES}")
    command("git", "add", "-A")
    command("git", "commit", "-q", "-m", "pictures")
    done = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True
    )
    other = other_study("HEAD")
    assert other.name == f"A study, commit {done.stdout.strip()}"
    assert other.pictures({"k"}) == {"k": b"png"}
    assert other_study("HEAD~1").pictures({"k"}) == {}
