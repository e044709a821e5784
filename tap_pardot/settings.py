"""The settings, and what can be wrong with them.

Pure: every problem is one sentence, all are told at once, and no sentence repeats the value of
a secret.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from singer_sdk import typing as th

from tap_pardot.auth import FLOWS, flow_of, pem
from tap_pardot.maps import setting as stream_maps
from tap_pardot.windows import parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SETTINGS: dict[str, Any] = th.PropertiesList(
    th.Property(
        "pardot_business_unit_id",
        th.StringType,
        required=True,
        description="Business unit: 18 characters starting with 0Uv (Salesforce Setup > Business "
        "Unit Setup).",
    ),
    th.Property(
        "client_id",
        th.StringType,
        description="Consumer key of the connected app, which needs the scope pardot_api.",
    ),
    th.Property(
        "client_secret",
        th.StringType,
        secret=True,
        description="Consumer secret of the connected app.",
    ),
    th.Property(
        "refresh_token",
        th.StringType,
        secret=True,
        description="Chooses the refresh token flow.",
    ),
    th.Property(
        "username",
        th.StringType,
        description="Salesforce user: with private_key the JWT bearer flow, with password the "
        "password flow.",
    ),
    th.Property(
        "password",
        th.StringType,
        secret=True,
        description="Password of username, with the security token appended where one is needed.",
    ),
    th.Property(
        "private_key",
        th.StringType,
        secret=True,
        description="RSA private key (PEM) of the connected app's certificate; chooses the JWT "
        "bearer flow.",
    ),
    th.Property(
        "login_url",
        th.StringType,
        description="Origin of the Salesforce login: https://login.salesforce.com unless set; a "
        "My Domain address for client credentials.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        description="Origin of the Pardot API: https://pi.pardot.com unless set. "
        "pardot_api_url means the same.",
    ),
    th.Property(
        "is_sandbox",
        th.BooleanType,
        default=False,
        description="Use https://test.salesforce.com and https://pi.demo.pardot.com.",
    ),
    th.Property(
        "api_version",
        th.IntegerType,
        default=4,
        description="3 or 4; the tap changes over by itself when the account wants the other.",
    ),
    th.Property(
        "timezone",
        th.StringType,
        description="Time zone of the API user (IANA name, such as America/New_York), as in the "
        "user's Pardot settings; asked from Pardot unless set.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        description="Read what changed from here on at the first run (ISO 8601, naive = UTC); "
        "2007-01-01 unless set.",
    ),
    th.Property(
        "end_date",
        th.DateTimeType,
        description="Read what changed before this time only (ISO 8601, naive = UTC); for "
        "backfills.",
    ),
    th.Property(
        "max_concurrent_requests",
        th.IntegerType,
        default=4,
        description="Requests in flight, 1 to 5; Pardot allows 5 to all tools of an account.",
    ),
    th.Property(
        "daily_call_limit",
        th.IntegerType,
        description="Most API calls of this tap in a day of the account; counted in STATE. "
        "Reached, the run stops cleanly.",
    ),
    th.Property(
        "request_timeout",
        th.IntegerType,
        default=120,
        description="Seconds without a byte before a request counts as hanging.",
    ),
    th.Property(
        "lookback_seconds",
        th.IntegerType,
        default=60,
        description="A run reads up to this many seconds before Pardot's time, so that rows "
        "still being written are not passed over.",
    ),
    th.Property(
        "bulk_source",
        th.StringType,
        default="auto",
        description="Where streams with both sources read from: export, query, or auto, which "
        "for now means export.",
    ),
    th.Property(
        "export_poll_interval",
        th.IntegerType,
        default=30,
        description="Most seconds between two looks at an export job.",
    ),
    th.Property(
        "export_timeout",
        th.IntegerType,
        default=7200,
        description="Seconds to wait for an export job; after that the next run collects it.",
    ),
    th.Property(
        "max_waiting_exports",
        th.IntegerType,
        default=24,
        description="Export jobs of this tap that may wait in the account's queue at once.",
    ),
    th.Property(
        "email_stats_days",
        th.IntegerType,
        default=10,
        description="Days after its sending for which a list e-mail's figures are read in each "
        "run, whether there was activity or not.",
    ),
    th.Property("user_agent", th.StringType, description="User-Agent header of all requests."),
    th.Property(
        "token_file",
        th.StringType,
        description="File (made with mode 0600) that keeps a refresh token which Salesforce "
        "rotated, because a tap cannot change its own settings.",
    ),
).to_dict()

ALIASES = {"pardot_api_url": "api_url"}
"""Names of other taps' settings, and ours."""

_RANGES = {
    "email_stats_days": (0, 365),
    "max_concurrent_requests": (1, 5),
    "daily_call_limit": (1, None),
    "request_timeout": (1, 3600),
    "export_poll_interval": (1, 3600),
    "export_timeout": (1, 7 * 86400),
    "max_waiting_exports": (1, 1000),
    "lookback_seconds": (0, 86400),
}
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

    Environments hand settings that are not set as empty texts, and numbers as texts.
    """
    config = {name: value for name, value in config.items() if value is not None and value != ""}
    result = {ALIASES.get(name, name): config[name] for name in ALIASES if name in config}
    result |= {name: value for name, value in config.items() if name not in ALIASES}
    for name, definition in SETTINGS["properties"].items():
        value = result.get(name)
        if "integer" in definition["type"] and isinstance(value, str):
            text = value.strip()
            if text.isascii() and text.isdigit():
                result[name] = int(text)
        elif "boolean" in definition["type"] and isinstance(value, str):
            result[name] = {"true": True, "false": False}.get(value.strip().lower(), value)
    return result


def with_defaults(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings and the defaults of those that are not set."""
    declared: dict[str, dict[str, Any]] = SETTINGS["properties"]
    defaults = {name: each["default"] for name, each in declared.items() if "default" in each}
    return {**defaults, **config}


def problems(config: Mapping[str, Any], now: datetime | None = None) -> list[str]:
    """Return one sentence for each thing that is wrong with normalised settings."""
    return [
        *_wrong_types(config),
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
    return value if isinstance(value, str) else None


def _wrong_types(config: Mapping[str, Any]) -> Iterator[str]:
    for name, definition in SETTINGS["properties"].items():
        value = config.get(name)
        if value is None:
            continue
        if "string" in definition["type"] and not isinstance(value, str):
            yield f"{name} must be a text."
        if "boolean" in definition["type"] and not isinstance(value, bool):
            yield f"{name} must be true or false."


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
        if not _is_rsa_key(_text(config, "private_key") or ""):
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
