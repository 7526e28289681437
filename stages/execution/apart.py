"""Codes of a network of the user's own, computed in a process of their own.

The network may raise, or end its process. That costs the codes of the picture that it
cannot take, no other, and never the stage.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import torch

from stages.execution.blame import one_line
from stages.execution.device import prepare
from stages.execution.workers import death, started
from stages.images import Codes, Images
from stages.plan.representations import code_shape
from stages.process.stage import say
from stages.representations.definition import Definition
from stages.representations.loading import cut

# Prepares a process, and returns the device that it computes on.
Setup = Callable[[], torch.device]


class _Failed(Exception):
    """There is no code; the message is the reason."""


class CodesApart:
    """The codes of a representation, from a process that begins when it is needed.

    `setup` is called there first, and must survive pickling. `close` ends the process.
    """

    def __init__(self, defined: Definition, setup: Setup) -> None:
        self._defined, self._setup = defined, setup
        self._running: tuple[BaseProcess, Connection] | None = None

    def codes(self, layer: str, images: Images) -> Codes:
        """Return the layer's codes of the images, on the CPU; NaN where it has none.

        Images are tried one by one where not all at once can be taken; the reason is
        said.
        """
        try:
            return self._asked(layer, images)
        except _Failed as failed:
            if len(images) > 1:
                return torch.cat([self.codes(layer, one[None]) for one in images])
            say(f"{layer}: a picture has no code to score: {failed}")
            return torch.full((1, *code_shape(self._defined, layer)), torch.nan)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._running is not None:
            process, pipe = self._running
            pipe.close()
            process.terminate()
            process.join()
            self._running = None

    def _asked(self, layer: str, images: Images) -> Codes:
        if self._running is None:
            self._running = started(_answer, self._defined, self._setup)
        process, pipe = self._running
        try:
            pipe.send((layer, images.cpu().numpy()))
            answer = pipe.recv()
        except (EOFError, OSError):
            how = death(process)
            self.close()
            raise _Failed(how) from None
        if isinstance(answer, str):
            raise _Failed(answer)
        return torch.from_numpy(answer)


def codes_apart(defined: Definition, device: torch.device) -> CodesApart:
    """Return the one other process that computes a representation's codes."""
    return _known(defined, defined.own_code(), f"{device}")


@cache
def _known(defined: Definition, source: str | None, device: str) -> CodesApart:
    """Return the process of this source: another one has other codes."""
    return CodesApart(defined, partial(prepare, device))


def _answer(pipe: Connection, defined: Definition, setup: Setup) -> None:
    """Answer with codes or with what was raised, until nobody asks any more."""
    device = setup()
    with suppress(EOFError, OSError):
        while True:
            layer, images = pipe.recv()
            pipe.send(_attempted(defined, layer, images, device))


def _attempted(
    defined: Definition, layer: str, images: Any, device: torch.device
) -> Any:
    try:
        with torch.no_grad():
            pixels = torch.from_numpy(images).to(device)
            return cut(defined, layer, device)(pixels).cpu().numpy()
    # The user's code: whatever it raises is told.
    except Exception as error:
        return f"{type(error).__name__}: {one_line(error)}"
