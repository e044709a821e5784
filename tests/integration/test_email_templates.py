"""Templates: the listed ones when they are new or changed, all others when something names them."""

from __future__ import annotations

import json

import pytest

from tests.helpers.mail import OPEN, SENT, Mail

UNKNOWN = "email_templates: Pardot does not know {} of the ids that other records name (any more)."
IN_LIST = [
    *("id", "name", "subject", "from_name", "email_type", "type", "is_archived"),
    *("is_one_to_one_email", "is_auto_responder_email", "is_drip_email", "is_list_email"),
]


@pytest.fixture
def mail(emulator, tap):
    return Mail(emulator, tap)


def read_ids(mail):
    return mail.asked("read", "emailTemplate")


def listings(mail):
    return [
        call["params"]["archived"]
        for call in mail.emulator.calls
        if call["path"].endswith("/do/listOneToOne")
    ]


def shelf(mail, *numbers, **fields):
    """Add templates for one-to-one e-mails."""
    rows = [{"id": number, "isOneToOneEmail": 1, **fields} for number in numbers]
    mail.emulator.add("emailTemplate", rows)


# --- one template ----------------------------------------------------------------------------


def test_a_template_is_one_record(mail):
    sender = [{"type": "assigned_user"}, {"type": "general_user", "data": ["a@example.com", "A"]}]
    shelf(
        mail,
        7,
        name="2024",
        subject="Hi %%first_name%%",
        fromName="A",
        htmlMessage="<p>Hi</p>",
        textMessage="Hi",
        trackedHtmlMessage="<p>tracked</p>",
        trackedTextMessage="tracked",
        isAutoResponderEmail=0,
        isDripEmail=None,
        isListEmail=1,
        isArchived=0,
        emailType=0,
        type=3,
        sendOptions={"replyToAddress": "[]", "sendFromData": json.dumps(sender), "isTest": 0},
    )
    run = mail.sync("email_templates")

    assert run.exit_code == 0, run.stderr
    assert run.records["email_templates"] == [
        {
            "id": 7,
            "name": "2024",  # a number on the wire
            "subject": "Hi %%first_name%%",
            "from_name": "A",
            "html_message": "<p>Hi</p>",
            "text_message": "Hi",
            "tracked_html_message": "<p>tracked</p>",
            "tracked_text_message": "tracked",
            "is_one_to_one_email": True,
            "is_auto_responder_email": False,
            "is_drip_email": None,
            "is_list_email": True,
            "is_archived": False,
            "email_type": 0,
            "type": 3,
            "send_options_reply_to_address": None,
            "send_options_send_from_data": sender,
        }
    ]
    assert mail.warnings == []


@pytest.mark.parametrize(
    ("options", "reply_to", "senders"),
    [
        ({"replyToAddress": "[]", "sendFromData": "[]"}, None, []),
        ({"replyToAddress": '["a@example.com"]'}, "a@example.com", []),
        (
            {"replyToAddress": '["a@example.com", "b@example.com"]'},
            "a@example.com, b@example.com",
            [],
        ),
        ({"replyToAddress": "a@example.com"}, "a@example.com", []),
        ({"replyToAddress": None, "sendFromData": None}, None, []),
        ({"replyToAddress": "", "sendFromData": ""}, "", []),
        ({"replyToAddress": [], "sendFromData": []}, None, []),
        ({"sendFromData": '[{"type": "account_owner"}]'}, None, [{"type": "account_owner"}]),
        ({"sendFromData": '{"type": "account_owner"}'}, None, [{"type": "account_owner"}]),
        ({"sendFromData": [{"type": "account_owner"}]}, None, [{"type": "account_owner"}]),
        ({"sendFromAccountOwner": True, "isTest": 0, "abVersion": None}, None, []),
        ({}, None, []),
        ([], None, []),
        ("", None, []),
        (None, None, []),
    ],
)
def test_send_options_are_decoded_from_every_form(mail, options, reply_to, senders):
    shelf(mail, 7, sendOptions=options)
    run = mail.sync("email_templates")

    (record,) = run.records["email_templates"]
    assert record["send_options_reply_to_address"] == reply_to
    assert record["send_options_send_from_data"] == senders
    assert (run.exit_code, mail.warnings) == (0, [])


def test_send_options_that_hold_broken_json_cost_no_more_than_themselves(mail):
    shelf(mail, 7, sendOptions={"replyToAddress": "[a", "sendFromData": '[{"type'}, name="n")
    shelf(mail, 8, name="n", _wire={"drop": ["sendOptions"]})
    shelf(mail, 9, name="n", sendOptions="text")
    run = mail.sync("email_templates")

    assert (run.exit_code, run.ids("email_templates")) == (0, [7, 8, 9])
    assert [record["name"] for record in run.records["email_templates"]] == ["n"] * 3


# --- the list --------------------------------------------------------------------------------


def test_listed_templates_are_read_once_and_again_when_they_change(mail):
    shelf(mail, 1, 2, 3, name="a", htmlMessage="<p>long</p>")
    mail.emulator.update("emailTemplate", 2, isArchived=1)
    mail.emulator.add("emailTemplate", [{"id": 9, "isDripEmail": 1}])  # nothing names it
    first = mail.sync("email_templates")

    assert first.ids("email_templates") == [1, 2, 3]
    bodies = [record["html_message"] for record in first.records["email_templates"]]
    assert bodies == ["<p>long</p>"] * 3  # which the list does not have
    assert (listings(mail), read_ids(mail)) == (["true"], [1, 2, 3])
    mail.emulator.forward(3600)
    assert mail.sync("email_templates").ids("email_templates") == []
    assert (listings(mail), read_ids(mail)) == (["true"], [])
    mail.emulator.forward(3600)
    mail.emulator.update("emailTemplate", 3, name="b")
    shelf(mail, 4)
    third = mail.sync("email_templates")
    assert (third.ids("email_templates"), read_ids(mail)) == ([3, 4], [3, 4])
    assert third.records["email_templates"][0]["name"] == "b"
    mail.emulator.forward(3600)
    mail.emulator.update("emailTemplate", 1, isArchived=1)
    mail.emulator.delete("emailTemplate", 2)  # gone for good: nothing is to be read
    fourth = mail.sync("email_templates")
    assert [record["is_archived"] for record in fourth.records["email_templates"]] == [True]
    assert (fourth.exit_code, mail.warnings) == (0, [])


@pytest.mark.parametrize("form", ["list", "one_or_many"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_none_one_and_many_are_listed(mail, number, form):
    mail.emulator.set(template_list=form)
    shelf(mail, *range(1, number + 1))
    run = mail.sync("email_templates")

    assert run.ids("email_templates") == list(range(1, number + 1))
    assert (run.exit_code, mail.warnings) == (0, [])
    assert f"{number + 1} call" in run.line("email_templates")


def test_the_list_alone_is_asked_where_it_has_all_selected_columns(mail):
    shelf(mail, 1, 2, name="a", fromName="A", isListEmail=0, type=2)
    run = mail.sync("email_templates", columns={"email_templates": IN_LIST})

    assert read_ids(mail) == []
    assert run.records["email_templates"] == [
        {
            "id": number,
            "name": "a",
            "subject": None,
            "from_name": "A",
            "email_type": None,
            "type": 2,
            "is_archived": None,
            "is_one_to_one_email": True,
            "is_auto_responder_email": None,
            "is_drip_email": None,
            "is_list_email": False,
        }
        for number in (1, 2)
    ]
    mail.emulator.forward(3600)
    assert mail.sync("email_templates", columns={"email_templates": IN_LIST}).records == {}


# --- templates that something names ----------------------------------------------------------


def test_templates_of_activities_and_clicks_are_read_each_once(mail):
    shelf(mail, 1)
    others = [{"id": 2, "isDripEmail": 1}, {"id": 3, "isArchived": 1}, {"id": 4}, {"id": 5}]
    mail.emulator.add("emailTemplate", others)
    for number in (1, 2, 3, 2):
        mail.act(SENT, email_template_id=number)
    mail.click(email_template_id=4)
    mail.click(email_template_id=2)
    run = mail.sync("email_templates")

    assert run.exit_code == 0, run.stderr
    assert run.ids("email_templates") == [1, 2, 3, 4]
    assert read_ids(mail) == [1, 2, 3, 4]
    mail.emulator.forward(7200)
    mail.act(OPEN, email_template_id=3)  # it may have changed, which nothing else shows
    run = mail.sync("email_templates")
    assert (run.ids("email_templates"), read_ids(mail)) == ([3], [3])


@pytest.mark.parametrize("code", [86, 68])
@pytest.mark.parametrize("form", ["record", "error"])
def test_a_template_that_is_not_found_is_counted_and_is_no_record(mail, form, code):
    mail.emulator.set(template_missing=form, template_code=code)
    mail.emulator.add("emailTemplate", [{"id": 2, "name": "n"}])
    for number in (1, 2, 3):
        mail.act(SENT, email_template_id=number)
    run = mail.sync("email_templates")

    assert run.exit_code == 0, run.stderr
    assert run.ids("email_templates") == [2]
    assert mail.warnings == [UNKNOWN.format(2)]
    assert read_ids(mail) == [1, 2, 3]


@pytest.mark.parametrize("error", [1, "1", True, "true"])
def test_an_error_beside_other_keys_is_an_error_too(mail, error):
    mail.emulator.add("emailTemplate", [{"id": 1, "_wire": {"set": {"error": error}}}])
    mail.act(SENT, email_template_id=1)
    run = mail.sync("email_templates")

    assert (run.exit_code, run.ids("email_templates")) == (0, [])
    assert mail.warnings == [UNKNOWN.format(1)]


@pytest.mark.parametrize("error", [0, "0", False, None, ""])
def test_no_error_in_any_form_is_data(mail, error):
    mail.emulator.add("emailTemplate", [{"id": 1, "_wire": {"set": {"error": error}}}])
    mail.act(SENT, email_template_id=1)

    assert mail.sync("email_templates").ids("email_templates") == [1]


@pytest.mark.parametrize("wire", [{"drop": ["id"]}, {"set": {"id": None}}, {"set": {"id": ""}}])
def test_a_template_without_an_id_is_never_emitted(mail, wire):
    shelf(mail, 1, 3, name="listed")
    shelf(mail, 2, _wire=wire)
    mail.emulator.add("emailTemplate", [{"id": 4, "_wire": wire}, {"id": 5}])
    mail.act(SENT, email_template_id=4)
    mail.act(SENT, email_template_id=5)
    run = mail.sync("email_templates")

    assert run.exit_code == 0, run.stderr
    assert run.ids("email_templates") == [1, 3, 5]
    assert mail.warnings == [
        "email_templates: 1 rows without a usable id were left out.",
        UNKNOWN.format(1),
    ]


NOT_FOUND = {"error": 1, "errorCode": 86, "errorMessage": "Invalid"}


@pytest.mark.parametrize(
    "fault",
    [
        {"body": json.dumps({"@attributes": {"stat": "ok"}, "emailTemplate": NOT_FOUND})},
        {"body": json.dumps({"@attributes": {"stat": "ok"}, "emailTemplate": None})},
        {"code": 86},
        {"code": 68},
    ],
)
def test_a_template_that_cannot_be_read_is_emitted_as_the_list_has_it(mail, fault):
    shelf(mail, 1, name="listed", htmlMessage="long")
    mail.emulator.fault(object="emailTemplate", path="/do/read/", times=None, **fault)
    run = mail.sync("email_templates")

    (record,) = run.records["email_templates"]
    assert (record["name"], record["html_message"]) == ("listed", None)
    assert (run.exit_code, mail.warnings) == (0, [])


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [46, 49])
def test_without_the_right_to_templates_all_else_is_read(mail, code):
    shelf(mail, 1, 2)
    mail.emails([7, 8])
    mail.act(SENT, email_template_id=20)
    mail.emulator.set(forbidden={"emailTemplate": code})
    run = mail.sync("visitor_activities", "emails", "email_templates")

    assert run.exit_code == 0, run.stderr
    assert "Skipped: email_templates." in run.last_line
    assert run.ids("emails") == [7, 8]
    mail.emulator.set(forbidden={})
    mail.emulator.add("emailTemplate", [{"id": 20}])
    mail.emulator.forward(60)
    run = mail.sync("visitor_activities", "emails", "email_templates")
    assert run.ids("email_templates") == [1, 2, 20]


def test_one_template_that_is_denied_is_skipped_with_a_count(mail):
    mail.emulator.add("emailTemplate", [{"id": number} for number in (101, 102, 103)])
    for number in (101, 102, 103):
        mail.act(SENT, email_template_id=number)
    mail.emulator.fault(path="/do/read/id/102", code=46, times=None)
    run = mail.sync("email_templates")

    assert (run.exit_code, run.ids("email_templates")) == (0, [101, 103])
    assert mail.warnings == [
        "email_templates: the API user may not read 1 of the ids that other records name."
    ]


def test_a_template_that_fails_is_read_by_the_next_run(mail):
    shelf(mail, 101, 102, 103)
    mail.emulator.fault(path="/do/read/id/102", code=198, times=None)
    run = mail.sync("email_templates")
    assert (run.exit_code, run.ids("email_templates")) == (1, [101, 103])
    mail.emulator.clear_faults()
    mail.emulator.forward(60)
    run = mail.sync("email_templates")

    assert (run.exit_code, run.ids("email_templates")) == (0, [102])
    assert read_ids(mail) == [102]
