"""What the objects of version 5 hold: values, relations, nested fields, reads (part B)."""

from __future__ import annotations

from datetime import datetime

import pytest

from pardot_emulator.v5_objects import V5_OBJECTS
from tests.emulator.v5 import V5

NOW = "2024-06-01T12:00:00Z"
ASKED = {"senderOptions": "senderOptions.type", "replyToOptions": "replyToOptions.address"}


@pytest.fixture
def start(make):
    return lambda **options: V5(make(**{"clock": NOW, **options}))


def everything(path):
    """Return all fields of a query, by the name of the object."""
    target = V5_OBJECTS[path]
    names = [one.name for one in target.fields.values() if not set(one.marks) & set("!-")]
    return ",".join(ASKED.get(name, name) for name in names)


@pytest.mark.parametrize("path", V5_OBJECTS)
def test_every_object_has_seeded_rows_with_all_fields_and_can_be_read_by_id(start, path):
    v5 = start(rows=30, timezone="America/New_York")
    fields = everything(path)
    body = v5.body(path, fields=fields)

    rows = body.get("values", [body])
    assert rows
    assert set(rows[0]) == {name.partition(".")[0] for name in fields.split(",")}
    assert all(isinstance(row["id"], int) for row in rows)
    if path != "objects/account":
        assert v5.body(f"{path}/{rows[0]['id']}", fields=fields) == rows[0]


@pytest.mark.parametrize("path", V5_OBJECTS)
def test_every_relation_can_be_followed(start, path):
    v5 = start(rows=30)
    for name, other in V5_OBJECTS[path].relations.items():
        body = v5.body(path, fields=f"{name}Id,{name}.id")
        for row in body.get("values", [body]):
            number = row[f"{name}Id"]
            assert row[name] in (None, {"id": number}), (name, other)


def test_a_relation_is_a_nested_object_or_a_bare_null(start):
    v5 = start()
    v5.emulator.add(
        "folder", [{"id": 3, "name": "Top"}, {"id": 4, "name": "Sub", "parentFolderId": 3}]
    )
    v5.emulator.add("campaign", [{"id": 5, "name": "Spring", "folder_id": 4}])
    v5.emulator.add("form", [{"id": 1, "campaign_id": 5}, {"id": 2}, {"id": 3, "campaign_id": 99}])

    fields = "id,campaign.name,campaign.folder.name,campaign.folder.parentFolder.name"

    assert v5.rows("forms", fields) == [
        {
            "id": 1,
            "campaign": {
                "name": "Spring",
                "folder": {"name": "Sub", "parentFolder": {"name": "Top"}},
            },
        },
        {"id": 2, "campaign": None},
        {"id": 3, "campaign": None},
    ]
    for bad in (
        "campaign.nope",
        "campaign",
        "nope.name",
        "campaign.folder.parentFolder.parentFolder.id",
    ):
        assert bad in v5.refusal("objects/forms", fields=bad)


def test_a_relation_costs_no_call(start):
    v5 = start(rows=20)
    v5.rows("visitor-activities", "id,campaign.name,prospect.email,visit.id")

    assert len(v5.emulator.calls) == 1


def test_options_of_senders_are_asked_for_with_dots(start):
    v5 = start()
    sender = {"type": "general_user", "name": "Ada", "address": "ada@example.com", "userId": 4}
    v5.emulator.add("listEmail", [{"id": 1, "senderOptions": [sender]}, {"id": 2}])

    fields = "senderOptions.type,senderOptions.name,replyToOptions.type"

    assert v5.rows("list-emails", fields) == [
        {"senderOptions": [{"type": "general_user", "name": "Ada"}], "replyToOptions": None},
        {"senderOptions": None, "replyToOptions": None},
    ]
    assert v5.code("objects/list-emails", fields="senderOptions") == 51
    assert v5.code("objects/list-emails", fields="senderOptions.nope") == 51


@pytest.mark.parametrize(
    ("switch", "dotted", "bare"), [("dotted", None, 51), ("bare", 51, None), ("refused", 51, 51)]
)
def test_how_options_can_be_asked_for_is_a_switch(start, switch, dotted, bare):
    v5 = start(v5_options=switch)

    assert v5.code("objects/emails", fields="senderOptions.type") == dotted
    assert v5.code("objects/emails", fields="senderOptions") == bare


@pytest.mark.parametrize(
    ("switch", "fields", "value"),
    [
        ("objects", "recipientLists,suppressionLists", [{"id": 5}, {"id": 6}]),
        ("ids", "recipientLists,suppressionLists", [5, 6]),
        ("dotted", "recipientLists.id,suppressionLists.id", [{"id": 5}, {"id": 6}]),
    ],
)
def test_the_lists_of_a_list_email_come_by_read_only(start, switch, fields, value):
    v5 = start(v5_recipient_lists=switch)
    v5.emulator.add("listEmail", [{"id": 1, "recipientLists": [5, 6], "suppressionLists": []}])

    read = v5.body("objects/list-emails/1", fields=fields)

    assert read == {"recipientLists": value, "suppressionLists": []}
    assert v5.code("objects/list-emails", fields=fields) == 51


def test_both_names_of_the_operational_flag_are_known(start):
    v5 = start()
    v5.emulator.add("listEmail", [{"id": 1, "isOperational": True}])

    assert v5.rows("list-emails", "isOperational,operationalEmail") == [
        {"isOperational": True, "operationalEmail": True}
    ]


def test_scheduled_list_email_is_sent_in_the_future(start):
    v5 = start(rows=20)

    ahead = v5.rows("list-emails", "isSent,sentAt", sentAtAfter="2024-06-02T00:00:00+00:00")

    assert ahead == [{"isSent": False, "sentAt": "2024-07-13T12:00:00+00:00"}]


def test_a_list_email_that_was_sent_through_the_api_is_listed(start):
    v5 = start()
    v5.emulator.add("campaign", [{"id": 3}])
    v5.emulator.add("list", [{"id": 8}])
    form = {
        "campaign_id": 3,
        "name": "News",
        "subject": "Hello",
        "from_email": "a@example.com",
        "from_name": "A",
        "text_content": "%%unsubscribe%%",
        "html_content": "%%unsubscribe%%",
        "list_ids[]": 8,
    }
    answer = v5.client.call("email/send", "POST", data=form)
    assert answer.status_code == 200, answer.text

    fields = "name,subject,campaignId,isSent,sentAt"
    assert v5.rows("list-emails", fields) == [
        {
            "name": "News",
            "subject": "Hello",
            "campaignId": 3,
            "isSent": True,
            "sentAt": "2024-06-01T12:00:00+00:00",
        }
    ]
    number = v5.ids("list-emails")[0]
    assert v5.rows("emails", "listEmailId,sentAt") == [
        {"listEmailId": number, "sentAt": "2024-06-01T12:00:00+00:00"}
    ]


def test_statistics_have_no_fields_and_rates_are_numbers_or_text(start):
    sent = [{"id": n, "list_email_id": 9, "prospect_id": n, "type": 6} for n in range(1, 5)]
    opened = [{"id": 9, "list_email_id": 9, "prospect_id": 1, "type": 11}]
    for switch, rate in (("numbers", 25.0), ("percent", "25.00%")):
        v5 = start(v5_rates=switch)
        v5.emulator.add("visitorActivity", sent + opened)
        figures = v5.body("objects/list-emails/9/stats")
        assert (figures["sent"], figures["uniqueOpens"], figures["opensRate"]) == (4, 1, rate)
    assert list(figures) == [
        *("sent", "delivered", "totalClicks", "uniqueClicks", "softBounced", "hardBounced"),
        *("optOuts", "spamComplaints", "opens", "uniqueOpens", "deliveryRate", "opensRate"),
        *("clickThroughRate", "uniqueClickThroughRate", "clickOpenRatio", "optOutRate"),
        "spamComplaintRate",
    ]


def test_a_list_email_that_nobody_got_has_figures_of_zero(start):
    v5 = start()
    v5.emulator.add("listEmail", [{"id": 1}])

    assert v5.body("objects/list-emails/1/stats")["sent"] == 0
    assert v5.code("objects/list-emails/2/stats") == 109


def test_the_account_is_one_bare_object_or_in_values(start):
    v5 = start(daily_limit=77)
    fields = "id,company,addressOne,maximumDailyApiCalls,apiCallsUsed"
    v5.client.ids("tag")

    record = v5.body("objects/account", fields=fields)

    assert record["maximumDailyApiCalls"] == 77
    assert record["apiCallsUsed"] == 2
    assert record["addressOne"] == "1 Example Street"
    v5.emulator.set(v5_account="values")
    wrapped = v5.body("objects/account", fields="id")
    assert wrapped == {"values": [{"id": record["id"]}]}


@pytest.mark.parametrize(
    ("switch", "status"), [("documented", "running"), ("capitalized", "Running")]
)
def test_enums_can_be_capitalized(start, switch, status):
    v5 = start(v5_enums=switch)
    v5.emulator.add("engagementStudioProgram", [{"id": 1, "status": "running"}])

    assert v5.rows("engagement-studio-programs", "status") == [{"status": status}]


def test_a_program_has_nested_values_and_lists_of_ids(start):
    v5 = start(timezone="America/New_York")
    hours = {"days": ["Monday"], "startTime": "09:00", "endTime": "17:00", "timezone": "UTC"}
    schedule = {"createdAt": 1_704_067_200, "startOn": 1_719_792_000, "stopOn": None}
    v5.emulator.add(
        "engagementStudioProgram",
        [{"id": 1, "recipientListIds": [3, 4], "businessHours": hours, "schedule": schedule}],
    )

    fields = "recipientListIds,suppressionListIds,businessHours,schedule,prospectsMultipleEntry"

    assert v5.rows("engagement-studio-programs", fields) == [
        {
            "recipientListIds": [3, 4],
            "suppressionListIds": [],
            "businessHours": hours,
            "schedule": {
                "createdAt": "2023-12-31T19:00:00-05:00",
                "startOn": "2024-06-30T20:00:00-04:00",
                "stopOn": None,
            },
            "prospectsMultipleEntry": None,
        }
    ]


def custom_account(start, **options):
    v5 = start(**options)
    v5.emulator.add(
        "customField",
        [
            {"id": 1, "field_id": "Hobby", "type": "Text"},
            {"id": 2, "field_id": "Size", "type": "Number"},
            {"id": 3, "field_id": "Tea", "type": "Checkbox"},
            {"id": 4, "field_id": "Fruit", "type": "Multi-Select"},
            {"id": 5, "field_id": "Alias", "type": "Text", "is_record_multiple_responses": True},
        ],
    )
    custom = {"Hobby": "007", "Size": 12, "Tea": True, "Fruit": ["a", "b"], "Alias": ["x"]}
    v5.emulator.add("prospect", [{"id": 1, "custom": custom}, {"id": 2}])
    return v5


@pytest.mark.parametrize(("switch", "size"), [("strings", "12"), ("typed", 12)])
def test_custom_fields_are_called_by_their_id_and_a_suffix(start, switch, size):
    v5 = custom_account(start, v5_custom_values=switch)

    assert v5.rows("prospects", "Hobby__c,Size__c") == [
        {"Hobby__c": "007", "Size__c": size},
        {"Hobby__c": None, "Size__c": None},
    ]
    assert v5.rows("custom-fields", "apiFieldId,type")[0] == {
        "apiFieldId": "Hobby__c",
        "type": "text",
    }
    assert "Nope__c" in v5.refusal("objects/prospects", fields="Nope__c")


@pytest.mark.parametrize("code", [51, 224])
@pytest.mark.parametrize("name", ["Tea__c", "Fruit__c", "Alias__c"])
def test_custom_fields_of_several_values_come_by_read_only(start, name, code):
    v5 = custom_account(start, v5_refusal=code)

    assert v5.code("objects/prospects", fields=f"id,{name}") == code
    assert isinstance(v5.body("objects/prospects/1", fields=name)[name], list)
    assert v5.body("objects/prospects/2", fields=name) == {name: None}


def test_several_prospects_can_have_one_address(start):
    v5 = start()
    v5.emulator.add("prospect", [{"id": n, "email": "a@example.com"} for n in (1, 2)])

    assert v5.ids("prospects", email="a@example.com") == [1, 2]


def test_page_views_are_those_of_the_visits(start):
    v5 = start()
    view = {"url": "https://www.example.com", "title": "Home"}
    views = [
        {"id": 5, "created_at": NOW, **view},
        {"id": 6, "created_at": "2024-06-01T12:00:40", **view},
    ]
    v5.emulator.add("visit", [{"id": 1, "visitor_id": 2, "visitor_page_views": views}])

    rows = v5.rows("visitor-page-views", "id,visitId,visitorId,durationInSeconds,url,createdAt")

    assert rows[0] == {
        "id": 5,
        "visitId": 1,
        "visitorId": 2,
        "durationInSeconds": 40,
        "url": "https://www.example.com",
        "createdAt": "2024-06-01T12:00:00+00:00",
    }
    assert rows[1]["durationInSeconds"] is None
    assert v5.ids("visitor-page-views", visitId=1) == [5, 6]
    v5.emulator.delete("visit", 1)
    assert v5.ids("visitor-page-views") == []
    with pytest.raises(ValueError, match="visitorPageView"):
        v5.emulator.add("visitorPageView", [{"id": 9}])


def test_sessions_are_returned_by_switch_only(start):
    activities = [{"id": 1, "type": 5}, {"id": 2, "type": 20}]
    for switch, ids in ((False, [2]), (True, [1, 2])):
        v5 = start(v5_sessions=switch)
        v5.emulator.add("visitorActivity", activities)
        assert v5.ids("visitor-activities") == ids


@pytest.mark.parametrize(
    ("switch", "ids", "code"),
    [("listed", [1, 2], None), ("empty", [], None), ("refused", None, 13)],
)
def test_variations_without_their_content_are_a_switch(start, switch, ids, code):
    v5 = start(v5_variations=switch)
    rows = [{"id": 1, "dynamicContentId": 7}, {"id": 2, "dynamicContentId": 8}]
    v5.emulator.add("dynamicContentVariation", rows)

    answer = v5.get("objects/dynamic-content-variations", fields="id")

    assert answer.json().get("code") == code
    if ids is not None:
        assert [row["id"] for row in answer.json()["values"]] == ids
    assert v5.ids("dynamic-content-variations", dynamicContentId=8) == [2]


def test_visitors_without_a_filter_are_all_of_them(start):
    v5 = start()
    v5.emulator.add(
        "visitor", [{"id": 1}, {"id": 2, "prospect_id": 3}, {"id": 4, "identified": True}]
    )

    assert v5.ids("visitors") == [1, 2, 4]
    assert v5.ids("visitors", isIdentified="true") == [2, 4]
    assert v5.client.ids("visitor") == [2, 4]


def test_tagged_objects_have_their_own_words_for_types(start):
    v5 = start()
    kinds = ("Prospect", "Custom URL", "Email Template")
    v5.emulator.add("tagObject", [{"id": n, "type": one} for n, one in enumerate(kinds)])

    assert [row["objectType"] for row in v5.rows("tagged-objects", "objectType")] == [
        *("prospect", "custom-redirect", "email-template"),
    ]


def test_a_record_that_has_not_changed_is_not_sent_again(start):
    v5 = start()
    v5.emulator.add("tag", [{"id": 1, "updated_at": "2024-05-05T10:00:00Z"}])
    first = v5.get("objects/tags/1", fields="id")
    date = first.headers["Last-Modified"]

    assert date == "Sun, 05 May 2024 10:00:00 GMT"
    again = v5.get("objects/tags/1", fields="id", headers={"If-Modified-Since": date})
    assert (again.status_code, again.content) == (304, b"")
    v5.emulator.update("tag", 1, updated_at="2024-05-06")
    later = v5.get("objects/tags/1", fields="id", headers={"If-Modified-Since": date})
    assert later.status_code == 200


def test_an_override_of_a_row_changes_fields_of_version_5_by_their_names(start):
    v5 = start()
    wire = {"set": {"isPublic": "maybe", "more": 1}, "drop": ["title"]}
    v5.emulator.add("list", [{"id": 1, "_wire": wire}])

    assert v5.rows("lists", "id,isPublic,title") == [{"id": 1, "isPublic": "maybe"}]


COMMON = {
    "list": ("lists", ("name", "is_public", "is_dynamic", "title", "created_at", "updated_at")),
    "tag": ("tags", ("name", "created_at", "updated_at")),
    "visitorActivity": ("visitor-activities", ("type", "details", "created_at", "updated_at")),
    "listMembership": ("list-memberships", ("list_id", "prospect_id", "opted_out", "updated_at")),
    "prospect": ("prospects", ("email", "score", "last_activity_at", "created_at", "updated_at")),
}


@pytest.mark.parametrize("timezone", ["America/New_York", "Asia/Kolkata", "UTC"])
@pytest.mark.parametrize("name", COMMON)
def test_both_dialects_show_the_same_rows(start, name, timezone):
    v5 = start(rows=150, timezone=timezone, numeric_strings="none")
    path, columns = COMMON[name]
    camel = {
        one: "".join([one.split("_")[0], *map(str.title, one.split("_")[1:])]) for one in columns
    }

    old = v5.client.rows(name)
    new = {row["id"]: row for row in v5.rows(path, ",".join(["id", *camel.values()]))}

    assert {row["id"] for row in old} == set(new)
    for row in old:
        for column, field in camel.items():
            value = new[row["id"]][field]
            if column.endswith("_at") and value is not None:
                value = str(datetime.fromisoformat(value).replace(tzinfo=None))
            assert value == row[column], (column, row)
