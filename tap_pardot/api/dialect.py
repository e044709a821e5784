"""Endpoints that streams declare, and requests to a dialect (an API version).

A stream declares how it is read in one line per dialect, such as ``v4 = Query("list")``. The
dialect builds the whole request from that declaration, the client sends it, and the dialect parses
the whole answer. Only the dialect's module (``v4.py``) knows the names and times on the wire.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from tap_pardot.api.protocols import Wire

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
        append_only: Whether rows never change, so that the id and ``created_at`` show new rows.
        created: Whether the API can filter by ``created_at`` too.
        by_offset: Whether the API has no id filter, so that pages follow each other by offset.
        sorted: Whether the API can sort rows by id.
        page_size: Rows of a page; None for the dialect's own size.
        deleted: Whether the API can return the rows in the recycle bin.
        is_documented: Whether a document names the filter by ``time``. Where none does, an account
            may refuse it.
        fields: Whether the API returns only the fields that are requested.
        lacks: Columns that the answers do not have.
        output: The value of the API's parameter ``output``; None for the API's default.
        params: Parameters of every request.
        of_each: Another object and the parameter for its ids, by which the rows can be requested
            where the API does not list them together; None if they always are.
        identified: Parameters that select identified visitors only, in case exports leave out the
            anonymous ones; None for other objects.
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
    is_documented: bool = True
    fields: bool = False
    lacks: frozenset[str] = frozenset()
    output: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    of_each: tuple[str, str] | None = None
    identified: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Export:
    """Rows of an object, by export jobs.

    Attributes:
        object: The object's name in the dialect.
        time: The column that windows are filtered by.
        deleted: Whether exports can include the rows in the recycle bin.
    """

    object: str
    _: KW_ONLY
    time: str = "updated_at"
    deleted: bool = False


@dataclass(frozen=True)
class Record:
    """The one record of an object, such as the account.

    Attributes:
        object: The object's name in the dialect.
        lacks: Columns that the answer does not have.
    """

    object: str
    _: KW_ONLY
    lacks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Listing:
    """A list of records that comes in one answer, without pages or filters.

    Attributes:
        object: The object's name in the dialect.
        operation: The name of the operation.
        keys: The list's name in the answer, and the name of the rows in the list.
        params: Parameters of the request.
    """

    object: str
    operation: str
    keys: tuple[str, str]
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lookup:
    """Records that are read by id. The ids come from the records of other streams, the parents.

    Attributes:
        object: The object's name in the dialect.
        operation: The name of the operation.
        key: The record's name in the answer; None if it is the object's name.
        parents: By parent stream, the columns that the lookup needs of its records. The first one
            holds the id, unless the stream's source has a rule of its own.
        batch: How many ids one call takes.
        params: Parameters of every request.
        listing: A list of more ids to look up, besides those from parents.
        lacks: Columns that the answers do not have.
        rows_of: Returns the stream's rows in one row of the object; None if that is the one row.
        complete_parent: The parent that names all ids, so that records of the other parents count
            only from the end of the first run on; None if there is no such parent.
    """

    object: str
    operation: str = "read"
    _: KW_ONLY
    key: str | None = None
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    batch: int = 1
    params: Mapping[str, str] = field(default_factory=dict)
    listing: Listing | None = None
    lacks: frozenset[str] = frozenset()
    rows_of: Callable[[Mapping[str, Any]], Iterable[Row]] | None = None
    complete_parent: str | None = None


@dataclass(frozen=True)
class ParentRows:
    """Rows that are part of the records of other streams, the parents, and cost no calls.

    Attributes:
        object: The parent object's name in the dialect, for the check of access.
        parents: By parent stream, the columns that are needed of its records.
        rows_of: Returns the rows in a parent's record.
    """

    object: str
    _: KW_ONLY
    parents: Mapping[str, tuple[str, ...]]
    rows_of: Callable[[Mapping[str, Any]], Iterable[Row]]


Endpoint = Query | Export | Record | Lookup | ParentRows | Listing


# --- what a source requests ----------------------------------------------------------------


@dataclass(frozen=True)
class Filters:
    """The filters of a query or an export, the same for all pages.

    Attributes:
        time: The column of the bounds, ``updated_at`` or ``created_at``.
        start: The first instant, in UTC; None for no bound.
        end: The instant after the last one; None for no bound.
        deleted: True for rows in the recycle bin, False for active rows, None for no such filter.
        fields: The fields to return; empty for all.
        visitor_ids: The visitors whose visits to return; empty for no such filter.
        params: Further parameters.
    """

    time: str = "updated_at"
    start: datetime | None = None
    end: datetime | None = None
    deleted: bool | None = None
    fields: Sequence[str] = ()
    visitor_ids: Sequence[int] = ()
    params: Mapping[str, str] = field(default_factory=dict)


class Rows(NamedTuple):
    """The rows of one page.

    Attributes:
        rows: The rows.
        total: How many rows match in all; None if the answer does not say.
        has_more: Whether the answer says that rows follow, however many it has.
        is_cut: Whether Pardot left out rows because of access rules.
    """

    rows: list[Row]
    total: int | None
    has_more: bool = False
    is_cut: bool = False


@dataclass(frozen=True)
class JobStatus:
    """The status of an export job, as Pardot reports it.

    Attributes:
        id: The job's id.
        state: In lower case: waiting, processing, complete, failed, canceled.
        is_expired: Whether Pardot has deleted the files.
        files: The URLs of the files, once the job is complete.
        created_at: The local time of the job's creation, as Pardot wrote it, or None.
        server_time: When the answer was sent, in UTC; None if it has no ``Date`` header.
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
        """Whether the job may still become complete."""
        return self.state in {"waiting", "processing"}

    @property
    def is_lost(self) -> bool:
        """Whether the job will never have files."""
        return self.is_expired or self.state in {"failed", "canceled", "cancelled"}


# --- requests ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request(Generic[T]):
    """One call, and how to parse its answer.

    Attributes:
        dialect: The dialect that has built the request.
        path: Object and operation, in the dialect's names; empty for a download.
        parse: Returns the result from the body and headers of an answer without an error. Raises
            ``Retriable`` for a body of another shape.
        params: Filters, sort and paging.
        json: A JSON body to send.
        method: GET or POST; None lets the dialect choose by the length of the parameters.
        url: The URL of a file to download.
        save_to: The file to save a download in.
        can_split: Whether the caller can make a smaller request.
    """

    dialect: Wire
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
        """Equal for requests that have the same answer."""
        return (self.path, tuple(sorted(self.params.items())))


class HttpRequest(NamedTuple):
    """A request as it is sent, and the version of the API that it is for."""

    method: str
    url: str
    params: Mapping[str, str] | None
    data: Mapping[str, str] | None
    json: Any
    version: int
    headers: Mapping[str, str] | None = None


class PardotError(Exception):
    """Pardot answered with an error code instead of data.

    Args:
        code: Pardot's code.
        message_words: The words of its message.
        may_be_token: Whether it may also mean that the token is dead.
    """

    def __init__(
        self,
        code: int,
        message_words: frozenset[str] = frozenset(),
        *,
        may_be_token: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message_words = message_words
        self.may_be_token = may_be_token
