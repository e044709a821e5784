"""Custom fields are columns like any other: typed, found at each start, and never in the way."""

from __future__ import annotations

import json

import pytest

from tests.helpers.catalog import select

NOW = "2024-06-01T12:00:00+00:00"
THEN = "2024-05-20T10:00:00Z"
SOURCES = ["export", "query"]

# Field id, type (E.2), several answers kept, what a prospect has, what arrives.
FIELDS = [
    ("Nickname", 1, False, "=1+1", "=1+1"),
    ("Plan", 2, False, "Gold; with tax", "Gold; with tax"),
    ("Attended", 3, False, ["Berlin"], ["Berlin"]),
    ("Region", 4, False, "02190", "02190"),
    ("Remarks", 5, False, 'a\r\n"b",c', 'a\r\n"b",c'),
    ("Interests", 6, False, ["Tea", "R&D"], ["Tea", "R&D"]),
    ("Legacy_Zip", 7, False, "007", "007"),
    ("Score", 8, False, 12.5, 12.5),
    ("Second_Email", 9, False, "a@example.com", "a@example.com"),
    ("Renewal", 12, False, "2024-11-03", "2024-11-03"),
    ("Parent", 13, False, "003000000000001AAA", "003000000000001AAA"),
    ("ownerId", 14, False, "005000000000001AAA", "005000000000001AAA"),
    ("Languages", 1, True, ["de", "fr"], ["de", "fr"]),
    ("Empty_List", 6, False, [], []),
    ("Empty", 1, False, None, None),
]
RENAMED = {"Score": "score_custom", "ownerId": "owner_id"}


def column(field_id):
    return RENAMED.get(field_id, field_id.lower())


def describe_fields(emulator, fields):
    emulator.add(
        "customField",
        [
            {
                "id": 100 + number,
                "name": f"Label {name}",
                "field_id": name,
                "type_id": type_id,
                "type": {3: "Checkbox", 6: "Multi-Select", 8: "Number", 12: "Date"}.get(type_id),
                "is_record_multiple_responses": several,
            }
            for number, (name, type_id, several, *_) in enumerate(fields)
        ],
    )


def prospect(number, **values):
    return {"id": number, "score": number, "created_at": THEN, "updated_at": THEN, **values}


@pytest.fixture
def account(emulator):
    """Five prospects, one in the recycle bin, with values in every custom field."""
    emulator.set(clock=NOW, export_seconds=0.0)
    describe_fields(emulator, FIELDS)
    values = {name: value for name, _, _, value, _ in FIELDS}
    rows = [prospect(n, custom=values, deleted=n == 4) for n in range(1, 6)]
    emulator.add("prospect", rows)
    emulator.add(
        "prospectAccountField",
        [
            {"id": 1, "field_id": "name", "label": "Name", "custom": False},
            {"id": 2, "field_id": "Founded_On", "label": "Founded", "type": "date"},
            {"id": 3, "field_id": "Products", "label": "Products", "type": "multi-select"},
            {"id": 4, "field_id": "annual_revenue", "label": "Revenue", "type": "number"},
            {"id": 5, "field_id": "zip", "label": "Zip", "type": "text"},
        ],
    )
    own = {"Founded_On": "1999-01-31", "Products": ["A", "B"], "annual_revenue": 7, "zip": "02190"}
    emulator.add(
        "prospectAccount",
        [{"id": 9, "name": "=Ltd", "created_at": THEN, "updated_at": THEN, "custom": own}],
    )
    return emulator


def settings(emulator, source="export"):
    return {
        **emulator.config,
        "start_date": "2024-05-01",
        "bulk_source": source,
        "export_poll_interval": 1,
    }


def discovered(tap, emulator):
    done = tap.run(emulator.config, "--discover")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def only(catalog, *streams):
    """Select some streams of a catalog."""
    for entry in catalog["streams"]:
        root = next(each for each in entry["metadata"] if not each["breadcrumb"])["metadata"]
        root["selected"] = entry["tap_stream_id"] in streams
    return catalog


def entry_of(catalog, stream):
    return next(each for each in catalog["streams"] if each["tap_stream_id"] == stream)


def schema(run, stream):
    found = [m for m in run.messages if m["type"] == "SCHEMA" and m["stream"] == stream]
    return found[0]["schema"]["properties"]


def assert_schema_fits(run):
    """Every record has exactly the columns of its SCHEMA, or a target would refuse it."""
    for stream, records in run.records.items():
        for record in records:
            assert set(record) == set(schema(run, stream)), stream


@pytest.mark.parametrize("source", SOURCES)
def test_values_of_every_type_arrive_as_what_they_are(account, tap, source):
    run = tap.run(settings(account, source), catalog=select("prospects", "prospect_accounts"))

    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids("prospects")) == [1, 2, 3, 4, 5]
    expected = {column(name): value for name, *_, value in FIELDS}
    for record in run.records["prospects"]:
        assert {name: record[name] for name in expected} == expected
        assert record["score"] == record["id"]
        assert record["is_deleted"] is (record["id"] == 4)
    (company,) = run.records["prospect_accounts"]
    assert company["name"] == "=Ltd"
    assert company["founded_on"] == "1999-01-31"
    assert (company["products"], company["annual_revenue"]) == (["A", "B"], 7)
    assert company["zip"] == "02190"
    assert_schema_fits(run)
    assert schema(run, "prospects")["renewal"]["format"] == "date"


def test_discovery_lists_custom_fields_with_the_names_of_the_api(account, tap):
    catalog, stderr = discovered(tap, account)

    assert "WARNING" not in stderr
    properties = entry_of(catalog, "prospects")["schema"]["properties"]
    for name, *_ in FIELDS:
        assert f"(custom field {name})" in properties[column(name)]["description"]
    assert "Label Score" in properties["score_custom"]["description"]
    assert "Renamed" in properties["score_custom"]["description"]
    assert "custom" not in properties["score"]["description"]
    accounts = entry_of(catalog, "prospect_accounts")["schema"]["properties"]
    assert "Founded_On" in accounts["founded_on"]["description"]
    assert "name_custom" not in accounts
    # No export, and nothing but the two questions.
    assert [call["op"] for call in account.calls] == ["describe", "query"]


def test_discovery_without_settings_lists_the_standard_columns(tap):
    done = tap.run({}, "--discover")

    assert done.exit_code == 0
    properties = entry_of(json.loads(done.stdout), "prospects")["schema"]["properties"]
    assert {"id", "notes", "converted_at", "is_deleted"} <= set(properties)
    assert "prospects: only the standard columns are shown without settings" in done.stderr


@pytest.mark.parametrize("code", [46, 49])
def test_discovery_without_rights_lists_the_standard_columns_with_a_warning(account, tap, code):
    account.set(forbidden={"customField": code, "prospectAccount": code})

    catalog, stderr = discovered(tap, account)

    assert set(entry_of(catalog, "prospect_accounts")["schema"]["properties"]) == {
        *("id", "name", "created_at", "updated_at", "is_deleted")
    }
    assert "nickname" not in entry_of(catalog, "prospects")["schema"]["properties"]
    assert stderr.count("only the standard columns are known: ") == 2
    assert f"(Pardot code {code})" in stderr


def test_without_the_right_to_list_fields_the_standard_columns_are_read(account, tap):
    account.set(forbidden={"customField": 46})

    run = tap.run(settings(account), catalog=select("prospects", "custom_fields"))

    assert run.exit_code == 0, run.stderr
    assert len(run.records["prospects"]) == 5
    assert "prospects: only the standard columns are known" in run.stderr
    assert "custom_fields: 0 rows, 1 call, skipped" in run.stderr  # asked once for both


def test_fields_that_pardot_fails_to_list_fail_the_stream_and_no_other(account, tap):
    account.add("list", [{"id": 1, "created_at": THEN, "updated_at": THEN}])
    account.fault(object="customField", code=203, times=None)

    run = tap.run(settings(account), catalog=select("prospects", "lists"))

    # To read prospects without these columns would lose what they hold.
    assert run.exit_code == 1
    assert run.records.keys() == {"lists"}
    assert "prospects" not in (run.state or {})["bookmarks"] or not run.state["bookmarks"][
        "prospects"
    ].get("replication_key_value")


def test_a_login_that_fails_at_discovery_is_one_sentence(account, tap):
    done = tap.run({**account.config, "refresh_token": "wrong"}, "--discover")

    assert done.exit_code == 1
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_field_made_after_the_catalog_appears_and_one_that_vanished_costs_only_itself(
    account, tap
):
    catalog, _ = discovered(tap, account)
    account.delete("customField", 100)  # Nickname
    account.add("customField", [{"id": 900, "field_id": "Brand_New", "name": "New", "type_id": 8}])
    account.update("prospect", range(1, 6), custom={"Brand_New": 3, "Region": "North"})
    account.clear_calls()

    run = tap.run(settings(account), catalog=only(catalog, "prospects"))

    assert run.exit_code == 0, run.stderr
    assert {record["brand_new"] for record in run.records["prospects"]} == {3}
    assert {record["region"] for record in run.records["prospects"]} == {"North"}
    # Nulls would overwrite what was loaded before.
    assert "nickname" not in run.records["prospects"][0]
    assert "Pardot has no field for the column nickname any more" in run.stderr
    assert_schema_fits(run)
    assert {call["code"] for call in account.calls} == {None}


def test_a_deselected_field_is_neither_asked_for_nor_sent(account, tap):
    catalog, _ = discovered(tap, account)
    for item in entry_of(only(catalog, "prospects"), "prospects")["metadata"]:
        name = item["breadcrumb"][-1] if item["breadcrumb"] else None
        if name not in {None, "interests", "score_custom", "is_deleted"}:
            item["metadata"]["selected"] = False

    for source in SOURCES:
        account.clear_calls()
        run = tap.run(settings(account, source), catalog=catalog)

        assert run.exit_code == 0, run.stderr
        columns = {"id", "updated_at", "is_deleted", "interests", "score_custom"}
        assert {frozenset(record) for record in run.records["prospects"]} == {frozenset(columns)}
        assert_schema_fits(run)
    asked = {"id", "updated_at", "Interests", "Score"}
    *jobs, _check_of_the_time_zone = account.exports
    assert [set(job["fields"]) for job in jobs] == [asked, asked]
    pages = [call for call in account.calls if call["object"] == "prospect"]
    assert [set(call["params"]["fields"].split(",")) for call in pages] == [asked, asked]


def test_records_with_custom_fields_take_the_fast_way_and_the_slow_way_alike(account, tap):
    config = settings(account, "query")
    mapped = {**config, "stream_maps": {"prospects": {"source": "'x'"}}}

    fast = tap.run(config, catalog=select("prospects"))
    slow = tap.run(mapped, catalog=select("prospects"))

    assert slow.exit_code == 0, slow.stderr
    assert_schema_fits(slow)
    expected = [{**record, "source": "x"} for record in fast.records["prospects"]]
    assert slow.records["prospects"] == expected


@pytest.mark.parametrize("source", SOURCES)
def test_two_hundred_custom_fields_arrive_whole_and_are_listed_once(emulator, tap, source):
    emulator.set(clock=NOW, export_seconds=0.0)
    fields = [(f"Field_Number_{n}", 1 if n % 2 else 6, False) for n in range(200)]
    describe_fields(emulator, fields)
    values = {name: f"{n}" if n % 2 else [f"{n}", "x"] for n, (name, *_) in enumerate(fields)}
    emulator.add("prospect", [prospect(n, custom=values) for n in range(1, 8)])

    run = tap.run(settings(emulator, source), catalog=select("prospects", "custom_fields"))

    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids("prospects")) == list(range(1, 8))
    for record in run.records["prospects"]:
        assert {name: record[name.lower()] for name, *_ in fields} == values
    assert len(run.records["custom_fields"]) == 200
    # Discovery's two pages feed the stream.
    assert sum(call["object"] == "customField" for call in emulator.calls) == 2
    if source == "query":
        assert {c["method"] for c in emulator.calls if c["object"] == "prospect"} == {"POST"}
    else:
        assert max(len(job["fields"]) for job in emulator.exports) <= 150
    assert_schema_fits(run)


def test_the_calls_of_discovery_count_towards_the_daily_limit(account, tap):
    config = {**settings(account, "query"), "daily_call_limit": 1000}

    run = tap.run(config, catalog=select("prospects"))
    assert run.state["calls"]["made"] == len(account.calls)
    run = tap.run(config, catalog=select("prospects"), state=run.state)

    assert run.state["calls"]["made"] == len(account.calls)


def test_a_limit_that_is_reached_before_discovery_stops_cleanly(account, tap):
    config = {**settings(account, "query"), "daily_call_limit": 1}

    run = tap.run(config, catalog=select("prospects"))

    assert run.exit_code == 0, run.stderr
    assert len(account.calls) == 1
    assert "daily_call_limit (1) is reached" in run.last_line
    assert "prospects: 0 rows" in run.stderr
