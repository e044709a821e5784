"""Catalogs of ``api_version: 5``, with streams and columns selected."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from tap_pardot.cli import Discovery

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@cache
def _discovered(include: tuple[str, ...]) -> str:
    config = {"api_version": 5, "include": [*include]}
    tap = Discovery(config=config, validate_config=False, setup_mapper=False)
    return str(tap.catalog_json_text)


def select_5(
    *streams: str,
    columns: Mapping[str, Iterable[str]] | None = None,
    include: Iterable[str] = (),
) -> dict[str, Any]:
    """Return a catalog of version 5 with just these streams selected.

    Args:
        streams: Names of the streams.
        columns: By stream, the only columns selected besides the keys.
        include: The setting ``include``.
    """
    catalog: dict[str, Any] = json.loads(_discovered(tuple(include)))
    for entry in catalog["streams"]:
        name = entry["tap_stream_id"]
        only = (columns or {}).get(name)
        for item in entry["metadata"]:
            *_, column = item["breadcrumb"] or [None]
            if column is None:
                item["metadata"]["selected"] = name in streams
            elif only is not None:
                item["metadata"]["selected"] = column in only
    return catalog
