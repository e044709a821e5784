"""What happened, once and for all: rows that never change."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Query
from tap_pardot.streams.base import PardotStream


class EmailClicks(PardotStream):
    """Clicks on links in e-mails, with the e-mail each belongs to."""

    name = "email_clicks"
    v4 = (
        # Without the count of all matches: it is slow on millions of clicks (reference A.5).
        Query("emailClick", time="created_at", append_only=True, output="bulk"),
    )
    replication_key = "id"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Id; grows with time."),
        th.Property("prospect_id", th.IntegerType, description="Who clicked."),
        th.Property("url", th.StringType, description="The link's target."),
        th.Property(
            "list_email_id", th.IntegerType, description="The list e-mail; null for other e-mails."
        ),
        th.Property(
            "drip_program_action_id",
            th.IntegerType,
            description="The engagement program's action; null for other e-mails.",
        ),
        th.Property(
            "email_template_id",
            th.IntegerType,
            description="The template; null where none was used.",
        ),
        th.Property(
            "tracker_redirect_id", th.IntegerType, description="The tracked link that was clicked."
        ),
        th.Property("created_at", th.DateTimeType, description="When, in UTC."),
    ).to_dict()


class LifecycleHistories(PardotStream):
    """Prospects' moves from one lifecycle stage to another."""

    name = "lifecycle_histories"
    v4 = Query("lifecycleHistory", time="created_at", append_only=True)
    replication_key = "id"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Id; grows with time."),
        th.Property("prospect_id", th.IntegerType, description="Who moved."),
        th.Property(
            "previous_stage_id", th.IntegerType, description="Stage before; null for the first."
        ),
        th.Property("next_stage_id", th.IntegerType, description="Stage after."),
        th.Property(
            "seconds_elapsed", th.IntegerType, description="Seconds spent in the stage before."
        ),
        th.Property("created_at", th.DateTimeType, description="When, in UTC."),
    ).to_dict()


class TagObjects(PardotStream):
    """What each tag is on."""

    name = "tag_objects"
    v4 = Query("tagObject", time="created_at", append_only=True)
    replication_key = "id"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Id; grows with time."),
        th.Property("tag_id", th.IntegerType, description="The tag."),
        th.Property(
            "type", th.StringType, description="Kind of the tagged object: Prospect, List, ..."
        ),
        th.Property("object_id", th.IntegerType, description="Id of the tagged object."),
        th.Property("created_at", th.DateTimeType, description="When it was tagged, in UTC."),
    ).to_dict()
