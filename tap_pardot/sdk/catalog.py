"""Checks the catalog of the option ``--catalog``, and prepares it for the streams."""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from singer_sdk.singerlib import MetadataMapping

from tap_pardot.errors import ConfigurationError
from tap_pardot.records.column_types import without_invalid_keywords

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from singer_sdk.singerlib.catalog import Breadcrumb

logger = logging.getLogger("tap-pardot")

_OFF = "unsupported"
"""The inclusion of what is off: Meltano selects everything else."""


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


class Offer(NamedTuple):
    """What a catalog can select of a stream.

    Attributes:
        keys: The JSON Schema of the columns that are keys, by column.
        off: What is off, by its breadcrumb in the metadata: ``()`` is the whole stream.
        included: What would be off if the setting ``include`` did not name it, in the same form.
        later: The JSON Schema of the columns that need a later version of the API, by column.
    """

    keys: Mapping[str, Any]
    off: frozenset[Breadcrumb]
    included: frozenset[Breadcrumb]
    later: Mapping[str, Any]


def prepared(
    catalog: dict[str, Any], offers: Mapping[str, Offer], later: Collection[str] = ()
) -> dict[str, Any]:
    """Return a copy of a catalog that the streams can apply; log which selections are ignored.

    Each key is present and selected, because targets refuse a stream whose SCHEMA lacks a key.
    What the setting ``include`` names is selected, unless the catalog deselects it. Invalid types
    and formats are removed.

    Args:
        catalog: What :func:`checked` returned.
        offers: What it can select, by stream.
        later: The streams that need a later version of the API.
    """
    catalog = copy.deepcopy(catalog)
    needing: list[str] = []
    lacking = [*_lacking(catalog, offers)]
    for entry in catalog["streams"]:
        name = entry["tap_stream_id"]
        entry["schema"] = without_invalid_keywords(entry["schema"])
        offer = offers.get(name)
        if offer is not None:
            if _is_selected(entry) and (columns := _later_columns(entry, offer)):
                number = len(columns)
                needing.append(f"{number} column{'' if number == 1 else 's'} of {name}")
            _offer_what_is_on(entry, offer)
            _select_keys(entry, offer)
        elif not _is_selected(entry):
            continue
        elif name in later:
            needing.append(name)
        else:
            text = "The catalog's stream %s is not a stream of this tap and is left out."
            logger.warning(text, name)
    if needing:
        logger.warning(
            "The catalog selects what needs api_version 5, which is left out: %s.",
            ", ".join(needing),
        )
    if lacking:
        logger.warning(
            "include names %s, which the catalog does not offer: discover it again (Meltano: "
            "--refresh-catalog).",
            ", ".join(lacking),
        )
    return catalog


def _lacking(catalog: dict[str, Any], offers: Mapping[str, Offer]) -> Iterator[str]:
    """Yield what ``include`` names and a catalog made without it cannot select.

    Of a stream that the catalog deselects nothing is yielded. What is marked as off may have lost
    its selection: Meltano deselects it.
    """
    entries = {entry["tap_stream_id"]: entry for entry in catalog["streams"]}
    for name, offer in offers.items():
        entry = entries.get(name)
        if () in offer.included and (entry is None or () in _deselected_as_off(entry)):
            yield name
        elif entry is not None and (() in offer.included or _is_selected(entry)):
            here = {("properties", column) for column in entry["schema"]["properties"]}
            there = here - _deselected_as_off(entry)
            yield from sorted(f"{name}.{each[-1]}" for each in offer.included - there if each)


def _deselected_as_off(entry: dict[str, Any]) -> set[Breadcrumb]:
    return {
        tuple(item["breadcrumb"])
        for item in entry.get("metadata") or []
        if item["metadata"].get("inclusion") == _OFF and item["metadata"].get("selected") is False
    }


def _offer_what_is_on(entry: dict[str, Any], offer: Offer) -> None:
    """Make available what another version of the API or another ``include`` left off."""
    for item in entry.get("metadata") or []:
        where, metadata = tuple(item["breadcrumb"]), item["metadata"]
        if metadata.get("inclusion") == _OFF and where not in offer.off:
            metadata["inclusion"] = "available"
        if where in offer.included and metadata.get("selected") is None:
            metadata["selected"] = True


def _later_columns(entry: dict[str, Any], offer: Offer) -> list[str]:
    """Return the selected columns that need a later version of the API.

    A custom field of the account may have the same name; its description is another one.
    """
    selection = MetadataMapping.from_iterable(entry.get("metadata") or []).resolve_selection()
    return [
        name
        for name, each in entry["schema"]["properties"].items()
        if name in offer.later
        and each.get("description") == offer.later[name]["description"]
        and selection["properties", name]
    ]


def _select_keys(entry: dict[str, Any], offer: Offer) -> None:
    is_selected = _is_selected(entry)
    for key, definition in offer.keys.items():
        entry["schema"]["properties"].setdefault(key, definition)
    for column, found in _columns(entry):
        if column in offer.keys and found.get("selected") is False:
            found.update({"selected": True, "inclusion": "automatic"})
            if is_selected:
                logger.warning(
                    "%s.%s is deselected in the catalog but is a key: it is read anyway.",
                    entry["tap_stream_id"],
                    column,
                )


def _columns(entry: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in entry.get("metadata") or []:
        match item["breadcrumb"]:
            case ["properties", column]:
                yield column, item["metadata"]


def _is_selected(entry: dict[str, Any]) -> bool:
    metadata = MetadataMapping.from_iterable(entry.get("metadata") or [])
    return metadata.resolve_selection()[()]
