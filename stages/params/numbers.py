"""Numbers and names as params have them, with their ranges."""

from typing import Annotated

from pydantic import Field

from stages.params.checks import must_be

Positive = Annotated[float, Field(gt=0, le=1e9)]
Weight = Annotated[float, Field(ge=0, le=1e30)]
Count = Annotated[int, Field(ge=1, le=10**6)]
# Representations name files and folders; none may lead out of its own.
Name = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _-]{0,63}$"),
    must_be("a name of up to 64 letters, digits, blanks, - and _"),
]
Side = Annotated[int, Field(ge=16, le=4096)]
Index = Annotated[int, Field(ge=0, lt=2**63)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
