"""The text of the user's own code, as job keys cover it."""

import ast
import hashlib
import importlib.metadata
from pathlib import Path

from stages.plan.source_text import essence
from stages.representations.custom import own_module


def own_source(module_name: str) -> str:
    """Return what names the user's code in job keys.

    A hash of the text of the module and of those beside it that it imports, directly
    or not; of an installed package its name and version.
    """
    path = Path(own_module(module_name).__file__ or "")
    if distribution := _distribution(module_name, path):
        return f"{distribution} {importlib.metadata.version(distribution)}"
    root = path.parents[module_name.count(".") + (path.name == "__init__.py")]
    texts = [
        f"{file.relative_to(root).as_posix()}\n{essence(file)}"
        for file in sorted(_beside(path, root))
    ]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _distribution(module_name: str, path: Path) -> str | None:
    """Return the installed distribution that a module is of, None if it is of none."""
    # Which packages there are is asked of an installed module alone: it takes a while.
    if "site-packages" not in path.parts:
        return None
    packages = importlib.metadata.packages_distributions()
    return next(iter(packages.get(module_name.partition(".")[0], ())), None)


def _beside(path: Path, root: Path) -> set[Path]:
    """Return the file and the files under `root` that it imports, directly or not."""
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += _imported(file, root)
    return seen


def _imported(file: Path, root: Path) -> list[Path]:
    places: list[Path] = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names, base = [alias.name for alias in node.names], root
        elif isinstance(node, ast.ImportFrom):
            base = file.parents[node.level - 1] if node.level else root
            stem = f"{node.module}." if node.module else ""
            names = [node.module or "", *(f"{stem}{a.name}" for a in node.names)]
        else:
            continue
        for name in filter(None, names):
            place = base.joinpath(*name.split("."))
            places += [place.with_suffix(".py"), place / "__init__.py"]
    return [place for place in places if place.is_file()]
