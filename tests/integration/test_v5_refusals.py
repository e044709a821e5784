"""What version 5 refuses costs as little as possible: a column, a dialect, a stream, or the run."""

from __future__ import annotations

import pytest

from tests.helpers.catalog import select_5
from tests.helpers.zone import CHECKED

NOW = "2026-06-01T12:00:00+00:00"
OLD = "2026-05-20T10:00:00Z"


@pytest.fixture
def account(emulator):
    """An account with rows of objects that both dialects have, and of those that one has."""
    emulator.set(clock=NOW)
    emulator.add("list", [row(number) for number in (1, 2, 3)])
    emulator.add("tag", [row(number) for number in (1, 2, 3)])
    emulator.add("folder", [row_5(number) for number in (1, 2, 3)])
    emulator.add("listEmail", [row_5(number) for number in (1, 2, 3)])
    return emulator


def row(number, **fields):
    return {"id": number, "created_at": OLD, "updated_at": OLD, **fields}


def row_5(number, **fields):
    """Return a row of an object that only version 5 has."""
    return {"id": number, "createdAt": OLD, "updatedAt": OLD, **fields}


def config_of(account, **settings):
    return {**account.config, "api_version": 5, **settings}


def schema_of(run, stream):
    found = [each for each in run.messages if each["type"] == "SCHEMA"]
    return next(each["schema"]["properties"] for each in found if each["stream"] == stream)


def calls_of(account, name, version=5):
    return [
        call
        for call in account.calls
        if call["object"] == name and call["version"] == version and call["op"] == "query"
    ]


def report(run, stream):
    """Return the line about a stream in the report at the end."""
    return [line for line in run.log if line.startswith(f"{stream}: ") and " call" in line][-1]


def about(run, stream):
    return [line for line in run.warnings if line.startswith(f"{stream}: ")]


# --- a field -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [51, 224])
def test_a_refused_field_is_left_out_of_schema_at_the_cost_of_one_call(account, tap, code):
    refused = "tags.objectCount" if code == 51 else "tags.createdById"
    column = "object_count" if code == 51 else "created_by_id"
    account.set(v5_refused_fields=[refused], v5_refusal=code)

    run = tap.run(config_of(account), catalog=select_5("tags"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == [1, 2, 3]
    assert column not in schema_of(run, "tags")
    assert all(column not in record for record in run.records["tags"])
    assert len(calls_of(account, "tag")) == 2
    (warning,) = about(run, "tags")
    assert refused.split(".")[1] in warning
    assert "left out" in warning
    assert "by v5" in report(run, "tags")


def test_a_field_that_is_refused_after_schema_is_out_becomes_null_with_a_warning(account, tap):
    account.add("tag", [row(number) for number in range(1, 1002)])
    message = "Invalid parameter: fields. It contains an invalid or unknown field: objectCount."
    account.fault(object="tag", version=5, code=51, message=message, params={"idGreaterThan": 1000})
    config = config_of(account, max_concurrent_requests=1)

    run = tap.run(config, catalog=select_5("tags"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == list(range(1, 1002))
    assert "object_count" in schema_of(run, "tags")
    assert run.records["tags"][-1]["object_count"] is None
    assert len(calls_of(account, "tag")) == 3
    (warning,) = about(run, "tags")
    assert "objectCount" in warning
    assert "null" in warning


def test_fields_are_refused_one_after_the_other(account, tap):
    account.set(v5_refused_fields=["tags.objectCount", "tags.createdById"])

    run = tap.run(config_of(account), catalog=select_5("tags"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == [1, 2, 3]
    assert not {"object_count", "created_by_id"} & {*schema_of(run, "tags")}
    assert len(calls_of(account, "tag")) <= 3


@pytest.mark.parametrize("options", ["dotted", "bare", "refused"])
def test_arrays_of_options_are_requested_dotted_then_bare_then_left_out(account, tap, options):
    account.set(v5_options=options)
    account.add(
        "listEmail", [row_5(1, senderOptions=[{"type": "address", "address": "a@example.com"}])]
    )

    run = tap.run(
        config_of(account),
        catalog=select_5("list_emails", columns={"list_emails": ["name", "sender_options"]}),
        state=CHECKED,
    )

    assert run.exit_code == 0, run.stderr
    assert run.ids("list_emails") == [1, 2, 3]
    assert ("sender_options" in schema_of(run, "list_emails")) is (options != "refused")
    if options != "refused":
        assert run.records["list_emails"][0]["sender_options"][0]["type"] == "address"
    assert len(calls_of(account, "listEmail")) == {"dotted": 1, "bare": 2, "refused": 3}[options]
    assert "a@example.com" not in run.stderr


# --- sort and filters ----------------------------------------------------------------------


def test_a_sort_without_a_direction_that_is_refused_gets_one(account, tap):
    account.set(v5_order_direction=True)

    run = tap.run(config_of(account), catalog=select_5("tags", "folders"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert (run.ids("tags"), run.ids("folders")) == ([1, 2, 3], [1, 2, 3])
    calls = [call["params"]["orderBy"] for call in account.calls if call["version"] == 5]
    assert calls == ["id", "id ASC", "id ASC"]
    assert run.warnings == []


def test_an_exclusive_end_that_is_refused_becomes_the_last_second_before_it(account, tap):
    end = "2026-06-01T11:58:00+00:00"
    last = "2026-06-01T11:57:59+00:00"
    account.add("tag", [row(4, updated_at=last), row(5, updated_at=end)])
    message = "Invalid parameter: Parameter updatedAtBefore is invalid."
    for name in ("tag", "list"):
        account.fault(
            object=name, version=5, code=51, message=message, params={"updatedAtBefore": end}
        )

    run = tap.run(config_of(account), catalog=select_5("tags", "lists"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == [1, 2, 3, 4]
    ends = [
        {name: value for name, value in call["params"].items() if "Before" in name}
        for call in account.calls
        if call["version"] == 5
    ]
    assert ends == [{"updatedAtBefore": end}] + 2 * [{"updatedAtBeforeOrEqualTo": last}]
    assert run.warnings == []


@pytest.mark.parametrize("stream", ["folder_contents", "form_fields", "engagement_studio_programs"])
def test_a_filter_that_is_refused_lets_a_stream_of_version_5_be_read_whole(account, tap, stream):
    names = {
        "folder_contents": "folderContent",
        "form_fields": "formField",
        "engagement_studio_programs": "engagementStudioProgram",
    }
    account.set(v5_undocumented_filters=False)
    account.add(names[stream], [row_5(number) for number in (1, 2)])
    first = tap.run(config_of(account), catalog=select_5(stream), state=CHECKED)
    account.clear_calls()
    account.add(names[stream], [row_5(3, updatedAt="2026-06-01T11:59:00Z")])
    account.set(clock="2026-06-01T13:00:00+00:00")
    second = tap.run(config_of(account), catalog=select_5(stream), state=first.state)

    assert first.exit_code == second.exit_code == 0, first.stderr
    assert first.ids(stream) == [1, 2]
    assert second.ids(stream) == [3]
    (warning,) = [line for line in about(first, stream) if "all rows are read" in line]
    assert "updated_at" in warning


def test_a_filter_that_is_refused_sends_a_stream_of_both_to_version_4(account, tap):
    message = "Invalid parameter: Parameter updatedAtAfterOrEqualTo is invalid. Unknown field name"
    account.fault(object="list", version=5, code=51, message=message, times=None)

    run = tap.run(config_of(account), catalog=select_5("lists"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [1, 2, 3]
    assert len(calls_of(account, "list")) == 1
    assert "folder_id" not in schema_of(run, "lists")
    assert "by v4" in report(run, "lists")
    assert len([line for line in about(run, "lists") if "versions 3 and 4 are used" in line]) == 1


def test_a_recycle_bin_that_is_refused_leaves_the_active_rows(account, tap):
    account.add("landingPage", [row_5(1), row_5(2, isDeleted=True)])
    message = "Invalid parameter: Parameter deleted is invalid."
    account.fault(
        object="landingPage", version=5, code=51, message=message, params={"deleted": "all"}
    )

    run = tap.run(config_of(account), catalog=select_5("landing_pages"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("landing_pages") == [1]
    (warning,) = about(run, "landing_pages")
    assert "recycle bin" in warning


def test_visitors_whose_filter_is_refused_are_read_by_version_4(account, tap):
    account.set(v5_undocumented_filters=False, export_seconds=0)
    account.add("visitor", [row(number) for number in (1, 2)])
    config = config_of(account, start_date="2026-05-01", export_poll_interval=1)

    run = tap.run(config, catalog=select_5("visitors"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("visitors") == [1, 2]
    assert "by v4" in report(run, "visitors")


@pytest.mark.parametrize("code", [46, 153])
def test_where_exports_are_refused_version_5_reads_a_bulk_stream_by_query(account, tap, code):
    account.add("visitorActivity", [row(number) for number in range(1, 12001)])
    account.fault(object="export", op="create", code=code, times=None)
    config = config_of(account, start_date="2026-05-01", export_poll_interval=1)

    run = tap.run(config, catalog=select_5("visitor_activities"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("visitor_activities") == list(range(1, 12001))
    assert "by v5" in report(run, "visitor_activities")
    assert [line for line in about(run, "visitor_activities") if "because of exports" in line]


def test_a_refusal_that_names_nothing_sends_a_stream_of_both_to_version_4(account, tap):
    account.set(v5_refused_fields=["lists.folderId"], v5_refusal_names=False)

    run = tap.run(config_of(account), catalog=select_5("lists"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [1, 2, 3]
    assert "by v4" in report(run, "lists")


def test_a_refusal_that_names_nothing_fails_a_stream_of_version_5(account, tap):
    account.set(v5_refused_fields=["folders.path"], v5_refusal_names=False)

    run = tap.run(config_of(account), catalog=select_5("folders", "tags"), state=CHECKED)

    assert run.exit_code == 1
    assert run.ids("tags") == [1, 2, 3]
    assert "folders" not in run.records


# --- rights --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [405, 403, 401])
@pytest.mark.parametrize("code", [46, 49])
def test_a_stream_without_the_right_to_version_5_is_read_by_version_4(account, tap, code, status):
    account.set(
        forbidden={"v5/lists": code, "v5/folders": code, "v5/list-emails": code},
        v5_forbidden_status=status,
    )

    run = tap.run(
        config_of(account),
        catalog=select_5("lists", "folders", "list_emails", "tags"),
        state=CHECKED,
    )

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == run.ids("tags") == [1, 2, 3]
    assert "by v4" in report(run, "lists")
    for stream in ("folders", "list_emails"):
        assert "skipped" in report(run, stream)
        assert f"Pardot code {code}" in report(run, stream)
    assert len(account.logins) == (2 if (code, status) == (49, 401) else 1)
    assert "Skipped: " in run.last_line


@pytest.mark.parametrize("code", [49, 184])
@pytest.mark.parametrize(("threads", "deaths"), [(1, (3, 6)), (4, (5,))])
def test_a_token_that_dies_is_renewed_for_all_threads(account, tap, code, threads, deaths):
    account.set(v5_unauthorized=code)
    account.add("tag", [row(number) for number in range(1, 8001)])
    for nth in deaths:
        account.fault(object="tag", version=5, nth=nth, change={"expire_tokens": True})
    config = config_of(account, max_concurrent_requests=threads)

    run = tap.run(config, catalog=select_5("tags", "folders"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == list(range(1, 8001))
    assert run.ids("folders") == [1, 2, 3]
    assert len(account.logins) == 1 + len(deaths)


def test_a_missing_right_costs_one_renewal_in_a_run(account, tap):
    account.set(
        forbidden={f"v5/{name}": 49 for name in ("lists", "tags", "folders", "list-emails")}
    )
    account.set(v5_forbidden_status=401)

    run = tap.run(
        config_of(account),
        catalog=select_5("lists", "tags", "folders", "list_emails"),
        state=CHECKED,
    )

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == run.ids("tags") == [1, 2, 3]
    assert len(account.logins) == 2
    assert len([call for call in account.calls if call["code"] == 49]) == 5


def test_405_without_a_code_is_a_missing_right(account, tap):
    for name in ("list", "folder"):
        account.fault(object=name, version=5, status=405, body="", times=None)

    run = tap.run(config_of(account), catalog=select_5("lists", "folders"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [1, 2, 3]
    assert "skipped" in report(run, "folders")


@pytest.mark.parametrize(
    "fault", [{"code": 198, "status": 404}, {"status": 404, "html": True}, {"code": 192}]
)
def test_an_object_that_version_5_does_not_know_is_read_by_version_4_or_skipped(
    account, tap, fault
):
    for name in ("list", "folder"):
        account.fault(object=name, version=5, times=None, **fault)

    run = tap.run(config_of(account), catalog=select_5("lists", "folders", "tags"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == run.ids("tags") == [1, 2, 3]
    assert "by v4" in report(run, "lists")
    assert "by v5" in report(run, "tags")
    assert "skipped" in report(run, "folders")
    assert len(calls_of(account, "folder")) == 1


@pytest.mark.parametrize("code", [76, 181, 182, 201])
def test_a_refusal_of_the_account_ends_the_run(account, tap, code):
    account.fault(object="folder", version=5, code=code, times=None)

    run = tap.run(config_of(account), catalog=select_5("tags", "folders"), state=CHECKED)

    assert run.exit_code == 1
    assert f"Pardot code {code}" in run.last_line
    assert run.records == {}
    assert len([call for call in account.calls if call["version"] == 5]) == 1


# --- limits --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 200, 400, 403])
def test_too_many_requests_at_once_make_the_run_wait(account, tap, waits, status):
    account.set(throttle_status=status)
    account.fault(object="tag", version=5, code=66, times=3)

    run = tap.run(config_of(account), catalog=select_5("tags"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == [1, 2, 3]
    assert len(waits) >= 3


def test_no_thread_sends_a_request_while_one_waits_for_its_turn(account, tap):
    account.add("tag", [row(number) for number in range(1, 16001)])
    account.set(latency=0.25)
    fault = {"code": 66, "headers": {"Retry-After": "2"}}
    account.fault(object="tag", version=5, nth=4, **fault)

    run = tap.run(config_of(account), catalog=select_5("tags"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("tags") == list(range(1, 16001))
    (refused,) = [call["at"] for call in account.calls if call["code"] == 66]
    later = [call["at"] - refused for call in account.calls if call["at"] > refused]
    assert len(later) >= 5
    assert [each for each in later if 0.6 < each < 1.9] == []


@pytest.mark.parametrize("status", [429, 200, 400, 403])
def test_no_calls_left_end_the_run_with_exit_code_2(account, tap, status):
    account.set(throttle_status=status)
    account.fault(object="tag", version=5, code=122, times=None)

    run = tap.run(config_of(account), catalog=select_5("tags", "lists"), state=CHECKED)

    assert run.exit_code == 2
    assert "Pardot code 122" in run.last_line
    assert len(calls_of(account, "tag")) == 1


# --- time ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [{"status": 504, "html": True}, {"code": 202}, {"code": 214}], ids=str
)
@pytest.mark.usefixtures("waits")
def test_a_window_that_takes_too_long_is_split(account, tap, fault):
    rows = [
        row(number, updated_at=f"2026-0{month}-11T00:00:00Z")
        for number, month in enumerate((1, 2, 3, 4, 5), start=1)
    ]
    account.add("tag", rows)
    whole = "2026-01-01T00:00:00+00:00"
    account.fault(
        object="tag",
        version=5,
        times=None,
        **fault,
        params={"updatedAtAfterOrEqualTo": whole, "updatedAtBefore": "2026-06-01T11:58:00+00:00"},
    )

    run = tap.run(
        config_of(account, start_date="2026-01-01"), catalog=select_5("tags"), state=CHECKED
    )

    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids("tags")) == [1, 2, 3, 4, 5]
    assert "by v5" in report(run, "tags")
    assert any("Windows of" in line for line in run.warnings)


@pytest.mark.usefixtures("waits")
def test_pages_get_smaller_where_there_is_no_window_but_not_below_fifty_rows(account, tap):
    account.add("folder", [row_5(number) for number in range(1, 301)])
    for size in (1000, 500, 250, 125):
        account.fault(object="folder", version=5, code=214, times=None, params={"limit": size})

    run = tap.run(config_of(account), catalog=select_5("folders"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("folders") == list(range(1, 301))
    sizes = {int(call["params"]["limit"]) for call in calls_of(account, "folder")}
    assert min(sizes - {1}) == 62


@pytest.mark.usefixtures("waits")
def test_a_query_that_always_takes_too_long_is_left_to_version_4_or_fails(account, tap):
    for name in ("list", "folder"):
        account.fault(object=name, version=5, status=504, html=True, times=None)

    run = tap.run(
        config_of(account, start_date="2026-06-01T11:00:00Z"),
        catalog=select_5("lists", "folders", "tags"),
        state=CHECKED,
    )

    assert run.exit_code == 1
    assert "by v4" in report(run, "lists")
    assert "done" in report(run, "lists")
    assert "failed" in report(run, "folders")
    assert "done" in report(run, "tags")
    sizes = {int(call["params"]["limit"]) for call in calls_of(account, "folder")}
    assert min(sizes) == 50


# --- hidden rows ---------------------------------------------------------------------------


def test_a_stream_with_hidden_rows_is_read_by_version_4(account, tap):
    account.set(v5_hidden={"list": [2]})

    run = tap.run(config_of(account), catalog=select_5("lists"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("lists") == [1, 2, 3]
    assert "by v4" in report(run, "lists")
    assert len(about(run, "lists")) <= 2
    assert any("warning 202" in line for line in about(run, "lists"))


def test_a_stream_of_version_5_with_hidden_rows_is_read_and_named(account, tap):
    account.set(v5_hidden={"folder": [2]})
    account.add("folder", [row_5(number) for number in range(1, 1501)])

    run = tap.run(config_of(account), catalog=select_5("folders"), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert run.ids("folders") == [1, *range(3, 1501)]
    assert len([line for line in run.warnings if "warning 202" in line]) == 1
    assert "hidden" in report(run, "folders")


@pytest.mark.parametrize("hidden", [[5], [1500]], ids=["first page", "second page"])
def test_a_bulk_stream_with_hidden_rows_is_read_again_by_version_4(account, tap, hidden):
    account.set(v5_hidden={"prospect": hidden}, export_seconds=0, total_results=False)
    account.add("prospect", [row(number) for number in range(1, 1601)])

    run = tap.run(
        config_of(account, start_date="2026-05-01", export_poll_interval=1),
        catalog=select_5("prospects", columns={"prospects": ["email"]}),
        state=CHECKED,
    )

    assert run.exit_code == 0, run.stderr
    assert {*run.ids("prospects")} == {*range(1, 1601)}
    assert any("warning 202" in line or "hides rows" in line for line in run.log)


def test_rows_that_are_hidden_after_schema_is_out_fail_the_stream_once(account, tap):
    account.add("list", [row(number) for number in range(1, 1502)])
    account.set(v5_hidden={"list": [1400]})

    first = tap.run(config_of(account), catalog=select_5("lists"), state=CHECKED)
    account.clear_calls()
    second = tap.run(config_of(account), catalog=select_5("lists"), state=first.state)
    account.set(v5_hidden={}, clock="2026-06-01T13:00:00+00:00")
    third = tap.run(config_of(account), catalog=select_5("lists"), state=second.state)

    assert (first.exit_code, second.exit_code, third.exit_code) == (1, 0, 0)
    assert {*first.ids("lists")} | {*second.ids("lists")} == {*range(1, 1502)}
    assert "by v4" in second.line("lists")
    assert calls_of(account, "list")[0]["version"] == 5
    assert "by v5" in third.line("lists")


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    "fault", [{"code": 46}, {"code": 51}, {"status": 503, "html": True}], ids=str
)
def test_a_failure_after_schema_is_out_makes_the_next_run_begin_with_version_4(account, tap, fault):
    account.add("list", [row(number) for number in range(1, 1502)])
    account.fault(object="list", version=5, times=None, params={"idGreaterThan": 1000}, **fault)

    # With one worker, no request of the first run arrives after its end.
    config = config_of(account, max_concurrent_requests=1)
    first = tap.run(config, catalog=select_5("lists"), state=CHECKED)
    account.clear_calls()
    second = tap.run(config, catalog=select_5("lists"), state=first.state)

    assert (first.exit_code, second.exit_code) == (1, 0), first.stderr
    assert calls_of(account, "list") == []
    assert {*first.ids("lists")} | {*second.ids("lists")} == {*range(1, 1502)}


# --- what is logged ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        "Invalid parameter: fields. It contains an invalid or unknown field: ada@sentinel.example",
        "Invalid parameter: ada@sentinel.example is not an email of Sentinel & Sons",
        "The name of ada@sentinel.example is invalid",
    ],
)
@pytest.mark.parametrize("code", [51, 224, 46, 109, 999])
def test_no_message_of_pardot_is_logged(account, tap, message, code):
    for name in ("list", "folder"):
        account.fault(object=name, version=5, code=code, message=message, times=None)

    run = tap.run(
        config_of(account),
        catalog=select_5("lists", "folders", "tags"),
        state=CHECKED,
        env={"TAP_PARDOT_LOGLEVEL": "DEBUG"},
    )

    assert run.ids("lists") == run.ids("tags") == [1, 2, 3]
    assert f"code {code}" in run.stderr
    assert "entinel" not in run.stderr + run.stdout
    assert "emulator-secret" not in run.stderr
    assert "Traceback" not in run.stderr
