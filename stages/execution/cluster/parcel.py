"""Jobs as bytes for another machine: weights go by their hash, not by their path."""

import io
import pickle
from typing import Any

from stages.execution.cluster.inputs import Inputs, published
from stages.representations.definition import WeightsFile
from stages.store.objects import Objects


class _Packer(pickle.Pickler):
    """Publishes the files of weights that it meets, and writes their names."""

    def __init__(self, file: io.BytesIO, objects: Objects) -> None:
        super().__init__(file)
        self._objects = objects

    def persistent_id(self, value: Any) -> tuple[str, str | None] | None:
        if not isinstance(value, WeightsFile):
            return None
        return published(self._objects, value.path, value.sha256), value.sha256


class _Unpacker(pickle.Unpickler):
    """Finds files of weights where this machine has them."""

    def __init__(self, file: io.BytesIO, inputs: Inputs) -> None:
        super().__init__(file)
        self._inputs = inputs

    def persistent_load(self, name: tuple[str, str | None]) -> WeightsFile:
        return WeightsFile(self._inputs.file(name[0]), name[1])


def packed(value: object, objects: Objects) -> bytes:
    """Return jobs, or what else has definitions in it, as bytes.

    The files of their weights are published.
    """
    file = io.BytesIO()
    _Packer(file, objects).dump(value)
    return file.getvalue()


def unpacked(data: bytes, inputs: Inputs) -> Any:
    """Return what is in the bytes, as `packed` made them: run only trusted ones."""
    return _Unpacker(io.BytesIO(data), inputs).load()
