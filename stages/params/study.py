"""All of params.yaml: `Study`, of the sections that the stages read."""

from typing import Annotated

from pydantic import Field

from stages.params.checks import Part
from stages.params.execution import ExecutionSettings
from stages.params.fetching import FetchSettings
from stages.params.grid import GridEntry
from stages.params.methods import PriorSettings, SolverSettings
from stages.params.numbers import Count, Name
from stages.params.representations import RepresentationSettings


class ReportSettings(Part):
    """What the report is called and how many pictures its gallery shows."""

    title: str = "What image representations keep"
    pictures: Count = 12


class Study(Part):
    """All of params.yaml."""

    fetch: FetchSettings
    representations: Annotated[dict[Name, RepresentationSettings], Field(min_length=1)]
    priors: Annotated[dict[Name, PriorSettings], Field(min_length=1)]
    solvers: Annotated[dict[Name, SolverSettings], Field(min_length=1)]
    grid: Annotated[list[GridEntry], Field(min_length=1)]
    # Required, though all of their keys have defaults: DVC looks for the sections.
    execution: ExecutionSettings
    report: ReportSettings
