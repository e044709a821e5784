"""The requests that read a stream, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_pardot.api import v4, v5
from tap_pardot.api.dialect import Export, Listing, Lookup, ParentRows, Query
from tap_pardot.records.values import camel_case
from tap_pardot.streams.variants import V4
from tests.helpers.tables.markup import code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_pardot.streams.variants import Variant

_PROCEDURES = v4.V4("https://pi.pardot.com", v4.ApiVersion(4))


def requests_of(variant: Variant) -> str:
    """Return the requests by which a dialect reads a stream, one after another."""
    return "; ".join(text for each in variant.endpoints for text in _request(variant, each))


def _request(variant: Variant, endpoint: Any) -> Iterator[str]:
    is_v4 = variant.dialect == V4
    if isinstance(endpoint, ParentRows):
        yield f"none: the rows are part of {code(*endpoint.parents)}"
    elif isinstance(endpoint, Export):
        procedure = _PROCEDURES.procedure(endpoint)
        yield f"export jobs of `{endpoint.object}` by `{procedure}`"
    elif isinstance(endpoint, Query):
        yield f"{_path(is_v4, endpoint.object, 'query')}{_filters(is_v4, endpoint)}"
        if endpoint.of_each:
            each, name = endpoint.of_each
            yield f"with `{name}` for each of {_path(is_v4, each, 'query')} if Pardot demands it"
    elif isinstance(endpoint, Lookup) and endpoint.operation == "query":
        yield f"{_path(is_v4, endpoint.object, 'query')} for {endpoint.batch} ids at once"
    elif isinstance(endpoint, Lookup):
        yield f"{_path(is_v4, endpoint.object, endpoint.operation, '{id}')}{_for_each(endpoint)}"
        if isinstance(endpoint.listing, Listing):
            listing = endpoint.listing
            yield f"the list {_path(is_v4, listing.object, listing.operation)}"
    else:
        yield _path(is_v4, endpoint.object, "read")


def _for_each(endpoint: Lookup) -> str:
    return " for each id" if endpoint.parents else " for each row, if a column needs it"


def _filters(is_v4: bool, endpoint: Query) -> str:  # noqa: FBT001
    """Return the filters of a query's window and its parameters."""
    found = []
    if endpoint.time is not None:
        time = endpoint.time
        verb = time.removesuffix("_at")
        bounds = (
            code(f"{verb}_after", f"{verb}_before")
            if is_v4
            else code(f"{camel_case(time)}AfterOrEqualTo", f"{camel_case(time)}Before")
        )
        doubt = "" if endpoint.is_documented else " (seen in use, in no document)"
        found.append(f"by {bounds}{doubt}")
    if endpoint.output is not None or endpoint.params:
        found.append(f"with {code(*_parameters(endpoint.output, endpoint.params))}")
    return f" {', '.join(found)}" if found else ""


def _parameters(output: str | None, params: Mapping[str, str]) -> Iterator[str]:
    if output is not None:
        yield f"output={output}"
    yield from (f"{name}={value}" for name, value in params.items())


def _path(is_v4: bool, name: str, operation: str, number: str = "") -> str:  # noqa: FBT001
    """Return the path of an operation, as code."""
    if is_v4:
        ids = ("id", number) if number else ()
        address = v4.address("https://pi.pardot.com", 4, (name, operation, *ids))
    else:
        more = (operation,) if operation not in {"query", "read"} else ()
        ids = (number,) if number else ()
        address = v5.address("https://pi.pardot.com", (name, *ids, *more))
    return f"`{urlsplit(address).path}`"
