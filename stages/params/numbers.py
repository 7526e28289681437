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
