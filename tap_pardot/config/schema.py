"""The settings, as ``--about`` lists them, and the SDK's own."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th
from singer_sdk.helpers.capabilities import (
    EMIT_ACTIVATE_VERSION_CONFIG,
    FLATTENING_CONFIG,
    STREAM_MAPS_CONFIG,
)

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

BATCH_CONFIG = "batch_config"
"""The SDK honours it without being asked."""

_DECLARED = {
    name: definition
    for schema in (SETTINGS, STREAM_MAPS_CONFIG, FLATTENING_CONFIG, EMIT_ACTIVATE_VERSION_CONFIG)
    for name, definition in schema["properties"].items()
}
KINDS = {
    name: next(kind for kind in ("string", "boolean", "integer", "object") if kind in each["type"])
    for name, each in _DECLARED.items()
} | {BATCH_CONFIG: "object"}
"""By setting, those of the SDK included, the kind of its value."""

ALIASES = {"pardot_api_url": "api_url"}
"""Names of other taps' settings, and ours."""
