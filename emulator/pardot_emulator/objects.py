"""What the emulator serves: every object with its columns, filters and sorts, declared once.

Columns follow reference part C, filters and sorts its matrix C.0. Where the reference marks a
contradiction [X], the wider or later form is declared and the line says so.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pardot_emulator.objects_email import MAIL
from pardot_emulator.objects_people import PEOPLE
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
    flags,
    integers,
    sources,
    strings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

BY_DATE = MappingProxyType({"created_at": DESC, "id": ASC})
BY_DATES = MappingProxyType({"created_at": DESC, "id": ASC, "updated_at": DESC})
BY_NAME = MappingProxyType({"name": Filter(Match.EXACT, "name")})

TAG_OBJECT_TYPES = (
    *("Automation", "Block", "Campaign", "Competitor", "Prospect Custom Field", "Custom URL"),
    *("Drip Program", "Email", "Email Draft", "Email Template", "Email Template Draft", "File"),
    *("Form", "Form Field", "Form Handler", "Group", "Keyword", "Landing Page"),
    *("Layout Template", "List", "Opportunity", "Paid Search Campaign", "Personalization"),
    *("Profile", "Prospect", "Prospect Default Field", "Segmentation Rule", "Site"),
    *("Site Search", "Social Message", "User", "Dynamic Content", "Engagement Program"),
)


_CLICK_SOURCES = (
    *("list_email_id", "drip_program_action_id"),
    *("email_template_id", "tracker_redirect_id"),
)

_DECLARED = (
    # C.1; created_at and updated_at are in the example, not in the field reference [X].
    PardotObject(
        "account",
        (
            ID,
            *strings("company", "level", "website", "vanity_domain"),
            Column("plugin_campaign_id", Kind.INTEGER),
            *strings("tracking_code_template", "address1", "address2", "city", "state"),
            *strings("territory", "zip", "country", "phone", "fax"),
            CREATED,
            UPDATED,
        ),
        ops=frozenset({"read"}),
    ),
    # C.2: filters and sorts by times that never come back.
    PardotObject(
        "campaign",
        (
            ID,
            *strings("name"),
            Column("cost", Kind.INTEGER),
            Column("created_at", Kind.TIMESTAMP, hidden=True),
            Column("updated_at", Kind.TIMESTAMP, hidden=True),
        ),
        updated=True,
        filters=BY_NAME,
        sorts={**BY_DATES, "name": ASC, "cost": DESC},
        missing_id=38,
    ),
    # C.3; the parameter row says created_at, id, probability, value [X]: the table is served.
    PardotObject(
        "customField",
        (
            ID,
            *strings("name", "field_id", "type"),
            Column("type_id", Kind.INTEGER),
            *strings("crm_id"),
            *flags("is_record_multiple_responses", "is_use_values", "is_analytics_synced"),
            CREATED,
            UPDATED,
        ),
        sorts={**BY_DATE, "name": ASC},
    ),
    # C.4; the sort_by row leaves out updated_at [X]: the table is served.
    PardotObject(
        "customRedirect",
        (ID, *strings("name", "url", "destination_url"), CAMPAIGN, CREATED, UPDATED),
        updated=True,
        sorts=BY_DATES,
    ),
    PardotObject(
        "dynamicContent",
        (
            ID,
            *strings("name", "embedCode", "embedUrl", "baseContent", "basedOn"),
            Column("variation", Kind.JSON, nested=True),
            CREATED,
            UPDATED,
        ),
        updated=True,
        sorts=BY_DATES,
    ),
    # C.7: sort_by=id is accepted [W TAP, AIRB]; id_less_than and offset are a switch.
    PardotObject(
        "emailClick",
        (ID, *integers("prospect_id"), *strings("url"), *sources(*_CLICK_SOURCES), CREATED),
        ops=frozenset({"query"}),
        id_less_than=False,
        offset=False,
        filters={name: Filter(Match.IDS, name) for name in _CLICK_SOURCES},
        sorts={"id": ASC},
        mobile_unlimited=False,
    ),
    # C.9, response names (embedCode, campaign{}) rather than those of the field reference [X].
    PardotObject(
        "form",
        (ID, *strings("name"), CAMPAIGN, *strings("embedCode"), CREATED, UPDATED),
        updated=True,
        sorts=BY_DATES,
    ),
    # C.10; GH20 has created_at ascending [X].
    PardotObject(
        "lifecycleHistory",
        (
            ID,
            *integers("prospect_id", "previous_stage_id", "next_stage_id", "seconds_elapsed"),
            CREATED,
        ),
        sorts=BY_DATE,
    ),
    # C.11: no dates at all; GH20 has position ascending [X].
    PardotObject(
        "lifecycleStage",
        (ID, *strings("name"), Column("position", Kind.INTEGER), *flags("is_locked")),
        ops=frozenset({"query"}),
        created=False,
        sorts={"position": DESC, "id": ASC},
    ),
    PardotObject(
        "list",
        (
            ID,
            *strings("name"),
            *flags("is_public", "is_dynamic"),
            *strings("title", "description"),
            *flags("is_crm_visible"),
            CREATED,
            UPDATED,
        ),
        updated=True,
        filters=BY_NAME,
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
            Column("probability", Kind.INTEGER),
            *strings("type", "stage", "status"),
            Column("closed_at", Kind.TIMESTAMP, omit_null=True),
            CREATED,
            UPDATED,
            CAMPAIGN,
            Column("prospects", Kind.JSON, nested=True),
            Column(
                "opportunity_activities", Kind.JSON, nested=True, only_read=True, only_full=True
            ),
        ),
        filters={
            "probability_greater_than": Filter(Match.PROBABILITY, "probability", ">"),
            "probability_less_than": Filter(Match.PROBABILITY, "probability", "<"),
            "value_greater_than": Filter(Match.VALUE, "value", ">"),
            "value_less_than": Filter(Match.VALUE, "value", "<"),
            "prospect_id": Filter(Match.PROSPECT_ID, "prospects"),
            "prospect_email": Filter(Match.PROSPECT_EMAIL, "prospects"),
        },
        sorts={**BY_DATE, "probability": DESC, "value": DESC},
        missing_id=35,
    ),
    # C.17; sorting by name is in GH20 only [X].
    PardotObject(
        "tag",
        (ID, *strings("name"), CREATED, UPDATED),
        updated=True,
        filters=BY_NAME,
        sorts={**BY_DATES, "name": ASC},
    ),
    PardotObject(
        "tagObject",
        (ID, *integers("tag_id"), *strings("type"), *integers("object_id"), CREATED),
        filters={
            "tag_id": Filter(Match.ID, "tag_id"),
            "type": Filter(Match.CHOICE, "type", choices=TAG_OBJECT_TYPES),
            "object_id": Filter(Match.ID, "object_id", needs="type"),
        },
        sorts=BY_DATE,
    ),
    # C.19: `account` and `timezone` are [W]; timezone goes out by switch only.
    PardotObject(
        "user",
        (
            ID,
            *strings("email", "first_name", "last_name", "job_title", "role"),
            Column("account", Kind.INTEGER),
            *strings("timezone"),
            CREATED,
            UPDATED,
        ),
        ops=frozenset({"query", "read/id", "read/email"}),
        sorts=BY_DATE,
        missing_id=10,
    ),
    # D.6: Canceled is not among the values of `status`; limit and offset are a switch.
    PardotObject(
        "export",
        (
            ID,
            Column("state", Kind.STRING, default="Complete"),
            Column("isExpired", Kind.BOOLEAN, default=False),
            Column("object", Kind.STRING, default="visitorActivity", hidden=True),
            Column("resultRefs", Kind.JSON, omit_null=True, only_read=True),
            Column("createdAt", Kind.TIMESTAMP),
            Column("updatedAt", Kind.TIMESTAMP),
        ),
        ops=frozenset({"query", "read/id", "create", "cancel/id", "downloadResults/id/file"}),
        updated=True,
        id_greater_than=False,
        id_less_than=False,
        filters={
            "status": Filter(
                Match.CHOICE, "state", choices=("Complete", "Failed", "Processing", "Waiting")
            ),
            "object": Filter(Match.EXACT, "object"),
        },
        sorts={"id": DESC, "created_at": DESC, "updated_at": DESC},
        default_sort=("id", DESC),
        outputs=False,
    ),
    PardotObject(
        "import",
        (
            ID,
            Column("state", Kind.STRING, default="Complete"),
            Column("isExpired", Kind.BOOLEAN, default=False),
            Column("origin", Kind.STRING, default="API"),
            Column("batchesRef", Kind.STRING, omit_null=True, only_read=True),
            Column("createdCount", Kind.INTEGER, omit_null=True, only_read=True),
            Column("updatedCount", Kind.INTEGER, omit_null=True, only_read=True),
            Column("errorsRef", Kind.STRING, omit_null=True, only_read=True),
            Column("errorCount", Kind.INTEGER, omit_null=True, only_read=True),
            Column("createdAt", Kind.TIMESTAMP),
            Column("updatedAt", Kind.TIMESTAMP),
        ),
        updated=True,
        id_greater_than=False,
        id_less_than=False,
        filters={
            "status": Filter(
                Match.CHOICE,
                "state",
                choices=("Open", "Ready", "Waiting", "Processing", "Complete"),
            ),
            "origin": Filter(
                Match.CHOICE, "origin", choices=("ui", "api", "all"), any_choice="all"
            ),
        },
        sorts={"id": DESC, "created_at": DESC, "updated_at": DESC},
        default_sort=("created_at", DESC),
        limit=20,
        max_limit=100,
        outputs=False,
    ),
)

OBJECTS: Mapping[str, PardotObject] = MappingProxyType(
    {item.name: item for item in (*_DECLARED, *MAIL, *PEOPLE)}
)
