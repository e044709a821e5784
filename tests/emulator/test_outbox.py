"""A send request is checked as documented, and nothing is ever sent."""

from __future__ import annotations

import json

import pytest

from pardot_emulator.outbox import Refused, prepare

ROWS = {
    "campaign": [{"id": 7}],
    "list": [{"id": 21}, {"id": 22}, {"id": 23}, {"id": 24}],
    "user": [{"id": 3}],
    "prospect": [
        {"id": 1234, "email": "ada@example.com"},
        {"id": 1235, "email": "bo@example.com", "opted_out": True},
    ],
}
TEXT = "Hello\n%%unsubscribe%%"
LIST = {"list_ids[]": ["21", "22"], "campaign_id": "7"}
ONE = {"prospect_id": "1234", "campaign_id": "7"}
CONTENT = {"text_content": TEXT, "name": "News", "subject": "Hi"}
ADDRESS = {"from_email": "me@example.com", "from_name": "Me"}
TEMPLATE = {"email_template_id": "6789"}
START = {"list": LIST, "one_to_one": ONE}


def lookup(table, column, value):
    return next((row for row in ROWS[table] if row[column] == value), None)


def send(kind, *parts, **options):
    params = {}
    for part in parts:
        for name, value in part.items():
            params[name] = value if isinstance(value, list) else [value]
    return prepare(kind, params, lookup=lookup, new_id=900, now=1_700_000_000, **options)


def refusal(kind, *parts, **options):
    with pytest.raises(Refused) as caught:
        send(kind, *parts, **options)
    return caught.value.code, caught.value.parameter


@pytest.mark.parametrize("kind", ["list", "one_to_one"])
@pytest.mark.parametrize(
    ("way", "subject"),
    [
        (TEMPLATE, "Autumn News for %%first_name%%"),
        ({**CONTENT, **ADDRESS}, "Hi"),
        ({**CONTENT, "from_user_id": "3"}, "Hi"),
    ],
    ids=["template", "address", "user"],
)
def test_each_of_the_three_ways_makes_an_email(kind, way, subject):
    email, entry = send(kind, START[kind], way)

    assert list(email) == ["id", "name", "isOneToOne", "subject", "message", "created_at"]
    assert (email["id"], email["isOneToOne"]) == (900, kind == "one_to_one")
    assert (email["subject"], email["created_at"]) == (subject, 1_700_000_000)
    assert "%%unsubscribe%%" in email["message"]["text"]
    assert entry["email_id"] == 900
    assert json.loads(json.dumps(entry)) == entry


@pytest.mark.parametrize("kind", ["list", "one_to_one"])
@pytest.mark.parametrize(
    ("way", "needed"),
    [
        (TEMPLATE, ["campaign_id"]),
        (
            {**CONTENT, **ADDRESS},
            ["campaign_id", "text_content", "name", "subject", "from_email", "from_name"],
        ),
        ({**CONTENT, "from_user_id": "3"}, ["campaign_id", "text_content", "name", "subject"]),
    ],
    ids=["template", "address", "user"],
)
def test_each_required_parameter_is_missed_when_absent_and_when_blank(kind, way, needed):
    whole = {**START[kind], **way}
    first = "list_ids[]" if kind == "list" else "prospect_id"

    for name in [first, *needed]:
        rest = {key: value for key, value in whole.items() if key != name}
        assert refusal(kind, rest) == (13, name)
        assert refusal(kind, {**whole, name: " "}) == (36, name)


def test_the_example_of_the_documents_is_scheduled_at_its_time():
    _, entry = send(
        "list",
        {
            "campaign_id": "7",
            "list_ids[]": ["21", "22", "21"],
            "suppression_list_ids[]": ["23", "24"],
            "tags[]": ["a", "b, c", "02190"],
            "from_assigned_user": "true",
            "scheduled_time": "2023-10-31T17:00:00-04:00",
            **TEMPLATE,
        },
    )

    assert entry["recipients"] == {"list_ids": [21, 22], "suppression_list_ids": [23, 24]}
    assert entry["tags"] == ["a", "b, c", "02190"]
    assert entry["scheduled"] == 1_698_786_000
    assert entry["from"]["assigned_user"] is True
    assert entry["from"]["account_owner"] is False
    assert entry["email_template_id"] == 6789


def test_the_other_parameters_reach_the_outbox():
    email, entry = send(
        "one_to_one",
        ONE,
        CONTENT,
        ADDRESS,
        {
            "html_content": "<p>%%email_preference_center%%</p>",
            "replyto_email": "answers@example.com",
            "operational_email": "1",
        },
    )

    assert email["message"] == {"text": TEXT, "html": "<p>%%email_preference_center%%</p>"}
    assert entry["recipients"] == {"prospect_id": 1234, "email": "ada@example.com"}
    assert entry["from"] == {"user_id": None, "email": "me@example.com", "name": "Me"}
    assert entry["reply_to"] == "answers@example.com"
    assert entry["operational"] is True
    assert entry["scheduled"] is None


def test_arrays_may_be_numbered_but_need_their_brackets():
    numbered = {"list_ids[0]": "21", "list_ids[1]": "22", "campaign_id": "7"}

    assert send("list", numbered, TEMPLATE).entry["recipients"]["list_ids"] == [21, 22]
    bare = {"list_ids": "21", "campaign_id": "7"}
    assert refusal("list", bare, TEMPLATE) == (13, "list_ids[]")


def test_of_a_repeated_parameter_the_last_value_counts():
    assert send("list", LIST, CONTENT, ADDRESS, {"name": ["a", "b"]}).email["name"] == "b"


def test_a_prospect_is_found_by_address_or_by_id_and_both_must_agree():
    by_email = {"prospect_email": "ada@example.com", "campaign_id": "7"}

    recipients = send("one_to_one", by_email, TEMPLATE).entry["recipients"]
    assert recipients == {"prospect_id": 1234, "email": "ada@example.com"}
    assert send("one_to_one", by_email, ONE, TEMPLATE).entry["recipients"] == recipients
    both = {"prospect_id": "1235", **by_email}
    assert refusal("one_to_one", both, TEMPLATE) == (44, "prospect_email")


@pytest.mark.parametrize("kind", ["list", "one_to_one"])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"campaign_id": "8"}, 38),
        ({"campaign_id": "seven"}, 38),
        ({"campaign_id": "9" * 40}, 38),
        ({"from_user_id": "4"}, 10),
        ({"replyto_email": "nobody"}, 65),
        ({"from_email": "a@b@example.com"}, 65),
        ({"from_email": "a@example"}, 65),
        ({"from_email": "a" * 250 + "@example.com"}, 65),
        ({"text_content": "no way out"}, 64),
        ({"html_content": "<p>%%unsubscribe%</p>"}, 64),
        ({"operational_email": "yes"}, 50),
        ({"email_template_id": "1"}, 68),
        ({"email_template_id": "6792"}, 68),
        ({"email_template_id": "x"}, 86),
        ({"email_template_id": "6793"}, 93),
    ],
)
def test_a_bad_value_is_refused_with_its_own_code(kind, change, code):
    assert send(kind, START[kind], CONTENT, ADDRESS).email["id"] == 900
    assert refusal(kind, START[kind], CONTENT, ADDRESS, change) == (code, next(iter(change)))


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ("list", {"list_ids[]": ["21", "99"]}, 55),
        ("list", {"suppression_list_ids[]": "99"}, 55),
        ("list", {"from_assigned_user": "maybe"}, 50),
        ("list", {"email_template_id": "6791"}, 86),
        ("one_to_one", {"email_template_id": "6790"}, 86),
        ("one_to_one", {"prospect_id": "99"}, 3),
        ("one_to_one", {"prospect_id": "ada"}, 3),
        ("one_to_one", {"prospect_email": "nobody@example.com"}, 4),
        ("one_to_one", {"prospect_email": "ada"}, 4),
    ],
)
def test_a_bad_value_of_one_operation_is_refused_too(kind, change, code):
    assert refusal(kind, START[kind], CONTENT, ADDRESS, change)[0] == code


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "2023-10-31T17:00:00",
        "2023-10-31",
        "2023-10-31T17:00:00 04:00",
        "2023-13-31T17:00:00Z",
    ],
    ids=["word", "no-offset", "date", "plus-lost-in-the-url", "month-13"],
)
def test_a_time_that_names_no_instant_is_refused(text):
    assert refusal("list", LIST, TEMPLATE, {"scheduled_time": text}) == (7, "scheduled_time")
    good = {"scheduled_time": "2023-10-31T17:00:00Z"}
    assert send("list", LIST, TEMPLATE, good).entry["scheduled"] == 1_698_771_600
    assert send("one_to_one", ONE, TEMPLATE, good).entry["scheduled"] is None


def test_a_prospect_who_opted_out_gets_operational_email_only():
    bo = {"prospect_id": "1235"}

    assert refusal("one_to_one", ONE, bo, TEMPLATE) == (98, "prospect_id")
    operational = {"operational_email": "true"}
    assert send("one_to_one", ONE, bo, TEMPLATE, operational).entry["operational"] is True


def test_a_template_without_an_unsubscribe_variable_is_refused():
    template = {
        "id": 5,
        "name": "Bare",
        "subject": "s",
        "textMessage": "no way out",
        "htmlMessage": None,
        "isListEmail": 1,
        "isOneToOneEmail": 1,
        "isArchived": 0,
        "sendOptions": {},
    }

    code, _ = refusal("list", LIST, {"email_template_id": "5"}, templates={5: template})

    assert code == 64
