"""Lists of prospects."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Export, Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import CREATED_AT, IS_DELETED, UPDATED_AT


class ListMemberships(PardotStream):
    """Which prospect is on which list."""

    name = "list_memberships"
    v4 = Export("listMembership", deleted=True), Query("listMembership", deleted=True)
    replication_key = "updated_at"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Membership id."),
        th.Property("list_id", th.IntegerType, description="The list."),
        th.Property("prospect_id", th.IntegerType, description="The member."),
        th.Property("opted_out", th.BooleanType, description="Opted out of this list."),
        CREATED_AT,
        UPDATED_AT,
        IS_DELETED,
    ).to_dict()
