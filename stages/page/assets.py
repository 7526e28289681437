"""The page's styles and scripts: joined, and named in a content security policy.

All of `styles/` are joined, `page.css` first, the others by name. The modules in
`scripts/` are joined into one, in `ORDER`, the others by name before the last; their
`import` statements and the word `export` are taken out, so that a name may be declared
in one module alone (tested).
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

_FOLDER = Path(__file__).parent
ORDER = ["study", "numbers", "pictures", "state", "elements"]
LAST = "main"


def css() -> str:
    """Return all styles: those of the page, then those of its parts."""
    paths = sorted(
        (_FOLDER / "styles").glob("*.css"), key=lambda path: (path.stem != "page", path)
    )
    return "\n".join(path.read_text() for path in paths)


def script() -> str:
    """Return all modules as one: no module needs another one's file."""
    paths = {path.stem: path for path in sorted((_FOLDER / "scripts").glob("*.js"))}
    names = [*ORDER, *(name for name in paths if name not in (*ORDER, LAST)), LAST]
    return "\n".join(joined(paths[name].read_text()) for name in names)


def joined(text: str) -> str:
    """Return a module's text without its imports and without the word `export`."""
    text = re.sub(r"^import [^;]*;\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^export ", "", text, flags=re.MULTILINE)


def policy(styles: Sequence[str], scripts: Sequence[str], *, folder: bool) -> str:
    """Return a policy under which only these and inlined pictures are loaded.

    With `folder`, also pictures beside the page: opened as a file, it has no origin
    that all browsers call its own, so that the scheme is allowed, too.
    """
    beside = " 'self' file:" if folder else ""
    return (
        f"default-src 'none'; img-src data: blob:{beside}; "
        f"style-src {_digests(styles)}; script-src {_digests(scripts)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digests(texts: Sequence[str]) -> str:
    hashes = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in hashes)
