"""No clock, zone or slowness costs a row: neither this machine's, nor Pardot's, nor a late write.

What tests of times have about queries is not repeated here; these are about all kinds of streams,
children too, and about windows that Pardot has no time for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import cycle, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from tap_pardot.api.clock import ServerClock
from tap_pardot.records.times import (
    SECOND,
    SHORTEST,
    Window,
    clamp,
    first_half,
    is_ambiguous,
    to_local,
    unambiguous_edge,
    utc_converter,
)
from tests.helpers.catalog import select
from tests.helpers.exports import OBJECTS, row
from tests.helpers.warehouse import later, utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pardot_emulator import Emulator
    from tests.helpers.runner import Runner
    from tests.helpers.tap import Finished

ROOT = Path(__file__).parents[2]

NOW = "2024-06-01T12:00:00+00:00"
QUERIED = ("lists", "email_clicks", "opportunities", "imports")
CHILDREN = ("visits", "visitor_page_views", "emails", "email_stats", "opportunity_prospects")
ALL = (*QUERIED, *OBJECTS, *CHILDREN)
EXACT = ("lists", "email_clicks", *OBJECTS)
"""Streams whose windows have two ends."""

LIST_EMAIL = 10_000  # what is added to the id of an e-mail


pytestmark = pytest.mark.usefixtures("waits")


class Account:
    """An account in which the same happens to rows of all kinds, and a tap that goes on.

    Attributes:
        emulator: The local Pardot; its clock stands.
        state: The last STATE.
        states: The bookmarks of each STATE that the last run wrote.
        read: By stream, how often each row has come.
    """

    def __init__(self, emulator: Emulator, tap: Runner) -> None:
        emulator.set(clock=NOW, export_seconds=0)
        self.emulator = emulator
        self.state: Any = None
        self.states: list[Any] = []
        self.read: dict[str, Counter[int]] = defaultdict(Counter)
        self.numbers: dict[int, str] = {}
        self._tap = tap

    def happen(self, number: int, at: str) -> None:
        """Make one row of each kind at an instant; all have this number."""
        self.numbers[number] = at
        times = {"created_at": at, "updated_at": at}
        email = {"email_id": number, "list_email_id": LIST_EMAIL + number}
        page = {"id": number, "url": "https://www.example.com/", "title": "A", "created_at": at}
        rows = {
            "list": times,
            "emailClick": {"created_at": at, "list_email_id": LIST_EMAIL + number},
            "opportunity": {**times, "prospects": [{"id": number}]},
            "import": {"createdAt": at, "updatedAt": at},
            "email": {"created_at": at, "list_email_id": LIST_EMAIL + number},
            "visit": {**times, "visitor_id": number, "visitor_page_views": [page]},
        }
        for name, fields in rows.items():
            self.emulator.add(name, [{"id": number, **fields}])
        for stream, name in OBJECTS.items():
            more: dict[str, Any] = {"type": 11, **email} if name == "visitorActivity" else {}
            self.emulator.add(name, [row(stream, number, at, **more)])

    def run(self, *streams: str, at: str | None = None, **config: Any) -> Finished:
        """Run the tap on from its last STATE, at another time if one is given."""
        if at is not None:
            self.emulator.set(clock=at)
        config = {
            "start_date": later(NOW, -7 * 86400),
            "export_poll_interval": 1,
            "bulk_source": "export",
            **config,
        }
        config = {**self.emulator.config, **config}
        run = self._tap.run(config, state=self.state, catalog=select(*streams))
        states = [each["value"] for each in run.messages if each["type"] == "STATE"]
        self.states = [each["bookmarks"] for each in states if "bookmarks" in each]
        self.state = run.state
        for stream in streams:
            self.read[stream].update(numbers(run, stream))
        return run

    def good(self, *streams: str, at: str | None = None, **config: Any) -> Finished:
        """Run the tap; it must end well."""
        run = self.run(*streams, at=at, **config)
        assert run.exit_code == 0, run.stderr
        return run

    def reached(self, stream: str) -> str | None:
        """Return up to when STATE says that a stream's rows are out."""
        bookmark = self.state["bookmarks"].get(stream, {})
        found = (
            bookmark.get("until")
            if stream == "email_clicks"
            else bookmark.get("replication_key_value")
        )
        assert found is None or isinstance(found, str)
        return found

    def values(self, stream: str) -> list[str]:
        """Return a stream's bookmark in each STATE that the last run wrote, in their order."""
        found = (bookmarks.get(stream, {}) for bookmarks in self.states)
        return [each.get("replication_key_value") or "" for each in found]

    def missing(self, streams: Iterable[str]) -> dict[str, list[int]]:
        """Return by stream the numbers that have not come yet."""
        found = {stream: sorted({*self.numbers} - {*self.read[stream]}) for stream in streams}
        return {stream: lacking for stream, lacking in found.items() if lacking}

    def twice(self, streams: Iterable[str]) -> dict[str, set[int]]:
        """Return by stream the numbers that have come more than once."""
        found = {s: {n for n, times in self.read[s].items() if times > 1} for s in streams}
        return {stream: many for stream, many in found.items() if many}


def numbers(run: Finished, stream: str) -> list[int]:
    """Return the numbers of a stream's records."""
    key = {"email_stats": "list_email_id", "opportunity_prospects": "opportunity_id"}
    ids = [record[key.get(stream, "id")] for record in run.records[stream]]
    return [number - LIST_EMAIL for number in ids] if stream == "email_stats" else ids


@pytest.fixture
def account(emulator: Emulator, tap: Runner) -> Account:
    return Account(emulator, tap)


# --- clocks ---


@pytest.mark.parametrize(
    "wrong_by", [[600], [-600], [600, -600, 86400, 0]], ids=["fast", "slow", "jumping"]
)
def test_a_wrong_clock_of_this_machine_loses_nothing(account, monkeypatch, wrong_by):
    """The run's end is Pardot's time less the lag, whatever is shown here."""
    shifts = cycle(wrong_by)

    class Machine(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromtimestamp(account.emulator.settings.now() + next(shifts), tz)

    for module in ("api.clock", "sync.context", "api.retry", "config.validation"):
        monkeypatch.setattr(f"tap_pardot.{module}.datetime", Machine)
    number = 0
    for hours in range(4):
        at = later(NOW, hours * 3600)
        # The first ones are later than the last run, and older than a fast clock's end of it.
        for seconds in (-3540, -3300, -3010, -2990, -700, -61, -60, -30, 0):
            number += 1
            account.happen(number, later(at, seconds))
        account.good(*ALL, at=at)
        end = later(at, -60)
        assert {stream: account.reached(stream) for stream in EXACT} == dict.fromkeys(EXACT, end)
        due = {number for number, moment in account.numbers.items() if moment < end}
        assert {stream: {*account.read[stream]} for stream in EXACT} == dict.fromkeys(EXACT, due)
    account.good(*ALL, at=later(NOW, 5 * 3600))

    assert account.missing(ALL) == {}


def test_without_a_date_header_this_machines_clock_is_used_with_one_warning(caplog):
    clock = ServerClock()
    clock.note({"Date": "soon"})
    assert not clock.is_known
    for _ in range(3):
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=9)
    assert len(caplog.messages) == 1
    clock.note({"Date": "Sat, 01 Jun 2024 12:00:00 GMT"})
    clock.note({"Date": "Sat, 01 Jun 2024 13:00:00 GMT"})
    assert timedelta() <= clock.now() - utc(NOW) < timedelta(seconds=9)


WRONG = "Sat, 01 Jan 2028 00:00:00 GMT"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 502, "html": True, "headers": {"Date": WRONG}},
        {"status": 503, "body": "", "headers": {"Date": WRONG}},
    ],
    ids=["gateway", "busy"],
)
def test_the_clock_of_whoever_answers_in_pardots_place_does_not_count(account, fault):
    """A bookmark that is ahead of Pardot would pass over what is written until then."""
    account.emulator.fault(object="account", **fault)
    account.happen(1, later(NOW, -600))
    account.good(*EXACT)
    assert account.emulator.faults[0]["fired"] == 1
    end = later(NOW, -60)
    assert {stream: account.reached(stream) for stream in EXACT} == dict.fromkeys(EXACT, end)
    assert account.missing(EXACT) == {}


@pytest.mark.parametrize(
    ("streams", "config"),
    [
        (ALL, {}),
        (CHILDREN, {}),
        ((*OBJECTS, *CHILDREN), {"bulk_source": "query"}),
        (("visits", "emails"), {"bulk_source": "query"}),
    ],
    ids=["all", "children alone", "by query", "children alone by query"],
)
def test_rows_dated_ahead_come_when_their_time_has_come(account, streams, config):
    """Also those whose ids are smaller than ids that are out."""
    streams = [name for name in streams if config == {} or name != "external_activities"]
    account.happen(10, later(NOW, -600))
    account.happen(7, later(NOW, -30))
    account.happen(5, later(NOW, 1800))
    account.happen(12, later(NOW, 5400))
    # Everything, each time, or without an upper bound: these come early.
    early = {"opportunities", "imports", "opportunity_prospects"}

    arrived = []
    for hours in range(3):
        run = account.good(*streams, at=later(NOW, hours * 3600), **config)
        # The figures of what was sent lately are read in each run.
        arrived.append({s: {*numbers(run, s)} for s in streams if s not in {*early, "email_stats"}})

    for place, ids in enumerate(({10}, {5, 7}, {12})):
        assert arrived[place] == dict.fromkeys(arrived[place], ids)
    assert account.missing(streams) == {}


# --- clock changes and zones ---

# The instant of the change, and its effect in minutes.
CHANGES = {
    "New York, autumn": ("America/New_York", "2024-11-03T06:00:00Z", -60),
    "Sydney, autumn": ("Australia/Sydney", "2024-04-06T16:00:00Z", -60),
    "Lord Howe, autumn": ("Australia/Lord_Howe", "2024-04-06T15:00:00Z", -30),
    "New York, spring": ("America/New_York", "2024-03-10T07:00:00Z", 60),
    "Lord Howe, spring": ("Australia/Lord_Howe", "2024-10-05T15:30:00Z", 30),
}


@pytest.mark.parametrize("name", CHANGES)
def test_exports_and_children_lose_nothing_at_a_clock_change(account, name):
    """Nobody knows which side of a repeated hour Pardot means, so no edge lies in one."""
    zone, change, by = CHANGES[name]
    account.emulator.set(timezone=zone, fold="late")
    streams = ("visitor_activities", "list_memberships", "external_activities", "visitors")
    streams += ("lists", "emails", "visits")
    start = later(change, -3 * 3600)
    ends: list[str] = []
    number = 0
    for minutes in range(-115, 150, 50):
        at = later(change, 60 * minutes)
        for seconds in (-2400, -1200, -301, -61, -60, -59, -1):
            number += 1
            account.happen(number, later(at, seconds))
        account.good(*streams, at=at, start_date=start)
        ends.append(account.reached("visitor_activities") or "")
    account.good(*streams, at=later(change, 4 * 3600), start_date=start)

    assert account.missing(streams) == {}
    assert ends == sorted(ends)
    if by < 0:
        repeated = later(change, 60 * by), later(change, -60 * by)
        assert [end for end in ends if repeated[0] <= end < repeated[1]] == []
    else:
        # Nothing repeats, so nothing waits and nothing comes twice.
        assert ends == [later(change, 60 * minutes - 60) for minutes in range(-115, 150, 50)]
        assert account.twice(streams) == {}


PLAIN = {
    "Asia/Kolkata": NOW,  # 5:30
    "Asia/Kathmandu": NOW,  # 5:45
    "Australia/Eucla": NOW,  # 8:45
    "Pacific/Chatham": NOW,  # 12:45, 13:45 in summer
    "Australia/Lord_Howe": NOW,  # 10:30, 11 in summer
    # Rules that ended just before: on these days the clocks used to change, and did not.
    "America/Sao_Paulo": "2019-11-03T03:00:00+00:00",
    "Europe/Istanbul": "2016-10-30T01:00:00+00:00",
    "Europe/Moscow": "2011-10-29T23:00:00+00:00",
}


@pytest.mark.parametrize("name", PLAIN)
def test_where_no_hour_repeats_each_row_comes_once_with_its_own_time(account, name):
    account.emulator.set(timezone=name)
    day, streams = PLAIN[name], (*EXACT, "emails", "visits")
    start = later(day, -7200)
    number = 0
    for minutes in (-35, 0, 40):
        at = later(day, 60 * minutes)
        for seconds in (-1799, -61, -60, -59):
            number += 1
            account.happen(number, later(at, seconds))
        run = account.good(*streams, at=at, start_date=start)
        assert account.reached("visitors") == account.reached("lists") == later(at, -60)
        for stream in EXACT:
            found = {record["id"]: record["created_at"] for record in run.records[stream]}
            assert found == {number: account.numbers[number] for number in found}
    account.good(*streams, at=later(day, 7200), start_date=start)

    assert account.missing(streams) == {}
    assert account.twice(streams) == {}


@pytest.mark.parametrize(
    ("zone", "wall", "instant"),
    [
        ("Europe/Istanbul", "2015-12-01 12:00:00", "2015-12-01T10:00:00+00:00"),
        ("Europe/Istanbul", "2015-11-07 12:00:00", "2015-11-07T09:00:00+00:00"),  # two weeks late
        ("Europe/Istanbul", "2016-12-01 12:00:00", "2016-12-01T09:00:00+00:00"),
        ("America/Sao_Paulo", "2018-12-01 12:00:00", "2018-12-01T14:00:00+00:00"),
        ("America/Sao_Paulo", "2019-12-01 12:00:00", "2019-12-01T15:00:00+00:00"),
        ("America/Caracas", "2015-12-01 12:00:00", "2015-12-01T16:30:00+00:00"),
        ("America/Caracas", "2016-12-01 12:00:00", "2016-12-01T16:00:00+00:00"),
        ("Asia/Pyongyang", "2018-01-01 12:00:00", "2018-01-01T03:30:00+00:00"),
        ("Asia/Pyongyang", "2019-01-01 12:00:00", "2019-01-01T03:00:00+00:00"),
        ("Pacific/Apia", "2011-12-29 12:00:00", "2011-12-29T22:00:00+00:00"),
        ("Pacific/Apia", "2011-12-31 12:00:00", "2011-12-30T22:00:00+00:00"),  # no 30th
        ("Asia/Kathmandu", "2024-06-01 12:00:00", "2024-06-01T06:15:00+00:00"),
        ("Australia/Lord_Howe", "2024-06-01 12:00:00", "2024-06-01T01:30:00+00:00"),
        ("Australia/Lord_Howe", "2024-12-01 12:00:00", "2024-12-01T01:00:00+00:00"),
    ],
)
def test_a_time_is_read_and_asked_by_the_rule_of_its_day(zone, wall, instant):
    assert utc_converter(ZoneInfo(zone))(wall) == instant
    assert to_local(utc(instant), ZoneInfo(zone)) == wall


@pytest.mark.parametrize("code", [46, 49])
def test_a_zone_that_is_not_set_and_may_not_be_read_is_a_clear_error(account, code):
    account.happen(1, later(NOW, -600))
    account.emulator.set(forbidden={"user": code}, user_timezone=True)
    account.state = {"bookmarks": {"lists": {"replication_key_value": later(NOW, -3600)}}}
    before = json.dumps(account.state)

    run = account.run("lists", timezone=None)

    assert run.exit_code == 1
    assert "does not report the API user's time zone: set timezone" in run.last_line
    assert "Traceback" not in run.stderr
    assert dict(run.records) == {}
    assert json.loads(before)["bookmarks"].items() <= account.state["bookmarks"].items()


# --- rows that become visible late ---


@pytest.mark.parametrize("lag", [None, 60, 600])
def test_a_row_written_within_the_lag_is_not_passed_over(account, lag):
    """It has an older time, and a smaller id, than rows that were read before it was there."""
    config = {} if lag is None else {"lookback_seconds": lag}
    lag = lag or 60
    end = later(NOW, -lag)
    account.happen(20, later(end, -1))
    account.happen(22, later(end, 1))
    account.good(*ALL, **config)
    assert {stream: {*account.read[stream]} for stream in EXACT} == {s: {20} for s in EXACT}
    account.happen(10, end)  # written later than it says, as late as may be
    account.happen(11, NOW)
    account.happen(21, later(end, 2))

    account.good(*ALL, at=later(NOW, 3600), **config)

    assert account.missing(ALL) == {}
    assert account.twice((*EXACT, "emails", "visits", "visitor_page_views")) == {}
    # Without an upper bound, what is inside the lag comes again, and nothing else.
    assert account.twice(["imports"]) == {"imports": {22}}


def test_a_longer_lag_moves_no_bookmark_back_and_repeats_nothing(account):
    for number, seconds in enumerate((-7000, -3000, -600, -61), start=1):
        account.happen(number, later(NOW, seconds))
    account.good(*ALL)
    reached = {stream: account.reached(stream) for stream in EXACT}
    assert reached == dict.fromkeys(EXACT, later(NOW, -60))

    account.happen(5, later(NOW, 60))
    for minutes in (10, 60):
        run = account.good(*ALL, at=later(NOW, 60 * minutes), lookback_seconds=7200)
        assert {stream: account.reached(stream) for stream in EXACT} == reached
        assert {stream: numbers(run, stream) for stream in EXACT} == {s: [] for s in EXACT}
    account.good(*ALL, at=later(NOW, 4 * 3600), lookback_seconds=7200)

    assert account.missing(ALL) == {}
    assert account.twice((*EXACT, "emails", "visits")) == {}


# --- what Pardot has no time for ---


class Asked(NamedTuple):
    """A query or the creation of an export: how long its window is, and how many rows it wants."""

    object: str
    op: str
    window: Window | None
    limit: int

    @property
    def seconds(self) -> float:
        """The window's length; without one, none."""
        return 0 if self.window is None else (self.window.end - self.window.start).total_seconds()


class Slow:
    """A Pardot that has no time for some of what it is asked.

    Attributes:
        asked: What it was asked, with whether that took too long.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.asked: list[tuple[Asked, bool]] = []
        self._too_much: Callable[[Asked], bool] = lambda _: False
        self._how: dict[str, Any] | None = None
        self._real = requests.Session.send

    def has_no_time_for(
        self, too_much: Callable[[Asked], bool], how: dict[str, Any] | None = None
    ) -> None:
        """Choose what is too much, and how that shows: as a fault, or as silence."""
        self._too_much, self._how = too_much, how

    def send(
        self, session: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        """Stand for ``Session.send``."""
        url = urlsplit(request.url or "")
        asked = self._read(url.path, dict(parse_qsl(url.query)), request.body)
        if asked is not None:
            slow = self._too_much(asked)
            self.asked.append((asked, slow))
            if slow and self._how is None:
                raise requests.ReadTimeout
            if slow:
                name = url.path.split("/")[2]
                self.emulator.fault(object=name, op=asked.op, **(self._how or {}))
        return self._real(session, request, **options)

    def _read(self, path: str, params: dict[str, str], body: Any) -> Asked | None:
        if not path.endswith(("/do/query", "/do/create")):
            return None
        name, op = path.split("/")[2], path.rpartition("/")[2]
        if op == "create":
            order = json.loads(body)
            name, params = order["object"], order["procedure"]["arguments"]
        bounds: list[datetime] = []
        zone = ZoneInfo(self.emulator.settings.timezone)
        for end in ("after", "before"):
            wall = params.get(f"updated_{end}") or params.get(f"created_{end}")
            if wall:
                bounds.append(datetime.fromisoformat(wall).replace(tzinfo=zone).astimezone(UTC))
        window = None
        if len(bounds) == 2:
            window = Window(bounds[0] + timedelta(seconds=1), bounds[1])
        return Asked(name, op, window, int(params.get("limit", 0)))

    def of(self, name: str, op: str = "query") -> list[tuple[Asked, bool]]:
        """Return what was asked of an object."""
        return [each for each in self.asked if each[0].object == name and each[0].op == op]

    def refused(self, name: str, op: str = "query") -> list[float]:
        """Return the lengths of the windows that took too long, in hours."""
        return [asked.seconds / 3600 for asked, slow in self.of(name, op) if slow]

    def answered(self, name: str, op: str = "query") -> list[float]:
        """Return the lengths of the windows that did not, in hours."""
        return [asked.seconds / 3600 for asked, slow in self.of(name, op) if not slow]


@pytest.fixture
def slow(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Slow:
    pardot = Slow(emulator)

    def send(session: requests.Session, *args: Any, **options: Any) -> requests.Response:
        return pardot.send(session, *args, **options)

    monkeypatch.setattr(requests.Session, "send", send)
    return pardot


def longer_than(hours: float, *objects: str) -> Callable[[Asked], bool]:
    """Return what says whether the window of one of these objects is longer."""
    return lambda asked: asked.object in objects and asked.seconds > hours * 3600


def spread(account: Account, start: str, minutes: int, count: int) -> None:
    """Make rows, so many minutes from one to the next; ids against the order of time."""
    for place in range(count):
        account.happen(count - place, later(start, 60 * minutes * place))


WAYS: dict[str, dict[str, Any] | None] = {
    "202": {"code": 202, "status": 429},
    "214": {"code": 214},
    "504": {"status": 504, "html": True},
    "timeout": None,
}
TWO_DAYS = later(NOW, -60 - 48 * 3600)


@pytest.mark.parametrize("way", WAYS)
def test_windows_are_halved_until_pardot_has_time_and_stay_so(account, slow, way):
    """Twice too long is enough; what worked is remembered for the rest of the run only."""
    spread(account, TWO_DAYS, 20, 144)
    slow.has_no_time_for(longer_than(3.5, "list", "tag"), WAYS[way])

    run = account.good("lists", "tags", "forms", start_date=TWO_DAYS)

    assert slow.refused("list") == slow.refused("tag") == [48, 48, 24, 24, 12, 12, 6, 6]
    assert slow.answered("list") == slow.answered("tag") == [3] * 16
    assert slow.answered("form") == [48]
    assert account.missing(["lists"]) == account.twice(["lists"]) == {}
    assert account.values("lists") == sorted(account.values("lists"))
    assert account.reached("lists") == later(NOW, -60)
    assert "lists: 144 rows, 24 calls, done" in run.stderr
    slow.asked.clear()
    account.good("lists", at=later(NOW, 6 * 3600))
    assert slow.refused("list") == [6, 6]


def test_one_slow_answer_is_asked_again_as_it_was(account, slow):
    spread(account, TWO_DAYS, 20, 144)
    account.emulator.fault(object="list", code=202)

    account.good("lists", start_date=TWO_DAYS)

    assert slow.answered("list") == [48, 48]
    assert account.missing(["lists"]) == account.twice(["lists"]) == {}


def test_rows_that_never_change_come_in_smaller_windows_whatever_their_ids(account, slow):
    """With ids against the order of time, all but the first window are asked by older ids."""
    spread(account, TWO_DAYS, 20, 144)
    slow.has_no_time_for(longer_than(6, "emailClick"), WAYS["202"])

    account.good("email_clicks", start_date=TWO_DAYS)

    assert slow.refused("emailClick") == [48, 48, 24, 24, 12, 12]
    assert account.missing(["email_clicks"]) == account.twice(["email_clicks"]) == {}
    for number in range(145, 181):
        account.happen(number, later(NOW, 600 * (number - 145)))
    account.happen(200, later(NOW, 10))  # a younger id with an older time
    slow.has_no_time_for(longer_than(2, "emailClick"), WAYS["214"])
    account.good("email_clicks", at=later(NOW, 7 * 3600))
    assert account.missing(["email_clicks"]) == account.twice(["email_clicks"]) == {}


@pytest.mark.parametrize("way", ["202", "timeout"])
def test_queries_of_active_and_deleted_rows_are_both_split_when_too_slow(account, slow, way):
    spread(account, TWO_DAYS, 20, 144)
    streams = ("list_memberships", "prospects", "visitors", "visitor_activities")
    for stream in ("list_memberships", "prospects"):
        account.emulator.update(OBJECTS[stream], range(1, 145, 3), deleted=True)
    slow.has_no_time_for(longer_than(6, *(OBJECTS[s] for s in streams)), WAYS[way])

    run = account.good(*streams, start_date=TWO_DAYS, bulk_source="query")

    assert account.missing(streams) == account.twice(streams) == {}
    for stream in ("list_memberships", "prospects"):
        flagged = {each["id"] for each in run.records[stream] if each["is_deleted"]}
        assert flagged == {*range(1, 145, 3)}
    assert slow.refused("visitor") == [48, 48, 24, 24, 12, 12]


def test_a_slow_recycle_bin_alone_splits_the_window(account, slow):
    """Active rows are out already by then; some may come again, none may be lost."""
    spread(account, TWO_DAYS, 20, 144)
    account.emulator.update("prospect", range(1, 145, 3), deleted=True)
    real = slow.send

    def too_much(asked: Asked) -> bool:
        return asked.object == "prospect" and asked.seconds > 6 * 3600 and in_the_bin[-1]

    in_the_bin = [False]

    def send(session: Any, request: Any, **options: Any) -> Any:
        in_the_bin.append("deleted=true" in request.url)
        return real(session, request, **options)

    slow.send = send  # type: ignore[method-assign]
    slow.has_no_time_for(too_much, WAYS["202"])

    account.good("prospects", start_date=TWO_DAYS, bulk_source="query")

    assert account.missing(["prospects"]) == {}
    assert len(slow.refused("prospect")) == 6


def test_without_a_window_page_sizes_are_halved(account, slow):
    spread(account, TWO_DAYS, 4, 300)
    wide = {"opportunity", "campaign"}
    slow.has_no_time_for(lambda asked: asked.object in wide and asked.limit > 60, WAYS["214"])
    account.emulator.add("campaign", [{"id": number} for number in range(1, 121)])

    run = account.good("opportunities", "opportunity_prospects", "campaigns")

    limits = [asked.limit for asked, _ in slow.of("opportunity") if asked.limit > 1]
    assert limits == [200, 200, 100, 100, *[50] * 7]
    assert account.missing(["opportunities", "opportunity_prospects"]) == {}
    assert account.twice(["opportunities"]) == {}
    assert len(set(run.ids("campaigns"))) == len(run.ids("campaigns")) == 120


@pytest.mark.parametrize("way", WAYS)
def test_exports_are_made_in_smaller_windows(account, slow, way):
    start = later(NOW, -60 - 64 * 86400)
    spread(account, start, 720, 128)
    streams = ("visitor_activities", "prospects")
    slow.has_no_time_for(
        lambda asked: asked.op == "create" and asked.seconds > 20 * 86400, WAYS[way]
    )

    account.good(*streams, "lists", start_date=start)

    days = [hours / 24 for hours in slow.refused("visitorActivity", "create")]
    assert days == pytest.approx([64, 64, 32, 32], abs=0.1)
    days = [hours / 24 for hours in slow.answered("visitorActivity", "create")]
    assert days == pytest.approx([16] * 4, abs=0.1)
    assert account.missing(streams) == account.twice(streams) == {}
    for stream in streams:
        assert account.values(stream) == sorted(account.values(stream))
        assert account.reached(stream) == later(NOW, -60)


def test_a_length_of_exports_that_worked_counts_for_all_windows_of_the_run(account, slow):
    start = later(NOW, -60 - 400 * 86400)  # a window of a year, and one of 35 days
    spread(account, start, 10 * 1440, 40)
    slow.has_no_time_for(longer_than(20 * 24, "visitorActivity"), WAYS["202"])

    account.good("visitor_activities", start_date=start)

    days = [hours / 24 for hours in slow.refused("visitorActivity", "create")]
    tried = [365, 182.5, 91.25, 45.625, 22.8125]
    assert days[::2] == days[1::2] == pytest.approx(tried, abs=0.1)
    days = [hours / 24 for hours in slow.answered("visitorActivity", "create")]
    assert days == pytest.approx([11.4] * 32 + [11.4] * 3 + [0.8], abs=0.3)
    assert account.missing(["visitor_activities"]) == account.twice(["visitor_activities"]) == {}


def test_a_window_of_one_minute_that_is_too_slow_fails_its_stream_only(account, slow):
    start = later(NOW, -60 - 960)
    spread(account, start, 1, 16)
    objects = ("list", "emailClick", "opportunity", "visitorActivity")
    slow.has_no_time_for(lambda asked: asked.object in objects, WAYS["202"])
    streams = ("lists", "email_clicks", "opportunities", "visitor_activities", "visitors", "visits")

    run = account.run(*streams, start_date=start)

    assert run.exit_code == 1
    assert run.last_line.startswith("Not complete")
    assert "ran out of time" in run.stderr
    minutes = sorted({round(hours * 60) for hours in slow.refused("list")})
    assert minutes == [1, 2, 4, 8, 16]
    assert sorted({round(hours * 60) for hours in slow.refused("emailClick")}) == minutes
    assert sorted({round(h * 60) for h in slow.refused("visitorActivity", "create")}) == minutes
    for name in ("list", "emailClick", "opportunity"):
        assert min(asked.limit for asked, _ in slow.of(name)) == 1
    assert account.missing(["visitors", "visits"]) == {}
    for stream in streams[:4]:
        assert f"{stream}: 0 rows" in run.stderr
        assert account.reached(stream) is None

    slow.has_no_time_for(lambda _: False)
    account.good(*streams, at=later(NOW, 3600))
    assert account.missing(streams) == {}


def test_a_run_that_ends_in_a_halved_window_goes_on_there(account, slow):
    spread(account, TWO_DAYS, 20, 144)
    slow.has_no_time_for(longer_than(3, "list", "emailClick", "visitor"), WAYS["504"])
    streams = ("lists", "email_clicks", "visitors", "visits")
    for nth in (12, 3, 14, 9):
        account.emulator.fault(code=122, nth=nth, times=None)
        run = account.run(*streams, start_date=TWO_DAYS, bulk_source="query")
        assert run.exit_code == 2
        account.emulator.clear_faults()

    account.good(*streams, start_date=TWO_DAYS, bulk_source="query")

    assert account.missing(streams) == {}


@pytest.mark.parametrize(
    "streams",
    [("lists", "visitor_activities"), ("email_clicks",), ("list_memberships",)],
    ids=["windows", "older ids", "recycle bin"],
)
@pytest.mark.parametrize("name", ["New York, autumn", "Lord Howe, autumn"])
def test_halved_windows_have_no_edge_in_a_repeated_hour(account, slow, name, streams):
    """The one around it stays longer than Pardot likes; its pages are halved then."""
    zone, change, _ = CHANGES[name]
    account.emulator.set(timezone=zone, fold="late", clock=later(change, 6 * 3600 + 60))
    start = later(change, -6 * 3600)
    spread(account, start, 5, 144)
    account.emulator.update("listMembership", range(1, 145, 3), deleted=True)
    slow.has_no_time_for(
        lambda asked: asked.seconds > 1500 and asked.limit > 50 and asked.op == "query", WAYS["202"]
    )

    account.good(*streams, start_date=start, bulk_source="query")

    assert account.missing(streams) == {}
    here = ZoneInfo(zone)
    windows = [asked.window for asked, _ in slow.asked if asked.window]
    edges = {edge for window in windows for edge in window}
    assert [edge for edge in edges if is_ambiguous(edge, here)] == []


@pytest.mark.parametrize("source", ["query", "export"])
def test_children_without_their_parent_get_all_ids_of_a_split_window(account, slow, source):
    """A parent that is read silently is halved as well."""
    spread(account, TWO_DAYS, 20, 144)
    parents = ("visitor", "visitorActivity", "emailClick")
    slow.has_no_time_for(longer_than(13, *parents), WAYS["202"])
    streams = ("visits", "emails", "email_stats")

    account.good(*streams, start_date=TWO_DAYS, bulk_source=source)

    assert slow.refused("emailClick") == [48, 48, 24, 24]
    assert account.missing(streams) == {}


def test_clicks_that_are_not_selected_pass_all_ids_of_split_windows(account, slow):
    """Nothing else names these e-mails."""
    spread(account, TWO_DAYS, 20, 144)
    account.emulator.clear("visitorActivity")
    slow.has_no_time_for(longer_than(13, "emailClick"), WAYS["202"])

    account.good("email_stats", start_date=TWO_DAYS)

    assert account.missing(["email_stats"]) == {}


def test_a_job_that_becomes_too_much_while_its_window_is_read_loses_no_row(account):
    """Active rows are being read when the job for the recycle bin turns out to be too long."""
    spread(account, TWO_DAYS, 20, 144)
    account.emulator.update("prospect", range(1, 145, 3), deleted=True)
    params = {"object": "prospect", "deleted": "true"}
    account.emulator.fault(op="create", params=params, code=202, times=2)

    run = account.good("prospects", start_date=TWO_DAYS, max_waiting_exports=1)

    assert account.missing(["prospects"]) == {}
    out: set[int] = set()
    for message in run.messages:
        if message["type"] == "RECORD":
            out.add(message["record"]["id"])
        elif message["type"] == "STATE":
            bookmark = message["value"].get("bookmarks", {}).get("prospects", {})
            reached = bookmark.get("replication_key_value") or ""
            covered = {number for number, at in account.numbers.items() if at < reached}
            assert covered - out == set(), f"a STATE covers rows up to {reached} that are not out"
    assert account.values("prospects") == sorted(account.values("prospects"))


# --- the arithmetic of halving ---

FOLDS = [(zone, change) for zone, change, by in CHANGES.values() if by < 0]


@st.composite
def windows_near_a_fold(draw: st.DrawFn) -> tuple[Window, ZoneInfo]:
    zone, change = draw(st.sampled_from(FOLDS))
    here = ZoneInfo(zone)
    minutes = st.integers(-300, 300)
    edges = sorted({unambiguous_edge(utc(change) + timedelta(minutes=draw(minutes)), here),
                    unambiguous_edge(utc(change) + timedelta(minutes=draw(minutes)), here),
                    utc(change) + timedelta(minutes=400)})  # fmt: skip
    return Window(edges[0], edges[1]), here


BEFORE_A_FOLD = Window(utc("2024-04-06T14:29:00Z"), utc("2024-04-06T15:31:00Z"))


@given(windows_near_a_fold())
@example((BEFORE_A_FOLD, ZoneInfo("Australia/Lord_Howe")))
def test_halves_of_halves_make_the_whole_window_again(case):
    """However often a window is halved, the pieces meet, none is empty, all edges are fit."""
    window, zone = case
    pieces, longest = [], window.end - window.start
    left = window
    while left.start < left.end:
        piece = clamp(left, longest, zone)
        while (half := first_half(piece, zone)) is not None:
            # The last edge before a repeated hour is the last second of a minute.
            assert half.end - half.start >= SHORTEST - SECOND
            assert half.end - half.start < piece.end - piece.start
            piece, longest = half, half.end - half.start
        pieces.append(piece)
        left = Window(piece.end, left.end)

    assert [pieces[0].start, *(piece.end for piece in pieces)] == sorted(
        {edge for piece in pieces for edge in piece}
    )
    assert all(before.end == after.start for before, after in pairwise(pieces))
    assert pieces[-1].end == window.end
    for piece in pieces[:-1]:
        assert unambiguous_edge(piece.end, zone) == piece.end


# --- all of it together ---


def test_a_short_soak_ends_with_what_pardot_has():
    """Some hours of benchmarks/soak.py, around both clock changes; it says itself what is wrong."""
    command = [sys.executable, str(ROOT / "benchmarks" / "soak.py"), "--runs", "12", "--seed", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "end state: equal" in done.stdout
