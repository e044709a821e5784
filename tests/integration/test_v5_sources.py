"""Under version 5 a bulk stream brings the same rows by each source that has its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_pardot.api.v5 import V5
from tests.helpers.versions import (
    calls_by_version,
    discovered,
    misfits,
    read_by_version_5,
    schemas,
    selected,
)

if TYPE_CHECKING:
    from pardot_emulator import Emulator
    from tests.helpers.runner import Runner
    from tests.helpers.tap import Finished

NOW = "2024-12-01T12:00:00+00:00"
MOMENT = 1_732_000_000  # some days before
SESSION = 5  # a type of activities that Pardot never returns
OBJECTS = {
    "visitor_activities": "visitorActivity",
    "prospects": "prospect",
    "visitors": "visitor",
    "list_memberships": "listMembership",
}
ONLY_5 = {
    "visitor_activities": ["visit_id", "visitor_page_view_id", "opportunity_id"],
    "prospects": ["profile_id", "lifecycle_stage_id", "salesforce_url", "created_by_id"],
    "visitors": ["prospect_id", "campaign_id", "is_identified", "do_not_sell"],
    "list_memberships": ["created_by_id", "updated_by_id"],
}
"""By stream, columns that only version 5 has."""
ROWS = 40
SOURCES = ("auto", "query", "export")
each_stream = pytest.mark.parametrize("stream", OBJECTS)


@pytest.fixture
def account(emulator: Emulator) -> Emulator:
    """Seed an account whose prospects have custom fields of one value only."""
    emulator.set(clock=NOW, export_seconds=0, numeric_strings="integers")
    emulator.seed(rows=ROWS, custom_fields=0)
    ahead = [row["id"] for row in emulator.rows("opportunity") if row["updated_at"] > MOMENT]
    emulator.update("opportunity", ahead, updated_at=MOMENT)
    emulator.add("customField", [{"id": 1, "field_id": "Plain", "type_id": 1, "type": "Text"}])
    ids = [row["id"] for row in emulator.rows("prospect")]
    emulator.update("prospect", ids, custom={"Plain": "some text"})
    return emulator


def play(
    emulator: Emulator, tap: Runner, stream: str, *, without: tuple[str, ...] = (), **settings: Any
) -> Finished:
    """Read one stream under version 5, with the calls of the run only in the emulator's log."""
    config = {
        **emulator.config,
        "api_version": 5,
        "start_date": "2021-06-01T00:00:00Z",
        "export_poll_interval": 1,
        **settings,
    }
    catalog = selected(discovered(tap, config), {stream}, without={stream: without})
    emulator.clear_calls()
    run = tap.run(config, catalog=catalog)
    assert run.exit_code == 0, run.stderr
    assert misfits(run) == []
    return run


def by_id(run: Finished, stream: str) -> dict[int, dict[str, Any]]:
    """Return the records by id."""
    return {record["id"]: record for record in run.records[stream]}


@each_stream
def test_every_source_brings_the_same_rows(account: Emulator, tap: Runner, stream: str) -> None:
    account.set(timezone="UTC")  # where no hour is repeated
    runs = {source: play(account, tap, stream, bulk_source=source) for source in SOURCES}

    found = {source: by_id(run, stream) for source, run in runs.items()}
    held = {row["id"] for row in account.rows(OBJECTS[stream]) if row.get("type") != SESSION}
    assert found["query"].keys() == held
    # Exports round nothing: text is text in a file.
    assert found["auto"] == found["query"]
    assert found["export"] == found["query"]
    assert [len(run.records[stream]) for run in runs.values()] == 3 * [len(held)]
    assert schemas(runs["auto"]) == schemas(runs["query"]) == schemas(runs["export"])


@each_stream
def test_the_setting_decides_which_dialect_reads(
    account: Emulator, tap: Runner, stream: str
) -> None:
    for source in SOURCES:
        run = play(account, tap, stream, bulk_source=source)

        of_the_object = calls_by_version(account, OBJECTS[stream])
        if source == "export":
            assert read_by_version_5(run) == set()
            # One query shows whether exports have visitors that are not identified.
            assert of_the_object.keys() <= ({4} if stream == "visitors" else set())
            assert any(job["object"] == OBJECTS[stream] for job in account.exports)
        else:
            assert read_by_version_5(run) == {stream}
            assert of_the_object.keys() == {5}


@each_stream
def test_many_rows_are_exported_and_come_once(
    account: Emulator, tap: Runner, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    account.set(timezone="UTC")
    expected = by_id(play(account, tap, stream, bulk_source="query"), stream)
    jobs = len(account.exports)
    monkeypatch.setattr(V5, "page_size", 1)  # 40 rows are 40 calls

    run = play(account, tap, stream, start_date="2021-12-01T00:00:00Z")

    made = [job for job in account.exports[jobs:] if job["object"] == OBJECTS[stream]]
    assert made
    assert by_id(run, stream) == expected
    assert len(run.records[stream]) == len(expected)
    # The first page shows that there are many; then one row of each year that may be empty.
    queries = [call for call in account.calls if call["version"] == 5]
    assert len(queries) <= 1 + 2 * 2 * 4
    assert all(call["params"]["limit"] == "1" for call in queries)
    assert "by export" in run.stderr


@each_stream
def test_columns_that_only_version_5_has_keep_the_stream_from_being_exported(
    account: Emulator, tap: Runner, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    monkeypatch.setattr(V5, "page_size", 1)
    include = [f"{stream}.{name}" for name in ONLY_5[stream]]

    run = play(account, tap, stream, include=include)

    # One job may be there that checks the zone, with two fields.
    assert not any(len(job["fields"]) > 2 for job in account.exports)
    assert read_by_version_5(run) == {stream}
    assert {*ONLY_5[stream]} < schemas(run)[stream].keys()
    rows = {row["id"]: row for row in account.rows(OBJECTS[stream]) if row.get("type") != SESSION}
    assert by_id(run, stream).keys() == rows.keys()
    for record in run.records[stream]:
        row = rows[record["id"]]
        for name in {*ONLY_5[stream]} & row.keys():
            assert record[name] == row[name] or record[name] is bool(row[name])


@each_stream
def test_a_forced_export_leaves_out_what_it_does_not_have(
    account: Emulator, tap: Runner, stream: str
) -> None:
    include = [f"{stream}.{name}" for name in ONLY_5[stream]]

    run = play(account, tap, stream, bulk_source="export", include=include)

    assert read_by_version_5(run) == set()
    assert not {*ONLY_5[stream]} & schemas(run)[stream].keys()
    (warning,) = [line for line in run.warnings if line.startswith(f"{stream}: ")]
    assert all(name in warning for name in ONLY_5[stream])


@pytest.mark.parametrize(
    ("stream", "old", "new"),
    [
        ("lists", "is_crm_visible", ("folder_id", "campaign_id", "is_deleted")),
        ("users", "timezone", ("username", "role_name", "is_deleted")),
        ("opportunities", "prospects", ("salesforce_id", "created_by_id")),
        ("visits", "visitor_page_views", ()),
    ],
)
def test_a_column_that_only_versions_3_and_4_have_decides_and_one_sentence_names_the_others(
    account: Emulator, tap: Runner, stream: str, old: str, new: tuple[str, ...]
) -> None:
    by_both = play(account, tap, stream, include=[f"{stream}.{old}"])
    by_five = play(account, tap, stream)

    assert read_by_version_5(by_both) == set()
    assert read_by_version_5(by_five) == {stream}
    assert old in schemas(by_both)[stream]
    assert old not in schemas(by_five)[stream]
    assert not {*new} & schemas(by_both)[stream].keys()
    assert {*new} <= schemas(by_five)[stream].keys()
    sentences = [line for line in by_both.warnings if line.startswith(f"{stream}: ")]
    assert len(sentences) == bool(new)
    assert all(name in sentences[0] for name in new)
    assert by_id(by_both, stream).keys() == by_id(by_five, stream).keys()


def test_a_field_of_several_values_and_a_column_of_version_5_are_read_by_versions_3_and_4(
    account: Emulator, tap: Runner
) -> None:
    account.add("customField", [{"id": 2, "field_id": "Topics", "type_id": 6}])

    run = play(account, tap, "prospects", include=["prospects.profile_id"])

    assert read_by_version_5(run) == set()
    assert "topics" in schemas(run)["prospects"]
    assert "profile_id" not in schemas(run)["prospects"]
    (warning,) = [line for line in run.warnings if line.startswith("prospects: ")]
    assert "profile_id" in warning
