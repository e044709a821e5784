"""List e-mails, and the lists that they are sent to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_pardot.api.dialect import Lookup, Query
from tap_pardot.records.values import as_list
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import (
    AUDIT,
    CAMPAIGN_ID,
    FOLDER_ID,
    IS_DELETED,
    SENDER_COLUMNS,
    TRACKER_DOMAIN_ID,
    booleans,
    integers,
    strings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BODIES = frozenset({"html_message", "text_message"})


class ListEmails(PardotStream):
    """E-mails to lists: drafts, scheduled and sent ones.

    ``updated_at`` says nothing about clicks and opens: see ``email_stats``. ``sent_at`` lies ahead
    where an e-mail is scheduled. One call lists 1,000; with a body selected, each costs one call
    more.
    """

    name = "list_emails"
    v5 = Query("list-emails", deleted=True, lacks=_BODIES), Lookup("list-emails")
    replication_key = "updated_at"

    v5_off = _BODIES

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="List e-mail id."),
        *strings(
            name="Name.",
            subject="Subject.",
            type="Its bodies: html, text or htmlAndText.",
            client_type="What it was made with: Builder or Web.",
        ),
        *booleans(
            is_operational="Sent to prospects who have opted out, too.",
            is_paused="Sending is paused.",
            is_sent="It was sent.",
        ),
        IS_DELETED,
        th.Property("sent_at", th.DateTimeType, description="When it was or will be sent, in UTC."),
        CAMPAIGN_ID,
        *integers(email_template_id="The template; null where none was used."),
        TRACKER_DOMAIN_ID,
        FOLDER_ID,
        *SENDER_COLUMNS,
        *strings(
            html_message="The HTML body; off unless include names it.",
            text_message="The text body; off unless include names it.",
        ),
        *AUDIT,
    ).to_dict()


def lists_of(list_email: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each list that a list e-mail is sent to, or that is kept from it.

    A list without an id is left out.
    """
    for role in ("recipient", "suppression"):
        for each in as_list(list_email.get(f"{role}Lists") or None):
            number = each.get("id") if isinstance(each, dict) else each
            if number is not None:
                yield {
                    "list_email_id": list_email.get("id"),
                    "list_id": number,
                    "role": role,
                    "list_email_updated_at": list_email.get("updatedAt"),
                }


class ListEmailLists(PardotStream):
    """Which list gets which list e-mail, and which list is kept from it.

    Off unless selected: each new or changed list e-mail costs one call. A list that was taken off
    an e-mail has no row of its newest ``list_email_updated_at``.
    """

    name = "list_email_lists"
    selected_by_default = False
    v5 = Lookup(
        "list-emails",
        parents={"list_emails": ("id", "updated_at")},
        params={"fields": "id,updatedAt,recipientLists,suppressionLists"},
        rows_of=lists_of,
    )
    primary_keys = ("list_email_id", "list_id", "role")

    schema = th.PropertiesList(
        th.Property("list_email_id", th.IntegerType, required=True, description="The list e-mail."),
        th.Property("list_id", th.IntegerType, required=True, description="The list."),
        th.Property(
            "role",
            th.StringType,
            required=True,
            description="recipient: the list gets it; suppression: its members do not.",
        ),
        th.Property(
            "list_email_updated_at",
            th.DateTimeType,
            description="When the list e-mail had last changed that named the list, in UTC.",
        ),
    ).to_dict()
