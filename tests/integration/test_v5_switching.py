"""``api_version`` changes between runs: nothing is lost, and not everything is read again."""

from __future__ import annotations

import random

import pytest

from tap_pardot.state.id_set import unpack
from tests.helpers.catalog import select, select_5
from tests.helpers.fan_out import cuts
from tests.helpers.switching import CHILDREN, COLUMNS, HOUR, OTHERS, START, World, iso

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
    assert len({*ids}) <= (3 if stream != "email_templates" else 6)  # the list has changed, too
    starts = [
        value
        for call in world.emulator.calls
        for name, value in call["params"].items()
        if name.endswith("AfterOrEqualTo")
    ]
    assert set(starts) == {seen}
    # The account, the list of templates, and the stream's own rows.
    more = {
        "email_templates": 1,  # the list of templates
        "emails": 2,  # whether ids are the same
        "visits": 2,  # the visitors that have changed since, and their visits
        "visitor_page_views": 2,
    }
    assert len(world.emulator.calls) == 2 + more[stream]


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
    assert {*unpack(left)} < {*unpack(world.part("visits")["pending"])}
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


@pytest.mark.parametrize("seed", range(8))
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


# --- export jobs, cursors, ends ---


BULK = ("prospects", "visitors", "list_memberships", "visitor_activities")
KINDS = ("prospect", "visitor", "listMembership", "visitorActivity")


def create_jobs(world, version):
    """Leave the jobs of a run in STATE."""
    world.settings |= {"bulk_source": "export", "export_timeout": 60}
    times = {"created_at": START - 9 * HOUR, "updated_at": START - 9 * HOUR}
    for name in KINDS:
        world.emulator.add(name, [{"id": n, **times} for n in range(1, 6)])
    world.emulator.set(export_seconds=100_000)
    run = world.run(version, *BULK)
    assert run.exit_code == 1, run.stderr
    jobs = [job for name in BULK for job in world.part(name)["jobs"]]
    assert len(jobs) == 7
    world.emulator.set(export_seconds=0)
    world.emulator.set_export(state="Complete")
    return jobs


@pytest.mark.parametrize("seconds", [0, 30, HOUR])
@pytest.mark.parametrize(("before", "after"), [(4, 5), (5, 4)])
def test_export_jobs_are_collected_after_a_change_of_the_version(world, before, after, seconds):
    """Also where the run under 5 ends a minute before the window of the jobs."""
    create_jobs(world, before)
    world.wait(seconds)

    run = world.run(after, *BULK, bulk_source="auto")

    assert run.exit_code == 0, run.stderr
    assert [call for call in world.emulator.calls if call["op"] == "cancel"] == []
    starts = [job["arguments"]["updated_after"] for job in world.emulator.exports]
    assert starts.count("2024-04-30 19:59:59") == 7  # none is created again
    for stream in BULK:
        assert sorted(run.ids(stream)) == [1, 2, 3, 4, 5], stream
        assert world.part(stream)["jobs"] is None
    assert run.warnings == []


def test_export_jobs_beyond_end_date_are_not_collected(world):
    create_jobs(world, 4)
    end = iso(START - 90)

    run = world.run(5, "prospects", bulk_source="auto", end_date=end)

    assert run.exit_code == 0, run.stderr
    assert world.part("prospects")["replication_key_value"] <= end


@pytest.mark.parametrize("why", ["query", "column"])
def test_export_jobs_that_do_not_serve_are_canceled_and_the_rows_are_read_by_query(world, why):
    """The setting asks for queries, or a column that only version 5 has is selected."""
    create_jobs(world, 4)
    world.wait()
    settings = {"bulk_source": "query"}
    if why == "column":
        settings = {"bulk_source": "auto", "include": ["visitors.prospect_id"]}

    run = world.run(5, "visitors", **settings)

    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids("visitors")) == [1, 2, 3, 4, 5]
    assert ("prospect_id" in run.records["visitors"][0]) is (why == "column")
    assert len([call for call in world.emulator.calls if call["op"] == "cancel"]) == 2
    assert world.part("visitors")["jobs"] is None


def open_window(world, version, stream, kind):
    """Leave a stream's window open, with one page of two out."""
    world.emulator.fault(object=kind, version=version, nth=3, code=181, times=None)
    first = world.run(version, stream)
    world.emulator.clear_faults()
    assert first.exit_code != 0
    assert world.part(stream)["cursor"]
    return first


@pytest.mark.parametrize(("before", "after"), [(4, 5), (5, 4), (4, 3), (5, 5)])
def test_the_cursor_of_another_dialect_does_not_count(world, before, after, monkeypatch):
    monkeypatch.setattr("tap_pardot.api.v4.V4.page_size", 4)
    monkeypatch.setattr("tap_pardot.api.v5.V5.page_size", 4)
    world.settings["max_concurrent_requests"] = 1
    world.list(*range(1, 12))
    first = open_window(world, before, "lists", "list")
    done = first.ids("lists")
    world.wait()

    run = world.run(after, "lists")

    assert run.exit_code == 0, run.stderr
    assert world.missing("lists") == {}
    is_same = (before == 5) is (after == 5)
    assert (1 in run.ids("lists")) is not is_same
    assert max(done) == 8
    dialect = world.part("lists").get("dialect")
    assert dialect == {(4, 3): None, (5, 4): "v4"}.get((before, after), "v5")


@pytest.mark.parametrize(("before", "after"), [(4, 5), (5, 4)])
def test_an_append_only_stream_goes_on_from_its_last_id_and_not_from_0(
    world, before, after, monkeypatch
):
    monkeypatch.setattr("tap_pardot.api.v4.V4.page_size", 4)
    monkeypatch.setattr("tap_pardot.api.v5.V5.page_size", 4)
    world.settings["max_concurrent_requests"] = 1
    at = START - 9 * HOUR
    world.emulator.add("lifecycleHistory", [{"id": n, "created_at": at} for n in range(1, 21)])
    assert world.run(before, "lifecycle_histories").ids("lifecycle_histories") == [*range(1, 21)]
    world.wait()
    at = world.now - 600
    world.emulator.add("lifecycleHistory", [{"id": n, "created_at": at} for n in range(21, 41)])
    open_window(world, before, "lifecycle_histories", "lifecycleHistory")
    assert world.part("lifecycle_histories")["cursor"] > 20
    world.wait()

    run = world.run(after, "lifecycle_histories")

    assert run.exit_code == 0, run.stderr
    assert {*run.ids("lifecycle_histories")} == {*range(21, 41)}


@pytest.mark.parametrize("seconds", [0, 30, 59])
def test_a_bookmark_less_than_a_minute_ahead_is_no_reason_for_a_warning_under_5(world, seconds):
    fill(world)
    world.list(1, age=HOUR)
    streams = (*ALL, "lifecycle_histories")
    world.run(4, *streams)
    had = world.state
    world.wait(seconds)

    run = world.run(5, *streams)

    assert run.exit_code == 0, run.stderr
    assert run.warnings == []
    assert run.records == {}
    assert (
        world.part("lists")["replication_key_value"]
        == had["bookmarks"]["lists"]["replication_key_value"]
    )
    world.wait()
    world.list(1)
    world.visit(1)
    assert world.run(5, *streams).exit_code == 0
    assert world.missing("lists", "visits") == {}


def test_a_bookmark_far_ahead_is_logged_under_5_too(world):
    world.list(1, age=HOUR)
    world.run(4, "lists")
    world.wait(-600)

    run = world.run(5, "lists")

    assert run.exit_code == 0, run.stderr
    assert any("clock is behind the bookmark" in line for line in run.warnings)


@pytest.mark.parametrize("ago", [30, 60, 90, 120, 150])
def test_an_end_date_near_now_ends_runs_of_both_versions_without_a_warning(world, ago):
    world.list(1, age=HOUR)
    end = iso(START - ago)
    for version in (4, 5, 4):
        run = world.run(version, "lists", end_date=end)
        assert run.exit_code == 0, run.stderr
        assert run.warnings == []
        assert world.part("lists")["replication_key_value"] <= end
    world.wait()
    for version in (5, 4):
        assert world.run(version, "lists", end_date=end).warnings == []
        assert world.part("lists")["replication_key_value"] == end


# --- catalogs of the other version ---


def test_a_catalog_of_5_is_read_under_4_without_what_only_5_has(world, tap):
    fill(world)
    world.emulator.add("landingPage", [{"id": 1, "name": "a"}])
    config = {**world.emulator.config, **world.settings}
    catalog = select_5("lists", "emails", "visits", "landing_pages")

    run = tap.run(config, catalog=catalog)

    assert run.exit_code == 0, run.stderr
    assert {*run.records} <= {"lists", "emails", "visits"}
    assert run.ids("emails")
    assert "sent_at" not in run.records["emails"][0]
    assert run.warnings[0] == (
        "The catalog selects what needs api_version 5, which is left out: 12 columns of emails, "
        "landing_pages, 5 columns of lists."
    )
    assert [line for line in run.warnings if "api_version 5" in line] == run.warnings[:1]


def test_columns_of_5_that_a_catalog_does_not_select_need_no_warning_under_4(world, tap):
    catalog = select_5("lists")
    (entry,) = [each for each in catalog["streams"] if each["tap_stream_id"] == "lists"]
    entry["metadata"] = [
        {"breadcrumb": [], "metadata": {"selected": True}},
        *(
            {"breadcrumb": ["properties", name], "metadata": {"selected": name in {"id", "name"}}}
            for name in entry["schema"]["properties"]
        ),
    ]

    run = tap.run({**world.emulator.config, **world.settings}, catalog=catalog)

    assert run.exit_code == 0, run.stderr
    assert not [line for line in run.warnings if "api_version 5" in line]


def test_full_table_of_children_in_a_catalog_of_4_counts_as_incremental_under_5(world, tap):
    fill(world)
    world.list(1)
    config = {**world.emulator.config, **world.settings, "api_version": 5}
    catalog = select(*CHILDREN, "lists", columns=COLUMNS, methods={"lists": "FULL_TABLE"})

    first = tap.run(config, catalog=catalog)
    world.wait()
    second = tap.run(config, catalog=catalog, state=first.state)

    assert first.exit_code == second.exit_code == 0, second.stderr
    assert {*first.records} == {*CHILDREN, "lists"}
    assert {*second.records} == {"lists"}  # which the catalog asks for as a whole
    assert "landing_pages" not in {m.get("stream") for m in second.messages}
