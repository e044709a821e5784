"""The script that compares two checkouts finds no difference where there is none, and finds one."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from benchmarks.compare import ROOT, compare, differences
from benchmarks.compare_runs import Tap, play
from benchmarks.compare_scenarios import AGAIN, FIRST, Scenario

SMALL = Scenario((FIRST, AGAIN), streams=("tags", "opportunity_prospects", "external_activities"))


@pytest.fixture(scope="module")
def base():
    with Tap(ROOT) as started:
        yield started


def test_a_checkout_behaves_like_itself(base):
    with Tap(ROOT) as other:
        result = compare(SMALL, base, other)

    assert (result.behavior, result.log) == ([], [])
    first, second = result.base
    assert first.exit_code == second.exit_code == ["0"]
    assert any("do/create" in call for call in first.requests)
    assert any('"RECORD"' in line for line in first.stdout)
    assert first.state
    assert len(second.requests) < len(first.requests)


def test_another_bound_of_a_request_is_a_difference_of_behavior(base):
    once = replace(SMALL, runs=(FIRST,))
    later = replace(once, settings={"start_date": "2022-08-01T00:00:01Z"})

    result = differences(play(once, base), play(later, base))

    assert {(each.run, each.part) for each in result.behavior} >= {(1, "requests"), (1, "state")}
    assert "20:00:00" in str(result.behavior[0])


def test_the_command_says_what_is_equal():
    command = [sys.executable, str(ROOT / "benchmarks" / "compare.py"), str(ROOT)]
    done = subprocess.run(
        [*command, "--only", "bad settings"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "0 of 1 scenarios differ" in done.stdout
