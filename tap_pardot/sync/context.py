"""What is set once for a run: the client, Pardot's time, the zone, the run's start and end.

The first call of a run reads the account. It shows whether login, business unit and API version
are right before any stream is read, and gives Pardot's time. The stream ``account`` uses its
answer.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tap_pardot.api.auth import SalesforceAuth
from tap_pardot.api.budget import CallBudget, UsageLimit
from tap_pardot.api.client import Client
from tap_pardot.api.dialect import Record
from tap_pardot.api.http import Transport, origin
from tap_pardot.api.v4 import V4, ApiVersion
from tap_pardot.api.v5 import V5
from tap_pardot.config.validation import endpoints
from tap_pardot.errors import (
    ConfigurationError,
    LoginOutage,
    Outage,
    RunStopped,
    TapPardotError,
)
from tap_pardot.records.times import (
    EARLIEST,
    Window,
    parse_instant,
    unambiguous_edge,
)
from tap_pardot.records.zone_check import TimezoneCheck
from tap_pardot.sources.job_tracker import JobTracker
from tap_pardot.sync.account import (
    UNKNOWN_ZONE,
    NoVersion4,
    account_start,
    read_account,
    read_usage,
    zone_of_run,
)
from tap_pardot.sync.version_5 import Version5

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_pardot.api.dialect import Row
    from tap_pardot.sources.base import Call
    from tap_pardot.sync.report import Report

logger = logging.getLogger("tap-pardot")

VERSION_5 = 5
"""The value of ``api_version`` that reads by both dialects."""
CACHE_SECONDS = 60
"""How old an answer of version 5 can be, because it comes from a cache (reference v5 A.6)."""


@dataclass(frozen=True)
class SyncContext:
    """What all streams of a run share. It knows no stream.

    Attributes:
        client: Calls Pardot.
        dialect: Builds requests for versions 3 and 4 of the API, in the API user's zone.
        dialect_5: Builds requests for version 5.
        config: The settings.
        start: Where streams without a bookmark begin, in UTC.
        end: Where every window ends (exclusive), in UTC.
        ends_early: Whether the setting ``end_date`` has set the end.
        has_version_4: Whether the account has version 3 or 4 of the API.
        zone_error: Why the API user's zone is unknown, so that only version 5 can be read; None
            if it is known.
        version_5: Whether the account has version 5 of the API.
        account_start: A day before the account was created, in UTC; None if that is unknown.
        lookback: How far before their bookmarks streams start in this run.
        jobs: The waiting export jobs of all streams.
        timezone_check: Compares the zone with the local times in Pardot's answers.
        report: Collects how each stream ends.
        write_state: Writes STATE, after all records written so far.
    """

    client: Client
    dialect: V4
    dialect_5: V5
    has_version_4: bool
    zone_error: ConfigurationError | None
    version_5: Version5
    config: Mapping[str, Any]
    start: datetime
    end: datetime
    ends_early: bool
    account_start: datetime | None
    lookback: timedelta
    jobs: JobTracker
    timezone_check: TimezoneCheck
    report: Report
    write_state: Callable[[], None]

    @property
    def zone(self) -> ZoneInfo:
        """The API user's zone."""
        return self.dialect.zone

    @property
    def zone_name(self) -> str:
        """The API user's zone, for the log."""
        return self.zone.key if self.zone_error is None else "unknown"

    @property
    def reads_version_5(self) -> bool:
        """Whether the setting ``api_version`` is 5."""
        return bool(self.config["api_version"] == VERSION_5)

    @property
    def versions(self) -> str:
        """The versions of the API that streams are read by, for the log."""
        numbers = [str(self.dialect.version.number)] if self.has_version_4 else []
        if self.reads_version_5 and not self.version_5.is_gone:
            numbers.insert(0, str(VERSION_5))
        return f"version{'s' if numbers[1:] else ''} {' and '.join(numbers)}"

    def dialect_of(self, name: str) -> V4 | V5:
        """Return a dialect by its name."""
        return self.dialect_5 if name == self.dialect_5.name else self.dialect

    @property
    def grace(self) -> timedelta:
        """How far bookmarks may be after the run's end: another ``api_version`` reads further."""
        return timedelta(seconds=CACHE_SECONDS if self.reads_version_5 else 0)

    @property
    def window(self) -> Window:
        """The run's start and end."""
        return Window(self.start, self.end)

    def now(self) -> datetime:
        """Return Pardot's time."""
        return self.client.clock.now()

    def call_for(self, stream: str, *, store: bool = False) -> Call:
        """Return a function that makes calls, which are counted for a stream.

        Args:
            stream: The stream.
            store: Whether each result is stored, so that the next equal request needs no call.
        """
        return partial(self.client.call, stream, store=store)

    def classify(self, error: TapPardotError) -> TapPardotError:
        """Return an outage as the failure of one stream or of the run; other errors unchanged.

        An outage is the failure of one stream if Pardot answers another call.
        """
        if not isinstance(error, Outage):
            return error
        if self.client.is_isolated(error):
            return error.as_stream_failure()
        return RunStopped(
            f"Pardot could not be reached for about 10 minutes: {error.message} Run again later, "
            "nothing is lost.",
            error.code,
        )


def build_client(
    config: Mapping[str, Any], stored_calls: dict[str, Any], user_agent: str
) -> tuple[Client, V4]:
    """Return the client for the settings, and the dialect for its requests; makes no call.

    Args:
        config: Valid settings.
        stored_calls: The part of STATE that counts the day's calls, changed in place.
        user_agent: The ``User-Agent`` if the settings have none.
    """
    login_url, api_url = endpoints(config)
    transport = Transport(
        origins={api_url},
        read_timeout=config["request_timeout"],
        user_agent=config.get("user_agent") or user_agent,
        setting_by_origin=_setting_by_origin(config),
    )
    auth = SalesforceAuth(
        config, login_url, lambda url, form: transport.send("POST", url, data=form)
    )
    dialect = V4(api_url, ApiVersion(min(config["api_version"], 4)))
    percent = config.get("api_usage_limit") if config["api_version"] == VERSION_5 else None
    usage = None if percent is None else UsageLimit(percent)
    client = Client(
        transport,
        auth,
        api_url=api_url,
        max_in_flight=config["max_concurrent_requests"],
        budget=CallBudget(config.get("daily_call_limit"), stored_calls, _today(config), usage),
        health_check=dialect.record(Record("account")),
    )
    return client, dialect


def open_sync(  # noqa: PLR0913
    config: Mapping[str, Any],
    client: Client,
    dialect: V4,
    *,
    report: Report,
    write_state: Callable[[], None],
    adopt_state: Callable[[ZoneInfo, datetime], timedelta],
    stored_check: dict[str, Any],
) -> SyncContext:
    """Make the first calls of a run, and return the context that they determine.

    Args:
        config: Valid settings.
        client: Makes the calls.
        dialect: Builds the requests.
        report: Collects how each stream ends.
        write_state: Writes STATE.
        adopt_state: Adapts STATE to the zone and the start of the run; returns how far before
            their bookmarks streams start.
        stored_check: The part of STATE that holds the result of the check of the time zone,
            changed in place.

    Raises:
        ConfigurationError: Settings or login are wrong.
        RunStopped: Pardot or Salesforce cannot be reached, or the day's calls are used up.
    """
    dialect_5 = V5(dialect.api_url, usage=client.budget.usage)
    if config.get("api_usage_limit") and config["api_version"] != VERSION_5:
        logger.warning("api_usage_limit is ignored: it needs api_version 5.")
    try:
        account, has_version_4 = _account(config, client, dialect)
        if client.budget.usage is not None:
            read_usage(client, dialect_5, client.budget.usage)
        zone, zone_error = _zone(config, client, dialect, has_version_4=has_version_4)
    except Outage as outage:
        raise unreachable(outage) from outage
    now = client.clock.now()
    client.budget.open_day(f"{now.astimezone(zone):%Y-%m-%d}")
    (start, end), ends_early = _window(config, zone, now)
    sync = SyncContext(
        client=client,
        dialect=dialect.in_zone(zone),
        dialect_5=dialect_5,
        has_version_4=has_version_4,
        zone_error=zone_error,
        version_5=Version5(),
        config=config,
        start=start,
        end=end,
        ends_early=ends_early,
        account_start=account_start(account.get("created_at"), zone),
        lookback=adopt_state(zone, start),
        jobs=JobTracker(config["max_waiting_exports"]),
        timezone_check=TimezoneCheck(zone, stored_check),
        report=report,
        write_state=write_state,
    )
    logger.info(
        "API %s, time zone %s; reading up to %s.",
        sync.versions,
        sync.zone_name,
        end.isoformat(),
    )
    return sync


def _account(config: Mapping[str, Any], client: Client, dialect: V4) -> tuple[Row, bool]:
    """Return the account, and whether it has version 3 or 4 of the API; errors as of the call."""
    try:
        return read_account(client, dialect), True
    except NoVersion4:
        if config["api_version"] != VERSION_5:
            return {}, True
        return {}, False


def _zone(
    config: Mapping[str, Any], client: Client, dialect: V4, *, has_version_4: bool
) -> tuple[ZoneInfo, ConfigurationError | None]:
    """Return the API user's zone, and why it is unknown.

    Times of version 5 carry their offset, so UTC will do for them.

    Raises:
        ConfigurationError: It is unknown, and ``api_version`` is not 5.
        TapPardotError: As of the call.
    """
    if not has_version_4 and not config.get("timezone"):
        return ZoneInfo("UTC"), ConfigurationError(UNKNOWN_ZONE)
    try:
        return zone_of_run(config, client, dialect), None
    except ConfigurationError as error:
        if config["api_version"] != VERSION_5 or error.message != UNKNOWN_ZONE:
            raise
        return ZoneInfo("UTC"), error


def _window(config: Mapping[str, Any], zone: ZoneInfo, now: datetime) -> tuple[Window, bool]:
    """Return the run's window, and whether ``end_date`` set its end."""
    lag = config["lookback_seconds"] + (CACHE_SECONDS if config["api_version"] == VERSION_5 else 0)
    end = unambiguous_edge(now - timedelta(seconds=lag), zone)
    ends_early = False
    if config.get("end_date"):
        end_date = parse_instant(config["end_date"])
        ends_early = end_date < end
        end = unambiguous_edge(min(end, end_date), zone)
    start = EARLIEST
    if config.get("start_date"):
        start = unambiguous_edge(max(start, parse_instant(config["start_date"])), zone)
    return Window(start, end), ends_early


def _setting_by_origin(config: Mapping[str, Any]) -> dict[str, str]:
    """Return by origin the setting that names it, without the origins that are known to exist."""
    known = {origin(url) for sandbox in (True, False) for url in endpoints({"is_sandbox": sandbox})}
    named: dict[str, str] = {}
    for name in ("login_url", "api_url"):
        if config.get(name) and (of := origin(config[name])) not in known:
            named[of] = f"{named[of]} and {name}" if of in named else name
    return named


def _today(config: Mapping[str, Any]) -> str | None:
    """Return the account's day by this machine's clock; None if the zone is not set."""
    zone = config.get("timezone")
    return f"{datetime.now(ZoneInfo(zone)):%Y-%m-%d}" if zone else None


def next_midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the account's next day begins, in UTC: the count of API calls starts again."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)


def unreachable(outage: Outage) -> RunStopped:
    """Return the error that ends a run if Pardot cannot be reached before any stream is read."""
    tried = "" if outage.is_isolated else " for about 10 minutes"
    hint = " If Pardot itself can be reached, check api_url."
    if outage.code is not None or isinstance(outage, LoginOutage):
        hint = ""
    return RunStopped(
        f"Nothing could be read{tried}: {outage.message}{hint} Run again later.", outage.code
    )
