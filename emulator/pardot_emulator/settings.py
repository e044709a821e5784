"""The switches: one for each fact that differs between accounts or that no document states.

A letter with a number names the section of the reference; [?] marks what no source states, [X] a
contradiction between sources, [W] what was seen in the wild.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pardot_emulator.dates import WallClock, parse_instant
from pardot_emulator.options import check, choice, flag, option, options

API_USER = "api@example.com"
EXPORTABLE = (
    *("visitorActivity", "prospect", "visitor", "listMembership"),
    *("prospectAccount", "externalActivity"),
)


@dataclass
class Settings:
    """How this account behaves; a change counts from the next call on."""

    timezone: str = option("IANA zone of the API user, for all times sent and read (A.11).", "UTC")
    account_timezone: str | None = option(
        "Zone of the account, where the day of `daily_limit` begins (A.10); null: `timezone`.", None
    )
    api_version: int = choice("The only API version of this account; else 88 or 89 (A.3).", 4, 3)
    business_unit_id: str = option(
        "The only business unit; any other is refused with 201 (A.4).", "0UvEMULATOR0000001"
    )
    clock: float | str = option(
        "Seconds between the server's clock and real time, or a fixed time as ISO 8601 string.", 0
    )
    latency: float = option("Seconds added to every call; the call holds its slot meanwhile.", 0)
    daily_limit: int | None = option("Calls per day, then 122 (A.10); null: no limit.", None)
    max_concurrent: int = option("Calls at the same time; one more is refused with 66 (A.10).", 5)
    legacy_status: bool = flag(
        "Errors have HTTP status 200, as with the retired api_key login (A.8 [W])."
    )
    throttle_status: int = choice("HTTP status of 66, 122 and 202 (A.8 [?]).", 429, 200, 400)
    not_found_status: int = choice(
        "HTTP status of 109, 192, 198, and of an invalid id on a read (A.8 [?]).", 404, 400
    )
    over_limit: str = choice(
        "A `limit` above the largest: refused with 23, or clamped (A.12 [X]).", "error", "clamp"
    )
    fold: str = choice(
        "Which side of an autumn clock change a date parameter means (A.11 [?]).", "early", "late"
    )
    zone_suffix: str = choice(
        "What a zone in a date parameter does (A.11 [?]).", "ignored", "honoured", "refused"
    )
    unknown_parameters: str = choice(
        "Unknown parameters: ignored unless none is known, or each refused with 5 (F.3 [?]).",
        *("ignored", "refused"),
    )
    combined_sort: bool = flag("`sort_by` takes two keys (A.12 [?]); else 19.", on=True)
    ties: str = choice(
        "Order of rows with equal sort keys: by id, or different in each call (A.12 [?]).",
        *("id", "shuffled"),
    )
    admin: bool = flag(
        "The API user is an administrator; else the user query returns that user only (C.19).",
        on=True,
    )
    user_timezone: bool = flag("User records have `timezone` (C.19 [W]).")
    forbidden: Mapping[str, int] = option(
        "Objects this user may not see: a list of names (code 46), or names with 46 or 49.", ()
    )
    numeric_strings: str = choice(
        "Which strings that look like numbers become JSON numbers (A.6 [W]).",
        *("all", "integers", "none"),
    )
    bulk_nested: bool = flag("`output=bulk` keeps `campaign` and `prospects` (A.5 [W]).")
    unknown_fields: str = choice(
        "An unknown name in `fields` of a query: refused with 180, or ignored (F.3 [?]).",
        *("refused", "ignored"),
    )
    account_values: str = choice(
        'Which values of prospect accounts come as {"value": ...}: dropdowns, none, or all '
        "(C.15 [W]).",
        *("mixed", "plain", "wrapped"),
    )
    email_blocked: bool = flag("Sending e-mail is blocked: 190 (A.9).")
    email_click_extras: bool = flag("emailClick takes `id_less_than` and `offset` (C.7 [?]).")
    email_click_sort: bool = flag(
        "emailClick takes `sort_by` (C.7 [W]: in no document, seen to work); else 19.", on=True
    )
    unknown_email: int = choice(
        "Code for an unknown id on `read` and `stats` of e-mails (C.6 [?]).",
        *(109, 16, 46, 49, 192, 198),
    )
    stats_zero_rate: str | None = choice(
        "A rate whose denominator is 0 (C.6 [?]).", "0%", "0.00%", "", None
    )
    template_missing: str = choice(
        "An unknown template: a record with `error` 1 (A.7), or an error like any other.",
        *("record", "error"),
    )
    template_code: int = choice("Code for an unknown template (A.9 has both [?]).", 86, 68)
    template_list: str = choice(
        "`templates` is always a list (A.6 [W]), or follows the rule of other collections.",
        *("list", "one_or_many"),
    )
    visit_max_ids: int | None = option(
        "Ids in one list of a visit query, then 63 (C.20 [?]); null: any number.", 200
    )
    visit_sort: str = choice(
        "`sort_by` of visits: ignored, or refused with 19 (C.20 [?]).", "ignored", "refused"
    )
    visit_no_views: str = choice(
        "A visit without page views: null, or no key (A.6 has both).", "null", "absent"
    )
    export_paging: str = choice(
        "Whether the export query takes `limit` and `offset` (D.6 [?]).", "on", "ignored"
    )
    export_wait: float = option("Seconds that a job waits at least before it runs.", 0)
    export_seconds: float = option(
        "Seconds that a job runs; jobs run one after another (D.1).", 0.2
    )
    export_polls: int | None = option(
        "Instead of `export_seconds`: reads of any job until the running one is done.", None
    )
    export_fail: int = option("How many of the next jobs end as Failed; counts down.", 0)
    export_file_rows: int = option("Rows of one result file (D.1: not guaranteed).", 100_000)
    export_ref_base: str | None = option(
        "Origin of result links (D.10: an opaque host); null: the host that was called.", None
    )
    export_objects: Iterable[str] = option(
        "Objects that can be exported (D.10: once visitorActivity only).", EXPORTABLE
    )
    export_any_content_type: bool = flag("Create takes JSON under any Content-Type (D.2 [X]).")
    export_cancel_v3: bool = flag("Cancel works under version 3 as well (D.10).")
    export_custom_fields: str | int = choice(
        "Custom fields in a job: accepted, or refused with this code (D.8.4 [?]).",
        *("accept", 154, 180),
    )
    export_refused_fields: Iterable[str] = option(
        "Single fields that are refused with `export_refusal`.", ()
    )
    export_refusal: int = choice(
        "Code for an unknown or refused field; 180 names the field, 154 does not [?].", 154, 180
    )
    export_undocumented_fields: bool = flag(
        "Jobs take fields that queries have and D.8 does not list [?]."
    )
    export_prospect_deleted: str | int = choice(
        "`deleted` of prospects by updated_at: accepted, or refused (D.8.4 [X]).", "accept", 175
    )
    export_prospect_created: bool = flag(
        "Prospects have `filter_by_created_at` (D.10); else 174.", on=True
    )
    export_prospect_only: str = choice(
        "Spelling of that argument; the other one is refused with 175 (D.8.2 [X]).",
        *("both", "prospect_only", "prospectOnly"),
    )
    export_open_end: str = choice(
        "A range without an end: has no end, or ends at the job's creation (D.1 [X]).",
        *("unbounded", "creation"),
    )
    export_anonymous_visitors: bool = flag(
        "Visitor exports include visitors that are not identified (D.8.6 [?]).", on=True
    )
    export_answers: str = choice(
        "Answers have an `export` wrapper, have none, or only create has none (D.4, D.5 [X]).",
        *("wrapped", "flat", "flat_create"),
    )
    export_cancel_expired: bool = flag("Answers of cancel have `isExpired` (D.7 [X]).", on=True)
    export_query_refs: bool = flag("Rows of the export query have `resultRefs` (D.6 [X]).")
    export_shuffle_rows: bool = flag("Rows of a file come in no order (D.1).", on=True)
    export_shuffle_columns: bool = flag("Columns of a file come in no order (D.9 [?]).", on=True)
    export_quoting: str = choice(
        "Quotes: around all strings and times (D.9), where needed, or as PHP's fputcsv [?].",
        *("strings", "minimal", "php"),
    )
    export_backslash: bool = flag("A backslash before a leading `=`, `+`, `@` (D.9).", on=True)
    export_booleans: str = choice("1 and 0, or true and false (D.9 [?]).", "digits", "words")
    export_line_end: str = choice("Line ends of a file (D.9 [?]).", "lf", "crlf")
    export_bom: bool = flag("Files begin with a byte order mark (D.9: none).")
    export_chunked: bool = flag("Files come without Content-Length (D.9 [?]).")

    def __post_init__(self) -> None:
        self._assign(self.as_dict())

    def change(self, changes: Mapping[str, Any]) -> None:
        """Set switches, all of them or none.

        Raises:
            ValueError: An unknown switch, or a value it does not take.
        """
        check(self, changes)
        before = {name: getattr(self, name) for name in changes}
        try:
            self._assign(changes)
        except (ValueError, KeyError) as bad:
            self._assign(before)
            raise ValueError(str(bad)) from bad

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
        check(self, changes)
        for name, value in changes.items():
            setattr(self, name, value)
        self.forbidden = _with_codes(self.forbidden)
        self.export_objects = tuple(sorted(self.export_objects))
        self.export_refused_fields = tuple(sorted(self.export_refused_fields))
        if self.export_file_rows < 1:
            raise ValueError("export_file_rows must be at least 1")
        self.wall = WallClock(self.timezone)
        self.account_wall = WallClock(self.account_timezone or self.timezone)
        if "clock" in changes:
            self._stopped_at = time.time()
            self.now()  # raises for a string that is no time


def _with_codes(forbidden: Mapping[str, int] | Iterable[str]) -> dict[str, int]:
    """Return code by object; for a list of names it is 46, the usual code for missing rights."""
    return dict(forbidden) if isinstance(forbidden, Mapping) else dict.fromkeys(forbidden, 46)
