"""What settings mean, and what can be wrong with them.

Pure: every problem is one sentence, all are told at once, and no sentence repeats the value of
a secret.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tap_pardot.api.auth import FLOWS, flow_of, pem
from tap_pardot.config.schema import ALIASES, BATCH_CONFIG, KINDS, SETTINGS
from tap_pardot.records.times import parse_instant
from tap_pardot.sdk import stream_map_setting as stream_maps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RANGES = {
    "email_stats_days": (0, 365),
    "max_concurrent_requests": (1, 5),
    "daily_call_limit": (1, None),
    "request_timeout": (1, 3600),
    "export_poll_interval": (1, 3600),
    "export_timeout": (1, 7 * 86400),
    "max_waiting_exports": (1, 1000),
    "lookback_seconds": (0, 86400),
    "flattening_max_depth": (0, None),
    "flattening_max_key_length": (1, None),
}
_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
_MOST_DIGITS = 18
# Blanks, and marks that nobody sees: files made on Windows begin with one.
_AROUND = re.compile(r"\A[\s\ufeff\u200b\u2060]+|[\s\ufeff\u200b\u2060]+\Z")
_ANY = "0Uv" + 15 * "0"  # stands for a value whose type is told as wrong already
_BUSINESS_UNIT = re.compile(r"0Uv[0-9A-Za-z]{15}")


def endpoints(config: Mapping[str, Any]) -> tuple[str, str]:
    """Return ``(login_url, api_url)`` as the settings say (reference A.1)."""
    sandbox = config.get("is_sandbox")
    login = "https://test.salesforce.com" if sandbox else "https://login.salesforce.com"
    api = "https://pi.demo.pardot.com" if sandbox else "https://pi.pardot.com"
    return config.get("login_url") or login, config.get("api_url") or api


def normalised(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings under our names, without blank ones.

    Environments hand all settings as texts, and those that are not set as empty ones.
    """
    config = {
        name: kept
        for name, value in config.items()
        if (kept := _meant(KINDS.get(ALIASES.get(name, name)), value)) is not None
    }
    if not config.get(BATCH_CONFIG):
        config.pop(BATCH_CONFIG, None)
    result = {ALIASES.get(name, name): config[name] for name in ALIASES if name in config}
    return result | {name: value for name, value in config.items() if name not in ALIASES}


def _meant(kind: str | None, value: Any) -> Any:
    """Return what a text means as a setting of a kind; None if it is blank."""
    if not isinstance(value, str):
        return value
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


def with_defaults(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings and the defaults of those that are not set."""
    declared: dict[str, dict[str, Any]] = SETTINGS["properties"]
    defaults = {name: each["default"] for name, each in declared.items() if "default" in each}
    return {**defaults, **config}


def problems(config: Mapping[str, Any], now: datetime | None = None) -> list[str]:
    """Return one sentence for each thing that is wrong with normalised settings."""
    return [
        *_wrong_types(config),
        *_of_the_sdk(config),
        *_business_unit(config),
        *_login(config),
        *_addresses(config),
        *_times(config, now or datetime.now(UTC)),
        *_numbers(config),
        *stream_maps.problems(config.get("stream_maps")),
    ]


def is_zone(name: str) -> bool:
    """Whether this is the name of a time zone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError on some platforms
        return False
    except KeyError:
        return False
    return True


def _text(config: Mapping[str, Any], name: str) -> str | None:
    value = config.get(name)
    return value if isinstance(value, str) and _is_sound(value) else None


def _is_sound(text: str) -> bool:
    """Whether a text can be sent: bytes of an environment need not be UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _wrong_types(config: Mapping[str, Any]) -> Iterator[str]:
    for name, kind in KINDS.items():
        value = config.get(name)
        if value is None or name == BATCH_CONFIG:
            continue
        if kind == "string" and not isinstance(value, str):
            yield f"{name} must be a text."
        elif kind == "string" and not _is_sound(value):
            yield f"{name} must be a text in UTF-8 without NUL characters."
        elif kind == "boolean" and not isinstance(value, bool):
            yield f"{name} must be true or false."
        elif kind == "object" and not isinstance(value, dict):
            yield f"{name} must be a JSON object."


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
    elif not _BUSINESS_UNIT.fullmatch(_text(config, "pardot_business_unit_id") or _ANY):
        yield "pardot_business_unit_id must be 18 letters and digits that start with 0Uv."


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
        key = _text(config, "private_key")
        if key is not None and not _is_rsa_key(key):
            yield "private_key must be an unencrypted RSA private key in PEM form."


def _addresses(config: Mapping[str, Any]) -> Iterator[str]:
    for name in ("login_url", "api_url"):
        url = _text(config, name)
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
    zone = _text(config, "timezone")
    if zone is not None and not is_zone(zone):
        yield "timezone must be an IANA name such as America/New_York."
    read: dict[str, datetime] = {}
    for name in ("start_date", "end_date"):
        text = _text(config, name)
        if text is None:
            continue
        try:
            read[name] = parse_instant(text)
        except ValueError:
            yield f"{name} must be a date or time in ISO 8601, such as 2024-01-31T00:00:00Z."
    start, end = read.get("start_date"), read.get("end_date")
    if start is not None and start > now:
        yield "start_date lies in the future: set a time that has passed."
    elif start is not None and end is not None and start >= end:
        yield "start_date must be before end_date."


def _numbers(config: Mapping[str, Any]) -> Iterator[str]:
    version = config.get("api_version")
    if version is not None and (type(version) is not int or version not in {3, 4}):
        yield "api_version must be 3 or 4."
    agent = _text(config, "user_agent")
    if agent is not None and not (agent.isascii() and agent.isprintable()):
        yield "user_agent must be one line of plain ASCII."
    source = _text(config, "bulk_source")
    if source is not None and source not in {"auto", "export", "query"}:
        yield "bulk_source must be auto, export or query."
    for name, (least, most) in _RANGES.items():
        value = config.get(name)
        if value is None:
            continue
        good = type(value) is int and value >= least and (most is None or value <= most)
        if not good:
            bounds = f"from {least} to {most}" if most is not None else f"of at least {least}"
            yield f"{name} must be a whole number {bounds}."


def _is_rsa_key(text: str) -> bool:
    try:
        return isinstance(load_pem_private_key(pem(text).encode(), None), RSAPrivateKey)
    except (ValueError, TypeError):
        return False


def _listed(names: tuple[str, ...] | list[str]) -> str:
    *head, last = names
    return f"{', '.join(head)} and {last}" if head else last
