"""Columns that many streams share, and short forms for columns of one type."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

CREATED_AT = th.Property("created_at", th.DateTimeType, description="When it was made, in UTC.")
UPDATED_AT = th.Property("updated_at", th.DateTimeType, description="When it last changed, in UTC.")
IS_DELETED = th.Property(
    "is_deleted", th.BooleanType, description="Whether it is in the recycle bin."
)
CAMPAIGN_COLUMNS = (
    th.Property("campaign_id", th.IntegerType, description="Its campaign."),
    th.Property("campaign_name", th.StringType, description="Name of its campaign."),
)
CAMPAIGN_NAMES = {
    "campaign_id": ("campaign.id", "campaign_id"),
    "campaign_name": ("campaign.name",),
}
"""The API names of the campaign columns. ``campaign`` is an object, or only ``campaign_id`` comes,
depending on the parameter ``output`` (reference A.5)."""

UTM_PARAMETERS = tuple(
    th.Property(f"{name}_parameter", th.StringType, description=f"utm_{name} of the link.")
    for name in ("campaign", "medium", "source", "content", "term")
)


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
