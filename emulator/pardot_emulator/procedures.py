"""What can be exported (D.8), and a create request -> the plan of a job, with the refusals of D.3.

No I/O.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pardot_emulator.dates import DAY
from pardot_emulator.errors import PardotError
from pardot_emulator.filters import instant, truth
from pardot_emulator.objects import OBJECTS
from pardot_emulator.objects_people import NO_SESSION
from pardot_emulator.schema import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pardot_emulator.settings import Settings


class Procedure(NamedTuple):
    """One filter of an export."""

    after: str  # required argument, exclusive
    before: str  # optional argument, exclusive
    column: str  # the time compared
    options: tuple[str, ...] = ()  # more arguments
    through: str = "{}"  # SQL around the condition when it is one on prospects


class Exportable(NamedTuple):
    """One object as exports know it."""

    name: str
    procedures: Mapping[str, Procedure]
    fields: tuple[str, ...]  # come when no `fields` are named
    named: tuple[str, ...]  # come only when named (D.8.4)
    undocumented: tuple[str, ...]  # queries have them and D.8 does not list them [?]; a switch
    custom: str | None  # the object that declares the account's own fields


def _exportable(  # noqa: PLR0913 -- all by name
    name: str,
    procedures: Mapping[str, Procedure],
    *,
    fields: str = "",
    named: str = "",
    undocumented: str = "",
    absent: str = "",
) -> Exportable:
    """Declare one object; without ``fields`` all of a query that are not listed otherwise."""
    others = {*named.split(), *undocumented.split(), *absent.split()}
    usual = (one.name for one in OBJECTS[name].columns if not one.hidden and one.name not in others)
    return Exportable(
        name,
        procedures,
        tuple(fields.split() or usual),
        tuple(named.split()),
        tuple(undocumented.split()),
        OBJECTS[name].custom,
    )


def _by(*kinds: str, options: tuple[str, ...]) -> dict[str, Procedure]:
    return {
        f"filter_by_{kind}_at": Procedure(f"{kind}_after", f"{kind}_before", f"{kind}_at", options)
        for kind in kinds
    }


def _by_prospect(link: str) -> dict[str, Procedure]:
    """Filter by the times of the prospects that a row belongs to."""
    through = f"NOT deleted AND {link} FROM prospect WHERE {{}})"
    arguments = ("prospect_updated_after", "prospect_updated_before", "updated_at")
    procedure = Procedure(*arguments, ("prospect_deleted",), through)
    return {"filter_by_prospect_updated_at": procedure, **_by("updated", options=("deleted",))}


_EXPORTABLE = (
    # D.8.1
    _exportable(
        "externalActivity",
        {
            "filter_by_created_at": Procedure("created_after", "created_before", "createdAt"),
            "filter_by_activity_date": Procedure(
                "activity_after", "activity_before", "activityDate"
            ),
        },
    ),
    # D.8.2; prospectOnly is taken in both procedures, as GH20 has it.
    _exportable(
        "visitorActivity",
        _by("created", "updated", options=("type", "prospect_only", "prospectOnly")),
        undocumented="opportunity_id visit_id visitor_page_view_id",
    ),
    # D.8.3
    _exportable("listMembership", _by("created", "updated", options=("deleted",))),
    # D.8.4
    _exportable(
        "prospect",
        _by("created", "updated", options=("deleted",)),
        named="notes grade converted_at converted_from_object_type converted_from_object_name "
        "is_email_hard_bounced email_bounced_at email_bounced_reason first_assigned_at "
        "first_activity_at first_referrer_url first_referrer_type first_referrer_query "
        + PARAMETERS,
        undocumented="salesforce_fid",
        absent="recent_interaction crm_url assigned_to last_activity",
    ),
    # D.8.5; created_at and updated_at are "not listed but surely there" [?].
    _exportable(
        "prospectAccount",
        _by_prospect("id IN (SELECT prospect_account_id"),
        absent="assigned_to",
    ),
    # D.8.6
    _exportable(
        "visitor",
        _by_prospect("prospect_id IN (SELECT id"),
        fields=f"id page_view_count ip_address hostname {PARAMETERS} created_at updated_at",
        undocumented="prospect_id",
    ),
)
EXPORTABLES: Mapping[str, Exportable] = {one.name: one for one in _EXPORTABLE}
# "Matching seems case-insensitive" (D.3 [W ETL]).
_BY_LOWER = {name.lower(): name for name in EXPORTABLES}


def canonical(name: object) -> str | None:
    """Return the object's own spelling of a name, None when exports know none."""
    return _BY_LOWER.get(name.lower()) if isinstance(name, str) else None


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
    return value if isinstance(value, bool) else truth(value, 177)


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
