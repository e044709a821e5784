"""Ids are read once each and in order; two answers tell a missing right from single refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from tap_pardot.api.dialect import Lookup
from tap_pardot.errors import Outage, RunStopped, StreamFailed, StreamSkipped
from tap_pardot.sources.lookup import IdLookup, LookupResult, LookupSource
from tap_pardot.state.id_set import unpack
from tap_pardot.state.overflow_marks import OverflowMarks

DENIED = StreamSkipped("No right.", 46)
BROKEN = StreamFailed("Broken.", 10000)
UNKNOWN = StreamFailed("Unknown.", 109)


@dataclass
class Book(IdLookup):
    """Ids with what Pardot says of them: a row unless something else is given."""

    refusals: dict[int, Any] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    def ask(self, number: int) -> LookupResult:
        self.asked.append(number)
        found = self.refusals.get(number, {"id": number})
        if isinstance(found, Exception):
            raise found
        return LookupResult(found)


def book(*ids: int, refusals: dict[int, Any] | None = None, **state: Any) -> Book:
    endpoint = Lookup("email", parents={"email_clicks": ("list_email_id",)})
    now = datetime(2024, 6, 1, tzinfo=UTC)
    found = Book(
        "emails",
        call=None,  # type: ignore[arg-type]
        dialect=None,  # type: ignore[arg-type]
        endpoint=endpoint,
        state=state,
        columns=("id",),
        now=lambda: now,
        recent_days=0,
        refusals=refusals or {},
    )
    for number in ids:
        found.on_parent_record("email_clicks", {"list_email_id": number}, "2024-05-20")
    return found


def read(lookup: Book, classify: Any = lambda error: error) -> list[int]:
    """Return the ids of the rows, with one call at a time."""
    source = LookupSource(lookup, 1, classify)
    found = []
    for page in source.pages(None):
        found += [row["id"] for rows in page.blocks for row in rows]
        if page.save is not None:
            page.save()
    source.close(None)
    return found


def left(lookup: Book) -> list[int]:
    """Return the ids that STATE holds."""
    lookup.save_state()
    return unpack(lookup.state["pending"])


def test_ids_are_read_in_order_and_none_is_left():
    lookup = book(9, 3, 3, 7, 0, -4)
    assert read(lookup) == lookup.asked == [3, 7, 9]
    assert left(lookup) == []


def test_a_record_that_names_no_id_adds_none():
    lookup = book()
    lookup.on_parent_record("email_clicks", {"list_email_id": None}, None)
    lookup.on_parent_record("email_clicks", {}, None)
    assert read(lookup) == []


def test_state_is_written_every_twenty_ids():
    source = LookupSource(book(*range(1, 46)), 1, lambda error: error)
    saved = [page.save is not None for page in source.pages(None)]
    assert [number for number, is_saved in enumerate(saved, start=1) if is_saved] == [20, 40]


def test_an_id_is_pending_until_its_row_was_taken():
    lookup = book(1, 2, 3)
    pages = LookupSource(lookup, 1, lambda error: error).pages(None)
    for expected in ([1, 2, 3], [2, 3], [3]):
        next(pages)
        assert left(lookup) == expected
    assert list(pages) == []
    assert left(lookup) == []


def test_unknown_ids_are_dropped_with_a_warning(caplog):
    lookup = book(1, 2, 3, refusals={1: UNKNOWN, 3: None})
    assert read(lookup) == [2]
    assert left(lookup) == []
    assert "does not know 2 of the ids" in caplog.text


@pytest.mark.parametrize("refused", [{2, 4}, {1}, {5}, {1, 2, 3, 4}, {2, 3, 4, 5}])
def test_denied_ids_are_dropped_with_a_warning_if_the_oldest_or_the_newest_is_read(caplog, refused):
    lookup = book(*range(1, 6), refusals=dict.fromkeys(refused, DENIED))
    assert read(lookup) == [number for number in range(1, 6) if number not in refused]
    assert sorted(lookup.asked) == [1, 2, 3, 4, 5]
    assert left(lookup) == []
    assert f"may not read {len(refused)} of the ids" in caplog.text


@pytest.mark.parametrize("refusal", [DENIED, BROKEN])
def test_where_the_oldest_and_the_newest_are_refused_all_ids_stay(refusal):
    lookup = book(*range(2, 9), refusals={2: refusal, 8: refusal})
    with pytest.raises(type(refusal)):
        read(lookup)
    assert lookup.asked == [2, 8]
    assert left(lookup) == [*range(2, 9)]


def test_a_failure_counts_more_than_a_missing_right():
    with pytest.raises(StreamFailed):
        read(book(2, 5, refusals={2: BROKEN, 5: DENIED}))
    with pytest.raises(StreamFailed):
        read(book(2, 5, refusals={2: DENIED, 5: BROKEN}))


def test_some_other_id_shows_the_right_to_read_a_single_one():
    assert read(book(7, refusals={7: DENIED, 1: UNKNOWN})) == []
    for number in (7, 1):
        lookup = book(number, refusals={7: DENIED, 1: DENIED})
        with pytest.raises(StreamSkipped):
            read(lookup)
        assert lookup.asked == [number, 1][:number]
        assert left(lookup) == [number]


def test_an_id_that_fails_stays_and_is_tried_once_in_a_run():
    lookup = book(1, 2, 3, refusals={2: BROKEN})
    source = LookupSource(lookup, 1, lambda error: error)
    for _ in range(2):
        list(source.pages(None))
        lookup.on_parent_record("email_clicks", {"list_email_id": 2}, None)
    assert lookup.asked == [1, 2, 1, 3]  # 1 again, to see whether others are answered
    assert left(lookup) == [2]
    with pytest.raises(StreamFailed):
        source.close(None)


def test_the_stream_fails_where_an_id_that_was_read_fails_as_well(monkeypatch):
    lookup = book(1, 2, 3, 4)
    answer = lookup.ask

    def ask_until_it_breaks(number: int) -> LookupResult:
        if len(lookup.asked) == 2:
            raise BROKEN
        return answer(number)

    monkeypatch.setattr(lookup, "ask", ask_until_it_breaks)
    with pytest.raises(StreamFailed):
        read(lookup)
    assert left(lookup) == [3, 4]


@pytest.mark.parametrize(
    ("meaning", "rows", "waiting"),
    [(StreamFailed("One."), [1, 3], [2]), (RunStopped("All."), [1], [2, 3])],
)
def test_an_outage_ends_one_id_or_the_run(meaning, rows, waiting):
    lookup = book(1, 2, 3, refusals={2: Outage("Down.")})
    found = []
    with pytest.raises(type(meaning)):  # noqa: PT012
        source = LookupSource(lookup, 1, lambda _: meaning)
        for page in source.pages(None):
            found += [row["id"] for rows in page.blocks for row in rows]
        source.close(None)
    assert found == rows
    assert left(lookup) == waiting


def test_a_check_reads_one_id_or_two():
    lookup = book(*range(3, 9), refusals={3: DENIED})
    pages = list(LookupSource(lookup, 1, lambda error: error).check())
    for page in pages:
        page.save()
    assert [row["id"] for page in pages for rows in page.blocks for row in rows] == [8]
    assert lookup.asked == [3, 8]
    assert left(lookup) == [4, 5, 6, 7]
    assert list(LookupSource(book(), 1, lambda error: error).check()) == []


def test_ids_that_marks_of_an_earlier_version_cover_are_not_read_again():
    start, end = "2024-05-01T00:00:00+00:00", "2024-06-01T00:00:00+00:00"
    mark = {"id": 50, "start": start, "end": end, "parents": ["email_clicks"]}
    marks = OverflowMarks([mark])
    assert marks.cover("email_clicks", 50, start)
    assert not marks.cover("email_clicks", 51, start)
    assert not marks.cover("email_clicks", 50, end)
    assert not marks.cover("email_clicks", 50, None)
    assert not marks.cover("visitor_activities", 50, start)

    lookup = book(marks=[mark])
    for number, when in ((40, start), (41, end), (60, start)):
        lookup.on_parent_record("email_clicks", {"list_email_id": number}, when)
    assert read(lookup) == [41, 60]
    assert lookup.state["marks"] is None
