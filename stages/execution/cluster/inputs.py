"""Files that workers need, in the shared place under the hash of what they hold."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from stages.process.stage import Refusal
from stages.store import files
from stages.store.file_hash import file_hash, sha256
from stages.store.objects import Objects


def published(objects: Objects, path: Path, digits: str | None = None) -> str:
    """Put the file into the shared place, and return its name there.

    `digits` is what names its content; by default the sha256 of all of it.
    """
    name = f"inputs/{digits or sha256(path)}{path.suffix}"
    objects.put_file(name, path)
    return name


def published_folder(objects: Objects, folder: Path) -> dict[str, str]:
    """Publish the Python files in a folder, and below; return their names by path."""
    found = sorted(folder.rglob("*.py"))
    return {
        one.relative_to(folder).as_posix(): published(objects, one) for one in found
    }


class Inputs:
    """The published files as a worker has them: in place, or in a folder of its own."""

    def __init__(self, objects: Objects, folder: Path) -> None:
        self.objects, self._folder = objects, folder

    def file(self, name: str) -> Path:
        """Return a published file; one from far away is fetched once, and checked."""
        if self.objects.folder is not None:
            return self.objects.folder / name
        place = self._folder / name
        if not place.is_file():
            files.write_bytes(place, self.objects.get(name))
            if file_hash(place) != place.stem:
                place.unlink()
                raise Refusal(f"{name} in {self.objects.url} is damaged: remove it")
        return place

    def modules(self, listed: Mapping[str, str]) -> Path:
        """Return a folder of modules, made of published files by their paths in it."""
        folder = self._folder / "models"
        for path, name in listed.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.file(name), place)
        return folder
