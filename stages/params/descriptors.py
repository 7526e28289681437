"""Settings of the classical descriptors: HOG, HOGb and dense SIFT."""

from typing import Annotated, Literal

from pydantic import Field

from stages.params.numbers import Side
from stages.params.representation import Representation


class HogSettings(Representation):
    """HOG (`assignment: hard`) or HOGb (`bilinear`)."""

    kind: Literal["hog"]
    side: Side = 128
    cell: Annotated[int, Field(ge=2, le=1024)] = 8
    orientations: Annotated[int, Field(ge=2, le=180)] = 9
    assignment: Literal["hard", "bilinear"] = "hard"


class DsiftSettings(Representation):
    """Dense SIFT descriptors."""

    kind: Literal["dsift"]
    side: Side = 128
    bin: Annotated[int, Field(ge=1, le=1024)] = 5
    orientations: Annotated[int, Field(ge=3, le=180)] = 8
