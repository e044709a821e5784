"""What runs under ``api_version`` 5 cost in API calls.

The account is that of the specification (v5-spec.md A), scaled to the emulator: what an hour brings
is the same, what was there before is less. Nested arrays and ``opportunity_prospects``, which only
versions 3 and 4 have, are not selected.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pardot_emulator import Emulator
from tap_pardot.api.v5 import V5
from tests.helpers.runner import Runner
from tests.helpers.versions import V5_ONLY, calls_by_version, discovered, misfits, selected
from tests.helpers.waits import short_polls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.helpers.tap import Finished

NOW = "2024-06-01T12:00:00+00:00"
HOUR = 3600
ROWS = 900
MAILS = 25
"""List e-mails with new figures, each of which costs a call."""
MOST_OF_EXISTING, MOST_OF_ALL = 63, 85
"""Calls of an hourly run of the streams that versions 3 and 4 have, and of all."""
FEW = ("campaign", "opportunity")
NOT_READ = {"opportunity_prospects", "prospect_ids", "list_email_lists"}
NEW = {*V5_ONLY, "tagged_objects"}
TWICE = {
    *("emails", "lifecycle_histories", "tagged_objects", "visitor_page_views"),  # append-only
    "visitors",  # active and deleted rows
    "account",  # one by each dialect
}
ONCE = {
    *("campaigns", "custom_redirects", "email_templates", "forms", "lifecycle_stages"),
    *("list_memberships", "lists", "opportunities", "prospects", "tags", "users"),
    *("visitor_activities", "visits"),
    *V5_ONLY,
}


class Runs(NamedTuple):
    """Runs of one account, and the calls of each."""

    first: Finished
    idle: Finished
    busy: Finished
    calls: dict[str, list[dict[str, Any]]]
    changed: dict[str, set[int]]
    """By stream, the ids of the rows that the last run must bring."""


@pytest.fixture(scope="module", params=[True, False], ids=["all streams", "existing streams"])
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runs]:
    """Run three times: from the start, after an hour without changes, after a usual hour."""
    with (
        pytest.MonkeyPatch.context() as patch,
        Emulator(rows=ROWS, clock=NOW, timezone="America/New_York", export_seconds=0) as emulator,
    ):
        short_polls(patch)
        for name in FEW:
            emulator.delete(name, [row["id"] for row in emulator.rows(name)][100:])
        emulator.clear("customField")  # fields with several values need versions 3 and 4
        emulator.forward(days=90)  # no e-mail was sent lately
        tap = Runner(tmp_path_factory.mktemp("calls"))
        config = {**emulator.config, "api_version": 5, "export_poll_interval": 1}
        catalog = discovered(tap, config)
        names = {entry["tap_stream_id"] for entry in catalog["streams"]} - NOT_READ
        catalog = selected(catalog, names if request.param else names - NEW)
        calls: dict[str, list[dict[str, Any]]] = {}
        state, changed, found = None, {}, []
        for name in ("first", "idle", "busy"):
            emulator.forward(HOUR)
            if name == "busy":
                changed = usual_hour(emulator)
            emulator.clear_calls()
            found.append(tap.run(config, catalog=catalog, state=state))
            calls[name] = emulator.calls
            state = found[-1].state
        yield Runs(*found, calls, changed)


def usual_hour(emulator: Emulator) -> dict[str, set[int]]:
    """Change what an hour of the specification's account changes; return the ids by stream."""
    moment = emulator.settings.now() - HOUR // 2
    ids = {
        name: [row["id"] for row in emulator.rows(name)]
        for name in ("prospect", "visitor", "visit", "listMembership", "listEmail", "email")
    }
    many = {"prospect": 300, "visitor": 800, "visit": 500, "listMembership": 300}
    for name, number in many.items():
        emulator.update(name, ids[name][:number], updated_at=moment)
    first = emulator.model.next_id("visitorActivity")
    emulator.add(
        "visitorActivity",
        (
            {
                "id": first + place,
                "type": 11,
                "type_name": "Email",
                "email_id": ids["email"][place % 40],
                "list_email_id": ids["listEmail"][place % MAILS],
                "created_at": moment,
                "updated_at": moment,
            }
            for place in range(600)
        ),
    )
    return {
        "prospects": {*ids["prospect"][:300]},
        "visitors": {*ids["visitor"][:800]},
        "visits": {*ids["visit"][:500]},
        "list_memberships": {*ids["listMembership"][:300]},
        "visitor_activities": {*range(first, first + 600)},
    }


def by_stream(run: Finished) -> dict[str, int]:
    """Return the calls that the report counts for each stream."""
    lines = [line for line in run.log if " row" in line and " call" in line and ": " in line]
    found = {}
    for line in lines:
        name, _, rest = line.partition(": ")
        words = rest.replace(",", " ").split()
        if name.isidentifier() and any(word in {"call", "calls"} for word in words):
            place = next(n for n, word in enumerate(words) if word in {"call", "calls"})
            found[name] = int(words[place - 1])
    return found


def test_every_run_is_complete(runs: Runs) -> None:
    for run in (runs.first, runs.idle, runs.busy):
        assert run.exit_code == 0, run.stderr
        assert run.last_line.startswith("Complete")
        assert misfits(run) == []
    for stream, ids in runs.changed.items():
        assert {record["id"] for record in runs.busy.records[stream]} == ids
    assert len(runs.busy.records["email_stats"]) == MAILS


def test_an_hourly_run_costs_no_more_than_was_promised(runs: Runs) -> None:
    is_all = "list_emails" in by_stream(runs.busy)

    for name in ("idle", "busy"):
        assert len(runs.calls[name]) <= (MOST_OF_ALL if is_all else MOST_OF_EXISTING)


def test_an_idle_stream_costs_one_call(runs: Runs) -> None:
    calls = by_stream(runs.idle)

    assert {name: calls[name] for name in calls if name in ONCE} == dict.fromkeys(
        ONCE & calls.keys(), 1
    )
    assert {name: calls[name] for name in calls if name in TWICE} == dict.fromkeys(
        TWICE & calls.keys(), 2
    )
    assert calls["email_stats"] == 0


def test_no_call_of_version_5_is_made_twice_in_a_run(runs: Runs) -> None:
    for calls in runs.calls.values():
        asked = Counter(
            (call["path"], json.dumps(call["params"], sort_keys=True))
            for call in calls
            if call["version"] == 5
        )
        assert [request for request, number in asked.items() if number > 1] == []


# --- parents that are not needed ---


@pytest.mark.parametrize(
    ("stream", "name"),
    [
        ("visits", "visit"),
        ("visitor_page_views", "visitorPageView"),
        ("email_templates", "emailTemplate"),
        ("emails", "email"),
    ],
)
def test_a_stream_that_version_5_lists_needs_no_parents(emulator, tap, stream, name):
    emulator.set(clock=NOW, export_seconds=0)
    emulator.seed(rows=30)
    config = {**emulator.config, "api_version": 5}
    catalog = selected(discovered(tap, config), {stream})
    emulator.clear_calls()

    run = tap.run(config, catalog=catalog)

    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids(stream)) == [row["id"] for row in emulator.rows(name)]
    assert {call["object"] for call in emulator.calls if call["version"] == 5} == {name}
    parents = [
        call
        for call in emulator.calls
        if call["object"] in {"visitor", "visitorActivity", "emailClick"}
    ]
    # One activity may show whether both dialects know e-mails by the same ids.
    assert len(parents) <= (1 if stream == "emails" else 0)
    assert all(call["params"]["limit"] == "1" for call in parents)


# --- a first load ---

PAGE, VISITS = 50, 10_000
"""200 pages, as 200,000 visits have with pages of 1,000."""


@pytest.mark.parametrize(("workers", "most"), [(1, 1.01), (4, 1.05)])
def test_a_first_load_costs_hardly_more_calls_than_it_has_pages(
    emulator, tap, monkeypatch, workers, most
):
    monkeypatch.setattr(V5, "page_size", PAGE)
    emulator.set(clock=NOW, v5_max_limit=PAGE)
    moments = range(1_600_000_000, 1_600_000_000 + VISITS)
    emulator.add(
        "visit",
        (
            {"id": 1_000 + 3 * number, "visitor_id": number, "created_at": at, "updated_at": at}
            for number, at in enumerate(moments)
        ),
    )
    config = {**emulator.config, "api_version": 5, "max_concurrent_requests": workers}
    catalog = selected(discovered(tap, config), {"visits"})
    emulator.clear_calls()

    run = tap.run(config, catalog=catalog)

    assert sorted(run.ids("visits")) == [1_000 + 3 * number for number in range(VISITS)]
    calls = calls_by_version(emulator, "visit")
    assert calls[5] <= most * VISITS / PAGE
    assert calls.keys() == {5}
