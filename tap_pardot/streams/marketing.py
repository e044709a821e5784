"""How an account sorts its prospects: campaigns, lists, tags, lifecycle stages."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import CREATED_AT, UPDATED_AT


class Campaigns(PardotStream):
    """Campaigns.

    Pardot filters them by the time of their change but does not report it, so they are read whole
    unless the catalog asks for INCREMENTAL.
    """

    name = "campaigns"
    v4 = Query("campaign")

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Campaign id."),
        th.Property("name", th.StringType, description="Name."),
        th.Property("cost", th.NumberType, description="Cost in the account's currency."),
    ).to_dict()


class LifecycleStages(PardotStream):
    """Stages of the lifecycle, in their order. They carry no dates at all."""

    name = "lifecycle_stages"
    v4 = Query("lifecycleStage", time=None, created=False)

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Stage id."),
        th.Property("name", th.StringType, description="Name."),
        th.Property("position", th.IntegerType, description="Place in the order of stages."),
        th.Property("is_locked", th.BooleanType, description="Whether the stage is locked."),
    ).to_dict()


class Lists(PardotStream):
    """Lists, static and dynamic.

    ``updated_at`` says nothing about members: see ``list_memberships``.
    """

    name = "lists"
    v4 = Query("list")
    replication_key = "updated_at"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="List id."),
        th.Property("name", th.StringType, description="Internal name."),
        th.Property(
            "is_public", th.BooleanType, description="Shown on the e-mail preference page."
        ),
        th.Property("is_dynamic", th.BooleanType, description="Members are chosen by rules."),
        th.Property("title", th.StringType, description="Name that prospects see."),
        th.Property("description", th.StringType, description="Description that prospects see."),
        th.Property("is_crm_visible", th.BooleanType, description="Visible in Salesforce."),
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()


class Tags(PardotStream):
    """Tags. ``tag_objects`` has the objects that they are on."""

    name = "tags"
    v4 = Query("tag")
    replication_key = "updated_at"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Tag id."),
        th.Property("name", th.StringType, description="Name."),
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()
