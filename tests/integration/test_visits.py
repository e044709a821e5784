"""Visits are found through visitors only, by an offset: none may be lost, and few calls made."""

from __future__ import annotations

import signal
import subprocess
import time
from math import ceil

import pytest

from tests.helpers.catalog import select
from tests.helpers.children import SINCE, THEN, Runs
from tests.helpers.exports import row
from tests.helpers.warehouse import Warehouse

BOTH = ("visits", "visitor_page_views")


def visit(number, visitor, *views, **fields):
    return {
        "id": number,
        "visitor_id": visitor,
        "created_at": THEN,
        "updated_at": THEN,
        "visitor_page_views": list(views),
        **fields,
    }


def view(number, **fields):
    shown = {"url": f"https://example.com/{number}", "title": "A page", "created_at": THEN}
    return {"id": number, **shown, **fields}


@pytest.fixture
def runs(emulator, tap):
    return Runs(emulator, tap)


def visitors(runs, numbers, moment=THEN, **fields):
    runs.emulator.add("visitor", [row("visitors", n, moment, **fields) for n in numbers])


def crowd(runs, number):
    """Add visitors, most of whom have a visit of one page; ids as long as Pardot's are.

    So 200 visitors have a little less than a full page of visits.
    """
    ids = [231_000_000 + n for n in range(number)]
    visitors(runs, ids)
    visited = [who for n, who in enumerate(ids) if n % 10 != 9]
    rows = [visit(n, who, view(900_000 + n)) for n, who in enumerate(visited, start=1)]
    runs.emulator.add("visit", rows)
    return ids


def asked(runs):
    """Return whom the last run asked for, call by call."""
    lists = [call["params"]["visitor_ids"] for call in runs.calls("visit")]
    return [[int(number) for number in each.split(",")] for each in lists]


def lacking(runs, *finished):
    """Return the ids of visits and page views that the account has and these runs do not."""
    here = [{number for run in finished for number in run.ids(stream)} for stream in BOTH]
    there = [
        {each["id"] for each in runs.emulator.rows("visit")},
        {each["id"] for each in runs.emulator.page_views()},
    ]
    return [sorted(due - found) for due, found in zip(there, here, strict=True)]


def once(run):
    """Whether each id came once."""
    return all(len(run.ids(stream)) == len(set(run.ids(stream))) for stream in BOTH)


# --- a visit -------------------------------------------------------------------------------


def test_a_visit_is_a_record_with_its_page_views_and_each_of_them_is_one(runs):
    visitors(runs, [7])
    runs.emulator.add(
        "visit",
        [
            visit(
                31,
                7,
                view(901, title=2024, created_at="2024-05-20T09:59:00Z"),
                view(902, url=None),
                prospect_id=5,
                visitor_page_view_count=2,
                first_visitor_page_view_at="2024-05-20T09:59:00Z",
                last_visitor_page_view_at=THEN,
                duration_in_seconds=60,
                campaign_parameter="summer",
                source_parameter="02190",
            )
        ],
    )

    run = runs.sync(*BOTH)

    assert run.exit_code == 0, run.stderr
    utc = "2024-05-20T10:00:00+00:00"
    first = {"url": "https://example.com/901", "title": "2024"}
    first["created_at"] = "2024-05-20T09:59:00+00:00"
    second = {"url": None, "title": "A page", "created_at": utc}
    assert run.records["visits"] == [
        {
            "id": 31,
            "visitor_id": 7,
            "prospect_id": 5,
            "visitor_page_view_count": 2,
            "first_visitor_page_view_at": "2024-05-20T09:59:00+00:00",
            "last_visitor_page_view_at": utc,
            "duration_in_seconds": 60,
            "campaign_parameter": "summer",
            "medium_parameter": None,
            "source_parameter": "02190",
            "content_parameter": None,
            "term_parameter": None,
            "created_at": utc,
            "updated_at": utc,
            "visitor_page_views": [{"id": 901, **first}, {"id": 902, **second}],
        }
    ]
    assert run.records["visitor_page_views"] == [
        {"id": 901, "visit_id": 31, "visitor_id": 7, **first},
        {"id": 902, "visit_id": 31, "visitor_id": 7, **second},
    ]
    assert runs.warnings == []


@pytest.mark.parametrize("none", ["null", "absent"])
def test_a_visit_has_no_page_views_or_one_or_many(runs, none):
    runs.emulator.set(visit_no_views=none)
    visitors(runs, [7])
    runs.emulator.add(
        "visit",
        [visit(31, 7), visit(32, 7, view(1)), visit(33, 7, view(2), view(3)), visit(34, 7)],
    )

    run = runs.sync(*BOTH)

    nested = [[each["id"] for each in one["visitor_page_views"]] for one in run.records["visits"]]
    assert nested == [[], [1], [2, 3], []]
    assert run.ids("visitor_page_views") == [1, 2, 3]
    assert runs.warnings == []


@pytest.mark.parametrize(
    ("wire", "ids"),
    [
        ({"visitor_page_view": None}, []),
        ({"visitor_page_view": []}, []),
        ({}, []),
        ([], []),
        ("", []),
        ([{"id": 5, "title": "x"}], [5]),
        ({"visitor_page_view": [{"id": "5"}, {"id": 6}]}, [5, 6]),
    ],
)
def test_page_views_in_other_shapes_are_the_same_in_both_streams(runs, wire, ids):
    visitors(runs, [7])
    odd = {**visit(31, 7, view(1)), "_wire": {"set": {"visitor_page_views": wire}}}
    runs.emulator.add("visit", [odd, visit(32, 7, view(9))])

    run = runs.sync(*BOTH)

    assert run.exit_code == 0, run.stderr
    first, second = run.records["visits"]
    assert [each["id"] for each in first["visitor_page_views"]] == ids
    assert [each["id"] for each in second["visitor_page_views"]] == [9]
    assert run.ids("visitor_page_views") == [*ids, 9]
    assert {each["visit_id"] for each in run.records["visitor_page_views"]} == {31, 32} - (
        set() if ids else {31}
    )
    assert runs.warnings == []


def test_a_visit_or_a_page_view_without_an_id_costs_only_itself_and_is_counted(runs):
    visitors(runs, [7])
    for number, wire in ((32, {"drop": ["id"]}), (33, {"set": {"id": None}})):
        runs.emulator.add("visit", [visit(number, 7, view(number * 10)) | {"_wire": wire}])
    views = {"visitor_page_view": [{"title": "no id"}, {"id": 1, "title": "one"}]}
    runs.emulator.add(
        "visit",
        [
            visit(31, 7, view(310)),
            visit(34, 7, view(340)) | {"_wire": {"set": {"visitor_page_views": views}}},
        ],
    )

    run = runs.sync(*BOTH)

    assert run.exit_code == 0, run.stderr
    assert run.ids("visits") == [31, 34]
    # A page view has a key of its own, though its visit has none.
    assert [(each["id"], each["visit_id"]) for each in run.records["visitor_page_views"]] == [
        (310, 31),
        (320, None),
        (330, None),
        (1, 34),
    ]
    assert "visits: 2 rows without a usable id were left out." in runs.warnings
    assert "visitor_page_views: 1 rows without a usable id were left out." in runs.warnings
    assert len(asked(runs)) == 1


# --- alone and together --------------------------------------------------------------------


def test_page_views_come_from_the_same_answers_at_no_call_more(runs):
    crowd(runs, 250)
    calls, found = {}, {}
    for chosen in (("visits",), ("visitor_page_views",), BOTH, ("visitors", *BOTH)):
        runs.state = None
        run = runs.sync(*chosen, max_concurrent_requests=1)
        assert run.exit_code == 0, run.stderr
        assert set(run.records) == set(chosen)
        calls[chosen] = [call["params"] for call in runs.calls("visit")]
        for stream in set(chosen) & {*BOTH}:
            assert found.setdefault(stream, run.records[stream]) == run.records[stream]
    assert len({str(each) for each in calls.values()}) == 1
    assert lacking(runs, run) == [[], []]
    assert "visits: 225 rows, 0 calls, done" in run.stderr


def test_each_streams_schema_comes_before_its_records(runs):
    crowd(runs, 3)

    run = runs.sync("visitors", *BOTH)

    announced = set()
    for message in run.messages:
        if message["type"] == "SCHEMA":
            assert message["stream"] not in announced
            announced.add(message["stream"])
        elif message["type"] == "RECORD":
            assert message["stream"] in announced
    assert announced == {"visitors", *BOTH}


def test_only_selected_columns_are_emitted(runs):
    crowd(runs, 2)
    columns = {"visits": ("visitor_id",), "visitor_page_views": ("url",), "visitors": ("id",)}

    run = runs.sync("visitors", *BOTH, columns=columns)

    assert set(run.records["visits"][0]) == {"id", "visitor_id"}
    assert set(run.records["visitor_page_views"][0]) == {"id", "url"}
    assert len(run.ids("visits")) == len(run.ids("visitor_page_views")) == 2


def test_a_stream_selected_later_gets_everything_since_the_start(runs):
    crowd(runs, 5)
    runs.sync("visitors", "visits")
    runs.later()

    run = runs.sync("visitors", *BOTH)

    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids("visitor_page_views")) == list(range(900_001, 900_006))
    assert run.ids("visitors") == []
    runs.later()
    assert runs.sync("visitors", *BOTH).records == {}


# --- pages ---------------------------------------------------------------------------------


def test_ids_are_posted_200_a_call_in_order_and_each_once(runs):
    ids = crowd(runs, 450)

    run = runs.sync("visitors", *BOTH, max_concurrent_requests=1)

    assert lacking(runs, run) == [[], []]
    assert asked(runs) == [ids[:200], ids[200:400], ids[400:]]
    for call in runs.calls("visit"):
        assert (call["method"], call["op"], call["params"]["limit"]) == ("POST", "query", "200")
        # What such an address would hold, servers and proxies cut off.
        assert "visitor_ids" not in call["path"]


def test_records_come_in_the_same_order_with_several_calls_at_once(runs):
    crowd(runs, 1000)
    one = runs.sync(*BOTH, max_concurrent_requests=1)
    runs.state = None
    # The first answer is the last to come.
    runs.emulator.fault(object="visit", latency=0.3)
    four = runs.sync(*BOTH, max_concurrent_requests=4)

    assert four.exit_code == 0, four.stderr
    assert one.records == four.records
    assert max(call["in_flight"] for call in runs.calls("visit")) > 1


def test_a_visitor_with_450_visits_spans_pages_without_loss(runs):
    visitors(runs, [6, 7, 8])
    runs.emulator.add("visit", [visit(n, 7, view(1000 + n)) for n in range(1, 451)])
    runs.emulator.add("visit", [visit(500, 6), visit(501, 8)])

    run = runs.sync(*BOTH)

    assert run.exit_code == 0, run.stderr
    assert lacking(runs, run) == [[], []]
    assert once(run)
    assert len(asked(runs)) == 3
    assert {tuple(each) for each in asked(runs)} == {(6, 7, 8)}


@pytest.mark.parametrize("nth", [2, 3])
@pytest.mark.parametrize(
    "change",
    [
        {"upsert": {"visit": [visit(1, 7, view(1)), visit(2, 8, view(2))]}},
        {"delete": {"visit": [10, 11, 300]}},
        {"delete": {"visit": [209]}},  # where the first two pages meet
        {"delete": {"visit": list(range(10, 260))}},
        {"upsert": {"visit": [visit(3, 7, view(3))]}, "delete": {"visit": [11, 12]}},
        {"upsert": {"visit": [visit(n, 8, view(n)) for n in range(2000, 2200)]}},
    ],
    ids=["added before", "removed", "removed at the seam", "many removed", "both", "added behind"],
)
def test_visits_that_come_and_go_between_pages_hide_no_other(runs, change, nth):
    visitors(runs, [7, 8])
    runs.emulator.add("visit", [visit(n, 7 + n % 2, view(1000 + n)) for n in range(10, 460)])
    runs.emulator.fault(object="visit", nth=nth, change=change)

    run = runs.sync(*BOTH)

    assert run.exit_code == 0, run.stderr
    assert runs.emulator.faults[0]["fired"]
    assert lacking(runs, run) == [[], []]
    assert once(run)
    assert len(asked(runs)) <= 9


@pytest.mark.parametrize("totals", [(7, 450, 450), (450, 1000, 450), (450, 0, 0)])
def test_a_total_that_moves_costs_no_row(runs, monkeypatch, totals):
    visitors(runs, [7])
    runs.emulator.add("visit", [visit(n, 7, view(1000 + n)) for n in range(1, 451)])
    model, left = runs.emulator.model, list(totals)
    real = model.total

    def total(name, selection):
        return left.pop(0) if name == "visit" and left else real(name, selection)

    monkeypatch.setattr(model, "total", total)

    run = runs.sync(*BOTH)

    assert run.exit_code == 0, run.stderr
    assert left == []
    assert lacking(runs, run) == [[], []]
    assert once(run)


def test_offsets_that_do_not_count_are_a_sentence_not_a_hang(runs, monkeypatch):
    visitors(runs, [7, 8])
    runs.emulator.add("visit", [visit(n, 7) for n in range(1, 451)])
    model = runs.emulator.model
    real = model.fetch
    monkeypatch.setattr(model, "fetch", lambda name, what: real(name, what._replace(offset=0)))
    runs.emulator.add("list", [{"id": 1, "created_at": THEN, "updated_at": THEN}])

    run = runs.sync(*BOTH, "lists")

    assert run.exit_code == 1
    assert run.ids("lists") == [1]
    for stream in BOTH:
        assert "failed: " in run.line(stream)
        assert "report it" in run.line(stream)
    assert len(asked(runs)) <= 20
    assert runs.bookmark("visits")["pending"] == "7+1"

    monkeypatch.undo()
    runs.later()
    second = runs.sync(*BOTH)
    assert second.exit_code == 0
    assert lacking(runs, second) == [[], []]


# --- fewer ids a call ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "sizes"),
    [(100, [200, 100, 100, 100, 100, 50]), (150, [200, 100, 100, 100, 100, 50]), (None, None)],
)
def test_when_pardot_wants_fewer_ids_they_are_halved_once_for_the_run(runs, most, sizes):
    crowd(runs, 450)
    runs.emulator.set(visit_max_ids=most)

    run = runs.sync(*BOTH, max_concurrent_requests=1)

    assert run.exit_code == 0, run.stderr
    assert lacking(runs, run) == [[], []]
    assert [len(each) for each in asked(runs)] == (sizes or [200, 200, 50])
    codes = [call["code"] for call in runs.calls("visit")]
    assert [code for code in codes if code] == ([63] if most else [])


def test_ids_are_halved_down_to_one(runs):
    crowd(runs, 7)
    runs.emulator.set(visit_max_ids=1)

    run = runs.sync(*BOTH, max_concurrent_requests=1)

    assert run.exit_code == 0, run.stderr
    assert lacking(runs, run) == [[], []]
    assert [len(each) for each in asked(runs)] == [7, 3, *[1] * 7]


def test_ids_are_halved_also_while_several_calls_are_under_way(runs):
    crowd(runs, 900)
    runs.emulator.set(visit_max_ids=60)

    run = runs.sync(*BOTH, max_concurrent_requests=4)

    assert run.exit_code == 0, run.stderr
    assert lacking(runs, run) == [[], []]
    assert once(run)
    refused = [call for call in runs.calls("visit") if call["code"] == 63]
    # 200 and 100 are refused, at worst to each of the four that were under way.
    assert 2 <= len(refused) <= 8


@pytest.mark.parametrize("fault", [{"code": 202, "status": 429}, {"status": 504, "html": True}])
def test_where_pardot_has_no_time_for_so_many_visitors_fewer_are_asked(runs, fault):
    crowd(runs, 450)
    runs.emulator.fault(object="visit", times=4, **fault)

    run = runs.sync(*BOTH, max_concurrent_requests=1)

    assert run.exit_code == 0, run.stderr
    assert lacking(runs, run) == [[], []]
    # Each size is tried twice.
    assert [len(each) for each in asked(runs)] == [200, 200, 100, 100, *[50] * 9]


def test_a_single_id_that_is_too_many_fails_the_stream(runs):
    crowd(runs, 3)
    runs.emulator.fault(object="visit", code=63, times=None)

    run = runs.sync(*BOTH)

    assert run.exit_code == 1
    assert len(asked(runs)) == 2
    assert "(Pardot code 63)" in run.line("visits")


# --- who is asked for ----------------------------------------------------------------------


@pytest.mark.parametrize("chosen", [BOTH, ("visitors", *BOTH), ("visits",)])
def test_a_second_run_asks_only_for_visitors_that_changed(runs, chosen):
    ids = crowd(runs, 450)
    runs.sync(*chosen)
    runs.later()
    idle = runs.sync(*chosen)
    assert idle.exit_code == 0
    assert asked(runs) == []
    assert idle.records == {}

    moment = runs.later()
    changed = [ids[3], ids[300]]
    runs.emulator.update("visitor", changed, updated_at=moment)
    runs.emulator.add("visit", [visit(5000, ids[3], view(5001))])
    second = runs.sync(*chosen)

    assert asked(runs) == [changed]
    visits_of = {
        each["id"] for each in runs.emulator.rows("visit") if each["visitor_id"] in changed
    }
    assert set(second.ids("visits")) == visits_of
    runs.later()
    assert runs.sync(*chosen).exit_code == 0
    assert asked(runs) == []


@pytest.mark.parametrize("number", [0, 1, 199, 200, 201, 450])
def test_calls_are_at_most_one_for_200_visitors_and_one_for_200_visits(runs, number):
    ids = crowd(runs, number)
    for visits in (0, 450):
        runs.state = None
        runs.emulator.add("visit", [visit(9000 + n, ids[0]) for n in range(visits) if ids])

        run = runs.sync("visitors", *BOTH)

        assert lacking(runs, run) == [[], []]
        pages = ceil(runs.emulator.count("visit") / 200)
        assert len(asked(runs)) <= ceil(number / 200) + pages
        assert number or not asked(runs)


def test_deleted_and_anonymous_visitors_are_asked_for_as_well(runs):
    """An export has the recycle bin, a query does not (reference C.21)."""
    visitors(runs, [1, 2], identified=True)
    visitors(runs, [3, 4], identified=False)
    runs.emulator.update("visitor", [2, 4], deleted=True)
    runs.emulator.add("visit", [visit(10 + n, n, view(20 + n)) for n in range(1, 5)])

    for chosen in (BOTH, ("visitors", *BOTH)):
        runs.state = None
        by_export = runs.sync(*chosen, bulk_source="export")

        assert by_export.exit_code == 0, by_export.stderr
        assert asked(runs) == [[1, 2, 3, 4]]
        assert lacking(runs, by_export) == [[], []]
    runs.state = None
    by_query = runs.sync(*BOTH)
    assert asked(runs) == [[1, 3]]
    assert by_query.ids("visits") == [11, 13]


def test_a_visitor_that_is_deleted_later_is_asked_for_once_more(runs):
    visitors(runs, [1, 2])
    runs.emulator.add("visit", [visit(11, 1), visit(12, 2)])
    runs.sync(*BOTH, bulk_source="export")
    runs.emulator.update("visitor", 2, deleted=True, updated_at=runs.later())

    run = runs.sync(*BOTH, bulk_source="export")

    assert asked(runs) == [[2]]
    assert run.ids("visits") == [12]


def test_only_ids_are_read_of_visitors_that_are_not_selected(runs):
    crowd(runs, 2)

    run = runs.sync(*BOTH, bulk_source="export")

    assert "visitors" not in run.records
    assert [sorted(job["fields"]) for job in runs.emulator.exports] == [["id", "updated_at"]]
    runs.later()
    runs.state = None
    runs.sync(*BOTH)
    assert {call["params"]["fields"] for call in runs.calls("visitor")} == {"id,updated_at"}


# --- without the right, and after a failure ------------------------------------------------


@pytest.mark.parametrize("code", [46, 49])
def test_without_the_right_only_visits_and_page_views_are_skipped(runs, code):
    ids = crowd(runs, 250)
    runs.emulator.set(forbidden={"visit": code})

    run = runs.sync("visitors", *BOTH, max_concurrent_requests=1)

    assert run.exit_code == 0, run.stderr
    assert len(run.ids("visitors")) == 250
    assert run.ids("visits") == run.ids("visitor_page_views") == []
    for stream in BOTH:
        assert "skipped: " in run.line(stream)
        assert f"(Pardot code {code})" in run.line(stream)
    assert "Skipped: visitor_page_views, visits." in run.last_line
    assert len(asked(runs)) <= 2
    assert run.last_line.startswith("Complete")

    # Their ids are not forgotten.
    runs.emulator.set(forbidden={})
    runs.later()
    second = runs.sync("visitors", *BOTH, max_concurrent_requests=1)
    assert second.ids("visitors") == []
    assert asked(runs) == [ids[:200], ids[200:]]
    assert lacking(runs, second) == [[], []]


def test_without_the_right_to_visitors_visits_are_skipped_with_the_reason(runs):
    crowd(runs, 3)
    runs.emulator.set(forbidden={"visitor"})

    run = runs.sync("visitors", *BOTH)

    assert run.exit_code == 0, run.stderr
    for stream in ("visitors", *BOTH):
        assert "skipped: " in run.line(stream)
        assert "(Pardot code 46)" in run.line(stream)
    assert asked(runs) == []
    runs.emulator.set(forbidden={})
    second = runs.sync("visitors", *BOTH)
    assert lacking(runs, second) == [[], []]


@pytest.mark.parametrize(
    ("code", "exit_code", "end"), [(10000, 1, "failed"), (122, 2, "stopped")], ids=["a bug", "122"]
)
@pytest.mark.parametrize("chosen", [BOTH, ("visitors", *BOTH)], ids=["alone", "with visitors"])
def test_what_is_out_is_not_asked_for_again_after_a_failure(runs, chosen, code, exit_code, end):
    ids = crowd(runs, 600)
    runs.emulator.fault(object="visit", nth=3, code=code, times=None)

    first = runs.sync(*chosen, max_concurrent_requests=1)

    assert first.exit_code == exit_code
    assert f"{end}: " in first.line("visits")
    assert len(first.ids("visits")) == len(first.ids("visitor_page_views")) == 360
    runs.emulator.clear_faults()
    moment = runs.later()
    runs.emulator.update("visitor", ids[0], updated_at=moment)
    second = runs.sync(*chosen, max_concurrent_requests=1)

    assert second.exit_code == 0
    assert [number for each in asked(runs) for number in each] == [ids[0], *ids[400:]]
    assert lacking(runs, first, second) == [[], []]


def test_a_run_killed_between_two_calls_goes_on_with_the_rest(runs, tap_process, tmp_path):
    ids = crowd(runs, 700)
    runs.emulator.fault(object="visit", nth=3, hang=60, times=None)
    config = {**runs.emulator.config, **SINCE, "max_concurrent_requests": 1}
    command = tap_process.command(config, catalog=select("visitors", *BOTH))
    with (tmp_path / "out").open("w") as out:  # a pipe that nobody reads would be full
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while not runs.emulator.faults[0]["fired"]:
        assert time.monotonic() < until
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    warehouse = Warehouse()
    warehouse.load((tmp_path / "out").read_text().splitlines(keepends=True))
    assert set(warehouse.tables["visits"]) == set(range(1, 361))

    runs.emulator.clear_faults()
    runs.state = warehouse.state
    resumed = runs.sync("visitors", *BOTH, max_concurrent_requests=1)
    warehouse.load(resumed.stdout.splitlines(keepends=True))

    assert resumed.exit_code == 0, resumed.stderr
    assert resumed.ids("visitors") == []
    assert [number for each in asked(runs) for number in each] == ids[400:]
    assert set(warehouse.tables["visits"]) == {each["id"] for each in runs.emulator.rows("visit")}
    assert set(warehouse.tables["visitor_page_views"]) == {
        each["id"] for each in runs.emulator.page_views()
    }


# --- more visitors than STATE takes --------------------------------------------------------


@pytest.fixture
def narrow(monkeypatch):
    monkeypatch.setattr("tap_pardot.state.id_set.DRAIN_AT", 100)


@pytest.mark.parametrize("chosen", [BOTH, ("visitors", *BOTH), ("visitor_page_views",)])
@pytest.mark.usefixtures("narrow")
def test_too_many_visitors_for_state_are_asked_for_once_all_the_same(runs, chosen):
    ids = crowd(runs, 450)

    run = runs.sync(*chosen, max_concurrent_requests=1)

    assert run.exit_code == 0, run.stderr
    assert asked(runs) == [ids[:200], ids[200:400], ids[400:]]
    if len(chosen) > 1:
        assert lacking(runs, run) == [[], []]
    assert once(run)
    runs.later()
    assert runs.sync(*chosen).records == {}
    assert asked(runs) == []


@pytest.mark.parametrize("chosen", [BOTH, ("visitors", *BOTH)], ids=["alone", "with visitors"])
@pytest.mark.usefixtures("narrow")
def test_too_many_visitors_for_state_survive_a_failure(runs, chosen):
    ids = crowd(runs, 700)
    runs.emulator.fault(object="visit", nth=3, code=122, times=None)
    first = runs.sync(*chosen, max_concurrent_requests=1)
    assert first.exit_code == 2
    assert len(first.ids("visits")) == 360
    # A page more than a hundred at most.
    kept = [
        message["value"]["bookmarks"].get(stream, {}).get("pending")
        for message in first.messages
        if message["type"] == "STATE"
        for stream in BOTH
    ]
    assert max(len(each.split("+")) for each in [*kept, ""] if each is not None) <= 300

    runs.emulator.clear_faults()
    moment = runs.later()
    runs.emulator.update("visitor", ids[0], updated_at=moment)
    runs.emulator.add("visit", [visit(9000, ids[0], view(9001))])
    second = runs.sync(*chosen, max_concurrent_requests=1)
    assert second.exit_code == 0, second.stderr
    assert sorted(number for each in asked(runs) for number in each) == [ids[0], *ids[400:]]
    assert lacking(runs, first, second) == [[], []]
    runs.later()
    assert runs.sync(*chosen).exit_code == 0
    assert asked(runs) == []
