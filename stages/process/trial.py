"""A trial of code that may end its process: in a copy of this one, first.

Where a process cannot be copied there is no trial. A copy has none of the original's
threads, so what is tried must get on without them.
"""

import os
import signal
import sys
import warnings
from collections.abc import Callable

import torch


def ending(call: Callable[[], object]) -> str:
    """Return how `call` ends a process that runs it; empty if it returns or raises.

    What it raises or returns is lost, as is all else that it does but to files.
    """
    if not sys.platform.startswith("linux"):
        return ""
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # Python warns of the threads that a copy does not have.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process == 0:
        _try(call)
    code = os.waitstatus_to_exitcode(_waited_for(process))
    if code == _RETURNED:
        return ""
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}"
    return f"it ended its process with code {code}"


# Told apart from the codes that programs end with.
_RETURNED = 213


def _waited_for(process: int) -> int:
    """Return the status that the copy ends with; it does not outlive this process."""
    try:
        return os.waitpid(process, 0)[1]
    except BaseException:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        raise


def _try(call: Callable[[], object]) -> None:
    """Run the call in the copy, whose words nobody is to hear twice."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    code = _RETURNED
    torch.set_num_threads(1)  # the copy has no other
    try:
        call()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    # It is raised again where it is caught.
    except BaseException:
        pass
    finally:
        os._exit(code)
