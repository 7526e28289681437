"""The version of the program that a report was made with: Git's, if there is one."""

import subprocess
from pathlib import Path

# What a run of the pipeline itself writes, and what says nothing about its results.
_WRITTEN = (":!dvc.lock", ":!reports")
_SECONDS = 20


def revision() -> str:
    """Return the short hash of the commit, and whether the files differ from it.

    Empty outside of Git. Files that Git does not track, and those that the pipeline
    writes, are not looked at.
    """
    commit = commit_of("HEAD")
    if not commit:
        return ""
    changed = _git(
        "status", "--porcelain", "--untracked-files=no", "--", ".", *_WRITTEN
    )
    return f"{commit}, with changes that are not committed" if changed else commit


def commit_of(name: str, folder: Path = Path()) -> str:
    """Return the short hash of what Git knows by this name, empty if it does not."""
    words = ("rev-parse", "--verify", "--quiet", "--short=12", "--end-of-options")
    return _git("-C", f"{folder}", *words, f"{name}^{{commit}}")


def _git(*words: str) -> str:
    """Return what a command of Git prints, nothing where it fails."""
    try:
        done = subprocess.run(
            ["git", *words], capture_output=True, text=True, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
