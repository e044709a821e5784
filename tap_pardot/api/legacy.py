"""The client's calls by raw parameters, until every source builds its requests by dialect."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO

from tap_pardot.api.client import Client
from tap_pardot.api.dialect import Request
from tap_pardot.api.v4_answers import created_status, listed, record_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_pardot.api.dialect import JobStatus
    from tap_pardot.api.v4 import V4


class LegacyClient(Client):
    """Calls Pardot by raw parameters."""

    def __init__(self, *args: Any, v4: V4, **named: Any) -> None:
        super().__init__(*args, **named)
        self.v4 = v4
        self.keeps_answers = False
        self.unsorted = v4.unsortable

    @property
    def version(self) -> int:
        """The version in use."""
        return self.v4.version.number

    def query(  # noqa: D102, PLR0913
        self,
        stream: str,
        pardot_object: str,
        key: str,
        params: Mapping[str, str],
        method: str | None = None,
        *,
        can_split: bool = False,
    ) -> tuple[list[dict[str, Any]], int | None]:
        request = Request(
            self.v4,
            (pardot_object, "query"),
            lambda body, _: rows_of(body, key),
            params,
            method=method,
            can_split=can_split,
        )
        return self.call(stream, request, store=self.keeps_answers)

    def read(  # noqa: D102
        self,
        stream: str,
        path: tuple[str, ...],
        key: str,
        params: Mapping[str, str] = MappingProxyType({}),
        *,
        may_be_empty: bool = False,
    ) -> dict[str, Any]:
        request = Request(
            self.v4,
            path,
            lambda body, _: record_of(body, key, may_be_empty=may_be_empty),
            params,
        )
        return self.call(stream, request, store=self.keeps_answers)

    def listing(  # noqa: D102
        self, stream: str, path: tuple[str, ...], keys: tuple[str, str], params: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        request = Request(self.v4, path, lambda body, _: listed(body, *keys), params)
        return self.call(stream, request)

    def describe(self, stream: str, pardot_object: str) -> list[dict[str, Any]]:  # noqa: D102
        return self.call(stream, self.v4.describe(pardot_object), store=self.keeps_answers)

    def create_export(  # noqa: D102
        self, stream: str, order: Mapping[str, Any], *, can_split: bool = False
    ) -> JobStatus:
        request = Request(
            self.v4, ("export", "create"), created_status, json=order, can_split=can_split
        )
        return self.call(stream, request)

    def export(self, stream: str, number: int) -> JobStatus:  # noqa: D102
        return self.call(stream, self.v4.read_export(number))

    def cancel_export(self, stream: str, number: int) -> None:  # noqa: D102
        self.call(stream, self.v4.cancel_export(number))

    def download(self, stream: str, url: str, file: BinaryIO) -> None:  # noqa: D102
        self.call(stream, self.v4.download(url, file))
