"""The table of settings."""

from __future__ import annotations

from typing import Any

from tap_pardot.config.schema import SETTINGS
from tests.helpers.tables.markup import code, table


def settings_table() -> str:
    """Return one row per setting."""
    heads = ("Setting", "Values", "Default", "Meaning")
    return table(heads, (_row(*each) for each in SETTINGS["properties"].items()))


def _row(name: str, definition: dict[str, Any]) -> tuple[str, ...]:
    flags = " (required)" if name in SETTINGS["required"] else ""
    flags += " (secret)" if definition.get("secret") else ""
    default = definition.get("default")
    shown = "" if default is None else code(str(default).lower())
    return f"`{name}`{flags}", _values(definition), shown, definition["description"]


def _values(definition: dict[str, Any]) -> str:
    """Return what a setting may be, in words."""
    if choices := definition.get("enum"):
        return " or ".join(code(str(each)) for each in choices)
    (kind,) = (each for each in definition["type"] if each != "null")
    if definition.get("format") == "date-time":
        return "ISO 8601 time"
    least, most = definition.get("minimum"), definition.get("maximum")
    if most is not None:
        return f"{least:,} to {most:,}"
    if least is not None:
        return f"from {least:,}"
    return {"boolean": "`true` or `false`", "array": "list"}.get(kind, kind)
