"""Normalizes the settings, sets defaults and finds what is wrong with them.

Each problem is one sentence, and all problems are found at once. No sentence repeats a value, which
may be a secret. Pure: no I/O.
"""

from __future__ import annotations

import copy
import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from singer_sdk.plugin_base import JSONSchemaValidator

from tap_pardot.api.auth import FLOWS, flow_of, pem
from tap_pardot.config.schema import ALIASES, BATCH_CONFIG, DECLARED, KINDS, SETTINGS
from tap_pardot.records.times import parse_instant
from tap_pardot.sdk import stream_map_setting as stream_maps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
_MOST_DIGITS = 18
# Blanks and invisible characters. Files made on Windows begin with a byte order mark.
_AROUND = re.compile(r"\A[\s\ufeff\u200b\u2060]+|[\s\ufeff\u200b\u2060]+\Z")
_PATTERNS = {
    "pardot_business_unit_id": "18 letters and digits that start with 0Uv",
    "user_agent": "one line of plain ASCII",
}
"""By setting with a pattern, the pattern in words."""


def endpoints(config: Mapping[str, Any]) -> tuple[str, str]:
    """Return ``(login_url, api_url)`` of the settings (reference A.1)."""
    sandbox = config.get("is_sandbox")
    login = "https://test.salesforce.com" if sandbox else "https://login.salesforce.com"
    api = "https://pi.demo.pardot.com" if sandbox else "https://pi.pardot.com"
    return config.get("login_url") or login, config.get("api_url") or api


def normalized(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings under this tap's names, without blank ones.

    In an environment all settings are strings, and settings that are not set may be empty strings.
    """
    config = {
        name: parsed
        for name, value in config.items()
        if (parsed := _parsed(KINDS.get(ALIASES.get(name, name)), value)) is not None
    }
    if not config.get(BATCH_CONFIG):
        config.pop(BATCH_CONFIG, None)
    result = {ALIASES.get(name, name): config[name] for name in ALIASES if name in config}
    return result | {name: value for name, value in config.items() if name not in ALIASES}


def _parsed(kind: str | None, value: Any) -> Any:
    """Return a setting's value, parsed from a string if the type is another; None if blank."""
    if kind == "array" or not isinstance(value, str):
        return _names(value) if kind == "array" else value
    text = _AROUND.sub("", value)
    if not text:
        return None
    if kind == "integer" and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    if kind == "boolean":
        return _BOOLEANS.get(text.lower(), text)
    if kind == "object":
        with suppress(ValueError, RecursionError):
            return json.loads(text)
    return text


def _names(value: Any) -> Any:
    """Return a list of names, parsed from JSON or split at commas if it is a string."""
    if isinstance(value, str):
        text = _AROUND.sub("", value)
        if text[:1] != "[":
            return [name for each in text.split(",") if (name := _AROUND.sub("", each))] or None
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
    if isinstance(value, list):
        return [_AROUND.sub("", each) if isinstance(each, str) else each for each in value]
    return value


def with_defaults(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings, with defaults for those that are not set."""
    declared: dict[str, dict[str, Any]] = SETTINGS["properties"]
    defaults = {name: each["default"] for name, each in declared.items() if "default" in each}
    return {**defaults, **config}


def problems(config: Mapping[str, Any], now: datetime | None = None) -> list[str]:
    """Return one sentence for each problem of settings that :func:`normalized` returned."""
    return [
        *_values(config),
        *_of_the_sdk(config),
        *_business_unit(config),
        *_login(config),
        *_addresses(config),
        *_times(config, now or datetime.now(UTC)),
        *stream_maps.problems(config.get("stream_maps")),
    ]


def schema_problems(schema: dict[str, Any], config: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each place where settings do not fit a JSON Schema.

    Unlike the SDK's sentences they do not repeat the value.
    """
    # A copy, because the SDK's validator also sets defaults.
    errors = JSONSchemaValidator(schema).iter_errors(copy.deepcopy(dict(config)))
    places = {".".join(map(str, error.absolute_path)) for error in errors}
    return [
        f"{place} does not have the form that the SDK's documentation describes: correct it."
        for place in sorted(places)
    ]


def is_zone(name: str) -> bool:
    """Whether this is the name of a time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True


def _string(config: Mapping[str, Any], name: str) -> str | None:
    """Return the value of a string setting that is set and can be sent."""
    value = config.get(name)
    return value if isinstance(value, str) and _is_sendable(value) else None


def _is_sendable(text: str) -> bool:
    """Whether a string can be sent. Variables of an environment need not be UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _values(config: Mapping[str, Any]) -> Iterator[str]:
    """Compare each value with the type, range, choices and pattern that the schema declares."""
    for name in DECLARED:
        value = config.get(name)
        expected = None if value is None else _expected(name, value)
        if expected is not None:
            yield f"{name} must be {expected}."


def _expected(name: str, value: Any) -> str | None:
    """Return what the value of a setting must be; None if it is that."""
    definition, kind = DECLARED[name], KINDS[name]
    if kind == "boolean":
        return None if isinstance(value, bool) else "true or false"
    if kind == "object":
        return None if isinstance(value, dict) else "a JSON object"
    if kind == "array":
        is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
        return None if is_list else 'a list of names, such as ["emails.message_html"]'
    if kind == "integer":
        return None if _is_integer(value, definition) else _range_of(definition)
    return _expected_string(name, value)


def _expected_string(name: str, value: Any) -> str | None:
    definition = DECLARED[name]
    if not isinstance(value, str):
        return "a string"
    if not _is_sendable(value):
        return "a string in UTF-8 without NUL characters"
    if value not in definition.get("enum", [value]):
        return _listed(definition["enum"], "or")
    if not re.fullmatch(definition.get("pattern", ".*"), value, re.DOTALL):
        return _PATTERNS[name]
    return None


def _is_integer(value: Any, definition: Mapping[str, Any]) -> bool:
    return (
        type(value) is int
        and value in definition.get("enum", [value])
        and definition.get("minimum", value) <= value <= definition.get("maximum", value)
    )


def _range_of(definition: Mapping[str, Any]) -> str:
    if "enum" in definition:
        return _listed(definition["enum"], "or")
    least, most = definition["minimum"], definition.get("maximum")
    return f"a whole number {f'of at least {least}' if most is None else f'from {least} to {most}'}"


def _of_the_sdk(config: Mapping[str, Any]) -> Iterator[str]:
    if config.get(BATCH_CONFIG):
        yield (
            "batch_config must not be set: this tap writes records, not BATCH files, because "
            "STATE would run ahead of the files."
        )
    if config.get("flattening_enabled") is True and config.get("flattening_max_depth") is None:
        yield "flattening_max_depth is missing: flattening_enabled needs it."


def _business_unit(config: Mapping[str, Any]) -> Iterator[str]:
    if config.get("pardot_business_unit_id") is None:
        yield (
            "pardot_business_unit_id is missing: set it to the id in Salesforce Setup > Business "
            "Unit Setup."
        )


def _login(config: Mapping[str, Any]) -> Iterator[str]:
    flow = flow_of(config)
    if flow is None:
        yield (
            "No login is configured: set client_id with refresh_token, with private_key and "
            "username, with client_secret, username and password, or with client_secret alone."
        )
        return
    for name in FLOWS[flow]:
        if not config.get(name):
            yield f"{name} is missing: the {flow} flow needs {_listed(FLOWS[flow])}."
    if flow == "refresh token":
        # Two flows at once: the user may think that the other one is used.
        half = [name for name in ("private_key", "password") if config.get(name)]
        if half:
            yield (
                f"refresh_token and {_listed(half)} are both set: keep the settings of one login "
                "flow only."
            )
    elif flow == "JWT bearer":
        if config.get("password"):
            yield (
                "private_key and password are both set: keep the settings of one login flow only."
            )
        key = _string(config, "private_key")
        if key is not None and not _is_rsa_key(key):
            yield "private_key must be an unencrypted RSA private key in PEM form."


def _addresses(config: Mapping[str, Any]) -> Iterator[str]:
    for name in ("login_url", "api_url"):
        url = _string(config, name)
        if url is None:
            continue
        try:
            parts = urlsplit(url)
            local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
            good = parts.scheme == "https" or (parts.scheme == "http" and local)
            good = good and bool(parts.hostname) and parts.path in {"", "/"} and not parts.query
            good = good and parts.username is None and parts.port != 0
        except ValueError:
            good = False
        if not good:
            yield f"{name} must be an origin such as https://pi.pardot.com, without a path."


def _times(config: Mapping[str, Any], now: datetime) -> Iterator[str]:
    zone = _string(config, "timezone")
    if zone is not None and not is_zone(zone):
        yield "timezone must be an IANA name such as America/New_York."
    read: dict[str, datetime] = {}
    for name in ("start_date", "end_date"):
        text = _string(config, name)
        if text is None:
            continue
        try:
            read[name] = parse_instant(text)
        except ValueError:
            yield f"{name} must be a date or time in ISO 8601, such as 2024-01-31T00:00:00Z."
    start, end = read.get("start_date"), read.get("end_date")
    if start is not None and start > now:
        yield "start_date is in the future: set a time that has passed."
    elif start is not None and end is not None and start >= end:
        yield "start_date must be before end_date."


def _is_rsa_key(text: str) -> bool:
    try:
        return isinstance(load_pem_private_key(pem(text).encode(), None), RSAPrivateKey)
    except (ValueError, TypeError):
        return False


def _listed(names: Sequence[Any], conjunction: str = "and") -> str:
    *head, last = map(str, names)
    return f"{', '.join(head)} {conjunction} {last}" if head else last
