"""The protocols of a dialect: what sources may ask of it, and what the client needs of it."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from tap_pardot.api.dialect import (
        Body,
        Endpoint,
        Export,
        Filters,
        HttpRequest,
        JobStatus,
        Listing,
        Lookup,
        Query,
        Record,
        Request,
        Row,
        Rows,
    )
    from tap_pardot.api.http import Response
    from tap_pardot.errors import StreamFailed


class Wire(Protocol):
    """How a dialect puts requests on the wire and reads answers. No I/O."""

    def encode(self, request: Request[Any]) -> HttpRequest:
        """Return the HTTP request for a request, in the API version that is in use now."""

    def open(self, response: Response) -> Body:
        """Return the body of an answer that holds data.

        Raises:
            PardotError: The answer holds an error code.
            Retriable: The answer does not come from Pardot's API, or is cut.
            StreamFailed: Any other HTTP error without a code.
        """

    def switch_version(self, used: int, code: int) -> None:
        """Use another version of the API from now on.

        Args:
            used: The version that was refused.
            code: Pardot's code of the refusal.

        Raises:
            ConfigurationError: There is no other version.
        """


class QueryDialect(Wire, Protocol):
    """A dialect of the API, as far as queries need it."""

    @property
    def name(self) -> str:
        """The name of the stream attribute that holds the endpoints of this dialect."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the times on the wire."""

    @property
    def page_size(self) -> int:
        """Rows of a full page."""

    @property
    def smallest_page(self) -> int:
        """Rows of the smallest page that is requested where Pardot runs out of time."""

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
        """Return the request for one page of a query, after an id or at an offset."""

    def newest(self, endpoint: Query, filters: Filters) -> Request[Rows]:
        """Return the request for the row of a query that has the largest id."""

    def sorts(self, endpoint: Query) -> bool:
        """Return whether requests of a query ask for rows sorted by id."""

    @property
    def field_codes(self) -> frozenset[int]:
        """The codes by which Pardot refuses a query because of a field."""

    def adapt(self, endpoint: Query, request: Request[Rows], error: StreamFailed) -> bool:
        """Spell requests of a query another way from now on, because Pardot refuses the one it had.

        Args:
            endpoint: The query.
            request: The refused request.
            error: The refusal.

        Returns:
            Whether there is another way, so that the request can be made again.
        """


class LookupDialect(QueryDialect, Protocol):
    """A dialect of the API, as far as lookups and records need it."""

    def probe(self, endpoint: Endpoint) -> Request[Any]:
        """Return the smallest request that shows whether an object may be read."""

    def record(self, endpoint: Record, fields: Sequence[str] = ()) -> Request[Row]:
        """Return the request for the one record of an object, with these fields of it."""

    def lookup(
        self, endpoint: Lookup, number: int, params: Mapping[str, str] = field(default_factory=dict)
    ) -> Request[Row]:
        """Return the request for a record by its id; an empty answer is an empty record."""

    def listing(self, endpoint: Listing) -> Request[list[Row]]:
        """Return the request for a list."""


class Dialect(LookupDialect, Protocol):
    """A dialect of the API with exports: builds requests, parses answers. No I/O."""

    def create_export(
        self, endpoint: Export, filters: Filters, *, can_split: bool = False
    ) -> Request[JobStatus]:
        """Return the request that creates an export job."""

    def read_export(self, number: int) -> Request[JobStatus]:
        """Return the request for the status of an export job."""

    def cancel_export(self, number: int) -> Request[Body]:
        """Return the request that cancels an export job."""

    def download(self, url: str, file: BinaryIO) -> Request[None]:
        """Return the request that saves one file of an export job."""

    def procedure(self, endpoint: Export) -> str:
        """Return the name of an export's filter, which is part of a job's fingerprint."""
