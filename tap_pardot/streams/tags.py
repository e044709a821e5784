"""Tags, and the objects that they are on."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import BY, CREATED_AT, UPDATED_AT, integers, properties, strings


class Tags(PardotStream):
    """Tags. ``tag_objects`` has the objects that they are on."""

    name = "tags"
    v4 = Query("tag")
    v5 = Query("tags")
    replication_key = "updated_at"

    v5_columns = properties(*integers(object_count="Objects that carry the tag."), *BY)

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Tag id."),
        th.Property("name", th.StringType, description="Name."),
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()


class TagObjects(PardotStream):
    """Which tag is on which object."""

    name = "tag_objects"
    v4 = Query("tagObject", time="created_at", append_only=True)
    replication_key = "id"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Id; grows with time."),
        th.Property("tag_id", th.IntegerType, description="The tag."),
        th.Property(
            "type", th.StringType, description="Kind of the tagged object: Prospect, List, ..."
        ),
        th.Property("object_id", th.IntegerType, description="Id of the tagged object."),
        th.Property("created_at", th.DateTimeType, description="When it was tagged, in UTC."),
    ).to_dict()


class TaggedObjects(PardotStream):
    """Which tag is on which object, with the names that version 5 gives to objects.

    Rows are added and never change. A tag that is removed disappears without a trace: FULL_TABLE
    lists the rows that exist.
    """

    name = "tagged_objects"
    v5 = Query("tagged-objects", time="created_at", append_only=True)
    replication_key = "id"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Id; grows with time."),
        *integers(tag_id="The tag."),
        *strings(object_type="Kind of the tagged object: prospect, list, email-template, ..."),
        *integers(object_id="Id of the tagged object."),
        *strings(object_name="Name of the tagged object."),
        th.Property("created_at", th.DateTimeType, description="When it was tagged, in UTC."),
        *integers(created_by_id="The user who tagged it."),
    ).to_dict()
