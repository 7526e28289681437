"""Other text on a worker is another program, and refused."""

import pytest

from stages.execution.cluster import version
from stages.process.stage import Refusal


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Return a program of one file; its hash is taken anew."""
    (tmp_path / "one.py").write_text("X = 1\n")
    monkeypatch.setattr(version, "HOUSE", tmp_path)
    version.program.cache_clear()
    yield tmp_path
    version.program.cache_clear()


def test_the_same_program_is_let_through_whatever_its_comments(house):
    told = version.program()
    (house / "one.py").write_text('"""Words."""\n\nX = 1  # and more\n')
    version.program.cache_clear()
    version.check_same(told)


@pytest.mark.parametrize("name", ["one.py", "deep/two.py"])
def test_another_text_anywhere_is_refused(house, name):
    told = version.program()
    (house / name).parent.mkdir(exist_ok=True)
    (house / name).write_text("X = 2\n")
    version.program.cache_clear()
    with pytest.raises(Refusal, match="another version of this program"):
        version.check_same(told)
