"""Prospects, and what is recorded of people: declared as in `objects`, which adds them.

A hidden ``deleted`` is the recycle bin: rows in it are never part of an answer unless asked for,
and no answer shows the flag (reference C.13, F.1). ``custom`` holds the account's own fields,
{field id: value or list of values}; which of them exist is told by the rows of ``customField``
and ``prospectAccountField``.
"""

from __future__ import annotations

from types import MappingProxyType

from pardot_emulator.schema import (
    ASC,
    CAMPAIGN,
    CREATED,
    DESC,
    ID,
    UPDATED,
    Column,
    Filter,
    Kind,
    Match,
    PardotObject,
    hidden,
    integers,
    sources,
    strings,
)

# E.3, best first.
GRADES = ("A+", "A", "A-", "B+", "B", "B-", "C+", "C", "C-", "D+", "D", "D-", "F")

_BY_DATES = MappingProxyType({"created_at": DESC, "id": ASC, "updated_at": DESC})
_BIN = hidden(Kind.BOOLEAN, "deleted", default=False)
_CUSTOM = hidden(Kind.JSON, "custom")
_PARAMETERS = (
    "campaign_parameter",
    "medium_parameter",
    "source_parameter",
    "content_parameter",
    "term_parameter",
)
# true, false: the query knows no "all" (C.16: documented for days in 2020, then reverted).
_DELETED = Filter(
    Match.BOOLEAN, "deleted", clauses=("deleted", "NOT deleted"), code=27, default="false"
)

_ACTIVITY_ASSETS = (
    *("email_id", "email_template_id", "list_email_id", "form_id", "form_handler_id"),
    *("site_search_query_id", "landing_page_id", "paid_search_ad_id"),
    *("multivariate_test_variation_id", "file_id", "custom_redirect_id"),
)
# Note the filter says custom_url, the field custom_redirect (C.23).
_ACTIVITY_KINDS = MappingProxyType(
    {
        "custom_url": "custom_redirect_id",
        "email": "email_id",
        "file": "file_id",
        "form": "form_id",
        "form_handler": "form_handler_id",
        "landing_page": "landing_page_id",
    }
)
_ONLY = MappingProxyType(
    {
        f"{kind}_only": Filter(Match.BOOLEAN, column, clauses=(f"{column} IS NOT NULL", "1"))
        for kind, column in _ACTIVITY_KINDS.items()
    }
)
_NO_SESSION = "coalesce(type, 0) <> 5"


def _flags(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.FLAG) for name in names)


def _times(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.TIMESTAMP) for name in names)


def _score(operator: str) -> Filter:
    return Filter(Match.INTEGER, "score", operator, code=29)


def _either(column: str, code: int) -> Filter:
    return Filter(
        Match.BOOLEAN, column, clauses=(f"{column} = 1", f"coalesce({column}, 0) = 0"), code=code
    )


PROSPECT = PardotObject(
    "prospect",
    (
        ID,
        CAMPAIGN,
        *strings("salutation", "first_name", "last_name", "email", "password", "company"),
        *integers("prospect_account_id"),
        *strings("website", "job_title", "department", "country", "address_one", "address_two"),
        *strings("city", "state", "territory", "zip", "phone"),
        Column("fax", Kind.STRING, not_bulk=True),
        *strings("source", "annual_revenue", "employees", "industry", "years_in_business"),
        *strings("comments", "notes"),
        *integers("score"),
        *strings("grade"),
        *_times("last_activity_at"),
        *strings("recent_interaction", "crm_lead_fid", "crm_contact_fid", "crm_owner_fid"),
        *strings("crm_account_fid", "salesforce_fid"),
        *_times("crm_last_sync"),
        *strings("crm_url"),
        *_flags("is_do_not_email", "is_do_not_call", "opted_out", "is_reviewed", "is_starred"),
        *_flags("is_archived"),
        CREATED,
        UPDATED,
        Column("assigned_to", Kind.JSON, omit_null=True, nested=True),
        Column("last_activity", Kind.JSON, omit_null=True, nested=True),
        # Only in exports, and only when named (D.8.4).
        *hidden(Kind.TIMESTAMP, "converted_at"),
        *hidden(Kind.STRING, "converted_from_object_type", "converted_from_object_name"),
        *hidden(Kind.BOOLEAN, "is_email_hard_bounced"),
        *hidden(Kind.TIMESTAMP, "email_bounced_at"),
        *hidden(Kind.STRING, "email_bounced_reason"),
        *hidden(Kind.TIMESTAMP, "first_assigned_at", "first_activity_at"),
        *hidden(Kind.STRING, "first_referrer_url", "first_referrer_type", "first_referrer_query"),
        *hidden(Kind.STRING, *_PARAMETERS),
        *_BIN,
        *_CUSTOM,
    ),
    ops=frozenset({"query", "read/id", "read/email", "read/fid"}),
    updated=True,
    filters={
        "assigned": Filter(
            Match.BOOLEAN,
            "assigned_to",
            clauses=("assigned_to IS NOT NULL", "assigned_to IS NULL"),
            code=26,
        ),
        "assigned_to_user": Filter(Match.USER, "assigned_to"),
        "deleted": _DELETED,
        "grade_equal_to": Filter(Match.GRADE, "grade"),
        "grade_greater_than": Filter(Match.GRADE, "grade", ">"),
        "grade_less_than": Filter(Match.GRADE, "grade", "<"),
        "is_starred": _either("is_starred", 25),
        "last_activity_after": Filter(Match.DATE, "last_activity_at", ">"),
        "last_activity_before": Filter(Match.DATE, "last_activity_at", "<"),
        "last_activity_never": Filter(
            Match.BOOLEAN,
            "last_activity_at",
            clauses=("last_activity_at IS NULL", "last_activity_at IS NOT NULL"),
        ),
        "list_id": Filter(
            Match.ID,
            "id",
            clause='id IN (SELECT prospect_id FROM "listMembership" '
            "WHERE list_id = ? AND NOT deleted)",
        ),
        "new": Filter(
            Match.BOOLEAN,
            "assigned_to",
            clauses=(
                """(assigned_to IS NULL AND coalesce(is_reviewed, 0) = 0
                AND last_activity_at IS NOT NULL)""",
                "1",
            ),
            code=28,
        ),
        "score_equal_to": _score("="),
        "score_greater_than": _score(">"),
        "score_less_than": _score("<"),
    },
    sorts={**_BY_DATES, "last_activity_at": DESC},
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
        (
            ID,
            *strings("name"),
            CREATED,
            UPDATED,
            Column("assigned_to", Kind.JSON, nested=True),
            *_BIN,
            *_CUSTOM,
        ),
        ops=frozenset({"query", "read/id", "describe"}),
        updated=True,
        filters={"name": Filter(Match.EXACT, "name")},
        # updated_at ascending "here, alone among all objects" (C.15).
        sorts={"created_at": DESC, "id": ASC, "name": ASC, "updated_at": ASC},
        missing_id=61,
        fields=True,
        where="NOT deleted",
        custom="prospectAccountField",
    ),
    # What `describe` tells of prospect accounts: no endpoint of its own, so every path is 198.
    PardotObject(
        "prospectAccountField",
        (
            ID,
            *strings("field_id", "label"),
            Column("required", Kind.BOOLEAN, default=False),
            Column("custom", Kind.BOOLEAN, default=True),
            Column("type", Kind.STRING, default="text"),
            Column("options", Kind.JSON),
        ),
        ops=frozenset(),
        created=False,
    ),
    # C.21; the nine browser fields are always null now [W JAVA].
    PardotObject(
        "visitor",
        (
            ID,
            *integers("prospect_id", "page_view_count"),
            *strings("ip_address", "hostname", "browser", "browser_version", "operating_system"),
            *strings("operating_system_version", "language", "screen_height", "screen_width"),
            *strings("is_flash_enabled", "is_java_enabled", *_PARAMETERS),
            CREATED,
            UPDATED,
            # Null: identified when there is a prospect.
            *hidden(Kind.BOOLEAN, "identified"),
            *_BIN,
        ),
        updated=True,
        filters={
            "only_identified": Filter(
                Match.BOOLEAN,
                "identified",
                clauses=("coalesce(identified, prospect_id IS NOT NULL)", "1"),
                default="true",
            ),
            "prospect_ids": Filter(Match.IDS, "prospect_id"),
        },
        sorts=_BY_DATES,
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
        (
            ID,
            *integers("list_id", "prospect_id"),
            Column("opted_out", Kind.BOOLEAN, default=False),
            CREATED,
            UPDATED,
            *_BIN,
        ),
        ops=frozenset({"query", "read/id", "read/list_id/prospect_id"}),
        updated=True,
        filters={
            "list_id": Filter(Match.ID, "list_id"),
            "prospect_id": Filter(Match.ID, "prospect_id"),
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
            *sources("prospect_id", "visitor_id"),
            *integers("type"),
            *strings("type_name", "details"),
            *sources(*_ACTIVITY_ASSETS, "visit_id", "visitor_page_view_id", "opportunity_id"),
            Column("campaign_id", Kind.INTEGER, omit_null=True),
            CREATED,
            UPDATED,
        ),
        updated=True,
        filters={
            "prospect_only": Filter(
                Match.BOOLEAN, "prospect_id", clauses=("prospect_id IS NOT NULL", "1")
            ),
            "type": Filter(Match.IDS, "type"),
            **_ONLY,
            **{f"{kind}_id": Filter(Match.IDS, name) for kind, name in _ACTIVITY_KINDS.items()},
            "campaign_id": Filter(Match.IDS, "campaign_id"),
            "prospect_id": Filter(Match.IDS, "prospect_id"),
            "visitor_id": Filter(Match.IDS, "visitor_id"),
        },
        sorts={**_BY_DATES, "prospect_id": DESC, "visitor_id": DESC},
        mobile_unlimited=False,
        result="visitor_activity",
        # Type 5 (Session) is never returned by sync or export.
        where=_NO_SESSION,
        exists=_NO_SESSION,
        exclusive=frozenset(_ONLY),
    ),
    # C.24: reached by exports only, in camelCase (D.8.1).
    PardotObject(
        "externalActivity",
        (
            ID,
            *strings("extension", "extensionSalesforceId", "type", "typeSalesforceId"),
            *integers("prospectId"),
            *strings("value"),
            *_times("activityDate", "createdAt"),
            *integers("createdById"),
        ),
        ops=frozenset(),
    ),
)
