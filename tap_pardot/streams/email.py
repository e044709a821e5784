"""E-mails, their figures and their templates.

For versions 3 and 4, the ids come from activities and clicks.
"""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Listing, Lookup, Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import (
    AUDIT,
    CAMPAIGN_ID,
    CREATED_AT,
    FOLDER_ID,
    SENDER_COLUMNS,
    TAG_REPLACEMENT_LANGUAGE,
    TRACKER_DOMAIN_ID,
    integers,
    properties,
)

_READ_BY_V4 = frozenset({"is_one_to_one", "created_at"})
_BODIES = frozenset({"message_text", "message_html"})


class Emails(PardotStream):
    """E-mails; for versions 3 and 4, those that activities or clicks name.

    Version 5 lists them, one call for 1,000; with a body selected, each costs one call more.

    For versions 3 and 4, ``list_email_id`` is that of the activities or clicks that name the
    e-mail. E-mails that were loaded before the column was selected are not read again: a full
    refresh of ``emails`` fills it.
    """

    name = "emails"
    v4 = Lookup(
        "email",
        parents={
            "visitor_activities": ("email_id", "list_email_id"),
            "email_clicks": ("list_email_id", "created_at"),
        },
    )
    v5 = (
        Query("emails", time="sent_at", append_only=True, lacks=_READ_BY_V4 | _BODIES),
        Lookup("emails", lacks=_READ_BY_V4),
    )
    v5_replication_key = "id"
    v5_named_by = Query("visitorActivity", output="bulk", params={"type": "6"}), "email_id"
    off_by_default = ("message_text", "message_html")  # they may be megabytes
    api_names = {  # noqa: RUF012
        "message_text": ("message.text",),
        "message_html": ("message.html",),
    }
    v5_names = {  # noqa: RUF012
        "message_text": ("textMessage",),
        "message_html": ("htmlMessage",),
    }

    v5_columns = properties(
        th.Property("type", th.StringType, description="Its bodies: html, text or htmlAndText."),
        th.Property("client_type", th.StringType, description="What it was made with."),
        th.Property(
            "is_operational",
            th.BooleanType,
            description="Sent to prospects who have opted out, too.",
        ),
        th.Property("sent_at", th.DateTimeType, description="When it was sent, in UTC."),
        CAMPAIGN_ID,
        *integers(
            prospect_id="Whom it was sent to.",
            email_template_id="The template; null where none was used.",
        ),
        TRACKER_DOMAIN_ID,
        FOLDER_ID,
        *integers(created_by_id="The user who made it."),
        *SENDER_COLUMNS,
    )

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="E-mail id."),
        th.Property("name", th.StringType, description="Name."),
        th.Property("subject", th.StringType, description="Subject."),
        *integers(
            list_email_id="The list e-mail, whose figures email_stats has; null for other e-mails."
        ),
        th.Property(
            "is_one_to_one", th.BooleanType, description="Sent to one prospect, not to a list."
        ),
        th.Property(
            "message_text", th.StringType, description="The text body; off unless include names it."
        ),
        th.Property(
            "message_html", th.StringType, description="The HTML body; off unless include names it."
        ),
        CREATED_AT,
    ).to_dict()


class EmailStats(PardotStream):
    """Statistics of list e-mails that activities or clicks name, or that were sent recently.

    The statistics of an e-mail change only with its activities and clicks.
    """

    name = "email_stats"
    v4 = Lookup(
        "email",
        "stats",
        key="stats",
        parents={
            "visitor_activities": ("list_email_id", "type", "created_at"),
            "email_clicks": ("list_email_id", "created_at"),
        },
    )
    v5 = Lookup(
        "list-emails",
        "stats",
        parents={
            "list_emails": ("id", "sent_at", "is_sent", "updated_at"),
            "visitor_activities": ("list_email_id", "type", "created_at"),
            "email_clicks": ("list_email_id", "created_at"),
        },
        complete_parent="list_emails",
    )
    primary_keys = ("list_email_id",)
    # A published client of the API uses the misspelt name.
    api_names = {"opt_out_rate": ("opt_out_rate", "out_out_rate")}  # noqa: RUF012

    schema = th.PropertiesList(
        th.Property("list_email_id", th.IntegerType, required=True, description="List e-mail id."),
        th.Property("sent", th.IntegerType, description="E-mails sent."),
        th.Property("delivered", th.IntegerType, description="E-mails delivered."),
        th.Property("total_clicks", th.IntegerType, description="Clicks."),
        th.Property("unique_clicks", th.IntegerType, description="Prospects who clicked."),
        th.Property("soft_bounced", th.IntegerType, description="Bounced for the moment."),
        th.Property("hard_bounced", th.IntegerType, description="Bounced for good."),
        th.Property("opt_outs", th.IntegerType, description="Prospects who opted out."),
        th.Property("spam_complaints", th.IntegerType, description="Complaints about spam."),
        th.Property("opens", th.IntegerType, description="Opens."),
        th.Property("unique_opens", th.IntegerType, description="Prospects who opened it."),
        th.Property("delivery_rate", th.NumberType, description="Percent of those sent."),
        th.Property("opens_rate", th.NumberType, description="Percent of those delivered."),
        th.Property("click_through_rate", th.NumberType, description="Percent of those delivered."),
        th.Property(
            "unique_click_through_rate", th.NumberType, description="Percent of those delivered."
        ),
        th.Property("click_open_ratio", th.NumberType, description="Clicks by opens, in percent."),
        th.Property("opt_out_rate", th.NumberType, description="Percent of those delivered."),
        th.Property(
            "spam_complaint_rate", th.NumberType, description="Percent of those delivered."
        ),
        th.Property("read_at", th.DateTimeType, description="When the figures were true, in UTC."),
    ).to_dict()


class EmailTemplates(PardotStream):
    """Templates.

    For versions 3 and 4: all for one-to-one e-mails, and those that activities or clicks name.
    Version 5 lists all, one call for 100.
    """

    name = "email_templates"
    v4 = Lookup(
        "emailTemplate",
        parents={
            "visitor_activities": ("email_template_id",),
            "email_clicks": ("email_template_id", "created_at"),
        },
        params={"archived": "true"},
        listing=Listing(
            "emailTemplate",
            "listOneToOne",
            ("emailTemplates", "templates"),
            {"archived": "true"},
        ),
    )
    v5 = Query(
        "email-templates",
        deleted=True,
        page_size=100,  # the bodies of 1,000 templates could exceed the largest answer
        lacks=frozenset(
            {
                *("from_name", "tracked_html_message", "tracked_text_message", "email_type"),
                *("send_options_reply_to_address", "send_options_send_from_data"),
            }
        ),
    )
    v5_replication_key = "updated_at"
    api_names = {  # noqa: RUF012
        "send_options_reply_to_address": ("sendOptions.replyToAddress",),
        "send_options_send_from_data": ("sendFromData",),
    }
    v5_names = {"is_archived": ("isDeleted",)}  # noqa: RUF012
    v5_notes = {  # noqa: RUF012
        "is_archived": "In version 5 the field is isDeleted.",
        "type": "3 was seen in versions 3 and 4 without a meaning; version 5 has no word for it.",
    }
    v5_values = {"type": {"text": 0, "html": 1, "htmlandtext": 2}}  # noqa: RUF012

    v5_columns = properties(
        FOLDER_ID,
        CAMPAIGN_ID,
        TRACKER_DOMAIN_ID,
        TAG_REPLACEMENT_LANGUAGE,
        *SENDER_COLUMNS,
        *AUDIT,
    )

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="E-mail template id."),
        th.Property("name", th.StringType, description="Name."),
        th.Property("subject", th.StringType, description="Subject."),
        th.Property("from_name", th.StringType, description="Name of the sender."),
        th.Property("html_message", th.StringType, description="The HTML body."),
        th.Property("text_message", th.StringType, description="The text body."),
        th.Property("tracked_html_message", th.StringType, description="HTML with tracked links."),
        th.Property("tracked_text_message", th.StringType, description="Text with tracked links."),
        th.Property("is_one_to_one_email", th.BooleanType, description="For one-to-one e-mails."),
        th.Property("is_auto_responder_email", th.BooleanType, description="For autoresponders."),
        th.Property("is_drip_email", th.BooleanType, description="For engagement programs."),
        th.Property("is_list_email", th.BooleanType, description="For list e-mails."),
        th.Property("is_archived", th.BooleanType, description="In the recycle bin."),
        th.Property("email_type", th.IntegerType, description="Kind of e-mail, as a number."),
        th.Property("type", th.IntegerType, description="0 text, 1 HTML, 2 both."),
        th.Property(
            "send_options_reply_to_address", th.StringType, description="Where replies go."
        ),
        th.Property(
            "send_options_send_from_data",
            th.ArrayType(th.AnyType()),
            description="The senders to try, in their order.",
        ),
    ).to_dict()
