"""The checksum of tensors: apart from other seals, whose readers need no torch."""

import hashlib
import json
from collections.abc import Mapping

from torch import Tensor, uint8


def tensors_digest(text: str, tensors: Mapping[str, Tensor]) -> str:
    """Return one sha256 over the text and all of the tensors, in 64 hex digits."""
    digest = hashlib.sha256(json.dumps(text).encode())
    for name, tensor in sorted(tensors.items()):
        head = json.dumps([name, str(tensor.dtype), list(tensor.shape)])
        digest.update(head.encode())
        plain = tensor.detach().cpu().contiguous().flatten().view(uint8)
        digest.update(plain.numpy().data)
    return digest.hexdigest()
