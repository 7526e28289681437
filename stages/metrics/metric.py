"""What is known of a metric: the words about it, and where its function is."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

Better = Literal["lower", "higher", ""]
Place = Literal["headline", "table", "details"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A row of the table of metrics.

    `name` is the column of the scores, `label` what people call it. `unit` is that of
    the stored numbers, "1" for a ratio; `span` their least and largest value; `better`
    the better end, empty where neither is. `is_percent` writes a ratio in percent,
    `decimals` is how many the report gives. `is_truth` stores yes or no.

    `function` is `module:name` of what computes it, imported when first asked for: a
    module of `stages.metrics`, or a full path. It is given the `inputs`, attributes of
    `Measured` by name, then the `options`, and returns one value an image, nan where
    there is none; the metric is null where an input is None. With `over` "seeds" it is
    instead given the pre-images of one cell and picture, and returns one number for
    all, None where there is none.

    `place` says where the report has it: in the details of a pre-image, in the table of
    errors, too, or also in what two studies are compared by.
    """

    name: str
    label: str
    meaning: str
    function: str
    inputs: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    unit: str = "1"
    span: tuple[float, float] = (0.0, math.inf)
    better: Better = ""
    place: Place = "table"
    is_percent: bool = False
    is_truth: bool = False
    decimals: int = 2
    over: Literal["image", "seeds"] = "image"

    def load(self) -> Callable[..., Any]:
        """Return the function; imports its module."""
        module, _, name = self.function.partition(":")
        path = module if "." in module else f"stages.metrics.{module}"
        function: Callable[..., Any] = getattr(import_module(path), name)
        return function
