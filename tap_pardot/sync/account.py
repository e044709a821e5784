"""The first calls of a run: the account, and the API user's time zone unless it is set."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from tap_pardot.api.codes import NO_SUCH_ADDRESS
from tap_pardot.api.dialect import Filters, Query, Record
from tap_pardot.config.validation import is_zone
from tap_pardot.errors import (
    ConfigurationError,
    NoSuchAddress,
    Outage,
    StreamFailed,
    StreamSkipped,
)
from tap_pardot.records.times import parse_instant, unambiguous_edge, utc_converter
from tap_pardot.records.values import ConversionError, to_integer
from tap_pardot.sources.paging import QueryCalls, by_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_pardot.api.budget import UsageLimit
    from tap_pardot.api.client import Client
    from tap_pardot.api.dialect import Row
    from tap_pardot.api.v4 import V4
    from tap_pardot.api.v5 import V5

logger = logging.getLogger("tap-pardot")

DAY = timedelta(days=1)
UNKNOWN_ZONE = (
    "The API does not report the API user's time zone: set timezone to the zone in the API "
    "user's Pardot settings (an IANA name such as America/New_York)."
)


def account_start(created_at: Any, zone: ZoneInfo) -> datetime | None:
    """Return a day before the account was created; None if Pardot does not report when."""
    if not isinstance(created_at, str):
        return None
    try:
        created = parse_instant(utc_converter(zone)(created_at))
        return unambiguous_edge(created - DAY, zone)
    except (ValueError, OverflowError):
        return None


class NoVersion4(Exception):
    """The account has neither version 3 nor version 4 of the API."""


def is_missing_address(error: StreamFailed) -> bool:
    """Return whether Pardot does not know an address, such as those of a version that is gone."""
    return isinstance(error, NoSuchAddress) or error.code == NO_SUCH_ADDRESS


def read_account(client: Client, dialect: V4) -> Row:
    """Make the first call, and return the account.

    If Pardot refuses the call, only the stream ``account`` fails, and the result is empty.

    Raises:
        NoVersion4: Pardot does not know the address.
        ConfigurationError: Settings or login are wrong, or another host answers.
        TapPardotError: As of the client.
    """
    with suppress(StreamSkipped):
        try:
            account = client.call("account", dialect.record(Record("account")), store=True)
        except StreamFailed as error:
            client.check_answered(error)
            if is_missing_address(error):
                raise NoVersion4 from error
            return {}
        if calls := daily_calls(account.get("level")):
            client.budget.edition_limit = calls
            number = f"{calls:,}"
            logger.info("The account's edition has %s API calls a day for all its tools.", number)
        return account
    return {}


class Usage(NamedTuple):
    """The account's own count of API calls, by all its tools.

    Attributes:
        used: The calls of the day so far.
        daily: The calls that the account has in a day.
    """

    used: int
    daily: int


def usage_of(client: Client, dialect: V5) -> Usage | None:
    """Return the account's own count of calls; None where Pardot does not give it.

    Raises:
        TapPardotError: The whole run ends, or Pardot cannot be reached.
    """
    request = dialect.record(Record("account"), ("id", "apiCallsUsed", "maximumDailyApiCalls"))
    try:
        account = client.call("account", request)
        used = to_integer(account.get("apiCallsUsed"))
        daily = to_integer(account.get("maximumDailyApiCalls"))
    except (StreamSkipped, StreamFailed, ConversionError):
        return None
    except Outage as outage:
        if not outage.is_isolated:
            raise
        return None
    return Usage(used, daily) if used is not None and daily else None


def read_usage(client: Client, dialect: V5, limit: UsageLimit) -> None:
    """Read the account's own count of calls; where Pardot does not give it, log that.

    Raises:
        TapPardotError: As of :func:`usage_of`.
    """
    usage = usage_of(client, dialect)
    if usage is None:
        logger.warning(
            "api_usage_limit has no effect: Pardot does not give this user the account's count of "
            "API calls, for which the role needs the ability Admin > Account > Edit Settings."
        )
        return
    logger.info(
        "The account's tools have made %s of %s API calls of the day; this run stops at %s, as "
        "api_usage_limit is %d percent.",
        f"{usage.used:,}",
        f"{usage.daily:,}",
        f"{usage.daily * limit.percent // 100:,}",
        limit.percent,
    )
    limit.note(*usage)


def daily_calls(level: Any) -> int | None:
    """Return the daily API calls of an account's level; None if unknown (A.10)."""
    words = level.lower().split() if isinstance(level, str) else []
    return next((_EDITIONS[word] for word in words if word in _EDITIONS), None)


_EDITIONS = {
    **dict.fromkeys(("growth", "pro"), 25_000),
    "plus": 50_000,
    **dict.fromkeys(("advanced", "ultimate", "premium"), 100_000),
}


def zone_of_run(config: Mapping[str, Any], client: Client, dialect: V4) -> ZoneInfo:
    """Return the API user's zone, from the settings or else from Pardot's user records.

    Raises:
        ConfigurationError: It is not set, and Pardot does not report it.
    """
    if config.get("timezone"):
        return ZoneInfo(config["timezone"])
    try:
        users = [*read_first(client, dialect, "users", "user")]
    except (StreamSkipped, StreamFailed):
        users = []
    name = zone_of_api_user(users, config.get("username"))
    if name is None:
        raise ConfigurationError(UNKNOWN_ZONE)
    logger.info("The API user's time zone is %s, as Pardot reports it.", name)
    return ZoneInfo(name)


def read_first(
    client: Client, dialect: V4 | V5, stream: str, name: str, fields: Sequence[str] = ()
) -> Iterator[Row]:
    """Yield all rows of an object before any stream is read, and store the answers for its stream.

    Args:
        client: Makes the calls.
        dialect: Builds the requests.
        stream: The stream that the calls are counted for, which reads the same answers later.
        name: The object's name in the dialect.
        fields: The fields to request; empty for all.

    Raises:
        TapPardotError: As the table in ``codes.py`` says.
    """
    calls = QueryCalls(partial(client.call, stream, store=True), dialect, Query(name), stream)
    for page in by_id(calls, Filters(fields=fields)):
        yield from page.rows


def zone_of_api_user(users: list[dict[str, Any]], username: str | None) -> str | None:
    """Return the IANA zone of the API user; None if the user records do not show it.

    Args:
        users: Rows of the user query. A user who is not an administrator gets only his own record
            (reference C.19).
        username: Setting ``username``, often the user's e-mail address. If no record has it, all
            records must have the same zone.
    """
    own = [user for user in users if username and user.get("email") == username]
    zones = {user.get("timezone") for user in own or users}
    name = zones.pop() if len(zones) == 1 else None
    return name if isinstance(name, str) and is_zone(name) else None
