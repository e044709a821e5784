"""A record that is gone ends nothing; a stream that Pardot refuses like one says what to do."""

from __future__ import annotations

import pytest

from tap_pardot.api.codes import UNKNOWN_RECORD
from tests.helpers.children import THEN, Runs
from tests.integration.test_visits import BOTH

IDS = [11, 12, 13, 14, 15]


@pytest.fixture
def runs(emulator, tap):
    runs = Runs(emulator, tap)
    emulator.add("visitor", [{"id": n, "created_at": THEN, "updated_at": THEN} for n in IDS])
    emulator.add(
        "visit",
        [
            {
                "id": 100 + n,
                "visitor_id": n,
                "created_at": THEN,
                "visitor_page_views": [{"id": 200 + n, "url": "https://a", "created_at": THEN}],
            }
            for n in IDS
        ],
    )
    return runs


def refuse(runs, code, gone, ids):
    """Refuse each call that names a visitor who is gone."""
    if gone.intersection(ids):
        asked = {"visitor_ids": ",".join(map(str, ids))}
        runs.emulator.fault(object="visit", params=asked, code=code, times=None)
    if len(ids) > 1:
        refuse(runs, code, gone, ids[: len(ids) // 2])
        refuse(runs, code, gone, ids[len(ids) // 2 :])


@pytest.mark.parametrize("code", [24, 109, 16, 3])
@pytest.mark.parametrize("gone", [{13}, {11, 15}, {12, 13, 14, 15}])
def test_visitors_that_are_gone_cost_their_own_visits_only(runs, code, gone):
    refuse(runs, code, gone, IDS)

    run = runs.sync(*BOTH)

    left = [n for n in IDS if n not in gone]
    assert run.exit_code == 0, run.stderr
    assert run.ids("visits") == [100 + n for n in left]
    assert run.ids("visitor_page_views") == [200 + n for n in left]
    (warning,) = runs.warnings
    assert warning.endswith(f": Pardot does not know {len(gone)} of the visitors (any more).")
    again = runs.sync(*BOTH)
    assert again.exit_code == 0
    assert not [call for call in runs.emulator.calls if call["object"] == "visit"]


def test_a_refusal_of_all_visitors_is_the_streams_and_costs_few_calls(runs):
    runs.emulator.fault(object="visit", code=109, times=None)

    run = runs.sync(*BOTH)

    assert run.exit_code == 1
    assert "failed: Pardot does not know a requested record" in run.line("visits")
    assert len([call for call in runs.emulator.calls if call["object"] == "visit"]) < 12


@pytest.mark.parametrize("code", sorted(UNKNOWN_RECORD))
def test_a_stream_that_a_code_of_the_version_ends_reports_what_to_do(runs, code):
    runs.emulator.fault(object="list", code=code, times=None)
    runs.emulator.add("tag", [{"id": 1, "updated_at": THEN}])

    run = runs.sync("lists", "tags")

    assert run.exit_code == 1
    assert run.ids("tags") == [1]
    line = run.line("lists")
    assert f"(Pardot code {code})" in line
    assert "report" in line
    assert "nothing needs to be done" not in run.stderr
