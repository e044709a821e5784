"""Campaigns, and the stages of the lifecycle."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import (
    AUDIT,
    CREATED_AT,
    FOLDER_ID,
    IS_DELETED,
    SALESFORCE_ID,
    UPDATED_AT,
    properties,
)


class Campaigns(PardotStream):
    """Campaigns.

    Versions 3 and 4 filter them by the time of their change but do not report it, so they are read
    whole unless the catalog asks for INCREMENTAL.
    """

    name = "campaigns"
    v4 = Query("campaign")
    v5 = Query("campaigns", deleted=True)
    v5_replication_key = "updated_at"

    v5_columns = properties(
        FOLDER_ID,
        th.Property("parent_campaign_id", th.IntegerType, description="The campaign above it."),
        SALESFORCE_ID,
        IS_DELETED,
        *AUDIT,
    )

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Campaign id."),
        th.Property("name", th.StringType, description="Name."),
        th.Property("cost", th.NumberType, description="Cost in the account's currency."),
    ).to_dict()


class LifecycleStages(PardotStream):
    """Stages of the lifecycle, in their order. Versions 3 and 4 report no dates of them."""

    name = "lifecycle_stages"
    v4 = Query("lifecycleStage", time=None, created=False)
    v5 = Query("lifecycle-stages", time=None, deleted=True)

    v5_columns = properties(
        th.Property(
            "match_type", th.StringType, description="Whether all of its rules must match, or any."
        ),
        IS_DELETED,
        CREATED_AT,
        UPDATED_AT,
    )

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Stage id."),
        th.Property("name", th.StringType, description="Name."),
        th.Property("position", th.IntegerType, description="Place in the order of stages."),
        th.Property("is_locked", th.BooleanType, description="Whether the stage is locked."),
    ).to_dict()
