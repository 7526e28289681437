"""How a process is set up for descents: what its memory does, and denormal numbers.

Neither changes a picture; together they make a step of AlexNet's relu5 at 224 pixels
nine times as fast on two cores (0.33 s an image without, 0.036 s with).
"""

import ctypes
import sys

import torch

# glibc's mallopt(3): above the first threshold, memory comes from mmap and goes back to
# the kernel at every free; above the second, free memory on top of the heap goes back.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_GIBIBYTE = 1 << 30


def set_up_process() -> None:
    """Keep freed memory, and take denormal numbers for 0, from now on.

    For the whole process, which stays so; to do it again changes nothing.
    """
    _keep_memory()
    # Denormal numbers cost a hundred times a normal one and change no picture.
    torch.set_flush_denormal(True)


def _keep_memory() -> None:
    """Let freed memory stay with the process.

    Large tensors otherwise travel to the kernel and back at every step: three times
    the time for a DSIFT inversion. Other C libraries have no such call.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_MMAP_THRESHOLD, _GIBIBYTE)
        library.mallopt(_M_TRIM_THRESHOLD, _GIBIBYTE)
