"""What can be exported: objects, procedures, arguments, fields, as D.8 lists them. Declarations."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pardot_emulator.objects import OBJECTS
from pardot_emulator.schema import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Mapping


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
EXPORTABLES: Mapping[str, Exportable] = MappingProxyType({one.name: one for one in _EXPORTABLE})
# "Matching seems case-insensitive" (D.3 [W ETL]).
_BY_LOWER = {name.lower(): name for name in EXPORTABLES}


def canonical(name: object) -> str | None:
    """Return the object's own spelling of a name, None when exports know none."""
    return _BY_LOWER.get(name.lower()) if isinstance(name, str) else None
