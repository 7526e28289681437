"""Small jobs by the thousand, while what runs them is killed at random.

    python -m tests.soak [--jobs 2000] [--minutes 10] [--kills 1000] [--seed 0]

One copy of the project runs undisturbed. In another, `dvc repro invert` is begun again
and again, and DVC, the stage, one of its processes, or all of them are killed, until
the time or the kills are spent; then it may finish. Both must have the same pictures:
all there, none twice, and no file left behind. Prints the figures; exits with 1 if a
promise was broken.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pyarrow.parquet as pq

from tests.test_pipeline import Project, begin, copied

STUDY = """
fetch:
  images: {{source: builtin, names: [astronaut, camera], side: 32}}
representations:
  hog: {{kind: hog, side: 32}}
priors:
  default: {{lambda_tv: 0.05}}
solvers:
  fast: {{kind: fast, steps: {steps}}}
grid:
  - {{representation: hog, seeds: {seeds}}}
execution: {{device: cpu, batch_size: 6, processes: 2}}
report: {{}}
"""
COMMAND = [sys.executable, "-m", "dvc", "repro", "invert"]
VICTIMS = ("dvc", "stage", "worker", "group")
# Seconds that a victim may live: some end while modules load, some in the middle.
LIVES = (0.0, 20.0)


@dataclass
class Figures:
    """What was seen: kills by victim, runs, and of the undisturbed run how it grew."""

    kills: Counter[str] = field(default_factory=Counter)
    n_runs: int = 0
    seconds: float = 0.0
    memory: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)


def project(folder: Path, n_jobs: int, steps: int) -> Project:
    """Return a copy of the project with a study of so many small jobs, extracted."""
    made = copied(folder)
    seeds = n_jobs // 2
    (folder / "params.yaml").write_text(STUDY.format(seeds=seeds, steps=steps))
    begin(made)
    made.dvc("repro", "extract")
    return made


def begun(one: Project) -> subprocess.Popen[bytes]:
    """Begin `dvc repro invert` in a session of its own."""
    return subprocess.Popen(
        COMMAND,
        cwd=one.folder,
        env=one.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def family(pid: int) -> dict[str, list[psutil.Process]]:
    """Return the processes under DVC's by what they are."""
    found: dict[str, list[psutil.Process]] = {name: [] for name in VICTIMS}
    try:
        parent = psutil.Process(pid)
        members = [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return found
    found["group"] = members
    for one in members:
        try:
            words = " ".join(one.cmdline())
        except psutil.Error:
            continue
        if "spawn_main" in words:
            found["worker"].append(one)
        elif "stages.invert" in words and "dvc" not in words and "sh -c" not in words:
            found["stage"].append(one)
        elif "dvc" in words:
            found["dvc"].append(one)
    return found


def kill(victim: str, pid: int, chance: random.Random) -> bool:
    """Kill what was drawn, if it is there; return whether it was."""
    if victim == "group":
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True
    there = family(pid)[victim]
    if not there:
        return False
    try:
        chance.choice(there).kill()
    except psutil.Error:
        return False
    return True


def disturbed(
    one: Project,
    minutes: float,
    n_kills: int,
    chance: random.Random,
    lives: tuple[float, float] = LIVES,
) -> Figures:
    """Run until all is done; kill at random until the time or the kills are spent."""
    figures, start = Figures(), time.monotonic()
    while True:
        figures.n_runs += 1
        run = begun(one)
        while run.poll() is None and figures.kills.total() < n_kills:
            if time.monotonic() - start > 60 * minutes:
                break
            victim = chance.choice(VICTIMS)
            if _killed(victim, run, chance, lives):
                figures.kills[victim] += 1
        code = run.wait()
        _wait_for_orphans(one)
        if code == 0:
            figures.seconds = time.monotonic() - start
            return figures


def _killed(
    victim: str,
    run: subprocess.Popen[bytes],
    chance: random.Random,
    lives: tuple[float, float],
) -> bool:
    """Wait for the victim, let it live for a while, and kill it; return if it was."""
    while run.poll() is None and not family(run.pid)[victim]:
        time.sleep(0.1)
    time.sleep(chance.uniform(*lives))
    return run.poll() is None and kill(victim, run.pid, chance)


def _wait_for_orphans(one: Project) -> None:
    """Wait until no stage is left that a killed DVC has begun."""
    while any(_works_in(process, one.folder) for process in psutil.process_iter()):
        time.sleep(0.5)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.pid != os.getpid() and Path(process.cwd()) == folder.resolve()
    except (psutil.Error, OSError):
        return False


def undisturbed(one: Project) -> Figures:
    """Run to the end; note the stage's memory and open files once a second."""
    figures, start = Figures(n_runs=1), time.monotonic()
    run = begun(one)
    while run.poll() is None:
        for stage in family(run.pid)["stage"]:
            try:
                figures.memory.append(stage.memory_info().rss)
                figures.files.append(stage.num_fds())
            except psutil.Error:
                continue
        time.sleep(1)
    if run.returncode:
        raise SystemExit("the undisturbed run failed")
    figures.seconds = time.monotonic() - start
    return figures


def pictures(folder: Path) -> list[tuple[str, str, bytes | None]]:
    """Return key, status and picture of every row, in order."""
    parts = sorted((folder / "data/preimages").glob("*.parquet"))
    rows = [row for part in parts for row in pq.read_table(part).to_pylist()]
    return [
        (row["key"], row["status"], (row["image"] or {}).get("bytes")) for row in rows
    ]


def broken(calm: Path, stormy: Path, n_jobs: int) -> Iterator[str]:
    """Yield what is not as promised."""
    wanted, found = pictures(calm), pictures(stormy)
    if len(found) != n_jobs or len(wanted) != n_jobs:
        yield f"{len(found)} and {len(wanted)} rows, not {n_jobs}"
    if len({key for key, *_ in found}) != len(found):
        yield "a job is there twice"
    if failed := sum(status != "done" for _, status, _ in found):
        yield f"{failed} jobs are not done"
    if differing := sum(a != b for a, b in zip(wanted, found, strict=False)):
        yield f"{differing} pictures differ from the undisturbed run's"
    for path in left_behind(stormy):
        yield f"{path.relative_to(stormy)} was left behind"


def left_behind(folder: Path) -> list[Path]:
    """Return what a finished study has no use for."""
    data, work = folder / "data", folder / "data/work"
    own = (".gitignore", ".dvc")  # what Git keeps
    hidden = [path for path in data.rglob(".*") if path.name not in own]
    kept = [*work.glob("checkpoints/*"), *work.glob("failed/**/*.json")]
    return sorted({*hidden, *kept, *work.glob("damaged/*")})


def halves(values: list[int]) -> tuple[int, int]:
    """Return the largest value of the third and of the fourth quarter of a run.

    What grows with the jobs is larger in the last; the first half is warming up.
    """
    half = values[len(values) // 2 :]
    middle = len(half) // 2
    return max(half[:middle], default=0), max(half[middle:], default=0)


def report(calm: Figures, stormy: Figures, n_jobs: int) -> Iterator[str]:
    """Yield the figures, a line each."""
    kills = ", ".join(f"{name} {stormy.kills[name]}" for name in VICTIMS)
    before, after = halves(calm.memory)
    open_before, open_after = halves(calm.files)
    yield f"jobs {n_jobs}; undisturbed {calm.seconds:.0f} s"
    yield f"disturbed {stormy.seconds:.0f} s, {stormy.n_runs} runs"
    yield f"kills {stormy.kills.total()}: {kills}"
    yield f"memory of the stage: {before / 1e6:.0f}, then {after / 1e6:.0f} MB"
    yield f"open files of the stage: {open_before}, then {open_after}"


def main() -> None:
    """Run both studies, print the figures, and exit with 1 on a broken promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        calm = project(Path(place) / "calm", chosen.jobs, chosen.steps)
        stormy = project(Path(place) / "stormy", chosen.jobs, chosen.steps)
        chance = random.Random(chosen.seed)
        spent = disturbed(stormy, chosen.minutes, chosen.kills, chance)
        usual = undisturbed(calm)
        for line in report(usual, spent, chosen.jobs):
            print(line)
        wrong = list(broken(calm.folder, stormy.folder, chosen.jobs))
    for line in wrong:
        print(f"BROKEN: {line}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
