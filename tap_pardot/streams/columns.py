"""Columns that many streams share, and short forms for columns of one type."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

CREATED_AT = th.Property("created_at", th.DateTimeType, description="When it was made, in UTC.")
UPDATED_AT = th.Property("updated_at", th.DateTimeType, description="When it last changed, in UTC.")
IS_DELETED = th.Property(
    "is_deleted", th.BooleanType, description="Whether it is in the recycle bin."
)
BY = (
    th.Property("created_by_id", th.IntegerType, description="The user who made it."),
    th.Property("updated_by_id", th.IntegerType, description="The user who last changed it."),
)
AUDIT = (CREATED_AT, UPDATED_AT, *BY)
"""When it was made and changed, and by whom: columns of most objects of version 5."""

SALESFORCE_ID = th.Property("salesforce_id", th.StringType, description="Its id in Salesforce.")
SALESFORCE_CMS_ID = th.Property(
    "salesforce_cms_id",
    th.StringType,
    description="Its id in Salesforce CMS; some accounts lack the field.",
)
FOLDER_ID = th.Property("folder_id", th.IntegerType, description="Its folder.")
TRACKER_DOMAIN_ID = th.Property(
    "tracker_domain_id", th.IntegerType, description="The domain of its links."
)
VANITY_URL = (
    th.Property("vanity_url", th.StringType, description="Its readable address."),
    th.Property("vanity_url_path", th.StringType, description="The path of that address."),
)
BITLY = (
    th.Property("bitly_short_url", th.StringType, description="Its short address at Bitly."),
    th.Property(
        "bitly_is_personalized",
        th.BooleanType,
        description="Whether the short address is made for each prospect.",
    ),
)
TAG_REPLACEMENT_LANGUAGE = th.Property(
    "tag_replacement_language",
    th.StringType,
    description="Language of its merge fields: PML, HML or undetermined.",
)
CAMPAIGN_ID = th.Property("campaign_id", th.IntegerType, description="Its campaign.")
CAMPAIGN_COLUMNS = (
    CAMPAIGN_ID,
    th.Property("campaign_name", th.StringType, description="Name of its campaign."),
)
CAMPAIGN_NAMES = {
    "campaign_id": ("campaign.id", "campaign_id"),
    "campaign_name": ("campaign.name",),
}
"""The API names of the campaign columns. ``campaign`` is an object, or only ``campaign_id`` comes,
depending on the parameter ``output`` (reference A.5)."""

CAMPAIGN_V5_NAMES = {"campaign_name": ("campaign.name",)}
"""The names of the campaign columns in version 5, where they are not camelCase of the column."""

UTM_PARAMETERS = tuple(
    th.Property(f"{name}_parameter", th.StringType, description=f"utm_{name} of the link.")
    for name in ("campaign", "medium", "source", "content", "term")
)


def _options(name: str, description: str) -> th.Property[Any]:
    """Return a column of the addresses that an e-mail may use."""
    option = th.ObjectType(
        th.Property("type", th.StringType, description="Whose address it is."),
        th.Property("address", th.StringType, description="The address, where it is fixed."),
        th.Property("name", th.StringType, description="The name beside a fixed address."),
        th.Property("user_id", th.IntegerType, description="The user, where it is a user's."),
        th.Property(
            "prospect_custom_field_id",
            th.IntegerType,
            description="The prospect's custom field that names the user.",
        ),
        th.Property(
            "account_custom_field_id",
            th.IntegerType,
            description="The prospect account's custom field that names the user.",
        ),
    )
    return th.Property(name, th.ArrayType(option), description=description)


SENDER_COLUMNS = (
    _options("sender_options", "The senders to try, in their order."),
    _options("reply_to_options", "Where replies go: the addresses to try, in their order."),
)


def properties(*columns: th.Property[Any]) -> dict[str, Any]:
    """Return the JSON Schema of some columns, by column."""
    found: dict[str, Any] = th.PropertiesList(*columns).to_dict()["properties"]
    return found


def integers(**columns: str) -> list[th.Property[Any]]:
    """Return integer columns by name and description."""
    return [th.Property(name, th.IntegerType, description=text) for name, text in columns.items()]


def strings(**columns: str) -> list[th.Property[Any]]:
    """Return string columns by name and description."""
    return [th.Property(name, th.StringType, description=text) for name, text in columns.items()]


def times(**columns: str) -> list[th.Property[Any]]:
    """Return time columns by name and description."""
    return [th.Property(name, th.DateTimeType, description=text) for name, text in columns.items()]


def booleans(**columns: str) -> list[th.Property[Any]]:
    """Return boolean columns by name and description."""
    return [th.Property(name, th.BooleanType, description=text) for name, text in columns.items()]
