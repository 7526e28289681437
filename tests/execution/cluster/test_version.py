"""Other text on a worker is another program, and refused."""

import pytest

from stages.execution.cluster import version
from stages.process.stage import Refusal


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a program, files by name, in a new place."""

    def install(name, files):
        for file, text in files.items():
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).write_text(text)
        monkeypatch.setattr(version, "HOUSE", tmp_path / name)
        version.program.cache_clear()
        return version.program()

    yield install
    version.program.cache_clear()


def test_the_same_program_is_let_through_wherever_it_lies(install):
    told = install("driver", {"one.py": "X = 1\n"})
    install("worker", {"one.py": "X = 1\n", "notes.txt": "no program"})
    version.check_same(told)


@pytest.mark.parametrize(
    "files",
    [
        {"one.py": "X = 2"},
        {"one.py": "X = 1", "deep/two.py": "Y = 1"},
        {"two.py": "X = 1"},
    ],
)
def test_another_text_anywhere_is_refused(install, files):
    told = install("driver", {"one.py": "X = 1"})
    install("worker", files)
    with pytest.raises(Refusal, match="another version of this program"):
        version.check_same(told)
