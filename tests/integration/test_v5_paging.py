"""Paging by version 5 loses no row, whatever the server does with pages, tokens and times."""

from __future__ import annotations

import json

import pytest

from tests.helpers.catalog import select_5
from tests.helpers.zone import CHECKED

NOW = "2026-06-01T12:00:00+00:00"
OLD = "2026-05-20T10:00:00Z"
PATH = "/api/v5/objects/tags"


@pytest.fixture
def account(emulator):
    emulator.set(clock=NOW)
    return emulator


def fill(account, name, number):
    rows = [{"id": each, "created_at": OLD, "updated_at": OLD} for each in range(1, number + 1)]
    if name in {"folder", "form_field"}:
        rows = [{"id": each["id"], "createdAt": OLD, "updatedAt": OLD} for each in rows]
    account.add(name, rows)


def read(account, tap, stream, state=CHECKED, **settings):
    config = {**account.config, "api_version": 5, "max_concurrent_requests": 1, **settings}
    return tap.run(config, catalog=select_5(stream), state=state)


def page(ids, token=None, url=None, **fields):
    """Return a body of version 5."""
    rows = [
        {"id": each, "createdAt": "2026-05-20T06:00:00-04:00", "updatedAt": None, **fields}
        for each in ids
    ]
    return json.dumps({"nextPageToken": token, "nextPageUrl": url, "values": rows})


def calls_of(account, name):
    return [call for call in account.calls if (call["object"], call["version"]) == (name, 5)]


def cursors(account, name):
    return [call["params"].get("idGreaterThan") for call in calls_of(account, name)]


# --- the end of a query --------------------------------------------------------------------


@pytest.mark.parametrize("rows", [0, 1, 999, 1000, 1001, 2000, 2001])
def test_all_rows_are_read_once_and_in_order(account, tap, rows):
    fill(account, "tag", rows)

    run = read(account, tap, "tags")

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == list(range(1, rows + 1))
    assert len(calls_of(account, "tag")) == rows // 1000 + 1


@pytest.mark.parametrize("cap", [1, 50, 1000])
@pytest.mark.parametrize("stream", ["tags", "folders"])
def test_the_cap_of_a_token_sequence_loses_no_row(account, tap, cap, stream):
    account.set(v5_token_cap=cap)
    fill(account, stream[:-1], 120 if cap > 1 else 9)

    run = read(account, tap, stream)

    assert run.exit_code == 0, run.stderr
    assert run.ids(stream) == list(range(1, len(run.ids(stream)) + 1))
    assert len(run.ids(stream)) == (120 if cap > 1 else 9)
    assert all("nextPageToken" not in call["params"] for call in account.calls)


@pytest.mark.parametrize("most", [7, 100, 999])
@pytest.mark.parametrize("threads", [1, 4])
def test_a_server_that_clamps_the_limit_loses_no_row(account, tap, most, threads):
    account.set(v5_max_limit=most, over_limit="clamp")
    fill(account, "tag", 1500)

    run = read(account, tap, "tags", max_concurrent_requests=threads)

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == list(range(1, 1501))


@pytest.mark.parametrize("threads", [1, 4])
def test_hidden_rows_make_pages_short_and_hide_no_others(account, tap, threads):
    account.set(v5_hidden={"folder": [*range(2, 1001), 1500]})
    fill(account, "folder", 3500)

    run = read(account, tap, "folders", max_concurrent_requests=threads)

    assert run.exit_code == 0, run.stderr
    assert run.ids("folders") == [1, *range(1001, 1500), *range(1501, 3501)]


def test_an_empty_page_with_a_token_is_requested_once_more_and_then_is_the_end(account, tap):
    fill(account, "tag", 1500)
    account.fault(
        object="tag", version=5, params={"idGreaterThan": 1000}, body=page([], token="x"), times=1
    )

    run = read(account, tap, "tags")

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == list(range(1, 1501))
    assert cursors(account, "tag") == [None, "1000", "1000"]


def test_two_empty_pages_with_a_token_are_the_end(account, tap):
    fill(account, "tag", 1000)
    account.fault(
        object="tag",
        version=5,
        params={"idGreaterThan": 1000},
        body=page([], token="x"),
        times=None,
    )

    run = read(account, tap, "tags")

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == list(range(1, 1001))
    assert cursors(account, "tag") == [None, "1000", "1000"]


def test_a_next_page_on_another_host_is_never_requested(account, tap):
    fill(account, "tag", 3)
    url = "https://evil.example.com/api/v5/objects/tags?nextPageToken=x"
    account.fault(object="tag", version=5, body=page([1, 2], token="x", url=url))

    run = read(account, tap, "tags")

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == [1, 2, 3]
    assert cursors(account, "tag") == [None, "2"]
    assert "evil" not in run.stderr


# --- pages that are not what was asked for -------------------------------------------------


@pytest.mark.parametrize("ids", [[1003, 1002], [1001, 1001], [1000, 1001], [3], [999]], ids=str)
@pytest.mark.usefixtures("waits")
def test_a_page_out_of_order_or_from_before_the_cursor_is_requested_again(account, tap, ids):
    fill(account, "tag", 1500)
    account.fault(object="tag", version=5, params={"idGreaterThan": 1000}, body=page(ids), times=2)

    run = read(account, tap, "tags")

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == list(range(1, 1501))
    assert cursors(account, "tag") == [None, "1000", "1000", "1000"]


@pytest.mark.usefixtures("waits")
def test_a_server_that_never_pages_by_id_fails_a_stream_of_version_5(account, tap):
    fill(account, "folder", 1500)
    account.fault(
        object="folder", version=5, params={"idGreaterThan": 1000}, body=page([3]), times=None
    )

    run = read(account, tap, "folders")

    assert run.exit_code == 1
    assert run.ids("folders") == list(range(1, 1001))


@pytest.mark.usefixtures("waits")
def test_a_first_page_out_of_order_leaves_the_stream_to_version_4(account, tap):
    fill(account, "tag", 30)
    account.fault(object="tag", version=5, body=page([2, 1]), times=None)

    run = read(account, tap, "tags")

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == list(range(1, 31))


@pytest.mark.parametrize("body", ["[]", "{}", '{"values": {}}', '{"values": [1]}', "<html>", ""])
@pytest.mark.usefixtures("waits")
def test_an_answer_of_another_shape_is_requested_again(account, tap, body):
    fill(account, "tag", 3)
    account.fault(object="tag", version=5, body=body, times=2)

    run = read(account, tap, "tags")

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == [1, 2, 3]


def test_rows_without_an_id_are_counted_and_left_out(account, tap):
    rows = json.loads(page([1, 2]))
    rows["values"] += [{"id": None, "name": "x"}, {"name": "y"}]
    account.fault(object="tag", version=5, body=json.dumps(rows))

    run = read(account, tap, "tags")

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == [1, 2]
    assert any("2 rows without a usable id" in line for line in run.warnings)


# --- times ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-05-20T06:00:00-04:00", "2026-05-20T10:00:00+00:00"),
        ("2026-05-20T10:00:00Z", "2026-05-20T10:00:00+00:00"),
        ("2026-05-20T15:30:00+05:30", "2026-05-20T10:00:00+00:00"),
        ("2026-05-20T10:00:00.123+0000", "2026-05-20T10:00:00+00:00"),
        ("2026-11-01T01:30:00-04:00", "2026-11-01T05:30:00+00:00"),
        ("2026-11-01T01:30:00-05:00", "2026-11-01T06:30:00+00:00"),
        ("2026-05-20T06:00:00", None),
        ("2026-05-20 06:00:00", None),
        ("2026-05-20", None),
        ("yesterday", None),
    ],
)
def test_a_time_without_an_offset_becomes_null_with_a_warning(account, tap, text, value):
    account.fault(object="tag", version=5, body=page([1], createdAt=text))

    run = read(account, tap, "tags")

    assert run.exit_code == 0, run.stderr
    assert run.records["tags"][0]["created_at"] == value
    warnings = [line for line in run.warnings if "tags.created_at" in line]
    assert len(warnings) == (value is None)


def test_times_of_versions_3_and_4_are_still_local(account, tap):
    fill(account, "tag", 1)
    account.set(forbidden=["v5/tags"])

    run = read(account, tap, "tags")

    assert run.records["tags"][0]["created_at"] == "2026-05-20T10:00:00+00:00"


# --- too many columns ----------------------------------------------------------------------


@pytest.fixture
def wide(account):
    """Prospects with so many custom fields that one request cannot name them all."""
    account.set(v5_max_limit=60, over_limit="clamp")
    fields = [
        {
            "id": number,
            "field_id": f"Field_with_a_long_name_{number}",
            "name": f"n{number}",
            "type": "Text",
            "type_id": 1,
            "created_at": OLD,
            "updated_at": OLD,
        }
        for number in range(1, 301)
    ]
    account.add("customField", fields)
    account.add(
        "prospect",
        [
            {
                "id": number,
                "created_at": OLD,
                "updated_at": OLD,
                "custom": {
                    "Field_with_a_long_name_1": f"a{number}",
                    "Field_with_a_long_name_300": f"b{number}",
                },
            }
            for number in range(1, 131)
        ],
    )
    return account


def read_wide(account, tap, state=CHECKED, **settings):
    config = {**account.config, "api_version": 5, "bulk_source": "query", **settings}
    found = tap.run(config, "--discover")
    catalog = json.loads(found.stdout)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] == "prospects"
    account.clear_calls()
    return tap.run(config, catalog=catalog, state=state)


def check_wide(run, numbers):
    assert run.exit_code == 0, run.stderr
    assert run.ids("prospects") == list(numbers)
    for record in run.records["prospects"]:
        assert record["field_with_a_long_name_1"] == f"a{record['id']}"
        assert record["field_with_a_long_name_300"] == f"b{record['id']}"


def test_more_columns_than_a_request_can_name_are_requested_in_parts(wide, tap):
    run = read_wide(wide, tap, max_concurrent_requests=1)

    check_wide(run, range(1, 131))
    calls = calls_of(wide, "prospect")
    parts = {call["params"]["fields"] for call in calls}
    assert len(parts) == 2
    assert len(calls) == 3 * len(parts)  # three pages
    assert all(each.startswith("id,updatedAt,") for each in parts)
    assert [call for call in wide.calls if call["status"] == 414] == []


def test_an_address_that_is_too_long_for_the_server_leads_to_smaller_parts(wide, tap):
    wide.set(max_url=3000)

    run = read_wide(wide, tap, max_concurrent_requests=1)

    check_wide(run, range(1, 131))
    refused = [call for call in wide.calls if call["status"] == 414]
    assert 1 <= len(refused) <= 2


def test_a_row_that_changes_between_two_parts_is_in_the_next_window(wide, tap):
    change = {
        "update": {"prospect": {"ids": [5], "fields": {"updated_at": "2026-06-01T11:59:30Z"}}}
    }
    wide.fault(object="prospect", version=5, nth=2, change=change)

    first = read_wide(wide, tap, max_concurrent_requests=1)
    wide.set(clock="2026-06-01T12:30:00+00:00")
    second = read_wide(wide, tap, state=first.state)

    check_wide(first, [number for number in range(1, 131) if number != 5])
    assert second.ids("prospects") == [5]
    assert second.records["prospects"][0]["field_with_a_long_name_300"] == "b5"
