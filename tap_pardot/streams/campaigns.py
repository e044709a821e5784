"""Campaigns, and the stages of the lifecycle."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Query
from tap_pardot.streams.base import PardotStream


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
