"""The scenarios that `compare` plays with two checkouts: accounts, settings, runs."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pardot_emulator.harness import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Action = Callable[[Emulator], Any]
    Outputs = Sequence[list[str]]

NOW = "2024-06-01T12:00:00+00:00"
ROWS = 40
SETTINGS = {
    "start_date": "2022-08-01T00:00:00Z",  # two windows of a year
    "max_concurrent_requests": 1,  # calls come in one order
    "export_poll_interval": 1,
}
NO_EXPORTS = {"bulk_source": "query"}


def no_state(_: Outputs) -> None:
    """Begin without a STATE."""


def last_state(outputs: Outputs) -> Any:
    """Return the last STATE of the run before."""
    return _states(outputs[-1])[-1]


def state_after(messages: int) -> Callable[[Outputs], Any]:
    """Return what finds the last STATE among so many messages of the first run."""
    return lambda outputs: _states(outputs[0][:messages])[-1]


def given(state: Any) -> Callable[[Outputs], Any]:
    """Return what begins with this STATE."""
    return lambda _: state


def _states(lines: Iterable[str]) -> list[Any]:
    messages = (json.loads(line) for line in lines)
    return [each["value"] for each in messages if each["type"] == "STATE"]


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

    state: Callable[[Outputs], Any] = no_state
    before: tuple[Action, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    with_settings: bool = True
    with_catalog: bool = True


@dataclass(frozen=True)
class Scenario:
    """An account and the runs of the tap on it.

    Attributes:
        runs: One after the other.
        settings: Of all runs.
        account: Switches of the emulator.
        custom_fields: Of prospects.
        faults: Calls that go wrong, from the first run on.
        streams: Those selected; None: all.
        without: By stream, the columns that are not selected.
        methods: By stream, INCREMENTAL or FULL_TABLE where it is not the default.
        emulator_of: Makes another account than the seeded one.
    """

    runs: tuple[Run, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    account: Mapping[str, Any] = field(default_factory=dict)
    custom_fields: int = 12
    faults: tuple[Mapping[str, Any], ...] = ()
    streams: tuple[str, ...] | None = None
    without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    methods: Mapping[str, str] = field(default_factory=dict)

    def emulator(self) -> Emulator:
        """Return a new account, not started."""
        return new_emulator(self.custom_fields, **self.account)

    def prepare(self, emulator: Emulator) -> None:
        """Add the faults."""
        for fault in self.faults:
            emulator.fault(**fault)

    def selected(self, catalog: Any) -> Any:
        """Return the catalog with this scenario's selection."""
        catalog = copy.deepcopy(catalog)
        for entry in catalog["streams"]:
            name = entry["tap_stream_id"]
            if name in self.methods:
                entry["replication_method"] = self.methods[name]
            for item in entry["metadata"]:
                metadata = item["metadata"]
                if not item["breadcrumb"]:
                    metadata["selected"] = self.streams is None or name in self.streams
                    if name in self.methods:
                        metadata["forced-replication-method"] = self.methods[name]
                elif item["breadcrumb"][-1] in self.without.get(name, ()):
                    metadata["selected"] = False
        return catalog


def new_emulator(custom_fields: int, **switches: Any) -> Emulator:
    """Return the seeded account, not started: all kinds of rows, and more than a page of some."""
    switches = {
        "timezone": "America/New_York",
        "clock": NOW,
        "export_seconds": 0,
        "export_file_rows": 25,
        **switches,
    }
    emulator = Emulator(rows=ROWS, custom_fields=custom_fields, **switches)
    # Export jobs take their times from a clock that goes on; here it has to stand still.
    emulator.settings.__dict__["pace"] = lambda: float(emulator.settings.now())
    moment = "2024-05-10T10:00:00+00:00"
    times = {"created_at": moment, "updated_at": moment}
    emulator.add("list", [{"id": n, "name": f"List {n}", **times} for n in range(1, 451)])
    emulator.add("emailClick", [{"id": n, "created_at": moment} for n in range(1, 251)])
    return emulator


# --- what happens between two runs ---


def later(emulator: Emulator) -> None:
    """Let a day pass; rows change, appear and are deleted."""
    emulator.forward(days=1)
    now = emulator.settings.now()
    for name in _CHANGING:
        rows = emulator.rows(name)
        times = {key: now - 600 for key in ("updated_at", "updatedAt") if key in rows[0]}
        emulator.update(name, [row["id"] for row in rows[::7]], **times)
        new = [{**row, "id": rows[-1]["id"] + n} for n, row in enumerate(rows[:3], 1)]
        made = {key: now - 900 for key in ("created_at", "createdAt") if key in rows[0]}
        emulator.add(name, [row | times | made for row in new])
        gone = [row["id"] for row in rows[3:6]]
        if "deleted" in rows[0]:
            emulator.update(name, gone, deleted=True, **times)
        elif name in _DELETABLE:
            emulator.delete(name, gone)
    _mail(emulator, now - 700)
    emulator.forward(3600)


_DELETABLE = frozenset({"campaign", "list", "opportunity", "tag"})
_CHANGING = (
    *("campaign", "customRedirect", "dynamicContent", "emailClick", "externalActivity", "form"),
    *("import", "lifecycleHistory", "list", "listMembership", "opportunity", "prospect"),
    *("prospectAccount", "tag", "tagObject", "user", "visit", "visitor", "visitorActivity"),
)


def _mail(emulator: Emulator, moment: int) -> None:
    """Add activities and clicks of e-mails, some of them named before."""
    mails, templates = emulator.rows("email"), emulator.rows("emailTemplate")
    times = {"created_at": moment, "updated_at": moment}
    first = emulator.rows("visitorActivity")[-1]["id"] + 1
    activities = [
        {
            "id": first + n,
            "type": 11 if n % 2 else 6,
            "email_id": mail["id"],
            "list_email_id": mail["list_email_id"],
            "email_template_id": templates[n]["id"],
            **times,
        }
        for n, mail in enumerate(mails[::4])
    ]
    emulator.add("visitorActivity", activities)
    first = emulator.rows("emailClick")[-1]["id"] + 1
    clicks = [
        {"id": first + n, "list_email_id": mail["list_email_id"], "created_at": moment}
        for n, mail in enumerate(mails[::5])
    ]
    emulator.add("emailClick", clicks)


# --- the scenarios ---

FIRST = Run()
SECOND = Run(last_state, (later,))
NO_CATALOG = {"with_catalog": False}

SCENARIOS: dict[str, Scenario] = {
    "discover": Scenario(
        (
            Run(arguments=("--discover",), with_settings=False, with_catalog=False),
            Run(arguments=("--discover",), with_catalog=False),
            Run(arguments=("--about", "--format=json"), with_settings=False, with_catalog=False),
        )
    ),
    "all streams": Scenario((FIRST, SECOND, Run(last_state, (later,)))),
    "by query": Scenario((FIRST, SECOND), settings=NO_EXPORTS),
}
