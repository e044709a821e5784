"""Children get every id once, whoever of parents and children is selected, and when."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from tests.helpers.catalog import select
from tests.helpers.exports import jobs_of
from tests.helpers.fan_out import MAIL, Account, streams_of

EARLY, LATE = "2024-05-10T10:00:00+00:00", "2024-05-20T10:00:00+00:00"
BETWEEN = "2024-05-15T00:00:00+00:00"
END = "2024-06-01T11:59:00+00:00"  # of a run: lookback_seconds before NOW
NEXT, NEXT_END = "2024-06-02T12:00:00+00:00", "2024-06-02T11:59:00+00:00"
VISITS = ("visitor_page_views", "visits")
PARENTS = ("visitor_activities", "email_clicks", "visitors", "opportunities")
CHILDREN = (*MAIL, *VISITS, "opportunity_prospects")


@pytest.fixture
def account(emulator, tap):
    return Account(emulator, tap)


def filled(account):
    """Let each parent have rows, of which some name what others have named."""
    account.opens(EARLY, [1, 2, 3, 2])
    account.opens(LATE, [3, 4])
    account.clicks(EARLY, [1, 5])
    account.clicks(LATE, [6, 5])
    account.visitors(EARLY, [11, 12])
    account.visitors(LATE, [13])
    account.opportunities(LATE, [21, 25])


FILLED = {
    "email_stats": {1, 2, 3, 4, 5, 6},
    "email_templates": {900, 901, 902},
    "emails": {5001, 5002, 5003, 5004},
    "visits": {70011, 70012, 70013},
    "visitor_page_views": {90011, 90012, 90013},
    "opportunity_prospects": {(21, 21), (21, 22), (25, 25), (25, 26)},
}


def times_asked(account):
    """Return whether the last run asked for an e-mail's figures, or a visitor, twice."""
    stats, visitors = account.asked("stats"), account.asked_visitors()
    return len(stats) == len(set(stats)) and len(visitors) == len(set(visitors))


def on(account, moment=NEXT):
    account.emulator.set(clock=moment)


# --- children alone, and with their parents ---


def test_children_alone_bring_everything_and_their_parents_show_in_nothing(account):
    filled(account)
    run = account.run(*CHILDREN)

    assert run.exit_code == 0, run.stderr
    assert account.tables == FILLED
    assert streams_of(run) == set(CHILDREN)
    for parent in PARENTS:
        assert account.bookmark(parent).get("replication_key_value") is None
        assert account.bookmark(parent).get("window") is None
        assert len(account.calls_for(parent)) == 1
        assert f"{parent}:" not in run.stderr
    assert times_asked(account)
    assert account.asked("stats") == [1, 2, 3, 4, 5, 6]


def test_parents_with_their_children_are_asked_what_they_are_asked_without_them(account):
    filled(account)
    alone = account.run(*PARENTS, keep=False)
    calls = {parent: account.calls_for(parent) for parent in PARENTS}
    together = account.run(*PARENTS, *CHILDREN)

    assert together.exit_code == 0, together.stderr
    assert account.tables == FILLED | {name: account.tables[name] for name in PARENTS}
    for parent in PARENTS:
        assert together.records[parent] == alone.records[parent]
        assert [each["params"] for each in account.calls_for(parent)] == [
            each["params"] for each in calls[parent]
        ]
        assert account.bookmark(parent)[
            "replication_key_value" if parent != "opportunities" else "window"
        ] == ({"email_clicks": 4, "opportunities": None}.get(parent, END))
    assert times_asked(account)


def test_a_run_in_which_nothing_has_changed_asks_the_parents_only(account):
    filled(account)
    account.run(*CHILDREN)
    on(account)
    run = account.run(*CHILDREN)

    assert run.exit_code == 0, run.stderr
    assert account.asked("stats") == account.asked("read") == account.asked_visitors() == []
    # Pardot cannot filter opportunities by time.
    assert set(run.records) == {"opportunity_prospects"}


def test_an_export_is_asked_for_the_needed_columns_only(account):
    filled(account)
    run = account.run("emails", "visits", bulk_source="export")

    assert run.exit_code == 0, run.stderr
    assert account.tables["emails"] == FILLED["emails"]
    assert account.tables["visits"] == FILLED["visits"]
    (acts,) = jobs_of(account.emulator, "visitor_activities")
    assert set(acts["fields"]) == {"id", "updated_at", "email_id", "list_email_id"}
    (visitors,) = jobs_of(account.emulator, "visitors")
    assert set(visitors["fields"]) == {"id", "updated_at"}
    assert account.bookmark("visitors").get("jobs") is None
    assert account.bookmark("visitors")["feed"]["jobs"] is None


@pytest.mark.parametrize("source", ["query", "export"])
def test_what_children_need_of_a_parent_is_asked_but_not_emitted(account, source):
    filled(account)
    columns = {"visitor_activities": ["type"], "email_clicks": ["url"]}
    run = account.run(
        "visitor_activities", "email_clicks", *MAIL, columns=columns, bulk_source=source
    )

    assert run.exit_code == 0, run.stderr
    assert {name: account.tables[name] for name in MAIL} == {name: FILLED[name] for name in MAIL}
    for stream, shown in (
        ("visitor_activities", {"id", "updated_at", "type"}),
        ("email_clicks", {"id", "url"}),
    ):
        assert {frozenset(record) for record in run.records[stream]} == {frozenset(shown)}
    if source == "export":
        (job,) = jobs_of(account.emulator, "visitor_activities")
        needed = {"id", "updated_at", "type", "created_at", "email_id", "list_email_id"}
        assert set(job["fields"]) == {*needed, "email_template_id"}


def test_a_parent_that_the_catalog_does_not_name_is_read_silently(account):
    filled(account)
    catalog = select("email_stats", "visits")
    named = [
        each for each in catalog["streams"] if each["tap_stream_id"] in {"email_stats", "visits"}
    ]
    run = account.invoke({"streams": named}, None)

    assert run.exit_code == 0, run.stderr
    assert streams_of(run) == {"email_stats", "visits"}
    assert account.tables == {name: FILLED[name] for name in ("email_stats", "visits")}


# --- selected later, deselected, selected again ---


@pytest.mark.parametrize("source", ["query", "export"])
def test_a_child_selected_later_reads_what_its_parents_read_before(account, source):
    filled(account)
    account.run("visitor_activities", "email_clicks", "visitors", bulk_source=source)
    on(account)
    account.opens("2024-06-02T01:00:00Z", [2, 7])
    account.clicks("2024-06-02T01:00:00Z", [6, 8])
    account.visitors("2024-06-02T01:00:00Z", [12, 14])
    streams = ("visitor_activities", "email_clicks", "visitors", "email_stats", *VISITS)
    run = account.run(*streams, bulk_source=source)

    assert run.exit_code == 0, run.stderr
    # The parents themselves emit only what is new.
    assert sorted(run.ids("visitor_activities")) == [7, 8]
    assert run.ids("email_clicks") == [5, 6]
    assert sorted(run.ids("visitors")) == [12, 14]
    assert account.asked("stats") == [1, 2, 3, 4, 5, 6, 7, 8]
    assert account.asked_visitors() == [11, 12, 13, 14]
    if source == "export":
        gap = jobs_of(account.emulator, "visitor_activities")[-1]["arguments"]
        assert gap["updated_before"] == "2024-06-01 07:59:00"  # New York: up to the bookmark

    on(account, "2024-06-03T12:00:00+00:00")
    again = account.run(*streams, bulk_source=source)
    assert again.exit_code == 0, again.stderr
    assert account.asked("stats") == account.asked_visitors() == []
    assert len(account.calls_for("email_clicks")) == 2  # the window, and ids that came late


def test_a_parent_selected_later_emits_all_its_rows_and_costs_its_children_nothing(account):
    filled(account)
    account.run(*CHILDREN)
    on(account)
    account.opens("2024-06-02T01:00:00Z", [2, 7])
    run = account.run(*PARENTS, *CHILDREN)

    assert run.exit_code == 0, run.stderr
    assert {name: len(account.tables[name]) for name in PARENTS} == {
        "visitor_activities": 8,
        "email_clicks": 4,
        "visitors": 3,
        "opportunities": 2,
    }
    assert len(account.calls_for("visitor_activities")) == 1
    # What the children were handed before cannot have changed.
    assert account.asked("stats") == [2, 7]
    assert account.asked_visitors() == []


def test_a_child_deselected_for_a_run_misses_nothing(account):
    streams = ("visitor_activities", "email_clicks", "email_stats")
    filled(account)
    account.run(*streams)
    on(account)
    account.opens("2024-06-02T01:00:00Z", [7])
    account.clicks("2024-06-02T01:00:00Z", [8])
    account.run(*streams[:2])
    on(account, "2024-06-03T12:00:00+00:00")
    account.opens("2024-06-03T01:00:00Z", [9])
    run = account.run(*streams)

    assert run.exit_code == 0, run.stderr
    assert account.asked("stats") == [7, 8, 9]


def test_a_child_may_be_read_with_and_without_its_parent_by_turns(account):
    account.opens(EARLY, [1])
    asked = []
    for day, streams in enumerate(
        [
            ("email_stats",),
            ("visitor_activities", "email_stats"),
            ("email_clicks",),
            ("email_stats",),
            ("visitor_activities",),
            ("visitor_activities", "email_clicks", "email_stats"),
            ("email_clicks", "email_stats"),
        ],
        start=2,
    ):
        account.emulator.set(clock=f"2024-06-0{day}T12:00:00+00:00")
        account.opens(f"2024-06-0{day}T01:00:00Z", [10 + day])
        account.clicks(f"2024-06-0{day}T02:00:00Z", [20 + day])
        run = account.run(*streams)
        assert run.exit_code == 0, run.stderr
        asked.append(account.asked("stats"))

    assert asked == [[1, 12, 22], [13, 23], [], [14, 15, 24, 25], [], [16, 17, 26, 27], [18, 28]]
    assert len(account.tables["visitor_activities"]) == 7  # the last run did not read them


def test_a_child_taken_out_of_state_starts_over_though_its_parent_was_half_through(
    account, monkeypatch
):
    """As the tap's own words about a STATE that cannot be read advise."""
    monkeypatch.setattr("tap_pardot.api.v4.V4.page_size", 2)
    for streams in (("email_clicks", "email_stats"), ("email_stats",)):
        account.tables.clear()
        account.clicks(EARLY, range(1, 8))
        account.emulator.fault(object="emailClick", op="query", nth=3, code=198, times=None)
        failed = account.run(*streams, state={})
        assert failed.exit_code == 1
        del account.state["bookmarks"]["email_stats"]
        account.emulator.clear_faults()
        run = account.run(*streams)

        assert run.exit_code == 0, run.stderr
        assert account.asked("stats") == [1, 2, 3, 4, 5, 6, 7]


# --- FULL_TABLE ---


def test_parents_read_whole_each_time_hand_over_everything(account):
    filled(account)
    full = ("visitor_activities", "email_clicks", "visitors")
    streams = (*full, "email_stats", *VISITS)
    for _ in range(2):
        run = account.run(*streams, full=full)
        assert run.exit_code == 0, run.stderr
        assert account.asked("stats") == [1, 2, 3, 4, 5, 6]
        assert account.asked_visitors() == [11, 12, 13]
        assert len(run.ids("visitor_activities")) == 6

    # And then without the parents.
    on(account)
    account.opens("2024-06-02T01:00:00Z", [7])
    run = account.run("email_stats", *VISITS)
    assert 7 in account.asked("stats")


@pytest.mark.parametrize("source", ["query", "export"])
def test_a_whole_reading_that_is_not_through_does_not_pass_for_one(account, source):
    """Bookmarks of earlier runs say nothing of what the child was handed."""
    filled(account)
    parents = ("visitor_activities", "email_clicks")
    account.run(*parents, bulk_source=source)
    faults = ("query", "download") if source == "export" else ("query",)
    for name in ("visitorActivity", "emailClick", "export"):
        for op in faults:
            if (name, op) != ("export", "query"):
                account.emulator.fault(object=name, op=op, code=198, times=None)
    failed = account.run(*parents, "email_stats", full=parents, bulk_source=source)
    assert failed.exit_code == 1, failed.stderr
    account.emulator.clear_faults()
    run = account.run(*parents, "email_stats", bulk_source=source)

    assert run.exit_code == 0, run.stderr
    assert account.tables["email_stats"] == FILLED["email_stats"]


# --- parents that cannot be read ---


@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.parametrize(("code", "exit_code", "word"), [(46, 0, "skipped"), (198, 1, "failed")])
def test_a_parent_that_cannot_be_read_is_reported_at_its_children_only(
    account, silent, code, exit_code, word
):
    filled(account)
    account.emulator.fault(object="emailClick", op="query", code=code, times=None)
    parents = () if silent else ("visitor_activities", "email_clicks")
    run = account.run(*parents, *CHILDREN)

    assert run.exit_code == exit_code, run.stderr
    for child in MAIL:
        assert f"{word}: Not all ids are known, because of email_clicks: " in run.line(child)
        assert f"(Pardot code {code})" in run.line(child)
    for child in (*VISITS, "opportunity_prospects"):
        assert ", done: " in run.line(child)
    # What the other parent named is read all the same.
    assert account.tables["email_stats"] == {1, 2, 3, 4}

    account.emulator.clear_faults()
    on(account)
    run = account.run(*parents, *CHILDREN)
    assert run.exit_code == 0, run.stderr
    assert account.tables["email_stats"] == FILLED["email_stats"]
    assert 2 not in account.asked("stats")


def test_a_failed_parent_counts_more_than_a_skipped_one(account):
    filled(account)
    account.emulator.fault(object="emailClick", op="query", code=198, times=None)
    account.emulator.fault(object="visitorActivity", op="query", code=46, times=None)
    run = account.run("email_stats")

    assert run.exit_code == 1, run.stderr
    assert "failed: Not all ids are known, because of email_clicks: " in run.line("email_stats")


def test_a_gap_that_cannot_be_read_stays_open_though_the_parent_goes_on(account):
    """The parent's own window is read, only what was before it is not."""
    filled(account)
    account.run("visitor_activities", "email_clicks")
    on(account)
    account.opens("2024-06-02T01:00:00Z", [7])
    streams = ("visitor_activities", "email_clicks", "email_stats")
    # The first query is the parent's.
    account.emulator.fault(object="visitorActivity", op="query", nth=2, code=198, times=None)
    failed = account.run(*streams)
    assert failed.exit_code == 1, failed.stderr
    assert ", done: " in failed.line("visitor_activities")
    account.emulator.clear_faults()
    on(account, "2024-06-03T12:00:00+00:00")
    run = account.run(*streams)

    assert run.exit_code == 0, run.stderr
    assert account.tables["email_stats"] == {*FILLED["email_stats"], 7}
    assert account.bookmark("email_stats")["seen"] == dict.fromkeys(
        ("visitor_activities", "email_clicks"), "2024-06-03T11:59:00+00:00"
    )


def test_a_day_without_calls_left_ends_a_silent_reading_as_it_ends_any_other(account, monkeypatch):
    monkeypatch.setattr("tap_pardot.api.v4.V4.page_size", 2)
    account.clicks(EARLY, range(1, 8))
    # None is left for the clicks, so that there is no id that could end the run instead.
    run = account.run("email_stats", daily_call_limit=2, keep=False)
    assert run.exit_code == 0, run.stderr
    assert ", stopped: " in run.line("email_stats")

    run = account.run("email_stats", daily_call_limit=5)

    assert run.exit_code == 0, run.stderr
    assert ", stopped: " in run.line("email_stats")
    assert len(account.emulator.calls) == 5
    for day in range(2, 7):
        account.emulator.set(clock=f"2024-06-0{day}T12:00:00+00:00")
        run = account.run("email_stats", daily_call_limit=5)
        assert run.exit_code == 0, run.stderr
    assert account.tables["email_stats"] == {1, 2, 3, 4, 5, 6, 7}


def test_a_child_that_may_not_be_read_costs_the_others_nothing_and_keeps_its_ids(account):
    filled(account)
    account.emulator.set(forbidden={"visit": 46})
    account.emulator.fault(path="/email/version/4/do/stats/", code=46, times=None)
    run = account.run(*CHILDREN)

    assert run.exit_code == 0, run.stderr
    for child in ("email_stats", *VISITS):
        assert ", skipped: " in run.line(child)
    others = ("email_templates", "emails", "opportunity_prospects")
    assert dict(account.tables) == {name: FILLED[name] for name in others}

    account.emulator.set(forbidden={})
    account.emulator.clear_faults()
    on(account)
    run = account.run(*CHILDREN)
    assert run.exit_code == 0, run.stderr
    assert account.tables == FILLED
    assert account.asked("read") == []


def test_an_id_that_fails_is_tried_again_by_the_next_run_and_no_other(account):
    filled(account)
    account.emulator.fault(path="/do/stats/id/3", code=10000, times=None)
    run = account.run("email_stats", "emails")

    assert run.exit_code == 1, run.stderr
    assert ", done: " in run.line("emails")
    assert account.tables["email_stats"] == {1, 2, 4, 5, 6}

    account.emulator.clear_faults()
    on(account)
    run = account.run("email_stats", "emails")
    assert run.exit_code == 0, run.stderr
    assert account.asked("stats") == [3]
    assert account.asked("read") == []


# --- dates ---


def test_end_date_ends_what_is_read_silently_and_the_rest_comes_later(account):
    filled(account)
    run = account.run(*CHILDREN, end_date=BETWEEN)
    assert run.exit_code == 0, run.stderr
    assert account.asked("stats") == [1, 2, 3, 5]
    assert account.asked_visitors() == [11, 12]

    run = account.run(*CHILDREN)
    assert run.exit_code == 0, run.stderr
    assert account.asked("stats") == [3, 4, 5, 6]
    assert account.asked_visitors() == [13]
    assert account.tables == FILLED


def test_a_gap_is_not_read_beyond_end_date_and_not_forgotten_either(account):
    filled(account)
    parents = ("visitor_activities", "email_clicks")
    account.run(*parents)
    run = account.run(*parents, "email_stats", end_date=BETWEEN)
    assert run.exit_code == 0, run.stderr
    assert account.asked("stats") == [1, 2, 3, 5]

    run = account.run(*parents, "email_stats")
    assert run.exit_code == 0, run.stderr
    assert account.tables["email_stats"] == FILLED["email_stats"]


def test_a_child_begins_at_start_date_and_never_again(account):
    account.clicks("2024-04-20T10:00:00Z", [99])
    filled(account)
    account.run("email_stats")
    assert account.tables["email_stats"] == FILLED["email_stats"]
    on(account)
    account.clicks("2024-06-01T20:00:00Z", [7])
    run = account.run("email_stats", start_date="2024-06-02")

    assert run.exit_code == 0, run.stderr
    assert account.asked("stats") == [7]


def test_a_clock_that_goes_back_costs_no_id(account):
    filled(account)
    account.run("visitor_activities", "email_stats")
    account.emulator.set(clock="2024-05-25T12:00:00+00:00")
    run = account.run("visitor_activities", "email_stats")
    assert run.exit_code == 0, run.stderr
    assert account.bookmark("email_stats")["seen"] == dict.fromkeys(
        ("visitor_activities", "email_clicks"), END
    )
    on(account)
    account.opens("2024-06-01T20:00:00Z", [7])
    run = account.run("visitor_activities", "email_stats")

    assert run.exit_code == 0, run.stderr
    assert account.asked("stats") == [7]


# --- STATE, stream maps ---


@pytest.mark.parametrize(
    ("stream", "bookmark"),
    [
        ("visits", {"pending": "5+x"}),
        ("emails", {"pending": 7}),
        ("email_stats", {"seen": {"email_clicks": "yesterday"}}),
        ("email_stats", {"seen": "yesterday"}),
        ("visits", {"pending": None, "marks": [[5, END]]}),
        ("emails", ["pending"]),
        ("opportunity_prospects", {"since": END}),
        ("visitors", {"feed": {"window": {"start": "x", "end": END}}}),
        ("visitors", {"children": "visits"}),
        ("email_clicks", {"feed": {"children": 5}}),
    ],
)
def test_a_state_of_parents_or_children_that_cannot_be_read_is_refused(account, stream, bookmark):
    run = account.run("visits", "emails", state={"bookmarks": {stream: bookmark}})

    assert run.exit_code == 1
    assert run.last_line.startswith(f"The STATE of stream {stream} cannot be read (")
    assert run.stdout == ""
    assert account.emulator.calls == []


def test_stream_maps_may_drop_parents_and_children(account):
    filled(account)
    streams = ("visitor_activities", "email_clicks", "opportunities", *CHILDREN)
    maps = {
        "visitor_activities": None,
        "opportunities": {"prospects": None},
        "email_clicks": {"__filter__": "id == 1"},
        "opportunity_prospects": {"doubled": "prospect_id * 2"},
        "emails": None,
    }
    run = account.run(*streams, stream_maps=maps)

    assert run.exit_code == 0, run.stderr
    assert streams_of(run) == {*streams} - {"visitor_activities", "emails"}
    assert run.ids("email_clicks") == [1]
    assert account.tables["email_stats"] == FILLED["email_stats"]
    links = run.records["opportunity_prospects"]
    assert sorted((each["prospect_id"], each["doubled"]) for each in links) == [
        (n, 2 * n) for n in (21, 22, 25, 26)
    ]


def test_columns_missing_in_a_parents_catalog_still_reach_its_children(account):
    filled(account)
    catalog = select("visitor_activities", "email_stats")
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] == "visitor_activities":
            del entry["schema"]["properties"]["list_email_id"]
    run = account.invoke(catalog, None)

    assert run.exit_code == 0, run.stderr
    assert account.tables["email_stats"] == FILLED["email_stats"]
    assert not any("list_email_id" in record for record in run.records["visitor_activities"])


def test_every_message_of_a_child_comes_after_its_one_schema(account):
    filled(account)
    run = account.run(*PARENTS, *CHILDREN)
    seen = []
    for message in run.messages:
        if message["type"] == "SCHEMA":
            assert message["stream"] not in seen
            seen.append(message["stream"])
        if message["type"] == "RECORD":
            assert message["stream"] in seen
    assert set(seen) == {*PARENTS, *CHILDREN}


def test_state_holds_no_keys_that_come_and_go(account):
    """Meltano merges STATE deeply: what is done is null, not gone."""
    filled(account)
    run = account.run(*PARENTS, *CHILDREN)
    states = [json.dumps(m["value"]["bookmarks"]) for m in run.messages if m["type"] == "STATE"]
    parts = [json.loads(each) for each in states]
    for before, after in pairwise(parts):
        for stream in before:
            gone = before[stream].keys() - after[stream].keys()
            assert gone <= {"starting_replication_value"}  # the SDK's own
    assert len(parts) > 10
