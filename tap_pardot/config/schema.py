"""The settings as one JSON Schema: types, ranges, choices, defaults, secrets and descriptions.

``--about`` shows it, the tables of settings and the plugin definition for Meltano are made of it,
and :mod:`tap_pardot.config.validation` checks values by it.
"""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th
from singer_sdk.helpers.capabilities import (
    EMIT_ACTIVATE_VERSION_CONFIG,
    FLATTENING_CONFIG,
    STREAM_MAPS_CONFIG,
)

_DAY = 86400

SETTINGS: dict[str, Any] = th.PropertiesList(
    th.Property(
        "pardot_business_unit_id",
        th.StringType(pattern="^0Uv[0-9A-Za-z]{15}$"),
        required=True,
        description="Business unit: 18 characters starting with 0Uv (Salesforce Setup > Business "
        "Unit Setup).",
    ),
    th.Property(
        "client_id",
        th.StringType,
        description="Consumer key of the External Client App, or of an older connected app; it "
        "needs the scope pardot_api.",
    ),
    th.Property(
        "client_secret",
        th.StringType,
        secret=True,
        description="Consumer secret of the External Client App, or of an older connected app.",
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
        description="RSA private key (PEM) of the certificate in the External Client App, or in an "
        "older connected app; chooses the JWT bearer flow.",
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
        th.IntegerType(allowed_values=[3, 4, 5]),
        default=4,
        description="3, 4 or 5. Between 3 and 4 the tap switches by itself when the account "
        "requires the other. 5 reads each stream by version 5 where it has the selected columns, "
        "else by 3 or 4.",
    ),
    th.Property(
        "timezone",
        th.StringType,
        description="Time zone of the API user (IANA name, such as America/New_York), as in the "
        "user's Pardot settings; read from Pardot unless set.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        description="The first run reads what changed since this time (ISO 8601, naive = UTC); "
        "2007-01-01 unless set.",
    ),
    th.Property(
        "end_date",
        th.DateTimeType,
        description="Read only what changed before this time (ISO 8601, naive = UTC); for "
        "backfills.",
    ),
    th.Property(
        "max_concurrent_requests",
        th.IntegerType(minimum=1, maximum=5),
        default=4,
        description="Requests in flight, 1 to 5; Pardot allows 5 to all tools of an account.",
    ),
    th.Property(
        "daily_call_limit",
        th.IntegerType(minimum=1),
        description="Most API calls of this tap in a day of the account; STATE counts them. The "
        "run stops cleanly at the limit.",
    ),
    th.Property(
        "api_usage_limit",
        th.IntegerType(minimum=1, maximum=100),
        description="With api_version 5: percent of the account's daily API calls, by all its "
        "tools, at which the run stops cleanly.",
    ),
    th.Property(
        "include",
        th.ArrayType(th.StringType),
        description="Streams and columns (stream.column) that are off unless named here, such as "
        "prospect_ids or emails.message_html.",
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1, maximum=3600),
        default=120,
        description="Seconds without a byte before a request counts as hanging.",
    ),
    th.Property(
        "lookback_seconds",
        th.IntegerType(minimum=0, maximum=_DAY),
        default=60,
        description="A run reads up to this many seconds before Pardot's time, so that it does "
        "not miss rows that are still being written.",
    ),
    th.Property(
        "bulk_source",
        th.StringType(allowed_values=["auto", "export", "query"]),
        default="auto",
        description="Where streams with both sources read from: export, query, or auto, which "
        "chooses the one with fewer API calls.",
    ),
    th.Property(
        "export_poll_interval",
        th.IntegerType(minimum=1, maximum=3600),
        default=30,
        description="Most seconds between two requests for an export job's status.",
    ),
    th.Property(
        "export_timeout",
        th.IntegerType(minimum=1, maximum=7 * _DAY),
        default=7200,
        description="Seconds to wait for an export job; after that the next run downloads it.",
    ),
    th.Property(
        "max_waiting_exports",
        th.IntegerType(minimum=1, maximum=1000),
        default=24,
        description="Export jobs of this tap that may wait in the account's queue at once.",
    ),
    th.Property(
        "email_stats_days",
        th.IntegerType(minimum=0, maximum=365),
        default=10,
        description="Each run reads the figures of a list e-mail for this many days after it was "
        "sent, whether there was activity or not.",
    ),
    th.Property(
        "user_agent",
        th.StringType(pattern="^[ -~]*$"),
        description="User-Agent header of all requests.",
    ),
    th.Property(
        "token_file",
        th.StringType,
        description="File (created with mode 0600) for the refresh token after Salesforce has "
        "rotated it, because a tap cannot change its own settings.",
    ),
).to_dict()

BATCH_CONFIG = "batch_config"
"""A setting that the SDK obeys even without the capability."""

_SDK_MINIMUMS = {"flattening_max_depth": 0, "flattening_max_key_length": 1}

DECLARED: dict[str, dict[str, Any]] = {
    name: {**definition, "minimum": _SDK_MINIMUMS[name]} if name in _SDK_MINIMUMS else definition
    for schema in (SETTINGS, STREAM_MAPS_CONFIG, FLATTENING_CONFIG, EMIT_ACTIVATE_VERSION_CONFIG)
    for name, definition in schema["properties"].items()
}
"""By setting, those of the SDK included, its JSON Schema."""

_KINDS = ("string", "boolean", "integer", "object", "array")

KINDS = {
    name: next(
        kind for kind in ("string", "boolean", "integer", "object", "array") if kind in each["type"]
    )
    for name, each in DECLARED.items()
} | {BATCH_CONFIG: "object"}
"""By setting, those of the SDK included, the type of its value."""

ALIASES = {"pardot_api_url": "api_url"}
"""By other taps' name of a setting, its name here."""
