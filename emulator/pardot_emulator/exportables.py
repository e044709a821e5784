"""What can be exported: objects, procedures, arguments, fields, as D.8 lists them. Declarations."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARAMETERS = (
    "campaign_parameter",
    "medium_parameter",
    "source_parameter",
    "content_parameter",
    "term_parameter",
)


@dataclass(frozen=True)
class Procedure:
    """One filter of an export.

    Attributes:
        after: Required argument, exclusive.
        before: Optional argument, exclusive.
        column: The time compared.
        options: Further arguments.
        through: SQL around the condition when it is one on prospects: ``{}`` is its place.
    """

    after: str
    before: str
    column: str
    options: tuple[str, ...] = ()
    through: str = "{}"


@dataclass(frozen=True)
class Exportable:
    """One object as exports know it.

    Attributes:
        name: The object.
        procedures: By name.
        fields: What comes when no ``fields`` are named.
        named: What comes only when named (D.8.4).
        undocumented: What queries have and D.8 does not list [?]; see the switch.
        custom: Where the account's own fields are declared.
    """

    name: str
    procedures: Mapping[str, Procedure]
    fields: tuple[str, ...]
    named: tuple[str, ...] = ()
    undocumented: tuple[str, ...] = ()
    custom: str | None = None


def _by(kind: str, *options: str) -> tuple[str, Procedure]:
    return (
        f"filter_by_{kind}_at",
        Procedure(f"{kind}_after", f"{kind}_before", f"{kind}_at", options),
    )


def _by_prospect(link: str) -> tuple[str, Procedure]:
    return (
        "filter_by_prospect_updated_at",
        Procedure(
            "prospect_updated_after",
            "prospect_updated_before",
            "updated_at",
            ("prospect_deleted",),
            f"NOT deleted AND {link} FROM prospect WHERE {{}})",
        ),
    )


_EXPORTABLE = (
    # D.8.1
    Exportable(
        "externalActivity",
        {
            "filter_by_created_at": Procedure("created_after", "created_before", "createdAt"),
            "filter_by_activity_date": Procedure(
                "activity_after", "activity_before", "activityDate"
            ),
        },
        (
            *("id", "extension", "extensionSalesforceId", "type", "typeSalesforceId"),
            *("prospectId", "value", "activityDate", "createdAt", "createdById"),
        ),
    ),
    # D.8.2; prospectOnly is taken in both procedures, as GH20 has it.
    Exportable(
        "visitorActivity",
        dict(_by(kind, "type", "prospect_only", "prospectOnly") for kind in ("created", "updated")),
        (
            *("id", "prospect_id", "visitor_id", "type", "type_name", "details", "email_id"),
            *("email_template_id", "list_email_id", "form_id", "form_handler_id"),
            *("site_search_query_id", "landing_page_id", "paid_search_ad_id"),
            *("multivariate_test_variation_id", "file_id", "custom_redirect_id", "campaign_id"),
            *("created_at", "updated_at"),
        ),
        undocumented=("opportunity_id", "visit_id", "visitor_page_view_id"),
    ),
    # D.8.3
    Exportable(
        "listMembership",
        dict(_by(kind, "deleted") for kind in ("created", "updated")),
        ("id", "list_id", "prospect_id", "opted_out", "created_at", "updated_at"),
    ),
    # D.8.4
    Exportable(
        "prospect",
        dict(_by(kind, "deleted") for kind in ("created", "updated")),
        (
            *("id", "campaign_id", "salutation", "first_name", "last_name", "email", "password"),
            *("company", "prospect_account_id", "website", "job_title", "department", "country"),
            *("address_one", "address_two", "city", "state", "territory", "zip", "phone", "fax"),
            *("source", "annual_revenue", "employees", "industry", "years_in_business"),
            *("comments", "score", "last_activity_at", "crm_lead_fid", "crm_contact_fid"),
            *("crm_owner_fid", "crm_account_fid", "crm_last_sync", "is_do_not_email"),
            *("is_do_not_call", "opted_out", "is_reviewed", "is_starred", "is_archived"),
            *("created_at", "updated_at"),
        ),
        named=(
            *("notes", "grade", "converted_at", "converted_from_object_type"),
            *("converted_from_object_name", "is_email_hard_bounced", "email_bounced_at"),
            *("email_bounced_reason", "first_assigned_at", "first_activity_at"),
            *("first_referrer_url", "first_referrer_type", "first_referrer_query", *_PARAMETERS),
        ),
        undocumented=("salesforce_fid",),
        custom="customField",
    ),
    # D.8.5; created_at and updated_at are "not listed but surely there" [?].
    Exportable(
        "prospectAccount",
        dict(
            (
                _by_prospect("id IN (SELECT prospect_account_id"),
                _by("updated", "deleted"),
            )
        ),
        ("id", "name", "created_at", "updated_at"),
        custom="prospectAccountField",
    ),
    # D.8.6
    Exportable(
        "visitor",
        dict((_by_prospect("prospect_id IN (SELECT id"), _by("updated", "deleted"))),
        (
            *("id", "page_view_count", "ip_address", "hostname", *_PARAMETERS),
            *("created_at", "updated_at"),
        ),
        undocumented=("prospect_id",),
    ),
)
EXPORTABLES: Mapping[str, Exportable] = MappingProxyType({one.name: one for one in _EXPORTABLE})
# "Matching seems case-insensitive" (D.3 [W ETL]).
_BY_LOWER = {name.lower(): name for name in EXPORTABLES}


def canonical(name: object) -> str | None:
    """Return the object's own spelling of a name, None when exports know none."""
    return _BY_LOWER.get(name.lower()) if isinstance(name, str) else None
