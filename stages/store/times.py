"""How long each stage took when it last ran to its end.

Kept in the work folder, of which DVC knows nothing: a time is no result, so that it
makes no later stage run again, and a stage that is not run again keeps its own.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path

from stages.process.stage import Refusal
from stages.store import files, paths


@dataclass(frozen=True)
class StageTime:
    """The seconds by the clock, and those of all processors together."""

    wall: float
    cpu: float


def timed(stage: str, main: Callable[[], None]) -> Callable[[], None]:
    """Return `main` such that its time is kept under the stage's name, if it ends."""

    @wraps(main)
    def measured() -> None:
        wall, cpu = time.monotonic(), _cpu_seconds()
        main()
        taken = StageTime(time.monotonic() - wall, _cpu_seconds() - cpu)
        # The work is done and its time no result: a full disk is told of elsewhere.
        with suppress(Refusal, OSError):
            files.write_json(_place(stage), asdict(taken))

    return measured


def stage_times(stages: tuple[str, ...]) -> dict[str, StageTime]:
    """Return the times of these stages, of those that have one."""
    found = {}
    for stage in stages:
        with suppress(Refusal, OSError, TypeError):
            found[stage] = StageTime(**files.read_json(_place(stage)))
    return found


def _place(stage: str) -> Path:
    return paths.work() / "times" / f"{stage}.json"


def _cpu_seconds() -> float:
    """Return the processor time of this process and of its children that ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
