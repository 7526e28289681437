"""One run of a network of any kind that gives the codes of many of its layers.

Each code is handed over as it is reached, before the network goes on; after the last
one it goes no further.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, cast

from torch import Tensor, nn

from stages.images import Images
from stages.representations.points import Point, code_at
from stages.representations.representation import Take


class _Enough(BaseException):
    """All layers are reached; not an Exception, which the network's code may catch."""


class Pass:
    """One run of a network: which calls of its modules are still waited for.

    `points` say where the layers' codes are read.
    """

    def __init__(self, points: Mapping[str, Point], images: Images, take: Take) -> None:
        self._points, self._images, self._take = points, images, take
        self._n_calls: Counter[str] = Counter()
        self._waiting: dict[tuple[str, int], list[str]] = {}
        for layer, point in points.items():
            self._waiting.setdefault((point.path, point.call), []).append(layer)

    @contextmanager
    def over(
        self, network: Callable[[Images], Any]
    ) -> Iterator[Callable[[Images], Tensor]]:
        """Yield the network such that it hands over codes when it is called.

        Raises ValueError if the call has not led to one of the layers.
        """

        def watched(images: Images) -> Tensor:
            self._note("", network(images))
            raise _Enough

        with ExitStack() as hooks, suppress(_Enough):
            for path in {path for path, _ in self._waiting if path}:
                module = cast(nn.Module, network).get_submodule(path)
                hooks.callback(module.register_forward_hook(self._hook(path)).remove)
            yield watched
        if self._waiting:
            path, _ = next(iter(self._waiting))
            raise ValueError(
                f"`layer` {path} was not reached: the network takes another way with "
                "these images than with those it was looked at with."
            )

    def _note(self, path: str, output: Any) -> None:
        """Hand over what a call gave, if it is waited for; stop after the last."""
        call = path, self._n_calls[path]
        self._n_calls[path] += 1
        for layer in self._waiting.pop(call, ()):
            # Of a function the point takes what it gives: it checks the output.
            point = self._points[layer]
            self._take(layer, code_at(lambda _: output, self._images, point))
        if not self._waiting:
            raise _Enough

    def _hook(self, path: str) -> Callable[[nn.Module, Any, Any], None]:
        """Return what notes the calls of the module at this path."""
        return lambda _, __, output: self._note(path, output)
