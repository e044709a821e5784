"""Options: the fields that a dataclass is made with. README.md says what each one means."""

from __future__ import annotations

from dataclasses import Field, fields
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Mapping


def options(of: Any) -> dict[str, Field[Any]]:
    """Return the options of a dataclass or of an instance, by name."""
    return {one.name: one for one in fields(of) if one.init}


def choices(of: type, name: str) -> tuple[Any, ...] | None:
    """Return the values that an option takes, None when its type alone decides."""
    hint = get_type_hints(of)[name]
    return get_args(hint) if get_origin(hint) is Literal else None


def check(of: type, values: Mapping[str, Any]) -> None:
    """Check names, types and choices.

    Raises:
        ValueError: An unknown option, or a value it does not take.
    """
    known = options(of)
    unknown = values.keys() - known.keys()
    if unknown:
        raise ValueError(f"{of.__name__} has no option {', '.join(sorted(unknown))}")
    hints = get_type_hints(of)
    for name, value in values.items():
        if not _takes(hints[name], value):
            taken = choices(of, name)
            wanted = f"of type {known[name].type}"
            if taken is not None:
                wanted = f"one of {', '.join(map(str, taken))}"
            raise ValueError(f"{name} must be {wanted}")


def _takes(hint: Any, value: object) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if isinstance(hint, UnionType):
        return any(_takes(one, value) for one in get_args(hint))
    kind = get_origin(hint) or hint
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)
