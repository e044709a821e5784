"""A source of export jobs: what it asks for, what it yields, and what it puts into STATE."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from tap_pardot.api.dialect import Export, JobStatus, Query, Rows
from tap_pardot.api.v4 import V4, ApiVersion
from tap_pardot.errors import RequestTooLarge, StreamFailed
from tap_pardot.records.times import Window
from tap_pardot.records.zone_check import TimezoneCheck
from tap_pardot.sources.cells import rows_of
from tap_pardot.sources.export import ExportSource
from tap_pardot.sources.export_creation import ExportFields, KeysRejected
from tap_pardot.sources.export_jobs import ExportJobClient, JobSettings
from tap_pardot.sources.job_tracker import JobTracker
from tap_pardot.sources.paging import QueryCalls
from tap_pardot.sources.query import SplittingQuery
from tap_pardot.state.bookmark import Bookmark

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
MARCH = Window(datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC))
KEYS = ("id", "updated_at")
DAY = "2024-03-05 10:00:00"


class Clock:
    is_known = True

    def now(self):
        return NOW


class Pardot:
    """Answers the calls of a source.

    Attributes:
        files: Texts of the files of each job.
        rows: Rows of each query.
        refuse: Raises for an order that is refused.
        asked: The paths of all calls.
        orders: The bodies of the creations that were accepted.
        canceled: Ids of canceled jobs.
    """

    def __init__(self):
        self.files = lambda order: [csv(order, [1, 2])]
        self.rows = lambda _: [{"id": 9, "updated_at": DAY}]
        self.refuse = lambda _: None
        self.asked, self.orders, self.params, self.canceled = [], [], [], []

    def __call__(self, request):
        self.asked.append(request.path)
        if request.save_to is not None:
            job, place = map(int, request.url.rpartition("/")[2].split("-"))
            request.save_to.write(self.files(self.orders[job])[place].encode())
            return None
        if request.path[1] == "query":
            self.params.append(dict(request.params))
            rows = self.rows(request.params)
            return Rows(rows, len(rows))
        if request.path[1] == "create":
            self.refuse(request.json)
            self.orders.append(request.json)
            return status(len(self.orders) - 1, "waiting")
        number = int(request.path[3])
        if request.path[1] == "cancel":
            self.canceled.append(number)
            return {}
        files = range(len(self.files(self.orders[number])))
        urls = tuple(f"https://files/{number}-{place}" for place in files)
        return status(number, "complete", urls)


def status(number, state, files=()):
    return JobStatus(number, state, is_expired=False, files=files, created_at=None)


def csv(order, ids):
    lines = [",".join(order["fields"])]
    for number in ids:
        values = {"id": str(number), "updated_at": DAY}
        lines.append(",".join(values.get(name, f"{name}-{number}") for name in order["fields"]))
    return "\n".join(lines) + "\n"


def refusal(code, *words):
    error = StreamFailed("Pardot refuses.", code)
    error.message_words = frozenset(words)
    return error


class Reader:
    """A source, and what it did to STATE."""

    def __init__(self, pardot, fields=("email",), *, query=None, state=None, room=24, **options):
        self.state = {} if state is None else state
        self.written = []
        self.bookmark = Bookmark(self.state)
        dialect = V4("https://pi.pardot.com", ApiVersion(4))
        windows = options.pop("windows", [MARCH])
        self.tracker = JobTracker(room)
        jobs = ExportJobClient(
            pardot,
            dialect,
            stream="prospects",
            clock=Clock(),
            tracker=self.tracker,
            timezone_check=TimezoneCheck(dialect.zone, {}),
            settings=JobSettings(poll_interval=1, timeout=60, downloads=1),
        )
        calls = query and SplittingQuery(QueryCalls(pardot, dialect, query, "prospects"))
        self.source = ExportSource(
            jobs,
            Export("prospect", deleted=options.pop("deleted", False)),
            ExportFields((*KEYS, *fields), KEYS, **options),
            windows,
            self.bookmark,
            query=calls,
            values=lambda deleted: {} if deleted is None else {"is_deleted": deleted},
            on_repaired=lambda _: None,
            write_state=lambda: self.written.append(dict(self.state)),
        )

    def read(self, window=MARCH, *, until=None):
        """Return the rows of a window as dictionaries; stop before a page's bookmark moves."""
        found = []
        for number, page in enumerate(self.source.pages(self.source.next_window(window)), 1):
            found += [
                dict(zip(page.fields, row, strict=True)) | page.values
                for row in rows_of(page.blocks)
            ]
            if number == until:
                return found
            if page.save is not None:
                page.save()
        return found


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture
def pardot():
    return Pardot()


def ids(rows):
    return [int(row["id"]) for row in rows]


def test_jobs_are_in_state_before_anything_is_read(pardot):
    reader = Reader(pardot)
    reader.source.submit()
    assert pardot.asked[0] == ("export", "create")
    assert [job["id"] for job in reader.written[-1]["jobs"]] == [0]

    assert ids(reader.read()) == [1, 2]
    reader.source.close(MARCH)
    assert reader.state["jobs"] is None


def test_each_file_is_a_page_and_the_next_run_goes_on_with_the_files_that_are_not_out(pardot):
    pardot.files = lambda order: [csv(order, [1]), csv(order, [2]), csv(order, [3])]
    first = Reader(pardot)
    first.source.submit()
    assert ids(first.read(until=2)) == [1, 2]
    assert first.state["jobs"][0]["done"] == ["0-0"]

    second = Reader(pardot, state=first.state)
    second.source.submit()
    assert ids(second.read()) == [2, 3]
    assert len(pardot.orders) == 1


def test_jobs_in_state_that_do_not_match_are_canceled(pardot):
    first = Reader(pardot)
    first.source.submit()
    second = Reader(pardot, ["fax"], state=first.state)
    second.source.submit()
    assert pardot.canceled == [0]
    assert [job["id"] for job in second.state["jobs"]] == [1]


def test_a_source_that_was_not_asked_to_submit_plans_when_it_is_read(pardot):
    assert ids(Reader(pardot).read()) == [1, 2]


def test_a_source_with_nothing_to_read_creates_no_job(pardot):
    reader = Reader(pardot, windows=[])
    reader.source.submit()
    reader.source.prepare()
    assert pardot.asked == []


def test_as_many_jobs_are_created_as_may_wait_and_the_first_one_in_any_case(pardot):
    years = Window(NOW - timedelta(days=1000), NOW)
    reader = Reader(pardot, windows=[years], room=2)
    reader.source.submit()
    assert len(pardot.orders) == 2

    full = Reader(pardot, windows=[years], room=0)
    full.source.submit()
    assert len(pardot.orders) == 2
    full.source.prepare()
    full.source.prepare()
    assert len(pardot.orders) == 3


def test_rows_of_wide_exports_are_joined_and_a_row_that_one_job_lacks_is_left_out(pardot):
    wide = tuple(f"f{n}" for n in range(200))
    pardot.files = lambda order: [csv(order, [1, 2] if "f0" in order["fields"] else [2, 3])]
    (row,) = Reader(pardot, wide).read()
    assert row["id"] == "2"
    assert {row[name] for name in wide} == {f"{name}-2" for name in wide}


# --- what exports refuse -----------------------------------------------------------------------


def test_a_field_that_is_refused_is_left_out(pardot, caplog):
    def refuse(order):
        if "fax" in order["fields"]:
            raise refusal(154)

    pardot.refuse = refuse
    reader = Reader(pardot, ["email", "fax", "zip"])
    (first, _) = reader.read()
    assert set(first) == {*KEYS, "email", "zip"}
    assert "refuses to export the field fax" in caplog.text
    assert reader.state["refused"] == ["fax"]


@pytest.mark.parametrize("room", [24, 0])
def test_refused_keys_are_known_before_anything_is_read(pardot, room):
    def refuse(_):
        raise refusal(154)

    pardot.refuse = refuse
    reader = Reader(pardot, query=Query("prospect"), room=room)
    if not room:
        reader.source.submit()
    with pytest.raises(KeysRejected):
        reader.source.submit() if room else reader.source.prepare()
    assert reader.state["jobs"] is None


def test_fields_that_are_refused_only_together_end_the_stream(pardot):
    """Else the tap would try them again and again."""

    def refuse(order):
        if len(order["fields"]) > 5:
            raise refusal(154)

    pardot.refuse = refuse
    with pytest.raises(StreamFailed):
        Reader(pardot, ["a", "b", "c", "d"]).source.submit()
    assert len(pardot.asked) < 20


def test_custom_fields_that_exports_refuse_come_by_query(pardot):
    def refuse(order):
        if {"c1", "c2"} & set(order["fields"]):
            raise refusal(180)

    pardot.refuse = refuse
    pardot.rows = lambda _: [{"id": n, "updated_at": DAY, "c1": f"c{n}"} for n in (1, 2)]
    query = Query("prospect", fields=True)
    rows = Reader(pardot, ["email", "c1", "c2"], custom=("c1", "c2"), query=query).read()
    assert [(row["email"], row["c1"], row["c2"]) for row in rows] == [
        ("email-1", "c1", None),
        ("email-2", "c2", None),
    ]
    assert [params["fields"] for params in pardot.params] == ["id,updated_at,c1,c2"]


def test_the_recycle_bin_comes_by_query_where_exports_refuse_to_ask_for_it(pardot):
    def refuse(order):
        if "deleted" in order["procedure"]["arguments"]:
            raise refusal(175)

    pardot.refuse = refuse
    query = Query("prospect", deleted=True, fields=True, lacks=frozenset({"fax"}))
    reader = Reader(pardot, ["email", "fax"], query=query, deleted=True, needs_is_deleted=True)
    rows = reader.read()
    assert [(row["id"], row["is_deleted"]) for row in rows] == [
        ("1", False),
        ("2", False),
        ("9", True),
    ]
    assert len(pardot.orders) == 1
    assert pardot.params[0]["deleted"] == "true"
    assert pardot.params[0]["fields"] == "id,updated_at,email"

    # A window that is planned anew has no jobs for the recycle bin either.
    reader.source.split(MARCH, RequestTooLarge("Slow."))
    reader.source.prepare()
    assert all("deleted" not in order["procedure"]["arguments"] for order in pardot.orders)
    assert len(reader.source.queue.plan.jobs) == 2


def test_refused_keys_end_the_stream_while_it_is_read(pardot):
    """Its columns are out by then, and a query may not have them all."""
    years = Window(NOW - timedelta(days=500), NOW)
    reader = Reader(pardot, query=Query("prospect"), windows=[years], room=1)
    reader.source.submit()

    def refuse(_):
        raise refusal(154)

    pardot.refuse = refuse
    with pytest.raises(KeysRejected, match="run again, the rows are then read by query"):
        reader.read(years)
    assert len(reader.state["jobs"]) == 1


# --- windows that are too long -------------------------------------------------------------------


def length(order):
    bounds = order["procedure"]["arguments"].values()
    start, end = (datetime.fromisoformat(text) for text in bounds)
    return (end - start).days


def test_windows_that_pardot_has_no_time_for_are_split_ahead_of_reading(pardot):
    def refuse(order):
        if length(order) > 200:
            raise RequestTooLarge("Slow.")

    pardot.refuse = refuse
    years = Window(NOW - timedelta(days=700), NOW)
    reader = Reader(pardot, windows=[years])
    reader.source.submit()
    assert all(length(order) <= 200 for order in pardot.orders)
    assert reader.source.next_window(years).start == years.start
    assert len(reader.state["jobs"]) == len(pardot.orders) == 4


def test_a_window_that_is_being_read_is_split_by_its_reader(pardot):
    def refuse(order):
        if length(order) > 20:
            raise RequestTooLarge("Slow.")

    pardot.refuse = refuse
    reader = Reader(pardot, room=0)
    window = reader.source.next_window(MARCH)
    with pytest.raises(RequestTooLarge) as raised:
        list(reader.source.pages(window))
    reader.source.split(window, raised.value)
    assert reader.source.next_window(MARCH).end < MARCH.end
    assert ids(reader.read()) == [1, 2]


# --- anonymous visitors ---------------------------------------------------------------------------

VISITORS = Query(
    "visitor", params={"only_identified": "false"}, identified={"only_identified": "true"}
)


@pytest.mark.parametrize(
    ("every", "identified", "limited", "found"),
    [
        (5, 2, True, [1, 2, 9, 9, 9, 9, 9]),
        (2, 1, False, [1, 2]),
        (2, 2, None, [1, 2]),
        (0, 0, None, [1, 2]),
    ],
)
def test_anonymous_visitors_come_by_query_if_the_counts_show_that_exports_lack_them(
    pardot, every, identified, limited, found
):
    def rows(params):
        number = identified if params["only_identified"] == "true" else every
        return [{"id": 9, "updated_at": DAY}] * number

    pardot.rows = rows
    reader = Reader(pardot, query=VISITORS)
    assert ids(reader.read()) == found
    assert reader.bookmark.limited is limited
    counts = [params for params in pardot.params if params["limit"] == "1"]
    assert len(counts) == (2 if every else 1)
    assert all("sort_by" not in params for params in counts)


def test_visitors_are_not_counted_where_another_run_has_read_some_of_the_files(pardot):
    pardot.files = lambda order: [csv(order, [1]), csv(order, [2])]
    first = Reader(pardot, query=VISITORS)
    first.source.submit()
    pages = first.source.pages(MARCH)
    page = next(pages)
    list(page.blocks)
    page.save()

    second = Reader(pardot, query=VISITORS, state=first.state)
    second.source.submit()
    assert ids(second.read()) == [2]
    assert pardot.params == []
