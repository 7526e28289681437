"""What a benchmark ran on, how fast that machine multiplies and copies, and results."""

import platform
import time
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import torch

RESULTS = Path(__file__).parent / "results"


def described(command: str) -> str:
    """Return date, hardware and command, for the top of a result."""
    device = f"{torch.get_num_threads()} threads of {_processor()}"
    if torch.cuda.is_available():
        device = torch.cuda.get_device_name()
    return (
        f"{date.today()}, {device}, torch {torch.__version__}; "
        f"`python -m tests.benchmarks.{command}`."
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.machine()
    names = [line for line in info.read_text().splitlines() if "model name" in line]
    return names[0].partition(":")[2].strip() if names else platform.machine()


def keep(name: str, lines: Iterable[str], *, trial: bool = False) -> None:
    """Print the lines as they come, and write them to results/<name>.md.

    Those of a trial are printed alone.
    """
    told = []
    for line in lines:
        print(line, flush=True)
        told.append(line)
    if not trial:
        (RESULTS / f"{name}.md").write_text("\n".join(told) + "\n")


def fastest(work: Callable[[], object], *, seconds: float = 1.0) -> float:
    """Return the least seconds that the work took, over so many seconds of trying."""
    work()
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end or best == float("inf"):
        begun = time.perf_counter()
        work()
        synchronise()
        best = min(best, time.perf_counter() - begun)
    return best


def synchronise() -> None:
    """Wait for the GPU, where there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def multiply_rate(
    device: torch.device, side: int = 1536, precision: torch.dtype = torch.float32
) -> float:
    """Return the multiply-adds a second of a large matrix product."""
    a, b = (torch.rand(side, side, device=device).to(precision) for _ in range(2))
    return side**3 / fastest(lambda: a @ b)


def copy_rate(device: torch.device, n: int = 1 << 25) -> float:
    """Return the bytes a second, read and written, of a large copy."""
    source = torch.rand(n, device=device)
    target = torch.empty_like(source)
    return 2 * 4 * n / fastest(lambda: target.copy_(source))
