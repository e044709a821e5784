"""What streams declare of an API's dialect, and what a dialect does with it.

A stream says how it is read in one line per dialect, such as ``v4 = Query("list")``. A dialect
builds a whole request from that and reads the whole answer: it builds, the client sends, it
parses. The names and times on the wire are known in the dialect's module only (``v4.py``).
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from tap_pardot.api.http import Response

T = TypeVar("T")
Body = dict[str, Any]
Row = dict[str, Any]


# --- what a stream declares ----------------------------------------------------------------


@dataclass(frozen=True)
class Query:
    """Rows of an object, page by page.

    Attributes:
        object: The object's name in the dialect.
        time: The column that windows are filtered by; None where the API has no such filter.
        append_only: Whether rows never change, so that ids and creation show what is new.
        created: Whether rows can be filtered by creation besides.
        by_offset: Whether the API has no id filter, so that pages follow by offset.
        sorted: Whether rows can be sorted by id.
        page_size: Rows of a page, where it is not the dialect's own.
        deleted: Whether the recycle bin can be asked for.
        fields: Whether single fields can be asked for.
        lacks: Columns that the query does not have.
        output: The form of the answer, where another than the default serves better.
        params: What every query of the object asks with.
        identified: What a query asks with besides for the rows that exports may be limited to.
    """

    object: str
    _: KW_ONLY
    time: str | None = "updated_at"
    append_only: bool = False
    created: bool = True
    by_offset: bool = False
    sorted: bool = True
    page_size: int | None = None
    deleted: bool = False
    fields: bool = False
    lacks: frozenset[str] = frozenset()
    output: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    identified: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Export:
    """Rows of an object, by export jobs.

    Attributes:
        object: The object's name in the dialect.
        time: The column that windows are filtered by.
        deleted: Whether the recycle bin can be asked for.
    """

    object: str
    _: KW_ONLY
    time: str = "updated_at"
    deleted: bool = False


@dataclass(frozen=True)
class Record:
    """The one record of an object, such as the account."""

    object: str


@dataclass(frozen=True)
class Listing:
    """A list that is no query.

    Attributes:
        object: The object's name in the dialect.
        operation: What is asked of the object.
        keys: The list's name in the answer, and its rows' name in the list.
        params: What is asked with.
    """

    object: str
    operation: str
    keys: tuple[str, str]
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lookup:
    """Records by ids that other streams' records name.

    Attributes:
        object: The object's name in the dialect.
        operation: What is asked of the object.
        key: The record's name in the answer, where it is not the object's.
        parents: By parent stream, the columns that are needed of its records; the first one is
            the id, unless the stream has its own rule.
        batch: Ids of one call; 1 where records are asked for one by one.
        params: What every call asks with.
        listing: A list of some of the records, which no parent need name.
        rows_of: Returns the stream's rows in a row of the object; None: that row is the only one.
    """

    object: str
    operation: str = "read"
    _: KW_ONLY
    key: str | None = None
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    batch: int = 1
    params: Mapping[str, str] = field(default_factory=dict)
    listing: Listing | None = None
    rows_of: Callable[[Mapping[str, Any]], Iterable[Row]] | None = None


@dataclass(frozen=True)
class ParentRows:
    """Rows that are part of other streams' records, at no call.

    Attributes:
        object: The object's name in the dialect.
        parents: By parent stream, the columns that are needed of its records.
        rows_of: Returns the rows in a parent's record.
    """

    object: str
    _: KW_ONLY
    parents: Mapping[str, tuple[str, ...]]
    rows_of: Callable[[Mapping[str, Any]], Iterable[Row]]


Endpoint = Query | Export | Record | Lookup | ParentRows | Listing


# --- what a source asks for ----------------------------------------------------------------


@dataclass(frozen=True)
class Filters:
    """Which rows of a query are wanted: what stays the same on all of its pages.

    Attributes:
        time: The column of the bounds, ``updated_at`` or ``created_at``.
        start: The first instant, in UTC; None for no bound.
        end: The instant after the last one; None for no bound.
        deleted: The recycle bin, or all but that; None where the API does not tell them apart.
        fields: The fields; none means all.
        visitor_ids: Whose visits.
    """

    time: str = "updated_at"
    start: datetime | None = None
    end: datetime | None = None
    deleted: bool | None = None
    fields: Sequence[str] = ()
    visitor_ids: Sequence[int] = ()
    params: Mapping[str, str] = field(default_factory=dict)


class Rows(NamedTuple):
    """The rows of one page, and how many match in all, where the answer says so."""

    rows: list[Row]
    total: int | None


@dataclass(frozen=True)
class JobStatus:
    """What Pardot says of an export job.

    Attributes:
        id: The job's id.
        state: In lower case: waiting, processing, complete, failed, canceled.
        is_expired: Whether the files are gone.
        files: Addresses of the files, once it is complete.
        created_at: Local time of its creation, as Pardot wrote it.
        server_time: When the answer was sent, in UTC, where the answer says so.
    """

    id: int
    state: str
    is_expired: bool
    files: tuple[str, ...]
    created_at: str | None
    server_time: datetime | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the files can be downloaded."""
        return self.state == "complete"

    @property
    def is_running(self) -> bool:
        """Whether it is worth asking again."""
        return self.state in {"waiting", "processing"}

    @property
    def is_lost(self) -> bool:
        """Whether it will never bring anything."""
        return self.is_expired or self.state in {"failed", "canceled", "cancelled"}


# --- requests ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request(Generic[T]):
    """One call, and how its answer is read.

    Attributes:
        dialect: Whose call it is.
        path: Object and operation, in the dialect's names; empty for a download.
        parse: Returns what the body of a good answer means; gets its headers, too. Raises
            ``Retriable`` for a body of another shape.
        params: Filters, sort and paging.
        json: A body to send.
        method: GET or POST; None lets the dialect choose by the length of the parameters.
        url: The address of a file to download.
        save_to: Where the file goes.
        can_split: Whether the caller can make a smaller request.
    """

    dialect: Dialect
    path: tuple[str, ...]
    parse: Callable[[Body, Mapping[str, str]], T]
    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    method: str | None = None
    url: str = ""
    save_to: BinaryIO | None = None
    can_split: bool = False

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two calls the same call."""
        return (self.path, tuple(sorted(self.params.items())))


class HttpRequest(NamedTuple):
    """A request as it is sent, and the version of the API that it was written for."""

    method: str
    url: str
    params: Mapping[str, str] | None
    data: Mapping[str, str] | None
    json: Any
    version: int


class PardotError(Exception):
    """Pardot answered with an error code instead of data.

    Args:
        code: Pardot's code.
        message_words: The words of its message.
    """

    def __init__(self, code: int, message_words: frozenset[str] = frozenset()) -> None:
        super().__init__(code)
        self.code = code
        self.message_words = message_words


class Dialect(Protocol):
    """A dialect of the API: builds requests, parses answers. No I/O."""

    @property
    def name(self) -> str:
        """The attribute of a stream that declares how the stream is read in this dialect."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which windows are asked for."""

    @property
    def page_size(self) -> int:
        """Rows of a full page."""

    def encode(self, request: Request[Any]) -> HttpRequest:
        """Return what is sent for a request now."""

    def open(self, response: Response) -> Body:
        """Return the body of an answer that holds data.

        Raises:
            PardotError: The answer holds an error code.
            Retriable: The answer is not one of Pardot's API.
            StreamFailed: Any other HTTP error without a code.
        """

    def switch_version(self, used: int, code: int) -> None:
        """Use another version of the API from now on, because one was refused.

        Raises:
            ConfigurationError: All versions were refused.
        """

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
        """Ask for one page of a query, after an id or at an offset."""

    def sorts(self, endpoint: Query) -> bool:
        """Return whether a query asks for rows sorted by id."""

    def forget_sort(self, endpoint: Query) -> None:
        """Ask this query without a sort from now on, because Pardot refuses it."""

    def probe(self, endpoint: Endpoint) -> Request[Any]:
        """Ask for as little as shows whether an object may be read."""

    def record(self, endpoint: Record) -> Request[Row]:
        """Ask for the one record of an object."""

    def lookup(
        self, endpoint: Lookup, number: int, params: Mapping[str, str] = field(default_factory=dict)
    ) -> Request[Row]:
        """Ask for a record by its id; an empty answer is an empty record."""

    def listing(self, endpoint: Listing) -> Request[list[Row]]:
        """Ask for a list that is no query."""

    def create_export(
        self, endpoint: Export, filters: Filters, *, can_split: bool = False
    ) -> Request[JobStatus]:
        """Create an export job."""

    def read_export(self, number: int) -> Request[JobStatus]:
        """Ask for the status of an export job."""

    def cancel_export(self, number: int) -> Request[Body]:
        """Cancel an export job."""

    def download(self, url: str, file: BinaryIO) -> Request[None]:
        """Save one file of an export job."""

    def procedure(self, endpoint: Export) -> str:
        """Return the name of what filters an export, which makes two jobs different ones."""
