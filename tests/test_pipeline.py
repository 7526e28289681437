"""The smoke study through DVC itself: run, skip, rerun in part, kill, compare."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
import torchvision

from stages.metrics.schema import scores_schema
from stages.store import files, schemas

ROOT = Path(__file__).parent.parent
STAGES = ["fetch", "extract", "invert", "score", "report"]
pytestmark = pytest.mark.slow


class Project:
    """A copy of the project with its own Git history and the smoke study."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # The stages run with the interpreter of the tests.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path}
        self.environment.pop("DVC_ROOT", None)

    def run(self, *command: str, code: int = 0) -> str:
        """Run a command, check its exit code, return what it printed."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def dvc(self, *arguments: str, code: int = 0) -> str:
        return self.run(sys.executable, "-m", "dvc", *arguments, code=code)

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        return self.run("git", *who, *arguments)

    def repro(self) -> list[str]:
        """Run `dvc repro` and return the stages that ran."""
        out = self.dvc("repro")
        return [stage for stage in STAGES if f"Running stage '{stage}'" in out]

    def edit_params(self, old: str, new: str) -> None:
        path = self.folder / "params.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def copied(folder: Path) -> Project:
    """Return a copy of the project with the smoke study, not yet in Git."""
    listed = ["git", "ls-files", "-co", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in names.stdout.splitlines():
        if (ROOT / name).is_file() and name != "dvc.lock":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    shutil.copy2(folder / "stages/presets/smoke.yaml", folder / "params.yaml")
    return Project(folder)


def begin(project: Project) -> None:
    project.git("init", "-q")
    project.git("add", "-A")
    project.git("commit", "-qm", "Start")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = copied(tmp_path_factory.mktemp("project"))
    begin(project)
    assert project.repro() == STAGES
    project.git("add", "dvc.lock")
    project.git("commit", "-qm", "Run the smoke study")
    return project


def test_the_smoke_study_leaves_its_outputs(project):
    scores = pq.read_schema(project.folder / "data/scores.parquet")
    assert scores.equals(scores_schema())
    preimages = pq.read_schema(project.folder / "data/preimages/part-00000.parquet")
    assert preimages.equals(schemas.PREIMAGES)
    page = (project.folder / "reports/index.html").read_text()
    assert "Smoke study" in page
    assert "astronaut" in page
    # The report cannot tell its own time, which is not over.
    told = page.partition('id="times">')[2].partition("</dd>")[0]
    assert [part.split("&nbsp;")[0] for part in told.split(", ")] == STAGES[:-1]


def test_a_second_run_does_nothing_and_says_so(project):
    assert "up to date" in project.dvc("repro")
    assert project.git("status", "--porcelain") == ""


def test_a_comparison_leaves_nothing_for_dvc_or_git_to_tell(project):
    words = (sys.executable, "-m", "stages.report", "--against", "HEAD")
    assert "against.html" in project.run(*words)
    assert (project.folder / "reports/against.html").is_file()
    assert "up to date" in project.dvc("status")
    assert project.git("status", "--porcelain") == ""


def test_dvc_shows_metrics_plots_params_and_the_graph(project):
    metrics = json.loads(project.dvc("metrics", "show", "--json"))
    assert "hogb" in json.dumps(metrics)
    assert "index.html" in project.dvc("plots", "show")
    assert "invert" in project.dvc("dag")
    assert "core.analytics=false" in project.dvc("config", "--list")


@pytest.mark.parametrize(
    ("old", "new", "ran"),
    [
        ("title: Smoke study", "title: Another", ["report"]),
        ("steps: 12", "steps: 11", ["invert", "score", "report"]),
        # DVC's run cache overlooks keys called `size`: ours must not be.
        ("hog, side: 32", "hog, side: 40", STAGES),
    ],
)
def test_a_changed_param_reruns_only_what_depends_on_it(project, old, new, ran):
    project.edit_params(old, new)
    key = old.split(":")[0].split()[-1]
    assert key in project.dvc("params", "diff")
    assert project.repro() == ran
    project.edit_params(new, old)
    project.repro()


def test_wrong_params_stop_the_stage_and_the_outputs_come_back(project):
    project.edit_params("steps: 12", "steps: twelve")
    out = project.dvc("repro", code=255)
    assert "solvers.fast.steps: 'twelve': should be a valid integer" in out
    assert "dvc checkout" in out
    project.edit_params("steps: twelve", "steps: 12")
    project.dvc("checkout")
    assert (project.folder / "data/preimages/part-00000.parquet").exists()
    assert "up to date" in project.dvc("repro")


@pytest.mark.parametrize("flags", [[], ["--temp"]], ids=["here", "temp"])
def test_an_experiment_runs_with_other_params(project, flags):
    out = project.dvc("exp", "run", *flags, "-S", "solvers.fast.steps=5")
    assert "Ran experiment" in out
    shown = project.dvc("exp", "show", "--csv")
    assert "solvers.fast.steps" in shown
    project.git("checkout", "-q", "--", ".")
    project.dvc("checkout")


def test_a_killed_run_goes_on_where_it_was(project):
    project.edit_params("steps: 12", "steps: 400")
    command = [sys.executable, "-m", "stages.invert"]
    with subprocess.Popen(
        command, cwd=project.folder, env=project.environment, stderr=subprocess.PIPE
    ) as first:
        finished = project.folder / "data/work/jobs"
        before = set(finished.rglob("*.safetensors"))
        while set(finished.rglob("*.safetensors")) == before:
            time.sleep(0.02)
        first.send_signal(signal.SIGKILL)
        first.wait()
    kept = set(finished.rglob("*.safetensors")) - before
    times = {path: path.stat().st_mtime_ns for path in kept}
    assert project.repro() == ["invert", "score", "report"]
    assert times == {path: path.stat().st_mtime_ns for path in kept}
    project.edit_params("steps: 400", "steps: 12")
    project.repro()


def counted(out: str) -> tuple[int, int]:
    """Return how many jobs `dvc repro` said came back, and how many it ran."""
    back = re.search(r"(\d+) finished jobs came back from DVC's cache", out)
    ran = re.search(r"invert: (\d+) jobs in ", out)
    return int(back[1]) if back else 0, int(ran[1]) if ran else 0


def n_jobs(project: Project) -> int:
    parts = (project.folder / "data/preimages").glob("*.parquet")
    return sum(pq.read_metadata(part).num_rows for part in parts)


def test_a_pulled_clone_computes_only_what_is_new(project, tmp_path):
    """Pushed, cloned, pulled; then the same after a checkout of an older revision."""
    project.dvc("remote", "add", "--local", "-d", "shelf", f"{tmp_path / 'shelf'}")
    project.dvc("push")
    project.git("clone", "-q", ".", f"{tmp_path / 'clone'}")
    clone = Project(tmp_path / "clone")
    clone.dvc("remote", "add", "--local", "-d", "shelf", f"{tmp_path / 'shelf'}")
    clone.dvc("pull")
    before = n_jobs(clone)
    assert not (clone.folder / "data/work").exists()

    # A layer more of two networks for two pictures.
    clone.edit_params("[conv1, pool5, fc8]", "[conv1, relu2, pool5, fc8]")
    assert counted(clone.dvc("repro")) == (before, 4)
    assert n_jobs(clone) == before + 4

    clone.git("commit", "-qam", "Another layer")
    clone.git("checkout", "-q", "HEAD~1")
    clone.dvc("checkout")
    shutil.rmtree(clone.folder / "data/work")
    # A seed more of three descriptors for two pictures.
    clone.edit_params("[hog, hogb, dsift], seeds: 2", "[hog, hogb, dsift], seeds: 3")
    assert counted(clone.dvc("repro")) == (before, 6)


def backbone_file(folder: Path) -> Path:
    """Write a file of random weights as torchvision would publish it."""
    torch.save(torchvision.models.squeezenet1_1().state_dict(), folder / "backbone.pth")
    digits = hashlib.sha256((folder / "backbone.pth").read_bytes()).hexdigest()
    return (folder / "backbone.pth").rename(folder / f"squeezenet1_1-{digits[:8]}.pth")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def lpips(project: Project) -> tuple[dict[str, Any], list[float | None]]:
    """Return what the manifest says of the backbone, and the column of the scores."""
    manifest = files.read_json(project.folder / "data/weights/manifest.json")
    scores = pq.read_table(project.folder / "data/scores.parquet")
    return manifest["lpips"]["squeeze"], scores["lpips_squeeze"].to_pylist()


def test_lpips_comes_later_with_one_line_where_it_was_unreachable(tmp_path):
    """The backbone's address is that of a server that comes up between two runs."""
    published = backbone_file(tmp_path)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    absent = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    absent.server_close()
    address = f"http://127.0.0.1:{absent.server_port}"
    project = copied(tmp_path / "project")
    project.environment["NO_PROXY"] = "127.0.0.1"
    official = "https://download.pytorch.org/models"
    catalogue = project.folder / "stages/weights/catalogue.py"
    replace(catalogue, official, address)
    replace(catalogue, "squeezenet1_1-b8a52dc0.pth", published.name)
    project.edit_params("lpips: {backbones: []}", "lpips: {backbones: [squeeze]}")
    begin(project)

    out = project.dvc("repro")
    entry, column = lpips(project)
    assert "To get it later: dvc repro -f fetch && dvc repro" in out
    assert (entry["status"], entry["sha256"]) == ("unreachable", None)
    assert set(column) == {None}
    assert "up to date" in project.dvc("repro")

    with ThreadingHTTPServer(("127.0.0.1", absent.server_port), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        project.dvc("repro", "-f", "fetch")
        server.shutdown()
    ran = project.repro()
    entry, column = lpips(project)
    assert entry["status"] == "fetched"
    assert (project.folder / "data/weights/lpips/squeeze.safetensors").is_file()
    assert ran == ["score", "report"]
    assert None not in column
