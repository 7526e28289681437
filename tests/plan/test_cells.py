"""Cells: a setting of the grid with the numbers of its prior and its solver."""

import pytest

from stages.params.methods import FastSettings, PriorSettings
from stages.plan.cells import cell_of
from stages.plan.grid import Setting
from stages.preimage.adam import Fast
from stages.preimage.priors import Prior
from stages.representations.hog import HogDefinition
from stages.representations.selection import Selection

HOG = HogDefinition(side=40)
SETTING = Setting("mine", HOG, "hog", "0", "all", Selection((0,)), "light", "short")
PRIORS = {"light": PriorSettings(lambda_tv=0.5), "none": PriorSettings()}
SOLVERS = {"short": FastSettings(kind="fast", steps=3, rate=2.0, smoothing=0.0)}


def test_a_cell_is_its_setting_with_the_numbers_that_the_names_stand_for():
    one = cell_of(SETTING, PRIORS, SOLVERS)
    assert (one.definition, one.layer, one.selection) == (HOG, "hog", Selection((0,)))
    assert one.weights == Prior(lambda_tv=0.5)
    assert one.steps == Fast(3, 2.0, 0.0, "pixels")


def test_its_label_names_all_that_the_user_chose():
    told = cell_of(SETTING, PRIORS, SOLVERS).label
    assert told == "mine / hog / 0 / all / light / short"


def test_cells_are_told_apart_by_names_and_by_numbers():
    renamed = {"light": PRIORS["light"], "none": PRIORS["light"]}
    cells = {cell_of(SETTING, priors, SOLVERS) for priors in (PRIORS, renamed)}
    assert len(cells) == 1
    other = {"light": PRIORS["none"]}
    assert cell_of(SETTING, other, SOLVERS) not in cells


def test_a_name_that_no_method_has_is_no_cell():
    with pytest.raises(KeyError, match="light"):
        cell_of(SETTING, {}, SOLVERS)
