"""All of params.yaml: `Study`, of the sections that the stages read."""

from typing import Annotated, Literal

from pydantic import Field

from stages.params.checks import Part, must_be
from stages.params.fetching import FetchSettings
from stages.params.grid import GridEntry
from stages.params.methods import PriorSettings, SolverSettings
from stages.params.numbers import Count, Name
from stages.params.representations import RepresentationSettings


class ExecutionSettings(Part):
    """Where jobs run, how many share a batch, and how many processes the batches.

    `processes: auto` is one a core of a CPU, and one for a GPU. With `targets:
    recompute` no codes are stored; they are computed whenever they are needed.
    `precision: bfloat16` lets `fast` compute networks in it until the last tenth of its
    steps, which are in float32, as all else is. `allow_large` lets begin what is beyond
    this machine, see `stages.execution.estimate`.
    """

    device: Annotated[
        str,
        Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$"),
        must_be("auto, cpu, cuda or cuda:1"),
    ] = "auto"
    batch_size: Annotated[
        Count | Literal["auto"], must_be("auto or a number of at least 1")
    ] = "auto"
    processes: Annotated[
        Count | Literal["auto"], must_be("auto or a number of at least 1")
    ] = "auto"
    targets: Literal["store", "recompute"] = "store"
    precision: Literal["float32", "bfloat16"] = "float32"
    allow_large: bool = False


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
