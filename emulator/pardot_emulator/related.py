"""What people and their objects have beyond plain rows: chosen fields, nested records, describe."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pardot_emulator.errors import PardotError
from pardot_emulator.filters import integer
from pardot_emulator.wire import one_or_many

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pardot_emulator.model import Model
    from pardot_emulator.schema import PardotObject
    from pardot_emulator.settings import Settings

Row = tuple[Any, ...]
Record = dict[str, Any]

# Objects with rows that cannot be read, or with more than one way to read.
READS = frozenset({"prospect", "prospectAccount", "visitor", "listMembership", "visitorActivity"})
_RELATIONS = frozenset({"campaign", "assigned_to", "last_activity"})
_SALESFORCE_IDS = ("crm_lead_fid", "crm_contact_fid", "salesforce_fid")
# Nested in a full activity as {name, app_url} (C.23, sample of G).
_ASSETS = MappingProxyType(
    {
        "email": "email_id",
        "form": "form_id",
        "form_handler": "form_handler_id",
        "file": "file_id",
        "landing_page": "landing_page_id",
        "custom_redirect": "custom_redirect_id",
    }
)
_WRAPPED = MappingProxyType(
    {
        "plain": frozenset[str | None](),
        "mixed": frozenset[str | None]({"dropdown"}),
        "wrapped": frozenset[str | None]({"dropdown", "text", "textarea"}),
    }
)


def read(model: Model, target: PardotObject, path: Mapping[str, str]) -> tuple[Row | None, int]:
    """Find one row that may be shown; return it and the code of "there is none".

    Raises:
        PardotError: 16, an id that is no number; 132, a prospect in the bin (C.16).
    """
    bound: tuple[int | str, ...]
    missing = target.missing_id
    if "email" in path:
        clause, bound, missing = "email = ?", (path["email"],), 4
    elif "fid" in path:
        clause = " OR ".join(f"{name} = ?" for name in _SALESFORCE_IDS)
        bound = (path["fid"],) * len(_SALESFORCE_IDS)
    else:
        clause = " AND ".join(f"{name} = ?" for name in path)
        bound = tuple(integer(text) for text in path.values())
    living = model.where(target.name, f"({clause}) AND {target.exists or 'NOT deleted'}", bound)
    if living:
        return living[0], missing
    # v4's read/email has excluded archived prospects since Apr 2017 (A.3).
    if target.name == "prospect" and "email" not in path and model.where("prospect", clause, bound):
        raise PardotError(132)
    return None, missing


def fields_shown(
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


def wrapped_types(target: PardotObject, settings: Settings) -> frozenset[str | None]:
    """Return the types of own fields whose single values come wrapped (C.15 [W TAP])."""
    if target.name != "prospectAccount":
        return frozenset()
    return _WRAPPED[settings.account_values]


def complete(
    target: PardotObject,
    records: list[Record],
    related: Callable[[str, str, int], list[Record]],
    *,
    read: bool,
) -> None:
    """Add to full records what is nested in them.

    Args:
        target: The object.
        records: Its records, changed in place.
        related: Looks up other records: object, SQL clause, value.
        read: One record was asked for: queries of prospects and visitors stay simple (A.5).
    """
    if target.name == "visitorActivity":
        for record in records:
            _nest_assets(record)
    elif target.name == "prospect" and read:
        for record in records:
            _complete_prospect(record, related)
    elif target.name == "visitor" and read:
        for record in records:
            _complete_visitor(record, related)


def _nest_assets(record: Record) -> None:
    for name, key in _ASSETS.items():
        if key in record:
            url = f"https://pi.pardot.com/{name}/read?id={record[key]}"
            record[name] = {"name": record["details"], "app_url": url}


def _complete_prospect(record: Record, related: Callable[[str, str, int], list[Record]]) -> None:
    """Empty collections are null on a read (A.6 [W TAMIAS]); profiles are not stored here."""
    clause = "prospect_id = ?"
    for key, inner, rows in (
        ("visitors", "visitor", related("visitor", f"{clause} AND NOT deleted", record["id"])),
        (
            "visitor_activities",
            "visitor_activity",
            related("visitorActivity", f"{clause} AND coalesce(type, 0) <> 5", record["id"]),
        ),
        (
            "lists",
            "list_subscription",
            related("listMembership", f"{clause} AND NOT deleted", record["id"]),
        ),
    ):
        several = one_or_many(rows)
        record[key] = None if several is None else {inner: several}


def _complete_visitor(record: Record, related: Callable[[str, str, int], list[Record]]) -> None:
    """``prospect`` takes the place of ``prospect_id`` (C.21 [W TAMIAS])."""
    key = record.pop("prospect_id")
    found = [] if key is None else related("prospect", "id = ?", key)
    names = ("id", "first_name", "last_name", "email", "company")
    record["prospect"] = {name: found[0][name] for name in names} if found else None
    record["identified_company"] = record["visitor_referrer"] = None
    activities = one_or_many(
        related("visitorActivity", "visitor_id = ? AND coalesce(type, 0) <> 5", record["id"])
    )
    record["visitor_activities"] = activities and {"visitor_activity": activities}


def describe(model: Model) -> tuple[Record, int]:
    """Return the fields of prospect accounts (C.15 [W TAMIAS, TAP]) and their number."""
    name = {
        "field_id": "name",
        "label": "Name",
        "required": True,
        "custom": False,
        "type": "text",
        "options": None,
    }
    rows = list(model.rows("prospectAccountField"))
    if all(row["field_id"] != "name" for row in rows):
        rows.insert(0, name)
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
