"""Finished jobs of a batch as one immutable piece of bytes.

A safetensors file: pictures and traces are its tensors, everything else stands as JSON
in its head, keys first, with one checksum over all. The head alone tells the keys.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from stages.store.places import digest
from stages.store.record import Record
from stages.store.seals import BrokenSeal
from stages.store.tensor_digest import tensors_digest

# Bytes that the head of a batch of some sixty jobs fits into.
HEAD = 1 << 16


def bundled(records: Mapping[str, Record]) -> bytes:
    """Return the records by key as bytes."""
    plain, tensors = [], {}
    for i, (key, record) in enumerate(records.items()):
        told = {k: v for k, v in asdict(record).items() if k not in ("png", "trace")}
        plain.append([key, told])
        png = np.frombuffer(record.png, np.uint8).copy()
        tensors[f"{i} png"] = torch.from_numpy(png)
        # A copy: the traces of a batch may be parts of one tensor.
        tensors[f"{i} trace"] = record.trace.clone().contiguous()
    text = json.dumps(plain)
    digest = tensors_digest(text, tensors)
    return bytes(save(tensors, metadata={"content": text, "sha256": digest}))


def unbundled(data: bytes) -> dict[str, Record]:
    """Return the records by key; raise BrokenSeal if the bytes are damaged."""
    told = _told(data)
    try:
        tensors = load(data)
    except SafetensorError as error:
        raise BrokenSeal(f"no tensors: {error}") from error
    if told.get("sha256") != tensors_digest(told["content"], tensors):
        raise BrokenSeal("its checksum differs")
    return {
        key: Record(
            png=tensors[f"{i} png"].numpy().tobytes(),
            trace=tensors[f"{i} trace"],
            **{**plain, "terms": tuple(plain["terms"])},
        )
        for i, (key, plain) in enumerate(json.loads(told["content"]))
    }


def head_bytes(data: bytes) -> int:
    """Return how long the head is that these bytes begin with."""
    if len(data) < 8:
        raise BrokenSeal("it is cut short")
    return 8 + int(struct.unpack("<Q", data[:8])[0])


def whole_bytes(head: bytes) -> int:
    """Return how long the bundle is that has this head."""
    ends = [one["data_offsets"][1] for one in _tensors(head).values()]
    return head_bytes(head) + max(ends, default=0)


def keys_in(data: bytes) -> list[str]:
    """Return the keys that a head tells; raise BrokenSeal if it is none."""
    try:
        keys = [f"{key}" for key, _ in json.loads(_told(data)["content"])]
        for key in keys:
            digest(key)
        return keys
    except (TypeError, ValueError) as error:
        raise BrokenSeal(f"its keys cannot be read: {error}") from error


def _told(data: bytes) -> dict[str, Any]:
    told: dict[str, Any] = _head(data).get("__metadata__", {})
    if "content" not in told:
        raise BrokenSeal("its head tells nothing")
    return told


def _tensors(data: bytes) -> dict[str, Any]:
    return {name: one for name, one in _head(data).items() if name != "__metadata__"}


def _head(data: bytes) -> dict[str, Any]:
    try:
        head: dict[str, Any] = json.loads(data[8 : head_bytes(data)])
    except ValueError as error:
        raise BrokenSeal(f"its head cannot be read: {error}") from error
    return head
