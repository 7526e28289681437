"""The program text behind a result: which modules it ran through, and what they say.

Two uses: a job's key covers the text of the modules that its pre-image depends on, and
every DVC stage must list the files that it imports. Both read the imports from the
syntax tree; nothing is executed.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = "stages"
ROOT = Path(__file__).parent.parent


def module_file(module: str) -> Path | None:
    """Return the file of a module of this package, None if there is no such module."""
    base = ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def imports(path: Path) -> set[str]:
    """Return the modules of this package that the file's import statements name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # `from stages.preimage import adam` names a module, not a function.
            module = _absolute(node, path)
            found.add(module)
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return {name for name in found if _ours(name)}


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    """Return the full name of the module that `from ... import` names."""
    if not node.level:
        return node.module or ""
    package = path.relative_to(ROOT).parts[: -node.level]
    return ".".join([*package, *filter(None, [node.module])])


def _ours(name: str) -> bool:
    return name.split(".")[0] == PACKAGE and module_file(name) is not None


@cache
def closure(*modules: str) -> frozenset[Path]:
    """Return the files of the modules and of all that they import, directly or not.

    The packages that an import passes through are not included unless they are named.
    """
    seen: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = module_file(name)
        if path is None:
            raise ValueError(f"`modules` must name modules of {PACKAGE}; got {name!r}.")
        if name not in seen:
            seen[name] = path
            waiting += imports(path)
    return frozenset(seen.values())


@cache
def digest(files: frozenset[Path]) -> str:
    """Return a hash of what the files say: comments, docstrings and layout aside."""
    texts = sorted(f"{path.relative_to(ROOT)}\n{essence(path)}" for path in files)
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def essence(path: Path) -> str:
    """Return the program text of a file without comments, docstrings and layout."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = _without_docstring(node.body) or [ast.Pass()]
    return ast.unparse(tree)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    documented = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return body[1:] if documented else body
