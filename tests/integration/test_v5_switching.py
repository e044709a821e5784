"""``api_version`` changes between runs: nothing is lost, and not everything is read again."""

from __future__ import annotations

import random

import pytest

from tap_pardot.state.id_set import unpack
from tests.helpers.fan_out import cuts
from tests.helpers.switching import CHILDREN, HOUR, OTHERS, START, World, iso

ALL = (*CHILDREN, *OTHERS)
PARENTS = ("visitor_activities", "visitors")
VISITS = ("visits", "visitor_page_views")


@pytest.fixture
def world(emulator, tap):
    return World(emulator, tap)


def fill(world):
    """Let rows come over a week."""
    for day in range(7, 0, -1):
        age = day * 24 * HOUR
        world.visit(day, day + 10, age=age)
        world.mail(day, day + 10, age=age)
        world.template(400 + day, age=age)


def between_parent_and_child(run, stream):
    """Return how many messages a target has, if a run is killed when the parents are read."""
    counts = {}
    for number, message in enumerate(run.messages, start=1):
        if message["type"] == "STATE":
            part = message["value"]["bookmarks"].get(stream) or {}
            parents = ("visitors",) if stream in VISITS else ("visitor_activities", "email_clicks")
            if all(name in (part.get("seen") or {}) for name in parents):
                counts[number] = len(unpack(part["pending"]))
    return max(counts, key=lambda number: counts[number])


# --- from 4 to 5 ---


@pytest.mark.parametrize("stream", CHILDREN)
def test_from_4_to_5_a_stream_goes_on_from_where_its_parents_have_stopped(world, stream):
    fill(world)
    first = world.run(4, stream)
    assert first.exit_code == 0, first.stderr
    assert world.missing(stream) == {}
    seen = iso(world.now - 60)
    world.wait()
    world.visit(3, 99)
    world.mail(60)
    world.template(401, 500)

    run = world.run(5, stream)

    assert run.exit_code == 0, run.stderr
    assert world.missing(stream) == {}
    assert run.warnings == []
    ids = run.ids(stream)
    assert len(ids) <= (3 if stream != "email_templates" else 6)  # the list has changed, too
    starts = [
        value
        for call in world.emulator.calls
        for name, value in call["params"].items()
        if name.endswith("AfterOrEqualTo")
    ]
    assert set(starts) == {seen}
    # The account, the list of templates, and the stream's own rows.
    assert len(world.emulator.calls) == 2 + (stream == "email_templates")


@pytest.mark.parametrize("stream", CHILDREN)
def test_ids_that_version_4_has_left_are_read_before_the_rows_of_version_5(world, stream):
    fill(world)
    first = world.run(4, *PARENTS, *CHILDREN, keep=False)
    world.take(first.messages[: between_parent_and_child(first, stream)])
    left = unpack(world.part(stream)["pending"])
    assert left
    assert world.part(stream)["seen"]
    before = len(world.tables[stream])
    world.wait()
    world.visit(99)
    world.mail(60)
    world.template(500)

    run = world.run(5, *PARENTS, *CHILDREN)

    assert run.exit_code == 0, run.stderr
    assert world.missing(*CHILDREN) == {}
    assert before == 0
    assert world.part(stream)["pending"] is None
    only_5 = {"visitor_page_views": "campaign_id", "emails": "sent_at"}.get(stream, "updated_at")
    kinds = [only_5 in record for record in run.records[stream]]
    if stream in {"visitor_page_views", "emails"}:
        assert kinds == sorted(kinds)  # those of version 4 lack the column, and come first
        assert {True, False} == {*kinds}
    again = world.run(5, *PARENTS, *CHILDREN)
    assert [each for each in again.records if each in CHILDREN] == []


def test_list_emails_that_only_clicks_name_are_read_after_the_change_to_5(world):
    world.emulator.add("email", [{"id": 77, "name": "a", "subject": "s", "created_at": START}])
    click = {"id": 1, "list_email_id": 77, "created_at": START - HOUR}
    world.emulator.add("emailClick", [click])
    first = world.run(4, "emails", keep=False)
    place = next(
        number
        for number, m in enumerate(first.messages, start=1)
        if m["type"] == "STATE" and m["value"]["bookmarks"]["emails"].get("pending_list_emails")
    )
    world.take(first.messages[:place])
    # Both parents are through, as if the kill had come a moment later.
    world.state["bookmarks"]["emails"]["seen"] = {
        name: iso(START - 60) for name in ("visitor_activities", "email_clicks")
    }
    world.wait()
    world.emulator.add("email", [{"id": 77, "sent_at": START - 9 * HOUR}])

    run = world.run(5, "emails")

    assert run.exit_code == 0, run.stderr
    assert run.ids("emails") == [77]
    assert world.part("emails")["pending_list_emails"] is None


def test_a_list_of_templates_that_a_killed_run_did_not_come_to_is_read_after_the_change(world):
    """Parents have passed on more than the list of templates was looked at."""
    fill(world)
    streams = ("visitor_activities", "email_templates")
    world.run(4, *streams)
    world.wait()
    world.template(401)
    world.wait()
    world.mail(60)
    second = world.run(4, *streams, keep=False)
    world.take(second.messages[: between_parent_and_child(second, "email_templates")])
    world.wait()

    run = world.run(5, *streams)

    assert run.exit_code == 0, run.stderr
    assert world.missing("email_templates") == {}


def test_a_first_run_of_4_that_was_killed_early_is_followed_by_a_whole_reading_by_5(world):
    fill(world)
    first = world.run(4, *PARENTS, *CHILDREN, keep=False)
    place = next(
        number
        for number, m in enumerate(first.messages, start=1)
        if m["type"] == "STATE" and m["value"]["bookmarks"].get("visits")
    )
    world.take(first.messages[:place])
    assert not world.part("visits").get("seen")

    run = world.run(5, *PARENTS, *CHILDREN)

    assert run.exit_code == 0, run.stderr
    world.wait()
    world.run(5, *PARENTS, *CHILDREN)
    assert world.missing(*CHILDREN) == {}
    (call,) = world.calls(5, "visit")
    assert call["updatedAtAfterOrEqualTo"] == iso(START - 120)


# --- ids that versions 3 and 4 cannot look up ---


def left_by_4(world, stream="visits"):
    """Leave ids of a stream pending."""
    fill(world)
    first = world.run(4, *PARENTS, stream, keep=False)
    world.take(first.messages[: between_parent_and_child(first, stream)])
    assert world.part(stream)["pending"]
    world.wait()
    world.visit(99)


def test_a_right_that_only_version_5_has_lets_it_read_everything_in_the_next_run(world):
    left_by_4(world)
    world.emulator.fault(object="visit", version=4, code=49, times=None)

    run = world.run(5, "visits")

    assert run.exit_code == 0, run.stderr
    assert any("version 5 reads all rows" in line for line in run.warnings)
    run = world.run(5, "visits")
    assert run.exit_code == 0, run.stderr
    assert run.warnings == []
    assert world.missing("visits") == {}
    assert world.calls(4, "visit") == []


def test_ids_that_fail_stay_pending_while_the_rows_of_version_5_come(world):
    left_by_4(world)
    left = world.part("visits")["pending"]
    world.emulator.fault(object="visit", version=4, code=198, times=None)

    run = world.run(5, "visits")

    assert run.exit_code == 1
    assert run.ids("visits") == [1099]
    assert world.part("visits")["pending"] == left
    assert not world.part("visits").get("avoids_version_5")
    world.emulator.clear_faults()
    run = world.run(5, "visits")
    assert run.exit_code == 0, run.stderr
    assert world.missing("visits") == {}


def test_without_versions_3_and_4_version_5_reads_everything(world):
    left_by_4(world)
    world.emulator.set(versions_gone=[3, 4])

    run = world.run(5, "visits")

    assert run.exit_code == 0, run.stderr
    assert world.missing("visits") == {}
    world.emulator.set(versions_gone=[])
    world.wait()
    world.visit(3)
    run = world.run(5, "visits")
    assert run.ids("visits") == [1003]


# --- from 5 to 4 ---


@pytest.mark.parametrize("with_parents", [True, False])
def test_from_5_to_4_parents_start_where_version_5_has_stopped(world, with_parents):
    fill(world)
    streams = (*PARENTS, *CHILDREN) if with_parents else CHILDREN
    first = world.run(5, *streams)
    assert first.exit_code == 0, first.stderr
    reached = iso(world.now - 120)
    world.wait()
    world.visit(3, 99)
    world.mail(60)

    run = world.run(4, *streams)

    assert run.exit_code == 0, run.stderr
    assert world.missing(*CHILDREN) == {}
    for stream in ("visits", "emails"):
        assert len(run.records[stream]) <= 2
    for name, wall in (("visitor", "updated_after"), ("visitorActivity", "updated_after")):
        assert [call[wall] for call in world.calls(4, name)] == ["2024-06-01 07:57:59"]
    assert reached == "2024-06-01T11:58:00+00:00"


def test_a_parent_that_5_has_read_alone_passes_its_open_window_on_after_the_change_to_4(world):
    """Part of a window of visitors was written while visits were no child."""
    fill(world)
    world.run(4, "visitors", "visits")
    world.wait()
    world.visit(*range(30, 40))
    world.emulator.fault(object="visit", version=5, code=109, times=None)
    second = world.run(5, "visitors", "visits", keep=False)
    world.emulator.clear_faults()
    assert second.exit_code == 0, second.stderr
    for place in cuts(second):
        world.take(second.messages[:place])
        run = world.run(4, "visitors", "visits", keep=False)
        tables = {number: dict(row) for number, row in world.tables["visits"].items()}
        world.take(run.messages)
        assert world.missing("visits") == {}, place
        world.tables["visits"] = tables


def test_5_to_4_to_5_goes_on_from_the_bookmark_of_5_so_that_what_only_5_sees_is_not_lost(world):
    fill(world)
    world.run(5, *CHILDREN)
    world.wait()
    at = world.now - 600
    unnamed = {"id": 90, "subject": "of nobody", "created_at": at, "sent_at": at}
    world.emulator.add("email", [unnamed])
    world.run(4, *CHILDREN)
    assert 90 not in world.tables["emails"]
    world.wait()

    run = world.run(5, *CHILDREN)

    assert run.exit_code == 0, run.stderr
    assert run.ids("emails") == [90]
    assert world.missing(*CHILDREN) == {}


# --- any time ---


@pytest.mark.parametrize("seed", range(6))
def test_runs_of_changing_versions_that_are_killed_anywhere_lose_nothing(world, seed, monkeypatch):
    """A kill leaves the target with what came up to some message."""
    chance = random.Random(seed)
    monkeypatch.setattr("tap_pardot.api.v4.V4.page_size", 4)
    monkeypatch.setattr("tap_pardot.api.v5.V5.page_size", 4)
    monkeypatch.setattr("tap_pardot.sources.lookup.SAVE_EVERY", 2)
    if seed % 2:
        monkeypatch.setattr("tap_pardot.state.id_set.DRAIN_AT", 5)
    fill(world)
    world.list(*range(1, 12))
    streams = ALL if seed % 3 else CHILDREN
    mail = 100
    for _ in range(9):
        world.visit(*chance.sample(range(1, 40), 6), age=0)
        world.mail(*range(mail, mail + 4), age=0)
        world.template(*chance.sample(range(400, 420), 3), age=0)
        world.list(*chance.sample(range(1, 20), 4), age=0)
        mail += 4
        version = chance.choice([3, 4, 5, 5])
        run = world.run(version, *streams, keep=False)
        assert run.exit_code == 0, run.stderr
        world.take(run.messages[: chance.randint(1, len(run.messages))])
        world.wait(chance.choice([1, 70, HOUR]))
    world.wait()
    for version in (chance.choice([4, 5]), 5, 4):
        run = world.run(version, *streams)
        assert run.exit_code == 0, run.stderr
        assert world.missing(*streams) == {}, version
        world.wait()
        world.visit(*chance.sample(range(1, 40), 3))
        world.mail(mail)
        mail += 1
    world.run(5, *streams)
    assert world.missing(*streams) == {}
    world.wait()
    idle = world.run(5, *streams)
    assert idle.records == {}
    world.run(4, *streams)
    assert len(world.emulator.calls) <= 12
