"""Whether there is room on the disk for what a stage is about to write."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import torch

from stages.params.execution import ExecutionSettings
from stages.plan.representations import code_shape
from stages.plan.study import Expanded
from stages.process.stage import Refusal

ASK = (
    "ask for less, or write `execution: {allow_large: true}` (`python -m stages.study` "
    "shows what the study amounts to)"
)


def codes_bytes(study: Expanded, n_pictures: int) -> int:
    """Return the bytes of the codes that `extract` stores."""
    if study.execution.targets == "recompute":
        return 0
    asked = {(s.definition, s.layer) for one in study.entries for s in one.settings}
    sizes = (torch.Size(code_shape(*one)).numel() for one in asked)
    return 4 * n_pictures * sum(sizes)


def check_room(execution: ExecutionSettings, needed: Mapping[Path, int]) -> None:
    """Raise Refusal if there is no room for so many bytes in these folders.

    Folders on one disk share its room.
    """
    disks: dict[int, tuple[Path, int]] = {}
    for folder, n_bytes in needed.items():
        disk = _existing(folder).stat().st_dev
        disks[disk] = folder, disks.get(disk, (folder, 0))[1] + n_bytes
    for folder, n_bytes in disks.values():
        free = free_bytes(folder)
        if n_bytes > free and not execution.allow_large:
            raise Refusal(
                f"{folder} needs about {gigabytes(n_bytes)} of disk for what is left "
                f"of the study, and {gigabytes(free)} is free: nothing was computed, "
                f"nothing is lost; make room, {ASK}"
            )


def free_bytes(folder: Path) -> int:
    """Return the room where the folder is, or will be."""
    return shutil.disk_usage(_existing(folder)).free


def _existing(folder: Path) -> Path:
    there = folder.resolve()
    while not there.is_dir():
        there = there.parent
    return there


def gigabytes(n_bytes: float) -> str:
    """Return the bytes in words for people."""
    return f"{n_bytes / 1e9:,.2f} GB" if n_bytes >= 1e7 else f"{n_bytes / 1e6:.2f} MB"
