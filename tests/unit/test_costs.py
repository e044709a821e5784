"""What a reading costs by query and by export."""

from __future__ import annotations

import pytest

from tap_pardot.sources.costs import calls_by_export, calls_by_query, polls_of


@pytest.mark.parametrize(("rows", "calls"), [(0, 1), (199, 1), (200, 2), (60_000, 301)])
def test_a_query_has_one_page_more_than_full_ones(rows, calls):
    assert calls_by_query(rows, 200) == calls


def test_an_export_costs_creation_completion_and_files_for_each_window_and_part():
    assert calls_by_export(0, windows=1, parts=1, polls=4) == 6
    assert calls_by_export(600, windows=1, parts=1, polls=4) == 7
    assert calls_by_export(250_000, windows=1, parts=1, polls=4) == 9
    assert calls_by_export(300_000, windows=10, parts=2, polls=4) == 10 * 2 * 3 + 4


def test_polls_follow_the_time_that_the_last_job_took():
    assert polls_of(None, 30) == 4
    assert polls_of(31, 30) == 2
    assert polls_of(0, 30) == 0
