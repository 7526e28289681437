"""A study of two pictures that the tests of the plan change: jobs and keys of it."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors.torch import save_file

from stages.plan.jobs import jobs
from stages.plan.planned import Job, Pictured
from stages.plan.study import Expanded, expand
from stages.preimage.denoiser import Denoiser

A, B = Pictured("0123", "oval"), Pictured("4567", "box")
STUDY: dict[str, Any] = {
    "fetch": {"images": {"source": "folder"}},
    "representations": {
        "hog": {"kind": "hog", "side": 32},
        "dsift": {"kind": "dsift", "side": 32, "bin": 3},
    },
    "priors": {"default": {"lambda_alpha": "auto", "lambda_tv": 0.05}, "none": {}},
    "solvers": {
        "fast": {"kind": "fast", "steps": 6},
        "paper": {"kind": "paper", "schedule": [[3, 1.0], [2, 0.1]]},
    },
    "execution": {},
    "report": {},
}


def denoiser(path: Path, seed: int) -> Path:
    """Write a small denoiser there, its weights by the seed, and return where."""
    torch.manual_seed(seed)
    architecture = {"widths": [8, 16], "down": [0, 1], "up": [1, 0]}
    told = {"architecture": json.dumps(architecture)}
    save_file(Denoiser(**architecture).state_dict(), path, metadata=told)
    return path


def study(*grid: dict[str, Any], **parts: Any) -> Expanded:
    """Return the study with these grid entries, of hog unless said, and other parts."""
    changed = {kind: STUDY[kind] | parts[kind] for kind in parts}
    entries = [{"representation": "hog", **entry} for entry in grid]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "params.yaml"
        path.write_text(json.dumps({**STUDY, **changed, "grid": entries}))
        return expand(path)


def plan(
    *grid: dict[str, Any], pictures: tuple[Pictured, ...] = (A, B), **parts: Any
) -> list[Job]:
    """Return the jobs of the study with these grid entries and other parts."""
    return jobs(study(*grid, **parts), list(pictures))


def only_job(pictures: tuple[Pictured, ...] = (A,), **changes: Any) -> Job:
    """Return the only job; `changes` are of its grid entry and of the other parts."""
    parts = {k: changes.pop(k) for k in [*changes] if k in STUDY}
    (job,) = plan(changes, pictures=pictures, **parts)
    return job
