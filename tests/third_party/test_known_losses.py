"""What singer-io's tap is known to lose it loses here too, and our tap does not.

The cases are those of a trial against a model of the API, independent of this emulator. That the
same numbers come out shows that the emulator is as hard as Pardot: exclusive bounds with a grain
of one second, pages of 200, local time.
"""

from __future__ import annotations

import pytest

from tests.helpers.catalog import select

pytestmark = pytest.mark.third_party

LISTS = {"lists": {"id": "integer", "updated_at": "string"}}
OPPORTUNITIES = {"opportunities": {"id": "integer", "updated_at": "string"}}


def test_rows_that_share_a_second_beyond_a_page(emulator, tap, singer_io):
    # 100 before, 450 in the second of a mass change, 50 after.
    seconds = [*range(100), *[100] * 450, *range(101, 151)]
    emulator.add(
        "list",
        [
            {"id": number, "updated_at": f"2024-03-10 09:{second // 60:02}:{second % 60:02}"}
            for number, second in enumerate(seconds, 1)
        ],
    )

    theirs = singer_io.run(emulator, LISTS)
    ours = tap.run(emulator.config, catalog=select("lists"))

    assert theirs.exit_code == 0, theirs.stderr
    # Page one ends inside the second; page two begins after it.
    assert theirs.ids("lists") == [*range(1, 201), *range(551, 601)]
    assert ours.ids("lists") == list(range(1, 601))


def test_600_rows_in_one_second(emulator, tap, singer_io):
    emulator.add("list", [{"id": n, "updated_at": "2024-03-10 09:00:00"} for n in range(1, 601)])

    theirs = singer_io.run(emulator, LISTS)
    ours = tap.run(emulator.config, catalog=select("lists"))

    assert theirs.exit_code == 0, theirs.stderr
    assert theirs.ids("lists") == list(range(1, 201))
    assert ours.ids("lists") == list(range(1, 601))


def test_changes_behind_a_page_of_unchanged_rows(emulator, tap, singer_io):
    old = {"created_at": "2024-03-10 09:00:00", "updated_at": "2024-03-10 09:00:00"}
    emulator.add("opportunity", [{"id": number, **old} for number in range(1, 501)])
    theirs_before = singer_io.run(emulator, OPPORTUNITIES)
    ours_before = tap.run(emulator.config, catalog=select("opportunities"))
    everything = list(range(1, 501))
    assert theirs_before.ids("opportunities") == ours_before.ids("opportunities") == everything

    new = "2024-06-01 12:00:00"
    emulator.update("opportunity", 450, updated_at=new)
    emulator.add("opportunity", [{"id": 501, "created_at": new, "updated_at": new}])
    theirs = singer_io.run(emulator, OPPORTUNITIES, state=theirs_before.state)
    ours = tap.run(emulator.config, state=ours_before.state, catalog=select("opportunities"))

    assert theirs.exit_code == 0, theirs.stderr
    # A page without anything new ends its run, now and for ever.
    assert theirs.ids("opportunities") == []
    changed = [row["id"] for row in ours.records["opportunities"] if row["updated_at"] > "2024-05"]
    assert changed == [450, 501]


def test_the_end_of_summer_time(emulator, tap, singer_io):
    # New York, 2024-11-03: 01:59:03 in summer time, then 01:00:17 in winter time.
    emulator.add(
        "list",
        [
            {"id": 1, "updated_at": "2024-11-03T05:59:03Z"},
            {"id": 2, "updated_at": "2024-11-03T06:00:17Z"},
        ],
    )

    theirs = singer_io.run(emulator, LISTS)
    ours = tap.run(emulator.config, catalog=select("lists"))

    assert theirs.exit_code != 0
    assert "out of order" in theirs.stderr
    assert theirs.ids("lists") == [1]
    assert ours.exit_code == 0, ours.stderr
    assert ours.ids("lists") == [1, 2]
