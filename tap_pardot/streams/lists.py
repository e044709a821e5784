"""Lists of prospects, and who is on them."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Export, Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import (
    BY,
    CAMPAIGN_ID,
    CREATED_AT,
    FOLDER_ID,
    IS_DELETED,
    UPDATED_AT,
    properties,
)


class Lists(PardotStream):
    """Lists, static and dynamic.

    ``updated_at`` says nothing about members: see ``list_memberships``.
    """

    name = "lists"
    v4 = Query("list")
    v5 = Query("lists", deleted=True, lacks=frozenset({"is_crm_visible"}))
    replication_key = "updated_at"

    v5_columns = properties(FOLDER_ID, CAMPAIGN_ID, IS_DELETED, *BY)

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


class ListMemberships(PardotStream):
    """Which prospect is on which list."""

    name = "list_memberships"
    v4 = Export("listMembership", deleted=True), Query("listMembership", deleted=True)
    v5 = Query("list-memberships", deleted=True)
    replication_key = "updated_at"

    v5_columns = properties(*BY)
    v5_off = frozenset(v5_columns)  # exports lack them

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Membership id."),
        th.Property("list_id", th.IntegerType, description="The list."),
        th.Property("prospect_id", th.IntegerType, description="The member."),
        th.Property("opted_out", th.BooleanType, description="Opted out of this list."),
        CREATED_AT,
        UPDATED_AT,
        IS_DELETED,
    ).to_dict()
