"""The shape of answers over HTTP, object by object: reference A.5, A.6 and part C."""

from xml.etree import ElementTree as ET

import pytest

from pardot_emulator.objects import OBJECTS

OK = {"stat": "ok", "version": 1}
# Visits are asked for by lists of ids: see test_visits.
QUERYABLE = sorted(
    name for name, target in OBJECTS.items() if "query" in target.ops and name != "visit"
)
READABLE = sorted(name for name, target in OBJECTS.items() if "read/id" in target.ops)
T0 = "2024-01-01 00:00:00"

# One row in storage form -> the record of `query` (full) and what differs in bulk (None: absent).
CAMPAIGN = {"id": 7, "name": "Web"}
# The keys of the samples in G and of C.21, by hand.
PROSPECT = [
    "id",
    "campaign_id",
    "salutation",
    "first_name",
    "last_name",
    "email",
    "password",
    "company",
    "prospect_account_id",
    "website",
    "job_title",
    "department",
    "country",
    "address_one",
    "address_two",
    "city",
    "state",
    "territory",
    "zip",
    "phone",
    "fax",
    "source",
    "annual_revenue",
    "employees",
    "industry",
    "years_in_business",
    "comments",
    "notes",
    "score",
    "grade",
    "last_activity_at",
    "recent_interaction",
    "crm_lead_fid",
    "crm_contact_fid",
    "crm_owner_fid",
    "crm_account_fid",
    "salesforce_fid",
    "crm_last_sync",
    "crm_url",
    "is_do_not_email",
    "is_do_not_call",
    "opted_out",
    "is_reviewed",
    "is_starred",
    "is_archived",
    "created_at",
    "updated_at",
]
VISITOR = [
    "id",
    "prospect_id",
    "page_view_count",
    "ip_address",
    "hostname",
    "browser",
    "browser_version",
    "operating_system",
    "operating_system_version",
    "language",
    "screen_height",
    "screen_width",
    "is_flash_enabled",
    "is_java_enabled",
    "campaign_parameter",
    "medium_parameter",
    "source_parameter",
    "content_parameter",
    "term_parameter",
    "created_at",
    "updated_at",
]
FIELDS = {
    "customField": [{"id": n, "field_id": f} for n, f in enumerate(("Interests", "Empty"))],
    "prospectAccountField": [
        {"id": 1, "field_id": "industry", "type": "dropdown", "options": ["Banking"]},
        {"id": 2, "field_id": "zip"},
    ],
}
# Rows of these are seen only if somebody identified them.
SEEN = {"visitor": {"prospect_id": 1}}
SHAPES = {
    "campaign": ({"id": 1, "name": "A", "cost": None}, {"id": 1, "name": "A", "cost": None}, {}),
    "customField": (
        {"id": 1, "name": "Size", "field_id": "Size", "type": "Text", "type_id": 1},
        {
            "id": 1,
            "name": "Size",
            "field_id": "Size",
            "type": "Text",
            "type_id": 1,
            "crm_id": None,
            "is_record_multiple_responses": False,
            "is_use_values": False,
            "is_analytics_synced": False,
            "created_at": T0,
            "updated_at": T0,
        },
        {},
    ),
    "customRedirect": (
        {"id": 1, "name": "2024", "url": "u", "destination_url": "d", "campaign_id": 7},
        {
            "id": 1,
            "name": 2024,
            "url": "u",
            "destination_url": "d",
            "campaign": CAMPAIGN,
            "created_at": T0,
            "updated_at": T0,
        },
        {"campaign": None, "campaign_id": 7},
    ),
    "dynamicContent": (
        {"id": 1, "name": "n", "variation": [{"comparison": "is 1", "content": "5"}]},
        {
            "id": 1,
            "name": "n",
            "embedCode": None,
            "embedUrl": None,
            "baseContent": None,
            "basedOn": None,
            "variation": {"comparison": "is 1", "content": 5},
            "created_at": T0,
            "updated_at": T0,
        },
        {"variation": None},
    ),
    "emailClick": (
        {"id": 1, "url": "u", "list_email_id": 5},
        {"id": 1, "prospect_id": None, "url": "u", "list_email_id": 5, "created_at": T0},
        {},
    ),
    "form": (
        {"id": 1, "name": "f"},
        {
            "id": 1,
            "name": "f",
            "campaign": None,
            "embedCode": None,
            "created_at": T0,
            "updated_at": T0,
        },
        {"campaign": None, "campaign_id": "null"},
    ),
    "lifecycleHistory": (
        {"id": 1, "prospect_id": 2, "next_stage_id": 3},
        {
            "id": 1,
            "prospect_id": 2,
            "previous_stage_id": None,
            "next_stage_id": 3,
            "seconds_elapsed": None,
            "created_at": T0,
        },
        {},
    ),
    "lifecycleStage": (
        {"id": 1, "name": "New", "position": 0, "is_locked": True},
        {"id": 1, "name": "New", "position": 0, "is_locked": True},
        {},
    ),
    "list": (
        {"id": 1, "name": "15555555555", "title": "02190", "is_public": True},
        {
            "id": 1,
            "name": 15555555555,
            "is_public": True,
            "is_dynamic": False,
            "title": "02190",
            "description": None,
            "is_crm_visible": False,
            "created_at": T0,
            "updated_at": T0,
        },
        {},
    ),
    "opportunity": (
        {"id": 1, "name": "Deal", "value": 200, "probability": 5, "campaign_id": 8},
        {
            "id": 1,
            "name": "Deal",
            "value": 200,
            "probability": 5,
            "type": None,
            "stage": None,
            "status": None,
            "created_at": T0,
            "updated_at": T0,
            "campaign": {"id": 8, "name": None},
            "prospects": None,
        },
        {"campaign": None, "prospects": None, "campaign_id": 8},
    ),
    "tag": (
        {"id": 1, "name": "1e5"},
        {"id": 1, "name": 100000.0, "created_at": T0, "updated_at": T0},
        {},
    ),
    "tagObject": (
        {"id": 1, "tag_id": 2, "type": "Form", "object_id": 3},
        {"id": 1, "tag_id": 2, "type": "Form", "object_id": 3, "created_at": T0},
        {},
    ),
    "user": (
        {"id": 1, "email": "a@example.com", "role": "Sales", "timezone": "Europe/Berlin"},
        {
            "id": 1,
            "email": "a@example.com",
            "first_name": None,
            "last_name": None,
            "job_title": None,
            "role": "Sales",
            "account": None,
            "created_at": T0,
            "updated_at": T0,
        },
        {},
    ),
    "prospect": (
        {
            "id": 1,
            "campaign_id": 7,
            "phone": "15555555555",
            "zip": "02190",
            "opted_out": True,
            "is_starred": False,
            "notes": "n",
            "converted_at": 1,
            "custom": {"Interests": ["a", "b"], "Empty": None, "Gone": "x"},
            "assigned_to": {"id": 3},
        },
        {
            **dict.fromkeys(PROSPECT),
            "id": 1,
            "campaign_id": 7,
            "phone": 15555555555,
            "zip": "02190",
            "opted_out": 1,
            "is_starred": 0,
            "notes": "n",
            "created_at": T0,
            "updated_at": T0,
            "campaign": CAMPAIGN,
            "Interests": {"value": ["a", "b"]},
            "assigned_to": {"user": {"id": 3}},
        },
        {"campaign": None, "assigned_to": None, "Interests": None, "fax": None},
    ),
    "prospectAccount": (
        {"id": 1, "name": "2024", "custom": {"industry": "Banking", "zip": "10115"}},
        {
            "id": 1,
            "name": 2024,
            "created_at": T0,
            "updated_at": T0,
            "assigned_to": None,
            "industry": {"value": "Banking"},
            "zip": 10115,
        },
        {"assigned_to": None},
    ),
    "visitor": (
        {"id": 1, "prospect_id": 2, "page_view_count": 3, "source_parameter": "2024"},
        {
            **dict.fromkeys(VISITOR),
            "id": 1,
            "prospect_id": 2,
            "page_view_count": 3,
            "source_parameter": 2024,
            "created_at": T0,
            "updated_at": T0,
        },
        {},
    ),
    "listMembership": (
        {"id": 1, "list_id": 2, "prospect_id": 3, "opted_out": True},
        {
            "id": 1,
            "list_id": 2,
            "prospect_id": 3,
            "opted_out": True,
            "created_at": T0,
            "updated_at": T0,
        },
        {},
    ),
    "visitorActivity": (
        {"id": 1, "type": 2, "type_name": "Form", "details": "Hi", "form_id": 5, "campaign_id": 7},
        {
            "id": 1,
            "type": 2,
            "type_name": "Form",
            "details": "Hi",
            "form_id": 5,
            "campaign": CAMPAIGN,
            "created_at": T0,
            "updated_at": T0,
            "form": {"name": "Hi", "app_url": "https://pi.pardot.com/form/read?id=5"},
        },
        {"campaign": None, "form": None, "campaign_id": 7},
    ),
    "export": (
        {"id": 1, "state": "Waiting", "object": "prospect", "resultRefs": ["x"]},
        {"id": 1, "state": "Waiting", "isExpired": False, "createdAt": T0, "updatedAt": T0},
        {},
    ),
    "import": (
        {"id": 1, "origin": "UI", "createdCount": 5},
        {
            "id": 1,
            "state": "Complete",
            "isExpired": False,
            "origin": "UI",
            "createdAt": T0,
            "updatedAt": T0,
        },
        {},
    ),
}


def test_every_object_with_a_query_has_its_shape_written_down():
    assert sorted(SHAPES) == QUERYABLE


@pytest.mark.parametrize("name", QUERYABLE)
def test_a_row_has_exactly_the_documented_keys_and_types(pardot, name):
    stored, full, bulk = SHAPES[name]
    pardot.emulator.add("campaign", [CAMPAIGN])
    for fields, rows in FIELDS.items():
        pardot.emulator.add(fields, rows)
    pardot.emulator.clear(name)
    pardot.emulator.add(name, [stored])
    key = OBJECTS[name].key

    assert pardot.query(name) == {"total_results": 1, key: full}

    expected = {key: value for key, value in full.items() if key not in bulk}
    extra = {key: value for key, value in bulk.items() if value is not None}
    expected.update({key: None if value == "null" else value for key, value in extra.items()})
    # Export and import do not know `output`: their total stays.
    total = {} if OBJECTS[name].outputs else {"total_results": 1}
    assert pardot.query(name, output="bulk") == {**total, key: expected}


@pytest.mark.parametrize("name", QUERYABLE)
def test_no_row_one_row_and_several_rows_have_three_shapes(pardot, name):
    emulator = pardot.emulator
    has_total = not OBJECTS[name].outputs
    assert pardot.query(name) == {"total_results": 0}
    assert pardot.query(name, output="bulk") == ({"total_results": 0} if has_total else None)
    key, seen = OBJECTS[name].key, SEEN.get(name, {})
    emulator.add(name, [{"id": 1, **seen}])
    assert isinstance(pardot.query(name)[key], dict)
    assert isinstance(pardot.query(name, output="bulk")[key], dict)
    emulator.add(name, [{"id": 2, **seen}])
    assert isinstance(pardot.query(name)[key], list)
    assert ("total_results" in pardot.query(name, output="bulk")) is has_total


@pytest.mark.parametrize("name", READABLE)
def test_a_single_record_is_read_by_id(pardot, name):
    pardot.emulator.add(name, [{"id": 41}, {"id": 42}])
    body = pardot.call(f"{name}/read/id/42").json()
    assert body["@attributes"] == OK
    key = OBJECTS[name].key
    assert list(body) == ["@attributes", key]
    assert body[key]["id"] == 42


@pytest.mark.parametrize("path", ["account/read", "account/read/"])
def test_the_account_is_read_without_an_id_and_keeps_the_zero_of_its_zip(pardot, path):
    account = pardot.call(path).json()["account"]
    assert account["zip"] == "02190"
    assert account["phone"] == 15555555555
    assert list(account)[:3] == ["id", "company", "level"]


def test_the_total_counts_every_match_not_the_page(pardot):
    pardot.emulator.add("tag", [{"id": n} for n in range(1, 301)])
    assert pardot.query("tag", limit=2)["total_results"] == 300
    assert pardot.query("tag", id_greater_than=290)["total_results"] == 10
    assert len(pardot.rows("tag")) == 200
    assert pardot.ids("tag", offset=298) == [299, 300]


def test_mobile_returns_every_row_flat_where_the_documents_say_so(pardot):
    pardot.emulator.add("form", [{"id": n, "campaign_id": 7} for n in range(1, 401)])
    pardot.emulator.add("emailClick", [{"id": n} for n in range(1, 401)])
    result = pardot.query("form", output="mobile")
    assert (result["total_results"], len(result["form"])) == (400, 400)
    assert result["form"][0]["campaign_id"] == 7
    assert "campaign" not in result["form"][0]
    assert len(pardot.rows("form", output="mobile", limit=300)) == 300
    assert len(pardot.rows("emailClick", output="mobile")) == 200


def test_an_unknown_output_behaves_like_full(pardot):
    pardot.emulator.add("form", [{"id": 1, "campaign_id": 7}])
    assert pardot.rows("form", output="text") == pardot.rows("form", output="full")


@pytest.mark.parametrize(
    ("people", "shape"),
    [
        ([], None),
        ([{"id": 1}], {"prospect": {"id": 1}}),
        ([{"id": 1}, {"id": 2}], {"prospect": [{"id": 1}, {"id": 2}]}),
    ],
)
def test_prospects_of_an_opportunity_are_null_one_or_many(pardot, people, shape):
    pardot.emulator.add("opportunity", [{"id": 1, "prospects": people}])
    assert pardot.rows("opportunity")[0]["prospects"] == shape
    assert pardot.rows("opportunity", output="simple")[0]["prospects"] == shape
    assert "prospects" not in pardot.rows("opportunity", output="bulk")[0]


def test_bulk_may_keep_nested_objects_by_switch(pardot):
    pardot.emulator.set(bulk_nested=True)
    pardot.emulator.add("opportunity", [{"id": 1, "campaign_id": 7, "prospects": [{"id": 1}]}])
    row = pardot.rows("opportunity", output="bulk")[0]
    assert row["campaign"] == {"id": 7, "name": None}
    assert row["prospects"] == {"prospect": {"id": 1}}


def test_opportunity_activities_come_on_a_full_read_only_with_local_times(make):
    pardot = make(timezone="America/New_York")
    activity = {"id": 5, "type": 8, "created_at": 1_704_067_200}
    pardot.emulator.add("opportunity", [{"id": 1, "opportunity_activities": [activity]}])
    read = pardot.call("opportunity/read/id/1").json()["opportunity"]
    assert read["opportunity_activities"] == {
        "visitor_activity": {"id": 5, "type": 8, "created_at": "2023-12-31 19:00:00"}
    }
    simple = pardot.call("opportunity/read/id/1", output="simple").json()["opportunity"]
    assert "opportunity_activities" not in simple
    assert "opportunity_activities" not in pardot.rows("opportunity")[0]


def test_closed_at_is_absent_while_open_and_there_when_closed(pardot):
    pardot.emulator.add("opportunity", [{"id": 1}, {"id": 2, "closed_at": "2024-02-02 03:04:05"}])
    first, second = pardot.rows("opportunity")
    assert "closed_at" not in first
    assert second["closed_at"] == "2024-02-02 03:04:05"


def test_imports_and_exports_have_more_fields_on_a_read(pardot):
    pardot.emulator.add("import", [{"id": 1, "createdCount": 5, "errorCount": 0}])
    pardot.emulator.add("export", [{"id": 1, "resultRefs": ["u"]}, {"id": 2}])
    read = pardot.call("import/read/id/1").json()["import"]
    assert (read["createdCount"], read["errorCount"]) == (5, 0)
    assert "batchesRef" not in read
    assert pardot.call("export/read/id/1").json()["export"]["resultRefs"] == "u"
    assert "resultRefs" not in pardot.call("export/read/id/2").json()["export"]


def test_an_email_is_read_with_or_without_its_message(pardot):
    pardot.emulator.add("email", [{"id": 1, "name": "n", "message": {"text": "7", "html": "<p>"}}])
    read = pardot.call("email/read/id/1").json()["email"]
    assert read == {
        "id": 1,
        "name": "n",
        "isOneToOne": False,
        "subject": None,
        "created_at": T0,
        "message": {"text": 7, "html": "<p>"},
    }
    short = pardot.call("email/read/id/1", include_message="false").json()["email"]
    assert "message" not in short
    assert pardot.code("email/read/id/1", include_message="maybe") == 50
    assert pardot.code("email/query") == 2


def test_users_show_their_zone_by_switch_only(make):
    pardot = make(timezone="Europe/Berlin")
    pardot.emulator.add(
        "user", [{"id": 1, "email": "api@example.com"}, {"id": 2, "email": "b@x.y"}]
    )
    assert "timezone" not in pardot.rows("user")[0]
    pardot.emulator.set(user_timezone=True)
    assert [row["timezone"] for row in pardot.rows("user")] == ["Europe/Berlin", None]


def test_a_user_who_is_no_administrator_sees_only_their_own_record(pardot):
    pardot.emulator.add(
        "user", [{"id": 1, "email": "b@x.y"}, {"id": 2, "email": "api@example.com"}]
    )
    assert pardot.ids("user") == [1, 2]
    pardot.emulator.set(admin=False)
    assert pardot.query("user")["total_results"] == 1
    assert pardot.ids("user") == [2]


def test_a_user_is_read_by_an_escaped_email(pardot):
    pardot.emulator.add("user", [{"id": 3, "email": "a+b@example.com"}])
    assert pardot.call("user/read/email/a%2Bb%40example.com").json()["user"]["id"] == 3


def test_xml_is_the_default_and_has_no_types(pardot):
    pardot.emulator.add("campaign", [{"id": 7, "name": "2024"}])
    pardot.emulator.add("form", [{"id": 1, "name": "007", "campaign_id": 7}, {"id": 2}])
    answer = pardot.call("form/query", format="xml")
    assert answer.headers["Content-Type"].startswith("text/xml")
    root = ET.fromstring(answer.content)
    assert root.findtext("result/total_results") == "2"
    assert [form.findtext("id") for form in root.iter("form")] == ["1", "2"]
    assert root.findtext("result/form/name") == "007"
    assert root.findtext("result/form/campaign/name") == "2024"
    assert root.find("result/form[2]/campaign").text is None

    bad = ET.fromstring(pardot.call("form/read/id/9", format="xml").content)
    assert bad.find("err").get("code") == "109"


def test_post_takes_parameters_from_the_form_and_from_the_query(pardot):
    pardot.emulator.add("list", [{"id": n} for n in range(1, 6)])
    answer = pardot.call("list/query", "POST", id_greater_than=1, data={"id_less_than": "4"})
    assert [row["id"] for row in answer.json()["result"]["list"]] == [2, 3]


def test_strings_arrive_unchanged_with_quotes_emoji_and_line_ends(pardot):
    text = 'a "b", c\r\n<i>é</i> 🎉 \u2028 %%name%%'
    pardot.emulator.add("list", [{"id": 1, "name": text}])
    assert pardot.rows("list")[0]["name"] == text
    assert pardot.ids("list", name=text) == [1]


def test_a_row_may_override_its_record_with_keys_the_reference_does_not_list(pardot):
    wire = {"set": {"created_at": "0000-00-00 00:00:00", "brand_new": 1}, "drop": ["title"]}
    pardot.emulator.add("list", [{"id": 1, "_wire": wire}])
    row = pardot.rows("list")[0]
    assert (row["created_at"], row["brand_new"]) == ("0000-00-00 00:00:00", 1)
    assert "title" not in row
