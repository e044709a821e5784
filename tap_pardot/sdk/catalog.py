"""Checks the catalog of the option ``--catalog``, and prepares it for the streams."""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import MetadataMapping

from tap_pardot.errors import ConfigurationError
from tap_pardot.records.column_types import without_invalid_keywords

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

logger = logging.getLogger("tap-pardot")


def checked(catalog: Any) -> dict[str, Any]:
    """Return the content of a catalog file.

    Raises:
        ConfigurationError: It is not a Singer catalog.
    """
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    if not (isinstance(streams, list) and all(map(_is_entry, streams))):
        raise ConfigurationError(
            "The catalog is not a Singer catalog: pass a file that --discover wrote, in which only "
            "the selection was changed."
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
        and all(isinstance(each, str) for each in item["breadcrumb"])
        and isinstance(item.get("metadata"), dict)
    )


def prepared(catalog: dict[str, Any], streams: Iterable[Any]) -> dict[str, Any]:
    """Return a copy of a catalog that the streams can apply; log which selections are ignored.

    Each key is present and selected, because targets refuse a stream whose SCHEMA lacks a key.
    Invalid types and formats are removed.

    Args:
        catalog: What :func:`checked` returned.
        streams: The classes of the tap's streams.
    """
    declared = {stream.name: stream for stream in streams}
    catalog = copy.deepcopy(catalog)
    for entry in catalog["streams"]:
        name = entry["tap_stream_id"]
        entry["schema"] = without_invalid_keywords(entry["schema"])
        is_selected = _is_selected(entry)
        stream = declared.get(name)
        if stream is None:
            if is_selected:
                logger.warning(
                    "The catalog's stream %s is not a stream of this tap and is left out.", name
                )
            continue
        own: dict[str, Any] = stream.schema["properties"]
        # Without a declared replication key, replication_key is the property object of the SDK.
        keys = [name for name in own if name in {*stream.primary_keys, stream.replication_key}]
        for key in keys:
            entry["schema"]["properties"].setdefault(key, own[key])
        for column, found in _columns(entry):
            if column in keys and found.get("selected") is False:
                found.update({"selected": True, "inclusion": "automatic"})
                if is_selected:
                    logger.warning(
                        "%s.%s is deselected in the catalog but is a key: it is read anyway.",
                        name,
                        column,
                    )
    return catalog


def _columns(entry: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in entry.get("metadata") or []:
        match item["breadcrumb"]:
            case ["properties", column]:
                yield column, item["metadata"]


def _is_selected(entry: dict[str, Any]) -> bool:
    metadata = MetadataMapping.from_iterable(entry.get("metadata") or [])
    return metadata.resolve_selection()[()]
