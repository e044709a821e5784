"""The emulator's switches: one per fact that is an account's own or that nobody documents."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pardot_emulator.dates import WallClock, parse_instant

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
        "unknown_fields": ("refused", "ignored"),
        "account_values": ("mixed", "plain", "wrapped"),
        "unknown_email": (109, 16, 46, 49, 192, 198),
        "stats_zero_rate": ("0%", "0.00%", "", None),
        "template_missing": ("record", "error"),
        "template_code": (86, 68),
        "template_list": ("list", "one_or_many"),
        "visit_sort": ("ignored", "refused"),
        "visit_no_views": ("null", "absent"),
        "export_custom_fields": ("accept", 154, 180),
        "export_refusal": (154, 180),
        "export_prospect_deleted": ("accept", 175),
        "export_prospect_only": ("both", "prospect_only", "prospectOnly"),
        "export_open_end": ("unbounded", "creation"),
        "export_answers": ("wrapped", "flat", "flat_create"),
        "export_quoting": ("strings", "minimal", "php"),
        "export_booleans": ("digits", "words"),
        "export_line_end": ("lf", "crlf"),
    }
)


EXPORTABLE = (
    *("visitorActivity", "prospect", "visitor", "listMembership"),
    *("prospectAccount", "externalActivity"),
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
        email_click_sort: Whether emailClick takes a sort (C.7: documented nowhere, seen to work);
            else 19.
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
        unknown_fields: A name in ``fields`` of a query that no field has: 180, or nothing [?].
        account_values: Values of prospect accounts: dropdowns as {"value": …} and the others
            plain (mixed), or all one way (C.15 [W TAP]).
        unknown_email: Code of an e-mail or list e-mail that does not exist, on ``read`` and
            ``stats`` (C.6 names none [?]).
        stats_zero_rate: A rate of nothing sent, delivered or opened (C.6 [?]).
        template_missing: A template that is not found is a record with ``error`` 1 in a good
            answer (A.7 [D SEED]), or an error like any other.
        template_code: Code of that (A.9 has both [?]).
        template_list: ``templates`` is a list always (A.6 [W TAMIAS]), or the one template when
            there is one, as with every other collection.
        visit_max_ids: Ids in one list of a visit query, then 63 (C.20 [?]; a tap in use sends
            200); None: any number.
        visit_sort: ``sort_by`` of visits is ignored, or 19 (C.20: visits have no sorts [?]).
        visit_no_views: A visit without page views has null, or no key at all (A.6 has both).
        export_wait: Seconds a job waits at least before it may run.
        export_seconds: Seconds a job runs, by the emulator's clock; jobs run one after another
            (D.1).
        export_polls: Instead of `export_seconds`: a job is done after so many reads, of any job,
            while it runs.
        export_fail: So many of the next jobs to end end as Failed; counts down.
        export_file_rows: Rows of one result file (D.1: not guaranteed).
        export_ref_base: Origin of result links (D.10: an opaque host); None: the one called.
        export_objects: The objects that can be exported (D.10: once visitorActivity only).
        export_max_fields: Fields of one job (D.1).
        export_max_days: Days of one job's range (D.1).
        export_any_content_type: Create takes JSON under any Content-Type (D.2 [X]).
        export_cancel_v3: Cancel answers under version 3 as well (D.10, cancel path).
        export_custom_fields: Custom fields in a job: taken, or refused with 154, or with 180 and
            the field's name (D.8.4 [?]).
        export_refused_fields: Single fields that are refused, by `export_refusal`.
        export_refusal: Code of an unknown or refused field; 180 names it, 154 does not [?].
        export_undocumented_fields: Fields that queries have and D.8 does not list are taken, such
            as ``prospect_id`` of visitors [?].
        export_prospect_deleted: The ``deleted`` argument of prospects by updated_at (D.8.4 [X]).
        export_prospect_created: Whether prospects have ``filter_by_created_at`` (D.10); else 174.
        export_prospect_only: Spelling of that argument (D.8.2 [X]); the other one is 175.
        export_open_end: What a range without an end covers (D.1 [X]).
        export_anonymous_visitors: Visitor exports hold those nobody identified (D.8.6 [?]).
        export_answers: ``export`` wrapper, or flat without times, or only ``create`` flat, as in
            the example beside the one of ``read`` (D.4, D.5 [X]).
        export_cancel_expired: Cancel answers tell ``isExpired`` (D.7 [X]).
        export_query_refs: Rows of the export query hold ``resultRefs`` (D.6 [X]).
        export_shuffle_rows: Rows in no order (D.1).
        export_shuffle_columns: Columns in no order (D.9 [?]).
        export_quoting: Strings and times always in quotes (D.9 GH21), or where needed; or as
            PHP's fputcsv does it, which leaves a quote behind a backslash alone [?].
        export_backslash: A backslash before a leading ``=``, ``+``, ``@`` (D.9 GH21).
        export_booleans: 1 and 0, or true and false (D.9 [?]).
        export_line_end: LF or CRLF (D.9 [?]).
        export_bom: A byte order mark before the header (D.9: none).
        export_chunked: Files without Content-Length (D.9 [?]).
    """

    timezone: str = "UTC"
    account_timezone: str | None = None
    api_version: int = 4
    business_unit_id: str = "0UvEMULATOR0000001"
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
    email_click_sort: bool = True
    unknown_parameters: str = "ignored"
    combined_sort: bool = True
    ties: str = "id"
    admin: bool = True
    user_timezone: bool = False
    forbidden: Mapping[str, int] = field(default_factory=dict)
    numeric_strings: str = "all"
    bulk_nested: bool = False
    unknown_fields: str = "refused"
    account_values: str = "mixed"
    unknown_email: int = 109
    stats_zero_rate: str | None = "0%"
    template_missing: str = "record"
    template_code: int = 86
    template_list: str = "list"
    visit_max_ids: int | None = 200
    visit_sort: str = "ignored"
    visit_no_views: str = "null"
    export_wait: float = 0
    export_seconds: float = 0.2
    export_polls: int | None = None
    export_fail: int = 0
    export_file_rows: int = 100_000
    export_ref_base: str | None = None
    export_objects: Iterable[str] = EXPORTABLE
    export_max_fields: int = 150
    export_max_days: int = 365
    export_any_content_type: bool = False
    export_cancel_v3: bool = False
    export_custom_fields: str | int = "accept"
    export_refused_fields: Iterable[str] = ()
    export_refusal: int = 154
    export_undocumented_fields: bool = False
    export_prospect_deleted: str | int = "accept"
    export_prospect_created: bool = True
    export_prospect_only: str = "both"
    export_open_end: str = "unbounded"
    export_anonymous_visitors: bool = True
    export_answers: str = "wrapped"
    export_cancel_expired: bool = True
    export_query_refs: bool = False
    export_shuffle_rows: bool = True
    export_shuffle_columns: bool = True
    export_quoting: str = "strings"
    export_backslash: bool = True
    export_booleans: str = "digits"
    export_line_end: str = "lf"
    export_bom: bool = False
    export_chunked: bool = False

    def __post_init__(self) -> None:
        self._stopped_at = time.time()
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

    def pace(self) -> float:
        """Return the clock that jobs run by, epoch seconds.

        The server's clock with its fractions. It goes on while `clock` stands still, because a
        job has to end in a test of one fixed instant too.
        """
        if isinstance(self.clock, str):
            return parse_instant(self.clock) + time.time() - self._stopped_at
        return time.time() + self.clock

    def as_dict(self) -> dict[str, Any]:
        """Return the switches and their values."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def _assign(self, changes: Mapping[str, Any]) -> None:
        for name, value in changes.items():
            setattr(self, name, value)
        if "clock" in changes:
            self._stopped_at = time.time()
        self._prepare()

    def _prepare(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}")
        # A plain set of names reads well in tests; 46 is the usual code for missing rights.
        self.forbidden = _with_codes(self.forbidden)
        self.export_objects = tuple(sorted(self.export_objects))
        self.export_refused_fields = tuple(sorted(self.export_refused_fields))
        if self.export_file_rows < 1:
            raise ValueError("export_file_rows must be at least 1")
        self.wall = WallClock(self.timezone)
        self.account_wall = WallClock(self.account_timezone or self.timezone)
        self.now()


def _with_codes(forbidden: Mapping[str, int] | Iterable[str]) -> dict[str, int]:
    return dict(forbidden) if isinstance(forbidden, Mapping) else dict.fromkeys(forbidden, 46)
