"""Faults: which calls go wrong, and how. No I/O."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 -- `check` evaluates the annotations
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pardot_emulator.options import check

if TYPE_CHECKING:
    from collections.abc import Callable


# Ways to damage an export file whose length still fits: only its content shows it.


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


FILE_DAMAGES: Mapping[str, Callable[[bytes], bytes]] = {
    "other_object": _other_object,
    "extra_cell": _extra_cell,
    "missing_cell": _missing_cell,
    "cut_row": _cut_row,
    "missing_column": _missing_column,
    "no_header": _no_header,
    "empty": lambda _: b"",
}


@dataclass
class Fault:
    """One fault: a match and an action.

    A call matches when every given one of ``object``, ``op``, ``version``, ``path`` and ``params``
    fits. The fault fires from the ``nth`` matching call on, ``times`` times in a row. See README.md
    for all options; those with ``init=False`` are counted here.
    """

    # Conditions
    object: str | None = None
    op: str | None = None
    version: int | None = None
    path: str | None = None
    params: Mapping[str, Any] | None = None
    nth: int = 1
    times: int | None = 1
    # Actions
    change: Mapping[str, Any] | None = None
    latency: float = 0
    code: int | None = None
    message: str | None = None
    status: int | None = None
    headers: Mapping[str, str] | None = None
    html: bool = False
    body: bytes | str | None = None
    hang: float | None = None
    reset: bool = False
    truncate: int | None = None
    redirect: str | None = None
    edit: Mapping[str, Any] | None = None
    csv: str | None = None

    id: int = field(default=0, init=False)
    seen: int = field(default=0, init=False)
    fired: int = field(default=0, init=False)

    @property
    def ends_call(self) -> bool:
        """Whether this fault answers (or kills) the call itself."""
        given = (self.code, self.status, self.body, self.hang, self.redirect)
        return self.reset or self.html or any(value is not None for value in given)

    def matches(self, call: Mapping[str, Any]) -> bool:
        """Return whether a call record fits."""
        # Without a condition a fault is for API calls: one for logins names them.
        is_token = call["op"] == "token"
        if is_token != (self.op == "token") and not (is_token and self.path):
            return False
        wanted = (self.params or {}).items()
        return (
            self.object in {None, call["object"]}
            and self.op in {None, call["op"]}
            and self.version in {None, call["version"]}
            and (self.path is None or self.path in call["path"])
            and all(str(call["params"].get(name)) == str(value) for name, value in wanted)
        )

    def due(self) -> bool:
        """Count one matching call; return whether the fault fires on it."""
        self.seen += 1
        fires = self.seen >= self.nth and (self.times is None or self.fired < self.times)
        self.fired += fires
        return fires


class Faults:
    """The faults of an account."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._last = 0

    def add(self, options: Mapping[str, Any]) -> int:
        """Add a fault; return its id.

        Raises:
            ValueError: An option that no fault has, or nothing to do.
        """
        check(Fault, options)
        fault = Fault(**options)
        if fault.csv is not None and fault.csv not in FILE_DAMAGES:
            raise ValueError(f"csv must be one of {', '.join(FILE_DAMAGES)}")
        changes_answer = fault.edit or fault.csv or fault.truncate is not None
        if not (fault.ends_call or fault.change or fault.latency or changes_answer):
            raise ValueError("a fault needs an action")
        self._last += 1
        fault.id = self._last
        self._faults.append(fault)
        return fault.id

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def take(self, call: Mapping[str, Any]) -> list[Fault]:
        """Count a call with every fault it matches; return those that fire on it."""
        return [fault for fault in self._faults if fault.matches(call) and fault.due()]

    def as_list(self) -> list[dict[str, Any]]:
        """Return all faults with how often each was seen and fired."""
        listed = [asdict(fault) for fault in self._faults]
        for one in listed:
            if isinstance(one["body"], bytes):
                one["body"] = one["body"].decode(errors="replace")
        return listed
