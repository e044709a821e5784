"""The table of Pardot's error codes."""

from __future__ import annotations

from tap_pardot.api.codes import RULES, Action, Rule
from tests.helpers.tables.markup import table

_ACTS = {
    Action.RETRY: "tries again",
    Action.RETRY_SMALLER: "tries again",
    Action.LOGIN: "logs in again once",
    Action.SWITCH_VERSION: "changes the API version once",
    Action.SKIP_STREAM: "skips the stream, exit code 0",
    Action.FAIL_STREAM: "ends the stream, exit code 1",
    Action.STOP_CLEANLY: "stops cleanly, exit code 2",
    Action.ABORT: "stops, exit code 1",
}
_OWN = "fault of this tap"


def _by_rule() -> dict[Rule, list[int]]:
    codes: dict[Rule, list[int]] = {}
    for code, rule in sorted(RULES.items()):
        codes.setdefault(rule, []).append(code)
    return codes


def errors_table() -> str:
    """Return one row per rule for Pardot's error codes, those of the tap's own faults left out."""
    rows = (
        (", ".join(map(str, codes)), _ACTS[rule.action], rule.message)
        for rule, codes in _by_rule().items()
        if _OWN not in rule.message
    )
    return table(("Pardot code", "The tap", "What to do"), rows)


def own_faults() -> str:
    """Return the codes that mean a fault of the tap, as a paragraph."""
    codes = (code for rule, codes in _by_rule().items() if _OWN in rule.message for code in codes)
    return f"{', '.join(map(str, sorted(codes)))}."
