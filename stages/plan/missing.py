"""The representations that a study must do without, and why."""

from stages.store import files, paths
from stages.weights import kept


def without_weights() -> dict[str, str]:
    """Return those whose weights could not be fetched."""
    return dict.fromkeys(kept.unreachable(), "its weights could not be fetched")


def without_code() -> dict[str, str]:
    """Return those that `extract` found to have no code to invert."""
    if not paths.LEFT_OUT.is_file():
        return {}
    reasons: dict[str, str] = files.read_json(paths.LEFT_OUT)
    return reasons


def missing() -> dict[str, str]:
    """Return all of them by name, each with the reason."""
    return without_weights() | without_code()
