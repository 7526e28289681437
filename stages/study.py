"""The plan of the study, and the care of its job store.

    python -m stages.study                  what is done, what is left, what it costs
    python -m stages.study --measure        the same, the time from a few steps
    python -m stages.study --retry-failed   try failed jobs again, then what follows
    python -m stages.study --prune          drop finished jobs that no plan needs

Other params files are looked at with `--params stages/presets/smoke.yaml`.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path

from stages.execution.backend import opened_store
from stages.execution.forecast import Forecast
from stages.execution.targets import rankings
from stages.invert import pictures
from stages.params.pictures import BuiltinPictures, FolderPictures, Pictures
from stages.plan.jobs import jobs
from stages.plan.missing import missing
from stages.plan.planned import Job, Pictured
from stages.plan.study import Expanded, available, expand
from stages.process.stage import Refusal, printable, run, say, tell
from stages.sources import folder
from stages.store import paths
from stages.store.jobs import JobStore
from stages.store.shared_jobs import SharedJobStore

PRESETS = Path("stages/presets")


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.study",
        description="Show the plan of the study, or look after its job store.",
    )
    parser.add_argument("--params", type=Path, default=paths.PARAMS, metavar="FILE")
    todo = parser.add_mutually_exclusive_group()
    todo.add_argument(
        "--retry-failed",
        action="store_true",
        help="run invert again for failed jobs, then all stages that depend on it",
    )
    todo.add_argument(
        "--measure",
        action="store_true",
        help="take a few steps of each kind of batch, to tell the time better",
    )
    todo.add_argument(
        "--prune",
        action="store_true",
        help="show, then delete, what neither params.yaml nor a preset needs",
    )
    parser.add_argument(
        "--yes", action="store_true", help="with --prune: delete without asking"
    )
    return parser.parse_args()


# the plan ---------------------------------------------------------------------------


def known_pictures(
    study: Expanded, params: Path = paths.PARAMS
) -> tuple[list[Pictured], str]:
    """Return the fetched pictures, or stand-ins for them, and a remark.

    Those that were fetched for params.yaml are no other study's, unless it asks for the
    same ones.
    """
    if paths.IMAGES.exists() and _asks_as_params_do(study, params):
        return pictures(), "fetched"
    wanted = study.params.fetch.images
    names, remark = _expected(wanted)
    asked = (entry.images for entry in study.params.grid)
    named = chain(*(images for images in asked if isinstance(images, list)))
    names = list(dict.fromkeys([*names[: wanted.limit], *named]))
    return [Pictured(f"unknown {name}", name) for name in names], remark


def _asks_as_params_do(study: Expanded, params: Path) -> bool:
    """Return whether a study takes the pictures that params.yaml takes."""
    if params.absolute() == paths.PARAMS.absolute():
        return True
    try:
        return expand().params.fetch.images == study.params.fetch.images
    except Refusal:  # a mistake in params.yaml is none of this study's
        return False


def _expected(wanted: Pictures) -> tuple[list[str], str]:
    """Return names for the pictures that the source may give, and a remark."""
    if isinstance(wanted, BuiltinPictures):
        return [*wanted.names], "not fetched yet"
    if isinstance(wanted, FolderPictures) and Path(wanted.path).is_dir():
        with folder.pictures(path=wanted.path) as candidates:
            return [one.name for one in candidates], "not fetched yet; all its files"
    if wanted.limit is not None:
        return [f"#{i}" for i in range(wanted.limit)], "not fetched yet"
    return ["#0"], "not fetched yet; counted as one"


def show(
    study: Expanded,
    job_store: JobStore,
    params: Path = paths.PARAMS,
    *,
    measure: bool = False,
) -> None:
    """Print the plan: of a study that is too large to list, what it amounts to."""
    known, remark = known_pictures(study, params)
    tell(f"pictures  {len(known)} ({study.params.fetch.images.source}, {remark})")
    for name, why in study.missing.items():
        tell(f"missing   {name}: {why}")
    for line in Forecast(study, known, job_store, measure).lines():
        tell(line)


# the store --------------------------------------------------------------------------


def retry_failed(study: Expanded, job_store: JobStore) -> None:
    """Run invert again, although DVC sees nothing to do, then what follows."""
    wanted = {job.key for job in jobs(study, known_pictures(study)[0], rankings())}
    if not wanted & job_store.failed().keys():
        say("no job of this study has failed: nothing to retry")
        return
    dvc = [sys.executable, "-m", "dvc", "repro"]
    for command in ([*dvc, "--force", "--single-item", "invert"], dvc):
        if code := subprocess.run(command).returncode:
            raise Refusal(f"`{' '.join(command[1:])}` ended with code {code}")


def prune(
    job_store: JobStore, plans: list[Path], confirmed: Callable[[], bool]
) -> None:
    """Delete what no plan needs for the fetched pictures, after showing it."""
    if not paths.IMAGES.exists():
        raise Refusal(
            "nothing was dropped: which jobs are needed depends on the pictures, and "
            f"{paths.IMAGES} is not there; run `dvc repro fetch` first"
        )
    needed = {job.key for path in plans for job in _needed(path)}
    shared = job_store if isinstance(job_store, SharedJobStore) else None
    with job_store.locked():
        files = job_store.unneeded(needed)
        objects = shared.unneeded_objects(needed) if shared else {}
        n = len(files) + len(objects)
        if not n:
            say("every job in the store is needed by a plan: nothing to drop")
            return
        for path in files:
            tell(printable(f"{path}"))
        for name in objects:
            tell(printable(f"{shared and shared.objects.url}/{name}"))
        size = f"{(sum(files.values()) + sum(objects.values())) / 1e6:.1f} MB"
        say(f"{n} files, {size}, that no plan needs for the fetched pictures:")
        say("plans: " + ", ".join(str(path) for path in plans))
        if objects:
            say("in a shared place other studies' jobs go, too; let no run use it now")
        if confirmed():
            for path in files:
                path.unlink()
            if shared and objects:
                shared.drop_objects(needed)
            say(f"dropped {n} files")


def _needed(path: Path) -> list[Job]:
    study = expand(path)
    try:
        return jobs(study, pictures(), rankings())
    except Refusal:  # the plan is about pictures that are not these
        return []


def _confirmed(yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Refusal("nothing was dropped: add --yes to drop them")
    return input("drop them? [y/N] ").strip().lower() in ("y", "yes")


def main() -> None:
    """Do what the command line asks for."""
    chosen = arguments()
    study = available(expand(chosen.params), missing())
    job_store = opened_store(study.execution)
    if chosen.retry_failed:
        retry_failed(study, job_store)
    elif chosen.prune:
        plans = [paths.PARAMS, chosen.params, *sorted(PRESETS.glob("*.yaml"))]
        prune(job_store, list(dict.fromkeys(plans)), lambda: _confirmed(chosen.yes))
    else:
        show(study, job_store, chosen.params, measure=chosen.measure)


if __name__ == "__main__":
    run(main)
