"""The scenarios that `compare` plays with two checkouts: accounts, settings, runs."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks import compare_accounts as account
from tests.helpers.states import FOLDER as SAVED_STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pardot_emulator import Emulator

    FindState = Callable[[Sequence[list[str]]], Any]

SETTINGS = {
    "start_date": "2022-08-01T00:00:00Z",  # two windows of a year
    "max_concurrent_requests": 1,
    "export_poll_interval": 1,
}


# --- where a run finds its STATE: in the stdout of the runs before it ---


def no_state(_: Sequence[list[str]]) -> None:
    """Begin without a STATE."""


def last_state(outputs: Sequence[list[str]]) -> Any:
    """Return the last STATE that a run before has written; None: there is none."""
    found = [state for lines in outputs for state in _states(lines)]
    return found[-1] if found else None


def state_at(share: float) -> FindState:
    """Return what finds the STATE of a first run that was killed after a share of its lines."""

    def find(outputs: Sequence[list[str]]) -> Any:
        return last_state([outputs[0][: int(len(outputs[0]) * share)]])

    return find


def given(state: Any) -> FindState:
    """Return what begins with this STATE."""
    return lambda _: state


def _states(lines: Iterable[str]) -> list[Any]:
    return [json.loads(line)["value"] for line in lines if line.startswith('{"type":"STATE"')]


# --- what a scenario is made of ---


@dataclass(frozen=True)
class Run:
    """One run of the tap.

    Attributes:
        state: Finds its STATE in the stdout of the runs before.
        before: What happens to the account first.
        settings: Beside those of the scenario.
        arguments: Of the command line, such as ``--discover``.
        with_settings: Whether there is a settings file.
        with_catalog: Whether there is a catalog.
    """

    state: FindState = no_state
    before: tuple[Callable[[Emulator], None], ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    with_settings: bool = True
    with_catalog: bool = True


FIRST = Run()
SECOND = Run(last_state, (account.later,))
AGAIN = Run(last_state)
"""On, with nothing new."""


@dataclass(frozen=True)
class Scenario:
    """An account and the runs of the tap on it.

    Attributes:
        runs: One after the other.
        settings: Of all runs.
        switches: Of the emulator.
        custom_fields: Of prospects.
        faults: Calls that go wrong.
        streams: Those selected; None: all.
        without: By stream, the columns that are not selected.
        methods: By stream, INCREMENTAL or FULL_TABLE where it is not the default.
        account: Makes the account.
    """

    runs: tuple[Run, ...] = (FIRST, SECOND)
    settings: Mapping[str, Any] = field(default_factory=dict)
    switches: Mapping[str, Any] = field(default_factory=dict)
    custom_fields: int = 12
    faults: tuple[Mapping[str, Any], ...] = ()
    streams: tuple[str, ...] | None = None
    without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    methods: Mapping[str, str] = field(default_factory=dict)
    account: Callable[..., Emulator] = account.seeded

    def emulator(self) -> Emulator:
        """Return a new account, not started."""
        emulator = self.account(custom_fields=self.custom_fields, **self.switches)
        for fault in self.faults:
            emulator.fault(**fault)
        return emulator

    def selected(self, catalog: Any) -> Any:
        """Return the catalog with this scenario's selection."""
        catalog = copy.deepcopy(catalog)
        for entry in catalog["streams"]:
            name = entry["tap_stream_id"]
            if name in self.methods:
                entry["replication_method"] = self.methods[name]
            for item in entry["metadata"]:
                if not item["breadcrumb"]:
                    item["metadata"]["selected"] = self.streams is None or name in self.streams
                elif item["breadcrumb"][-1] in self.without.get(name, ()):
                    item["metadata"]["selected"] = False
        return catalog


# --- the scenarios ---

BY_QUERY = {"bulk_source": "query"}
NO_FILES = {"with_settings": False, "with_catalog": False}
EMAIL = ("emails", "email_stats", "email_templates")
CHILDREN = (*EMAIL, "visits", "visitor_page_views", "opportunity_prospects")
BULK = (
    *("prospects", "prospect_accounts", "prospect_ids", "visitors", "visitor_activities"),
    *("list_memberships", "external_activities"),
)
SINGER_IO = {
    "bookmarks": {
        "lists": {"updated_at": "2024-03-12 09:30:00"},
        "prospects": {"updated_at": "2024-03-12 09:30:00"},
        "visitor_activities": {"id": 9, "updated_at": "2024-03-12 09:30:00"},
        "opportunities": {"id": 9, "updated_at": "2024-03-12 09:30:00"},
        "email_clicks": {"id": 7},
        "campaigns": {"id": 3, "sync_start_time": "2024-03-12T00:00:00Z"},
        "visits": {"offset": 400, "parent_bookmark": "2024-03-12 09:30:00"},
        "a_stream_of_old": {"updated_at": "2024-03-12 09:30:00"},
    },
    "currently_syncing": "lists",
}
ODD_ANSWERS = {
    "not_found_status": 400,
    "legacy_status": True,
    "throttle_status": 200,
    "numeric_strings": "none",
    "account_values": "wrapped",
    "bulk_nested": True,
    "ties": "shuffled",
    "combined_sort": False,
    "email_click_sort": False,
    "unknown_parameters": "refused",
    "unknown_email": 16,
    "stats_zero_rate": None,
    "template_missing": "error",
    "template_list": "one_or_many",
    "visit_sort": "refused",
    "visit_no_views": "absent",
    "user_timezone": True,
}
ODD_EXPORTS = {
    "export_answers": "flat",
    "export_query_refs": True,
    "export_paging": "ignored",
    "export_quoting": "minimal",
    "export_backslash": False,
    "export_booleans": "words",
    "export_line_end": "crlf",
    "export_bom": True,
    "export_chunked": True,
    "export_open_end": "creation",
}
CUTS = (FIRST, *(Run(state_at(share)) for share in (0.03, 0.2, 0.4, 0.6, 0.8, 0.95)))


def _on_another_clock(zone: str) -> tuple[Run, ...]:
    return (
        FIRST,
        Run(last_state, (account.switched(timezone=zone), account.later), {"timezone": zone}),
    )


SCENARIOS: dict[str, Scenario] = {
    "discover": Scenario(
        (
            Run(arguments=("--discover",), **NO_FILES),
            Run(arguments=("--discover",), with_catalog=False),
            Run(arguments=("--about", "--format=json"), **NO_FILES),
            Run(arguments=("--test",), with_catalog=False),
        )
    ),
    "all streams": Scenario((FIRST, SECOND, SECOND, AGAIN)),
    "by query": Scenario((FIRST, SECOND, AGAIN), settings=BY_QUERY),
    "no catalog": Scenario((Run(with_catalog=False), SECOND)),
    "four at once": Scenario(settings={"max_concurrent_requests": 4}),
    # The API's version, the zone, settings that move time.
    "version 3": Scenario(switches={"api_version": 3}),
    "version 3 by query": Scenario(switches={"api_version": 3}, settings=BY_QUERY),
    "version 4 instead of 3": Scenario((FIRST,), settings={"api_version": 3}),
    "zone": Scenario(_on_another_clock("Australia/Sydney")),
    "zone by query": Scenario(_on_another_clock("Europe/Berlin"), settings=BY_QUERY),
    "end date": Scenario((Run(settings={"end_date": "2023-06-01T00:00:00Z"}), SECOND)),
    "end date by query": Scenario(
        (Run(settings={"end_date": "2023-06-01T00:00:00Z"}), SECOND), settings=BY_QUERY
    ),
    "lookback": Scenario(settings={"lookback_seconds": 86_400, "email_stats_days": 300}),
    "few days of figures": Scenario(
        (FIRST, SECOND, SECOND, SECOND, SECOND),
        streams=("visitor_activities", "email_stats"),
        settings={"email_stats_days": 2, **BY_QUERY},
    ),
    # The catalog.
    "columns": Scenario(
        without={
            "lists": ("name", "updated_at"),
            "prospects": ("last_name", "score", "Interests", "Region", "notes", "assigned_to"),
            "visitor_activities": ("email_id", "list_email_id", "details", "updated_at"),
            "email_clicks": ("list_email_id", "created_at"),
            "visitors": ("page_view_count", "identified"),
            "emails": ("message", "name"),
            "visits": ("visitor_page_views", "visitor_id"),
            "opportunities": ("prospects",),
        }
    ),
    "children alone": Scenario((FIRST, SECOND, AGAIN), streams=CHILDREN),
    "children alone by query": Scenario(
        (FIRST, SECOND, AGAIN), streams=CHILDREN, settings=BY_QUERY
    ),
    "templates alone": Scenario(streams=("email_templates",)),
    "page views alone": Scenario(
        (Run(before=(account.busy,)), SECOND), streams=("visitor_page_views",)
    ),
    "visits by query": Scenario(
        (Run(before=(account.busy,)), SECOND), streams=("visitors", "visits"), settings=BY_QUERY
    ),
    "clicks and e-mails": Scenario(streams=("email_clicks", *EMAIL)),
    "full table": Scenario(
        methods=dict.fromkeys(("lists", "email_clicks", "imports", *BULK), "FULL_TABLE")
    ),
    "incremental": Scenario(
        methods=dict.fromkeys(
            ("campaigns", "opportunities", "users", "custom_fields"), "INCREMENTAL"
        )
    ),
    "stream maps": Scenario(
        settings={
            "stream_maps": {
                "*": {"unit": "'emea'"},
                "lists": {"name": "md5(name) if name else name", "__filter__": "id > 100"},
                "tags": "__NULL__",
            },
            "flattening_enabled": True,
            "flattening_max_depth": 1,
        }
    ),
    # Runs that end early.
    "daily call limit": Scenario(
        (FIRST, AGAIN, SECOND, SECOND, Run(last_state, settings={"daily_call_limit": 5000})),
        settings={"daily_call_limit": 90},
    ),
    "calls used up": Scenario(
        (FIRST, AGAIN, SECOND, Run(last_state, (account.switched(daily_limit=None),))),
        switches={"daily_limit": 70},
    ),
    "cut off": Scenario(CUTS),
    "cut off by query": Scenario(CUTS, settings=BY_QUERY),
    "cut off, files expired": Scenario((FIRST, Run(state_at(0.3), (account.without_files,)))),
    "outage": Scenario(
        (FIRST, Run(last_state, (account.repaired,))),
        faults=({"nth": 100, "times": None, "status": 503},),
    ),
    "token expires": Scenario(
        (FIRST,),
        faults=tuple({"nth": n, "change": {"expire_tokens": True}} for n in (1, 30, 90)),
    ),
    "bad login": Scenario((Run(settings={"refresh_token": "other"}),)),
    "bad settings": Scenario((Run(settings={"start_date": "soon", "bulk_source": "all"}),)),
    "bad STATE": Scenario((Run(given({"bookmarks": {"lists": {"cursor": "x"}}})),)),
    # What Pardot refuses.
    "streams fail": Scenario(
        (FIRST, Run(last_state, (account.repaired, account.later))),
        faults=(
            {"object": "list", "op": "query", "nth": 2, "times": None, "code": 10000},
            {"object": "visitor", "times": None, "code": 7},
            {"object": "email", "op": "read", "nth": 3, "times": None, "code": 16},
            {"object": "visit", "nth": 1, "times": None, "code": 63},
            {"object": "export", "op": "create", "nth": 4, "times": 2, "code": 176},
            {"object": "opportunity", "times": None, "status": 500},
        ),
    ),
    "no rights": Scenario(
        (FIRST, Run(last_state, (account.switched(forbidden={}), account.later))),
        switches={
            "forbidden": {
                **dict.fromkeys(("import", "email", "visit", "user"), 46),
                **dict.fromkeys(("emailTemplate", "opportunity", "list"), 49),
            }
        },
    ),
    "no exports": Scenario(switches={"forbidden": {"export": 46}}),
    "few exports": Scenario(switches={"export_objects": ("visitorActivity",)}),
    "custom fields refused": Scenario(switches={"export_custom_fields": 154}),
    "custom fields named": Scenario(switches={"export_custom_fields": 180}),
    "fields refused": Scenario(
        switches={"export_refused_fields": ("score", "details", "hostname", "Region")}
    ),
    "fields named": Scenario(
        switches={
            "export_refused_fields": ("score", "details", "hostname", "Region", "list_id"),
            "export_refusal": 180,
        }
    ),
    "no recycle bin": Scenario(switches={"export_prospect_deleted": 175}),
    # What is too much for one call or one job.
    "wide exports": Scenario(custom_fields=130),
    "slow exports": Scenario(switches={"export_polls": 2}, settings={"max_waiting_exports": 3}),
    "exports not ready": Scenario(
        (FIRST, AGAIN, Run(last_state, (account.switched(export_polls=0),))),
        switches={"export_polls": 100_000},
        settings={"export_timeout": 300},
    ),
    "exports fail": Scenario(switches={"export_fail": 3}),
    "queries out of time": Scenario(
        settings=BY_QUERY,
        faults=(
            {"object": "list", "op": "query", "times": 3, "code": 214},
            {"object": "visitorActivity", "op": "query", "times": 6, "code": 202},
            {"object": "prospect", "op": "query", "nth": 2, "times": 5, "code": 214},
            {"object": "import", "times": 2, "code": 214},
            {"object": "visit", "times": 3, "code": 214},
            {"object": "tag", "op": "query", "times": None, "code": 214},
        ),
    ),
    # What is documented in more ways than one.
    "odd answers": Scenario(switches=ODD_ANSWERS),
    "odd answers by query": Scenario(switches=ODD_ANSWERS, settings=BY_QUERY),
    "odd exports": Scenario(switches=ODD_EXPORTS),
    # A STATE of others.
    "STATE of singer-io": Scenario((Run(given(SINGER_IO)), SECOND)),
    "STATE of singer-io by query": Scenario((Run(given(SINGER_IO)), SECOND), settings=BY_QUERY),
}


def _saved(content: Mapping[str, Any]) -> Scenario:
    """Return the scenario of a STATE in the tests, which names a business unit of its own."""
    unit = content["state"]["settings"]["business_unit"]
    return Scenario(
        (
            Run(
                given(content["state"]),
                (account.switched(business_unit_id=unit), account.ordered(content["orders"])),
            ),
            AGAIN,
        ),
        settings={"start_date": "2024-05-01T00:00:00Z"},
        custom_fields=0,
        account=account.of_saved_state,
    )


SCENARIOS |= {
    f"STATE {path.stem}": _saved(json.loads(path.read_text()))
    for path in sorted(SAVED_STATES.glob("*.json"))
}
