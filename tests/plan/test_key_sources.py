"""The program's text in keys: all that a job runs through, and nothing else."""

import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

from stages.params.representations import (
    CaffenetSettings,
    HogSettings,
    TorchvisionSettings,
)
from stages.plan import source_text
from stages.plan.cells import Cell
from stages.plan.keys import RECORDING, source_files
from stages.plan.representations import definition
from stages.preimage.denoiser import Denoiser
from stages.preimage.prior_sets import with_denoiser
from stages.preimage.priors import Prior
from stages.preimage.solvers import fast, paper
from stages.representations.definition import Definition, WeightsFile
from stages.representations.selection import Selection

ZOO = {"kind": "torchvision", "model": "resnet18", "weights": "random", "side": 64}


def learned(path: Path = Path("none.safetensors")) -> Prior:
    """Return a prior of a denoiser alone."""
    return with_denoiser(Prior(), WeightsFile(path, "0" * 64), 1.0)


CLASSICAL = Prior(lambda_tv=1.0)


def job(settings: Any, layer: str, steps: Any, weights: Prior = CLASSICAL) -> Cell:
    """Return a cell, which decides the modules that its jobs run through."""
    defined = definition(settings)
    names = {"representation": "", "channels": "", "region": "", "prior": ""}
    return Cell(
        **names,
        definition=defined,
        layer=layer,
        selection=Selection(),
        weights=weights,
        solver="",
        steps=steps,
    )


JOBS = {
    "embedded": job(CaffenetSettings(kind="caffenet"), "relu2", fast(steps=1)),
    "hog": job(HogSettings(kind="hog", side=32), "hog", paper([(1, 1.0)])),
    "zoo": job(TorchvisionSettings.model_validate(ZOO), "relu", fast(steps=1)),
    "learned": job(HogSettings(kind="hog", side=32), "hog", fast(steps=1), learned()),
}


class Evictable:
    """A cached function, one of whose values can be forgotten."""

    def __init__(self, cached: Any) -> None:
        self.function, self.known = cached.__wrapped__, dict[Any, Any]()

    def __call__(self, key: Any) -> Any:
        if key not in self.known:
            self.known[key] = self.function(key)
        return self.known[key]


class House:
    """A copy of the program's text, which can be edited."""

    def __init__(self, folder: Path, caches: dict[str, Evictable]) -> None:
        self.folder, self._caches = folder, caches

    def modules(self) -> dict[str, Path]:
        """Return all modules of the copy by path below its folder."""
        found = self.folder.rglob("*.py")
        return {path.relative_to(self.folder).as_posix(): path for path in found}

    def files(self, name: str) -> frozenset[Path]:
        """Return the files of a job's closure."""
        return source_files(JOBS[name])

    def closure(self, name: str) -> set[str]:
        """Return a job's closure as paths below the folder."""
        return {path.relative_to(self.folder).as_posix() for path in self.files(name)}

    def digests(self) -> dict[str, str]:
        """Return what stands for the program's text in the key of each job."""
        texts = source_text.digest.__wrapped__
        return {name: texts(self.files(name)) for name in JOBS}

    @cached_property
    def importers(self) -> dict[str, set[Path]]:
        """The files that import each module, by its name."""
        found: dict[str, set[Path]] = {}
        for path in self.modules().values():
            for name in source_text.imports(path):
                found.setdefault(name, set()).add(path)
        return found

    @cached_property
    def unchanged(self) -> dict[str, str]:
        """The digests of the copy as it is."""
        return self.digests()

    def changed(self, edits: dict[str, Callable[[str], str]]) -> set[str]:
        """Return the jobs whose keys change with these edits, which are undone."""
        before, texts = self.unchanged, {}
        known = {name: dict(cache.known) for name, cache in self._caches.items()}
        for name, edit in edits.items():
            path = self.folder / name
            texts[path] = path.read_text()
            path.write_text(edit(texts[path]))
            self.forget(path)
        after = self.digests()
        for path, text in texts.items():
            path.write_text(text)
        for name, cache in self._caches.items():
            cache.known = known[name]
        return {name for name in JOBS if before[name] != after[name]}

    def forget(self, path: Path) -> None:
        """Forget what is known of a file, and of those that import it."""
        module = dotted(path.relative_to(self.folder).as_posix())
        for name in ("_run", "essence", "_without_paths"):
            self._caches[name].known.pop(path, None)
        self._caches["_by_text"].known.pop(module, None)
        for importer in self.importers.get(module, ()):
            self._caches["_without_paths"].known.pop(importer, None)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house") / "stages"
    shutil.copytree(
        Path(source_text.ROOT, "stages"),
        folder,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    names = ("_run", "essence", "_without_paths", "_by_text")
    with pytest.MonkeyPatch.context() as patch:
        caches = {name: Evictable(getattr(source_text, name)) for name in names}
        for name, cache in caches.items():
            patch.setattr(source_text, name, cache)
        patch.setattr(source_text, "ROOT", folder.parent)
        source_text.closure.cache_clear()
        yield House(folder, caches)
    source_text.closure.cache_clear()


def appended(text: str) -> str:
    return f"{text}\nEXTRA = 1\n"


def test_a_constant_in_any_module_of_the_closure_changes_the_key(house):
    closures = {name: house.closure(name) for name in JOBS}
    wrong = {}
    for module in sorted(set.union(*closures.values())):
        through = {name for name in JOBS if module in closures[name]}
        if (found := house.changed({module: appended})) != through:
            wrong[module] = found ^ through
    assert wrong == {}


def test_constants_in_all_other_modules_together_change_no_key(house):
    closures = set.union(*(house.closure(name) for name in JOBS))
    others = house.modules().keys() - closures
    assert len(others) > 50
    assert house.changed(dict.fromkeys(others, appended)) == set()


# Run a job in a process of its own; tell the modules of this package that it loaded.
RUN = """
import pickle, sys
from importlib import import_module
from types import SimpleNamespace
cell, recording = pickle.load(sys.stdin.buffer)
run = import_module(recording)
import torch
cell = SimpleNamespace(**cell)
job = SimpleNamespace(
    cell=cell, image_id="a", image_name="a", seed=0, key="a", precision="float32"
)
phi = cell.definition.build()
side = cell.definition.side
image = 255 * torch.rand(phi.image_channels, side, side)
cpu = torch.device("cpu")
codes = run.single_code(cell.definition, cell.layer, image, cpu)
run.Batch([job], codes, batch_size=1, device=cpu).run(print)
print(*(m.__file__ for n, m in sys.modules.items() if n.startswith("stages.")))
"""


@pytest.mark.parametrize("name", JOBS)
def test_what_a_job_loads_is_in_its_closure(name, tmp_path):
    root, cell = source_text.ROOT, JOBS[name]
    if name == "learned":
        cell = replace(cell, weights=learned(_small_denoiser(tmp_path)))
    used = ("definition", "layer", "selection", "weights", "steps")
    sent = pickle.dumps(({key: getattr(cell, key) for key in used}, RECORDING))
    ran = subprocess.run(
        [sys.executable, "-c", RUN], cwd=root, input=sent, capture_output=True
    )
    assert ran.returncode == 0, ran.stderr.decode()
    loaded = {Path(word) for word in ran.stdout.decode().splitlines()[-1].split()}
    assert len(loaded) > 30
    source_text.closure.cache_clear()
    # What the package itself brings sets up the command and computes nothing.
    setup = source_text.closure("stages")
    assert loaded - source_files(cell) - setup == set()


def _small_denoiser(folder: Path) -> Path:
    architecture = {"widths": [4], "down": [0], "up": [0]}
    path = folder / "small.safetensors"
    told = {"architecture": json.dumps(architecture)}
    save_file(Denoiser(**architecture).state_dict(), path, metadata=told)
    return path


@pytest.mark.parametrize(
    ("module", "changed"),
    [
        ("representations/dsift.py", set()),
        ("representations/hog.py", {"hog", "learned"}),
        ("representations/caffenet.py", {"embedded"}),
        ("representations/zoo.py", {"zoo"}),
        ("representations/passes.py", {"zoo"}),
        ("preimage/momentum.py", {"hog"}),
        ("preimage/adam.py", {"embedded", "zoo", "learned"}),
        ("preimage/total_variation.py", {"embedded", "hog", "zoo"}),
        ("preimage/alpha_norm.py", set()),
        ("preimage/denoiser.py", {"learned"}),
        ("preimage/learned_prior.py", {"learned"}),
        ("preimage/parameterisations/fourier.py", set()),
        ("preimage/parameterisations/deep_image_prior.py", set()),
        ("process/progress.py", set()),
        *(
            (f"plan/{name}.py", set())
            for name in ("costs", "keys", "jobs", "stiffness")
        ),
        *((f"store/{name}.py", set()) for name in ("paths", "files", "tables")),
        *((f"execution/{name}.py", set()) for name in ("processes", "runner")),
        *((f"{name}.py", set()) for name in ("extract", "invert", "report", "study")),
        ("images.py", set(JOBS)),
        ("execution/batch.py", set(JOBS)),
        ("execution/coding.py", set(JOBS)),
        ("store/record.py", set(JOBS)),
    ],
)
def test_an_edit_renames_the_jobs_that_run_through_it_alone(house, module, changed):
    assert house.changed({module: appended}) == changed


def test_a_parameterisation_is_in_the_closure_of_its_own_jobs_alone():
    for name in ("pixels", "fourier"):
        steps = fast(steps=1, parameterisation=name)
        files = source_files(job(HogSettings(kind="hog"), "hog", steps))
        modules = {path.stem for path in files} & {"pixels", "fourier"}
        assert modules == {name}


def test_comments_docstrings_and_annotations_of_functions_change_no_key(house):
    def reworded(text: str) -> str:
        text = text.replace("def n_steps(self) -> int:", "def n_steps(self) -> object:")
        text = text.replace("Momentum descent on", "Heavy ball on")
        return f"# More.\n{text}# And more.\n"

    assert house.changed({"preimage/momentum.py": reworded}) == set()


def test_annotations_of_classes_change_keys(house):
    def annotated(text: str) -> str:
        old = "schedule: tuple[tuple[int, float], ...]\n"
        assert old in text
        return text.replace(old, "schedule: object\n")

    assert house.changed({"preimage/momentum.py": annotated}) == {"hog"}


MOVES = {
    "preimage/parameterisations/pixels.py": "preimage/space/grid_of_pixels.py",
    "representations/pooling.py": "preimage/voting.py",
    "images.py": "representations/picture_space.py",
}


def test_moving_modules_changes_no_key(house, tmp_path, monkeypatch):
    before = house.unchanged
    monkeypatch.setattr(source_text, "_by_text", source_text._by_text.function)
    shutil.copytree(house.folder, tmp_path / "stages")
    moved = House(tmp_path / "stages", {})
    names = {dotted(old): dotted(new) for old, new in MOVES.items()}
    for old, new in MOVES.items():
        (moved.folder / new).parent.mkdir(exist_ok=True)
        (moved.folder / old).rename(moved.folder / new)
    (moved.folder / "preimage/space/__init__.py").write_text('"""A folder."""\n')
    for path in moved.modules().values():
        path.write_text(renamed(path.read_text(), names))
    monkeypatch.setattr(source_text, "ROOT", tmp_path)
    monkeypatch.setattr("stages.plan.keys.closure", source_text.closure.__wrapped__)
    monkeypatch.setattr(
        "stages.preimage.parameterisations.PARAMETERISATIONS",
        {"pixels": f"{names['stages.preimage.parameterisations.pixels']}:Pixels"},
    )
    assert moved.digests() == before


def dotted(path: str) -> str:
    """Return the name of the module in a file."""
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return f"stages.{name}"


def renamed(text: str, names: dict[str, str]) -> str:
    """Return the text with the modules called by their new names."""
    for old, new in names.items():
        text = text.replace(old, new)
        package, _, name = old.rpartition(".")
        into, _, called = new.rpartition(".")
        text = text.replace(
            f"from {package} import {name}\n",
            f"from {into} import {called} as {name}\n",
        )
    return text


def test_kinds_share_what_is_not_their_own():
    """A definition's module counts, not only what it imports."""
    for one in JOBS.values():
        assert isinstance(one.definition, Definition)
        own = source_text.module_file(type(one.definition).__module__)
        assert own in source_files(one)
