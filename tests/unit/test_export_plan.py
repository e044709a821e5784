"""Which export jobs there should be: their windows, their fields, and the jobs in STATE."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tap_pardot.records.times import Window
from tap_pardot.sources import export_plan, export_windows
from tap_pardot.sources.export_plan import ExportPlan, Job, JobScope

UTC_ZONE = ZoneInfo("UTC")
NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
KEYS = ("id", "updated_at")


# --- windows ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Pacific/Apia", "America/New_York", "Antarctica/Troll", "UTC"])
@pytest.mark.parametrize("start", ["2007-01-01T00:00:00", "2011-03-13T07:00:01"])
def test_windows_follow_each_other_and_are_a_year_by_any_clock(name, start):
    """Samoa's wall clock skipped a day at the end of 2011, which makes a year a day longer."""
    zone = ZoneInfo(name)
    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    end = datetime(2026, 11, 1, tzinfo=UTC)
    pieces = list(export_windows.windows(first, end, zone))

    assert pieces[0].start == first
    assert pieces[-1].end == end
    assert all(left.end == right.start for left, right in pairwise(pieces))
    for piece in pieces:
        asked = [datetime.fromisoformat(text) for text in (piece.after(zone), piece.before(zone))]
        assert asked[1] - asked[0] <= timedelta(days=365)
        assert piece.end - piece.start < timedelta(days=365)
    assert len(pieces) <= (end - first).days / 365 + 1.1


def test_a_year_to_the_second_takes_one_window():
    zone = ZoneInfo("UTC")
    start = datetime(2023, 1, 1, tzinfo=UTC)
    year = timedelta(days=365)
    assert len(list(export_windows.windows(start, start + year - timedelta(seconds=1), zone))) == 1
    assert len(list(export_windows.windows(start, start + year, zone))) == 2


@pytest.mark.parametrize(
    "urls",
    [
        ["https://a/download?file=1", "https://a/download?file=2"],
        ["https://a/x/part", "https://b/y/part"],
        ["https://a/", "https://b/"],
        [f"https://a/{'long' * 20}-1", f"https://a/{'long' * 20}-2"],
    ],
)
def test_two_files_never_share_the_name_that_state_remembers(urls):
    names = export_plan.file_names(urls)
    assert len(set(names.values())) == 2
    assert all(0 < len(name) <= 40 for name in names.values())


# --- fields ----------------------------------------------------------------------------------


def test_fields_are_spread_over_as_few_jobs_as_possible_each_with_the_keys():
    fields = [*KEYS, *(f"f{n}" for n in range(300))]
    chunks = export_plan.chunks(fields, KEYS)
    assert [len(chunk) for chunk in chunks] == [150, 150, 6]
    assert all(chunk[:2] == KEYS for chunk in chunks)
    assert [name for chunk in chunks for name in chunk[2:]] == fields[2:]
    assert export_plan.chunks(KEYS, KEYS) == [KEYS]


def test_a_fingerprint_tells_selections_and_zones_apart_but_not_orders():
    def mark(name="prospect", procedure="filter_by_updated_at", zone="UTC", fields=KEYS):
        return export_plan.fingerprint(name, procedure, ZoneInfo(zone), fields)

    others = [
        mark("visitor"),
        mark(procedure="filter_by_created_at"),
        mark(zone="Asia/Tokyo"),
        mark(fields=(*KEYS, "email")),
    ]
    assert len({mark(), *others}) == 5
    assert mark(fields=("updated_at", "id")) == mark()
    # STATE has fingerprints: they must stay what they are.
    assert mark() == "8d4cc5bea1620b37"


# --- plans -----------------------------------------------------------------------------------

SCOPE = JobScope("prospect", "filter_by_updated_at", UTC_ZONE, KEYS)
FIRST = Window(NEW_YEAR, NEW_YEAR + timedelta(days=10))
SECOND = Window(FIRST.end, FIRST.end + timedelta(days=10))
BOTH = (False, True)


def plan_of(*windows, sides=BOTH, fields=(*KEYS, "email")):
    plan = ExportPlan(SCOPE)
    plan.fill(windows, sides, fields)
    return plan


def create(plan, *places, first_id=1):
    for number, place in enumerate(places, start=first_id):
        plan.jobs[place].job = Job(number, plan.jobs[place].spec, NEW_YEAR)


def shape(plan):
    return [
        (
            planned.spec.window.start.day,
            planned.spec.deleted,
            planned.spec.fields[2:],
            planned.job and planned.job.id,
        )
        for planned in plan.jobs
    ]


def test_each_side_of_the_recycle_bin_and_each_chunk_has_a_job_of_its_own():
    many = tuple(f"f{n}" for n in range(149))
    plan = plan_of(FIRST, SECOND, fields=(*KEYS, *many))
    assert [(each[0], each[1], len(each[2])) for each in shape(plan)] == [
        (day, side, size) for day in (1, 11) for side in BOTH for size in (148, 1)
    ]


def test_jobs_in_state_are_adopted_where_they_match_and_the_others_are_returned():
    plan = plan_of(FIRST)
    create(plan, 0, 1, first_id=7)
    plan.jobs[1].job = plan.jobs[1].job.with_finished_file("part-1")
    stored = plan.to_state()
    foreign = [stored[0] | {"id": 9, "mark": "other"}, stored[0] | {"id": 10, "deleted": None}]

    next_plan = plan_of(FIRST, SECOND)
    left = next_plan.adopt([*foreign, *stored], NEW_YEAR + timedelta(days=6))

    assert left == foreign
    assert [each[3] for each in shape(next_plan)] == [7, 8, None, None]
    assert next_plan.jobs[1].job.finished_files == ("part-1",)
    assert next_plan.is_resumed
    assert next_plan.to_state() == stored
    assert next_plan.first_to_create is next_plan.jobs[2]


def test_a_job_whose_files_have_expired_is_not_adopted():
    plan = plan_of(FIRST)
    create(plan, 0)
    stored = plan.to_state()
    assert plan_of(FIRST).adopt(stored, NEW_YEAR + timedelta(days=7)) == stored


def test_windows_of_jobs_in_state_come_first_and_the_rest_is_new():
    plan = plan_of(FIRST)
    create(plan, 0)
    whole = Window(FIRST.start, SECOND.end)
    assert list(export_windows.windows_after_stored(whole, plan.to_state(), UTC_ZONE)) == [
        FIRST,
        SECOND,
    ]
    # Jobs of another start are no help.
    later = Window(FIRST.start + timedelta(days=1), SECOND.end)
    assert list(export_windows.windows_after_stored(later, plan.to_state(), UTC_ZONE)) == [later]


def test_what_exports_refuse_is_left_out_of_jobs_that_do_not_exist_yet():
    plan = plan_of(FIRST, SECOND, fields=(*KEYS, "email", "fax"))
    create(plan, 0)
    plan.replan(BOTH, (*KEYS, "email"))
    assert shape(plan) == [
        (1, False, ("email", "fax"), 1),
        (1, True, ("email",), None),
        (11, False, ("email",), None),
        (11, True, ("email",), None),
    ]


def test_jobs_for_the_recycle_bin_go_where_exports_refuse_to_ask_for_it():
    plan = plan_of(FIRST, SECOND)
    create(plan, 1)  # one that exists already is collected all the same
    plan.replan((False,), (*KEYS, "email"))
    assert [each[:2] for each in shape(plan)] == [(1, False), (1, True), (11, False)]


def test_a_window_that_is_too_long_is_planned_anew_with_all_that_does_not_exist_yet():
    third = Window(SECOND.end, SECOND.end + timedelta(days=10))
    plan = plan_of(FIRST, SECOND, third, sides=(None,))
    create(plan, 0, 1)

    dropped = plan.split(SECOND, timedelta(days=5), (None,), (*KEYS, "email"))

    assert [job.id for job in dropped] == [2]
    assert shape(plan) == [(1, None, ("email",), 1)] + [
        (day, None, ("email",), None) for day in (11, 16, 21, 26)
    ]
    assert plan.jobs[-1].spec.window.end == third.end


def test_a_window_that_is_out_is_forgotten():
    plan = plan_of(FIRST, SECOND)
    plan.remove(FIRST)
    assert {each[0] for each in shape(plan)} == {11}
    assert plan.of(FIRST, deleted=False) == []
    assert len(plan.of(SECOND, deleted=True)) == 1
