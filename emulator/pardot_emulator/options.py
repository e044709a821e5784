"""Options: dataclass fields that carry their own description and the values they take."""

from __future__ import annotations

from dataclasses import Field, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES: Mapping[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "None": (type(None),),
}


def option(about: str, default: Any, *, secret: bool = False) -> Any:
    """Declare an option.

    Args:
        about: One sentence for the documentation.
        default: The value.
        secret: The value is left out of ``repr``.
    """
    return field(default=default, metadata={"about": about}, repr=not secret)


def flag(about: str, *, on: bool = False) -> Any:
    """Declare an option that is true or false."""
    return option(about, on)


def choice(about: str, *values: Any) -> Any:
    """Declare an option that takes one of these values; the first is the default."""
    return field(default=values[0], metadata={"about": about, "choices": values})


def options(of: Any) -> dict[str, Field[Any]]:
    """Return the options of a dataclass or of an instance, by name."""
    return {one.name: one for one in fields(of) if "about" in one.metadata}


def check(of: Any, values: Mapping[str, Any]) -> None:
    """Check names, types and choices.

    Raises:
        ValueError: An unknown option, or a value it does not take.
    """
    known = options(of)
    unknown = values.keys() - known.keys()
    if unknown:
        owner = of if isinstance(of, type) else type(of)
        raise ValueError(f"{owner.__name__} has no option {', '.join(sorted(unknown))}")
    for name, value in values.items():
        choices = known[name].metadata.get("choices")
        if choices is not None:
            if value not in choices:
                raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}")
            continue
        names = str(known[name].type).split(" | ")
        if _TYPES.keys() >= set(names):
            is_flag = isinstance(value, bool)
            taken = tuple(kind for one in names for kind in _TYPES[one])
            if not isinstance(value, taken) or (is_flag and "bool" not in names):
                raise ValueError(f"{name} must be of type {known[name].type}")
