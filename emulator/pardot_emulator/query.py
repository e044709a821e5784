"""Query parameters -> one SQL selection, by the matrix C.0. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pardot_emulator.errors import PardotError
from pardot_emulator.filters import instant, integer, is_above
from pardot_emulator.objects import OBJECTS
from pardot_emulator.schema import CREATION, IDS, UPDATED
from pardot_emulator.settings import API_USER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pardot_emulator.filters import Clause, Value
    from pardot_emulator.schema import PardotObject
    from pardot_emulator.settings import Settings

ALWAYS = frozenset({"format", "output"})
PAGING = frozenset({"limit", "offset", "sort_by", "sort_order"})
DATES = CREATION | UPDATED
# Known to some object: ignored by the others, where it is not an unknown one (error 5).
RECOGNIZED = frozenset(
    {*PAGING, *DATES, *IDS, "fields"}.union(*(item.filters for item in OBJECTS.values()))
)

# Parameters that are a lower and an upper bound of one thing, and the code when they are crossed.
_RANGES = (
    ("id_greater_than", "id_less_than", 17),
    ("probability_greater_than", "probability_less_than", 41),
    ("value_greater_than", "value_less_than", 43),
    ("score_greater_than", "score_less_than", 30),
)
# An exact value beside a bound of the same thing (C.16).
_COMBINATIONS = (("score", 31), ("grade", 34))

_MAX_SORTS = 2
# An order that nothing promises; the number varies it.
SHUFFLED = "(id * 2654435761 + {} * 40503) % 65521, id"


class Selection(NamedTuple):
    """What a query asks of the database."""

    where: str
    values: tuple[Value, ...]
    order: str
    limit: int
    offset: int


def select(
    target: PardotObject, params: Mapping[str, str], settings: Settings, call_number: int
) -> Selection:
    """Turn the parameters of a query into a selection.

    Args:
        target: The object asked for.
        params: Query and form parameters, last value of each.
        settings: The switches.
        call_number: Varies the order of ties when they are shuffled.

    Raises:
        PardotError: 5, 7, 8, 13, 16, 17, 19, 20, 21, 23-34, 36, 40-43, 50, 51, 63, 133-135 (A.9).
    """
    known = _known_parameters(target, settings)
    _refuse_unknown(params, known, settings)
    given = {name: value for name, value in params.items() if name in known}
    clauses = [
        *_dates(target, given, settings),
        *_ids(given),
        *_filters(target, given, settings),
    ]
    if target.where:
        clauses.append((target.where, ()))
    if target.name == "user" and not settings.admin:
        # "Non-administrators get only their own record from query" (C.19 [D GH20]).
        clauses.append(("email = ?", (API_USER,)))
    return Selection(
        where=" AND ".join(clause for clause, _ in clauses) or "1",
        values=tuple(value for _, values in clauses for value in values),
        order=_order(target, given, settings, call_number),
        limit=_limit(target, given, params.get("output"), settings),
        offset=integer(given.get("offset", "0"), 21),
    )


def _known_parameters(target: PardotObject, settings: Settings) -> frozenset[str]:
    common = {*DATES, *IDS, "limit", "offset"}
    if target.sorts:
        common |= {"sort_by", "sort_order"}
    elif settings.visit_sort == "refused":
        common.add("sort_by")
    if target.fields:
        common.add("fields")
    lacks = set(target.lacks)
    if target.name == "emailClick" and settings.email_click_extras:
        lacks.clear()
    if target.name == "export" and settings.export_paging == "ignored":
        lacks |= {"limit", "offset"}
    for names, column in ((CREATION, "created_at"), (UPDATED, "updated_at")):
        if target.column(target.stored_as(column)) is None:
            lacks |= names
    return frozenset(common - lacks) | target.filters.keys()


def _refuse_unknown(params: Mapping[str, str], known: frozenset[str], settings: Settings) -> None:
    """Refuse with 5 when no parameter is recognized, or (switch) when one is not (F.3 [?])."""
    given = params.keys() - ALWAYS
    if settings.unknown_parameters == "refused" and given - known:
        raise PardotError(5)
    if given and not given & (RECOGNIZED | known):
        raise PardotError(5)


def _dates(target: PardotObject, given: Mapping[str, str], settings: Settings) -> list[Clause]:
    """Return clauses for dates, exclusive on both sides (A.11 SEED)."""
    instants = {name: instant(given[name], settings) for name in DATES & given.keys()}
    for key in ("created", "updated"):
        after, before = instants.get(f"{key}_after"), instants.get(f"{key}_before")
        if after is not None and before is not None and after > before:
            raise PardotError(8)
    return [
        (f"{target.stored_as(name.split('_')[0] + '_at')} {_operator(name)} ?", (at,))
        for name, at in instants.items()
    ]


def _ids(given: Mapping[str, str]) -> list[Clause]:
    return [
        (f"id {_operator(name)} ?", (integer(given[name]),))
        for name in sorted(IDS)
        if name in given
    ]


def _operator(name: str) -> str:
    return ">" if name.endswith(("_after", "_greater_than")) else "<"


def _filters(target: PardotObject, given: Mapping[str, str], settings: Settings) -> list[Clause]:
    """Return the clauses of an object's own filters."""
    _refuse_crossed(given)
    _require(target, given, settings)
    # Several of "at most one" have no code of their own [?].
    if len(target.exclusive & given.keys()) > 1:
        raise PardotError(51)
    clauses = []
    for name, rule in target.filters.items():
        text = given.get(name, rule.default)
        if text is None:
            continue
        if rule.needs is not None and rule.needs not in given:
            raise PardotError(13)
        clauses.append(rule.read(text, settings))
    return [clause for clause in clauses if clause is not None]


def _refuse_crossed(given: Mapping[str, str]) -> None:
    for low, high, code in _RANGES:
        # Values that are no numbers are refused by their own filter, with its own code.
        if is_above(given.get(low, ""), given.get(high, "")):
            raise PardotError(code)
    for name, code in _COMBINATIONS:
        bounds = {f"{name}_greater_than", f"{name}_less_than"}
        if f"{name}_equal_to" in given and bounds & given.keys():
            raise PardotError(code)


def _require(target: PardotObject, given: Mapping[str, str], settings: Settings) -> None:
    """Check the lists of ids of an object that has to be asked for by one (C.20).

    None of them is 13, an empty one 36, too many ids 63: which codes it really is, and how many
    are too many, no source states [?].
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


def _limit(
    target: PardotObject, given: Mapping[str, str], output: str | None, settings: Settings
) -> int:
    """Return the page size, -1 for all rows.

    "The 200-row limit isn't enforced" for mobile (A.5): without ``limit`` it returns everything.
    """
    unlimited = target.mobile_unlimited and target.outputs and output == "mobile"
    if "limit" not in given:
        return -1 if unlimited else target.limit
    limit = integer(given["limit"], 23)
    if limit < 1:
        raise PardotError(23)
    if limit <= target.max_limit or unlimited:
        return limit
    if settings.over_limit == "clamp":
        return target.max_limit
    raise PardotError(23)


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
    sorts = target.sorts if target.name != "emailClick" or settings.email_click_sort else {}
    if "sort_by" in given and any(key not in sorts for key in keys):
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
        terms.append(
            SHUFFLED.format(call_number) if settings.ties == "shuffled" else f"id {direction}"
        )
    return ", ".join(terms)
