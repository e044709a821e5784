"""The dialect of API version 5: its names, times, URLs and answers.

Each page is a query of its own with an id cursor. Page tokens are not used: a sequence of tokens
ends after 100,000 rows as if there were no more (reference v5 A.5). Times carry their offset. All
requests are GET. No I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tap_pardot.api.codes import INVALID_PARAMETER, UNREADABLE_FIELD
from tap_pardot.api.dialect import HttpRequest, Lookup, Query, Record, Request
from tap_pardot.api.v5_answers import (
    counted_record,
    object_of,
    parse_response,
    rows_after,
    usage_of,
)
from tap_pardot.errors import AddressTooLong, ConfigurationError
from tap_pardot.records.times import SECOND, to_iso
from tap_pardot.records.values import camel_case

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tap_pardot.api.budget import UsageLimit
    from tap_pardot.api.dialect import Body, Endpoint, Filters, Listing, Row, Rows
    from tap_pardot.api.http import Response
    from tap_pardot.errors import StreamFailed

PAGE_SIZE = 1_000
"""Rows of a full page (A.3)."""

_VERSION = 5
_LONGEST_QUERY = 6_000
"""Characters of a request's parameters; servers refuse addresses of 8,000 (reference v5 D)."""
_RETURN_USAGE = {"X-Return-Api-Usage": "1"}
"""The header that asks for the account's count of calls (A.1)."""
_ORDERS = ("id", "id ASC")
_OUTSIDE_OF_OBJECTS = frozenset({"bulk-actions"})
"""Paths that do not follow ``/objects/`` (A.2)."""


class Spelling:
    """How requests are spelled, where the sources disagree; changed when Pardot refuses one."""

    def __init__(self) -> None:
        self.order = _ORDERS[0]
        """The value of ``orderBy``; ``id ASC`` where the direction is required (reference G)."""
        self.includes_end = False
        """Whether the end of a window is asked for as the last second that it includes."""


@dataclass(frozen=True)
class V5:
    """The dialect of version 5.

    Attributes:
        api_url: Origin of the API.
        spelling: How requests are spelled.
        usage: The limit that takes the account's own count of calls from answers; None if there
            is none.
    """

    api_url: str
    spelling: Spelling = field(default_factory=Spelling)
    usage: UsageLimit | None = None

    name = "v5"
    page_size = PAGE_SIZE
    smallest_page = 50
    field_codes = frozenset({INVALID_PARAMETER, UNREADABLE_FIELD})
    zone = ZoneInfo("UTC")
    """Times on the wire carry their offset, so the zone of the API user does not matter."""

    # --- requests ---

    def query(  # noqa: PLR0913
        self,
        endpoint: Query,
        filters: Filters,
        *,
        limit: int,
        cursor: int = 0,
        offset: int | None = None,
        can_split: bool = False,
    ) -> Request[Rows]:
        """Return the request for one page after an id.

        The answer is malformed, and requested again, if its ids are not in ascending order after
        the cursor.

        Raises:
            AddressTooLong: It names too many fields.
        """
        if offset is not None:
            raise ValueError("version 5 is paged by id")
        params = self._params(endpoint, filters) | {
            "orderBy": self.spelling.order,
            "limit": str(limit),
        }
        if cursor:
            params["idGreaterThan"] = str(cursor)
        if len(urlencode(params)) > _LONGEST_QUERY:
            raise AddressTooLong("A request names too many fields: deselect some columns.")
        return Request(
            self,
            (endpoint.object,),
            partial(rows_after, cursor=cursor),
            params,
            method="GET",
            can_split=can_split,
        )

    def newest(self, endpoint: Query, filters: Filters) -> Request[Rows]:
        """Return the request for the row with the largest id."""
        fields = {"fields": "id", "orderBy": "id DESC", "limit": "1"}
        params = self._params(endpoint, filters) | fields
        return Request(self, (endpoint.object,), rows_after, params, method="GET")

    def sorts(self, endpoint: Query) -> bool:  # noqa: ARG002
        """Return True: every query of version 5 can be sorted by id."""
        return True

    def adapt(self, endpoint: Query, request: Request[Rows], error: StreamFailed) -> bool:  # noqa: ARG002
        """Spell the sort or the end of windows the other way, if Pardot refuses the one it had."""
        if error.code != INVALID_PARAMETER:
            return False
        spelling, words = self.spelling, error.message_words
        if "orderBy" in words and request.params.get("orderBy") == _ORDERS[0]:
            spelling.order = _ORDERS[1]
            return True
        ends = {name for name in request.params if name.endswith("Before")}
        if ends.isdisjoint(words):
            return False
        spelling.includes_end = True
        return True

    def probe(self, endpoint: Endpoint) -> Request[Any]:
        """Return the smallest request that shows whether an object may be read."""
        if isinstance(endpoint, Record):
            return self.record(endpoint, ("id",))
        if isinstance(endpoint, Lookup):
            return self.lookup(endpoint, 1)
        if isinstance(endpoint, Query):
            params = {"fields": "id", "limit": "1"}
            return Request(self, (endpoint.object,), rows_after, params, method="GET")
        raise NotImplementedError

    def record(self, endpoint: Record, fields: Sequence[str] = ("id",)) -> Request[Row]:
        """Return the request for the one record of an object."""
        params = {"fields": ",".join(fields)}
        return Request(self, (endpoint.object,), object_of, params, method="GET")

    def lookup(
        self, endpoint: Lookup, number: int, params: Mapping[str, str] | None = None
    ) -> Request[Row]:
        """Return the request for a record by its id, or for what an operation returns of it."""
        operation = () if endpoint.operation == "read" else (endpoint.operation,)
        path = (endpoint.object, str(number), *operation)
        parse = object_of if not operation else counted_record
        return Request(self, path, parse, {**endpoint.params, **(params or {})}, method="GET")

    def listing(self, endpoint: Listing) -> Request[list[Row]]:
        """Refuse: version 5 has no lists without pages."""
        raise NotImplementedError(endpoint.object)

    def _params(self, endpoint: Query, filters: Filters) -> dict[str, str]:
        params = {"fields": ",".join(filters.fields or ("id",)), **endpoint.params}
        if endpoint.deleted:
            params["deleted"] = "all"
        if filters.deleted is not None:
            params["deleted"] = str(filters.deleted).lower()
        return params | self._bounds(filters) | dict(filters.params)

    def _bounds(self, filters: Filters) -> dict[str, str]:
        """Return the bounds: the first instant is included, the last one is not (D)."""
        name = camel_case(filters.time)
        bounds = {}
        if filters.start is not None:
            bounds[f"{name}AfterOrEqualTo"] = to_wire(filters.start)
        if filters.end is not None and self.spelling.includes_end:
            bounds[f"{name}BeforeOrEqualTo"] = to_wire(filters.end - SECOND)
        elif filters.end is not None:
            bounds[f"{name}Before"] = to_wire(filters.end)
        return bounds

    # --- sending ---

    def encode(self, request: Request[Any]) -> HttpRequest:
        """Return the HTTP request.

        Raises:
            ValueError: It is not GET: version 5 is only read.
        """
        if request.method != "GET" or request.json is not None:
            raise ValueError("version 5 is only read")
        url = address(self.api_url, request.path)
        headers = None if self.usage is None else _RETURN_USAGE
        return HttpRequest("GET", url, request.params, None, None, _VERSION, headers)

    def switch_version(self, used: int, code: int) -> None:  # noqa: ARG002
        """Refuse: there is no other version of this dialect.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(
            "Pardot answers version 5 of the API as if it were an older one: check api_url.", code
        )

    # --- answers ---

    def open(self, response: Response) -> Body:
        """Return the JSON object of an answer that holds data; errors as of ``parse_response``."""
        if self.usage is not None and (count := usage_of(response.headers)) is not None:
            self.usage.note_again(*count)
        return parse_response(response)


def to_wire(moment: datetime) -> str:
    """Return an instant as version 5 reads it: with the offset ``+00:00``; ``Z`` is refused."""
    return to_iso(moment)


def address(api_url: str, path: tuple[str, ...]) -> str:
    """Return the URL of an object, of a record, or of an operation on it."""
    folder = "" if path[0] in _OUTSIDE_OF_OBJECTS else "objects/"
    return f"{api_url.rstrip('/')}/api/v5/{folder}{'/'.join(path)}"
