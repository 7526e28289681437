"""Work shared among processes: each takes the next item until none is left.

On a CPU, several processes of one thread each are faster than one process of several
threads: small images leave threads little to share, and they wait for each other at
every operation.

Each process talks to this one through a pipe of its own, so that one that is killed in
the middle of a word takes no other with it. Asked to stop, this process asks the
others, and waits until they have kept what they have; should it be killed, they notice
that nobody listens, and stop by themselves.
"""

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

import psutil

from stages.process.loading import SIGNALS
from stages.process.stage import Interrupted, Refusal, listen, refused_by_system

Item = TypeVar("Item")
Advance = Callable[[float], None]
Run = Callable[[Item, Advance], object]
# Told the item that a process died with, how, and the progress that it had made of it;
# returns what is to be run in its place.
Lost = Callable[[Item, str, float], Sequence[Item]]

# A new process each, not a copy of this one: threads do not survive being copied.
_SPAWN = multiprocessing.get_context("spawn")


def n_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def most_processes(n_bytes: int) -> int:
    """Return how many processes of so much memory there is room and a core for."""
    free = int(psutil.virtual_memory().available)
    return max(1, min(n_cores(), free // n_bytes))


@dataclass
class _Worker(Generic[Item]):
    """A process, its place among the others, the pipe to it, its item and progress."""

    slot: int
    process: BaseProcess
    pipe: Connection
    item: Item
    progress: float = 0.0


@dataclass(frozen=True)
class _Done:
    """A process's word that its item is done, and what came of it."""

    result: object


def share(
    items: Sequence[Item],
    run: Run[Item],
    n_processes: int,
    *,
    setup: Callable[[int], object],
    advance: Advance,
    lost: Lost[Item],
    finished: Callable[[Item, Any], None] = lambda item, result: None,
) -> None:
    """Run every item in one of the processes.

    `setup` is called once in each process, with a slot from 0 that no other has
    meanwhile, `run` with each item and a function to call with the progress made,
    which reaches `advance` here; what it returns reaches `finished`. All of these and
    the items must survive pickling. Where a process dies, another takes its place;
    `lost` says what becomes of the item, of which the progress is taken back. Raises
    Refusal where a run does, or where disk or memory are too short for it: that is true
    for all of them.
    """
    waiting, workers = deque(items), list[_Worker[Item]]()

    def hire(slot: int) -> None:
        if waiting:
            workers.append(_started(run, setup, slot, waiting.popleft()))

    with _stopped_in_the_end(workers):
        for slot in range(n_processes):
            hire(slot)
        while workers:
            for worker in _heard(workers):
                word = _word(worker)
                if isinstance(word, Refusal):
                    raise word
                if isinstance(word, float):
                    worker.progress += word
                    advance(word)
                    continue
                if isinstance(word, _Done):
                    finished(worker.item, word.result)
                    if waiting:
                        worker.item, worker.progress = waiting.popleft(), 0.0
                        _send(worker.pipe, worker.item)
                        continue
                workers.remove(worker)
                _dismiss(worker)
                if isinstance(word, str):
                    again = lost(worker.item, word, worker.progress)
                    waiting.extendleft(reversed(again))
                    advance(-worker.progress if again else 0.0)
                    hire(worker.slot)


def _started(
    run: Run[Item], setup: Callable[[int], object], slot: int, item: Item
) -> _Worker[Item]:
    process, pipe = started(_serve, run, partial(setup, slot))
    _send(pipe, item)
    return _Worker(slot, process, pipe, item)


def started(
    serve: Callable[..., None], *arguments: object
) -> tuple[BaseProcess, Connection]:
    """Start a process that calls `serve` with a pipe to it and these arguments.

    Return it and this end of the pipe.
    """
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=serve, args=(there, *arguments), daemon=True)
    # A terminal sends these to all processes. The new one ignores them, also while it
    # starts; it is asked to stop by this one.
    numbers = {*SIGNALS} - {signal.SIGTERM}
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        process.start()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    there.close()
    return process, here


def _send(pipe: Connection, item: object) -> None:
    """Send an item; where nobody listens any more, the next word heard will say so."""
    with suppress(OSError):
        pipe.send(item)


def _heard(workers: Sequence[_Worker[Item]]) -> list[_Worker[Item]]:
    """Return the workers that have something to say, or have died; wait for one."""
    ready = wait([worker.pipe for worker in workers])
    return [worker for worker in workers if worker.pipe in ready]


def _word(worker: _Worker[Item]) -> float | str | Refusal | _Done:
    """Return progress as a number, that the item is done, or how the process ended."""
    try:
        return worker.pipe.recv()  # type: ignore[no-any-return]
    except (EOFError, OSError):
        return death(worker.process)


def death(process: BaseProcess) -> str:
    """Return how a process ended; waits until it has."""
    process.join()
    code = process.exitcode or 0
    if code >= 0:
        return f"its process ended with code {code}"
    name = signal.Signals(-code).name
    why = ", perhaps for want of memory" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{why}"


def _dismiss(worker: _Worker[Item]) -> None:
    worker.pipe.close()
    worker.process.join()


@contextmanager
def _stopped_in_the_end(workers: list[_Worker[Item]]) -> Iterator[None]:
    """Ask the workers that are left to stop, whatever happened, and wait for them."""
    try:
        yield
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            _dismiss(worker)


def _serve(pipe: Connection, run: Run[Item], setup: Callable[[], object]) -> None:
    """Run the items that come through the pipe, in a process of its own."""
    listen([signal.SIGTERM], quiet=True)

    def advance(amount: float) -> None:
        try:
            pipe.send(float(amount))
        except OSError:  # nobody listens any more
            os.kill(os.getpid(), signal.SIGTERM)

    try:
        setup()
        for item in iter(partial(_received, pipe), None):
            _send(pipe, _Done(run(item, advance)))
    except Interrupted as interrupted:
        sys.exit(interrupted.exit_code)
    except Exception as error:
        refusal = _refusal(error)
        if refusal is None:
            raise
        # This process ends now in any case; being asked to would be told as an error.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _send(pipe, refusal)


def _refusal(error: Exception) -> Refusal | None:
    """Return what is to end the whole stage; None for a failure of this process."""
    if isinstance(error, Refusal):
        # Without what a subclass needs to be made.
        return Refusal(f"{error}")
    refused = refused_by_system(error)
    return Refusal(refused) if refused else None


def _received(pipe: Connection) -> Any:
    """Return the next item, None where there will be none."""
    try:
        return pipe.recv()
    except (EOFError, OSError):
        return None
