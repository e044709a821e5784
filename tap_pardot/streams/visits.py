"""Visits and their page views: of the visitors that have changed."""

from __future__ import annotations

from heapq import merge
from itertools import groupby, islice, product
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th

from tap_pardot.api.codes import UNKNOWN_RECORD
from tap_pardot.errors import RequestTooLarge, StreamFailed, TapPardotError
from tap_pardot.records.values import as_list
from tap_pardot.sources import legacy_query as query
from tap_pardot.sources.prefetch import prefetch
from tap_pardot.streams.children import DOUBTFUL, Child
from tap_pardot.sync.report import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_TOO_MANY_IDS = 63
_VISITORS = 200  # ids of one call; the limit is not documented (reference C.20)


class VisitChild(Child):
    """What one query of visits brings.

    Whichever of the selected streams comes first reads for all of them.
    """

    pardot_object = "visit"
    family = "visits"
    feeds: ClassVar[Mapping[str, tuple[str, ...]]] = {"visitors": ("id",)}

    most_ids = _VISITORS

    without_id = 0
    """Rows that no key can be made of."""

    def take(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:  # noqa: ARG002
        """Take the id of a visitor."""
        self.want(record["id"], when)

    def records_of(self, visit: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield this stream's records of one visit."""
        raise NotImplementedError

    def probe(self) -> str:
        """Ask for the visits of a visitor who may be anybody."""
        asked = {"visitor_ids": "1", "limit": "1"}
        self.run.client.query(self.name, self.pardot_object, self.pardot_object, asked, "POST")
        return ""

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield this stream's records, and write those of the others that have not failed."""
        if self.failure is not None:
            raise self.failure
        members = [
            each
            for each in self.tap.fan_out.children
            if isinstance(each, VisitChild) and each.line.end is not Status.FAILED
        ]
        ids = (number for number, _ in groupby(merge(*(member.pending for member in members))))
        threads = self.run.max_concurrent_requests
        try:
            for batch, visits in prefetch(self._visits, _batches(ids), threads):
                yield from self._shared(visits, members)
                for member, number in product(members, batch):
                    if member.failure is None:
                        member.done_with(number)
                self.save()
            for member in members:
                member.warn_of_rows_without_id()
        except TapPardotError as error:
            failure = self.classify(error)
            for member in members:
                member.failure = member.failure or failure
            raise failure from None

    def warn_of_rows_without_id(self) -> None:
        """Say so when rows had no id to be known by."""
        if self.without_id:
            self.logger.warning(
                "%s: %d rows without a usable id were left out.", self.name, self.without_id
            )

    def _shared(
        self, visits: list[dict[str, Any]], members: list[VisitChild]
    ) -> Iterator[dict[str, Any]]:
        """Yield this stream's records, and write those of the other members."""
        for visit, member in product(visits, members):
            for record in member.records_of(visit):
                if member is self:
                    yield record
                    self.line.rows += 1
                else:
                    member.write(record)

    def _visits(self, batch: list[int]) -> tuple[list[int], list[dict[str, Any]]]:
        """Return the visits of some visitors; in smaller parts, if Pardot wants fewer ids.

        The size that Pardot took is kept for the rest of the run.
        """
        done, visits = 0, []
        while done < len(batch):
            part = batch[done : done + self.most_ids]
            asked = {"visitor_ids": ",".join(map(str, part))}
            try:
                pages = query.settled(self.source, asked, can_split=len(part) > 1)
                found = [row for rows in pages for row in rows]
            except (RequestTooLarge, StreamFailed) as error:
                if error.code in UNKNOWN_RECORD:
                    visits += self._of_known(part)
                    done += len(part)
                    continue
                is_too_much = isinstance(error, RequestTooLarge) or error.code == _TOO_MANY_IDS
                if not is_too_much or len(part) == 1:
                    raise
                self.most_ids = min(self.most_ids, len(part) // 2)
                self.logger.warning(
                    "%s: %s Visitors of a call: %d.", self.name, error, self.most_ids
                )
                continue
            visits += found
            done += len(part)
        return batch, visits

    def _of_known(self, ids: list[int]) -> list[dict[str, Any]]:
        """Return the visits of those visitors that Pardot still knows, asked for by halves.

        Args:
            ids: The visitors, among whom is one that Pardot does not know.

        Raises:
            TapPardotError: It says so of one visitor after the other: it is not the visitors.
        """
        visits: list[dict[str, Any]] = []
        parts, unknown, known = [*_halves(ids)], int(len(ids) == 1), False
        while parts:
            part = parts.pop(0)
            asked = {"visitor_ids": ",".join(map(str, part))}
            try:
                pages = query.settled(self.source, asked)
                visits += [row for rows in pages for row in rows]
                known = True
            except StreamFailed as failure:
                if failure.code not in UNKNOWN_RECORD:
                    raise
                unknown += len(part) == 1
                if unknown >= DOUBTFUL and not known:
                    raise
                parts[:0] = _halves(part)
        self.logger.warning(
            "%s: Pardot does not know %d of the visitors (any more).", self.name, unknown
        )
        return visits


def _halves(ids: list[int]) -> list[list[int]]:
    """Return two halves of some ids; none of a single one."""
    middle = len(ids) // 2
    return [ids[:middle], ids[middle:]] if middle else []


class Visits(VisitChild):
    """Visits of the visitors that have changed, with their page views."""

    name = "visits"
    api_names = {"visitor_page_views": ("visitor_page_views.visitor_page_view",)}  # noqa: RUF012

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Visit id."),
        th.Property("visitor_id", th.IntegerType, description="Whose visit."),
        th.Property("prospect_id", th.IntegerType, description="Null while anonymous."),
        th.Property("visitor_page_view_count", th.IntegerType, description="Pages viewed."),
        th.Property(
            "first_visitor_page_view_at", th.DateTimeType, description="First page, in UTC."
        ),
        th.Property("last_visitor_page_view_at", th.DateTimeType, description="Last page, in UTC."),
        th.Property("duration_in_seconds", th.IntegerType, description="From first to last page."),
        *[
            th.Property(f"{name}_parameter", th.StringType, description=f"utm_{name} of the link.")
            for name in ("campaign", "medium", "source", "content", "term")
        ],
        th.Property("created_at", th.DateTimeType, description="When it was made, in UTC."),
        th.Property("updated_at", th.DateTimeType, description="When it last changed, in UTC."),
        th.Property(
            "visitor_page_views",
            th.ArrayType(
                th.ObjectType(
                    th.Property("id", th.IntegerType, description="Page view id."),
                    th.Property("url", th.StringType, description="Address of the page."),
                    th.Property("title", th.StringType, description="Title of the page."),
                    th.Property("created_at", th.DateTimeType, description="When, in UTC."),
                )
            ),
            description="The pages viewed.",
        ),
    ).to_dict()

    def records_of(self, visit: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the visit's record."""
        if query.row_id(visit) > 0:
            yield self.decoder(visit)
        else:
            self.without_id += 1


class VisitorPageViews(VisitChild):
    """The page views of visits, a row each."""

    name = "visitor_page_views"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Page view id."),
        th.Property("visit_id", th.IntegerType, description="The visit."),
        th.Property("visitor_id", th.IntegerType, description="The visitor."),
        th.Property("url", th.StringType, description="Address of the page."),
        th.Property("title", th.StringType, description="Title of the page."),
        th.Property("created_at", th.DateTimeType, description="When, in UTC."),
    ).to_dict()

    def records_of(self, visit: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield a record for each page view."""
        views = visit.get("visitor_page_views")
        if isinstance(views, dict) and "visitor_page_view" in views:
            views = views["visitor_page_view"]
        ids = {"visit_id": visit.get("id"), "visitor_id": visit.get("visitor_id")}
        for view in as_list(views or None):
            if isinstance(view, dict) and query.row_id(view) > 0:
                yield self.decoder({**view, **ids})
            else:
                self.without_id += 1


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    numbers = iter(ids)
    while batch := list(islice(numbers, _VISITORS)):
        yield batch
