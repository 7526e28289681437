"""What a stage costs before its own work: processor time of importing its module.

    python -m tests.benchmarks.start_up [--runs 5]

The least of several runs counts, user and system time together; the slowest imports are
told by `python -X importtime`. Bounds are those of two quiet cores.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator

from tests.benchmarks.machine import described, keep

# Seconds at most: without torch, and with it.
WITHOUT_TORCH, WITH_TORCH = 1.5, 3.0
STAGES = ("fetch", "extract", "invert", "score", "report", "study")
TIMED = """
import resource, sys
import stages.{stage}
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, "torch" in sys.modules)
"""


def timed(stage: str, n_runs: int) -> tuple[float, bool]:
    """Return the least processor time in seconds, and whether torch was loaded."""
    code = TIMED.format(stage=stage)
    runs = [
        subprocess.check_output([sys.executable, "-c", code], text=True).split()
        for _ in range(n_runs)
    ]
    return min(float(seconds) for seconds, _ in runs), runs[0][1] == "True"


def slowest(stage: str, n: int = 3) -> str:
    """Return the packages from elsewhere that take longest, in milliseconds."""
    command = [sys.executable, "-X", "importtime", "-c", f"import stages.{stage}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    lines = re.findall(r"\|\s+(\d+) \|\s+(\w+)$", told, re.MULTILINE)
    longest = sorted(((int(us), name) for us, name in lines), reverse=True)
    packages = [(us, name) for us, name in longest if name != "stages"][:n]
    return ", ".join(f"{name} {us / 1000:.0f}" for us, name in packages)


def report(n_runs: int) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    yield "# Start of the stages\n"
    yield described("start_up")
    yield "| stage | seconds | bound | slowest packages, ms with what they import |"
    yield "| --- | --- | --- | --- |"
    for stage in STAGES:
        seconds, torch = timed(stage, n_runs)
        bound = WITH_TORCH if torch else WITHOUT_TORCH
        met = "met" if seconds <= bound else "NOT MET"
        yield f"| {stage} | {seconds:.2f} | {bound:g} {met} | {slowest(stage)} |"


def main() -> None:
    """Print the report and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    keep("start_up", report(parser.parse_args().runs))


if __name__ == "__main__":
    main()
