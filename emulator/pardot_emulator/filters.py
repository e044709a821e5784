"""The filters that objects are declared with: a parameter -> an SQL clause, or a refusal of A.9."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pardot_emulator.dates import BadDateError
from pardot_emulator.errors import PardotError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pardot_emulator.settings import Settings

Value: TypeAlias = int | float | str
Clause: TypeAlias = tuple[str, tuple[Value, ...]]
Parser: TypeAlias = "Callable[[str, Settings], Value]"

# E.3, best first.
GRADES = ("A+", "A", "A-", "B+", "B", "B-", "C+", "C", "C-", "D+", "D", "D-", "F")

_DIGITS = re.compile(r"\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"\d{1,15}(\.\d+)?", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,9}", re.ASCII)
_MAX_PROBABILITY = 100


class Filter(NamedTuple):
    """A filter beyond the common ones for dates and ids (column "Other filters" of C.0)."""

    read: Callable[[str, Settings], Clause | None]  # value -> clause; None filters nothing
    default: str | None = None  # value when the parameter is absent
    needs: str | None = None  # another parameter that has to be there too (13)


def integer(text: str, code: int = 16) -> int:
    """Read an id or another whole number.

    Raises:
        PardotError: ``code``, not a whole number.
    """
    if not _DIGITS.fullmatch(text):
        raise PardotError(code)
    return int(text)


def truth(text: object, code: int) -> bool:
    """Read ``true`` or ``false``.

    Raises:
        PardotError: ``code``, neither of them.
    """
    if text not in ("true", "false"):
        raise PardotError(code)
    return text == "true"


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


def is_above(low: str, high: str) -> bool:
    """Return whether two values are numbers and the first one is greater."""
    both = _NUMBER.fullmatch(low) and _NUMBER.fullmatch(high)
    return bool(both) and float(low) > float(high)


# Parsers of a value


def exact(text: str, _settings: Settings) -> Value:
    """Take any string."""
    return text


def an_id(text: str, _settings: Settings) -> Value:
    """Read an id; 16 when it is none."""
    return integer(text)


def whole(code: int) -> Parser:
    """Read an integer; ``code`` when it is none."""

    def read(text: str, _settings: Settings) -> Value:
        if not _INTEGER.fullmatch(text):
            raise PardotError(code)
        return int(text)

    return read


def probability(text: str, _settings: Settings) -> Value:
    """Read an integer from 0 to 100; 40 when it is none."""
    value = float(text) if _NUMBER.fullmatch(text) else -1.0
    if not 0 <= value <= _MAX_PROBABILITY or not value.is_integer():
        raise PardotError(40)
    return value


def amount(text: str, _settings: Settings) -> Value:
    """Read a number of 0 or more; 42 when it is none."""
    if not _NUMBER.fullmatch(text):
        raise PardotError(42)
    return float(text)


# Filters


def clause(sql: str, parse: Parser) -> Filter:
    """Filter by an SQL clause with one place for the value."""
    return Filter(lambda text, settings: (sql, (parse(text, settings),)))


def column(name: str, parse: Parser, operator: str = "=") -> Filter:
    """Compare a column with the value."""
    return clause(f'"{name}" {operator} ?', parse)


def any_of(name: str) -> Filter:
    """Take a comma list of integers; 16 when one is none."""

    def read(text: str, _settings: Settings) -> Clause:
        ids = tuple(integer(part) for part in text.split(","))
        return _in(name, ids)

    return Filter(read)


def choice(name: str, *choices: str, all_of_them: str | None = None) -> Filter:
    """Take one of the choices, 51 when it is none; ``all_of_them`` filters nothing."""

    def read(text: str, _settings: Settings) -> Clause | None:
        if text == all_of_them:
            return None
        if text not in choices:
            raise PardotError(51)
        # Origins are "UI" and "API" in rows, "ui" and "api" in the filter (E.3).
        return f'"{name}" = ? COLLATE NOCASE', (text,)

    return Filter(read)


def boolean(
    if_true: str, if_false: str = "1", *, code: int = 50, default: str | None = None
) -> Filter:
    """Choose an SQL clause by true or false; ``code`` when it is neither."""

    def read(text: str, _settings: Settings) -> Clause:
        return (if_true if truth(text, code) else if_false), ()

    return Filter(read, default)


def grade(operator: str) -> Filter:
    """Compare with a grade of E.3; 32 when it is none."""

    def read(text: str, _settings: Settings) -> Clause:
        if text not in GRADES:
            raise PardotError(32)
        place = GRADES.index(text)
        # Best first: a greater grade comes earlier.
        ranges = {"=": (text,), ">": GRADES[:place], "<": GRADES[place + 1 :]}
        return _in("grade", ranges[operator])

    return Filter(read)


def user(name: str) -> Filter:
    """Compare the user in a nested column by id or e-mail address (C.16)."""

    def read(text: str, _settings: Settings) -> Clause:
        key = "id" if _DIGITS.fullmatch(text) else "email"
        value: Value = int(text) if key == "id" else text
        return f"json_extract({name}, '$.{key}') = ?", (value,)

    return Filter(read)


def contains(name: str, key: str, parse: Parser) -> Filter:
    """Look for a value under a key in the items of a nested column."""
    items = f"SELECT 1 FROM json_each({name}) AS one"  # noqa: S608 -- names are ours
    return clause(f"EXISTS ({items} WHERE json_extract(one.value, '$.{key}') = ?)", parse)


def _in(name: str, values: tuple[Value, ...]) -> Clause:
    return f'"{name}" IN ({", ".join("?" * len(values))})', values


by_id = partial(column, parse=an_id)
by_date = partial(column, parse=instant)
