"""The account's own count of calls: what answers say of it, and when it stops a run."""

from __future__ import annotations

import pytest

from tap_pardot.api.budget import CallBudget, UsageLimit
from tap_pardot.api.v5_answers import usage_of
from tap_pardot.errors import CallLimitReached


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("123/25000", (123, 25_000)),
        (" 123 / 25000 ", (123, 25_000)),
        ("api-usage=123/25000", (123, 25_000)),
        ("123 of 25000 calls used", (123, 25_000)),
        ("123", None),
        ("", None),
        ("12.5/100", None),
        ("1/2/3", None),
        ("123,456/250,000", None),
        ("-", None),
        (f"{'9' * 19}/5", None),
    ],
)
def test_two_numbers_are_a_count_and_all_else_is_none(text, expected):
    assert usage_of({"x-api-usage": text}) == expected


def test_an_answer_without_the_header_has_no_count():
    assert usage_of({}) is None


def calls_until_refused(budget, most=1_000):
    for number in range(most):
        try:
            budget.take("lists")
        except CallLimitReached:
            return number
    return most


@pytest.mark.parametrize(
    ("percent", "used", "daily", "left"),
    [
        (80, 0, 100, 80),
        (80, 79, 100, 1),
        (80, 80, 100, 0),
        (80, 500, 100, 0),
        (100, 0, 7, 7),
        (1, 0, 150, 2),  # 1.5 calls are a second one that begins below the share
        (50, 0, 0, 0),
    ],
)
def test_the_last_call_is_the_one_that_reaches_the_share(percent, used, daily, left):
    usage = UsageLimit(percent)
    usage.note(used, daily)

    budget = CallBudget(None, {}, None, usage)

    assert calls_until_refused(budget) == left
    assert budget.made == left


def test_without_a_count_there_is_no_limit():
    usage = UsageLimit(1)
    usage.note_again(90, 100)  # of an account whose own count may not be read

    assert calls_until_refused(CallBudget(None, {}, None, usage)) == 1_000


def test_a_later_count_replaces_the_calls_since_the_earlier_one():
    usage = UsageLimit(50)
    usage.note(0, 100)
    budget = CallBudget(None, {}, None, usage)
    for _ in range(10):
        budget.take("lists")

    usage.note_again(45, 100)

    assert calls_until_refused(budget) == 5


def test_the_smaller_of_two_limits_counts():
    usage = UsageLimit(10)
    usage.note(0, 100)
    stored = {"day": "2024-06-01", "made": 0}

    assert calls_until_refused(CallBudget(20, stored, "2024-06-01", usage)) == 10
    assert stored["made"] == 10
    assert calls_until_refused(CallBudget(5, {"day": "x", "made": 0}, "x", UsageLimit(10))) == 5
