"""The set-up of a process: what it changes, and that it stays."""

import subprocess
import sys

import torch

from stages.process.setup import set_up_process

DENORMAL = 1e-40


def test_denormal_numbers_are_taken_for_zero_from_then_on():
    assert torch.tensor([DENORMAL]).mul(1.0).item() > 0
    set_up_process()
    set_up_process()
    assert torch.tensor([DENORMAL]).mul(1.0).item() == 0


# Tensors of 32 MiB that come and go: without the set-up each of their pages is asked of
# the kernel again.
FAULTS = """
import resource, sys, torch
if sys.argv[1] == "set up":
    from stages.process.setup import set_up_process
    set_up_process()
for _ in range(20):
    torch.ones(1 << 23)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    torch.ones(1 << 23)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how):
    command = [sys.executable, "-c", FAULTS, how]
    return int(subprocess.run(command, capture_output=True, check=True).stdout)


def test_freed_memory_stays_with_the_process():
    assert faults("set up") < faults("as it comes") / 4
