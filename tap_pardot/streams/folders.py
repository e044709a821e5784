"""Folders, what is in them, and files."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import (
    AUDIT,
    BITLY,
    CAMPAIGN_ID,
    FOLDER_ID,
    SALESFORCE_ID,
    TRACKER_DOMAIN_ID,
    VANITY_URL,
    booleans,
    integers,
    strings,
)


class Files(PardotStream):
    """Files that the account hosts.

    Pardot cannot filter them by their change, so all are read each time, one call for 1,000.
    """

    name = "files"
    v5 = Query("files", time=None)

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="File id."),
        *strings(name="Name.", url="Address of the file."),
        *VANITY_URL,
        *BITLY,
        *booleans(is_tracked="Downloads are counted."),
        *integers(size="Size of the file."),
        FOLDER_ID,
        CAMPAIGN_ID,
        TRACKER_DOMAIN_ID,
        SALESFORCE_ID,
        *AUDIT,
    ).to_dict()


class Folders(PardotStream):
    """Folders. ``folder_contents`` has what is in them.

    Pardot cannot filter them by their change, so all are read each time, one call for 1,000.
    """

    name = "folders"
    v5 = Query("folders", time=None)

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Folder id."),
        *integers(parent_folder_id="The folder that it is in."),
        *strings(name="Name.", path="Names of the folders above it, and its own."),
        *booleans(use_permissions="Only some users may see what is in it."),
        *AUDIT,
    ).to_dict()


class FolderContents(PardotStream):
    """What is in which folder.

    An object that leaves its folder for good disappears without a trace: FULL_TABLE lists the rows
    that exist.
    """

    name = "folder_contents"
    v5 = Query("folder-contents", is_documented=False)
    replication_key = "updated_at"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Id of the row."),
        *integers(folder_id="The folder.", object_id="Id of the object in it."),
        *strings(
            object_type="Kind of the object.",
            object_name="Name of the object.",
            folder_ref="Address of the folder in the API.",
            object_ref="Address of the object in the API.",
        ),
        *AUDIT,
    ).to_dict()
