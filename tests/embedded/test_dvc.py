"""The project of the networks under DVC: its graph, and a run from end to end."""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
FOLDER = "data/embedded"
STAGES = YAML(typ="safe", pure=True).load((ROOT / FOLDER / "dvc.yaml").read_text())[
    "stages"
]
# These only read and write; what they hold changes no number.
WITHOUT_NUMBERS = {"stages/store/files.py", "stages/execution/device.py"}


def module_deps(module, seen):
    """Return the files that a module of this folder imports, those beside it whole."""
    path = f"{module.replace('.', '/')}.py"
    if path in seen:
        return seen
    seen.add(path)
    if path.startswith(FOLDER):
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
                for name in names:
                    if (ROOT / f"{name.replace('.', '/')}.py").is_file():
                        module_deps(name, seen)
    return seen


CLASSIFIERS = ["train", "fold", "evaluate"]
DENOISERS = ["denoising", "denoising_figures"]


def test_stages_make_and_measure_the_classifiers_and_the_denoiser():
    assert list(STAGES) == CLASSIFIERS + DENOISERS
    for stage, entry in STAGES.items():
        names = ["caffenet", "judge"] if stage in CLASSIFIERS else ["denoiser"]
        assert entry["matrix"] == {"network": names}
        assert entry["cmd"].startswith(f"cd ../.. && python -m data.embedded.{stage} ")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_files_that_it_imports(stage):
    needed = module_deps(f"data.embedded.{stage}", set()) - WITHOUT_NUMBERS
    listed = {
        os.path.normpath(f"{FOLDER}/{dep}")
        for dep in STAGES[stage]["deps"]
        if dep.endswith(".py")
    }
    assert listed == needed


def test_outputs_are_in_git_not_in_the_cache_and_checkpoints_are_no_outputs():
    outputs = [
        (path, options)
        for entry in STAGES.values()
        for output in (*entry["outs"], *entry.get("metrics", []))
        for path, options in output.items()
    ]
    assert len(outputs) == 7
    assert all(options == {"cache": False} for _, options in outputs)
    assert not any(path.endswith(".pt") or path == "work" for path, _ in outputs)


def ignored(path):
    command = ["git", "check-ignore", "-q", path]
    return subprocess.run(command, cwd=ROOT).returncode == 0


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no Git repository")
def test_git_keeps_the_networks_and_leaves_the_work():
    kept = [
        "caffenet.safetensors",
        "denoiser.safetensors",
        "judge.json",
        "judge.md",
        "dvc.yaml",
        "dvc.lock",
    ]
    kept += [".dvc/config", ".dvc/.gitignore", "card.py"]
    assert not any(ignored(f"{FOLDER}/{name}") for name in kept)
    left = ["work/judge.pt", "work/judge.safetensors", ".dvc/tmp/x", ".dvc/cache/x"]
    assert all(ignored(f"{FOLDER}/{name}") for name in left)


class Copy:
    """A copy of the project, with small networks and drawn pictures in it."""

    def __init__(self, root: Path, small: Path) -> None:
        self.root, self.folder = root, root / FOLDER
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path}
        self.environment.pop("DVC_ROOT", None)
        listed = ["git", "ls-files", "-co", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True)
        for name in names.stdout.splitlines():
            source = ROOT / name
            parts = (FOLDER, "stages", ".dvc", "data/.git", "dvc.yaml", "params.yaml")
            if name.startswith(parts) and source.is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, root / name)
        for made in self.folder.glob("*.safetensors"):
            made.unlink()
        (self.folder / "dvc.lock").unlink(missing_ok=True)
        shutil.copy2(small / "params.yaml", self.folder / "params.yaml")
        shutil.copytree(small / "pictures", self.folder / "pictures")
        self.run("git", "init", "-q", folder=root)

    def run(self, *command: str, folder: Path | None = None, code: int = 0) -> str:
        done = subprocess.run(
            command,
            cwd=folder or self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def dvc(self, *arguments: str, folder: Path | None = None, code: int = 0) -> str:
        command = (sys.executable, "-m", "dvc", *arguments)
        return self.run(*command, folder=folder, code=code)


def unclean(copy):
    """Return what the study's own project finds changed, but for the new weights."""
    status = json.loads(copy.dvc("status", "--json", folder=copy.root))
    for change in (change for stage in status.values() for change in stage):
        for paths in change.values():
            for path in [path for path in paths if path.startswith("data/embedded/")]:
                del paths[path]
    return status


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no Git repository")
def test_killed_training_goes_on_and_the_projects_do_not_disturb_each_other(
    tmp_path_factory, folder, edit
):
    # Fifty epochs of the judge: long enough to be killed on the way.
    edit("stages: [[1, 48], [1, 64]]", "stages: [[50, 40]]")
    copy = Copy(tmp_path_factory.mktemp("project"), folder)
    before = unclean(copy)
    checkpoint = copy.folder / "work" / "judge.pt"
    command = [sys.executable, "-m", "data.embedded.train", "judge"]
    with subprocess.Popen(
        command, cwd=copy.root, env=copy.environment, stderr=subprocess.DEVNULL
    ) as first:
        while not checkpoint.exists():
            assert first.poll() is None
            time.sleep(0.05)
        first.send_signal(signal.SIGKILL)
    log = copy.folder / "work" / "judge.csv"
    assert not checkpoint.with_suffix(".safetensors").exists()
    known = log.read_text() if log.exists() else ""

    out = copy.dvc("repro", "evaluate@judge")
    for stage in CLASSIFIERS:
        assert f"Running stage '{stage}@judge'" in out
    assert log.read_text().startswith(known)
    epochs = [int(line.split(",")[0]) for line in log.read_text().splitlines()]
    # The row of the epoch in which it was killed may be missing; none comes twice.
    assert epochs == sorted(set(epochs))
    assert epochs[-1] == 50
    figures = json.loads((copy.folder / "judge.json").read_text())
    assert (figures["finished"], figures["step"]) == (True, 200)
    assert f"{figures['top1']:.2%}" in (copy.folder / "judge.md").read_text()

    status = copy.dvc("status", "evaluate@judge", "--with-deps")
    assert "up to date" in status
    assert "sha256" in copy.dvc("metrics", "show", "judge.json")
    lock = (copy.folder / "dvc.lock").read_text()
    assert "../../stages/metrics/judge.py" in lock
    assert str(copy.root) not in lock
    # The study beside it neither sees these stages nor has become unclean.
    assert unclean(copy) == before
    assert "judge" not in copy.dvc("stage", "list", "--all", folder=copy.root)
