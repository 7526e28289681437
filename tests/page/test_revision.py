"""The version of the program: Git's, whether it was changed, none outside of Git."""

import subprocess

from stages.page.revision import revision

NAMED = ["-c", "user.name=a", "-c", "user.email=a@example.org"]


def git(*words):
    done = subprocess.run(["git", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_outside_of_git_there_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert revision() == ""


def test_it_is_the_commit_and_says_what_was_changed_since(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    for name in ("a.txt", "dvc.lock"):
        (tmp_path / name).write_text("1")
    git("add", ".")
    git(*NAMED, "commit", "-q", "-m", "one")
    commit = git("rev-parse", "--short=12", "HEAD")
    assert revision() == commit
    # What the pipeline writes itself, and what is not tracked, changes nothing.
    (tmp_path / "dvc.lock").write_text("2")
    (tmp_path / "new.txt").write_text("2")
    assert revision() == commit
    (tmp_path / "a.txt").write_text("2")
    assert revision() == f"{commit}, with changes that are not committed"
