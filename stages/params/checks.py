"""How a params file is checked: the words of mistakes, and lists that may be short.

A value that stands for a list of one may be written without brackets; mistakes are told
in the words of params files, not of Python.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError


def must_be(allowed: str) -> WrapValidator:
    """Return a validator that gives one message where a union would give many."""

    def validate(value: Any, inner: Callable[[Any], Any]) -> Any:
        try:
            return inner(value)
        except ValidationError:
            raise PydanticCustomError(
                "not_allowed", "must be {allowed}", {"allowed": allowed}
            ) from None

    return WrapValidator(validate)


def listed(value: Any) -> Any:
    """Return the value as a list: a single one stands for a list of one."""
    return value if isinstance(value, list) else [value]


def listed_unless_all(value: Any) -> Any:
    """Return a single name as a list of one; `all` stays a word."""
    return [value] if isinstance(value, str) and value != "all" else value


def listed_channels(value: Any) -> Any:
    """Return a list of selections; a bare list of numbers is one selection."""
    one = isinstance(value, list) and all(isinstance(item, int) for item in value)
    return [value] if one else listed(value)


def frozen_list(value: Any) -> Any:
    """Return a list as a tuple, which settings can hold without changing."""
    return tuple(value) if isinstance(value, list) else value


def pairs(value: Any) -> Any:
    """Return pairs as a tuple: a mapping in the file might have a key `size`."""
    good = isinstance(value, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in value
    )
    if not good:
        raise PydanticCustomError(
            "not_pairs", "must be pairs, such as [[split, val], [size, 160px]]"
        )
    return tuple(tuple(pair) for pair in value)


def tagged(
    key: str, chosen: Callable[[str], type[BaseModel]], known: Mapping[str, object]
) -> BeforeValidator:
    """Return a validator that takes a mapping for the settings which its `key` names.

    `chosen` gives their class by the name, one of `known`.
    """

    def validate(value: Any) -> Any:
        if isinstance(value, BaseModel):
            return value
        if not isinstance(value, dict):
            raise PydanticCustomError(
                "no_mapping", "must be a mapping of keys to values"
            )
        name = value.get(key)
        if not isinstance(name, str) or name not in known:
            text = "must be one of {names}" if key in value else "is required: {names}"
            raise PydanticCustomError(
                "unknown_tag", "`{key}` " + text, {"key": key, "names": _either(known)}
            )
        return chosen(name).model_validate(value)

    return BeforeValidator(validate)


def _either(names: Iterable[str]) -> str:
    return ", ".join(names)


def _wording(line: Any) -> str:
    """Return what is wrong in the words of params files, not of Python."""
    match line["type"]:
        case "union_tag_not_found":
            return f"needs a key {line['ctx']['discriminator']}"
        case "union_tag_invalid":
            tags = line["ctx"]["expected_tags"]
            return f"{line['ctx']['discriminator']} must be one of {tags}"
        case "too_short":
            return "must not be empty"
        case "model_type" | "dict_type":
            return "must be a mapping of keys to values"
    return plain(line["msg"])


def plain(message: str) -> str:
    """Return a message without pydantic's beginnings."""
    return message.removeprefix("Value error, ").removeprefix("Input ")


# Keys that had other names in earlier versions.
RENAMED = {
    "width": "batch_size",
    "trunks": "backbones",
    "on_unreachable": "if_unreachable",
}


class Part(BaseModel):
    """A section of the params: frozen, typed, without keys that it does not name."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False
    )

    @model_validator(mode="wrap")
    @classmethod
    def _name_allowed_keys(cls, value: Any, inner: Callable[[Any], Any]) -> Any:
        """Say which keys are allowed where there is an unknown one."""
        try:
            return inner(value)
        except ValidationError as error:
            raise ValidationError.from_exception_data(
                error.title, [cls._with_hint(line) for line in error.errors()]
            ) from None

    @classmethod
    def _with_hint(cls, line: Any) -> InitErrorDetails:
        kind: str | PydanticCustomError = PydanticCustomError(
            line["type"], "{text}", {"text": _wording(line)}
        )
        if line["type"] == "extra_forbidden" and len(line["loc"]) == 1:
            kind = cls._unknown(f"{line['loc'][0]}")
        return InitErrorDetails(type=kind, loc=line["loc"], input=line["input"])

    @classmethod
    def _unknown(cls, key: str) -> PydanticCustomError:
        """Return what is told of an unknown key: its new name if it has one."""
        new = RENAMED.get(key)
        if new in cls.model_fields:
            text = "is called `{new}` now"
            return PydanticCustomError("renamed_key", text, {"new": new})
        allowed = ", ".join(cls.model_fields)
        text = "unknown key; allowed: {allowed}"
        return PydanticCustomError("unknown_key", text, {"allowed": allowed})
