"""Settings in the environment, and the warning about settings that the tap does not know."""

from __future__ import annotations

import os
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import parse_environment_config

from tap_pardot.config.schema import ALIASES, BATCH_CONFIG, KINDS
from tap_pardot.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

KNOWN = {*KINDS, *ALIASES, BATCH_CONFIG}
_VARIABLES_ONLY = {"loglevel"}  # of the SDK
_SHARED_SETTINGS = {
    *("metrics_log_level", "add_record_metadata", "batch_size_rows", "default_target_schema"),
    *("hard_delete", "load_method", "process_activate_version_messages", "validate_records"),
}
"""Settings of older SDKs, and of targets that share their settings with the tap."""

_HINTS = {
    "access_token": "the tap gets its own tokens",
    "email": "Pardot's old login is gone, see username",
    "user_key": "Pardot's old login is gone",
}
"""What the user should know about settings of singer-io's tap, by setting."""


def environment(prefix: str) -> dict[str, Any]:
    """Return the settings in the environment and in a ``.env`` file, as strings.

    Raises:
        ConfigurationError: The ``.env`` file cannot be read.
    """
    # Declare all of them as strings: the SDK's conversion errors do not name the setting.
    schema: dict[str, Any] = {"properties": {name: {"type": "string"} for name in sorted(KNOWN)}}
    try:
        found = parse_environment_config(schema, prefix)
    except (OSError, ValueError):
        raise ConfigurationError(
            "The .env file cannot be read: save it as text in UTF-8, one NAME=value per line."
        ) from None
    for variable, value in os.environ.items():
        name = variable.removeprefix(prefix).lower()
        if variable.startswith(prefix) and name not in KNOWN | _VARIABLES_ONLY:
            found[name] = value
    return found


def unknown(names: Iterable[str]) -> str | None:
    """Return a sentence about the settings that this tap does not know; None if it knows all."""
    # Names that begin with an underscore are Meltano's own.
    ignored = [name for name in names if name not in KNOWN | _SHARED_SETTINGS and name[:1] != "_"]
    if not ignored:
        return None
    return f"Unknown settings are ignored: {', '.join(map(_with_hint, sorted(ignored)))}."


def _with_hint(name: str) -> str:
    hint = _HINTS.get(_plain(name))
    return (
        with_nearest(name, KNOWN - {BATCH_CONFIG}) if hint is None else f"{_shown(name)} ({hint})"
    )


def with_nearest(name: str, known: Iterable[str]) -> str:
    """Return an unknown name for the log, with the nearest known one, if one is near."""
    near = get_close_matches(_plain(name), sorted(known), n=1)
    return f"{_shown(name)} (did you mean {near[0]}?)" if near else _shown(name)


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _shown(name: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in name[:60])
