"""Weeks of hourly runs in minutes: nothing lost, memory and number of calls flat.

    python benchmarks/soak.py [--runs 300] [--seed 1] [--zone America/New_York] [--versions 4 5]

The clock of a local Pardot moves an hour from run to run, half of the runs around one clock
change of the zone and half around the other. Between runs and in the midst of them rows of all
kinds are made, changed and removed; calls go wrong at random, and whole runs do: the day's calls
are used up (by others, then by the tap's own ``daily_call_limit``), an export is not ready and
then expired, a right is missing, Pardot is down, the schedule sleeps. A target that upserts by
key must end up with what Pardot has.

Each run is a process of its own, forked from one that has the tap loaded, so its memory is its
own. Waits between tries pass at once.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from pardot_emulator import Emulator
from tap_pardot.api import http, retry
from tap_pardot.cli import CommandLine, exit_with_sentence
from tap_pardot.sources import export_jobs

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Row = dict[str, Any]
Change = dict[str, Any]

HOUR = 3600
LAG = 60
"""Seconds that a row may become visible late: the default of ``lookback_seconds``."""

CHANGES = {
    "America/New_York": ("2024-03-10T07:00:00Z", "2024-11-03T06:00:00Z"),
    "Europe/Berlin": ("2024-03-31T01:00:00Z", "2024-10-27T01:00:00Z"),
    "Australia/Sydney": ("2024-04-06T16:00:00Z", "2024-10-05T16:00:00Z"),
    "Australia/Lord_Howe": ("2024-04-06T15:00:00Z", "2024-10-05T15:30:00Z"),
}
"""The instants of a year's two clock changes, by zone."""

MORE_CALLS, CALLS_BESIDES = 1.15, 3
MORE_MEMORY = 4.0
"""How much more a late run may cost than an early one: a factor and calls, and MB."""


class Kind(NamedTuple):
    """A stream whose rows the emulator holds, and what happens to them in an account.

    Attributes:
        stream: The stream.
        object: The object in the emulator.
        version: A field, and column, that each change gives a new value; None: rows never change.
        new: New rows between two runs, on the average.
        changed: Changed rows between two runs, on the average.
        gone: Whether rows are removed for good, which a tap cannot see.
        has_bin: Whether rows are put into the recycle bin.
    """

    stream: str
    object: str
    version: str | None = None
    new: float = 0.5
    changed: float = 0.5
    gone: bool = False
    has_bin: bool = False


KINDS = (
    *(Kind(f"{name}s", name, "name", gone=True) for name in ("list", "tag", "form")),
    Kind("custom_redirects", "customRedirect", "name", gone=True),
    Kind("dynamic_contents", "dynamicContent", "name", gone=True),
    Kind("opportunities", "opportunity", "name", new=0.1, gone=True),
    Kind("campaigns", "campaign", "name", new=0.1, gone=True),
    Kind("custom_fields", "customField", "crm_id", new=0),
    Kind("lifecycle_stages", "lifecycleStage", "name", new=0, changed=0.1),
    Kind("users", "user", "job_title", new=0.02, changed=0.2),
    Kind("imports", "import", "state", gone=True),
    Kind("email_clicks", "emailClick", new=3),
    Kind("lifecycle_histories", "lifecycleHistory", new=2),
    Kind("tag_objects", "tagObject", new=1),
    Kind("visitor_activities", "visitorActivity", "details", new=5, changed=1),
    Kind("prospects", "prospect", "comments", new=2, changed=3, has_bin=True),
    Kind("prospect_accounts", "prospectAccount", "name", has_bin=True),
    Kind("visitors", "visitor", "hostname", new=1, has_bin=True),
    Kind("list_memberships", "listMembership", None, new=2, changed=1, has_bin=True),
    Kind("external_activities", "externalActivity", new=1),
    Kind("emails", "email", new=0.3, changed=0),
    Kind("email_templates", "emailTemplate", "name", new=0.1, changed=0.2, gone=True),
    Kind("visits", "visit", "duration_in_seconds", new=2, changed=0.5),
)
BY_OBJECT = {kind.object: kind for kind in KINDS}

PASSING: tuple[Row, ...] = (
    *({"code": code} for code in (66, 183, 84, 202, 214)),
    *({"html": True, "status": status} for status in (500, 502, 504)),
    {"status": 429, "headers": {"Retry-After": "3"}},
    {"reset": True},
    {"truncate": 60},
    # In place of a file they would cost its stream this run.
    {"body": "", "path": "/do/query"},
    {"body": "\x00 garbage", "path": "/do/query"},
    {"change": {"expire_tokens": True}},
    {"op": "token", "status": 503},
    {"op": "download", "truncate": 40},
    {"op": "download", "csv": "cut_row"},
    {"change": {"settings": {"export_fail": 1}}},
)
"""Faults that pass: a run must end complete all the same."""


class Plan(NamedTuple):
    """What is special about one run: how it may end, and how that comes.

    Attributes:
        name: What it is.
        codes: Exit codes it may have.
        config: Settings of the tap that differ.
        switches: Switches of the emulator during the run.
        faults: Faults of the emulator.
    """

    name: str = "quiet"
    codes: frozenset[int] = frozenset({0})
    config: Row = {}  # noqa: RUF012 - never changed
    switches: Row = {}  # noqa: RUF012
    faults: tuple[Row, ...] = ()


SPECIAL = (
    *((0.1, "used up"), (0.3, "slow export"), (0.4, "no right"), (0.45, "down")),
    *((0.6, "call limit"), (0.8, "slow export"), (0.85, "stream down")),
)
"""When, as a share of all runs, something special begins."""

HARD_DAYS = {
    "used up": Plan("used up", frozenset({2}), switches={"daily_limit": 0}),
    "call limit": Plan("call limit", config={"daily_call_limit": 150}),
}
"""Until midnight in the account's zone."""

HARD_RUNS = {
    # In a repeated hour there is nothing to export.
    "slow export": Plan(
        "slow export",
        frozenset({0, 1}),
        config={"export_timeout": 60},
        switches={"export_seconds": 10**6},
    ),
    "no right": Plan(
        "no right", switches={"forbidden": {"tag": 46, "visit": 49, "prospectAccount": 46}}
    ),
    "down": Plan("down", frozenset({2}), faults=({"times": None, "status": 503, "html": True},)),
    "stream down": Plan(
        "stream down",
        frozenset({1}),
        faults=({"object": "list", "nth": 1, "times": None, "status": 500, "html": True},),
    ),
}


class Ended(NamedTuple):
    """How a run ended, and what it took."""

    code: int
    memory: float
    lines: list[str]
    log: str


class Account:
    """A local Pardot in which something happens all the time.

    Args:
        emulator: The local Pardot, with rows.
        chance: Decides what happens.
    """

    def __init__(self, emulator: Emulator, chance: random.Random) -> None:
        self.emulator = emulator
        self.chance = chance
        self.gone: dict[str, set[int]] = defaultdict(set)
        """By stream, the ids of rows that were removed for good."""
        self.told: Counter[str] = Counter()
        self._samples = {kind.object: _shown(emulator, kind.object) for kind in KINDS}
        self._ids = {name: [row["id"] for row in rows] for name, rows in self._samples.items()}
        self._left_out: dict[str, list[int]] = defaultdict(list)
        self._number = 0

    def happens(self, since: int, now: int, share: float = 1.0) -> Change:
        """Return what happens in a while; it is not applied.

        Args:
            since: The instant of the last run.
            now: The instant now; equal to ``since`` in the midst of a run.
            share: How much happens, of what is usual in an hour.
        """
        change: Change = {"upsert": defaultdict(list), "update": defaultdict(list), "delete": {}}
        for kind in KINDS:
            for _ in range(self._several(kind.new * share)):
                self._make(change, kind, self._moment(since, now))
            for _ in range(self._several(kind.changed * share)):
                self._change(change, kind, self._moment(since, now))
            if kind.gone and self.chance.random() < 0.1 * share:
                self._remove(change, kind)
        return {what: dict(objects) for what, objects in change.items()}

    def _several(self, average: float) -> int:
        """Return a number of times, mostly near the average."""
        whole = int(2 * average)
        return self.chance.randint(0, whole) if whole else self.chance.random() < average

    def _moment(self, since: int, now: int) -> int:
        """Return when something happens: often in the same second as something else."""
        pick = self.chance.random()
        if pick < 0.2 or since == now:  # noqa: PLR2004
            return now - self.chance.choice((0, 0, 1, 20, LAG - 10))
        if pick < 0.3:  # noqa: PLR2004 - written late: the last run could not see it
            return since - self.chance.randint(0, LAG - 10)
        if pick < 0.35:  # noqa: PLR2004 - dated ahead
            return now + self.chance.choice((30, 1800, 2 * HOUR))
        step = max((now - since) // 12, 1)
        return now - step * self.chance.randint(0, 11)

    def _new_id(self, name: str) -> int:
        """Return an id; sometimes one that is younger rows' elder, because it was written late."""
        ids, left_out = self._ids[name], self._left_out[name]
        if left_out and self.chance.random() < 0.2:  # noqa: PLR2004
            return left_out.pop()
        number = max(ids, default=0) + self.chance.randint(1, 2)
        left_out += range(max(ids, default=0) + 1, number)
        del left_out[:-2]  # no elder than that
        return number

    def _version(self) -> str:
        self._number += 1
        return f"version {self._number}"

    def _make(self, change: Change, kind: Kind, moment: int) -> None:
        name = kind.object
        sample = self.chance.choice(self._samples[name])
        row = {**sample, "id": self._new_id(name)}
        for field in sample.keys() & {"created_at", "updated_at", "createdAt", "updatedAt"}:
            row[field] = moment
        if kind.version is not None and name != "visit":
            row[kind.version] = self._version()
        self._relate(change, name, row, moment)
        self._ids[name].append(row["id"])
        change["upsert"][name].append(row)
        self.told["made"] += 1

    def _relate(self, change: Change, name: str, row: Row, moment: int) -> None:
        """Give a new row its links to others."""
        number = row["id"]
        if name == "email":
            row["list_email_id"] = number + 100_000_000
            acts = [{**self._samples["visitorActivity"][0], "type": 6, "type_name": "Email"}]
            for act in acts:
                act |= {"id": self._new_id("visitorActivity"), "email_id": number}
                act |= {"list_email_id": row["list_email_id"]}
                act |= {"created_at": moment, "updated_at": moment}
                self._ids["visitorActivity"].append(act["id"])
                change["upsert"]["visitorActivity"].append(act)
        if name == "visit":
            row["visitor_id"] = self.chance.choice(self._ids["visitor"])
            row["visitor_page_views"] = [
                {"id": 10 * number + place, "url": "https://www.example.com/", "title": "A page"}
                | {"created_at": moment}
                for place in range(self.chance.randint(0, 3))
            ]
            self._touch(change, row["visitor_id"], moment)
        if name == "visitor":
            row["identified"] = self.chance.random() < 0.5  # noqa: PLR2004
        if name == "emailTemplate":
            row |= {"isOneToOneEmail": True, "isArchived": None}

    def _touch(self, change: Change, visitor: int, moment: int) -> None:
        """Let a visit show on its visitor, by which it is found."""
        fields = {"updated_at": moment, "hostname": self._version()}
        change["update"]["visitor"].append({"ids": [visitor], "fields": fields})

    def _change(self, change: Change, kind: Kind, moment: int) -> None:
        name, number = kind.object, self.chance.choice(self._ids[kind.object])
        sample = self._samples[name][0]
        fields: Row = {}
        for field in ("updated_at", "updatedAt"):
            if field in sample:
                fields[field] = moment
        if name == "visit":
            fields["duration_in_seconds"] = self._number = self._number + 1
            visit = self.emulator.model.row("visit", "id", number)
            if visit is None:
                return
            self._touch(change, visit["visitor_id"], moment)
        elif kind.version is not None:
            fields[kind.version] = self._version()
        if name == "listMembership":
            fields["opted_out"] = self.chance.random() < 0.5  # noqa: PLR2004
        if name == "emailTemplate":
            fields["isOneToOneEmail"] = True
        if kind.has_bin and self.chance.random() < 0.3:  # noqa: PLR2004
            fields["deleted"] = self.chance.random() < 0.7  # noqa: PLR2004
        change["update"][name].append({"ids": [number], "fields": fields})
        self.told["put into or out of the bin" if "deleted" in fields else "changed"] += 1

    def _remove(self, change: Change, kind: Kind) -> None:
        ids = self._ids[kind.object]
        number = ids.pop(self.chance.randrange(len(ids)))
        change["delete"][kind.object] = [number]
        self.gone[kind.stream].add(number)
        self.told["removed"] += 1


def _shown(emulator: Emulator, name: str) -> list[Row]:
    """Return an object's rows but sessions, an activity that Pardot never shows (C.23)."""
    return [row for row in emulator.rows(name) if row.get("type") != _SESSION]


_SESSION = 5


class Target:
    """Tables that upsert by key, and the STATE that came last."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Any, Row]] = defaultdict(dict)
        self.state: Any = None
        self.rows = 0
        self._keys: dict[str, list[str]] = {}

    def load(self, lines: list[str]) -> None:
        """Take the lines of a run."""
        for line in lines:
            message = json.loads(line)
            if message["type"] == "SCHEMA":
                self._keys[message["stream"]] = message["key_properties"]
            elif message["type"] == "RECORD":
                record, keys = message["record"], self._keys[message["stream"]]
                key = tuple(record[name] for name in keys)
                self.tables[message["stream"]][key if len(key) > 1 else key[0]] = record
                self.rows += 1
            elif message["type"] == "STATE":
                self.state = message["value"]


# --- what should be there at the end ---


def differences(account: Account, target: Target) -> dict[str, list[Any]]:
    """Return by stream the keys of rows that the target has not, or not as Pardot has them."""
    emulator, tables = account.emulator, target.tables
    zone, found = ZoneInfo(emulator.settings.timezone), {}
    acts = [*emulator.rows("visitorActivity"), *emulator.rows("emailClick")]
    wanted = {
        "email": {row.get("email_id") for row in acts},
        "emailTemplate": {row["email_template_id"] for row in acts}
        | {row["id"] for row in emulator.rows("emailTemplate") if row["isOneToOneEmail"]},
        "visit": {
            row["id"]
            for row in emulator.rows("visit")
            if row["visitor_id"] in tables["visitors"]
        },
    }  # fmt: skip
    for kind in KINDS:
        rows = {row["id"]: row for row in _shown(emulator, kind.object)}
        here, named = tables[kind.stream], wanted.get(kind.object, rows.keys())
        found[kind.stream] = [
            number
            for number, row in rows.items()
            if number in named and not _equal(kind, row, here.get(number), zone)
        ]
        found[kind.stream] += here.keys() - rows.keys() - account.gone[kind.stream]
    views = {view["id"]: view["visit_id"] for view in emulator.page_views()}
    found["visitor_page_views"] = [
        number
        for number, visit in views.items()
        if visit in wanted["visit"] and number not in tables["visitor_page_views"]
    ]
    found["email_stats"] = [
        number
        for number in {row["list_email_id"] for row in acts} - {None}
        if not _same_figures(emulator.stats(number), tables["email_stats"].get(number))
    ]
    pairs = [
        (row["id"], prospect["id"])
        for row in emulator.rows("opportunity")
        for prospect in row["prospects"]
    ]
    found["opportunity_prospects"] = [
        pair for pair in pairs if pair not in tables["opportunity_prospects"]
    ]
    # Jobs of the last run were still waiting when they were listed.
    last = int(emulator.settings.now()) - LAG
    found["exports"] = [
        row["id"]
        for row in emulator.rows("export")
        if row["updatedAt"] < last
        and tables["exports"].get(row["id"], {}).get("state") != row["state"]
    ]
    return {stream: keys for stream, keys in found.items() if keys}


def _equal(kind: Kind, row: Row, record: Row | None, zone: ZoneInfo) -> bool:
    if record is None:
        return False
    if kind.version is not None and str(record[kind.version]) != str(row[kind.version]):
        return False
    if kind.has_bin and record["is_deleted"] is not row["deleted"]:
        return False
    for column, field in (("updated_at", "updated_at"), ("updated_at", "updatedAt")):
        if row.get(field) is not None and column in record:
            wall = datetime.fromtimestamp(row[field], zone)
            # Versions 3 and 4 do not tell the two sides of a repeated hour apart, and it is read
            # as the earlier one; version 5 is exact.
            moments = (wall.replace(fold=0), wall)
            if record[column] not in {each.astimezone(UTC).isoformat() for each in moments}:
                return False
    return True


def _same_figures(figures: Row, record: Row | None) -> bool:
    names = ("sent", "delivered", "opens", "total_clicks", "unique_clicks")
    return record is not None and all(record[name] == figures[name] for name in names)


# --- a run of the tap ---


class Runs:
    """Runs the tap in processes forked from one that has it loaded and has no threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._here, there = get_context("fork").Pipe()
        self._process = get_context("fork").Process(target=_serve, args=(there,), daemon=True)
        self._process.start()

    def run(self, config: Row, state: Any) -> Ended:
        """Run the tap to its end."""
        out, log = self._folder / "out", self._folder / "log"
        self._here.send((config, state, str(out), str(log)))
        code, memory = self._here.recv()
        return Ended(code, memory, out.read_text().splitlines(), log.read_text())

    def stop(self) -> None:
        """Let the process go."""
        self._here.send(None)
        self._process.join()


def _serve(pipe: Connection) -> None:
    while (order := pipe.recv()) is not None:
        pid = os.fork()
        if not pid:
            os._exit(_invoke(*order))
        _, status, used = os.wait4(pid, 0)
        # ru_maxrss counts KiB on Linux, bytes on macOS.
        unit = 2**20 if sys.platform == "darwin" else 2**10
        pipe.send((os.waitstatus_to_exitcode(status), used.ru_maxrss / unit))


def _invoke(config: Row, state: Any, out: str, log: str) -> int:
    for number, name in ((1, out), (2, log)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s | %(message)s", force=True)
    _let_waits_pass()
    code: Any = 70
    try:
        with exit_with_sentence():
            CommandLine.invoke(
                config=SimpleNamespace(config=config, parse_env=False),
                state=None if state is None else io.StringIO(json.dumps(state)),
            )
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    logging.shutdown()
    return code if isinstance(code, int) else 70


def _let_waits_pass() -> None:
    """Let waits between tries and looks pass at once, and be counted all the same."""
    waited = 0.0

    def sleep(seconds: float) -> None:
        nonlocal waited
        waited += seconds
        time.sleep(0.002)

    clock = SimpleNamespace(sleep=sleep, monotonic=lambda: time.monotonic() + waited)
    for module in (retry, http, export_jobs):  # not clock: Pardot's own time does not go on then
        vars(module)["time"] = clock


# --- the weeks ---


class Soak:
    """All runs, and what is noted of them.

    Args:
        options: The command line.
        emulator: The local Pardot.
        runs: Runs the tap.
    """

    def __init__(self, options: argparse.Namespace, emulator: Emulator, runs: Runs) -> None:
        self.chance = random.Random(options.seed)
        self.emulator = emulator
        self.runs = runs
        self.number = options.runs
        self.zone = ZoneInfo(options.zone)
        self.versions: list[int] = options.versions
        self.account = Account(emulator, self.chance)
        self.target = Target()
        self.ends: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.costs: list[tuple[int, float]] = []
        """Calls and MB of the runs in which nothing went wrong, after such a run."""
        self._settled = False
        self._hard_days: Counter[str] = Counter()
        """Until when the calls are used up, or limited."""

    def go(self, changes: tuple[str, str]) -> None:
        """Do all runs."""
        now = self.emulator.settings.now()
        half = self.number // 2
        for number in range(self.number):
            first = number < half
            change = int(datetime.fromisoformat(changes[not first]).timestamp())
            place = number - (half // 2 if first else half + (self.number - half) // 2)
            before, now = now, change + place * HOUR + self.chance.randint(-300, 300)
            if self.chance.random() < 0.03 and place % max(half, 1):  # noqa: PLR2004
                now = before  # the machine slept
                self.kinds["left out"] += 1
                continue
            self._step(before, now, self._plan(number, now))
        for _ in range(2):  # the last rows are younger than the lag, or in a repeated hour
            before, now = now, now + 4 * HOUR
            self._step(before, now, Plan(), share=0)

    def _plan(self, number: int, now: int) -> Plan:
        """Return what is special about a run."""
        special = {int(self.number * share): name for share, name in SPECIAL}
        name = special.get(number, "")
        nth = self.chance.randint(1, 70)
        if special.get(number - 1) == "slow export":
            return Plan("expired export")
        if name in {"used up", "call limit"}:
            self._hard_days[name] = min(self._midnight(now), now + (self.number // 6 + 1) * HOUR)
            if name == "used up":  # by others, in the midst of this run
                over = {"nth": nth, "change": {"settings": {"daily_limit": 0}}}
                return Plan(name, frozenset({2}), faults=(over,))
        for day, plan in HARD_DAYS.items():
            if now < self._hard_days[day]:
                return plan
        if name in HARD_RUNS:
            plan = HARD_RUNS[name]
            return plan._replace(faults=tuple({"nth": nth, **fault} for fault in plan.faults))
        if number and self.chance.random() < 0.4:  # noqa: PLR2004
            chosen = self.chance.choices(PASSING, k=self.chance.randint(1, 3))
            return Plan("faults that pass", faults=tuple(map(self._somewhere, chosen)))
        return Plan()

    def _somewhere(self, fault: Row) -> Row:
        most = {"token": 1, "download": 10}.get(fault.get("op", ""), 15 if "path" in fault else 70)
        times = 1 if "csv" in fault or "change" in fault else self.chance.randint(1, 2)
        return {**fault, "nth": self.chance.randint(1, most), "times": times}

    def _midnight(self, now: int) -> int:
        day = datetime.fromtimestamp(now, self.zone).date() + timedelta(days=1)
        return int(datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp())

    def _step(self, before: int, now: int, plan: Plan, share: float = 1.0) -> None:
        """Let an hour pass, then run."""
        emulator = self.emulator
        emulator.change(self.account.happens(before, now, share))
        emulator.set(clock=_text(now), **plan.switches)
        emulator.clear_calls()
        for fault in plan.faults:
            emulator.fault(**fault)
        # Much happens while a run is under way, too.
        midst = self.account.happens(now, now, share / 2)
        nth = self.chance.randint(1, 60)
        emulator.fault(nth=nth, change=midst)
        config = {
            **emulator.config,
            "start_date": "2020-01-01",
            "email_stats_days": 1,
            "api_version": self.chance.choice(self.versions),
            **plan.config,
        }
        ended = self.runs.run(config, self.target.state)
        *faults, last = emulator.faults
        if not last["fired"]:
            emulator.change(midst)
        if not all(fault["fired"] for fault in faults):  # fewer calls were made
            plan = plan._replace(codes=plan.codes | {0})
        self.target.load(ended.lines)
        self._note(plan, ended, len(emulator.calls), _text(now))
        emulator.clear_faults()
        emulator.set(export_seconds=0, forbidden={}, daily_limit=None, export_fail=0)
        if plan.name == "slow export":
            emulator.set_export(state="Complete")
            emulator.set_export(expired=True)

    def _note(self, plan: Plan, ended: Ended, calls: int, now: str) -> None:
        last = ended.log.splitlines()[-1] if ended.log else ""
        self.kinds[plan.name] += 1
        self.ends[f"exit code {ended.code}"] += 1
        if ended.code not in plan.codes or "nobody foresaw" in ended.log or "Traceback" in last:
            self.wrong.append(f"{now} ({plan.name}): exit code {ended.code}: {last}")
        if plan.name == "quiet" and self._settled:
            self.costs.append((calls, ended.memory))
        self._settled = plan.name in {"quiet", "faults that pass"} and self.target.rows > 0


def _text(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat()


def classify(name: str, figures: tuple[float, float], most: float) -> bool:
    """Print how a figure moved from the first third to the last; say whether it stayed."""
    early, late = figures
    good = late <= most
    print(f"{name}: {early:.1f} early, {late:.1f} late (at most {most:.1f}): {_word(good)}")
    return good


def _word(good: bool) -> str:  # noqa: FBT001
    return "ok" if good else "MISSED"


def told(soak: Soak, seconds: float) -> bool:
    """Print the figures; say whether all is well."""
    emulator, target = soak.emulator, soak.target
    missing = differences(soak.account, target)
    print(f"{soak.ends.total()} runs of {len(target.tables)} streams in {seconds:.0f} s")
    for title, counter in (
        ("runs", soak.kinds),
        ("ends", soak.ends),
        ("rows", soak.account.told),
    ):
        print(f"{title}: " + ", ".join(f"{number:,} {what}" for what, number in counter.items()))
    verdicts = [not missing, not soak.wrong]
    third = len(soak.costs) // 3
    if third:
        figures = zip(*soak.costs, strict=True)
        calls, memory = ((median(each[:third]), median(each[-third:])) for each in figures)
        most = calls[0] * MORE_CALLS + CALLS_BESIDES
        verdicts.append(classify("calls of a quiet run", calls, most))
        verdicts.append(classify("MB of memory of a quiet run", memory, memory[0] + MORE_MEMORY))
    for line in soak.wrong:
        print(f"ended otherwise than expected: {line}")
    print(
        f"{target.rows:,} records for {sum(map(len, target.tables.values())):,} rows; Pardot has "
        f"{sum(emulator.counts().values()):,}; end state: {'equal' if not missing else 'DIFFERS'}"
    )
    for stream, keys in missing.items():
        print(f"{stream}: {len(keys)} rows differ: {keys[:5]}")
    return all(verdicts)


def main() -> None:
    """Run, print, and exit with 1 unless all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=300, help="default 300")
    parser.add_argument("--seed", type=int, default=1, help="chooses all that happens; default 1")
    parser.add_argument("--zone", choices=CHANGES, default="America/New_York")
    parser.add_argument(
        "--versions", type=int, nargs="+", default=[4], help="api_version of each run, at random"
    )
    options = parser.parse_args()
    began = time.monotonic()
    changes = CHANGES[options.zone]
    first = int(datetime.fromisoformat(changes[0]).timestamp()) - (options.runs // 4 + 1) * HOUR
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(Path(folder))  # before the emulator has threads
        switches: Row = {"clock": _text(first), "export_seconds": 0, "timezone": options.zone}
        switches["numeric_strings"] = "none"  # what they become is not lost by a tap
        fold = ("early", "late")[options.seed % 2]
        with Emulator(rows=60, seed=options.seed, fold=fold, **switches) as emulator:
            soak = Soak(options, emulator, runs)
            soak.go(changes)
            good = told(soak, time.monotonic() - began)
        runs.stop()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
