"""Whatever changes and whenever a run is killed, a target ends up with what the account holds.

DESIGN, promises 1, 4 and 11. Examples are made up by Hypothesis: an account, what changes in it
between and during requests, and for each run the request, answer or message at which it gets a
SIGKILL or SIGTERM. Each run begins with the last STATE that the target has really read, merged
deeply as Meltano does it.

The default run takes 30 examples of one seed, ``pytest -m nightly`` 300 of a new one, which is
printed; ``KILLS_SEED`` and ``KILLS_EXAMPLES`` choose others.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, currently_in_test_context, given, note, seed, settings
from hypothesis import strategies as st

from tests.helpers.kills import (
    OBJECTS,
    READ_BY_VERSION_5,
    RESUMED_WHOLE,
    START_DATE,
    Account,
    Change,
    Nursery,
    Pipeline,
    Plan,
    Run,
    Stop,
    Target,
)
from tests.helpers.meltano import PLUGINS, Meltano, as_environment, stopped_with_us
from tests.integration.test_meltano import configure, installed, project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.helpers.kills import Ended
    from tests.helpers.postgres import Postgres

__all__ = ["installed", "project"]  # fixtures

SEED, EXAMPLES, NIGHTLY_EXAMPLES = 6, 30, 300
KILLS, OVER = ("SIGKILL", "SIGTERM"), "over already"
MOST_SECONDS_TO_END = 5  # after SIGTERM


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Give a process that runs are forked from."""
    with Nursery(tmp_path_factory.mktemp("kills")) as nursery:
        yield nursery


# --- examples -------------------------------------------------------------------------------
# What is drawn of one stream, run or change depends on nothing else, so that each can be left out
# when a failing example is made smaller.

AGES = [3600, 3600, 61, 60, 20_000_000, 50_000_000, 0, 1, 2, 59]
ages = st.lists(st.sampled_from(AGES), max_size=9)
stops = st.builds(
    Stop,
    signal=st.sampled_from(["SIGKILL", "SIGTERM"]),
    at=st.sampled_from(["request", "answer", "message"]),
    n=st.one_of(st.integers(1, 10), st.integers(1, 40)),
    lost=st.integers(0, 5),
)
# Few ids, so that many changes are of the same row.
changes = st.tuples(st.integers(0, 11), st.integers(1, 12), st.booleans(), st.integers(0, 1))
runs = st.tuples(
    stops,
    st.sampled_from([0, 1, 3, 61, 3600]),
    st.lists(changes, max_size=8),
    st.sampled_from([0, 3, 61]),
    st.lists(st.tuples(st.integers(1, 30), changes), max_size=10),
    st.sampled_from(["", "", "tokens", "exports"]),
)


@st.composite
def plans(draw: st.DrawFn, version: int) -> Plan:
    """Make an account and runs of the tap."""
    streams = [*OBJECTS] if version == 4 else [*READ_BY_VERSION_5]
    selected = st.tuples(st.sampled_from(streams), ages)
    settings = st.fixed_dictionaries(
        {
            "bulk_source": st.sampled_from(["auto", "export", "query"]),
            "requests_at_once": st.sampled_from([1, 1, 4]),
            "lookback": st.sampled_from([60, 2]),
            "export_polls": st.sampled_from([None, 2]),
            "page": st.integers(2, 4),
            "drain_at": st.sampled_from([5_000, 5_000, 2]),
            "incremental": st.booleans(),
            "pipe": st.sampled_from([65536, 4096]),
            "width": st.sampled_from([0, 1500]),
        }
    )
    given_settings = draw(settings)
    chosen = dict(draw(st.lists(selected, min_size=1, max_size=9, unique_by=lambda each: each[0])))
    rows: dict[str, list[int]] = {}
    for stream, listed in chosen.items():
        for name in OBJECTS[stream]:
            rows[name] = max(rows.get(name, []), listed, key=len)

    def change(which: int, *rest: Any) -> Change:
        return Change([*rows][which % len(rows)], *rest)

    return Plan(
        streams=tuple(chosen),
        rows=rows,
        runs=tuple(
            Run(
                stop,
                pause,
                tuple(change(*each) for each in before),
                settles,
                tuple((number, change(*each)) for number, each in during),
                expire,
            )
            for stop, pause, before, settles, during, expire in draw(
                st.lists(runs, min_size=1, max_size=6)
            )
        ),
        **given_settings,
        version=version,
    )


# --- the property --------------------------------------------------------------------------


def holds(nursery: Nursery, plan: Plan, ends: Counter[str]) -> None:
    """Play a plan; fail where a row is lost. Count how its runs ended."""
    with Account(plan) as account:
        target = Target()
        for run in plan.runs:
            account.forward(run.pause)
            account.expire(run.expire)
            for change in run.before:
                account.apply(change)
            account.forward(run.settles)
            ends[judge(nursery.run(account, plan, target, run), run.stop)] += 1
        account.forward(plan.settled)
        judge(nursery.run(account, plan, target))
        strict = [stream for stream in plan.streams if stream not in RESUMED_WHOLE]
        assert account.missing(target, strict) == {}, "after an undisturbed run"
        if len(strict) < len(plan.streams):
            judge(nursery.run(account, plan, target))
            assert account.missing(target, plan.streams) == {}, "after two undisturbed runs"
        assert account.unheard_of(target, plan.streams) == {}
        assert account.unknown_calls == []


def judge(ended: Ended, stop: Stop | None = None) -> str:
    """Fail where a run did not end as it should; return how it did."""
    if currently_in_test_context():
        note(f"exit code {ended.code}; its last lines:\n{tail(ended.stderr)}")
    assert "Traceback" not in ended.stderr
    if stop is None or ended.seconds is None:
        assert ended.code == 0
        assert ended.rest == b""
        return "undisturbed"
    if stop.signal == "SIGKILL":
        assert ended.code in {-9, 0}  # 0: it was over already
        return stop.signal if ended.code else OVER
    assert ended.seconds < MOST_SECONDS_TO_END
    assert ended.rest == b"", "a line is cut"
    # A STATE that nothing came after is not repeated.
    assert [kind for kind in types(ended.lines) if kind != "SCHEMA"][-1:] in ([], ["STATE"])
    last = tail(ended.stderr, 1)
    if last.startswith("Complete"):
        assert ended.code == 0
        return OVER
    assert ended.code == 143
    assert last.startswith("Stopped by SIGTERM")
    return stop.signal


def types(lines: list[str]) -> list[str]:
    """Return the types of messages."""
    return [json.loads(line)["type"] for line in lines]


def tail(stderr: str, lines: int = 8) -> str:
    """Return the last lines of a log, without time, level and logger."""
    last = stderr.rstrip().splitlines()[-lines:]
    return "\n".join(line.split(" | ", 3)[-1].strip() for line in last)


def check(
    nursery: Nursery,
    capsys: pytest.CaptureFixture[str],
    examples: int,
    chosen: int,
    version: int = 4,
) -> None:
    """Play so many examples."""
    examples = int(os.environ.get("KILLS_EXAMPLES", examples))
    chosen = int(os.environ.get("KILLS_SEED", chosen))
    with capsys.disabled():
        print(f"\n{examples} examples of kills with KILLS_SEED={chosen}:", end=" ")  # noqa: T201
    ends: Counter[str] = Counter()

    @seed(chosen)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(plans(version))
    def nothing_is_lost(plan: Plan) -> None:
        holds(nursery, plan, ends)

    nothing_is_lost()
    with capsys.disabled():
        print(", ".join(f"{number} {end}" for end, number in ends.most_common()))  # noqa: T201
    assert sum(ends[end] for end in KILLS) > examples, "most signals come too late"


def test_a_target_holds_everything_after_any_kills(nursery, capsys):
    check(nursery, capsys, EXAMPLES, SEED)


def test_a_target_holds_everything_after_any_kills_under_version_5(nursery, capsys):
    check(nursery, capsys, EXAMPLES // 3, SEED, version=5)


@pytest.mark.parametrize("drain_at", [5_000, 2])
def test_a_target_that_dies_after_any_state_loses_nothing(nursery, drain_at):
    """With 2, parents pause again and again while their children read."""
    streams = ("lists", "tag_objects", "visitors", "visits", "visitor_page_views", "email_stats")
    rows = {name: AGES[:5] for stream in streams for name in OBJECTS[stream]}
    plan = Plan(streams, rows, page=3, drain_at=drain_at)
    lost = {}
    with Account(plan) as account:
        account.forward(62)
        lines = nursery.run(account, plan, Target()).lines
        ends = [number for number, kind in enumerate(types(lines), start=1) if kind == "STATE"]
        for end in ends:
            target = Target()
            target.load(lines[:end])
            judge(nursery.run(account, plan, target))
            if missing := account.missing(target, streams):
                lost[end] = missing
    assert len(ends) > 15
    assert lost == {}


@pytest.mark.nightly
def test_a_target_holds_everything_after_many_more_kills(nursery, capsys):
    check(nursery, capsys, NIGHTLY_EXAMPLES, random.SystemRandom().randrange(2**32))


@pytest.mark.nightly
def test_a_target_holds_everything_after_many_more_kills_under_version_5(nursery, capsys):
    chosen = random.SystemRandom().randrange(2**32)
    check(nursery, capsys, NIGHTLY_EXAMPLES // 2, chosen, version=5)


# --- with a real target, and Meltano's own STATE --------------------------------------------

PIPELINE = ("lists", "tag_objects", "visitor_activities", "email_stats")
PIPELINE_SEED = 11
TAP, TARGET, MELTANO, EVERYBODY = "bin/tap-pardot", "bin/target-postgres", "bin/meltano", ""
"""What the command line of each holds."""


def a_change(chance: random.Random, objects: list[str]) -> Change:
    """Make a change of one of the first 500 rows."""
    return Change(chance.choice(objects), chance.randrange(1, 500), age=chance.randrange(2))


def arrived(warehouse: Postgres, streams: tuple[str, ...]) -> Target:
    """Return what a database holds."""
    target = Target()
    tables = warehouse.table_counts("tap_pardot")
    for stream in streams:
        key = "list_email_id" if stream == "email_stats" else "id"
        if stream not in tables:
            continue
        for (row,) in warehouse.query(f"SELECT row_to_json(t) FROM tap_pardot.{stream} t"):
            # The target's columns of times have no zone.
            times = {name: f"{row[name]}+00:00" for name in row if name.endswith("_at")}
            target.tables[stream][row[key],] = row | times
    return target


def test_a_pipeline_of_meltano_is_complete_after_any_kills(project, postgres):
    """STATE counts only when the target has written the rows before it."""
    chance = random.Random(PIPELINE_SEED)
    configure(project, select=[f"{stream}.*" for stream in PIPELINE])
    objects = sorted({name for stream in PIPELINE for name in OBJECTS[stream]})
    ages = [0, 1, 61, 3600, 86_400, 20_000_000]
    rows = {name: [chance.choice(ages) for _ in range(450)] for name in objects}
    warehouse = postgres.create_database(project.name)
    with Account(Plan(PIPELINE, rows, page=100)) as account:
        given = {**account.config, "start_date": START_DATE, "export_poll_interval": 1}
        meltano = Meltano(
            project,
            project,
            as_environment("tap-pardot", given)
            | as_environment("target-postgres", {"sqlalchemy_url": warehouse.url}),
        )
        for who, name in [
            (TAP, "SIGKILL"),
            (TARGET, "SIGKILL"),
            (EVERYBODY, "SIGKILL"),
            (TAP, "SIGTERM"),
            (MELTANO, "SIGTERM"),
        ]:
            account.forward(chance.choice([1, 61, 3600]))
            during = [(chance.randrange(3, 15), a_change(chance, objects)) for _ in range(40)]
            stop = Stop(name, chance.choice(["request", "answer"]), chance.randrange(5, 12))
            victim = Pipeline(stop, who)
            account.begin(during, victim)
            process = meltano.start("run", "--force", *PLUGINS, output=subprocess.PIPE)
            victim.is_called(process.pid)
            with stopped_with_us(process):
                printed, _ = process.communicate(timeout=60)
            assert victim.struck, printed
            assert process.returncode != 0, printed
        account.forward(62)
        account.begin(())
        meltano.run("run", "--force", *PLUGINS)
        assert account.missing(arrived(warehouse, PIPELINE), PIPELINE) == {}
