"""Files of weights: safetensors, written at once, equal bytes for equal weights."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from stages.store.files import replacing


def write(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> None:
    """Write the tensors and what is known of them; a reader never sees half a file."""
    # Copies: safetensors refuses tensors that share memory or are stored channels last.
    whole = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
    data = _ordered(save(whole, dict(metadata)))
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and the metadata of a file; raises FileNotFoundError."""
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        return tensors, file.metadata() or {}


def sha256(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _ordered(data: bytes) -> bytes:
    """Return the file with its metadata in alphabetical order.

    safetensors 0.8 writes it in another order every time. The file is the header's
    length in 8 bytes, the header in JSON, padded to a multiple of 8, and the tensors.
    """
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[end:]
