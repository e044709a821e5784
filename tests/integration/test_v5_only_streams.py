"""Streams that only version 5 has bring the rows that Pardot holds, each column of its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pardot_emulator import Emulator
from tests.helpers.runner import Runner
from tests.helpers.v5_specification import NEW_STREAMS
from tests.helpers.versions import (
    V5_ONLY,
    discovered,
    from_row,
    iso,
    misfits,
    read_by_version_5,
    schemas,
    selected,
)
from tests.helpers.waits import short_polls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.helpers.tap import Finished

NOW = "2024-12-01T12:00:00+00:00"
ROWS = 60
IN_BIN = {
    *("list_emails", "landing_pages", "form_handlers", "layout_templates"),
    *("engagement_studio_programs", "tracker_domains"),
}
OFF = (
    *("landing_pages.layout_css", "landing_pages.layout_css_generated"),
    *("landing_pages.salesforce_cms_id", "layout_templates.layout_content"),
    *("layout_templates.form_content", "layout_templates.site_search_content"),
)
"""Columns that are off by default, and that a query has."""
BODIES = {"html_message", "text_message"}
"""Columns of list e-mails that a query does not have."""


class Seen(NamedTuple):
    """What a run brought.

    Attributes:
        emulator: The account.
        run: The run.
        calls: The calls of version 5, by the emulator's object.
    """

    emulator: Emulator
    run: Finished
    calls: dict[str, int]


@pytest.fixture(scope="module", params=["America/New_York", "Asia/Kolkata"])
def seen(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seen]:
    """Read all streams that only version 5 has, with all their columns."""
    with (
        pytest.MonkeyPatch.context() as patch,
        Emulator(rows=ROWS, timezone=request.param, clock=NOW, export_seconds=0) as emulator,
    ):
        short_polls(patch)
        with_all_shapes(emulator)
        tap = Runner(tmp_path_factory.mktemp("seen"))
        config = {
            **emulator.config,
            "api_version": 5,
            "start_date": "2021-01-01T00:00:00Z",
            "include": list(OFF),
        }
        catalog = selected(discovered(tap, config), {*V5_ONLY, "tagged_objects"})
        emulator.clear_calls()
        run = tap.run(config, catalog=catalog)
        calls: dict[str, int] = {}
        for call in emulator.calls:
            if call["version"] == 5 and call["op"] == "query":
                calls[call["object"]] = calls.get(call["object"], 0) + 1
        yield Seen(emulator, run, calls)


def with_all_shapes(emulator: Emulator) -> None:
    """Let columns of objects and arrays have each of their shapes."""
    first, second, third, *_ = (row["id"] for row in emulator.rows("engagementStudioProgram"))
    hours = {"days": [], "startTime": "00:00", "endTime": "23:59", "timezone": "UTC"}
    moment = 1_730_610_000  # in the hour that New York repeats
    emulator.update(
        "engagementStudioProgram",
        first,
        businessHours=hours,
        recipientListIds=[3, 1, 2],
        suppressionListIds=[],
        schedule={"createdAt": moment, "startOn": moment + 3600, "stopOn": moment + 7200},
        prospectsMultipleEntry=None,
    )
    emulator.update("engagementStudioProgram", second, businessHours=None, schedule=None)
    emulator.update("engagementStudioProgram", third, recipientListIds=None, isDeleted=True)
    one, two, *_ = (row["id"] for row in emulator.rows("listEmail"))
    sender = {"type": "general_user", "userId": 7, "prospectCustomFieldId": 8, "address": "a@b.cd"}
    emulator.update("listEmail", one, senderOptions=[sender, sender], replyToOptions=None)
    emulator.update("listEmail", two, isDeleted=True)


def expected(emulator: Emulator, stream: str, columns: dict[str, Any]) -> dict[int, Any]:
    """Return by id the records of the emulator's rows."""
    if stream == "tagged_objects":
        rows = emulator.rows("tagObject")
        return {row["id"]: {**tagged(row), "object_name": row["object_name"]} for row in rows}
    records = {row["id"]: from_row(row, columns) for row in emulator.rows(V5_ONLY[stream])}
    if stream == "engagement_studio_programs":  # the case of its status varies in answers
        records = {
            key: {**record, "status": record["status"].lower()} for key, record in records.items()
        }
    return records


def tagged(row: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a tag on an object."""
    names = ("id", "tag_id", "object_id", "created_by_id")
    kind = row["type"].lower().replace(" ", "-")
    kind = {"custom-url": "custom-redirect", "prospect-custom-field": "custom-field"}.get(
        kind, kind
    )
    return {
        **{name: row[name] for name in names},
        "created_at": iso(row["created_at"]),
        "object_type": kind,
    }


@pytest.mark.parametrize("stream", [*V5_ONLY, "tagged_objects"])
def test_the_records_are_the_rows_that_pardot_holds(seen: Seen, stream: str) -> None:
    columns = schemas(seen.run)[stream]
    found = {record["id"]: record for record in seen.run.records[stream]}

    rows = expected(seen.emulator, stream, columns)
    assert rows
    assert found.keys() == rows.keys()
    assert len(found) == len(seen.run.records[stream])  # each once
    differences = {
        (key, name, repr(found[key][name]), repr(row[name]))
        for key, row in rows.items()
        for name in columns
        if found[key][name] != row[name]
    }
    assert differences == set()


@pytest.mark.parametrize("stream", [*V5_ONLY, "tagged_objects"])
def test_every_column_of_the_specification_has_its_type(seen: Seen, stream: str) -> None:
    kinds = {"i": "integer", "s": "string", "b": "boolean", "n": "number", "t": "string"}
    kinds |= {"a": "array", "o": "object"}
    columns = schemas(seen.run)[stream]

    declared = dict(each.split(":") for each in NEW_STREAMS[stream].split())
    for name in BODIES if stream == "list_emails" else ():
        del declared[name]
    assert {name: columns[name]["type"][0] for name in columns} == {
        name: kinds[kind] for name, kind in declared.items()
    }
    times = {name for name, kind in declared.items() if kind == "t"}
    assert {name for name in columns if columns[name].get("format") == "date-time"} == times


def test_the_run_is_complete_and_no_value_is_of_another_type(seen: Seen) -> None:
    assert seen.run.exit_code == 0, seen.run.stderr
    assert seen.run.last_line.startswith("Complete")
    assert read_by_version_5(seen.run) == {*V5_ONLY, "tagged_objects"}
    assert misfits(seen.run) == []
    assert seen.emulator.unknown_calls == []
    # Fewer rows than a page holds.
    assert {*seen.calls.values()} == {1}


@pytest.mark.parametrize("stream", sorted(IN_BIN))
def test_deleted_rows_arrive_with_their_flag(seen: Seen, stream: str) -> None:
    flags = {record["id"]: record["is_deleted"] for record in seen.run.records[stream]}
    rows = seen.emulator.rows(V5_ONLY[stream])

    assert {key for key, flag in flags.items() if flag} == {
        row["id"] for row in rows if row["isDeleted"]
    }
    assert {*flags.values()} == {True, False}


def test_columns_of_objects_and_arrays_are_whole(seen: Seen) -> None:
    first, second, third, *_ = seen.run.records["engagement_studio_programs"]
    assert first["business_hours"] == {
        "days": [],
        "start_time": "00:00",
        "end_time": "23:59",
        "timezone": "UTC",
    }
    assert first["schedule"] == {
        "created_at": "2024-11-03T05:00:00+00:00",
        "start_on": "2024-11-03T06:00:00+00:00",
        "stop_on": "2024-11-03T07:00:00+00:00",
    }
    assert (first["recipient_list_ids"], first["suppression_list_ids"]) == ([3, 1, 2], [])
    assert first["prospects_multiple_entry"] is None
    assert (second["business_hours"], second["schedule"]) == (None, None)
    assert third["recipient_list_ids"] == []
    sender = {
        "type": "general_user",
        "address": "a@b.cd",
        "name": None,
        "user_id": 7,
        "prospect_custom_field_id": 8,
        "account_custom_field_id": None,
    }
    email, *_ = seen.run.records["list_emails"]
    assert email["sender_options"] == [sender, sender]
    assert email["reply_to_options"] == []


def test_one_list_e_mail_is_scheduled_for_a_time_that_lies_ahead(seen: Seen) -> None:
    ahead = [row for row in seen.run.records["list_emails"] if row["sent_at"] > NOW]
    assert len(ahead) == 1
