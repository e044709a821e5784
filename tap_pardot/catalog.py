"""What a catalog given on the command line may ask for."""

from __future__ import annotations

import copy
import logging
from typing import Any

from tap_pardot.errors import ConfigurationError
from tap_pardot.streams import STREAMS

logger = logging.getLogger("tap-pardot")


def checked(catalog: Any) -> dict[str, Any]:
    """Return what a catalog file holds.

    Raises:
        ConfigurationError: It has not the form of a catalog.
    """
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    if not (isinstance(streams, list) and all(map(_is_entry, streams))):
        raise ConfigurationError(
            "The catalog has not the form of one: pass a file that --discover wrote, in which "
            "only the selection was changed."
        )
    return {**catalog}


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    schema, items = entry.get("schema"), entry.get("metadata") or []
    columns = schema.get("properties") if isinstance(schema, dict) else None
    return (
        isinstance(entry.get("tap_stream_id"), str)
        and isinstance(columns, dict)
        and all(isinstance(each, dict) for each in columns.values())
        and isinstance(items, list)
        and all(map(_is_metadata, items))
    )


def _is_metadata(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("breadcrumb"), list)
        and isinstance(item.get("metadata"), dict)
    )


def with_keys(catalog: dict[str, Any]) -> dict[str, Any]:
    """Return a catalog in which no key is deselected, and say what cannot be followed.

    A key that is missing from SCHEMA would make every target refuse the stream.
    """
    declared = {stream.name: stream for stream in STREAMS}
    catalog = copy.deepcopy(catalog)
    for entry in catalog["streams"]:
        name = entry["tap_stream_id"]
        stream = declared.get(name)
        if stream is None:
            logger.warning("The catalog's stream %s is not one of this tap's: left out.", name)
            continue
        keys = {*stream.primary_keys, stream.replication_key} - {None}
        for item in entry.get("metadata") or []:
            *_, column = item.get("breadcrumb") or [None]
            found = item.get("metadata") or {}
            if column in keys and found.get("selected") is False:
                found.update({"selected": True, "inclusion": "automatic"})
                logger.warning(
                    "%s.%s is deselected in the catalog but is a key: it is read all the same.",
                    name,
                    column,
                )
    return catalog
