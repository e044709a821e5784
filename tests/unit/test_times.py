"""An hour that comes twice, or a second on a window's edge, is where taps lose rows (F.1)."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tap_pardot.records.times import (
    EARLIEST,
    SECOND,
    Window,
    is_ambiguous,
    parse_instant,
    to_iso,
    to_local,
    unambiguous_edge,
    utc_column_converter,
    utc_converter,
)

NEW_YORK = ZoneInfo("America/New_York")
ZONES = sorted(available_timezones() - {"localtime"})
UNUSUAL = [
    "America/New_York",
    "America/St_Johns",  # changes at 00:01 until 2011
    "Australia/Lord_Howe",  # changes by half an hour
    "Asia/Kathmandu",
    "Africa/Casablanca",  # winter time in Ramadan
    "Europe/Dublin",  # winter is the exception
    "Antarctica/Troll",  # changes by two hours
    "Pacific/Apia",  # a day left out in 2011
    "Asia/Pyongyang",  # half an hour, twice
]
zones = st.one_of(st.sampled_from(UNUSUAL), st.sampled_from(ZONES)).map(ZoneInfo)
instants = st.integers(788_918_400, 2_145_830_400).map(  # 1995 to 2037
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


def near_changes(zone: ZoneInfo) -> list[datetime]:
    """Instants at which a zone's clocks change, by looking at each day of some years."""
    found = []
    day = datetime(2006, 1, 1, tzinfo=UTC)
    while day.year < 2026:
        after = day + timedelta(days=1)
        if day.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            low, high = day, after
            while high - low > SECOND:
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset():
                    low = middle
                else:
                    high = middle
            found.append(high)
        day = after
    return found


@st.composite
def zones_and_instants(draw):
    """A zone with an instant, half of the time within hours of a change of its clocks."""
    zone = draw(zones)
    if draw(st.booleans()) and (changes := CHANGES.get(zone.key)):
        seconds = draw(st.integers(-4 * 3600, 4 * 3600))
        return zone, draw(st.sampled_from(changes)) + timedelta(seconds=seconds)
    return zone, draw(instants)


CHANGES = {name: near_changes(ZoneInfo(name)) for name in UNUSUAL}


def plain(text: str, zone: ZoneInfo, fold: int = 0) -> datetime:
    """Read a wall time the slow and obvious way."""
    moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
    return moment.replace(tzinfo=zone, fold=fold).astimezone(UTC)


# --- texts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-01-31", "2024-01-31T00:00:00+00:00"),
        ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00+00:00"),
        ("2024-01-31 10:00", "2024-01-31T10:00:00+00:00"),
        (" 2024-01-31T10:00:00.999+02:00 ", "2024-01-31T08:00:00+00:00"),
        ("2024-01-31T10:00:00-05:30", "2024-01-31T15:30:00+00:00"),
    ],
)
def test_an_instant_is_read_from_iso_8601_and_naive_means_utc(text, instant):
    assert to_iso(parse_instant(text)) == instant
    assert parse_instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["", "today", "31.01.2024", "2024-02-30", "0001-01-01T00:00:00+14:00", "\ud800"]
)
def test_a_text_that_is_no_instant_is_a_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011
        parse_instant(text)


def test_instants_are_written_with_one_width_whatever_their_zone():
    local = datetime(2024, 7, 1, 8, 30, 15, 999999, tzinfo=timezone(-timedelta(hours=4)))

    assert to_iso(local) == "2024-07-01T12:30:15+00:00"
    assert to_iso(datetime(7, 1, 1, tzinfo=UTC)) == "0007-01-01T00:00:00+00:00"


def test_wall_times_have_one_width_also_long_ago():
    assert to_local(datetime(2024, 7, 1, 16, tzinfo=UTC), NEW_YORK) == "2024-07-01 12:00:00"
    assert to_local(datetime(900, 7, 1, 16, tzinfo=UTC), ZoneInfo("UTC")) == "0900-07-01 16:00:00"


def test_an_account_without_start_date_begins_when_pardot_did():
    assert to_iso(EARLIEST) == "2007-01-01T00:00:00+00:00"


# --- there and back ------------------------------------------------------------------------


@settings(max_examples=300)
@given(zones_and_instants())
@example((NEW_YORK, datetime(2024, 11, 3, 5, 59, 59, tzinfo=UTC)))  # 01:59:59 the first time
@example((NEW_YORK, datetime(2024, 11, 3, 6, 59, 59, tzinfo=UTC)))  # 01:59:59 again
def test_an_instant_comes_back_from_its_wall_time_unless_that_is_ambiguous(case):
    zone, moment = case

    back = parse_instant(utc_converter(zone)(to_local(moment, zone)))

    if is_ambiguous(moment, zone):
        twins = {plain(to_local(moment, zone), zone, fold) for fold in (0, 1)}
        assert moment in twins
        assert len(twins) == 2
        assert back == min(twins)
    else:
        assert back == moment


@pytest.mark.parametrize(
    ("zone", "utc", "ambiguous"),
    [
        ("America/New_York", "2024-11-03T04:59:59", False),
        ("America/New_York", "2024-11-03T05:00:00", True),
        ("America/New_York", "2024-11-03T06:59:59", True),
        ("America/New_York", "2024-11-03T07:00:00", False),
        ("America/New_York", "2024-03-10T06:59:59", False),
        ("America/New_York", "2024-03-10T07:00:00", False),
        ("Australia/Lord_Howe", "2024-04-06T14:29:59", False),
        ("Australia/Lord_Howe", "2024-04-06T14:30:00", True),
        ("Australia/Lord_Howe", "2024-04-06T15:29:59", True),
        ("Australia/Lord_Howe", "2024-04-06T15:30:00", False),
        ("Europe/Dublin", "2024-10-27T01:30:00", True),
        ("Africa/Casablanca", "2024-03-10T01:30:00", True),
        ("Asia/Kathmandu", "2024-11-03T05:00:00", False),
        ("UTC", "2024-11-03T05:00:00", False),
    ],
)
def test_repeated_hours_are_known_to_the_second(zone, utc, ambiguous):
    assert is_ambiguous(parse_instant(utc), ZoneInfo(zone)) is ambiguous


# --- edges ---------------------------------------------------------------------------------


def is_fit(moment: datetime, zone: ZoneInfo) -> bool:
    return not (is_ambiguous(moment, zone) or is_ambiguous(moment - SECOND, zone))


@settings(max_examples=300)
@given(zones_and_instants(), st.integers(0, 999999))
def test_an_unambiguous_edge_is_the_latest_possible(case, microsecond):
    zone, moment = case

    edge = unambiguous_edge(moment.replace(microsecond=microsecond), zone)

    assert edge <= moment
    assert edge.microsecond == 0
    assert is_fit(edge, zone)
    assert unambiguous_edge(edge, zone) == edge
    if edge != moment:
        # Nothing was given away but the repeated hours themselves and the minute before.
        assert not is_fit(moment, zone)
        step = edge + timedelta(minutes=1)
        while step <= moment:
            assert not is_fit(step, zone)
            step += timedelta(minutes=1)


@settings(max_examples=100)
@given(zones_and_instants())
def test_unambiguous_edges_keep_the_order_of_their_instants(case):
    zone, moment = case

    assert unambiguous_edge(moment, zone) <= unambiguous_edge(moment + timedelta(minutes=17), zone)


def test_the_last_second_before_a_repeated_hour_is_an_edge_itself():
    last = datetime(2006, 10, 29, 4, 59, 59, tzinfo=UTC)

    assert unambiguous_edge(last, NEW_YORK) == last
    assert unambiguous_edge(last + timedelta(minutes=17), NEW_YORK) == last


def test_an_edge_leaves_the_repeated_hour_backwards():
    inside = datetime(2024, 11, 3, 6, 30, tzinfo=UTC)

    assert to_iso(unambiguous_edge(inside, NEW_YORK)) == "2024-11-03T04:59:59+00:00"
    # The second after the repeated hour is asked with the last second of it.
    after = datetime(2024, 11, 3, 7, tzinfo=UTC)
    assert to_iso(unambiguous_edge(after, NEW_YORK)) == "2024-11-03T04:59:59+00:00"
    assert unambiguous_edge(after + SECOND, NEW_YORK) == after + SECOND


def test_a_window_is_asked_with_exclusive_bounds_in_local_time():
    window = Window(parse_instant("2024-07-01T04:00:00"), parse_instant("2024-07-02T04:00:00"))

    assert window.after(NEW_YORK) == "2024-06-30 23:59:59"
    assert window.before(NEW_YORK) == "2024-07-02 00:00:00"


def test_a_window_that_begins_right_after_the_skipped_hour_is_asked_with_a_real_time():
    window = Window(parse_instant("2024-03-10T07:00:00"), parse_instant("2024-03-10T08:00:00"))

    assert window.after(NEW_YORK) == "2024-03-10 01:59:59"
    assert window.before(NEW_YORK) == "2024-03-10 04:00:00"


def early(text: str, zone: ZoneInfo, row: datetime) -> tuple[datetime, datetime]:
    return plain(text, zone, 0), row


def late(text: str, zone: ZoneInfo, row: datetime) -> tuple[datetime, datetime]:
    return plain(text, zone, 1), row


def as_texts(text: str, zone: ZoneInfo, row: datetime) -> tuple[str, str]:
    return text, to_local(row, zone)


@pytest.mark.parametrize("server", [early, late, as_texts])
@settings(max_examples=150)
@given(
    case=zones_and_instants(),
    lengths=st.lists(st.integers(1, 3 * 3600), min_size=1, max_size=4),
    seconds=st.lists(st.integers(-2, 2), min_size=1, max_size=3),
)
def test_no_row_falls_between_two_windows(server, case, lengths, seconds):
    zone, first = case
    edges = [first]
    for length in lengths:
        edges.append(edges[-1] + timedelta(seconds=length))
    edges = sorted({unambiguous_edge(edge, zone) for edge in edges})
    windows = [Window(*pair) for pair in pairwise(edges)]
    # Rows on and around every edge, and all through the windows.
    rows = {edge + timedelta(seconds=each) for edge in edges for each in seconds}
    rows |= {first + timedelta(minutes=7 * step, seconds=seconds[0]) for step in range(120)}

    for row in rows:
        found = 0
        for window in windows:
            lower, at = server(window.after(zone), zone, row)
            upper, _ = server(window.before(zone), zone, row)
            found += lower < at < upper
        assert found == (edges[0] <= row < edges[-1])


# --- many times, fast ----------------------------------------------------------------------

YEARS = [
    ("America/New_York", 2024),
    ("America/St_Johns", 2010),
    ("America/St_Johns", 2024),
    ("America/Goose_Bay", 2010),  # changes by an hour at 00:01
    ("Australia/Lord_Howe", 2024),
    ("Australia/Sydney", 2023),
    ("Asia/Kathmandu", 1986),  # to a quarter of an hour more
    ("Asia/Kolkata", 2024),
    ("Africa/Casablanca", 2024),
    ("Europe/Dublin", 2024),
    ("Europe/Dublin", 1916),  # from Dublin's mean time, with 25 minutes and 21 seconds
    ("Antarctica/Troll", 2024),
    ("America/Caracas", 2016),
    ("Asia/Pyongyang", 2018),
    ("Pacific/Apia", 2011),
    ("Africa/Monrovia", 1972),  # from 44 minutes and 30 seconds
    ("Europe/Amsterdam", 1937),
    ("America/New_York", 1883),
    ("UTC", 2024),
]


@pytest.mark.parametrize(("name", "year"), YEARS)
def test_every_hour_of_a_year_is_read_as_zoneinfo_reads_it(name, year):
    zone = ZoneInfo(name)
    convert = utc_converter(zone)
    hour = datetime(year, 1, 1)  # noqa: DTZ001
    end = datetime(year + 1, 1, 1)  # noqa: DTZ001
    wrong = []

    while hour < end:
        for minute, second in ((0, 0), (29, 31), (59, 59)):
            wall = hour.replace(minute=minute, second=second)
            utc = wall.replace(tzinfo=zone).astimezone(UTC).isoformat(timespec="seconds")
            text = wall.isoformat(sep=" ")
            if convert(text) != utc:
                wrong.append((text, utc, convert(text)))
        hour += timedelta(hours=1)

    assert wrong == []


@pytest.mark.parametrize(
    ("name", "text", "utc"),
    [
        ("America/New_York", "2024-03-10 01:59:59", "2024-03-10T06:59:59+00:00"),
        ("America/New_York", "2024-03-10 02:30:00", "2024-03-10T07:30:00+00:00"),  # skipped
        ("America/New_York", "2024-03-10 03:00:00", "2024-03-10T07:00:00+00:00"),
        ("America/New_York", "2024-11-03 00:59:59", "2024-11-03T04:59:59+00:00"),
        ("America/New_York", "2024-11-03 01:30:00", "2024-11-03T05:30:00+00:00"),  # the earlier
        ("America/New_York", "2024-11-03 02:00:00", "2024-11-03T07:00:00+00:00"),
        ("Australia/Sydney", "2024-04-07 02:30:00", "2024-04-06T15:30:00+00:00"),
        ("Australia/Sydney", "2024-10-06 03:00:00", "2024-10-05T16:00:00+00:00"),
        ("America/St_Johns", "2010-11-06 23:30:30", "2010-11-07T02:00:30+00:00"),
        ("Asia/Kathmandu", "2024-01-01 00:00:07", "2023-12-31T18:15:07+00:00"),
        ("Africa/Monrovia", "1971-06-01 12:00:00", "1971-06-01T12:44:30+00:00"),
    ],
)
def test_single_times_to_the_second(name, text, utc):
    assert utc_converter(ZoneInfo(name))(text) == utc


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-07-01T12:00:00", "2024-07-01T16:00:00+00:00"),
        ("2024-07-01 12:00:00.999999", "2024-07-01T16:00:00+00:00"),
        ("2024-07-01 12:00", "2024-07-01T16:00:00+00:00"),
        ("2024-07-01", "2024-07-01T04:00:00+00:00"),
        (" 2024-07-01 12:00:00\n", "2024-07-01T16:00:00+00:00"),
        ("2024-07-01T12:00:00Z", "2024-07-01T12:00:00+00:00"),
        ("2024-07-01T12:00:00+05:30", "2024-07-01T06:30:00+00:00"),
        ("2024-11-03T01:30:00-05:00", "2024-11-03T06:30:00+00:00"),
    ],
)
def test_other_ways_to_write_a_time_are_read_too(text, utc):
    assert utc_converter(NEW_YORK)(text) == utc


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000-00-00 00:00:00",
        "2024-02-30 10:00:00",
        "2024-07-01 25:00:00",
        "2024-07-01 12:60:00",
        "2024-07-01 12:00:60",
        "2024-07-01 12:00:0x",
        "2024-07-01 1a:00:00",
        "9999-12-31 23:59:59",
        "now",
    ],
)
@pytest.mark.parametrize("name", ["America/New_York", "America/St_Johns"])
def test_an_invalid_time_is_a_value_error_every_time(name, text):
    convert = utc_converter(ZoneInfo(name))

    for _ in range(2):  # caches must not remember it as good
        with pytest.raises(ValueError):  # noqa: PT011
            convert(text)


@settings(max_examples=300)
@given(zones_and_instants(), st.text(max_size=25))
def test_a_converter_returns_fixed_width_or_raises_a_value_error(case, junk):
    zone, moment = case
    convert = utc_converter(zone)

    assert len(convert(to_local(moment, zone))) == len("2024-01-01T00:00:00+00:00")
    with suppress(ValueError):
        assert len(convert(junk)) == len("2024-01-01T00:00:00+00:00")


@pytest.mark.parametrize(
    "name",
    ["America/New_York", "Asia/Kolkata", "America/St_Johns", "Asia/Kathmandu", "Pacific/Chatham"],
)
def test_a_column_is_converted_at_once_in_zones_of_all_offsets(name):
    zone = ZoneInfo(name)
    start = datetime(2023, 5, 1, tzinfo=UTC)
    moments = [start + n * timedelta(minutes=37, seconds=11) for n in range(3000)]

    found = utc_column_converter(zone)([*(to_local(each, zone) for each in moments), "", None])

    assert found == [*map(to_iso, moments), None, None]


@settings(max_examples=300)
@given(
    zones,
    st.lists(
        st.datetimes(datetime(1880, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 18),
)
def test_a_column_is_converted_as_zoneinfo_converts_its_times_or_not_at_all(zone, walls, cut):
    convert = utc_column_converter(zone)
    texts = [wall.isoformat(" ", "seconds") for wall in walls]
    exact = [wall.replace(microsecond=0, tzinfo=zone).astimezone(UTC) for wall in walls]

    for _ in range(2):  # with empty caches, then with full ones
        with suppress(ValueError):
            assert convert(texts) == [each.isoformat(timespec="seconds") for each in exact]
    with pytest.raises(ValueError):  # noqa: PT011
        convert([*texts, texts[0][:cut] + "x"])
