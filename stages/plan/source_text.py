"""The program text behind a result: which modules it ran through, and what they say.

Two uses: a job's key covers the text of the modules that its pre-image depends on, and
every DVC stage must list what it imports. Both read the imports from the syntax tree;
nothing is executed. Imports under `if TYPE_CHECKING:` are for readers alone.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = "stages"
ROOT = Path(__file__).parents[2]


def module_file(module: str) -> Path | None:
    """Return the file of a module of this package, None if there is no such module."""
    base = ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def imports(path: Path) -> set[str]:
    """Return the modules of this package that running the file imports.

    Packages that an import passes through are among them: Python runs them, too. Not
    the house itself, whose own file sets up commands and computes nothing.
    """
    names: set[str] = set()
    nodes = (node for node in ast.walk(_run(path)) if isinstance(node, _IMPORTS))
    for node in nodes:
        for name in _imported(node, path):
            parts = name.split(".")
            names |= {".".join(parts[: i + 1]) for i in range(1, len(parts))}
    return {name for name in names if _ours(name)}


_IMPORTS = (ast.Import, ast.ImportFrom)


def _imported(node: ast.Import | ast.ImportFrom, path: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    else:
        # `from stages.preimage import adam` names a module, not a function.
        module = _absolute(node, path)
        yield from (f"{module}.{alias.name}" for alias in node.names)


@cache
def _run(path: Path) -> ast.Module:
    """Return the file's syntax tree without what only type checkers read."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            if isinstance(block := getattr(node, name, None), list):
                kept = [x for x in block if not isinstance(x, ast.If) or _runs(x)]
                setattr(node, name, kept)
    return tree


def _runs(node: ast.If) -> bool:
    return ast.unparse(node.test) != "TYPE_CHECKING"


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
    """Return the files of the modules and of all that they import, directly or not."""
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
    """Return a hash of what the files say, wherever they lie.

    An import counts by the text of the module that it names, so that moving a file
    changes nothing. Comments, docstrings, layout and the annotations of functions do
    not count; those of classes do, since they make fields. Nor does a package that
    says nothing but its docstring.
    """
    texts = sorted(text for path in files if (text := _without_paths(path)) != _NOTHING)
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


# What is left of a module that only has a docstring.
_NOTHING = "pass"


@cache
def _without_paths(path: Path) -> str:
    """Return the file's program text, modules of this package named by their text."""
    tree = ast.parse(essence(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = _absolute(node, path)
            if _ours(module):
                node.module, node.level = _by_text(module), 0
            for alias in node.names:
                if _ours(f"{module}.{alias.name}"):
                    alias.asname = alias.asname or alias.name
                    alias.name = _by_text(f"{module}.{alias.name}")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if _ours(alias.name):
                    alias.name = _by_text(alias.name)
        elif isinstance(node, ast.Constant):
            _drop_module(node)
    return ast.unparse(tree)


def _drop_module(node: ast.Constant) -> None:
    """Take the module out of a string that names one to import later.

    Its own text counts for the jobs that run through it.
    """
    if isinstance(node.value, str):
        module, colon, name = node.value.partition(":")
        if _ours(module):
            node.value = colon + name


@cache
def _by_text(module: str) -> str:
    """Return a name made of the text of a module, its own imports left out."""
    path = module_file(module)
    if path is None:
        raise ValueError(f"`module` must be one of {PACKAGE}, got {module!r}.")
    tree = ast.parse(essence(path))
    for node in ast.walk(tree):
        if isinstance(body := getattr(node, "body", None), list):
            kept = [one for one in body if not isinstance(one, _IMPORTS)]
            setattr(node, "body", kept or [ast.Pass()])  # noqa: B010 of many types
        if isinstance(node, ast.Constant):
            _drop_module(node)
    return "m" + hashlib.sha256(ast.unparse(tree).encode()).hexdigest()


@cache
def essence(path: Path) -> str:
    """Return the program text of a file without what changes no result.

    Comments, docstrings, layout, annotations of functions, and what is for type
    checkers alone.
    """
    tree = ast.parse(ast.unparse(_run(path)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | _FUNCTIONS):
            node.body = _without_docstring(node.body) or [ast.Pass()]
        if isinstance(node, _FUNCTIONS):
            _drop_annotations(node)
    return ast.unparse(tree)


_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def _drop_annotations(function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    function.returns = None
    of = function.args
    extra = [one for one in (of.vararg, of.kwarg) if one is not None]
    for argument in [*of.posonlyargs, *of.args, *of.kwonlyargs, *extra]:
        argument.annotation = None


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    documented = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return body[1:] if documented else body
