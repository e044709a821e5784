"""Visitors: browsers that visited the account's pages."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Export, Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import CREATED_AT, IS_DELETED, UPDATED_AT, UTM_PARAMETERS


class Visitors(PardotStream):
    """Visitors, known and anonymous."""

    name = "visitors"
    v4 = (
        Export("visitor", deleted=True),
        # No document says whether exports have anonymous visitors (reference D.8.6).
        Query(
            "visitor",
            fields=True,
            params={"only_identified": "false"},
            identified={"only_identified": "true"},
        ),
    )
    replication_key = "updated_at"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Visitor id."),
        th.Property("page_view_count", th.IntegerType, description="Pages viewed."),
        th.Property("ip_address", th.StringType, description="Address of the browser."),
        th.Property("hostname", th.StringType, description="Host name of the address."),
        *UTM_PARAMETERS,
        CREATED_AT,
        UPDATED_AT,
        IS_DELETED,
    ).to_dict()
