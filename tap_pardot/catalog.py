"""What a catalog given on the command line may ask for."""

from __future__ import annotations

import copy
import logging
from typing import Any

from tap_pardot.streams import STREAMS

logger = logging.getLogger("tap-pardot")


def with_keys(catalog: dict[str, Any]) -> dict[str, Any]:
    """Return a catalog in which no key is deselected, and say what cannot be followed.

    A key that is missing from SCHEMA would make every target refuse the stream.
    """
    declared = {stream.name: stream for stream in STREAMS}
    catalog = copy.deepcopy(catalog)
    for entry in catalog.get("streams") or []:
        name = entry.get("tap_stream_id") or entry.get("stream")
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
