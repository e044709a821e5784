"""Ways to damage an export file whose length still fits: only its content shows it. Pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _other_object(_: bytes) -> bytes:
    return b'id,name,position\n501,"New",1\n502,"Engaged",2\n'


def _extra_cell(body: bytes) -> bytes:
    # The last row is sure to end where the file does; a line end elsewhere may be inside a value.
    stripped = body.rstrip(b"\r\n")
    return stripped + b',"one too many"' + body[len(stripped) :]


def _missing_cell(body: bytes) -> bytes:
    head, end, rows = body.partition(b"\n")
    # A row of its own at the end: one cell fewer than the header, whatever the rows hold.
    return head + end + rows + b"," * max(head.count(b",") - 1, 0) + end


def _cut_row(body: bytes) -> bytes:
    stripped = body.rstrip(b"\r\n")
    last = stripped.rfind(b"\n") + 1
    return stripped[: last + max((len(stripped) - last) // 2, 1)]


def _missing_column(body: bytes) -> bytes:
    head, end, rows = body.partition(b"\n")
    names = head.split(b",")
    names[-1] = b"something_else" + (b"\r" if names[-1].endswith(b"\r") else b"")
    return b",".join(names) + end + rows


def _no_header(body: bytes) -> bytes:
    return body.partition(b"\n")[2]


WAYS: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType(
    {
        "other_object": _other_object,
        "extra_cell": _extra_cell,
        "missing_cell": _missing_cell,
        "cut_row": _cut_row,
        "missing_column": _missing_column,
        "no_header": _no_header,
        "empty": lambda _: b"",
    }
)
