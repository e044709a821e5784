"""Stream maps: those of other streams do nothing, mistakes are named, drops are not read."""

from __future__ import annotations

import copy
import json
import logging
import os

import pytest
from singer_sdk.mapper import PluginMapper, RemoveRecordTransform

from tap_pardot.sdk.stream_map_setting import StreamMaps
from tap_pardot.streams import STREAMS
from tap_pardot.tap import TapPardot
from tests.helpers.catalog import select
from tests.helpers.exports import jobs_of
from tests.helpers.fan_out import Account, streams_of
from tests.helpers.zone import CHECKED

EARLY, LATE = "2024-05-10T10:00:00+00:00", "2024-05-20T10:00:00+00:00"
NEXT = "2024-06-02T12:00:00+00:00"
LISTS = [
    {"id": 1, "name": "Secret", "title": "A", "created_at": EARLY, "updated_at": EARLY},
    {"id": 2, "name": "Public", "title": None, "created_at": EARLY, "updated_at": LATE},
]
TAGS = [{"id": n, "name": f"Tag {n}", "created_at": EARLY, "updated_at": EARLY} for n in (5, 6)]
PEOPLE = [
    {"id": n, "email": f"p{n}@example.com", "created_at": EARLY, "updated_at": EARLY}
    for n in (11, 12)
]


@pytest.fixture
def account(emulator, tap):
    emulator.add("list", LISTS)
    emulator.add("tag", TAGS)
    emulator.add("prospect", PEOPLE)
    return Account(emulator, tap)


def refused(account, run):
    """Return the sentences of a run that the settings ended before any call and any message."""
    assert run.exit_code == 1
    assert run.stdout == ""
    assert account.emulator.calls == []
    assert "nobody foresaw" not in run.stderr
    assert run.last_line.startswith("Nothing was read: correct the ")
    return [line for line in run.log if line.startswith("stream_maps")]


# --- maps of streams that are not selected ------------------------------------------------------


@pytest.mark.parametrize(
    "maps",
    [
        {"*": {"unit": "'emea'", "__filter__": "id > 0"}},
        {"prospects": {"id": None}},
        {"prospects": {"no_column": None}},
        {"prospects": {"email": "md5(emial"}},
        {"prospects": {"__alias__": "my people"}},
        {"prospects": {"__key_properties__": ["no_column"]}},
        {"prospects": None},
        {"visitor*": {"hostname": None}},
        {"people": {"__source__": "prospects", "email": None}},
        {"prospect_ids": {"unit": "'emea'"}},
        {"opportunity_prospects": {"prospect_id": None}},
    ],
    ids=str,
)
def test_a_map_of_a_stream_that_is_not_selected_does_nothing(account, maps):
    plain = account.run("lists", keep=False)
    run = account.run("lists", stream_maps=maps, keep=False)

    assert run.exit_code == 0, run.stderr
    assert run.warnings == []
    unit = {"unit": "emea"} if "*" in maps else {}
    assert run.records == {"lists": [each | unit for each in plain.records["lists"]]}


def test_a_map_for_all_streams_reaches_all_that_are_selected(account):
    account.opens(EARLY, [1])
    account.visitors(EARLY, [21])
    account.opportunities(EARLY, [31])
    streams = ("lists", "tags", "prospects", "emails", "visits", "opportunity_prospects")
    run = account.run(*streams, stream_maps={"*": {"unit": "'emea'"}})

    assert run.exit_code == 0, run.stderr
    assert not any("stream_maps" in each for each in run.warnings)
    assert set(run.records) == set(streams)
    assert all(each["unit"] == "emea" for rows in run.records.values() for each in rows)


def test_a_map_for_all_streams_works_without_a_catalog(account, tap):
    maps = {"*": {"unit": "'emea'", "name": "md5(name) if name else name"}}
    config = {**account.emulator.config, **account.settings, "stream_maps": maps}
    found = tap.run(config)

    assert found.exit_code == 0, found.stderr
    assert not any("stream_maps" in each for each in found.warnings)
    assert {"lists", "tags", "prospects", "account"} <= set(found.records)
    assert "prospect_ids" not in found.records
    assert all(each["unit"] == "emea" for rows in found.records.values() for each in rows)
    # A stream without the column gets none.
    assert all("name" not in each for each in found.records["prospects"])
    assert all(len(each["name"]) == 32 for each in found.records["lists"])


def test_schemas_are_shown_with_maps_of_streams_that_are_off_by_default(emulator, tap):
    maps = {"*": {"unit": "'emea'"}, "prospect_ids": {"unit": "'emea'"}, "tags": None}
    run = tap.run({**emulator.config, "stream_maps": maps}, "--test=schema")

    assert run.exit_code == 0, run.stderr
    shown = {each["stream"] for each in run.messages}
    assert "lists" in shown
    assert "tags" not in shown


def test_a_map_for_all_streams_reaches_columns_that_are_only_known_in_the_run(account):
    account.emulator.add(
        "customField", [{"id": 1, "field_id": "Shoe_Size", "name": "Shoe size", "type": "Text"}]
    )
    maps = {"*": {"unit": "'emea'", "shoe_size": "'***'"}}
    run = account.run("prospects", stream_maps=maps, bulk_source="export")

    assert run.exit_code == 0, run.stderr
    assert {(each["unit"], each["shoe_size"]) for each in run.records["prospects"]} == {
        ("emea", "***")
    }


@pytest.mark.parametrize(
    "mask",
    [
        "md5(email)",
        "self and md5(self)",
        "md5(record['email'])",
        "_['email'] and 'x'",
        "record.email",
    ],
)
def test_a_mask_for_all_streams_does_nothing_for_those_without_the_column(account, mask):
    maps = {"*": {"email": mask, "title": None}}
    run = account.run("lists", "prospects", stream_maps=maps, bulk_source="export")

    assert run.exit_code == 0, run.stderr
    assert run.warnings == []
    assert all(not {"email", "title"} & each.keys() for each in run.records["lists"])
    assert len(run.records["lists"]) == len(run.records["prospects"]) == 2
    assert ("p11@" in run.stdout) == (mask == "record.email")


def test_a_mask_of_a_column_that_is_not_selected_does_nothing(account):
    maps = {"prospects": {"email": "md5(email)", "first_name": None}}
    run = account.run(
        "prospects", columns={"prospects": ["id", "updated_at", "city"]}, stream_maps=maps
    )

    assert run.exit_code == 0, run.stderr
    assert run.warnings == []
    assert all({"city"} <= each.keys() and "email" not in each for each in run.records["prospects"])


# --- mistakes that show before the first call ---------------------------------------------------


@pytest.mark.parametrize(
    ("maps", "sentence"),
    [
        ({"__else__": {}}, "stream_maps: __else__ can only be null"),
        ({"__esle__": None}, "stream_maps: __esle__ is not an option; the nearest one is __else__"),
        ({"lists": 5}, "stream_maps: lists must be an object"),
        ({"lists": False}, "stream_maps: lists must be an object"),
        ({"lists": {"name": 5}}, "stream_maps: lists.name must be an expression in quotes"),
        ({"lists": {"__filter__": True}}, "stream_maps: lists.__filter__ must be an expression"),
        ({"lists": {"__else__": "null"}}, "stream_maps: lists.__else__ can only be null"),
        ({"lists": {"__key_properties__": [5]}}, "stream_maps: lists.__key_properties__ must be"),
        ({"a": {"__source__": None}}, "stream_maps: a.__source__ must be the name of a stream"),
        ({"lists": {"__alias__": 7}}, "stream_maps: lists.__alias__ must be the name"),
        (
            {"a": {"__source__": "lists", "__alias__": "b"}},
            "stream_maps: a.__alias__ cannot go with __source__",
        ),
        (
            {"lists": {"__fliter__": "id > 1"}},
            "stream_maps: lists.__fliter__ is not an option; the nearest one is __filter__.",
        ),
        (
            {"lists": {"_filter_": "id > 1"}},
            "stream_maps: lists._filter_ is not an option; the nearest one is __filter__.",
        ),
        ({"lists": {"__drop__": None}}, "stream_maps: lists.__drop__ is not an option"),
        ({"lists": {"\ud800": "name"}}, "stream_maps: a name or an expression holds half of"),
    ],
    ids=str,
)
def test_a_setting_of_another_form_is_refused(account, maps, sentence):
    (found,) = refused(account, account.run("lists", stream_maps=maps))

    assert found.startswith(sentence)


@pytest.mark.parametrize(
    ("maps", "place", "kind"),
    [
        ({"lists": {"name": "md5(name"}}, "lists.name", "SyntaxError"),
        ({"lists": {"name": ""}}, "lists.name", "SyntaxError"),
        ({"lists": {"name": " name"}}, "lists.name", "IndentationError"),
        ({"lists": {"name": "import os"}}, "lists.name", "SyntaxError"),
        ({"lists": {"name": "name = 'x'"}}, "lists.name", "SyntaxError"),
        ({"lists": {"__filter__": "name == "}}, "lists.__filter__", "SyntaxError"),
        ({"lists": {"__filter__": "name = 'Secret'"}}, "lists.__filter__", "SyntaxError"),
        ({"lists": {"__alias__": "my lists"}}, "lists.__alias__", "SyntaxError"),
        ({"lists": {"__alias__": "5"}}, "lists.__alias__", "TypeError"),
        ({"copy": {"__source__": "lists", "name": "name +"}}, "copy.name", "SyntaxError"),
        ({"li*": {"name": "'x" + "("}}, "li*.name", "SyntaxError"),
    ],
    ids=str,
)
def test_what_is_not_an_expression_is_refused(account, maps, place, kind):
    (found,) = refused(account, account.run("lists", "tags", stream_maps=maps))

    assert found.startswith(f"stream_maps: {place} is ")
    assert found.endswith(f" ({kind}).")


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ({"id": None}, "id"),
        ({"id": "__NULL__"}, "id"),
        ({"__key_properties__": ["ident"]}, "ident"),
        ({"name": "name", "__else__": None}, "id"),
    ],
    ids=str,
)
@pytest.mark.parametrize("where", ["lists", "l*", "copy"])
def test_a_map_without_its_keys_is_refused(account, entry, key, where):
    maps = {where: {**entry, "__source__": "lists"} if where == "copy" else entry}
    (found,) = refused(account, account.run("lists", stream_maps=maps))

    assert found.startswith(f"stream_maps: {where} cannot be used for lists (StreamMapConfigError)")
    assert f"'{key}'" in found


def test_all_mistakes_in_stream_maps_are_reported_once(account):
    maps = {"*": {"note": "name +"}, "li*": {"name": "tit(", "title": ""}}
    found = refused(account, account.run("tags", "lists", "campaigns", stream_maps=maps))

    assert [each.split()[1] for each in found] == ["*.note", "li*.name", "li*.title"]


@pytest.mark.parametrize("text", ["fake.name()", "name and fake.name()"])
def test_an_expression_that_needs_faker_is_refused_with_that_reason(account, monkeypatch, text):
    monkeypatch.setattr("tap_pardot.sdk.stream_maps.find_spec", lambda _: None)
    found = refused(account, account.run("lists", stream_maps={"lists": {"name": text}}))

    assert found == ["stream_maps: lists.name needs the package faker: install it beside the tap."]


def test_a_sentence_names_no_value_of_the_setting(account):
    maps = {"lists": {"name": "md5(name + 'pepper-7391'", "title": "sha(title + 'pepper-7391'"}}
    run = account.run("lists", stream_maps=maps)

    assert run.exit_code == 1
    assert "pepper-7391" not in run.stderr


# --- mistakes that show at a record -------------------------------------------------------------


@pytest.mark.parametrize(
    ("maps", "place", "kind"),
    [
        ({"lists": {"title": "title + 'x'"}}, "lists.title", "TypeError"),
        ({"lists": {"title": "title.upper()"}}, "lists.title", "AttributeDoesNotExist"),
        ({"lists": {"title": "md5(title)"}}, "lists.title", "AttributeError"),
        ({"lists": {"name": "record['nmae']"}}, "lists.name", "KeyError"),
        ({"lists": {"name": "config['salt']"}}, "lists.name", "KeyError"),
        ({"lists": {"name": "int(name)"}}, "lists.name", "ValueError"),
        ({"lists": {"ratio": "1 / (id - 1)"}}, "lists.ratio", "ZeroDivisionError"),
        ({"lists": {"__filter__": "title > 'A'"}}, "lists.__filter__", "TypeError"),
        ({"lists": {"name": "nmae.upper()"}}, "lists.name", "NameNotDefined"),
        ({"lists": {"other": "self"}}, "lists.other", "NameNotDefined"),
        ({"lists": {"tilte": "md5(tilte)"}}, "lists.tilte", "NameNotDefined"),
        ({"lists": {"__filter__": "nmae == 'x'"}}, "lists.__filter__", "NameNotDefined"),
        ({"lists": {"name": "upper(name)"}}, "lists.name", "FunctionNotDefined"),
        ({"lists": {"name": "(lambda x: x)(name)"}}, "lists.name", "FeatureNotAvailable"),
        ({"lists": {"name": "name.upper"}}, "lists.name", "TypeError"),
        ({"lists": {"name": "md5"}}, "lists.name", "TypeError"),
        ({"lists": {"name": "'\\ud800' + name"}}, "lists.name", "UnicodeEncodeError"),
        (
            {"copy": {"__source__": "lists", "title": "title + 'x'"}},
            "copy.title",
            "TypeError",
        ),
        (
            {"lists": {"__alias__": "mart_lists", "title": "title + 'x'"}},
            "lists.title",
            "TypeError",
        ),
        ({"*": {"title": "title + 'x'"}}, "*.title", "TypeError"),
    ],
    ids=str,
)
def test_a_map_that_fails_for_a_record_ends_its_stream_only(account, maps, place, kind):
    run = account.run("lists", "tags", stream_maps=maps)

    assert run.exit_code == 1
    line = run.line("lists")
    assert "failed: stream_maps: " in line
    assert f"stream_maps: {place} fails for a record ({kind}):" in line
    assert "nobody foresaw" not in run.stderr
    assert "nhandled error" not in run.stderr
    assert run.ids("tags") == [5, 6]
    assert run.last_line.startswith("Not complete (")
    assert account.bookmark("lists").get("replication_key_value") is None
    assert account.bookmark("tags")["replication_key_value"]


@pytest.mark.parametrize("filtering", ["name", "name + title", "name > 5"])
def test_no_log_shows_a_value_of_a_record(account, monkeypatch, filtering):
    monkeypatch.setenv("TAP_PARDOT_LOGLEVEL", "DEBUG")
    maps = {"lists": {"__filter__": filtering, "title": "title + 'x'"}}
    run = account.run("lists", stream_maps=maps)

    assert run.exit_code == 1
    assert "Secret" not in run.stderr


@pytest.mark.parametrize("source", ["query", "export"])
def test_rows_that_a_failing_map_held_back_are_read_once_the_map_is_fixed(account, source):
    maps = {"prospects": {"email": "email + 5"}}
    failed = account.run("prospects", "tags", stream_maps=maps, bulk_source=source)
    jobs = len(jobs_of(account.emulator, "prospects"))
    run = account.run("prospects", "tags", bulk_source=source)

    assert failed.exit_code == 1
    assert failed.ids("tags") == [5, 6]
    assert "prospects.email fails for a record (TypeError)" in failed.line("prospects")
    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids("prospects")) == [11, 12]
    assert len(jobs_of(account.emulator, "prospects")) == jobs


@pytest.mark.parametrize("broken", ["visits", "visitor_page_views"])
def test_a_failing_map_of_one_child_costs_no_other_child(account, broken):
    account.visitors(EARLY, [21, 22])
    streams = ("visitors", "visits", "visitor_page_views")
    failed = account.run(*streams, stream_maps={broken: {"id": "id + 'x'"}})
    (other,) = {"visits", "visitor_page_views"} - {broken}

    assert failed.exit_code == 1
    assert f"failed: stream_maps: {broken}.id fails for a record" in failed.line(broken)
    assert "done: " in failed.line(other)
    assert "done: " in failed.line("visitors")
    assert len(account.tables[other]) == 2
    assert failed.line(broken).startswith(f"{broken}: 0 rows")

    run = account.run(*streams)
    assert run.exit_code == 0, run.stderr
    assert len(account.tables[broken]) == 2


@pytest.mark.parametrize("parent", [(), ("opportunities",)], ids=["alone", "with parent"])
def test_a_failing_map_of_links_costs_no_opportunity_and_no_link(account, parent):
    account.opportunities(EARLY, [31, 41])
    chosen = (*parent, "opportunity_prospects")
    maps = {"opportunity_prospects": {"x": "1 / (prospect_id - 41)"}}
    failed = account.run(*chosen, stream_maps=maps)

    assert failed.exit_code == 1
    assert "failed: stream_maps: opportunity_prospects.x fails" in failed.line(
        "opportunity_prospects"
    )
    if parent:
        assert failed.ids("opportunities") == [31, 41]
        assert "done: " in failed.line("opportunities")

    account.emulator.set(clock=NEXT)
    run = account.run(*chosen)
    assert run.exit_code == 0, run.stderr
    assert account.tables["opportunity_prospects"] == {(31, 31), (31, 32), (41, 41), (41, 42)}


def test_links_that_a_failing_map_held_back_come_though_their_parent_was_stopped_too(account):
    account.opportunities(EARLY, range(1000, 1250))
    maps = {"opportunity_prospects": {"x": "1 / (prospect_id - 1100)"}}
    streams = ("opportunities", "opportunity_prospects")
    failed = account.run(*streams, stream_maps=maps, daily_call_limit=2, state=CHECKED)
    run = account.run(*streams)

    assert failed.exit_code in {0, 1}
    assert failed.ids("opportunities") == list(range(1000, 1200))
    assert run.exit_code == 0, run.stderr
    assert {a for a, _ in account.tables["opportunity_prospects"]} == set(range(1000, 1250))


# --- what does nothing, though data may need it -------------------------------------------------


NO_STREAM = "is not a stream of this tap and changes nothing"
REPLACED = (
    "changes nothing, because a later entry is used for the same streams: only the last one that "
    "matches counts."
)
NO_COLUMN = "is not a column; the nearest one is title."


@pytest.mark.parametrize(
    ("maps", "sentence"),
    [
        ({"prospect": {"email": None}}, f"prospect {NO_STREAM}; the nearest one is prospects."),
        ({"Lists": None}, f"Lists {NO_STREAM}; the nearest one is lists."),
        ({"list": {"name": "md5("}}, f"list {NO_STREAM}; the nearest one is lists."),
        ({"xyz*": None}, f"xyz* {NO_STREAM}."),
        (
            {"copy": {"__source__": "list"}},
            f"list {NO_STREAM}; the nearest one is lists.",
        ),
        ({"lists": {"tilte": None}}, f"lists.tilte {NO_COLUMN}"),
        ({"lists": {"tilte": "__NULL__"}}, f"lists.tilte {NO_COLUMN}"),
        ({"list?": {"tilte": "md5(tilte)"}}, f"list?.tilte {NO_COLUMN}"),
        ({"lists": {"name": "md5(name)"}, "li*": None, "tags": {}}, f"lists {REPLACED}"),
        ({"lists": {"name": "md5(name)"}, "li*": {"unit": "'emea'"}}, f"lists {REPLACED}"),
    ],
    ids=str,
)
def test_a_map_that_changes_nothing_is_warned_of_once(account, maps, sentence):
    run = account.run("lists", stream_maps=maps)

    assert run.exit_code == 0, run.stderr
    assert run.warnings[:1] == [f"stream_maps: {sentence}"]
    assert sum("stream_maps: " in each for each in run.warnings) == 1
    assert run.ids("lists") == ([] if maps.get("li*", {}) is None else [1, 2])


def test_a_misspelt_mask_writes_no_row_and_is_warned_of(account):
    account.emulator.add(
        "customField", [{"id": 1, "field_id": "Shoe_Size", "name": "Shoe", "type": "Text"}]
    )
    maps = {"prospects": {"emial": "md5(self)", "shoe_size": None, "scroe": None}}
    run = account.run("prospects", stream_maps=maps, bulk_source="export")

    assert run.exit_code == 1
    assert "prospects.emial fails for a record (NameNotDefined)" in run.line("prospects")
    assert "prospects" not in run.records
    assert [each for each in run.warnings if each.startswith("stream_maps: ")] == [
        "stream_maps: prospects.emial is not a column; the nearest one is email.",
        "stream_maps: prospects.scroe is not a column; the nearest one is score.",
    ]


def test_a_map_of_a_custom_field_that_may_not_be_read_ends_its_stream_only(account):
    account.emulator.fault(object="customField", code=46, times=None)
    maps = {"prospects": {"shoe_size": "md5(shoe_size)"}}
    run = account.run("prospects", "lists", stream_maps=maps)

    assert run.exit_code == 1
    assert run.ids("lists") == [1, 2]
    assert "prospects.shoe_size fails for a record (NameNotDefined)" in run.line("prospects")
    removed = account.run("prospects", stream_maps={"prospects": {"shoe_size": None}})
    assert removed.exit_code == 0, removed.stderr
    assert not any("stream_maps: " in each for each in removed.warnings)


@pytest.mark.parametrize("code", [15, 122])
def test_what_ends_the_run_is_not_taken_for_a_mistake_in_a_map(account, code):
    account.emulator.fault(object="account", code=code, times=None)
    maps = {"prospects": {"shoe_size": "md5(shoe_size)", "no_column": None}}
    run = account.run("prospects", stream_maps=maps)

    assert run.exit_code == (2 if code == 122 else 1)
    assert "stream_maps" not in run.stderr
    assert f"(Pardot code {code})" in run.last_line


@pytest.mark.parametrize(
    "maps",
    [
        {"*": {"unit": "'emea'"}, "lists": {"name": "md5(name)"}},
        {"*": {"email": "md5(email)", "embed_code": None}, "lists": {"title": "__NULL__"}},
        {"lists": {"id": "id", "shout": "name.upper()", "__else__": None}},
        {"lists": {"__alias__": "mart.lists"}, "copy": {"__source__": "li*"}},
        {"__else__": None, "lists": {}},
    ],
    ids=str,
)
def test_a_map_that_is_in_order_is_not_warned_of(account, maps):
    run = account.run("lists", stream_maps=maps)

    assert run.exit_code == 0, run.stderr
    assert run.warnings == []


# --- dropped streams ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "maps",
    [
        {"lists": None},
        {"li*": "__NULL__"},
        {"lists": {"name": "md5(name)"}, "list*": "__NULL__"},
        {"__else__": None, "tags": {}},
        {"__else__": "__NULL__", "ta*": {"unit": "'emea'"}},
        {"__else__": None, "copy": {"__source__": "tags"}},
    ],
    ids=str,
)
def test_a_dropped_stream_is_not_read(account, maps):
    account.run("lists", "tags")
    before = account.bookmark("lists")
    account.emulator.set(clock=NEXT)
    account.emulator.add("list", [{"id": 3, "created_at": NEXT, "updated_at": NEXT}])
    run = account.run("lists", "tags", stream_maps=maps)

    assert run.exit_code == 0, run.stderr
    assert not any(each["object"] == "list" for each in account.emulator.calls)
    assert "lists" not in streams_of(run)
    assert "lists: " not in run.stderr
    assert "Streams that stream_maps drop are not read: lists." in run.stderr
    assert account.bookmark("lists") == before


def test_a_dropped_bulk_stream_has_no_job_and_no_custom_fields(account):
    bookmark = {"replication_key": "updated_at", "replication_key_value": LATE}
    state = {**CHECKED, "bookmarks": {"prospects": bookmark}}
    maps = {"prospects": None}
    run = account.run("prospects", "lists", stream_maps=maps, bulk_source="export", state=state)

    assert run.exit_code == 0, run.stderr
    assert {each["object"] for each in account.emulator.calls} <= {"account", "list"}
    assert jobs_of(account.emulator, "prospects") == []
    assert account.bookmark("prospects") == bookmark


def test_a_dropped_parent_is_read_as_one_that_is_not_selected(account):
    account.visitors(EARLY, [21, 22])
    silent = account.run("visits", keep=False, state={})
    calls = [each["params"] for each in account.calls_for("visitors")]
    run = account.run("visitors", "visits", stream_maps={"visitors": None})

    assert run.exit_code == 0, run.stderr
    assert run.records["visits"] == silent.records["visits"]
    assert [each["params"] for each in account.calls_for("visitors")] == calls
    assert streams_of(run) == {"visits"}
    assert account.bookmark("visitors").get("replication_key_value") is None
    assert "visitors: " not in run.stderr


@pytest.mark.parametrize("maps", [{"visit[!o]*": None}, {"__else__": None, "visitors": {}}])
def test_dropped_children_cost_no_call(account, maps):
    account.visitors(EARLY, [21, 22])
    run = account.run("visitors", "visits", stream_maps=maps)

    assert run.exit_code == 0, run.stderr
    assert account.asked_visitors() == []
    assert streams_of(run) == {"visitors"}


def test_where_all_streams_are_dropped_nothing_is_read(account):
    run = account.run("lists", "tags", stream_maps={"*": None})

    assert run.exit_code == 0, run.stderr
    assert run.warnings == [
        "No stream is selected: select streams in the catalog that stream_maps do not drop."
    ]
    assert streams_of(run) == set()


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize("alias", ["mart_lists", "'mart_' + __stream_name__"])
def test_an_alias_names_the_messages_but_not_the_state(account, alias):
    run = account.run("lists", stream_maps={"lists": {"__alias__": alias}}, keep=False)

    assert run.exit_code == 0, run.stderr
    assert streams_of(run) == {"mart_lists"}
    assert run.ids("mart_lists") == [1, 2]
    assert set(run.state["bookmarks"]) == {"lists"}
    assert run.line("lists").startswith("lists: 2 rows")


@pytest.mark.parametrize(
    ("maps", "names"),
    [
        ({"copy": {"__source__": "lists", "name": None}}, ["copy", "lists"]),
        ({"lists": None, "copy": {"__source__": "lists"}}, ["copy"]),
        ({"__else__": None, "copy": {"__source__": "lis?s"}}, ["copy"]),
        (
            {"a": {"__source__": "lists"}, "b": {"__source__": "lists"}, "lists": {}},
            ["a", "b", "lists"],
        ),
    ],
    ids=str,
)
def test_a_stream_that_is_written_twice_is_read_once(account, maps, names):
    plain = account.run("lists", state=CHECKED, keep=False)
    calls = [each["path"] for each in account.emulator.calls]
    run = account.run("lists", stream_maps=maps, state=CHECKED, keep=False)

    assert run.exit_code == 0, run.stderr
    assert sorted(streams_of(run)) == names
    assert all(run.ids(name) == plain.ids("lists") for name in names)
    assert [each["path"] for each in account.emulator.calls] == calls
    assert set(run.state["bookmarks"]) == {"lists"}


def test_a_replication_key_may_be_renamed(account):
    maps = {"lists": {"changed_at": "updated_at", "updated_at": None}}
    run = account.run("lists", stream_maps=maps)
    (schema,) = [each for each in run.messages if each["type"] == "SCHEMA"]

    assert run.exit_code == 0, run.stderr
    assert "updated_at" not in schema["schema"]["properties"]
    assert "bookmark_properties" not in schema
    assert all(each["changed_at"] for each in run.records["lists"])
    account.emulator.set(clock=NEXT)
    assert account.run("lists", stream_maps=maps).records == {}


@pytest.mark.parametrize(
    ("maps", "keys"),
    [
        ({"lists": {"__key_properties__": ["name"]}}, ["name"]),
        ({"lists": {"__key_properties__": None, "id": None}}, []),
        ({"lists": {"__filter__": "__NULL__"}}, ["id"]),
        ({"lists": {"__key_properties__": []}}, []),
        ({"lists": {"hashed": "md5(str(id))", "__key_properties__": ["hashed"]}}, ["hashed"]),
        ({"opportunity_prospects": {"__key_properties__": ["opportunity_id"]}}, ["opportunity_id"]),
    ],
    ids=str,
)
def test_stream_maps_may_change_the_key(account, maps, keys):
    account.opportunities(EARLY, [31])
    (stream,) = maps
    run = account.run(stream, stream_maps=maps, keep=False)
    (schema,) = [each for each in run.messages if each["type"] == "SCHEMA"]

    assert run.exit_code == 0, run.stderr
    assert schema["key_properties"] == keys
    assert run.records[stream]


def test_maps_and_flattening_go_together(account):
    account.opportunities(EARLY, [31])
    maps = {"*": {"unit": "'emea'", "whole": "record"}}
    run = account.run(
        "opportunities", "lists", stream_maps=maps, flattening_enabled=True, flattening_max_depth=2
    )

    assert run.exit_code == 0, run.stderr
    assert {each["whole__id"] for each in run.records["lists"]} == {1, 2}


def test_expressions_may_use_the_configuration_of_maps(account):
    maps = {"lists": {"name": "md5(config['salt'] + name)", "title": "_['name'] + record['name']"}}
    run = account.run("lists", stream_maps=maps, stream_map_config={"salt": "pepper-7391"})

    assert run.exit_code == 0, run.stderr
    assert {len(each["name"]) for each in run.records["lists"]} == {32}
    assert "pepper-7391" not in run.stderr


# --- the mapper ---------------------------------------------------------------------------------

SETTINGS = [
    {"__else__": None, "lists": {"name": "md5(name)"}},
    {"__else__": "__NULL__", "copy": {"__source__": "lists"}},
    {"*": {"unit": "'emea'"}, "lists": None, "tags": {"__alias__": "labels"}},
    {"lists": {"unit": "'emea'"}, "li*": "__NULL__"},
    {"l?sts": {"__alias__": "'x_' + __stream_name__"}, "tags": None, "a": {"__source__": "t*"}},
]


@pytest.mark.parametrize("maps", SETTINGS, ids=str)
def test_the_settings_stay_as_they_are_however_often_a_mapper_is_made(account, maps):
    given = copy.deepcopy(maps)
    config = {**account.emulator.config, **account.settings, "stream_maps": given}
    found = []
    for _ in range(2):
        tap = TapPardot(config=config)
        for _ in range(2):
            found.append({name: shape(tap, name) for name in tap.streams})
            tap.setup_mapper()

    assert given == maps
    assert found[0] == found[1] == found[2] == found[3]


def shape(tap, name):
    return [(type(each).__name__, each.stream_alias) for each in tap.mapper.stream_maps[name]]


@pytest.mark.parametrize("maps", SETTINGS, ids=str)
def test_entries_hold_for_the_streams_that_the_sdk_would_use_them_for(maps):
    mapper = PluginMapper({"stream_maps": copy.deepcopy(maps)}, logging.getLogger())
    schema = {"type": "object", "properties": {"id": {}, "name": {}}}
    ours = StreamMaps(maps)
    for stream in STREAMS:
        mapper.register_raw_stream_schema(stream.name, schema, ["id"])
        theirs = mapper.stream_maps[stream.name]
        dropped = all(isinstance(each, RemoveRecordTransform) for each in theirs)
        assert ours.drops(stream.name) == dropped
        further = [each.key for each in ours.entries_for(stream.name) if each.is_further]
        assert further == [each.stream_alias for each in theirs[1:]]


def test_maps_may_come_as_json_in_the_environment(emulator, tap):
    emulator.add("list", LISTS)
    maps = {"__else__": None, "lists": {"name": "'***'", "title": "__NULL__"}, "list": None}
    run = tap.run(
        emulator.config,
        "--config=ENV",
        "--catalog",
        tap.file("one.json", select("lists", "tags")),
        env={**os.environ, "TAP_PARDOT_STREAM_MAPS": json.dumps(maps)},
    )

    assert run.exit_code == 0, run.stderr
    assert {each["name"] for each in run.records["lists"]} == {"***"}
    assert all("title" not in each for each in run.records["lists"])
    assert streams_of(run) == {"lists"}
    assert run.stderr.count("stream_maps: list is not a stream of this tap") == 1


def test_discovery_is_the_same_whatever_maps_there_are(emulator, tap):
    plain = tap.run(emulator.config, "--discover")
    mapped = tap.run({**emulator.config, "stream_maps": {"*": None, "lsts": {}}}, "--discover")

    assert mapped.exit_code == 0, mapped.stderr
    assert mapped.stdout == plain.stdout


def test_the_access_check_names_maps_that_change_nothing_once(emulator, tap):
    run = tap.run({**emulator.config, "stream_maps": {"lsts": None, "*": {"u": "'x'"}}}, "--test")

    assert run.exit_code == 0, run.stderr
    assert run.stderr.count("stream_maps: lsts is not a stream") == 1


def test_a_misspelt_mask_under_a_pattern_is_named_whatever_is_selected(account):
    """Else e-mail addresses would go out in clear."""
    run = account.run("users", stream_maps={"*": {"emial": "md5(emial)"}})

    assert any("*.emial is not a column; the nearest one is email" in each for each in run.warnings)
