"""A user reads these sentences alone at night: each must say what to do, and leak nothing."""

from __future__ import annotations

import re

import pytest

from tap_pardot.api.codes import RULES, UNKNOWN, Action, rule_for
from tap_pardot.errors import (
    CallLimitReached,
    ConfigurationError,
    Outage,
    Retriable,
    RunStopped,
    StreamFailed,
    StreamSkipped,
    TapPardotError,
)

# Reference A.9, column "Act", for the codes that reading can meet; what each means for a run
# follows DESIGN, promise 5.
EXPECTED = {
    Action.RETRY: {62, 66, 84, 116, 183},
    Action.RETRY_SMALLER: {202, 214},
    Action.LOGIN: {1, 184},
    Action.SWITCH_VERSION: {88, 89},
    Action.STOP_CLEANLY: {122},
    Action.SKIP_STREAM: {22, 46, 49},
    Action.ABORT: {15, 53, 76, 126, 131, 181, 182, 196, 199, 201},
    Action.FAIL_STREAM: {
        *(2, 3, 4, 5, 7, 8, 13, 16, 17, 19, 20, 21, 23, 36, 51, 63, 94),
        *(10, 14, 24, 35, 38, 48, 55, 61, 68, 86, 92),
        *(109, 132, 192, 198, 203, 209, 224, 10000),
        *(150, 151, 152, 153, 154, 174, 175, 176, 177, 178, 180),
    },
}
SENTENCES = {**{str(code): rule for code, rule in RULES.items()}, "unknown": UNKNOWN}
# Words that ask for something to be done.
DOING = re.compile(
    r"\b(add|allow|ask|check|deselect|give|look|lower|make sure|pause|report|run|set|sign in|"
    r"unlock|use)\b"
)


@pytest.mark.parametrize(
    ("code", "act"), [(code, act) for act, codes in EXPECTED.items() for code in sorted(codes)]
)
def test_each_code_that_reading_can_meet_has_its_action(code, act):
    assert rule_for(code).action is act


def test_the_table_holds_no_code_that_this_test_does_not_know():
    assert set(RULES) == set().union(*EXPECTED.values())


@pytest.mark.parametrize("code", [-1, 0, 6, 85, 999, 10001])
def test_any_other_code_costs_one_stream_only(code):
    assert rule_for(code) is UNKNOWN
    assert UNKNOWN.action is Action.FAIL_STREAM


@pytest.mark.parametrize("name", SENTENCES)
def test_each_error_message_is_one_sentence_that_says_what_to_do(name):
    say = SENTENCES[name].message

    assert say.endswith(".")
    assert say.count(". ") == 0
    assert "\n" not in say
    assert "  " not in say
    assert say[0].isupper()
    _, colon, advice = say.partition(": ")
    assert colon, say
    assert DOING.search(advice), say


@pytest.mark.parametrize("name", SENTENCES)
def test_a_sentence_names_settings_as_they_are_called(name):
    from tap_pardot.config.validation import SETTINGS  # noqa: PLC0415

    named = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", SENTENCES[name].message))

    assert named <= {*SETTINGS["properties"], "pardot_api"}  # a scope, not a setting


def test_an_error_shows_its_sentence_and_pardots_code():
    assert str(TapPardotError("Do this.")) == "Do this."
    assert str(TapPardotError("Do this.", 66)) == "Do this. (Pardot code 66)"
    assert (TapPardotError("Do this.", 66).message, TapPardotError("Do this.", 66).code) == (
        "Do this.",
        66,
    )


def test_a_retriable_error_keeps_what_the_server_asked_for():
    error = Retriable("Busy.", 66, wait=7.5)

    assert (error.message, error.code, error.wait) == ("Busy.", 66, 7.5)
    assert Retriable("Busy.").wait is None


def test_which_errors_end_a_run_and_which_a_stream():
    assert issubclass(CallLimitReached, RunStopped)
    for kind in (ConfigurationError, StreamSkipped, StreamFailed, RunStopped, Outage, Retriable):
        assert issubclass(kind, TapPardotError)
    # None of these may be taken for another in an except clause.
    for one in (ConfigurationError, StreamSkipped, StreamFailed, RunStopped, Outage, Retriable):
        for other in (ConfigurationError, StreamSkipped, StreamFailed, RunStopped, Outage):
            assert one is other or not issubclass(one, other)
