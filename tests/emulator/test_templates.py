"""Templates: no list of all, flags as numbers, and "not found" as a record (C.8)."""

import json

import pytest

from pardot_emulator.outbox import DEMO_TEMPLATES

READ = [
    *("error", "sendOptions", "id", "name", "htmlMessage", "textMessage", "isOneToOneEmail"),
    *("isArchived", "isAutoResponderEmail", "isDripEmail", "isListEmail", "subject"),
    *("trackedHtmlMessage", "trackedTextMessage", "fromName", "emailType", "type"),
]
LISTED = [
    *("id", "name", "isOneToOneEmail", "isArchived", "isAutoResponderEmail", "isDripEmail"),
    *("isListEmail", "subject", "fromName", "emailType", "type"),
]
SENDER = '[{"type":"assigned_user"},{"type":"account_owner"}]'


@pytest.fixture
def shelf(pardot):
    pardot.emulator.add(
        "emailTemplate",
        [
            {
                "id": 11,
                "name": "2024",
                "isOneToOneEmail": True,
                "isListEmail": False,
                "isArchived": 0,
                "sendOptions": {"replyToAddress": "[]", "sendFromData": SENDER},
            },
            {"id": 12, "isOneToOneEmail": 1, "isArchived": 1},
            {"id": 13, "isDripEmail": 1},
        ],
    )
    return pardot


def read(pardot, number, **params):
    answer = pardot.call(f"emailTemplate/read/id/{number}", **params)
    assert (answer.status_code, answer.json()["@attributes"]["stat"]) == (200, "ok")
    return answer.json()["emailTemplate"]


def listed(pardot, **params):
    return pardot.call("emailTemplate/listOneToOne", **params).json()["emailTemplates"]


def test_a_template_is_read_with_flags_of_three_forms_and_its_send_options(shelf):
    record = read(shelf, 11)
    assert list(record) == READ
    assert (record["error"], record["name"]) == (0, 2024)
    flags = {key: record[key] for key in READ if key.startswith("is")}
    assert flags == {
        "isOneToOneEmail": 1,
        "isArchived": 0,
        "isAutoResponderEmail": None,
        "isDripEmail": None,
        "isListEmail": 0,
    }
    assert not any(isinstance(flag, bool) for flag in flags.values())
    assert record["sendOptions"] == {"replyToAddress": "[]", "sendFromData": SENDER}
    assert isinstance(json.loads(record["sendOptions"]["sendFromData"]), list)
    assert read(shelf, 13)["sendOptions"] is None
    posted = shelf.call("emailTemplate/read/id/11", "POST", data={"archived": "false"})
    assert posted.json()["emailTemplate"] == record


@pytest.mark.parametrize(("code", "words"), [(86, "Invalid"), (68, "does not exist")])
def test_an_unknown_template_is_a_record_without_an_id(shelf, code, words):
    shelf.emulator.set(template_code=code)
    for number in (12, 99):
        record = read(shelf, number)
        assert list(record) == ["error", "errorCode", "errorMessage"]
        assert (record["error"], record["errorCode"]) == (1, code)
        assert words in record["errorMessage"]
    assert read(shelf, 12, archived="true")["id"] == 12
    assert shelf.emulator.calls[-2]["rows"] == 0


@pytest.mark.parametrize("code", [86, 68])
def test_an_unknown_template_is_an_error_by_switch(shelf, code):
    shelf.emulator.set(template_missing="error", template_code=code)
    assert shelf.code("emailTemplate/read/id/99") == code
    assert read(shelf, 11)["id"] == 11


def test_the_one_to_one_templates_are_listed_short_with_the_archived_on_demand(shelf):
    short = listed(shelf)
    assert [list(one) for one in short["templates"]] == [LISTED]
    assert (short["error"], short["count"], short["templates"][0]["id"]) == (0, 1, 11)
    whole = listed(shelf, archived="true")
    assert [one["id"] for one in whole["templates"]] == [11, 12]
    assert whole["count"] == 2
    assert listed(shelf, archived="false") == short
    assert listed(shelf, output="bulk") == short


def test_one_template_is_a_list_or_an_object_and_none_are_absent(shelf):
    assert isinstance(listed(shelf)["templates"], list)
    shelf.emulator.set(template_list="one_or_many")
    assert listed(shelf)["templates"]["id"] == 11
    assert isinstance(listed(shelf, archived="true")["templates"], list)
    shelf.emulator.clear("emailTemplate")
    assert listed(shelf) == {"error": 0, "count": 0}


@pytest.mark.parametrize("value", ["1", "TRUE", "yes", ""])
def test_archived_is_true_or_false(shelf, value):
    assert shelf.code("emailTemplate/read/id/11", archived=value) == 145
    assert shelf.code("emailTemplate/listOneToOne", archived=value) == 146


def test_a_bad_path_is_refused(shelf):
    assert shelf.code("emailTemplate/read/id/x") == 16
    assert shelf.code("emailTemplate/read") == 13
    assert shelf.code("emailTemplate/listOneToOne/id/1") == 198
    assert shelf.code("emailTemplate/listDrip") == 2


def test_a_test_may_take_the_id_from_a_template(shelf):
    shelf.emulator.add("emailTemplate", [{"id": 14, "name": "n", "_wire": {"drop": ["id"]}}])
    assert list(read(shelf, 14)) == [key for key in READ if key != "id"]


def test_every_demo_template_can_be_stored_and_read(pardot):
    pardot.emulator.add("emailTemplate", DEMO_TEMPLATES.values())
    for number, template in DEMO_TEMPLATES.items():
        record = read(pardot, number, archived="true")
        assert {key: record[key] for key in template} == template
