"""Stored rows -> the records of an answer: which row, which fields, and what is nested in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pardot_emulator.errors import PardotError
from pardot_emulator.filters import integer
from pardot_emulator.objects import OBJECTS
from pardot_emulator.objects_people import NO_SESSION
from pardot_emulator.settings import API_USER
from pardot_emulator.wire import Encoder, nest_campaigns, one_or_many

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pardot_emulator.model import Model
    from pardot_emulator.schema import PardotObject
    from pardot_emulator.settings import Settings

Row = tuple[Any, ...]
Record = dict[str, Any]

_RELATIONS = frozenset({"campaign", "assigned_to", "last_activity"})
_SHORT = ("id", "first_name", "last_name", "email", "company")
# Nested in a full activity as {name, app_url} (C.23, sample of G).
_ASSETS = ("email", "form", "form_handler", "file", "landing_page", "custom_redirect")
# What `describe` returns at least.
_NAME_FIELD: Mapping[str, Any] = {
    "field_id": "name",
    "label": "Name",
    "required": True,
    "custom": False,
    "type": "text",
    "options": None,
}


def find(model: Model, target: PardotObject, path: Mapping[str, str]) -> tuple[Row | None, int]:
    """Find the row that a read asks for; return it and the code of "there is none".

    Raises:
        PardotError: 16, an id that is no number; 132, a prospect in the recycle bin (C.16).
    """
    bound: Sequence[int | str]
    missing = target.missing_id
    if "email" in path:
        clause, bound = "email = ?", [path["email"]]
        missing = 4 if target.name == "prospect" else 11
    elif "fid" in path:
        clause = "? IN (crm_lead_fid, crm_contact_fid, salesforce_fid)"
        bound = [path["fid"]]
    else:
        clause = " AND ".join(f"{name} = ?" for name in path) or "1"
        bound = [integer(text) for text in path.values()]
    active = target.exists or ("NOT deleted" if target.has_recycle_bin else "1")
    found = model.where(target.name, f"({clause}) AND {active}", bound, limit=1)
    if found:
        return found[0], missing
    # v4's read/email has excluded archived prospects since Apr 2017 (A.3).
    if target.name == "prospect" and "email" not in path and model.where("prospect", clause, bound):
        raise PardotError(132)
    return None, missing


def make(  # noqa: PLR0913 -- one call site
    model: Model,
    settings: Settings,
    target: PardotObject,
    found: list[Row],
    params: Mapping[str, str],
    *,
    numeric: str,
    read: bool,
) -> list[Record]:
    """Return the records of raw rows of an object by the parameters of a call.

    ``read``: a single record was asked for. ``numeric``: see `wire.as_number`.
    """
    output = params.get("output", "full")
    own = model.custom_fields(target.custom) if target.custom else {}
    shown = _fields_shown(target, params, own, settings)
    # In bulk, no custom fields (C.16); mobile is a short record.
    is_short = target.name == "prospect" and output in {"bulk", "mobile"}
    custom = {} if is_short else own
    encode = Encoder(target, settings, output=output, read=read, numeric=numeric, custom=custom)
    records = [encode(values) for values in found]
    if encode.nested_campaign:
        records = nest_campaigns(
            records, model.campaign_names, numeric, twice=target.campaign_twice
        )
    if output not in {"simple", "bulk", "mobile"}:

        def related(name: str, clause: str, value: int) -> list[Record]:
            simple = Encoder(OBJECTS[name], settings, output="simple", numeric=numeric)
            return [simple(row) for row in model.where(name, clause, [value])]

        _complete(target, records, related, read=read)
    for record in records:
        _apply_switches(target, record, settings)
    if shown is not None:
        records = [{key: one for key, one in record.items() if key in shown} for record in records]
    return records


def _fields_shown(
    target: PardotObject,
    params: Mapping[str, str],
    own: Mapping[str, str | None],
    settings: Settings,
) -> frozenset[str] | None:
    """Return the keys of the records when ``fields`` names them; ``id`` always comes (C.16).

    Raises:
        PardotError: 180, a name that no field has (by switch; [?]).
    """
    if not target.fields or not params.get("fields"):
        return None
    names = frozenset(name.strip() for name in params["fields"].split(","))
    known = {column.name for column in target.columns if not column.hidden} | own.keys()
    if names - known - _RELATIONS and settings.unknown_fields == "refused":
        raise PardotError(180)
    return names | {"id"}


def _apply_switches(target: PardotObject, record: Record, settings: Settings) -> None:
    drops_views = target.name == "visit" and settings.visit_no_views == "absent"
    if drops_views and record["visitor_page_views"] is None:
        del record["visitor_page_views"]
    has_zone = target.name == "user" and settings.user_timezone
    if has_zone and record["email"] == API_USER and record.get("timezone") is None:
        record["timezone"] = settings.timezone


def _complete(
    target: PardotObject,
    records: list[Record],
    related: Callable[[str, str, int], list[Record]],
    *,
    read: bool,
) -> None:
    """Add what is nested in full records; prospects and visitors have it on a read only (A.5).

    Args:
        target: The object.
        records: Its records, changed in place.
        related: Looks up other records: object, SQL clause, value.
        read: One record was asked for.
    """
    for record in records:
        if target.name == "visitorActivity":
            for name in _ASSETS:
                if f"{name}_id" in record:
                    url = f"https://pi.pardot.com/{name}/read?id={record[f'{name}_id']}"
                    record[name] = {"name": record["details"], "app_url": url}
        elif target.name == "prospect" and read:
            _complete_prospect(record, related)
        elif target.name == "visitor" and read:
            _complete_visitor(record, related)


def _complete_prospect(record: Record, related: Callable[[str, str, int], list[Record]]) -> None:
    """Add collections; empty ones are null (A.6 [W TAMIAS]). Profiles are not stored here."""
    for key, inner, name, clause in (
        ("visitors", "visitor", "visitor", "NOT deleted"),
        ("visitor_activities", "visitor_activity", "visitorActivity", NO_SESSION),
        ("lists", "list_subscription", "listMembership", "NOT deleted"),
    ):
        rows = one_or_many(related(name, f"prospect_id = ? AND {clause}", record["id"]))
        record[key] = rows and {inner: rows}


def _complete_visitor(record: Record, related: Callable[[str, str, int], list[Record]]) -> None:
    """Add collections; ``prospect`` takes the place of ``prospect_id`` (C.21 [W TAMIAS])."""
    key = record.pop("prospect_id")
    found = [] if key is None else related("prospect", "id = ?", key)
    record["prospect"] = {name: found[0][name] for name in _SHORT} if found else None
    record["identified_company"] = record["visitor_referrer"] = None
    activities = related("visitorActivity", f"visitor_id = ? AND {NO_SESSION}", record["id"])
    rows = one_or_many(activities)
    record["visitor_activities"] = rows and {"visitor_activity": rows}


def describe(model: Model) -> tuple[Record, int]:
    """Return the fields of prospect accounts (C.15 [W TAMIAS, TAP]) and their number."""
    rows: list[Mapping[str, Any]] = list(model.rows("prospectAccountField"))
    if all(row["field_id"] != "name" for row in rows):
        rows.insert(0, _NAME_FIELD)
    fields = [_described(row) for row in rows]
    return {"result": {"field": one_or_many(fields)}}, len(fields)


def _described(row: Mapping[str, Any]) -> Record:
    attributes = {
        "id": row["field_id"],
        "label": row["label"] or row["field_id"],
        "required": row["required"],
        "custom": row["custom"],
        "type": row["type"],
        "has_options": row["options"] is not None,
    }
    options = {} if row["options"] is None else {"options": list(row["options"])}
    return {"@attributes": attributes, **options}
