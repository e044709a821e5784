"""The sandbox's switches: one per fact that is an account's own or that nobody documents."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tap_pardot.sandbox.dates import WallClock, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterable

CHOICES: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "api_version": (3, 4),
        "throttle_status": (429, 200, 400),
        "not_found_status": (404, 400),
        "over_limit": ("error", "clamp"),
        "fold": ("early", "late"),
        "zone_suffix": ("ignored", "honoured", "refused"),
        "export_paging": ("on", "ignored"),
        "unknown_parameters": ("ignored", "refused"),
        "ties": ("id", "shuffled"),
        "numeric_strings": ("all", "integers", "none"),
    }
)


@dataclass
class Settings:
    """How this account behaves. Live: a change counts from the next call on.

    Attributes:
        timezone: IANA zone of the API user: of all times sent and received (reference A.11).
        account_timezone: Zone of the account, for the daily limit (A.10); None: as `timezone`.
        api_version: The only version this account may use: else 88 or 89 (A.3).
        business_unit_id: The only business unit known here: else 201 (A.4).
        api_user: E-mail of the user behind the token, for `admin` and `user_timezone`.
        clock: Offset of the server's clock from real time, seconds; or a fixed instant as ISO
            8601 text.
        latency: Seconds every call takes on top, holding its slot.
        daily_limit: Calls a day, then 122 (A.10); None: no limit.
        max_concurrent: Calls at once; one more gets 66 (A.10).
        legacy_status: Errors with HTTP 200, as in the api_key era (A.8 [W]).
        throttle_status: HTTP status of 66, 122, 202 (A.8 [?]).
        not_found_status: HTTP status of 109, 192, 198 and invalid ids on a read (A.8 [?]).
        over_limit: A ``limit`` too large is error 23 or is clamped (A.12 [X]).
        fold: Which side a date parameter inside a DST fold means (A.11 [?]).
        zone_suffix: What a zone in a date parameter does (A.11 [?]).
        export_paging: Whether the export query takes ``limit`` and ``offset`` (D.6 [?]).
        email_click_extras: Whether emailClick takes ``id_less_than`` and ``offset`` (C.7 [?]).
        unknown_parameters: Ignored (5 only when none is recognised), or each refused with 5
            (F.3 [?]).
        combined_sort: Whether ``sort_by`` takes two keys (A.12 [?]); else 19.
        ties: Rows with equal sort key come by id, or in an order that changes per call: nothing
            promises one.
        admin: False: the user query shows the API user's own record only (C.19).
        user_timezone: User records carry ``timezone`` (C.19 [W TAMIAS]).
        forbidden: Object to code (46 or 49) for objects this user may not see.
        numeric_strings: Which numeric-looking strings become JSON numbers (A.6 [W]); strings
            with leading zeros never do.
        bulk_nested: ``output=bulk`` keeps ``campaign`` and ``prospects`` (A.5 [W MATT]).
    """

    timezone: str = "UTC"
    account_timezone: str | None = None
    api_version: int = 4
    business_unit_id: str = "0UvSANDBOX00000001"
    api_user: str = "api@example.com"
    clock: float | str = 0
    latency: float = 0
    daily_limit: int | None = None
    max_concurrent: int = 5
    legacy_status: bool = False
    throttle_status: int = 429
    not_found_status: int = 404
    over_limit: str = "error"
    fold: str = "early"
    zone_suffix: str = "ignored"
    export_paging: str = "on"
    email_click_extras: bool = False
    unknown_parameters: str = "ignored"
    combined_sort: bool = True
    ties: str = "id"
    admin: bool = True
    user_timezone: bool = False
    forbidden: Mapping[str, int] = field(default_factory=dict)
    numeric_strings: str = "all"
    bulk_nested: bool = False

    def __post_init__(self) -> None:
        self._prepare()

    def change(self, changes: Mapping[str, Any]) -> None:
        """Set switches; all or none.

        Raises:
            ValueError: An unknown switch, or a value it does not take.
        """
        unknown = changes.keys() - {item.name for item in fields(self)}
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        before = {name: getattr(self, name) for name in changes}
        try:
            self._assign(changes)
        except (ValueError, KeyError) as bad:
            self._assign(before)
            raise ValueError(str(bad)) from bad

    def now(self) -> int:
        """Return the server's present instant, epoch seconds."""
        if isinstance(self.clock, str):
            return parse_instant(self.clock)
        return int(time.time() + self.clock)

    def as_dict(self) -> dict[str, Any]:
        """Return the switches and their values."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def _assign(self, changes: Mapping[str, Any]) -> None:
        for name, value in changes.items():
            setattr(self, name, value)
        self._prepare()

    def _prepare(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}")
        # A plain set of names reads well in tests; 46 is the usual code for missing rights.
        self.forbidden = _with_codes(self.forbidden)
        self.wall = WallClock(self.timezone)
        self.account_wall = WallClock(self.account_timezone or self.timezone)
        self.now()


def _with_codes(forbidden: Mapping[str, int] | Iterable[str]) -> dict[str, int]:
    return dict(forbidden) if isinstance(forbidden, Mapping) else dict.fromkeys(forbidden, 46)
