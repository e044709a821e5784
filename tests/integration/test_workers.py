"""Four workers read a long query: quicker, in the order of ids, and with a STATE that is true."""

from __future__ import annotations

import json
import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.helpers.catalog import select
from tests.helpers.kills import Account, Nursery, Plan, Run, Stop, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pardot_emulator import Emulator
    from tests.helpers.runner import Runner
    from tests.helpers.tap import Tap

CLICKS = select("email_clicks")
ROWS = 6000
PAGES = ROWS // 200


@pytest.fixture
def clicks(emulator: Emulator) -> Emulator:
    """An account with thirty pages of clicks."""
    emulator.add("emailClick", [{"id": 800_000_000 + n} for n in range(1, ROWS + 1)])
    return emulator


def config(emulator: Emulator, workers: int = 4) -> dict[str, Any]:
    return {**emulator.config, "max_concurrent_requests": workers}


def pages_of(emulator: Emulator) -> list[dict[str, Any]]:
    """The calls for clicks, without those for the newest one."""
    calls = [call for call in emulator.calls if call["object"] == "emailClick"]
    return [call for call in calls if call["params"].get("sort_order") != "descending"]


def at_once(emulator: Emulator) -> int:
    return max(call["in_flight"] for call in emulator.calls)


def wait_until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize("workers", [1, 2, 4, 5])
def test_workers_write_what_one_writes_and_are_never_more(
    clicks: Emulator, tap: Runner, workers: int
) -> None:
    clicks.set(latency=0.15)

    run = tap.run(config(clicks, workers), catalog=CLICKS)

    assert run.exit_code == 0, run.stderr
    assert run.ids("email_clicks") == [800_000_000 + n for n in range(1, ROWS + 1)]
    assert at_once(clicks) == workers
    calls = pages_of(clicks)
    assert len(calls) <= PAGES + 3
    busy = sum(call["seconds"] for call in calls)
    took = calls[-1]["at"] + calls[-1]["seconds"] - calls[0]["at"]
    assert busy / took > 0.5 * workers  # most of them are busy


def test_one_worker_makes_no_call_but_for_pages(clicks: Emulator, tap: Runner) -> None:
    tap.run(config(clicks, 1), catalog=CLICKS)

    calls = [call["params"] for call in clicks.calls if call["object"] == "emailClick"]
    cursors = [int(params.get("id_greater_than", 800_000_000)) for params in calls]
    assert cursors == [800_000_000 + n for n in range(0, ROWS + 1, 200)]


def test_where_clicks_take_no_sort_one_worker_reads_them(clicks: Emulator, tap: Runner) -> None:
    clicks.set(email_click_sort=False)

    run = tap.run(config(clicks), catalog=CLICKS)

    assert len(run.ids("email_clicks")) == ROWS
    assert at_once(clicks) == 1


@pytest.mark.parametrize("fault", [{"code": 20}, {"code": 46}, {"status": 404}])
def test_a_refusal_of_the_newest_click_is_no_failure(
    clicks: Emulator, tap: Runner, fault: dict[str, Any]
) -> None:
    clicks.fault(object="emailClick", params={"sort_order": "descending"}, **fault)

    run = tap.run(config(clicks), catalog=CLICKS)

    assert run.exit_code == 0, run.stderr
    assert len(run.ids("email_clicks")) == ROWS
    calls = [call for call in clicks.calls if call["object"] == "emailClick"]
    assert len(calls) == len(pages_of(clicks)) + 1  # the newest click is asked for once


def test_streams_of_all_kinds_are_read_by_workers(emulator: Emulator, tap: Runner) -> None:
    """Windows by time of change, everything each time, and the recycle bin."""
    objects = ["list", "opportunity", "tagObject", "prospect"]
    ids = [7 * number for number in range(1, 2001)]
    for name in objects:
        emulator.add(name, [{"id": number} for number in ids])
    emulator.update("prospect", ids[::2], deleted=True)
    streams = ("lists", "opportunities", "tag_objects", "prospect_ids")
    settings = {**config(emulator), "bulk_source": "query", "include": ["prospect_ids"]}
    emulator.set(latency=0.02)

    run = tap.run(settings, catalog=select(*streams))

    assert run.exit_code == 0, run.stderr
    for stream in streams:
        assert sorted(run.ids(stream)) == ids
    assert at_once(emulator) == 4


# --- failures, and runs that are ended -----------------------------------------------------


@pytest.mark.parametrize("nth", [2, 3, 4, 9, 17, 30])
def test_a_worker_that_fails_leaves_a_cursor_from_which_nothing_is_missing(
    clicks: Emulator, tap: Runner, nth: int
) -> None:
    params = {"sort_order": "ascending"}
    clicks.fault(object="emailClick", params=params, nth=nth, code=7, times=1)

    run = tap.run(config(clicks), catalog=CLICKS)

    assert run.exit_code == 1
    first = run.ids("email_clicks")
    assert first == [800_000_000 + n for n in range(1, len(first) + 1)]
    assert run.state is not None
    assert run.state["bookmarks"]["email_clicks"]["cursor"] == max(first)
    rest = tap.run(config(clicks), catalog=CLICKS, state=run.state)
    assert rest.exit_code == 0, rest.stderr
    assert rest.ids("email_clicks") == [800_000_000 + n for n in range(len(first) + 1, ROWS + 1)]


def test_too_many_calls_at_once_hold_all_workers_back(clicks: Emulator, tap: Runner) -> None:
    clicks.fault(object="emailClick", nth=12, code=66, times=1)
    clicks.set(latency=0.02)

    run = tap.run(config(clicks), catalog=CLICKS)

    assert run.exit_code == 0, run.stderr
    assert len(run.ids("email_clicks")) == ROWS
    times = [call["at"] for call in pages_of(clicks)]
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps[8:20]) > 0.3


def test_the_calls_of_a_day_end_the_run_with_all_that_was_read_written(
    clicks: Emulator, tap: Runner
) -> None:
    run = tap.run({**config(clicks), "daily_call_limit": 20}, catalog=CLICKS)

    assert run.exit_code == 0, run.stderr
    assert run.state is not None
    assert run.state["calls"]["made"] == 20
    # Calls of other workers that are counted may not have arrived when the run ends.
    assert 17 <= len(clicks.calls) <= 20
    found = run.ids("email_clicks")
    assert found == [800_000_000 + n for n in range(1, len(found) + 1)]
    assert run.state["bookmarks"]["email_clicks"]["cursor"] == max(found)


@pytest.mark.parametrize("signal", ["SIGKILL", "SIGTERM"])
def test_a_target_holds_everything_whenever_workers_are_killed(
    nursery: Nursery, signal: str
) -> None:
    ages = [3600 + number for number in range(120)]
    plan = Plan(
        ("email_clicks", "lists"),
        {"emailClick": ages, "list": ages},
        requests_at_once=4,
        page=3,
    )
    for number in range(5, 90, 6):
        with Account(plan) as account:
            target = Target()
            stop = Stop(signal, "answer", number, lost=number % 4)
            ended = nursery.run(account, plan, target, Run(stop))
            assert "Traceback" not in ended.stderr
            account.forward(70)
            last = nursery.run(account, plan, target)
            assert last.code == 0, last.stderr
            assert account.missing(target, plan.streams) == {}, number


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """A process that runs are forked from."""
    with Nursery(tmp_path_factory.mktemp("workers")) as nursery:
        yield nursery


# --- a slow target -------------------------------------------------------------------------


def test_a_target_that_stalls_stops_the_workers_and_loses_nothing(
    clicks: Emulator, tap_process: Tap
) -> None:
    process = tap_process.start(config(clicks), catalog=CLICKS)
    assert process.stdout is not None
    assert process.stderr is not None
    threading.Thread(target=process.stderr.read, daemon=True).start()
    lines = [process.stdout.readline() for _ in range(1500)]
    made = -1
    while made != len(clicks.calls):
        made = len(clicks.calls)
        time.sleep(1)

    # Those read, those in the pipe, and a few pages of each worker; the rest is not asked for.
    assert 1500 / 200 < len(pages_of(clicks)) < PAGES
    assert all("seconds" in call for call in clicks.calls)  # none is open

    messages = [json.loads(line) for line in [*lines, *process.stdout]]
    assert process.wait(60) == 0
    ids = [each["record"]["id"] for each in messages if each["type"] == "RECORD"]
    assert ids == [800_000_000 + n for n in range(1, ROWS + 1)]


def test_a_signal_ends_a_run_whose_workers_all_wait(clicks: Emulator, tap_process: Tap) -> None:
    clicks.fault(object="emailClick", nth=8, times=99, hang=60)
    process = tap_process.start(config(clicks), catalog=CLICKS)
    ended: list[str] = []
    reader = threading.Thread(target=lambda: ended.extend(process.communicate()))
    reader.start()
    wait_until(lambda: len(clicks.calls) >= 10)

    began = time.monotonic()
    process.terminate()
    reader.join(30)

    assert process.returncode == 143
    assert time.monotonic() - began < 10
    out, err = ended
    assert "Traceback" not in err
    assert json.loads(out.splitlines()[-1])["type"] == "STATE"
