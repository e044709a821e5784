"""Which prospect belongs to which opportunity is in the opportunities' answers: no call more."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from tests.helpers.catalog import select
from tests.helpers.children import SINCE, THEN, Runs
from tests.helpers.tap import Finished

CHILD = "opportunity_prospects"
WAYS = [(CHILD,), ("opportunities", CHILD)]
METHODS = [{"opportunities": method} for method in ("INCREMENTAL", "FULL_TABLE")]
UTC_THEN = "2024-05-20T10:00:00+00:00"


def person(number):
    return {"id": number, "first_name": "Zoë", "email": f"p{number}@example.com", "company": None}


def opportunity(number, *prospects, updated=THEN, **fields):
    return {
        "id": number,
        "name": f"Deal {number}",
        "created_at": THEN,
        "updated_at": updated,
        "prospects": [person(each) for each in prospects],
        **fields,
    }


def links(run):
    return [(each["opportunity_id"], each["prospect_id"]) for each in run.records[CHILD]]


@pytest.fixture
def runs(emulator, tap):
    return Runs(emulator, tap)


@pytest.fixture
def account(runs):
    """Opportunities with no prospect, one, many."""
    runs.emulator.add(
        "opportunity", [opportunity(1), opportunity(2, 20), opportunity(3, 20, 30, 31)]
    )
    return runs


# --- links ---------------------------------------------------------------------------------


@pytest.mark.parametrize("methods", METHODS, ids=["INCREMENTAL", "FULL_TABLE"])
@pytest.mark.parametrize("chosen", WAYS)
def test_none_one_or_many_prospects_are_as_many_links(account, chosen, methods):
    run = account.sync(*chosen, methods=methods)

    assert run.exit_code == 0, run.stderr
    assert run.records[CHILD] == [
        {"opportunity_id": a, "prospect_id": b, "opportunity_updated_at": UTC_THEN}
        for a, b in ((2, 20), (3, 20), (3, 30), (3, 31))
    ]
    assert set(run.records) == set(chosen)
    assert "done: " in run.line(CHILD)
    assert run.line(CHILD).startswith(f"{CHILD}: 4 rows, 0 calls")
    assert account.warnings == []


def test_the_key_is_both_ids_and_comes_before_the_first_link(account):
    run = account.sync("opportunities", CHILD)

    of_child = [message for message in run.messages if message.get("stream") == CHILD]
    assert [message["type"] for message in of_child] == ["SCHEMA", *["RECORD"] * 4]
    assert of_child[0]["key_properties"] == ["opportunity_id", "prospect_id"]
    assert {"opportunity_id", "prospect_id"} <= of_child[0]["schema"]["properties"].keys()


def test_without_any_link_there_is_a_table_all_the_same(runs):
    runs.emulator.add("opportunity", [opportunity(1)])

    run = runs.sync(*WAYS[1])

    assert run.exit_code == 0
    assert [m["type"] for m in run.messages if m.get("stream") == CHILD] == ["SCHEMA"]
    assert "done: " in run.line(CHILD)


@pytest.mark.parametrize(
    ("wire", "ids"),
    [
        (None, []),
        ("", []),
        ({}, []),
        ({"prospect": None}, []),
        ({"prospect": {"id": "7"}}, [7]),
        ([{"id": 7}, {"id": 8}], [7, 8]),
        ({"prospect": [{"id": None}, {"first_name": "x"}, {"id": 9}]}, [9]),
    ],
)
def test_prospects_in_other_shapes_are_the_same_links(runs, wire, ids):
    odd = opportunity(1, 20) | {"_wire": {"set": {"prospects": wire}}}
    runs.emulator.add("opportunity", [odd, opportunity(2, 30)])

    run = runs.sync(*WAYS[1])

    assert run.exit_code == 0, run.stderr
    assert links(run) == [*((1, each) for each in ids), (2, 30)]
    absent = opportunity(1, 20) | {"_wire": {"drop": ["prospects", "updated_at"]}}
    runs.emulator.add("opportunity", [absent])
    runs.state = None
    assert links(runs.sync(CHILD)) == [(2, 30)]


def test_only_selected_columns_are_emitted_and_prospects_need_not_be(account):
    columns = {"opportunities": ("name",), CHILD: ()}

    run = account.sync(*WAYS[1], columns=columns)

    assert run.exit_code == 0, run.stderr
    assert links(run) == [(2, 20), (3, 20), (3, 30), (3, 31)]
    assert run.records["opportunities"] == [
        {"id": number, "name": f"Deal {number}"} for number in (1, 2, 3)
    ]
    assert {tuple(each) for each in run.records[CHILD]} == {("opportunity_id", "prospect_id")}
    schema = next(m for m in run.messages if m.get("stream") == "opportunities")["schema"]
    assert "prospects" not in schema["properties"]


# --- calls ---------------------------------------------------------------------------------


@pytest.mark.parametrize("methods", METHODS, ids=["INCREMENTAL", "FULL_TABLE"])
def test_links_cost_no_call_in_any_run(runs, methods):
    runs.emulator.add("opportunity", [opportunity(n, n, n + 1) for n in range(1, 451)])
    calls = {}
    for chosen in (("opportunities",), *WAYS, (*WAYS[1], "tags")):
        runs.state = None
        for nth in (1, 2):
            runs.sync(*chosen, methods=methods)
            pages = [call["params"].get("id_greater_than") for call in runs.calls("opportunity")]
            assert calls.setdefault(nth, pages) == pages
            runs.later()
    assert calls == {1: [None, "200", "400"], 2: [None, "200", "400"]}


# --- run after run -------------------------------------------------------------------------


def test_a_second_run_brings_the_links_of_what_has_changed(account):
    account.sync(*WAYS[1], methods=METHODS[0])
    account.later()
    idle = account.sync(*WAYS[1], methods=METHODS[0])
    assert idle.exit_code == 0, idle.stderr
    assert idle.records == {}

    moment = account.later()
    account.emulator.add(
        "opportunity",
        [
            opportunity(1, 10, updated=moment),
            opportunity(3, 31, 32, updated=moment),
            opportunity(4, 40, updated=moment),
        ],
    )
    run = account.sync(*WAYS[1], methods=METHODS[0])

    assert links(run) == [(1, 10), (3, 31), (3, 32), (4, 40)]
    # The pair that is gone, (3, 20), has an older time than its opportunity's.
    assert {each["opportunity_updated_at"] for each in run.records[CHILD]} == {moment}


@pytest.mark.parametrize("chosen", WAYS)
def test_where_opportunities_are_read_whole_all_links_come_each_time(account, chosen):
    for _ in range(3):
        run = account.sync(*chosen)
        assert run.exit_code == 0, run.stderr
        assert links(run) == [(2, 20), (3, 20), (3, 30), (3, 31)]
        account.later()


@pytest.mark.parametrize("methods", METHODS, ids=["INCREMENTAL", "FULL_TABLE"])
def test_links_selected_later_come_from_the_start(account, methods):
    account.sync("opportunities", methods=methods)
    account.later()

    run = account.sync(*WAYS[1], methods=methods)

    assert run.exit_code == 0, run.stderr
    assert set(links(run)) == {(2, 20), (3, 20), (3, 30), (3, 31)}
    assert run.ids("opportunities") == ([1, 2, 3] if methods == METHODS[1] else [])
    account.later()
    again = links(account.sync(*WAYS[1], methods=methods))
    assert len(again) == (4 if methods == METHODS[1] else 0)


def test_opportunities_deselected_and_selected_again_lose_no_link(account):
    account.sync(*WAYS[1], methods=METHODS[0])
    for number, chosen in enumerate((WAYS[0], ("opportunities",), WAYS[1]), start=1):
        moment = account.later()
        account.emulator.add("opportunity", [opportunity(100 + number, number, updated=moment)])
        run = account.sync(*chosen, methods=METHODS[0])
        assert run.exit_code == 0, run.stderr
        if chosen == WAYS[0]:
            assert (101, 1) in links(run)
        elif chosen == ("opportunities",):
            assert run.ids("opportunities") == [101, 102]
    # What the run without links has read is made up for.
    assert {(102, 2), (103, 3)} <= {*links(run)}
    assert run.ids("opportunities") == [103]


# --- without the right, and after a failure ------------------------------------------------


@pytest.mark.parametrize("chosen", WAYS)
def test_without_the_right_to_opportunities_links_are_skipped(account, chosen):
    account.emulator.set(forbidden={"opportunity"})

    run = account.sync(*chosen, "tags")

    assert run.exit_code == 0, run.stderr
    for stream in chosen:
        assert "skipped: " in run.line(stream)
        assert "(Pardot code 46)" in run.line(stream)
    assert "tags: 0 rows, 1 call, done" in run.stderr
    account.emulator.set(forbidden={})
    assert len(links(account.sync(*chosen))) == 4


@pytest.mark.parametrize("methods", METHODS, ids=["INCREMENTAL", "FULL_TABLE"])
@pytest.mark.parametrize("chosen", WAYS)
@pytest.mark.parametrize(("code", "exit_code"), [(10000, 1), (122, 2)])
def test_a_reading_cut_short_goes_on_with_its_second_page(runs, chosen, methods, code, exit_code):
    runs.emulator.add("opportunity", [opportunity(n, n) for n in range(1, 451)])
    runs.emulator.fault(object="opportunity", nth=2, times=None, code=code)
    first = runs.sync(*chosen, methods=methods)
    assert first.exit_code == exit_code
    assert links(first) == [(n, n) for n in range(1, 201)]
    assert "done: " not in first.line(CHILD)

    runs.emulator.clear_faults()
    runs.later()
    second = runs.sync(*chosen, methods=methods)

    assert second.exit_code == 0, second.stderr
    assert {*links(first), *links(second)} == {(n, n) for n in range(1, 451)}
    # An INCREMENTAL run reads the time since then as well, in a window of its own.
    assert runs.calls("opportunity")[0]["params"]["id_greater_than"] == "200"


def test_a_run_killed_between_two_pages_loses_no_link(runs, tap_process, tmp_path):
    runs.emulator.add("opportunity", [opportunity(n, n, 1000 + n) for n in range(1, 451)])
    runs.emulator.fault(object="opportunity", nth=2, hang=60, times=None)
    config = {**runs.emulator.config, **SINCE}
    with (tmp_path / "out").open("w") as out:
        command = tap_process.command(config, catalog=select(CHILD))
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while not runs.emulator.faults[0]["fired"]:
        assert time.monotonic() < until
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    cut = Finished(-9, (tmp_path / "out").read_text(), "")
    assert len(links(cut)) == 400

    runs.emulator.clear_faults()
    runs.state = cut.state
    rest = runs.sync(CHILD)

    assert rest.exit_code == 0, rest.stderr
    assert {*links(cut), *links(rest)} == {(n, who) for n in range(1, 451) for who in (n, 1000 + n)}
    assert not {*links(cut)} & {*links(rest)}
