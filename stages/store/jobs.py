"""The job store: finished jobs by key, under `data/work`, outside DVC's outputs.

A finished job is one safetensors file; a failed one leaves a note with its reason; a
batch under way leaves a checkpoint. Only this module knows their names and formats.
The store survives kills and changed params: outputs are rebuilt out of it.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from stages.process.stage import Refusal, say
from stages.store import files
from stages.store.record import Checkpoint, Record


class JobStore:
    """The job store in a folder, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._finished = folder / "jobs"
        self._failed = folder / "failed"
        self._checkpoints = folder / "checkpoints"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other writer out, or refuse and say who is writing.

        The lock belongs to the process: the system drops it however the process ends.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        lock, owner = FileLock(self._folder / "lock"), self._folder / "owner"
        try:
            lock.acquire(timeout=0)
        except Timeout:
            who = owner.read_text() if owner.exists() else "unknown"
            raise Refusal(
                f"another run writes to {self._folder} (process {who}): wait until it "
                f"has ended, or stop it with `kill {who}`; it keeps what it finished"
            ) from None
        try:
            files.write_text(owner, str(os.getpid()))
            self._sweep()
            yield
        finally:
            lock.release()

    def _sweep(self) -> None:
        """Remove temporary files that a killed run left; it holds no lock now."""
        for folder in (self._finished, self._failed, self._checkpoints):
            for path in folder.rglob(".*"):
                path.unlink()

    def finished(self) -> set[str]:
        """Return the keys of all finished jobs."""
        return {path.stem for path in self._finished.glob("*/*.safetensors")}

    def failed(self) -> dict[str, str]:
        """Return the reasons of failed jobs by key."""
        notes = self._failed.glob("*.txt") if self._failed.is_dir() else ()
        return {path.stem: path.read_text() for path in notes}

    def save(self, key: str, record: Record) -> None:
        """Keep a finished job; a failure noted before is forgotten."""
        plain = {k: v for k, v in asdict(record).items() if k not in ("png", "trace")}
        plain["sha256"] = _checksum(record.png, record.trace)
        data = save(
            {
                "png": torch.from_numpy(np.frombuffer(record.png, np.uint8).copy()),
                "trace": record.trace.contiguous(),
            },
            metadata={"record": json.dumps(plain)},
        )
        files.write_bytes(self._path(key), data)
        (self._failed / f"{key}.txt").unlink(missing_ok=True)

    def load(self, key: str) -> Record | None:
        """Return a finished job; None if it is absent or its file is damaged."""
        path = self._path(key)
        if not path.exists():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                plain = json.loads(file.metadata()["record"])
                png = file.get_tensor("png").numpy().tobytes()
                trace = file.get_tensor("trace")
            if plain.pop("sha256") != _checksum(png, trace):
                raise ValueError("its checksum differs")
            plain["terms"] = tuple(plain["terms"])
            return Record(png=png, trace=trace, **plain)
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            say(f"{path} is damaged ({error}); its job is computed again")
            path.unlink()
            return None

    def save_failure(self, key: str, reason: str) -> None:
        """Note why a job failed; it is tried again in the next run."""
        files.write_text(self._failed / f"{key}.txt", reason)

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a batch under way, in place of its previous checkpoint."""
        tensors = {name: t.contiguous() for name, t in checkpoint.tensors.items()}
        data = save(tensors, metadata={"keys": json.dumps(checkpoint.keys)})
        files.write_bytes(self._checkpoint_path(checkpoint.keys), data)

    def checkpoints(self) -> list[Checkpoint]:
        """Return the batches under way; damaged ones are dropped."""
        paths = sorted(self._checkpoints.glob("*.safetensors"))
        return [found for path in paths if (found := _read_checkpoint(path))]

    def checkpoint(self, keys: tuple[str, ...]) -> Checkpoint | None:
        """Return the checkpoint of the batch of these jobs, if there is one."""
        path = self._checkpoint_path(keys)
        return _read_checkpoint(path) if path.exists() else None

    def drop_checkpoint(self, keys: tuple[str, ...]) -> None:
        """Forget the checkpoint of a batch that is finished."""
        self._checkpoint_path(keys).unlink(missing_ok=True)

    def unneeded(self, needed: set[str]) -> dict[Path, int]:
        """Return the files of jobs whose keys are not in `needed`, with their bytes."""
        files = [
            path
            for path in [
                *self._finished.glob("*/*.safetensors"),
                *self._failed.glob("*.txt"),
            ]
            if path.stem not in needed
        ]
        for checkpoint in self.checkpoints():
            if not needed & set(checkpoint.keys):
                files.append(self._checkpoint_path(checkpoint.keys))
        return {path: path.stat().st_size for path in sorted(files)}

    def _path(self, key: str) -> Path:
        return self._finished / key[:2] / f"{key}.safetensors"

    def _checkpoint_path(self, keys: Iterable[str]) -> Path:
        name = hashlib.sha256("".join(keys).encode()).hexdigest()[:32]
        return self._checkpoints / f"{name}.safetensors"


def _read_checkpoint(path: Path) -> Checkpoint | None:
    """Return a checkpoint; None if it is damaged: then it is dropped."""
    try:
        with safe_open(path, framework="pt") as file:
            keys = tuple(json.loads(file.metadata()["keys"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, KeyError, TypeError, ValueError):
        path.unlink()
        return None
    return Checkpoint(keys, tensors)


def _checksum(png: bytes, trace: Tensor) -> str:
    return hashlib.sha256(png + trace.contiguous().numpy().tobytes()).hexdigest()
