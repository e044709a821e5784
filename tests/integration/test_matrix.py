"""Every fault at every kind of call ends as the table says; nothing lost, leaked or silent.

DESIGN, promises 5, 6 and 8. The table is :mod:`tests.helpers.matrix`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.helpers import matrix
from tests.helpers.matrix import (
    CALLS,
    CANNOT_BE,
    FAULTS,
    GRID_5,
    PERSON,
    Cell,
    Lab,
    Outcome,
    cells,
)
from tests.helpers.tap import Finished

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.helpers.tap import Tap

CELLS = [cell for cell in cells() if cell.outcome is not None]
CELLS_5 = cells(GRID_5)
SOME_FAULTS = {"122", "46", "66", "HTML-502", "hang", "truncated", "rotated-token", "other-host"}
BY_COMMAND = {
    ("46", "poll", True),
    ("122", "create", True),
    ("201", "child", True),
    ("HTML-502", "download", False),
    ("hang", "discovery", False),
    ("rotated-token", "account", False),
    ("other-host", "token", True),
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Give the account and the tap in which cells are tried."""
    with Lab() as made:
        yield made


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_fault_has_the_outcome_of_the_table(lab: Lab, cell: Cell) -> None:
    assert lab.problems(cell) == []


@pytest.mark.parametrize("cell", [each for each in CELLS_5 if each.fault in SOME_FAULTS], ids=str)
def test_a_fault_of_version_5_has_the_outcome_of_the_table(lab: Lab, cell: Cell) -> None:
    assert lab.problems(cell) == []


@pytest.mark.nightly
@pytest.mark.parametrize("cell", [e for e in CELLS_5 if e.fault not in SOME_FAULTS], ids=str)
def test_any_fault_of_version_5_has_the_outcome_of_the_table(lab: Lab, cell: Cell) -> None:
    assert lab.problems(cell) == []


@pytest.mark.parametrize("cell", [each for each in CELLS if each[:3] in BY_COMMAND], ids=str)
def test_a_fault_has_the_same_outcome_in_a_process(lab: Lab, tap_process: Tap, cell: Cell) -> None:
    assert lab.problems(cell, tap_process) == []


def test_every_fault_meets_every_call_unless_there_is_a_reason() -> None:
    found = cells()
    asked = {(fault, call, stays) for fault in FAULTS for call in CALLS for stays in (False, True)}
    assert len(found) == len(asked)
    assert {cell[:3] for cell in found} == asked
    assert {cell.call for cell in found if cell.outcome is None} == CANNOT_BE.keys()
    assert sum(cell[:3] in BY_COMMAND for cell in CELLS) == len(BY_COMMAND)


def test_a_fault_that_passes_costs_something_only_where_no_second_try_may_be_made() -> None:
    costly = {
        (cell.fault, cell.call)
        for cell in CELLS
        if not cell.stays and cell.outcome is not Outcome.COMPLETE
    }
    refusals = {fault for fault, _ in costly} - {"other-host", "wrong-envelope"}
    assert refusals == {"46", "49", "122", "181", "201"}
    assert {call for fault, call in costly if fault == "wrong-envelope"} == {"create"}
    elsewhere = {call for fault, call in costly if fault == "other-host"}
    assert elsewhere == CALLS.keys() - {"download", "all"}


# --- the judge ---


def ended(code: int, last: str, *messages: Mapping[str, object]) -> Finished:
    """Return a run that is judged."""
    lines = "\n".join(json.dumps(each, separators=(",", ":")) for each in messages)
    return Finished(code, lines, f"2024-06-01 12:00:00,000 | INFO | tap-pardot | {last}\n")


@pytest.mark.parametrize(
    "text",
    [
        f"Reading {matrix.HUSH}-refresh.",
        "Authorization: x",
        "Sent Bearer 00D.",
        "The token 00D5e000001Sand!AQx.",
        f"Row of {PERSON}.",
    ],
)
def test_a_run_that_writes_secrets_is_a_problem(text: str) -> None:
    assert list(matrix.forbidden_output(ended(0, text)))
    assert list(matrix.forbidden_output(ended(0, "Fine.", {"type": "STATE", "value": {"x": text}})))
    assert not list(
        matrix.forbidden_output(ended(0, "Fine.", {"type": "RECORD", "record": {"x": text}}))
    )


@pytest.mark.parametrize(
    "text", ["Traceback (most recent call last):", "An unexpected error (KeyError)"]
)
def test_a_run_with_an_unexpected_error_is_a_problem(text: str) -> None:
    assert list(matrix.forbidden_output(ended(1, text)))


@pytest.mark.parametrize(
    ("code", "last"),
    [
        (1, "Complete: 3 rows of 4 streams in 2 calls."),
        (0, "Stopped early after 0 rows: nobody knows why."),
        (0, "KeyError: 'id'"),
        (0, ""),
    ],
)
def test_a_run_that_ends_otherwise_is_judged_so(code: int, last: str) -> None:
    cell = Cell("reset", "query", stays=False, outcome=Outcome.COMPLETE)
    assert list(matrix.ends_badly(cell, ended(code, last)))
    assert not list(matrix.ends_badly(cell, ended(0, "Complete: 3 rows of 4 streams in 2 calls.")))


def test_rows_that_state_covers_but_no_run_emitted_are_found() -> None:
    cell = Cell("reset", "query", stays=True, outcome=Outcome.FAILED)
    rows: list[Mapping[str, object]] = [
        {"type": "RECORD", "stream": stream, "record": {"id": number}}
        for stream, ids in matrix.expected("run").items()
        for number in ids
    ]
    state = {"type": "STATE", "value": {}}
    good = "Complete: 16 rows of 4 streams in 9 calls."

    def judge(first: Finished, *second: Mapping[str, object], code: int = 0) -> list[str]:
        before, _ = matrix.seen_by_target(1, first)
        return list(matrix.still_missing(cell, before, ended(code, good, *second)))

    assert judge(ended(1, "", *rows, state)) == []
    assert judge(ended(1, "", state, *rows), *rows) == []
    # What comes after the STATE that a target saw last may never reach it.
    assert judge(ended(1, "", state, *rows))
    assert judge(ended(1, "", *rows[1:], state))
    assert judge(ended(1, "", *rows, state), code=1)


def test_a_target_sees_a_run_to_its_last_state_or_to_one_on_the_way() -> None:
    states = [{"type": "STATE", "value": {"n": number}} for number in range(4)]
    run = ended(0, "", *states)
    seen = [matrix.seen_by_target(chance, run)[1]["n"] for chance in range(8)]
    assert seen == [0, 1, 2, 3, 3, 3, 3, 3]
