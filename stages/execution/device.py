"""The device that computes, and how the process is set up for it."""

from copy import deepcopy
from typing import TypeVar

import torch
from torch import nn

from stages.process.setup import set_up_process
from stages.process.stage import Refusal

Network = TypeVar("Network", bound=nn.Module)


def prepare(name: str, n_threads: int | None = None, slot: int = 0) -> torch.device:
    """Return the device called `auto`, `cpu`, `cuda` or `cuda:1`, ready for inversion.

    `auto` is a GPU if there is one: of several, each slot has its own, in this thread.
    `n_threads` are those of the CPU, by default one a core. Raises Refusal if there is
    no such device.
    """
    if n_threads is not None:
        torch.set_num_threads(n_threads)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
        if (n_gpus := n_devices()) > 1:
            torch.cuda.set_device(slot % n_gpus)
    if name.startswith("cuda"):
        _check_gpu(name)
    set_up_process()
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    return torch.device(name)


def n_devices() -> int:
    """Return among how many devices `auto` shares the processes: GPUs, or one CPU."""
    return max(1, torch.cuda.device_count()) if torch.cuda.is_available() else 1


def on_device(network: Network, device: torch.device) -> Network:
    """Return the network on the device: itself on the CPU, else a copy.

    The parts of a network share its weights, which must stay where they are.
    """
    return network if device.type == "cpu" else deepcopy(network).to(device)


def _check_gpu(name: str) -> None:
    count = torch.cuda.device_count()
    index = int(name.partition(":")[2] or 0)
    if index >= count:
        there = f"{count} GPUs were found" if count else "no GPU was found"
        raise Refusal(
            f"execution.device is {name}, but {there}; "
            "set it to auto or cpu in params.yaml"
        )


def description(device: torch.device) -> str:
    """Return what the device is, for the report: its type and, of a GPU, its name."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    n = torch.get_num_threads()
    return f"cpu ({n} thread{'s' if n > 1 else ''})"
