"""Query parameters -> one SQL selection, by the matrix C.0. No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tap_pardot.sandbox.dates import BadDateError
from tap_pardot.sandbox.errors import PardotError
from tap_pardot.sandbox.objects import OBJECTS
from tap_pardot.sandbox.schema import Filter, Match

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_pardot.sandbox.schema import PardotObject
    from tap_pardot.sandbox.settings import Settings

ALWAYS = frozenset({"format", "output"})
PAGING = frozenset({"limit", "offset", "sort_by", "sort_order"})
DATES = ("created_after", "created_before", "updated_after", "updated_before")
IDS = ("id_greater_than", "id_less_than")
# Known to some object: sent to another one it is ignored, but it is no garbage (error 5).
RECOGNISED = frozenset(
    {*PAGING, *DATES, *IDS, "fields"}.union(*(item.filters for item in OBJECTS.values()))
)

_DIGITS = re.compile(r"\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"\d{1,15}(\.\d+)?", re.ASCII)
_MAX_SORTS = 2
_MAX_PROBABILITY = 100
# Parameters that are a lower and an upper bound of the same thing, and the code when crossed.
_RANGES = (
    ("id_greater_than", "id_less_than", 17),
    ("probability_greater_than", "probability_less_than", 41),
    ("value_greater_than", "value_less_than", 43),
)

_ONE_OF = "EXISTS (SELECT 1 FROM json_each({0.column}) AS one WHERE json_extract(one.value, "
# Matches whose clause is not "column operator value".
_CLAUSES = {
    Match.PROSPECT_ID: _ONE_OF + "'$.id') = ?)",
    Match.PROSPECT_EMAIL: _ONE_OF + "'$.email') = ?)",
}


class Selection(NamedTuple):
    """What a query asks of the database."""

    where: str
    values: tuple[int | float | str, ...]
    order: str
    limit: int
    offset: int


def select(
    target: PardotObject,
    params: Mapping[str, str],
    settings: Settings,
    *,
    call_number: int = 0,
) -> Selection:
    """Turn the parameters of a query into a selection.

    Args:
        target: The object asked for.
        params: Query and form parameters, last value of each.
        settings: The switches.
        call_number: Varies the order of ties when they are shuffled.

    Raises:
        PardotError: 5, 7, 8, 13, 16, 17, 19, 20, 21, 23, 40-43, 51, 133-135 (reference A.9).
    """
    known = _known_parameters(target, settings)
    _refuse_unknown(params, known, settings)
    given = {name: value for name, value in params.items() if name in known}
    _refuse_crossed(given)
    clauses: list[str] = []
    values: list[int | float | str] = []
    for clause, clause_values in (
        *_dates(target, given, settings),
        *_ids(given),
        *_others(target, given),
    ):
        clauses.append(clause)
        values.extend(clause_values)
    if target.name == "user" and not settings.admin:
        # "Non-administrators get only their own record from query" (C.19 [D GH20]).
        clauses.append("email = ?")
        values.append(settings.api_user)
    return Selection(
        where=" AND ".join(clauses) or "1",
        values=tuple(values),
        order=_order(target, given, settings, call_number),
        limit=_limit(target, given, params.get("output"), settings),
        offset=_offset(given),
    )


def _known_parameters(target: PardotObject, settings: Settings) -> frozenset[str]:
    extras = target.name == "emailClick" and settings.email_click_extras
    paging = target.name != "export" or settings.export_paging == "on"
    names = {"sort_by", "sort_order", *target.filters}
    if paging:
        names.add("limit")
    if paging and (target.offset or extras):
        names.add("offset")
    if target.created:
        names.update(("created_after", "created_before"))
    if target.updated:
        names.update(("updated_after", "updated_before"))
    if target.id_greater_than:
        names.add("id_greater_than")
    if target.id_less_than or extras:
        names.add("id_less_than")
    return frozenset(names)


def _refuse_unknown(params: Mapping[str, str], known: frozenset[str], settings: Settings) -> None:
    """Refuse with 5 when no parameter is recognised, or (switch) when one is not (F.3 [?])."""
    given = params.keys() - ALWAYS
    if settings.unknown_parameters == "refused" and given - known:
        raise PardotError(5)
    if given and not given & (RECOGNISED | known):
        raise PardotError(5)


def _refuse_crossed(given: Mapping[str, str]) -> None:
    for low, high, code in _RANGES:
        # Values that are no numbers are refused by their own filter, with its own code.
        if _above(given.get(low, ""), given.get(high, "")):
            raise PardotError(code)


def _above(low: str, high: str) -> bool:
    both = _NUMBER.fullmatch(low) and _NUMBER.fullmatch(high)
    return bool(both) and float(low) > float(high)


def _dates(
    target: PardotObject, given: Mapping[str, str], settings: Settings
) -> list[tuple[str, tuple[int, ...]]]:
    """Exclusive on both sides: "doesn't include … at the specified time" (A.11 SEED)."""
    instants: dict[str, int] = {}
    for name in DATES:
        if name in given:
            try:
                instants[name] = settings.wall.read(
                    given[name],
                    now=settings.now(),
                    late=settings.fold == "late",
                    zone_suffix=settings.zone_suffix,
                )
            except BadDateError as bad:
                raise PardotError(7) from bad
    for key in ("created", "updated"):
        after, before = instants.get(f"{key}_after"), instants.get(f"{key}_before")
        if after is not None and before is not None and after > before:
            raise PardotError(8)
    return [
        (
            f"{target.stored_as(name.split('_')[0] + '_at')} {'>' if 'after' in name else '<'} ?",
            (instant,),
        )
        for name, instant in instants.items()
    ]


def _ids(given: Mapping[str, str]) -> list[tuple[str, tuple[int, ...]]]:
    return [
        (f"id {'>' if 'greater' in name else '<'} ?", (integer(given[name]),))
        for name in IDS
        if name in given
    ]


def _others(
    target: PardotObject, given: Mapping[str, str]
) -> list[tuple[str, tuple[int | float | str, ...]]]:
    clauses = []
    for name, rule in target.filters.items():
        if name not in given:
            continue
        if rule.needs is not None and rule.needs not in given:
            raise PardotError(13)
        clause = _other(rule, given[name])
        if clause is not None:
            clauses.append(clause)
    return clauses


def _other(rule: Filter, text: str) -> tuple[str, tuple[int | float | str, ...]] | None:
    value: int | float | str
    match rule.match:
        case Match.IDS:
            ids = tuple(integer(part) for part in text.split(","))
            return f'"{rule.column}" IN ({", ".join("?" * len(ids))})', ids
        case Match.CHOICE:
            return _choice(rule, text)
        case Match.ID | Match.PROSPECT_ID:
            value = integer(text)
        case Match.PROBABILITY:
            value = _number(text, 40)
            if value > _MAX_PROBABILITY or not value.is_integer():
                raise PardotError(40)
        case Match.VALUE:
            value = _number(text, 42)
        case Match.EXACT | Match.PROSPECT_EMAIL:
            value = text
    return _CLAUSES.get(rule.match, '"{0.column}" {0.operator} ?').format(rule), (value,)


def _number(text: str, code: int) -> float:
    if not _NUMBER.fullmatch(text):
        raise PardotError(code)
    return float(text)


def _choice(rule: Filter, text: str) -> tuple[str, tuple[str]] | None:
    if text not in rule.choices:
        raise PardotError(51)
    if text == rule.any_choice:
        return None
    # Origins are "UI" and "API" in rows, "ui" and "api" in the filter (E.3).
    return f'"{rule.column}" = ? COLLATE NOCASE', (text,)


def integer(text: str) -> int:
    """Read an id.

    Raises:
        PardotError: 16, not a whole number.
    """
    if not _DIGITS.fullmatch(text):
        raise PardotError(16)
    return int(text)


def _limit(
    target: PardotObject, given: Mapping[str, str], output: str | None, settings: Settings
) -> int:
    """Return the page size, -1 for all rows.

    "The 200-row limit isn't enforced" for mobile (A.5): without ``limit`` it returns everything.
    """
    unlimited = target.mobile_unlimited and target.outputs and output == "mobile"
    if "limit" not in given:
        return -1 if unlimited else target.limit
    text = given["limit"]
    if not _DIGITS.fullmatch(text) or int(text) < 1:
        raise PardotError(23)
    limit = int(text)
    if limit <= target.max_limit or unlimited:
        return limit
    if settings.over_limit == "clamp":
        return target.max_limit
    raise PardotError(23)


def _offset(given: Mapping[str, str]) -> int:
    text = given.get("offset", "0")
    if not _DIGITS.fullmatch(text):
        raise PardotError(21)
    return int(text)


def _order(
    target: PardotObject, given: Mapping[str, str], settings: Settings, call_number: int
) -> str:
    """Return the ORDER BY terms (A.12; two keys by 133-135)."""
    keys = given["sort_by"].split(",") if "sort_by" in given else [target.default_sort[0]]
    orders = given["sort_order"].split(",") if "sort_order" in given else []
    if len(keys) > _MAX_SORTS:
        raise PardotError(133)
    if len(orders) > _MAX_SORTS:
        raise PardotError(134)
    if any(key not in target.sorts for key in keys):
        raise PardotError(19)
    if any(order not in {"ascending", "descending"} for order in orders):
        raise PardotError(20)
    if len(keys) == _MAX_SORTS and not settings.combined_sort:
        raise PardotError(19)
    if len(keys) == _MAX_SORTS and "id" not in keys:
        raise PardotError(135)
    terms = []
    ascending = True
    for position, key in enumerate(keys):
        ascending = target.sorts[key] if "sort_by" in given else target.default_sort[1]
        if position < len(orders):
            ascending = orders[position] == "ascending"
        terms.append(f"{target.stored_as(key)} {'ASC' if ascending else 'DESC'}")
    if "id" not in keys:
        direction = "ASC" if ascending else "DESC"
        shuffled = f"(id * 2654435761 + {int(call_number)} * 40503) % 65521, id"
        terms.append(shuffled if settings.ties == "shuffled" else f"id {direction}")
    return ", ".join(terms)
