"""The switches: one for each fact that differs between accounts or that no document states.

README.md says what each one means. A letter with a number names the section of the reference; [?]
marks what no source states, [X] a contradiction between sources, [W] what was seen in use.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pardot_emulator.dates import WallClock, parse_instant
from pardot_emulator.errors import PardotError
from pardot_emulator.options import check, options

API_USER = "api@example.com"
EXPORTABLE = (
    *("visitorActivity", "prospect", "visitor", "listMembership"),
    *("prospectAccount", "externalActivity"),
)


@dataclass
class Settings:
    """How this account behaves; a change counts from the next call on."""

    timezone: str = "UTC"  # A.11
    account_timezone: str | None = None  # A.10
    api_version: Literal[4, 3] = 4  # A.3
    business_unit_id: str = "0UvEMULATOR0000001"  # A.4
    clock: float | str = 0
    latency: float = 0
    daily_limit: int | None = None  # A.10
    max_concurrent: int = 5  # A.10
    max_url: int = 8_000
    legacy_status: bool = False  # A.8 [W]
    throttle_status: Literal[429, 200, 400, 403] = 429  # A.8 [?]
    not_found_status: Literal[404, 400] = 404  # A.8 [?]
    over_limit: Literal["error", "clamp"] = "error"  # A.12 [X]
    fold: Literal["early", "late"] = "early"  # A.11 [?]
    zone_suffix: Literal["ignored", "honoured", "refused"] = "ignored"  # A.11 [?]
    unknown_parameters: Literal["ignored", "refused"] = "ignored"  # F.3 [?]
    combined_sort: bool = True  # A.12 [?]
    ties: Literal["id", "shuffled"] = "id"  # A.12 [?]
    admin: bool = True  # C.19
    user_timezone: bool = False  # C.19 [W]
    forbidden: Mapping[str, int] | Iterable[str] = ()
    numeric_strings: Literal["all", "integers", "none"] = "all"  # A.6 [W]
    bulk_nested: bool = False  # A.5 [W]
    total_results: bool = True  # A.6
    unknown_fields: Literal["refused", "ignored"] = "refused"  # F.3 [?]
    account_values: Literal["mixed", "plain", "wrapped"] = "mixed"  # C.15 [W]
    email_blocked: bool = False  # A.9
    email_click_extras: bool = False  # C.7 [?]
    email_click_sort: bool = True  # C.7 [W]
    unknown_email: Literal[109, 16, 46, 49, 192, 198] = 109  # C.6 [?]
    stats_zero_rate: Literal["0%", "0.00%", "", None] = "0%"  # noqa: PYI061 -- C.6 [?]
    template_missing: Literal["record", "error"] = "record"  # A.7
    template_code: Literal[86, 68] = 86  # A.9 [?]
    template_list: Literal["list", "one_or_many"] = "list"  # A.6 [W]
    visit_max_ids: int | None = 200  # C.20 [?]
    visit_sort: Literal["ignored", "refused"] = "ignored"  # C.20 [?]
    visit_no_views: Literal["null", "absent"] = "null"  # A.6
    export_paging: Literal["on", "ignored"] = "on"  # D.6 [?]
    export_wait: float = 0
    export_seconds: float = 0.2  # D.1
    export_polls: int | None = None
    export_fail: int = 0
    export_file_rows: int = 100_000  # D.1
    export_ref_base: str | None = None  # D.10
    export_objects: Iterable[str] = EXPORTABLE  # D.10
    export_any_content_type: bool = False  # D.2 [X]
    export_cancel_v3: bool = False  # D.10
    export_custom_fields: Literal["accept", 154, 180] = "accept"  # D.8.4 [?]
    export_refused_fields: Iterable[str] = ()
    export_refusal: Literal[154, 180] = 154
    export_undocumented_fields: bool = False  # D.8 [?]
    export_prospect_deleted: Literal["accept", 175] = "accept"  # D.8.4 [X]
    export_prospect_created: bool = True  # D.10
    export_prospect_only: Literal["both", "prospect_only", "prospectOnly"] = "both"  # D.8.2 [X]
    export_open_end: Literal["unbounded", "creation"] = "unbounded"  # D.1 [X]
    export_anonymous_visitors: bool = True  # D.8.6 [?]
    export_answers: Literal["wrapped", "flat", "flat_create"] = "wrapped"  # D.4, D.5 [X]
    export_cancel_expired: bool = True  # D.7 [X]
    export_query_refs: bool = False  # D.6 [X]
    export_shuffle_rows: bool = True  # D.1
    export_shuffle_columns: bool = True  # D.9 [?]
    export_quoting: Literal["strings", "minimal", "php"] = "strings"  # D.9 [?]
    export_backslash: bool = True  # D.9
    export_booleans: Literal["digits", "words"] = "digits"  # D.9 [?]
    export_line_end: Literal["lf", "crlf"] = "lf"  # D.9 [?]
    export_bom: bool = False  # D.9
    export_chunked: bool = False  # D.9 [?]
    versions_gone: Iterable[int] = ()
    gone_answer: Literal[198, 404] = 198
    v5_unauthorized: Literal[49, 184] = 49  # v5 A.7
    v5_forbidden_status: Literal[405, 403, 401] = 405  # v5 A.7
    v5_max_limit: int = 1000  # v5 A.3
    v5_order_direction: bool = False  # v5 A.3
    v5_undocumented_filters: bool = True  # v5 B.0
    v5_unproved_fields: bool = True  # v5 B, T
    v5_refused_fields: Iterable[str] = ()  # v5 A.7
    v5_refusal: Literal[51, 224] = 51  # v5 A.7
    v5_refusal_names: bool = True
    v5_options: Literal["dotted", "bare", "refused"] = "dotted"  # v5 B.9
    v5_recipient_lists: Literal["objects", "ids", "dotted"] = "objects"  # v5 B.9 [?]
    v5_token_cap: int = 100_000  # v5 A.5
    v5_token_conflict: Literal[51, 211] = 51  # v5 A.5 [?]
    v5_hidden: Mapping[str, Iterable[int]] | tuple[()] = ()  # v5 A.1
    v5_hidden_warning: bool = True
    v5_sessions: bool = False  # [?]
    v5_account: Literal["bare", "values"] = "bare"  # v5 B.28 [X]
    v5_rates: Literal["numbers", "percent"] = "numbers"  # v5 B.9 [?]
    v5_enums: Literal["documented", "capitalized"] = "documented"  # v5 E [?]
    v5_custom_values: Literal["strings", "typed"] = "strings"  # v5 A.9 [?]
    v5_variations: Literal["listed", "empty", "refused"] = "listed"  # v5 B.19 [?]
    v5_cache_lag: int = 0  # v5 A.6
    v5_usage: Literal["used/maximum", "used", "words"] = "used/maximum"  # v5 A.1 [?]

    def __post_init__(self) -> None:
        self._assign(self.as_dict())

    def change(self, changes: Mapping[str, Any]) -> None:
        """Set switches, all of them or none.

        Raises:
            ValueError: An unknown switch, or a value it does not take.
        """
        check(Settings, changes)
        before = {name: getattr(self, name) for name in changes}
        try:
            self._assign(changes)
        except (ValueError, KeyError) as bad:
            self._assign(before)
            raise ValueError(str(bad)) from bad

    def check_rights(self, name: str | None) -> None:
        """Raise the refusal (46 or 49) of an object that this user may not see."""
        if name in self._codes:
            raise PardotError(self._codes[name])

    def now(self) -> int:
        """Return the server's present time, epoch seconds."""
        if isinstance(self.clock, str):
            return parse_instant(self.clock)
        return int(time.time() + self.clock)

    def pace(self) -> float:
        """Return the clock of export jobs, epoch seconds with fractions.

        It goes on while `clock` is a fixed time, so that jobs end in such a test too.
        """
        if isinstance(self.clock, str):
            return parse_instant(self.clock) + time.time() - self._stopped_at
        return time.time() + self.clock

    def as_dict(self) -> dict[str, Any]:
        """Return the switches and their values."""
        return {name: getattr(self, name) for name in options(self)}

    def _assign(self, changes: Mapping[str, Any]) -> None:
        check(Settings, changes)
        for name, value in changes.items():
            setattr(self, name, value)
        self.forbidden = self._codes = _with_codes(self.forbidden)
        self.export_objects = tuple(sorted(self.export_objects))
        self.export_refused_fields = tuple(sorted(self.export_refused_fields))
        self.v5_refused_fields = tuple(sorted(self.v5_refused_fields))
        self.versions_gone = tuple(sorted(self.versions_gone))
        for name in ("export_file_rows", "v5_max_limit", "v5_token_cap"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        self.wall = WallClock(self.timezone)
        self.account_wall = WallClock(self.account_timezone or self.timezone)
        if "clock" in changes:
            self._stopped_at = time.time()
            self.now()  # raises for a string that is no time


def _with_codes(forbidden: Mapping[str, int] | Iterable[str]) -> dict[str, int]:
    """Return code by object; for a list of names it is 46, the usual code for missing rights."""
    return dict(forbidden) if isinstance(forbidden, Mapping) else dict.fromkeys(forbidden, 46)
