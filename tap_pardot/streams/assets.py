"""What prospects see: forms, tracked links, dynamic content."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import CAMPAIGN_COLUMNS, CAMPAIGN_NAMES, CREATED_AT, UPDATED_AT


class CustomRedirects(PardotStream):
    """Tracked links on pages outside Pardot."""

    name = "custom_redirects"
    v4 = Query("customRedirect")
    replication_key = "updated_at"

    # The field reference and the answers name these differently (reference C.4).
    api_names = CAMPAIGN_NAMES | {
        "url": ("url", "Url"),
        "destination_url": ("destination_url", "destination"),
    }

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Custom redirect id."),
        th.Property("name", th.StringType, description="Name."),
        th.Property("url", th.StringType, description="The tracked short address."),
        th.Property("destination_url", th.StringType, description="Where it leads."),
        *CAMPAIGN_COLUMNS,
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()


class DynamicContents(PardotStream):
    """Content that changes with the prospect who sees it."""

    name = "dynamic_contents"
    v4 = Query("dynamicContent")
    replication_key = "updated_at"

    api_names = {"variations": ("variation", "variations.variation")}  # noqa: RUF012

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Dynamic content id."),
        th.Property("name", th.StringType, description="Name."),
        th.Property("embed_code", th.StringType, description="HTML to put into a page."),
        th.Property("embed_url", th.StringType, description="Address of the content."),
        th.Property("base_content", th.StringType, description="Default content, HTML."),
        th.Property(
            "based_on", th.StringType, description="The prospect field that decides what is shown."
        ),
        th.Property(
            "variations",
            th.ArrayType(
                th.ObjectType(
                    th.Property(
                        "comparison", th.StringType, description="When it is shown: 'is SMB'."
                    ),
                    th.Property("content", th.StringType, description="What is shown, HTML."),
                )
            ),
            description="What is shown to whom.",
        ),
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()


class Forms(PardotStream):
    """Forms."""

    name = "forms"
    v4 = Query("form")
    replication_key = "updated_at"

    api_names = CAMPAIGN_NAMES

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Form id."),
        th.Property("name", th.StringType, description="Name."),
        *CAMPAIGN_COLUMNS,
        th.Property("embed_code", th.StringType, description="HTML to put into a page."),
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()
