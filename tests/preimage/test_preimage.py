"""The folder's names: all there, each imported when it is asked for."""

import subprocess
import sys

import pytest

import stages.preimage


@pytest.mark.parametrize("name", stages.preimage.__all__)
def test_every_name_is_handed_on(name):
    assert getattr(stages.preimage, name).__module__.startswith("stages.preimage.")


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match=r"no attribute 'inverse'"):
        _ = stages.preimage.inverse


def loaded(statement):
    """Return the modules of the project that a fresh process loads for a statement."""
    text = f"import sys; {statement}; print(*sys.modules)"
    command = [sys.executable, "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name for name in done.stdout.split() if name.startswith("stages.")}


def test_the_noise_of_the_start_loads_no_solver():
    assert loaded("from stages.preimage.start import noise") == {
        "stages.images",
        "stages.preimage",
        "stages.preimage.start",
        # What the package itself brings, for commands.
        "stages.process",
        "stages.process.loading",
    }
