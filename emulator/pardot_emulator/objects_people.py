"""Prospects, and what is recorded of people: declared as in `objects`, which adds them.

A hidden ``deleted`` is the recycle bin: rows in it are part of an answer only if asked for, and no
answer shows the flag (reference C.13, F.1). ``custom`` holds the account's own fields, {field id:
value or list of values}; a field exists if ``customField`` or ``prospectAccountField`` has a row
for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pardot_emulator import filters
from pardot_emulator.schema import (
    ASC,
    BY_DATES,
    CAMPAIGN,
    DATES,
    DESC,
    ID,
    PARAMETERS,
    PardotObject,
    booleans,
    documents,
    flags,
    integers,
    strings,
    times,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_BIN = booleans("deleted", hidden=True)
_CUSTOM = documents("custom", hidden=True)
# true, false: the query knows no "all" (C.16: documented for days in 2020, then reverted).
_DELETED = filters.boolean("deleted", "NOT deleted", code=27, default="false")
_ON_LIST = 'id IN (SELECT prospect_id FROM "listMembership" WHERE list_id = ? AND NOT deleted)'
_NEW = "(assigned_to IS NULL AND coalesce(is_reviewed, 0) = 0 AND last_activity_at IS NOT NULL)"

_ACTIVITY_ASSETS = (
    "email_id email_template_id list_email_id form_id form_handler_id site_search_query_id "
    "landing_page_id paid_search_ad_id multivariate_test_variation_id file_id custom_redirect_id"
)
# The filter says custom_url, the field custom_redirect (C.23).
_ACTIVITY_KINDS: Mapping[str, str] = {
    "custom_url": "custom_redirect_id",
    **{kind: f"{kind}_id" for kind in ("email", "file", "form", "form_handler")},
    "landing_page": "landing_page_id",
}
_ONLY: Mapping[str, filters.Filter] = {
    f"{kind}_only": filters.boolean(f"{name} IS NOT NULL") for kind, name in _ACTIVITY_KINDS.items()
}
# Type 5 (Session) is never returned by queries or exports (C.23).
NO_SESSION = "coalesce(type, 0) <> 5"

PROSPECT = PardotObject(
    "prospect",
    (
        ID,
        CAMPAIGN,
        *strings("salutation first_name last_name email password company"),
        *integers("prospect_account_id"),
        *strings("website job_title department country address_one address_two city state"),
        *strings("territory zip phone"),
        *strings("fax", not_bulk=True),
        *strings("source annual_revenue employees industry years_in_business comments notes"),
        *integers("score"),
        *strings("grade"),
        *times("last_activity_at"),
        *strings("recent_interaction crm_lead_fid crm_contact_fid crm_owner_fid"),
        *strings("crm_account_fid salesforce_fid"),
        *times("crm_last_sync"),
        *strings("crm_url"),
        *flags("is_do_not_email is_do_not_call opted_out is_reviewed is_starred is_archived"),
        *DATES,
        *documents("assigned_to last_activity", omit_null=True, nested=True),
        # Only in exports, and only when named (D.8.4).
        *times("converted_at", hidden=True),
        *strings("converted_from_object_type converted_from_object_name", hidden=True),
        *booleans("is_email_hard_bounced", default=None, hidden=True),
        *times("email_bounced_at", hidden=True),
        *strings("email_bounced_reason", hidden=True),
        *times("first_assigned_at first_activity_at", hidden=True),
        *strings("first_referrer_url first_referrer_type first_referrer_query", hidden=True),
        *strings(PARAMETERS, hidden=True),
        *_BIN,
        *_CUSTOM,
    ),
    ops=frozenset({"query", "read/id", "read/email", "read/fid"}),
    filters={
        "assigned": filters.boolean("assigned_to IS NOT NULL", "assigned_to IS NULL", code=26),
        "assigned_to_user": filters.user("assigned_to"),
        "deleted": _DELETED,
        "grade_equal_to": filters.grade("="),
        "grade_greater_than": filters.grade(">"),
        "grade_less_than": filters.grade("<"),
        "is_starred": filters.boolean("is_starred = 1", "coalesce(is_starred, 0) = 0", code=25),
        "last_activity_after": filters.by_date("last_activity_at", operator=">"),
        "last_activity_before": filters.by_date("last_activity_at", operator="<"),
        "last_activity_never": filters.boolean(
            "last_activity_at IS NULL", "last_activity_at IS NOT NULL"
        ),
        "list_id": filters.clause(_ON_LIST, filters.an_id),
        "new": filters.boolean(_NEW, code=28),
        "score_equal_to": filters.column("score", filters.whole(29)),
        "score_greater_than": filters.column("score", filters.whole(29), ">"),
        "score_less_than": filters.column("score", filters.whole(29), "<"),
    },
    sorts={**BY_DATES, "last_activity_at": DESC},
    missing_id=3,
    fields=True,
    mobile=("id", "first_name", "last_name", "email", "company"),
    campaign_twice=True,
    custom="customField",
)

PEOPLE = (
    PROSPECT,
    # C.15: only id and name are fixed, the rest is the account's own.
    PardotObject(
        "prospectAccount",
        (ID, *strings("name"), *DATES, *documents("assigned_to", nested=True), *_BIN, *_CUSTOM),
        ops=frozenset({"query", "read/id", "describe"}),
        filters={"name": filters.column("name", filters.exact)},
        # updated_at ascending "here, alone among all objects" (C.15).
        sorts={"created_at": DESC, "id": ASC, "name": ASC, "updated_at": ASC},
        missing_id=61,
        fields=True,
        where="NOT deleted",
        custom="prospectAccountField",
    ),
    # What `describe` says of prospect accounts: no endpoint of its own, so every path is 198.
    PardotObject(
        "prospectAccountField",
        (
            ID,
            *strings("field_id label"),
            *booleans("required"),
            *booleans("custom", default=True),
            *strings("type", default="text"),
            *documents("options"),
        ),
        ops=frozenset(),
    ),
    # C.21; the nine browser fields are always null now [W JAVA].
    PardotObject(
        "visitor",
        (
            ID,
            *integers("prospect_id page_view_count"),
            *strings("ip_address hostname browser browser_version operating_system"),
            *strings("operating_system_version language screen_height screen_width"),
            *strings("is_flash_enabled is_java_enabled"),
            *strings(PARAMETERS),
            *DATES,
            # Null: identified when there is a prospect.
            *booleans("identified", default=None, hidden=True),
            *_BIN,
        ),
        filters={
            "only_identified": filters.boolean(
                "coalesce(identified, prospect_id IS NOT NULL)", default="true"
            ),
            "prospect_ids": filters.any_of("prospect_id"),
        },
        sorts=BY_DATES,
        missing_id=24,
        fields=True,
        where="NOT deleted",
        mobile=(
            *("id", "prospect_id", "page_view_count", "ip_address", "hostname"),
            *("created_at", "updated_at"),
        ),
    ),
    # C.13: no sort by updated_at.
    PardotObject(
        "listMembership",
        (ID, *integers("list_id prospect_id"), *booleans("opted_out"), *DATES, *_BIN),
        ops=frozenset({"query", "read/id", "read/list_id/prospect_id"}),
        filters={
            "list_id": filters.by_id("list_id"),
            "prospect_id": filters.by_id("prospect_id"),
            "deleted": _DELETED,
        },
        sorts={"created_at": DESC, "id": ASC},
        result="list_membership",
    ),
    # C.23: the mobile limit is not stated, so it holds; the *_id keys are absent while null (A.6).
    PardotObject(
        "visitorActivity",
        (
            ID,
            *integers("prospect_id visitor_id", omit_null=True),
            *integers("type"),
            *strings("type_name details"),
            *integers(_ACTIVITY_ASSETS, omit_null=True),
            *integers("visit_id visitor_page_view_id opportunity_id campaign_id", omit_null=True),
            *DATES,
        ),
        filters={
            "prospect_only": filters.boolean("prospect_id IS NOT NULL"),
            "type": filters.any_of("type"),
            **_ONLY,
            **{f"{kind}_id": filters.any_of(name) for kind, name in _ACTIVITY_KINDS.items()},
            **{name: filters.any_of(name) for name in ("campaign_id", "prospect_id", "visitor_id")},
        },
        sorts={**BY_DATES, "prospect_id": DESC, "visitor_id": DESC},
        mobile_unlimited=False,
        result="visitor_activity",
        where=NO_SESSION,
        exists=NO_SESSION,
        exclusive=frozenset(_ONLY),
    ),
    # C.24: reached by exports only, in camelCase (D.8.1).
    PardotObject(
        "externalActivity",
        (
            ID,
            *strings("extension extensionSalesforceId type typeSalesforceId"),
            *integers("prospectId"),
            *strings("value"),
            *times("activityDate createdAt"),
            *integers("createdById"),
        ),
        ops=frozenset(),
    ),
)
