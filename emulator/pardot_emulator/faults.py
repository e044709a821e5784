"""Faults: which call goes wrong, and how. One table of what can be asked for; no I/O."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from pardot_emulator.spoil import WAYS

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Fault:
    """One fault: a match and an action.

    A call matches when every given one of ``object``, ``op``, ``path`` and ``params`` fits. The
    fault fires from the ``nth`` matching call on, ``times`` times in a row.

    Attributes:
        object: Object name in the URL.
        op: ``query``, ``read``, ``send``, ``describe``; ``create``, ``download``, ``cancel`` of
            exports; ``token`` for the token endpoint.
        path: Part of the path.
        params: Parameters that the call must carry with these values, compared as text. A call
            for an export has the job's ``object`` here, a create also its ``procedure`` and
            arguments.
        nth: First matching call that goes wrong, counted from 1.
        times: How many go wrong; None: all from then on.
        change: Done just before the answer, which is then normal: ``upsert`` {object: rows},
            ``update`` {object: {"ids": [..], "fields": {..}}}, ``delete`` {object: ids},
            ``settings`` {switch: value}, ``expire_tokens`` true, ``export`` {"id": job or None,
            "state": text, "expired": true} (see `State.set_export`).
        latency: Seconds to wait, then a normal answer (or the other action given).
        code: Refuse with this Pardot error code.
        message: Text of the refusal instead of the code's own.
        status: HTTP status: of the refusal, of ``body`` or ``html``, or alone with an empty body.
        headers: Extra headers, for example Retry-After.
        html: Answer with a page of HTML, as proxies do (reference A.8, ISS#174).
        body: Answer with exactly this, status 200 unless given.
        hang: Say nothing for so many seconds, then close; ends when the client leaves.
        reset: Close the connection with a TCP RST.
        truncate: Announce the whole length, send so many bytes but never all of them, close.
        redirect: Send the client to this URL (302 unless ``status``).
        edit: Change a JSON answer that is otherwise good: ``set`` {key: value}, ``drop`` [keys],
            in its ``export`` where it has one.
        csv: Spoil a file that is otherwise whole, with a Content-Length that fits: see
            `spoil.WAYS`.
    """

    object: str | None = None
    op: str | None = None
    path: str | None = None
    params: dict[str, Any] | None = None
    nth: int = 1
    times: int | None = 1
    change: dict[str, Any] | None = None
    latency: float = 0
    code: int | None = None
    message: str | None = None
    status: int | None = None
    headers: dict[str, str] | None = None
    html: bool = False
    body: bytes | str | None = None
    hang: float | None = None
    reset: bool = False
    truncate: int | None = None
    redirect: str | None = None
    edit: dict[str, Any] | None = None
    csv: str | None = None
    id: int = 0
    seen: int = 0
    fired: int = 0

    @property
    def ends_call(self) -> bool:
        """Whether this fault answers (or kills) the call itself."""
        return (
            self.reset
            or self.html
            or any(
                value is not None
                for value in (self.code, self.status, self.body, self.hang, self.redirect)
            )
        )

    def matches(self, call: Mapping[str, Any]) -> bool:
        """Say whether a call record fits."""
        # A fault that names nothing means API calls: a broken login is always asked for.
        is_token = call["op"] == "token"
        if is_token != (self.op == "token") and not (is_token and self.path):
            return False
        return (
            self.object in {None, call["object"]}
            and self.op in {None, call["op"]}
            and (self.path is None or self.path in call["path"])
            and all(
                str(call["params"].get(name)) == str(value)
                for name, value in (self.params or {}).items()
            )
        )

    def due(self) -> bool:
        """Count one matching call; say whether the fault fires on it."""
        self.seen += 1
        fires = self.seen >= self.nth and (self.times is None or self.fired < self.times)
        self.fired += fires
        return fires


class Faults:
    """The faults that wait for their call."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._last = 0

    def add(self, options: Mapping[str, Any]) -> int:
        """Add a fault; return its id.

        Raises:
            ValueError: An option that no fault has, or nothing to do.
        """
        allowed = {item.name for item in fields(Fault)} - {"id", "seen", "fired"}
        unknown = options.keys() - allowed
        if unknown:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
        fault = Fault(**options)
        if fault.csv is not None and fault.csv not in WAYS:
            raise ValueError(f"csv must be one of {', '.join(WAYS)}")
        changes_answer = fault.edit or fault.csv or fault.truncate is not None
        if not (fault.ends_call or fault.change or fault.latency or changes_answer):
            raise ValueError("a fault needs an action")
        self._last += 1
        fault.id = self._last
        self._faults.append(fault)
        return fault.id

    def clear(self) -> None:
        """Forget all faults."""
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
