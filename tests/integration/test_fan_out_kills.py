"""Between parent and child nothing is lost, wherever a run ends and however many ids there are.

A killed run leaves the target with what came up to some STATE: most tests cut one run's output
after a STATE, which is every place where a kill can lose something, and go on from there.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest

from tap_pardot.sources.email_lookups import EmailStatsLookup
from tap_pardot.state import id_set
from tap_pardot.state.id_set import DRAIN_AT, pack, unpack
from tap_pardot.streams.visits import VisitorPageViews, Visits
from tests.helpers import states
from tests.helpers.catalog import select
from tests.helpers.fan_out import MAIL, Account, cuts

EARLY, LATE = "2024-05-10T10:00:00+00:00", "2024-05-20T10:00:00+00:00"
END = "2024-06-01T11:59:00+00:00"
PARENTS = ("visitor_activities", "email_clicks", "visitors", "opportunities")
VISITS = ("visitor_page_views", "visits")
CHILDREN = (*MAIL, *VISITS, "opportunity_prospects")
FEW = 7


def set_sizes(monkeypatch, page, save_every, batch):
    """Set the rows of a page, the calls between two STATEs, and the visitors of a call."""
    monkeypatch.setattr("tap_pardot.api.v4.V4.page_size", page)
    monkeypatch.setattr("tap_pardot.sources.lookup.SAVE_EVERY", save_every)
    for stream in (Visits, VisitorPageViews):
        monkeypatch.setattr(stream, "v4", dataclasses.replace(stream.v4, batch=batch))


@pytest.fixture
def account(emulator, tap, monkeypatch):
    """Pages of five rows, and STATE after every second call."""
    set_sizes(monkeypatch, 5, 2, 3)
    return Account(emulator, tap)


@pytest.fixture
def draining(monkeypatch):
    """Let parents pause at few pending ids."""
    monkeypatch.setattr("tap_pardot.state.id_set.DRAIN_AT", FEW)


def fill(account):
    """Let ids be named by both parents, in no order, early and late."""
    account.opens(EARLY, [9, 2, 13, 4, 2, 6, 11])
    account.opens(LATE, [1, 9, 12, 3, 5])
    account.clicks(EARLY, [20, 3, 7, 21, 8])
    account.clicks(LATE, [10, 22, 7, 1, 20, 14])
    account.visitors(EARLY, [8, 3, 7, 1, 12])
    account.visitors(LATE, [6, 2, 9, 11, 4, 10, 5])
    account.opportunities(LATE, range(31, 43))


EVERYTHING = {
    "email_stats": {*range(1, 15), 20, 21, 22},
    "email_templates": {900, 901, 902},
    "emails": {5000 + n for n in (1, 2, 3, 4, 5, 6, 9, 11, 12, 13)},
    "visits": {70000 + n for n in range(1, 13)},
    "visitor_page_views": {90000 + n for n in range(1, 13)},
    "opportunity_prospects": {(n, n + m) for n in range(31, 43) for m in (0, 1)},
    "visitor_activities": set(range(1, 13)),
    "email_clicks": set(range(1, 12)),
    "visitors": set(range(1, 13)),
    "opportunities": set(range(31, 43)),
}


def complete(account, streams):
    """Return what is missing, by stream."""
    found = {name: EVERYTHING[name] - account.tables[name] for name in streams}
    return {name: ids for name, ids in found.items() if ids}


def cut(account, run, messages):
    """Let the target have only the first messages of a run."""
    account.tables.clear()
    account.state = None
    account.take(run.messages[:messages])


def pending(state):
    """Return by child how many ids a STATE holds."""
    parts = (state or {}).get("bookmarks", {})
    return {name: len(unpack((parts.get(name) or {}).get("pending"))) for name in CHILDREN}


def whole_run(account, streams, source):
    """Return a first run of a filled account, which was complete."""
    fill(account)
    whole = account.run(*streams, bulk_source=source)
    assert whole.exit_code == 0, whole.stderr
    assert complete(account, streams) == {}
    return whole


# --- killed, few ids ---


@pytest.mark.parametrize("source", ["query", "export"])
@pytest.mark.parametrize("silent", [True, False])
def test_a_run_cut_after_any_state_is_completed_by_the_next(account, source, silent):
    streams = CHILDREN if silent else (*PARENTS, *CHILDREN)
    whole = whole_run(account, streams, source)
    places = cuts(whole)
    assert len(places) > 40
    chosen = random.Random(5).sample(places[1:-1], 8)
    for place in [places[0], *chosen, places[-2]]:
        cut(account, whole, place)
        run = account.run(*streams, bulk_source=source)
        assert run.exit_code == 0, run.stderr
        assert complete(account, streams) == {}, place
        asked = account.asked("stats")
        assert len(set(asked)) == len(asked)
        assert run.ids("visits") == sorted(set(run.ids("visits")))


@pytest.mark.parametrize("source", ["query", "export"])
@pytest.mark.parametrize("silent", [True, False])
def test_ids_left_in_state_keep_their_kind(account, source, silent):
    """A list e-mail that a click names is no e-mail that an activity names."""
    fill(account)
    streams = ("emails",) if silent else ("email_clicks", "visitor_activities", "emails")
    whole = account.run(*streams, bulk_source=source)
    needed = account.asked("read")
    assert {5001, 7, 20} <= {*needed}
    assert {3, 1}.isdisjoint(needed)  # activities show which e-mails those are
    left = []
    for place in cuts(whole)[:-1]:
        cut(account, whole, place)
        left.append(unpack(account.bookmark("emails").get("pending_list_emails")))
        run = account.run(*streams, bulk_source=source)
        assert run.exit_code == 0, run.stderr
        assert complete(account, streams) == {}, place
        assert {*account.asked("read")} <= {*needed}, place
        assert unpack(account.bookmark("emails")["pending_list_emails"]) == []
    assert any(left)


def test_pending_ids_of_an_older_state_are_read_once_as_what_they_were(account):
    """They may be either; STATE did not say."""
    fill(account)
    whole = account.run("emails")
    place = next(
        place
        for place in cuts(whole)
        if whole.messages[place - 1]["value"]["bookmarks"]["emails"]["pending_list_emails"]
    )
    cut(account, whole, place)
    part = account.state["bookmarks"]["emails"]
    ids = unpack(part["pending"]) + unpack(part.pop("pending_list_emails"))
    part["pending"] = pack(ids)

    run = account.run("emails")

    assert run.exit_code == 0, run.stderr
    assert complete(account, ["emails"]) == {}
    asked = account.asked("read")
    assert len({*asked}) == len(asked)
    assert {*ids} <= {*asked}


def test_an_id_that_is_both_an_email_and_a_list_email_is_not_lost(account):
    """Ids of the two kinds are counted apart, so they meet."""
    times = {"created_at": EARLY, "updated_at": EARLY}
    account.clicks(EARLY, [5007])
    account.opens(EARLY, [7])  # e-mail 5007
    activities = [{"id": 900, "type": 11, "email_id": 6000, "list_email_id": 5007, **times}]
    account.emulator.add("visitorActivity", activities)
    whole = account.run("emails")
    assert 5007 in account.tables["emails"]

    for place in cuts(whole)[:-1]:
        cut(account, whole, place)
        run = account.run("emails")
        assert {5007} <= account.tables["emails"], place
        rows = [each["record"] for each in whole.messages[:place] if "record" in each]
        rows += run.records["emails"]
        assert {row["list_email_id"] for row in rows if row["id"] == 5007} == {7}, place


def test_ids_passed_to_children_are_in_state_before_the_parents_bookmark_moves_past_them(account):
    """Of each STATE: what its windows say is out of a parent is out of the child, or pending."""
    fill(account)
    named = {row["id"]: row["list_email_id"] for row in account.emulator.rows("emailClick")}
    whole = account.run("email_clicks", "email_stats")
    out, some = set(), 0
    for message in whole.messages:
        if message["type"] == "RECORD" and message["stream"] == "email_stats":
            out.add(message["record"]["list_email_id"])
        if message["type"] == "STATE":
            parts = message["value"]["bookmarks"]
            clicks = parts.get("email_clicks") or {}
            cursor = clicks.get("cursor") or clicks.get("replication_key_value") or 0
            known = out | set(unpack((parts.get("email_stats") or {}).get("pending")))
            assert {named[number] for number in named if number <= cursor} <= known
            some += cursor > 0
    assert some > 5


@pytest.mark.parametrize("silent", [True, False])
def test_another_choice_of_children_after_a_kill_loses_no_id(account, silent):
    """What one child was handed of a window is not what another was."""
    account.clicks(EARLY, range(1, 31))
    streams = () if silent else ("email_clicks",)
    # One, two, three pages, then the call fails, as if the run was killed there.
    for selected in (("email_stats", "emails"), ("email_stats",), ("emails",)):
        account.emulator.clear_faults()
        account.emulator.fault(object="emailClick", op="query", nth=3, code=198, times=None)
        run = account.run(*streams, *selected)
        assert run.exit_code == 1
    account.emulator.clear_faults()
    account.emulator.add("email", [{"id": number} for number in range(1, 31)])
    run = account.run(*streams, "email_stats", "emails")

    assert run.exit_code == 0, run.stderr
    assert account.tables["email_stats"] == set(range(1, 31))
    # They were not there when they were first asked for.
    assert account.tables["emails"] | set(unpack(account.bookmark("emails")["known"])) == set(
        range(1, 31)
    )


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize("silent", [True, False])
def test_a_child_deselected_while_a_kill_left_the_window_open_misses_nothing(
    account, silent, again
):
    account.clicks(EARLY, range(1, 31))
    account.emulator.fault(object="emailClick", op="query", nth=3, code=198, times=None)
    account.run("email_clicks", "email_stats")
    account.emulator.clear_faults()
    if again:  # killed as well, further on
        account.emulator.fault(object="emailClick", op="query", nth=3, code=198, times=None)
    account.run("email_clicks")
    account.emulator.clear_faults()
    run = account.run(*(() if silent else ("email_clicks",)), "email_stats")

    assert run.exit_code == 0, run.stderr
    assert account.tables["email_stats"] == set(range(1, 31))
    if not (silent and again):
        assert account.tables["email_clicks"] == set(range(1, 31))


def test_a_parent_selected_later_and_killed_does_not_throw_its_child_back(account):
    account.clicks(EARLY, range(1, 31))
    account.run("email_clicks", end_date="2024-05-05")
    account.run("email_stats")
    had = account.state
    whole = account.run("email_clicks", "email_stats", keep=False)
    places = cuts(whole)
    account.state = had
    account.take(whole.messages[: places[len(places) // 2]])
    run = account.run("email_stats")

    assert run.exit_code == 0, run.stderr
    assert account.asked("stats") == account.calls_for("email_clicks") == []


@pytest.mark.parametrize("source", ["query", "export"])
def test_a_whole_reading_cut_anywhere_is_completed_by_whatever_run_comes_next(account, source):
    fill(account)
    parents = ("visitor_activities", "email_clicks", "visitors")
    streams = (*parents, "email_stats", "visits")
    whole = account.run(*streams, full=parents, bulk_source=source)
    places = cuts(whole)
    chance = random.Random(3)
    for follower in ("full", "incremental", "children"):
        for place in chance.sample(places[:-1], 3):
            cut(account, whole, place)
            selected = streams if follower != "children" else ("email_stats", "visits")
            full = parents if follower == "full" else ()
            run = account.run(*selected, full=full, bulk_source=source)
            assert run.exit_code == 0, run.stderr
            assert complete(account, ("email_stats", "visits")) == {}, (follower, place)


@pytest.mark.parametrize("number", [1, 2, 4, 9, 16])
@pytest.mark.parametrize("method", ["on_parent_record", "mark_read", "save_state"])
def test_sigterm_while_ids_are_passed_or_read_loses_no_id(account, monkeypatch, number, method):
    fill(account)
    plain = getattr(EmailStatsLookup, method)
    calls = []

    def interrupted(self, *given, **named):
        calls.append(1)
        if len(calls) == number:
            signal.raise_signal(signal.SIGTERM)
        return plain(self, *given, **named)

    monkeypatch.setattr(EmailStatsLookup, method, interrupted)
    streams = ("email_clicks", "email_stats", "emails")
    run = account.run(*streams)
    assert run.exit_code == 143
    monkeypatch.setattr(EmailStatsLookup, method, plain)
    run = account.run(*streams)

    assert run.exit_code == 0, run.stderr
    assert complete(account, streams) == {}


# --- so many ids that parents pause ---


@pytest.mark.usefixtures("draining")
@pytest.mark.parametrize("source", ["query", "export"])
@pytest.mark.parametrize("silent", [True, False])
def test_with_many_ids_a_run_cut_after_any_state_is_completed_by_the_next(account, source, silent):
    streams = CHILDREN if silent else (*PARENTS, *CHILDREN)
    whole = whole_run(account, streams, source)
    places = cuts(whole)
    for place in random.Random(8).sample(places[:-1], 10):
        cut(account, whole, place)
        run = account.run(*streams, bulk_source=source)
        assert run.exit_code == 0, run.stderr
        assert complete(account, streams) == {}, place
        asked = account.asked("stats")
        assert len(set(asked)) == len(asked)


@pytest.mark.usefixtures("draining")
def test_state_stays_small_and_the_parent_goes_on_behind_its_children(account):
    fill(account)
    streams = ("visitor_activities", "visitors", "email_stats", *VISITS)
    run = account.run(*streams)
    cursors, out = [], set()
    for message in run.messages:
        if message["type"] == "RECORD" and message["stream"] == "visits":
            out.add(message["record"]["visitor_id"])
        if message["type"] != "STATE":
            continue
        assert max(pending(message["value"]).values()) < FEW + 5  # a page more at most
        parts = message["value"]["bookmarks"]
        cursors.append(parts.get("visitors", {}).get("cursor") or 0)
        # What the cursor says is out of the visitors is out of the visits, or pending.
        waiting = unpack((parts.get("visits") or {}).get("pending"))
        assert {*range(1, 1 + cursors[-1])} <= {*out, *waiting}
    assert {5, 10, 12} <= {*cursors}
    assert account.bookmark("visitors")["replication_key_value"] == END
    assert "marks" not in account.bookmark("visits")


@pytest.mark.usefixtures("draining")
@pytest.mark.parametrize("seed", range(4))
def test_runs_killed_again_and_again_come_to_an_end_without_loss(account, seed):
    """Each run is cut somewhere new; rows arrive and change meanwhile."""
    chance = random.Random(seed)
    fill(account)
    streams = CHILDREN if seed % 2 else (*PARENTS, *CHILDREN)
    due, calls = {}, 0
    for day in range(2, 9):
        account.emulator.set(clock=f"2024-06-0{day}T12:00:00+00:00")
        account.opens(f"2024-06-0{day}T01:00:00Z", chance.sample(range(1, 30), 4))
        account.visitors(f"2024-06-0{day}T02:00:00Z", chance.sample(range(1, 30), 4))
        run = account.run(*streams, keep=False)
        calls += len(account.emulator.calls)
        places = cuts(run)
        account.take(run.messages[: chance.choice(places[len(places) // 4 :])])
    run = account.run(*streams)

    assert run.exit_code == 0, run.stderr
    acts = {row["list_email_id"] for row in account.emulator.rows("visitorActivity")}
    due = acts | {row["list_email_id"] for row in account.emulator.rows("emailClick")}
    assert account.tables["email_stats"] == due
    assert account.tables["visits"] == {row["id"] for row in account.emulator.rows("visit")}
    assert account.tables["emails"] == {5000 + number for number in acts}


@pytest.mark.usefixtures("draining")
@pytest.mark.parametrize("seed", range(2))
def test_figures_are_as_young_as_the_last_activity_however_often_runs_were_killed(account, seed):
    """An id that is out must be read again where a row has named it since."""
    chance = random.Random(seed)
    account.clicks(EARLY, range(1, 25))
    read, at = {}, dict.fromkeys(range(1, 25), EARLY)
    for day in range(2, 9):
        moment = f"2024-06-0{day}T12:00:00+00:00"
        account.emulator.set(clock=moment)
        for number in chance.sample(range(1, 25), 3):
            at[number] = f"2024-06-0{day}T0{chance.randint(1, 9)}:00:00+00:00"
            account.clicks(at[number], [number])
        run = account.run("email_stats", keep=False)
        places = cuts(run)
        taken = run.messages[: chance.choice(places) if day < 8 else None]
        account.take(taken)
        for message in taken:
            if message["type"] == "RECORD":
                read[message["record"]["list_email_id"]] = message["record"]["read_at"]

    assert {number: moment for number, moment in at.items() if read.get(number, "") < moment} == {}


@pytest.mark.usefixtures("draining")
@pytest.mark.parametrize("limit", [9, 23])
@pytest.mark.parametrize("silent", [True, False])
def test_a_small_daily_call_limit_makes_progress_every_day(account, limit, silent):
    """Also where the parents' pages alone are more than a day's calls."""
    account.settings["max_concurrent_requests"] = 1  # several workers read pages ahead
    account.opens(EARLY, range(1, 36))
    account.clicks(EARLY, [n + 20 for n in range(1, 36)])
    account.visitors(EARLY, range(1, 41))
    streams = () if silent else ("visitor_activities", "email_clicks", "visitors")
    calls = days = 0
    while True:
        days += 1
        account.emulator.set(clock=f"2024-06-{days:02}T12:00:00+00:00")
        run = account.run(*streams, "email_stats", "visits", daily_call_limit=limit)
        assert run.exit_code == 0, run.stderr
        calls += len(account.emulator.calls)
        assert len(account.emulator.calls) <= limit
        if "Complete: " in run.stderr:
            break
        assert days < 29, (account.state, account.tables)

    # One for each list e-mail of a parent and for three visitors; each run asks for the account
    # and for the last page of what it finishes.
    pages = 35 // 5 + 35 // 5 + 40 // 5
    assert calls <= 1.1 * (35 + 35 + 40 / 3 + pages) + 4 * days
    assert account.tables["email_stats"] == set(range(1, 56))
    assert account.tables["visits"] == {70000 + number for number in range(1, 41)}


@pytest.mark.usefixtures("draining")
def test_what_killed_runs_have_read_is_not_read_again(account):
    """Neither by the next run nor by the one after it."""
    account.clicks(EARLY, range(60, 0, -1))  # the last to be passed on is the first to be read
    whole = account.run("email_stats", keep=False)
    places = cuts(whole)
    for place in places[len(places) // 2 :: 11]:
        cut(account, whole, place)
        second = account.run("email_stats", keep=False)
        for number in cuts(second)[3:-1:4]:
            cut(account, whole, place)
            account.take(second.messages[:number])
            out = set(account.tables["email_stats"])
            account.run("email_stats")
            assert out & set(account.asked("stats")) == set()
            assert account.tables["email_stats"] == set(range(1, 61))


@pytest.mark.usefixtures("draining")
def test_what_a_failed_parent_did_not_name_is_not_taken_for_read(account):
    """The first run reads high ids of one parent, and the other names a low one later."""
    account.clicks(EARLY, range(101, 131))
    account.opens(EARLY, [3, 105, 60])
    account.emulator.fault(object="visitorActivity", op="query", code=198, times=None)
    failed = account.run("email_stats", keep=False)
    places = cuts(failed)
    for place in places[len(places) // 2 :: 2]:
        account.emulator.clear_faults()
        cut(account, failed, place)
        run = account.run("email_stats")
        assert run.exit_code == 0, run.stderr
        assert account.tables["email_stats"] == {3, 60, *range(101, 131)}


@pytest.mark.usefixtures("draining")
def test_rows_before_an_earlier_start_date_are_not_taken_for_read(account):
    """A stream without a bookmark begins at start_date, which may change after a kill."""
    account.visitors("2024-04-10T10:00:00Z", [3, 5])
    account.visitors(EARLY, range(101, 131))
    whole = account.run("visitors", "visits", bulk_source="export", keep=False)
    begun = 0
    for place in cuts(whole)[:-1]:
        cut(account, whole, place)
        if account.bookmark("visitors").get("replication_key_value"):
            continue
        begun += 1
        run = account.run("visitors", "visits", bulk_source="export", start_date="2024-04-01")
        assert run.exit_code == 0, run.stderr
        assert account.tables["visits"] == {70003, 70005, *range(70101, 70131)}
    assert begun > 2


@pytest.mark.usefixtures("draining")
def test_an_id_that_fails_among_many_does_not_stop_the_parent(account):
    account.clicks(EARLY, range(1, 31))
    account.emulator.fault(path="/do/stats/id/12", code=10000, times=None)
    whole = account.run("email_clicks", "email_stats")
    assert whole.exit_code == 1
    assert account.bookmark("email_clicks")["until"] == END
    assert unpack(account.bookmark("email_stats")["pending"]) == [12]
    assert account.asked("stats").count(12) == 1

    account.emulator.clear_faults()
    for place in cuts(whole)[7:-1:3]:
        cut(account, whole, place)
        run = account.run("email_clicks", "email_stats")
        assert run.exit_code == 0, run.stderr
        assert account.tables["email_stats"] == set(range(1, 31))
    cut(account, whole, len(whole.messages))
    account.emulator.set(clock="2024-06-02T12:00:00+00:00")
    run = account.run("email_clicks", "email_stats")
    assert run.exit_code == 0
    assert account.asked("stats") == [12]
    assert account.tables["email_stats"] == set(range(1, 31))


@pytest.mark.usefixtures("draining")
@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.parametrize(("code", "exit_code"), [(46, 0), (198, 1)])
def test_a_child_that_may_not_be_read_takes_few_ids_and_misses_none_in_the_end(
    account, silent, code, exit_code
):
    account.clicks(EARLY, range(1, 31))
    account.emulator.fault(path="/do/stats/id/", code=code, times=None)
    streams = ("email_stats", "emails") if silent else ("email_clicks", "email_stats", "emails")
    for day in (1, 2, 3):
        account.emulator.set(clock=f"2024-06-0{day}T12:00:00+00:00")
        account.clicks(f"2024-06-0{day}T01:00:00Z", [100 + day])
        run = account.run(*streams)
        assert run.exit_code == exit_code, run.stderr
        # The parent passes two pages; the oldest and the newest of them are asked for, once a run.
        assert unpack(account.bookmark("email_stats")["pending"]) == list(range(1, 11))
        assert account.asked("stats") == [1, 10]
        assert (", skipped: " if code == 46 else ", failed: ") in run.line("email_stats")
        assert ", done: " in run.line("emails")
    if not silent:
        assert account.tables["email_clicks"] == set(range(1, 34))

    account.emulator.clear_faults()
    run = account.run(*streams)
    assert run.exit_code == 0, run.stderr
    assert account.asked("stats") == [*range(1, 31), 101, 102, 103]
    assert account.tables["email_stats"] == {*range(1, 31), 101, 102, 103}
    assert account.asked("read") == []


@pytest.mark.usefixtures("draining")
def test_no_parent_is_read_for_a_child_that_may_not_be_read(account):
    account.clicks(EARLY, range(1, 31))
    account.emulator.fault(path="/do/stats/id/", code=46, times=None)
    account.settings["max_concurrent_requests"] = 1  # several workers read pages ahead
    account.run("email_stats")
    assert len(account.calls_for("email_clicks")) == 3  # the one that was under way
    run = account.run("email_stats")

    assert run.exit_code == 0, run.stderr
    assert account.calls_for("email_clicks") == []


@pytest.mark.usefixtures("draining")
def test_a_bug_of_a_child_does_not_end_the_parent_that_pauses_for_it(account, monkeypatch):
    account.clicks(EARLY, range(1, 31))

    def broken(*_):
        raise KeyError

    plain = EmailStatsLookup.ask
    monkeypatch.setattr(EmailStatsLookup, "ask", broken)
    run = account.run("email_clicks", "email_stats")
    assert run.exit_code == 1
    assert ", done: " in run.line("email_clicks")
    assert "Traceback" not in run.stderr
    monkeypatch.setattr(EmailStatsLookup, "ask", plain)
    run = account.run("email_clicks", "email_stats")

    assert run.exit_code == 0, run.stderr
    assert account.tables["email_stats"] == set(range(1, 31))


@pytest.mark.usefixtures("draining")
def test_an_id_is_read_once_in_a_run_whatever_names_it_later(account):
    account.clicks(EARLY, [*range(1, 11), *range(1, 11)])
    account.opens(LATE, range(1, 11))
    run = account.run("visitor_activities", "email_clicks", "email_stats")

    assert run.exit_code == 0, run.stderr
    assert account.asked("stats") == list(range(1, 11))


# --- STATE of the version before ---

OVERFLOWING = json.loads((states.FOLDER / "overflowing" / "0002.json").read_text())


@pytest.mark.parametrize("left", OVERFLOWING, ids=range(len(OVERFLOWING)))
def test_a_run_of_the_version_before_that_was_killed_with_too_many_ids_is_completed(account, left):
    """It kept the parents' windows open, and told by marks what was read."""
    fill(account)
    marked = [name for name in CHILDREN if left["state"]["bookmarks"][name].get("marks")]
    assert marked
    left["state"]["settings"]["business_unit"] = account.emulator.config["pardot_business_unit_id"]
    account.state = left["state"]
    for stream, keys in left["arrived"].items():
        account.tables[stream] = {tuple(key) if isinstance(key, list) else key for key in keys}
    out = set(account.tables["email_stats"])

    run = account.run(*PARENTS, *CHILDREN)

    assert run.exit_code == 0, run.stderr
    assert complete(account, EVERYTHING) == {}
    assert out & {*account.asked("stats")} == set()
    visited = {number - 70000 for number in left["arrived"].get("visits", ())}
    assert visited & {*account.asked_visitors()} == set()
    assert {*left["arrived"].get("emails", ())} & {*account.asked("read")} == set()
    for name in marked:
        assert account.bookmark(name)["marks"] is None


# --- the real number, real signals ---


def test_more_visitors_than_state_takes(account, monkeypatch):
    """With the pages and the limit of every day."""
    set_sizes(monkeypatch, 200, 20, 200)
    number = 2 * DRAIN_AT + 1200
    moments = [EARLY, LATE]
    rows = [
        {"id": n, "created_at": moments[n % 2], "updated_at": moments[n % 2]}
        for n in range(1, number + 1)
    ]
    account.emulator.add("visitor", rows)
    account.emulator.add("visit", [{"id": 70000 + n, "visitor_id": n} for n in range(1, number, 9)])
    due = {70000 + n for n in range(1, number, 9)}
    whole = account.run("visitors", "visits")
    assert whole.exit_code == 0, whole.stderr
    assert account.tables["visits"] == due
    assert max(len(json.dumps(m)) for m in whole.messages if m["type"] == "STATE") < 30_000
    assert account.asked_visitors() == list(range(1, number + 1))
    assert len([call for call in account.emulator.calls if call["object"] == "visit"]) == 56

    places = cuts(whole)
    with_visits = [n for n, m in enumerate(whole.messages) if m.get("stream") == "visits"]
    cut(account, whole, next(place for place in places if place > with_visits[1] + 40))
    assert account.bookmark("visitors")["cursor"] == DRAIN_AT
    left = unpack(account.bookmark("visits")["pending"])
    assert left[0] > 200
    run = account.run("visitors", "visits")
    assert run.exit_code == 0, run.stderr
    assert account.tables["visits"] == due
    assert run.ids("visitors") == list(range(DRAIN_AT + 1, number + 1))
    assert account.asked_visitors() == list(range(left[0], number + 1))


def days_until_complete(account, streams, most, **settings):
    """Run once a day until a run is complete; return the calls of all days."""
    calls = 0
    for day in range(most):
        moment = datetime(2024, 6, 1, 12, tzinfo=UTC) + timedelta(days=day)
        account.emulator.set(clock=moment.isoformat())
        run = account.run(*streams, **settings)
        assert run.exit_code == 0, run.stderr
        calls += len(account.emulator.calls)
        waiting = unpack(account.bookmark("email_stats")["pending"])
        assert len(waiting) < 2 * id_set.DRAIN_AT
        if "Complete: " in run.stderr:
            return calls
    pytest.fail(f"not complete after {most} days")


@pytest.mark.parametrize("source", ["query", "export"])
@pytest.mark.parametrize(
    "sizes", [(1_000, 250, 180), pytest.param((20_000, 5_000, 3_600), marks=pytest.mark.nightly)]
)
def test_more_ids_than_five_days_of_calls_are_read_once_each(account, monkeypatch, source, sizes):
    """All of them are in one file of the export."""
    number, drain_at, limit = sizes
    set_sizes(monkeypatch, 200, 20, 200)
    monkeypatch.setattr("tap_pardot.state.id_set.DRAIN_AT", drain_at)
    monkeypatch.setattr("tap_pardot.streams.bulk._ROWS_PER_PAGE", drain_at // 5)
    activities = [
        {"id": n, "type": 11, "list_email_id": n, "created_at": EARLY, "updated_at": EARLY}
        for n in range(1, number + 1)
    ]
    account.emulator.add("visitorActivity", activities)
    streams = ("visitor_activities", "email_stats")
    calls = days_until_complete(account, streams, 8, daily_call_limit=limit, bulk_source=source)

    assert account.tables["email_stats"] == set(range(1, number + 1))
    assert account.tables["visitor_activities"] == set(range(1, number + 1))
    assert calls <= 1.1 * number


def test_an_export_that_takes_longer_than_its_files_last_is_read_in_halves(account, monkeypatch):
    """Pardot deletes them after a week; a job created anew starts with the first row."""
    monkeypatch.setattr("tap_pardot.state.id_set.DRAIN_AT", 50)
    monkeypatch.setattr("tap_pardot.streams.bulk._ROWS_PER_PAGE", 10)
    for day in range(1, 31):
        account.opens(f"2024-05-{day:02}T10:00:00Z", range(20 * day, 20 * day + 20))
    streams = ("visitor_activities", "email_stats")
    days_until_complete(account, streams, 30, daily_call_limit=66, bulk_source="export")

    assert account.tables["email_stats"] == set(range(20, 620))
    assert account.tables["visitor_activities"] == set(range(1, 601))


def test_anonymous_visitors_that_exports_leave_out_are_asked_for_once_in_many_days(
    account, monkeypatch
):
    """A query adds them to the window of an export."""
    monkeypatch.setattr("tap_pardot.state.id_set.DRAIN_AT", 20)
    account.visitors(EARLY, range(1, 301))
    account.emulator.update("visitor", range(1, 291), identified=False)
    account.emulator.set(export_anonymous_visitors=False)
    asked = []
    for day in range(1, 8):
        account.emulator.set(clock=f"2024-06-0{day}T12:00:00+00:00")
        run = account.run("visitors", "visits", daily_call_limit=60, bulk_source="export")
        assert run.exit_code == 0, run.stderr
        asked += account.asked_visitors()
        if "Complete: " in run.stderr:
            break

    assert account.tables["visits"] == {70000 + n for n in range(1, 301)}
    assert sorted(asked) == sorted({*asked})


def started(account, tap_process, streams, state, **settings):
    config = {**account.emulator.config, **account.settings, **settings}
    return tap_process.start(config, catalog=select(*streams), state=state)


def loaded(account, lines):
    account.take(json.loads(line) for line in lines if line.endswith("\n"))


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_runs_killed_by_signals_at_any_moment_are_complete_in_the_end(account, tap_process, signum):
    """The real command; each run is ended after some more calls, then one is left alone."""
    fill(account)
    account.emulator.set(latency=0.02)
    chance = random.Random(11)
    streams = (*PARENTS, *CHILDREN)
    ended = 0
    for calls in (4, 9, 15, 22):
        account.emulator.clear_calls()
        process = started(account, tap_process, streams, account.state)
        until = time.monotonic() + 20
        while len(account.emulator.calls) < calls and process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.005)
        time.sleep(chance.random() / 30)
        os.kill(process.pid, signum)
        out, err = process.communicate(timeout=20)
        ended += process.returncode in {-signal.SIGKILL, 143}
        assert "Traceback" not in err
        loaded(account, out.splitlines(keepends=True))
    account.emulator.set(latency=0)
    run = account.run(*streams)

    assert run.exit_code == 0, run.stderr
    assert ended >= 3
    assert complete(account, streams) == {}
