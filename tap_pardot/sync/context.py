"""What is fixed once for a run: the client, Pardot's time, the zone, the run's end.

One read of the account begins a run: it shows whether login, business unit and API version are
right before any stream begins, tells Pardot's time, and feeds the stream ``account``.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tap_pardot.api.auth import SalesforceAuth
from tap_pardot.api.budget import CallBudget
from tap_pardot.api.dialect import Record
from tap_pardot.api.http import Transport, origin
from tap_pardot.api.legacy import LegacyClient as Client
from tap_pardot.api.v4 import V4, ApiVersion
from tap_pardot.config.validation import endpoints, is_zone
from tap_pardot.errors import (
    ConfigurationError,
    LoginOutage,
    Outage,
    RunStopped,
    StreamFailed,
    StreamSkipped,
)
from tap_pardot.records.times import EARLIEST, parse_instant, unambiguous_edge
from tap_pardot.records.zone_check import TimezoneCheck
from tap_pardot.sources import legacy_query as query

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("tap-pardot")


class JobTracker:
    """The export jobs of all streams that are not complete yet.

    Args:
        places: How many may wait at once, so that a backfill leaves the account's queue to
            others too.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._jobs: set[int] = set()
        self.is_stuck = False
        """Whether a job was waited for in vain: those behind it are looked at once, not awaited."""

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def is_full(self) -> bool:
        """Whether another job must not be created yet."""
        return len(self._jobs) >= self._places

    def around(self, job: int) -> tuple[int, int]:
        """Return how many jobs come before and after one in Pardot's queue."""
        before = sum(each < job for each in self._jobs)
        return before, len(self._jobs - {job}) - before

    def enter(self, job: int) -> None:
        """A job was created."""
        self._jobs.add(job)

    def leave(self, job: int) -> None:
        """A job is lost."""
        self._jobs.discard(job)

    def complete(self, job: int) -> None:
        """A job is complete; so are those created before it, whoever still wants them."""
        self._jobs = {each for each in self._jobs if each > job}


@dataclass(frozen=True)
class Run:
    """Shared by all streams of a run.

    Attributes:
        client: Asks Pardot.
        zone: The API user's zone.
        start: Where streams without a bookmark begin, in UTC.
        end: Where every window ends (exclusive), in UTC.
        ends_early: Whether ``end_date`` set the end.
        export_poll_interval: Most seconds between two looks at an export job.
        export_timeout: Seconds to wait for one.
        max_concurrent_requests: Requests in flight.
        waiting: Export jobs that are not complete.
        timezone_check: Whether Pardot's own times agree with the zone.
    """

    client: Client
    zone: ZoneInfo
    start: datetime
    end: datetime
    ends_early: bool
    export_poll_interval: int
    export_timeout: int
    max_concurrent_requests: int
    waiting: JobTracker
    timezone_check: TimezoneCheck

    def now(self) -> datetime:
        """Return Pardot's time."""
        return self.client.clock.now()

    def is_isolated(self, outage: Outage) -> bool:
        """Whether a failure is not one of all of Pardot; asks, unless that is known."""
        if isinstance(outage, LoginOutage):
            return False
        return outage.is_isolated or self.client.is_reachable()


def connect(config: Mapping[str, Any], kept_calls: dict[str, Any], user_agent: str) -> Client:
    """Return the client that the settings describe; makes no call.

    Args:
        config: Valid settings.
        kept_calls: The part of STATE that counts the day's calls.
        user_agent: The ``User-Agent`` where the settings name none.
    """
    login_url, api_url = endpoints(config)
    transport = Transport(
        origins={api_url},
        read_timeout=config["request_timeout"],
        user_agent=config.get("user_agent") or user_agent,
        settings=_named_hosts(config),
    )
    auth = SalesforceAuth(
        config, login_url, lambda url, form: transport.send("POST", url, data=form)
    )
    v4 = V4(api_url, ApiVersion(config["api_version"]))
    return Client(
        transport,
        auth,
        api_url=api_url,
        v4=v4,
        health_check=v4.record(Record("account")),
        most_at_once=config["max_concurrent_requests"],
        budget=CallBudget(config.get("daily_call_limit"), kept_calls, _today(config)),
    )


def _named_hosts(config: Mapping[str, Any]) -> dict[str, str]:
    """Return by origin the setting that names it, but for those that are known to exist."""
    known = {origin(url) for sandbox in (True, False) for url in endpoints({"is_sandbox": sandbox})}
    named: dict[str, str] = {}
    for name in ("login_url", "api_url"):
        if config.get(name) and (of := origin(config[name])) not in known:
            named[of] = f"{named[of]} and {name}" if of in named else name
    return named


def _today(config: Mapping[str, Any]) -> str | None:
    """Return the account's day by this machine's clock, until Pardot's is known."""
    zone = config.get("timezone")
    return f"{datetime.now(ZoneInfo(zone)):%Y-%m-%d}" if zone else None


def begin(config: Mapping[str, Any], client: Client) -> Run:
    """Make the first calls of a run and return what they fix.

    Raises:
        ConfigurationError: Settings or login are wrong; nothing was read.
        RunStopped: Pardot or Salesforce cannot be reached, or the calls are used up.
    """
    client.keeps_answers = True
    try:
        _look_at_account(client)
        zone = _zone(config, client)
    except Outage as outage:
        raise unreachable(outage) from outage
    client.keeps_answers = False
    now = client.clock.now()
    client.budget.open_day(f"{now.astimezone(zone):%Y-%m-%d}")
    end = unambiguous_edge(now - timedelta(seconds=config["lookback_seconds"]), zone)
    ends_early = False
    if config.get("end_date"):
        end_date = parse_instant(config["end_date"])
        ends_early = end_date < end
        end = unambiguous_edge(min(end, end_date), zone)
    start = EARLIEST
    if config.get("start_date"):
        start = unambiguous_edge(max(start, parse_instant(config["start_date"])), zone)
    logger.info(
        "API version %d, time zone %s; reading up to %s.", client.version, zone.key, end.isoformat()
    )
    return Run(
        client,
        zone,
        start,
        end,
        ends_early,
        config["export_poll_interval"],
        config["export_timeout"],
        config["max_concurrent_requests"],
        JobTracker(config["max_waiting_exports"]),
        TimezoneCheck(zone),
    )


def _look_at_account(client: Client) -> None:
    """Make the first call; a refusal by Pardot costs the stream account only.

    Raises:
        ConfigurationError: Settings or login are wrong, or it is not Pardot that answers.
    """
    with suppress(StreamSkipped):
        try:
            account = client.read("account", ("account", "read"), "account")
        except StreamFailed as error:
            client.check_answered(error)
            return
        if told := daily_calls(account.get("level")):
            logger.info("The account's edition has %s API calls a day for all its tools.", told)


def daily_calls(level: Any) -> str | None:
    """Return the API calls a day of an account's level, where its edition is known (A.10)."""
    words = level.lower().split() if isinstance(level, str) else []
    return next((f"{_EDITIONS[word]:,}" for word in words if word in _EDITIONS), None)


_EDITIONS = {
    **dict.fromkeys(("growth", "pro"), 25_000),
    "plus": 50_000,
    **dict.fromkeys(("advanced", "ultimate", "premium"), 100_000),
}


def next_midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the account's next day begins, in UTC; Pardot gives new calls then."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)


def unreachable(outage: Outage) -> RunStopped:
    """Return what ends a run when Pardot cannot be reached before any stream begins."""
    tried = "" if outage.is_isolated else " for about 10 minutes"
    hint = " If Pardot itself can be reached, check api_url."
    if outage.code is not None or isinstance(outage, LoginOutage):
        hint = ""
    return RunStopped(
        f"Nothing could be read{tried}: {outage.message}{hint} Run again later.", outage.code
    )


def _zone(config: Mapping[str, Any], client: Client) -> ZoneInfo:
    if config.get("timezone"):
        return ZoneInfo(config["timezone"])
    source = query.Source(client, "users", "user", "user")
    try:
        users = [row for page in query.by_id(source, {}) for row in page.rows]
    except (StreamSkipped, StreamFailed):
        users = []
    name = zone_of_api_user(users, config.get("username"))
    if name is None:
        raise ConfigurationError(
            "Pardot does not tell the API user's time zone: set timezone to the zone in the API "
            "user's Pardot settings (an IANA name such as America/New_York)."
        )
    logger.info("The API user's time zone is %s, as Pardot tells.", name)
    return ZoneInfo(name)


def zone_of_api_user(users: list[dict[str, Any]], username: str | None) -> str | None:
    """Return the IANA zone of the API user, where the user records leave no doubt.

    Args:
        users: Rows of the user query; one who is not an administrator sees only himself
            (reference C.19).
        username: Setting ``username``; often the e-mail address of the user.
    """
    own = [user for user in users if username and user.get("email") == username]
    zones = {user.get("timezone") for user in own or users}
    name = zones.pop() if len(zones) == 1 else None
    return name if isinstance(name, str) and is_zone(name) else None
