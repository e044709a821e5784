"""The dialect of API versions 3 and 4: their names, times, URLs and answers.

Times on the wire are local times of the API user, without an offset, in whole seconds. Bounds are
exclusive (reference A.11). No I/O. Two things change during a run: the version in use, and the set
of objects that refuse a sort.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tap_pardot.api.codes import INVALID_FIELDS, NO_SUCH_SORT
from tap_pardot.api.dialect import Export, HttpRequest, Listing, Lookup, Query, Record, Request
from tap_pardot.api.v4_answers import (
    created_status,
    listed,
    not_a_file,
    parse_response,
    record_of,
    rows_of,
    status_of,
)
from tap_pardot.errors import ConfigurationError
from tap_pardot.records.times import SECOND, to_local

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_pardot.api.dialect import Body, Endpoint, Filters, JobStatus, Row, Rows
    from tap_pardot.api.http import Response
    from tap_pardot.errors import StreamFailed

logger = logging.getLogger("tap-pardot")

PAGE_SIZE = 200
"""Rows of a full page of a query (reference A.12)."""

_LONGEST_QUERY = 2000  # characters of a URL's query; longer ones are posted (reference A.2)
_FORMAT = {"format": "json"}
_BY_ID = {"sort_by": "id", "sort_order": "ascending"}
_BOUNDS = {
    "updated_at": ("updated_after", "updated_before"),
    "created_at": ("created_after", "created_before"),
}
_PROCEDURES = {"updated_at": "filter_by_updated_at", "created_at": "filter_by_created_at"}


class ApiVersion:
    """The version in use, 3 or 4; it changes at most once in a run (reference A.3)."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._switched = False
        self._lock = threading.Lock()

    def switch(self, refused: int, code: int) -> None:
        """Use the other version from now on.

        Args:
            refused: The version that Pardot refused.
            code: Pardot's code of the refusal.

        Raises:
            ConfigurationError: Pardot refused both versions.
        """
        with self._lock:
            if self.number != refused:
                return  # another thread has switched meanwhile
            if self._switched:
                raise ConfigurationError(
                    "Pardot refuses both versions 3 and 4 of the API for this account: ask "
                    "Salesforce which of them is enabled.",
                    code,
                )
            self._switched = True
            self.number = 3 if refused == 4 else 4  # noqa: PLR2004
        logger.warning(
            "This account uses version %d of the API (Pardot code %d); set api_version to %d to "
            "save a call in each run.",
            self.number,
            code,
            self.number,
        )


@dataclass(frozen=True)
class V4:
    """The dialect of versions 3 and 4.

    Attributes:
        api_url: Origin of the API.
        version: The version in use, shared by all copies of the dialect.
        zone: The API user's zone; times on the wire are in it.
        unsortable: Objects whose query has refused a sort in this run.
    """

    api_url: str
    version: ApiVersion
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    unsortable: set[str] = field(default_factory=set)

    name = "v4"
    page_size = PAGE_SIZE
    smallest_page = 1
    field_codes = frozenset({INVALID_FIELDS})

    def in_zone(self, zone: ZoneInfo) -> V4:
        """Return a copy of the dialect for an API user's zone."""
        return replace(self, zone=zone)

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
        """Return the request for one page, after an id or at an offset (reference A.12, C.0)."""
        params = {**endpoint.params, **filters.params, **self._bounds(filters)}
        if filters.deleted is not None:
            params["deleted"] = str(filters.deleted).lower()
        if filters.fields:
            params["fields"] = ",".join(filters.fields)
        if filters.visitor_ids:
            params["visitor_ids"] = ",".join(map(str, filters.visitor_ids))
        if endpoint.output is not None:
            params["output"] = endpoint.output
        sort = _BY_ID if self.sorts(endpoint) else {}
        if offset is not None:
            params |= {**sort, "limit": str(limit), "offset": str(offset)}
        else:
            params |= {"limit": str(limit), **sort}
        if cursor:
            params["id_greater_than"] = str(cursor)
        return Request(
            self,
            (endpoint.object, "query"),
            lambda body, _: rows_of(body, endpoint.object),
            params,
            method="POST" if filters.visitor_ids else None,
            can_split=can_split,
        )

    def newest(self, endpoint: Query, filters: Filters) -> Request[Rows]:
        """Return the request for the row with the largest id.

        It may be refused, or return another row: emailClick documents no sort (reference C.7).
        """
        request = self.query(endpoint, filters, limit=1, can_split=True)
        return replace(request, params={**request.params, **_BY_ID, "sort_order": "descending"})

    def sorts(self, endpoint: Query) -> bool:
        """Return whether requests of a query ask for rows sorted by id."""
        return endpoint.sorted and endpoint.object not in self.unsortable

    def adapt(self, endpoint: Query, request: Request[Rows], error: StreamFailed) -> bool:
        """Build requests of a query without a sort from now on, if Pardot refuses it."""
        if error.code != NO_SUCH_SORT or "sort_by" not in request.params:
            return False
        self.unsortable.add(endpoint.object)
        return True

    def probe(self, endpoint: Endpoint) -> Request[Any]:
        """Return the smallest request that shows whether an object may be read.

        For an export it lists the export jobs, because a new job would take a place in the queue.
        """
        if isinstance(endpoint, Record):
            return self.record(endpoint)
        if isinstance(endpoint, Listing):
            return self.listing(endpoint)
        if isinstance(endpoint, Lookup):
            return self.lookup(endpoint, 1)
        name = "export" if isinstance(endpoint, Export) else endpoint.object
        return Request(self, (name, "query"), lambda body, _: rows_of(body, name), {"limit": "1"})

    def record(self, endpoint: Record, fields: Sequence[str] = ()) -> Request[Row]:  # noqa: ARG002
        """Return the request for the one record of an object, which always has all fields."""
        name = endpoint.object
        return Request(self, (name, "read"), lambda body, _: record_of(body, name))

    def lookup(
        self, endpoint: Lookup, number: int, params: Mapping[str, str] | None = None
    ) -> Request[Row]:
        """Return the request for a record by its id; an empty answer is an empty record."""
        key = endpoint.key or endpoint.object
        return Request(
            self,
            (endpoint.object, endpoint.operation, "id", str(number)),
            lambda body, _: record_of(body, key, may_be_empty=True),
            {**endpoint.params, **(params or {})},
        )

    def listing(self, endpoint: Listing) -> Request[list[Row]]:
        """Return the request for a list (reference C.8)."""
        path = (endpoint.object, endpoint.operation)
        return Request(self, path, lambda body, _: listed(body, *endpoint.keys), endpoint.params)

    def describe(self, name: str) -> Request[list[Row]]:
        """Return the request for the fields that the account's objects have (reference C.15)."""
        return Request(self, (name, "describe"), lambda body, _: rows_of(body, "field").rows)

    def create_export(
        self,
        endpoint: Export,
        filters: Filters,
        *,
        can_split: bool = False,
    ) -> Request[JobStatus]:
        """Return the request that creates an export job (reference D.3).

        Args:
            endpoint: The declaration of the export.
            filters: Window and fields. ``deleted`` None asks for active and deleted rows, if the
                endpoint has a recycle bin.
            can_split: Whether the caller can ask for a shorter window.
        """
        arguments = self._bounds(filters)
        if endpoint.deleted:
            arguments["deleted"] = (
                "all" if filters.deleted is None else str(filters.deleted).lower()
            )
        body = {
            "object": endpoint.object,
            "fields": list(filters.fields),
            "procedure": {"name": self.procedure(endpoint), "arguments": arguments},
        }
        return Request(self, ("export", "create"), created_status, json=body, can_split=can_split)

    def read_export(self, number: int) -> Request[JobStatus]:
        """Return the request for the status of an export job."""
        return Request(self, ("export", "read", "id", str(number)), status_of)

    def cancel_export(self, number: int) -> Request[Body]:
        """Return the request that cancels an export job."""
        path = ("export", "cancel", "id", str(number))
        return Request(self, path, lambda body, _: body, method="POST")

    def download(self, url: str, file: BinaryIO) -> Request[None]:
        """Return the request that saves one file of an export job."""
        return Request(self, (), not_a_file, url=url, save_to=file)

    def procedure(self, endpoint: Export) -> str:
        """Return the name of the procedure that filters by an export's time (reference D.2)."""
        return _PROCEDURES[endpoint.time]

    def _bounds(self, filters: Filters) -> dict[str, str]:
        """Return the bounds. Pardot excludes both, so the lower one is a second early."""
        after, before = _BOUNDS[filters.time]
        bounds = {}
        if filters.start is not None:
            bounds[after] = to_local(filters.start - SECOND, self.zone)
        if filters.end is not None:
            bounds[before] = to_local(filters.end, self.zone)
        return bounds

    # --- sending ---

    def encode(self, request: Request[Any]) -> HttpRequest:
        """Return the HTTP request, in the version in use. Long parameters are sent as a form."""
        version = self.version.number
        if request.save_to is not None:
            return HttpRequest("GET", request.url, None, None, None, version)
        is_long = len(urlencode(request.params)) > _LONGEST_QUERY
        method = request.method or ("POST" if is_long or request.json is not None else "GET")
        params = {**_FORMAT, **request.params}
        return HttpRequest(
            method,
            address(self.api_url, version, request.path),
            _FORMAT if is_long else params,
            params if is_long else None,
            request.json,
            version,
        )

    def switch_version(self, used: int, code: int) -> None:
        """Use the other version from now on; arguments and errors as of :class:`ApiVersion`."""
        self.version.switch(used, code)

    # --- answers ---

    def open(self, response: Response) -> Body:
        """Return the JSON object of an answer that holds data; errors as of ``parse_response``."""
        return parse_response(response)


def address(api_url: str, version: int, path: tuple[str, ...]) -> str:
    """Return the URL of an operation: ``("list", "query")``, ``("user", "read", "id", "7")``."""
    pardot_object, *operation = path
    return f"{api_url.rstrip('/')}/api/{pardot_object}/version/{version}/do/{'/'.join(operation)}"
