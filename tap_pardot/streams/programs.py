"""Engagement Studio programs."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import (
    AUDIT,
    FOLDER_ID,
    IS_DELETED,
    SALESFORCE_ID,
    integers,
    strings,
    times,
)


class EngagementStudioPrograms(PardotStream):
    """Programs of Engagement Studio, with their lists and schedules, without their steps."""

    name = "engagement_studio_programs"
    v5 = Query("engagement-studio-programs", deleted=True, is_documented=False)
    replication_key = "updated_at"

    v5_values = {"status": {}}  # noqa: RUF012

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Program id."),
        *strings(
            name="Name.",
            description="Description.",
            status="draft, running, paused, starting, scheduled.",
        ),
        SALESFORCE_ID,
        FOLDER_ID,
        IS_DELETED,
        th.Property(
            "recipient_list_ids",
            th.ArrayType(th.IntegerType),
            description="The lists whose members enter.",
        ),
        th.Property(
            "suppression_list_ids",
            th.ArrayType(th.IntegerType),
            description="The lists whose members stay out.",
        ),
        th.Property(
            "business_hours",
            th.ObjectType(
                th.Property("days", th.ArrayType(th.StringType), description="Days of the week."),
                *strings(
                    start_time="First time of the day.",
                    end_time="Last time of the day.",
                    timezone="Time zone of these times.",
                ),
            ),
            description="When e-mails may be sent.",
        ),
        th.Property(
            "prospects_multiple_entry",
            th.ObjectType(
                *integers(
                    maximum_entries="How often a prospect may enter.",
                    minimum_duration_in_days="Days before a prospect may enter again.",
                ),
            ),
            description="Whether prospects may enter more than once.",
        ),
        th.Property(
            "schedule",
            th.ObjectType(
                *times(
                    created_at="When it was scheduled, in UTC.",
                    start_on="When the program starts, in UTC.",
                    stop_on="When the program stops, in UTC.",
                ),
            ),
            description="When the program runs.",
        ),
        *integers(schedule_created_by_id="The user who scheduled it."),
        *AUDIT,
    ).to_dict()
