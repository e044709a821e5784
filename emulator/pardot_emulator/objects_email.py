"""E-mail and visits, which are found through other objects only: declared as in `objects`.

None of them can be listed: ids of e-mails and templates come from activities and clicks, visits
are asked for by id lists (reference C.6, C.8, C.20).
"""

from __future__ import annotations

from pardot_emulator.schema import (
    CREATED,
    ID,
    UPDATED,
    Column,
    Filter,
    Kind,
    Match,
    PardotObject,
    hidden,
    integers,
    strings,
)

# C.6 in the order of the sample in G: counts, then rates.
STATS_COUNTS = (
    *("sent", "delivered", "total_clicks", "unique_clicks", "soft_bounced", "hard_bounced"),
    *("opt_outs", "spam_complaints", "opens", "unique_opens"),
)
STATS_RATES = (
    *("delivery_rate", "opens_rate", "click_through_rate", "unique_click_through_rate"),
    *("click_open_ratio", "opt_out_rate", "spam_complaint_rate"),
)
# What a row of `emailStats` holds for a figure it leaves to be counted.
COMPUTED = "computed"

_VISIT_LISTS = ("ids", "visitor_ids", "prospect_ids")


def _read_only(*columns: Column) -> tuple[Column, ...]:
    """Say that ``listOneToOne`` leaves these out."""
    return tuple(Column(one.name, one.kind, only_read=True) for one in columns)


def _flags(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.FLAG) for name in names)


MAIL = (
    # C.6: no query; the two sends are POST only. `list_email_id` is what statistics and the rows
    # of activities and clicks call a list e-mail; the record of the API does not tell it.
    PardotObject(
        "email",
        (
            ID,
            *strings("name"),
            Column("isOneToOne", Kind.BOOLEAN, default=False),
            *strings("subject"),
            Column("message", Kind.JSON),
            CREATED,
            *hidden(Kind.INTEGER, "list_email_id"),
        ),
        ops=frozenset(
            {"read/id", "stats/id", "send", "send/prospect_id", "send/prospect_email"},
        ),
    ),
    # No object of the API, so every path is 198: figures that a test wants sent in place of those
    # counted from activities and clicks. The id is a list e-mail's.
    PardotObject(
        "emailStats",
        (
            ID,
            *(Column(name, Kind.JSON, default=COMPUTED) for name in (*STATS_COUNTS, *STATS_RATES)),
        ),
        ops=frozenset(),
        created=False,
    ),
    # C.8: no times, no query, flags as 1, 0 or null (A.6). `sendFromData` is text that holds JSON.
    PardotObject(
        "emailTemplate",
        (
            *_read_only(Column("sendOptions", Kind.JSON)),
            ID,
            *strings("name"),
            *_read_only(*strings("htmlMessage", "textMessage")),
            *_flags("isOneToOneEmail", "isArchived", "isAutoResponderEmail", "isDripEmail"),
            *_flags("isListEmail"),
            *strings("subject"),
            *_read_only(*strings("trackedHtmlMessage", "trackedTextMessage")),
            *strings("fromName"),
            *integers("emailType", "type"),
        ),
        ops=frozenset({"read/id", "listOneToOne"}),
        created=False,
        outputs=False,
        missing_id=86,
    ),
    # C.20: no dates, no sorts; bulk rows keep their page views (A.5 [W TAP]).
    PardotObject(
        "visit",
        (
            ID,
            *integers("visitor_id", "prospect_id", "visitor_page_view_count"),
            Column("first_visitor_page_view_at", Kind.TIMESTAMP),
            Column("last_visitor_page_view_at", Kind.TIMESTAMP),
            *integers("duration_in_seconds"),
            *strings("campaign_parameter", "medium_parameter", "source_parameter"),
            *strings("content_parameter", "term_parameter"),
            CREATED,
            UPDATED,
            Column("visitor_page_views", Kind.JSON, timed=True),
        ),
        created=False,
        id_greater_than=False,
        id_less_than=False,
        filters={
            "ids": Filter(Match.IDS, "id"),
            "visitor_ids": Filter(Match.IDS, "visitor_id"),
            "prospect_ids": Filter(Match.IDS, "prospect_id"),
        },
        exclusive=frozenset(_VISIT_LISTS),
        required=frozenset(_VISIT_LISTS),
        missing_id=48,
    ),
)
