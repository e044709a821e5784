"""What the emulator serves: every object with its columns, filters and sorts, declared once.

Columns follow reference part C, filters and sorts its matrix C.0. Where the reference marks a
contradiction [X], the wider or later form is declared and the line says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pardot_emulator import filters
from pardot_emulator.objects_people import PEOPLE
from pardot_emulator.schema import (
    ASC,
    BY_DATES,
    CAMPAIGN,
    CREATED,
    CREATION,
    DATES,
    DESC,
    ID,
    IDS,
    PARAMETERS,
    UPDATED,
    Column,
    Kind,
    PardotObject,
    booleans,
    documents,
    flags,
    integers,
    strings,
    times,
)
from pardot_emulator.v5_columns import MORE, NEW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pardot_emulator.filters import Filter

# C.6 in the order of the sample in G: counts, then rates.
STATS_COUNTS = (
    *("sent", "delivered", "total_clicks", "unique_clicks", "soft_bounced", "hard_bounced"),
    *("opt_outs", "spam_complaints", "opens", "unique_opens"),
)
# Numerator and denominator, by the words of the seed document.
STATS_RATES = {
    "delivery_rate": ("delivered", "sent"),
    "opens_rate": ("opens", "delivered"),
    "click_through_rate": ("total_clicks", "delivered"),
    "unique_click_through_rate": ("unique_clicks", "delivered"),
    "click_open_ratio": ("total_clicks", "opens"),
    "opt_out_rate": ("opt_outs", "delivered"),
    "spam_complaint_rate": ("spam_complaints", "delivered"),
}
# What a row of `emailStats` holds for a figure that is counted.
COMPUTED = "computed"

_VISIT_LISTS = {"ids": "id", "visitor_ids": "visitor_id", "prospect_ids": "prospect_id"}

# E-mail and visits are found through other objects only: ids of e-mails and templates come from
# activities and clicks, visits are asked for by lists of ids (C.6, C.8, C.20).
_MAIL = (
    # C.6: no query; the two sends are POST only. `list_email_id` is what statistics and the rows
    # of activities and clicks call a list e-mail; the record of the API does not contain it.
    PardotObject(
        "email",
        (
            ID,
            *strings("name"),
            *booleans("isOneToOne"),
            *strings("subject"),
            *documents("message"),
            CREATED,
            *integers("list_email_id", hidden=True),
        ),
        ops=frozenset({"read/id", "stats/id", "send", "send/prospect_id", "send/prospect_email"}),
    ),
    # No object of the API, so every path is 198: figures that a test wants sent in place of those
    # counted from activities and clicks. The id is a list e-mail's.
    PardotObject(
        "emailStats",
        (ID, *documents(" ".join((*STATS_COUNTS, *STATS_RATES)), default=COMPUTED)),
        ops=frozenset(),
    ),
    # C.8: no times, no query, flags as 1, 0 or null (A.6). `sendFromData` is a string of JSON.
    # What is read only, `listOneToOne` leaves out.
    PardotObject(
        "emailTemplate",
        (
            *documents("sendOptions", only_read=True),
            ID,
            *strings("name"),
            *strings("htmlMessage textMessage", only_read=True),
            *flags("isOneToOneEmail isArchived isAutoResponderEmail isDripEmail isListEmail"),
            *strings("subject"),
            *strings("trackedHtmlMessage trackedTextMessage", only_read=True),
            *strings("fromName"),
            *integers("emailType type"),
        ),
        ops=frozenset({"read/id", "listOneToOne"}),
        outputs=False,
        missing_id=86,
    ),
    # C.20: no dates, no sorts; bulk rows keep their page views (A.5 [W TAP]).
    PardotObject(
        "visit",
        (
            ID,
            *integers("visitor_id prospect_id visitor_page_view_count"),
            *times("first_visitor_page_view_at last_visitor_page_view_at"),
            *integers("duration_in_seconds"),
            *strings(PARAMETERS),
            *DATES,
            *documents("visitor_page_views", timed=True),
        ),
        lacks=CREATION | UPDATED | IDS,
        filters={name: filters.any_of(column) for name, column in _VISIT_LISTS.items()},
        exclusive=frozenset(_VISIT_LISTS),
        required=frozenset(_VISIT_LISTS),
        missing_id=48,
    ),
)


_BY_DATE: Mapping[str, bool] = {"created_at": DESC, "id": ASC}
_BY_NAME: Mapping[str, Filter] = {"name": filters.column("name", filters.exact)}
_JOB_SORTS: Mapping[str, bool] = {"id": DESC, "created_at": DESC, "updated_at": DESC}

_TAGGED = (
    *("Automation", "Block", "Campaign", "Competitor", "Prospect Custom Field", "Custom URL"),
    *("Drip Program", "Email", "Email Draft", "Email Template", "Email Template Draft", "File"),
    *("Form", "Form Field", "Form Handler", "Group", "Keyword", "Landing Page"),
    *("Layout Template", "List", "Opportunity", "Paid Search Campaign", "Personalization"),
    *("Profile", "Prospect", "Prospect Default Field", "Segmentation Rule", "Site"),
    *("Site Search", "Social Message", "User", "Dynamic Content", "Engagement Program"),
)
_CLICK_SOURCES = "list_email_id drip_program_action_id email_template_id tracker_redirect_id"

_DECLARED = (
    # C.1; created_at and updated_at are in the example, not in the field reference [X].
    PardotObject(
        "account",
        (
            ID,
            *strings("company level website vanity_domain"),
            *integers("plugin_campaign_id"),
            *strings("tracking_code_template address1 address2 city state territory zip country"),
            *strings("phone fax"),
            *DATES,
        ),
        ops=frozenset({"read"}),
    ),
    # C.2: filters and sorts by times that never come back.
    PardotObject(
        "campaign",
        (
            ID,
            *strings("name"),
            *integers("cost"),
            *times("created_at updated_at", hidden=True),
        ),
        filters=_BY_NAME,
        sorts={**BY_DATES, "name": ASC, "cost": DESC},
        missing_id=38,
    ),
    # C.3; the parameter row says created_at, id, probability, value [X]: the table is served.
    PardotObject(
        "customField",
        (
            ID,
            *strings("name field_id type"),
            *integers("type_id"),
            *strings("crm_id"),
            *booleans("is_record_multiple_responses is_use_values is_analytics_synced"),
            *DATES,
        ),
        lacks=UPDATED,
        sorts={**_BY_DATE, "name": ASC},
    ),
    # C.4; the sort_by row leaves out updated_at [X]: the table is served.
    PardotObject(
        "customRedirect",
        (ID, *strings("name url destination_url"), CAMPAIGN, *DATES),
        sorts=BY_DATES,
    ),
    PardotObject(
        "dynamicContent",
        (
            ID,
            *strings("name embedCode embedUrl baseContent basedOn"),
            *documents("variation", nested=True),
            *DATES,
        ),
        sorts=BY_DATES,
    ),
    # C.7: sort_by=id is accepted [W TAP, AIRB]; id_less_than and offset are a switch.
    PardotObject(
        "emailClick",
        (
            ID,
            *integers("prospect_id"),
            *strings("url"),
            *integers(_CLICK_SOURCES, omit_null=True),
            CREATED,
        ),
        ops=frozenset({"query"}),
        lacks=frozenset({"id_less_than", "offset"}),
        filters={name: filters.any_of(name) for name in _CLICK_SOURCES.split()},
        sorts={"id": ASC},
        mobile_unlimited=False,
    ),
    # C.9, response names (embedCode, campaign{}) rather than those of the field reference [X].
    PardotObject(
        "form",
        (ID, *strings("name"), CAMPAIGN, *strings("embedCode"), *DATES),
        sorts=BY_DATES,
    ),
    # C.10; GH20 has created_at ascending [X].
    PardotObject(
        "lifecycleHistory",
        (
            ID,
            *integers("prospect_id previous_stage_id next_stage_id seconds_elapsed"),
            CREATED,
        ),
        sorts=_BY_DATE,
    ),
    # C.11: no dates at all; GH20 has position ascending [X].
    PardotObject(
        "lifecycleStage",
        (ID, *strings("name"), *integers("position"), *booleans("is_locked")),
        ops=frozenset({"query"}),
        sorts={"position": DESC, "id": ASC},
    ),
    PardotObject(
        "list",
        (
            ID,
            *strings("name"),
            *booleans("is_public is_dynamic"),
            *strings("title description"),
            *booleans("is_crm_visible"),
            *DATES,
        ),
        filters=_BY_NAME,
        sorts={**BY_DATES, "name": ASC},
        missing_id=55,
    ),
    # C.14: never updated_at in sort or filter; activities only on read, as in the sample of G.
    PardotObject(
        "opportunity",
        (
            ID,
            *strings("name"),
            Column("value", Kind.FLOAT),
            *integers("probability"),
            *strings("type stage status"),
            *times("closed_at", omit_null=True),
            *DATES,
            CAMPAIGN,
            *documents("prospects", nested=True),
            *documents("opportunity_activities", nested=True, only_read=True, only_full=True),
        ),
        lacks=UPDATED,
        filters={
            "probability_greater_than": filters.column("probability", filters.probability, ">"),
            "probability_less_than": filters.column("probability", filters.probability, "<"),
            "value_greater_than": filters.column("value", filters.amount, ">"),
            "value_less_than": filters.column("value", filters.amount, "<"),
            "prospect_id": filters.contains("prospects", "id", filters.an_id),
            "prospect_email": filters.contains("prospects", "email", filters.exact),
        },
        sorts={**_BY_DATE, "probability": DESC, "value": DESC},
        missing_id=35,
    ),
    # C.17; sorting by name is in GH20 only [X].
    PardotObject(
        "tag",
        (ID, *strings("name"), *DATES),
        filters=_BY_NAME,
        sorts={**BY_DATES, "name": ASC},
    ),
    PardotObject(
        "tagObject",
        (ID, *integers("tag_id"), *strings("type"), *integers("object_id"), CREATED),
        filters={
            "tag_id": filters.by_id("tag_id"),
            "type": filters.choice("type", *_TAGGED),
            "object_id": filters.by_id("object_id")._replace(needs="type"),
        },
        sorts=_BY_DATE,
    ),
    # C.19: `account` and `timezone` are [W]; timezone goes out by switch only.
    PardotObject(
        "user",
        (
            ID,
            *strings("email first_name last_name job_title role"),
            *integers("account"),
            *strings("timezone"),
            *DATES,
        ),
        ops=frozenset({"query", "read/id", "read/email"}),
        lacks=UPDATED,
        sorts=_BY_DATE,
        missing_id=10,
    ),
    # D.6: Canceled is not among the values of `status`; limit and offset are a switch.
    PardotObject(
        "export",
        (
            ID,
            *strings("state", default="Complete"),
            *booleans("isExpired"),
            *strings("object", default="visitorActivity", hidden=True),
            *documents("resultRefs", omit_null=True, only_read=True),
            *times("createdAt updatedAt"),
        ),
        ops=frozenset({"query", "read/id", "create", "cancel/id", "downloadResults/id/file"}),
        lacks=IDS,
        filters={
            "status": filters.choice("state", "Complete", "Failed", "Processing", "Waiting"),
            "object": filters.column("object", filters.exact),
        },
        sorts=_JOB_SORTS,
        default_sort=("id", DESC),
        outputs=False,
    ),
    PardotObject(
        "import",
        (
            ID,
            *strings("state", default="Complete"),
            *booleans("isExpired"),
            *strings("origin", default="API"),
            *strings("batchesRef", omit_null=True, only_read=True),
            *integers("createdCount updatedCount", omit_null=True, only_read=True),
            *strings("errorsRef", omit_null=True, only_read=True),
            *integers("errorCount", omit_null=True, only_read=True),
            *times("createdAt updatedAt"),
        ),
        lacks=IDS,
        filters={
            "status": filters.choice("state", "Open", "Ready", "Waiting", "Processing", "Complete"),
            "origin": filters.choice("origin", "ui", "api", all_of_them="all"),
        },
        sorts=_JOB_SORTS,
        default_sort=("created_at", DESC),
        limit=20,
        max_limit=100,
        outputs=False,
    ),
)


def _with_more(item: PardotObject) -> PardotObject:
    """Return the object with its columns of version 5; queries leave out its recycle bin."""
    more = MORE.get(item.name, ())
    where = "NOT deleted" if any(one.name == "deleted" for one in more) else item.where
    return replace(item, more=more, where=where)


OBJECTS: Mapping[str, PardotObject] = {
    item.name: item for item in (*map(_with_more, (*_DECLARED, *_MAIL, *PEOPLE)), *NEW)
}
