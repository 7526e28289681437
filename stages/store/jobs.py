"""The job store: finished jobs by key, under `data/work`, outside DVC's outputs.

A finished job is one safetensors file; a failed one leaves a note with its reason; a
batch under way leaves a checkpoint. Only this module knows their names and formats.
The store survives kills and changed params: outputs are rebuilt out of it.

A file carries one checksum over all that it holds and its own name. One that is not
what was written, or no such file at all, is set aside under `damaged`, and told.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from stages.process.stage import Refusal, say
from stages.store import files
from stages.store.record import Checkpoint, Record
from stages.store.seals import BrokenSeal, sealed_json, unsealed_json
from stages.store.tensor_digest import tensors_digest

# What each folder holds, and under which names it is being written.
_ENTRIES = {
    "jobs": re.compile(r"[0-9a-f]{2}/[0-9a-f]+\.safetensors"),
    "failed": re.compile(r"[0-9a-f]+\.json"),
    "checkpoints": re.compile(r"[0-9a-f]+\.safetensors"),
}
_TEMPORARY = re.compile(r"(.*/)?\.[0-9a-f]+\.(safetensors|json)\.[^/]*")


class JobStore:
    """The job store in a folder, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._finished = folder / "jobs"
        self._failed = folder / "failed"
        self._checkpoints = folder / "checkpoints"
        self._damaged = folder / "damaged"

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
            who = _owner(owner)
            raise Refusal(
                f"another run writes to {self._folder} (process {who}): wait until it "
                f"has ended, or stop it with `kill {who}`; it keeps what it finished"
            ) from None
        try:
            files.write_text(owner, str(os.getpid()))
            for name, form in _ENTRIES.items():
                self._tidy(self._folder / name, form)
            yield
        finally:
            lock.release()

    def _tidy(self, folder: Path, form: re.Pattern[str]) -> None:
        """Remove what a killed run left half written; set aside what is not ours."""
        for path in _entries(folder):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and _TEMPORARY.fullmatch(name):
                path.unlink()
            elif not path.is_file() or not form.fullmatch(name):
                self._set_aside(path, "not a file of the store")

    def _set_aside(self, path: Path, why: object) -> None:
        """Move what is damaged out of the way, and tell the user."""
        self._damaged.mkdir(parents=True, exist_ok=True)
        n, place = 0, self._damaged / path.name
        while os.path.lexists(place):
            n += 1
            place = self._damaged / f"{n}-{path.name}"
        path.rename(place)
        say(
            f"{path} is damaged ({why}): it was set aside as {place}, and what is "
            "needed is computed again"
        )

    def finished(self) -> set[str]:
        """Return the keys of all finished jobs."""
        return {path.stem for path in self._files("jobs")}

    def failed(self) -> dict[str, str]:
        """Return the reasons of failed jobs by key."""
        notes = {path: self._note(path) for path in self._files("failed")}
        return {path.stem: note for path, note in notes.items() if note is not None}

    def _note(self, path: Path) -> str | None:
        try:
            key, reason = unsealed_json(path.read_bytes())
            if key != path.stem:
                raise BrokenSeal("it is the note of another job")
            return f"{reason}"
        except (OSError, TypeError, ValueError, BrokenSeal) as error:
            self._set_aside(path, error)
            return None

    def _files(self, name: str) -> list[Path]:
        """Return the store's own files in one of its folders, in order."""
        folder, form = self._folder / name, _ENTRIES[name]
        return [
            path
            for path in _entries(folder)
            if form.fullmatch(path.relative_to(folder).as_posix()) and path.is_file()
        ]

    def save(self, key: str, record: Record) -> None:
        """Keep a finished job; a failure noted before is forgotten."""
        plain = {k: v for k, v in asdict(record).items() if k not in ("png", "trace")}
        png = torch.from_numpy(np.frombuffer(record.png, np.uint8).copy())
        data = _sealed(key, plain, {"png": png, "trace": record.trace})
        files.write_bytes(self._path(key), data)
        self.forget_failure(key)

    def holds(self, key: str) -> bool:
        """Return whether a job is finished, and its file is sound."""
        return self.load(key) is not None

    def load(self, key: str) -> Record | None:
        """Return a finished job; None if it is absent or its file is damaged."""
        opened = self._unsealed(self._path(key), key)
        if opened is None:
            return None
        plain, tensors = opened
        plain["terms"] = tuple(plain["terms"])
        png = tensors["png"].numpy().tobytes()
        return Record(png=png, trace=tensors["trace"], **plain)

    def _unsealed(self, path: Path, name: str) -> tuple[Any, dict[str, Tensor]] | None:
        """Return what a file holds; None if it is absent, or damaged and set aside."""
        try:
            return _opened(path, name)
        except FileNotFoundError:
            return None
        except (PermissionError, SafetensorError, BrokenSeal) as error:
            self._set_aside(path, error)
            return None

    def save_failure(self, key: str, reason: str) -> None:
        """Note why a job failed; it is tried again in the next run."""
        files.write_text(self._failed / f"{key}.json", sealed_json([key, reason]))

    def forget_failure(self, key: str) -> None:
        """Forget that a job failed, if it did."""
        (self._failed / f"{key}.json").unlink(missing_ok=True)

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a batch under way, in place of its previous checkpoint."""
        path = self._checkpoint_path(checkpoint.keys)
        data = _sealed(path.stem, list(checkpoint.keys), checkpoint.tensors)
        files.write_bytes(path, data)

    def checkpoints(self) -> list[Checkpoint]:
        """Return the batches under way; damaged ones are set aside."""
        read = (self._checkpoint(path) for path in self._files("checkpoints"))
        return [one for one in read if one is not None]

    def checkpoint(self, keys: tuple[str, ...]) -> Checkpoint | None:
        """Return the checkpoint of the batch of these jobs, if there is one."""
        return self._checkpoint(self._checkpoint_path(keys))

    def _checkpoint(self, path: Path) -> Checkpoint | None:
        opened = self._unsealed(path, path.stem)
        return None if opened is None else Checkpoint(tuple(opened[0]), opened[1])

    def drop_checkpoint(self, keys: tuple[str, ...]) -> None:
        """Forget the checkpoint of a batch that is finished."""
        self._checkpoint_path(keys).unlink(missing_ok=True)

    def unneeded(self, needed: set[str]) -> dict[Path, int]:
        """Return the files of jobs whose keys are not in `needed`, with their bytes.

        What was set aside as damaged is needed by nobody.
        """
        ours = [*self._files("jobs"), *self._files("failed")]
        dropped = [path for path in ours if path.stem not in needed]
        dropped += [path for path in self._damaged.rglob("*") if path.is_file()]
        for checkpoint in self.checkpoints():
            if not needed & set(checkpoint.keys):
                dropped.append(self._checkpoint_path(checkpoint.keys))
        return {path: path.stat().st_size for path in sorted(dropped)}

    def _path(self, key: str) -> Path:
        return self._finished / key[:2] / f"{key}.safetensors"

    def _checkpoint_path(self, keys: Iterable[str]) -> Path:
        name = hashlib.sha256("".join(keys).encode()).hexdigest()[:32]
        return self._checkpoints / f"{name}.safetensors"


def _owner(path: Path) -> str:
    """Return the process that holds the lock, as it wrote its number."""
    with suppress(OSError, ValueError):
        return f"{int(path.read_text())}"
    return "unknown"


def _entries(folder: Path) -> list[Path]:
    """Return what lies in a folder of the store, in order.

    A folder that is none, or that cannot be listed, is an entry itself.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        return [folder]
    entries: list[Path] = []

    def closed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            entries.append(Path(error.filename))

    for place, folders, names in os.walk(folder, onerror=closed):
        # Jobs lie one folder deep; what is deeper is one entry as a whole.
        if folder.name != "jobs" or Path(place) != folder:
            names += folders
            folders.clear()
        entries += [Path(place, name) for name in names]
    return sorted(entries)


def _sealed(name: str, content: object, tensors: dict[str, Tensor]) -> bytes:
    """Return a file of JSON and tensors, with one checksum over them and its name."""
    text = json.dumps(content)
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    digest = tensors_digest(f"{name} {text}", whole)
    return bytes(save(whole, metadata={"content": text, "sha256": digest}))


def _opened(path: Path, name: str) -> tuple[Any, dict[str, Tensor]]:
    """Return what a file of `_sealed` holds; raise BrokenSeal if it is another's."""
    if not path.is_file():
        if os.path.lexists(path):
            raise BrokenSeal("it is no file")
        raise FileNotFoundError(path)
    with safe_open(path, framework="pt") as file:
        told = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    text = told.get("content", "")
    if told.get("sha256") != tensors_digest(f"{name} {text}", tensors):
        raise BrokenSeal("its checksum differs")
    return json.loads(text), tensors
