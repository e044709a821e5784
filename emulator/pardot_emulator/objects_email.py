"""E-mail and visits, which are found through other objects only: declared as in `objects`.

None of them can be listed: ids of e-mails and templates come from activities and clicks, visits
are asked for by lists of ids (reference C.6, C.8, C.20).
"""

from __future__ import annotations

from pardot_emulator import filters
from pardot_emulator.schema import (
    CREATED,
    CREATION,
    DATES,
    ID,
    IDS,
    PARAMETERS,
    UPDATED,
    PardotObject,
    booleans,
    documents,
    flags,
    integers,
    strings,
    times,
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
# What a row of `emailStats` holds for a figure that is counted.
COMPUTED = "computed"

_VISIT_LISTS = {"ids": "id", "visitor_ids": "visitor_id", "prospect_ids": "prospect_id"}

MAIL = (
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
