"""A create request -> the plan of an export job, with the refusals of D.3. No I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pardot_emulator.dates import DAY
from pardot_emulator.errors import PardotError
from pardot_emulator.exportables import EXPORTABLES, canonical
from pardot_emulator.filters import instant
from pardot_emulator.objects_people import NO_SESSION

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pardot_emulator.exportables import Exportable, Procedure
    from pardot_emulator.settings import Settings

# `deleted`: true, false, all; "others say false" when it is absent (D.8.3).
_DELETED = {"true": "deleted", "false": "NOT deleted", "all": "1"}
# Limits of one job (D.1).
MAX_FIELDS = 150
MAX_RANGE = 365 * DAY
_PROPERTIES = frozenset({"object", "fields", "procedure"})


class Request(NamedTuple):
    """The properties of a create request, of the right types."""

    object: str
    fields: tuple[str, ...] | None
    procedure: str
    arguments: Mapping[str, Any]


class Plan(NamedTuple):
    """What a job will do; the times in ``values`` are instants already."""

    target: Exportable
    procedure: str
    arguments: Mapping[str, Any]
    fields: tuple[str, ...]
    where: str
    values: tuple[int | str, ...]


def read_request(body: bytes) -> Request:
    """Read the body of a create request (D.3).

    Raises:
        PardotError: 150, 152, 153, 154.
    """
    if not body.strip():
        raise PardotError(152)
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as bad:
        raise PardotError(150) from bad
    if not isinstance(given, dict):
        raise PardotError(154)
    procedure = _required(given, "procedure", dict)
    name = _required(given, "object", str)
    fields = given.get("fields")
    if given.keys() - _PROPERTIES or procedure.keys() - {"name", "arguments"}:
        raise PardotError(154)
    if fields is not None and not _are_names(fields):
        raise PardotError(154)
    return Request(
        name,
        None if fields is None else tuple(fields),
        _required(procedure, "name", str),
        _required(procedure, "arguments", dict),
    )


def _required(given: Mapping[str, Any], name: str, kind: type) -> Any:
    if given.get(name) is None:
        raise PardotError(153)
    if not isinstance(given[name], kind):
        raise PardotError(154)
    return given[name]


def _are_names(fields: Any) -> bool:
    """Return whether these are names, each once; none, or one twice, is no list of fields [?]."""
    if not isinstance(fields, list) or not all(isinstance(one, str) for one in fields):
        return False
    return 0 < len(set(fields)) == len(fields)


def plan(
    request: Request, settings: Settings, custom_fields: Callable[[str], Collection[str]]
) -> Plan:
    """Return what the job of a request will do; ``custom_fields`` looks up the account's fields.

    Raises:
        PardotError: 154, 174, 175, 176, 177, 180.
    """
    name = canonical(request.object)
    if name is None or name not in settings.export_objects:
        raise PardotError(154)
    target = EXPORTABLES[name]
    own = tuple(custom_fields(target.custom)) if target.custom else ()
    fields = _fields(target, request.fields, own, settings)
    procedure = target.procedures.get(request.procedure)
    by_creation = (name, request.procedure) == ("prospect", "filter_by_created_at")
    if procedure is None or (by_creation and not settings.export_prospect_created):
        raise PardotError(174)
    _check_names(target, request.procedure, procedure, request.arguments, settings)
    where, values = _where(target, procedure, request.arguments, settings)
    return Plan(target, request.procedure, request.arguments, fields, where, values)


def _fields(
    target: Exportable, asked: tuple[str, ...] | None, own: tuple[str, ...], settings: Settings
) -> tuple[str, ...]:
    """Return the columns of the files."""
    of_accounts = target.custom == "prospectAccountField"
    refused = frozenset(settings.export_refused_fields)
    if asked is None:
        # `describe` lists the fields of a prospect account; custom fields of prospects are named.
        everything = (*target.fields, *(own if of_accounts else ()))
        return tuple(one for one in dict.fromkeys(everything) if one not in refused)
    if len(asked) > MAX_FIELDS:
        raise PardotError(154)
    known = {*target.fields, *target.named, *(own if of_accounts else ())}
    if settings.export_undocumented_fields:
        known.update(target.undocumented)
    custom_code = settings.export_custom_fields
    for one in asked:
        if one in refused or (one not in known and (of_accounts or one not in own)):
            raise _refused(settings.export_refusal, one)
        if one not in known and custom_code != "accept":
            raise _refused(int(custom_code), one)
    return asked


def _refused(code: int, name: str) -> PardotError:
    error = PardotError(code)
    # 180 has room for the name: "One or more of the specified fields are invalid" (A.9, [?]).
    return PardotError(code, f"{error.message}: {name}") if code != 154 else error  # noqa: PLR2004


def _check_names(
    target: Exportable,
    name: str,
    procedure: Procedure,
    arguments: Mapping[str, Any],
    settings: Settings,
) -> None:
    known = {procedure.after, procedure.before, *procedure.options}
    if "prospect_only" in known and settings.export_prospect_only != "both":
        known -= {"prospect_only", "prospectOnly"}
        known.add(settings.export_prospect_only)
    if (target.name, name) == ("prospect", "filter_by_updated_at") and (
        settings.export_prospect_deleted != "accept"
    ):
        known.discard("deleted")
    if arguments.keys() - known:
        raise PardotError(175)
    if arguments.get(procedure.after) is None:
        raise PardotError(176)


def _where(
    target: Exportable, procedure: Procedure, arguments: Mapping[str, Any], settings: Settings
) -> tuple[str, tuple[int | str, ...]]:
    after = _instant(arguments[procedure.after], settings)
    end = arguments.get(procedure.before)
    before = settings.now() if end is None else _instant(end, settings)
    _check_range(after, before, settings, has_end=end is not None)
    clauses = [f'"{procedure.column}" > ?']
    values: list[int | str] = [after]
    if end is not None or settings.export_open_end == "creation":
        clauses.append(f'"{procedure.column}" < ?')
        values.append(before)
    for option in procedure.options:
        if option in {"deleted", "prospect_deleted"}:
            clauses.append(_deleted(arguments.get(option, "false")))
        elif option == "type" and arguments.get("type") is not None:
            types = _types(arguments["type"])
            clauses.append(f"type IN ({', '.join('?' * len(types))})")
            values.extend(types)
        elif option != "type" and option in arguments and _boolean(arguments[option]):
            clauses.append("prospect_id IS NOT NULL")
    where = procedure.through.format(" AND ".join(clauses))
    if target.name == "visitorActivity":
        where += f" AND {NO_SESSION}"
    if target.name == "visitor" and not settings.export_anonymous_visitors:
        where += " AND coalesce(identified, prospect_id IS NOT NULL)"
    return where, tuple(values)


def _instant(text: object, settings: Settings) -> int:
    if not isinstance(text, str):
        raise PardotError(177)
    return instant(text, settings, 177)


def _check_range(after: int, before: int, settings: Settings, *, has_end: bool) -> None:
    """Refuse a range that is empty or longer than a year (D.1; the code is the closest one [?]).

    No source states whether a year is counted in local or in elapsed time, and a clock change makes
    them differ: both have to fit.
    """
    if has_end and before <= after:
        raise PardotError(177)
    in_local_time = before - after + settings.wall.offset(before) - settings.wall.offset(after)
    if max(before - after, in_local_time) > MAX_RANGE:
        raise PardotError(177)


def _deleted(value: object) -> str:
    text = str(value).lower() if isinstance(value, (bool, str)) else ""
    if text not in _DELETED:
        raise PardotError(177)
    return _DELETED[text]


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise PardotError(177)
    return value == "true"


def _types(value: object) -> tuple[int, ...]:
    """Read activity types: a list, a number or "1,2"; no document shows the form (D.3 [?])."""
    several = value if isinstance(value, list) else str(value).split(",")
    try:
        types = tuple(int(one) for one in several if not isinstance(one, (bool, float)))
    except (TypeError, ValueError) as bad:
        raise PardotError(177) from bad
    if len(types) != len(several) or not types:
        raise PardotError(177)
    return types
