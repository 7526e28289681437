"""The parameterisations by name: each is one, in a module that nobody else loads."""

import subprocess
import sys

import pytest
import torch

from stages.preimage.parameterisations import (
    PARAMETERISATIONS,
    module_of,
    parameterisation,
)
from stages.preimage.parameterisations.parameterisation import Parameterisation
from stages.preimage.solvers import FAST_RATES

LOW, HIGH = torch.full((3, 1, 1), -100.0), torch.full((3, 1, 1), 155.0)


@pytest.mark.parametrize("name", PARAMETERISATIONS)
def test_each_is_a_parameterisation_of_its_module(name):
    made = parameterisation(name, LOW, HIGH, (3, 16, 12))
    assert isinstance(made, Parameterisation)
    assert type(made).__module__ == module_of(name)
    assert made.images(made.variables(torch.zeros(2, 3, 16, 12))).shape[1:] == (
        3,
        16,
        12,
    )


def test_each_has_a_rate_of_its_own():
    assert set(FAST_RATES) == set(PARAMETERISATIONS)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"fourier, deep-image-prior, maco; got 'x'"):
        parameterisation("x", LOW, HIGH, (3, 16, 12))


def test_solvers_load_no_parameterisation_that_is_chosen_by_name():
    text = (
        "import sys, stages.preimage.adam as _; "
        "print([m for m in sys.modules "
        "if m.endswith(('fourier', 'image_prior', 'maco'))])"
    )
    command = [sys.executable, "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
