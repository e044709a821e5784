"""Filters of single objects -> SQL clauses, with the refusals of A.9. No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pardot_emulator.dates import BadDateError
from pardot_emulator.errors import PardotError
from pardot_emulator.objects_people import GRADES
from pardot_emulator.schema import Filter, Match

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pardot_emulator.schema import PardotObject
    from pardot_emulator.settings import Settings

Value = int | float | str
Clause = tuple[str, tuple[Value, ...]]

_DIGITS = re.compile(r"\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"\d{1,15}(\.\d+)?", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,9}", re.ASCII)
_BOOLEANS = {"true": 0, "false": 1}
_MAX_PROBABILITY = 100
# Parameters that are a lower and an upper bound of the same thing, and the code when crossed.
_RANGES = (
    ("id_greater_than", "id_less_than", 17),
    ("probability_greater_than", "probability_less_than", 41),
    ("value_greater_than", "value_less_than", 43),
    ("score_greater_than", "score_less_than", 30),
)
# An exact value beside a bound of the same thing (C.16).
_COMBINATIONS = (("score", 31), ("grade", 34))

_ONE_OF = "EXISTS (SELECT 1 FROM json_each({0.column}) AS one WHERE json_extract(one.value, "
# Matches whose clause is not "column operator value".
_CLAUSES = {
    Match.PROSPECT_ID: _ONE_OF + "'$.id') = ?)",
    Match.PROSPECT_EMAIL: _ONE_OF + "'$.email') = ?)",
}


def filters(target: PardotObject, given: Mapping[str, str], settings: Settings) -> list[Clause]:
    """Return the clauses of an object's own filters.

    Args:
        target: The object asked for.
        given: The parameters it knows, last value of each.
        settings: The switches, for dates.

    Raises:
        PardotError: 7, 13, 16, 17, 25-34, 36, 40-43, 50, 51, 63 (reference A.9).
    """
    _refuse_crossed(given)
    _require(target, given, settings)
    # Several of "one at most" have no code of their own [?].
    if len(target.exclusive & given.keys()) > 1:
        raise PardotError(51)
    clauses = []
    for name, rule in target.filters.items():
        text = given.get(name, rule.default)
        if text is None:
            continue
        if rule.needs is not None and rule.needs not in given:
            raise PardotError(13)
        clause = _clause(rule, text, settings)
        if clause is not None:
            clauses.append(clause)
    return clauses


def integer(text: str) -> int:
    """Read an id.

    Raises:
        PardotError: 16, not a whole number.
    """
    if not _DIGITS.fullmatch(text):
        raise PardotError(16)
    return int(text)


def _refuse_crossed(given: Mapping[str, str]) -> None:
    for low, high, code in _RANGES:
        # Values that are no numbers are refused by their own filter, with its own code.
        if _above(given.get(low, ""), given.get(high, "")):
            raise PardotError(code)
    for name, code in _COMBINATIONS:
        bounds = {f"{name}_greater_than", f"{name}_less_than"}
        if f"{name}_equal_to" in given and bounds & given.keys():
            raise PardotError(code)


def _require(target: PardotObject, given: Mapping[str, str], settings: Settings) -> None:
    """Check the id lists of an object that has to be asked for by one (C.20).

    None of them is 13, an empty one 36, too many ids 63: which codes it really is, and how many
    are too many, is nowhere said [?].
    """
    if not target.required:
        return
    lists = [given[name] for name in target.filters if name in target.required & given.keys()]
    if not lists:
        raise PardotError(13)
    if not all(lists):
        raise PardotError(36)
    most = settings.visit_max_ids
    if most is not None and any(text.count(",") >= most for text in lists):
        raise PardotError(63)


def _above(low: str, high: str) -> bool:
    both = _NUMBER.fullmatch(low) and _NUMBER.fullmatch(high)
    return bool(both) and float(low) > float(high)


def _clause(rule: Filter, text: str, settings: Settings) -> Clause | None:
    match rule.match:
        case Match.IDS:
            ids = tuple(integer(part) for part in text.split(","))
            return f'"{rule.column}" IN ({", ".join("?" * len(ids))})', ids
        case Match.CHOICE:
            return _choice(rule, text)
        case Match.BOOLEAN:
            if text not in _BOOLEANS:
                raise PardotError(rule.code)
            return rule.clauses[_BOOLEANS[text]], ()
        case Match.GRADE:
            return _grade(rule, text)
        case Match.USER:
            # "integer or string; user id or email" (C.16).
            key = "id" if _DIGITS.fullmatch(text) else "email"
            value: Value = int(text) if key == "id" else text
            return f"json_extract({rule.column}, '$.{key}') = ?", (value,)
        case _:
            usual = rule.clause or _CLAUSES.get(rule.match, '"{0.column}" {0.operator} ?')
            return usual.format(rule), (_value(rule, text, settings),)


def _value(rule: Filter, text: str, settings: Settings) -> Value:
    match rule.match:
        case Match.ID | Match.PROSPECT_ID:
            return integer(text)
        case Match.INTEGER:
            if not _INTEGER.fullmatch(text):
                raise PardotError(rule.code)
            return int(text)
        case Match.DATE:
            return instant(text, settings)
        case Match.PROBABILITY:
            value = _number(text, 40)
            if value > _MAX_PROBABILITY or not value.is_integer():
                raise PardotError(40)
            return value
        case Match.VALUE:
            return _number(text, 42)
        case _:
            return text


def instant(text: str, settings: Settings, code: int = 7) -> int:
    """Read a date parameter by the switches; epoch seconds.

    Raises:
        PardotError: ``code``, no date.
    """
    try:
        return settings.wall.read(
            text,
            now=settings.now(),
            late=settings.fold == "late",
            zone_suffix=settings.zone_suffix,
        )
    except BadDateError as bad:
        raise PardotError(code) from bad


def _number(text: str, code: int) -> float:
    if not _NUMBER.fullmatch(text):
        raise PardotError(code)
    return float(text)


def _choice(rule: Filter, text: str) -> Clause | None:
    if text not in rule.choices:
        raise PardotError(51)
    if text == rule.any_choice:
        return None
    # Origins are "UI" and "API" in rows, "ui" and "api" in the filter (E.3).
    return f'"{rule.column}" = ? COLLATE NOCASE', (text,)


def _grade(rule: Filter, text: str) -> Clause:
    if text not in GRADES:
        raise PardotError(32)
    place = GRADES.index(text)
    # Best first: a greater grade comes earlier.
    wanted = {"=": (text,), ">": GRADES[:place], "<": GRADES[place + 1 :]}[rule.operator]
    return f'"{rule.column}" IN ({", ".join("?" * len(wanted))})', tuple(wanted)
