"""Queries and reads of prospects, accounts, visitors, memberships and activities (C.13 to C.23)."""

from xml.etree import ElementTree as ET

import pytest

DAY = "2024-01-{:02} 00:00:00"
BINNED = ("prospect", "prospectAccount", "visitor", "listMembership")


@pytest.fixture
def people(pardot):
    """A client of an account with three custom fields and four prospects."""
    names = ("Interests", "Attended_Event", "Size")
    fields = [{"id": n, "field_id": name, "type": "Text"} for n, name in enumerate(names)]
    pardot.emulator.add("customField", fields)
    pardot.emulator.add("campaign", [{"id": 893, "name": "Web"}])
    pardot.emulator.add(
        "prospect",
        [
            {
                "id": 1,
                "email": "a@example.com",
                "score": 10,
                "grade": "A",
                "fax": "1",
                "campaign_id": 893,
                "is_starred": True,
                "last_activity_at": DAY.format(5),
                "custom": {"Interests": ["a", "b"], "Attended_Event": "yes"},
            },
            {
                "id": 2,
                "email": "b@example.com",
                "score": 20,
                "grade": "B+",
                "assigned_to": {"id": 7, "email": "u@example.com"},
                "is_reviewed": True,
                "custom": {"Interests": ["a"], "Size": "007"},
            },
            {"id": 3, "email": "a@example.com", "score": 30, "custom": {"Size": None}},
            {"id": 4, "email": "d@example.com", "score": 40, "deleted": True},
        ],
    )
    return pardot


def test_each_row_has_the_custom_fields_that_have_a_value(people):
    keys = [{"Interests", "Attended_Event", "Size"} & set(row) for row in people.rows("prospect")]
    assert keys == [{"Interests", "Attended_Event"}, {"Interests", "Size"}, set()]


def test_several_values_are_wrapped_and_a_single_one_is_no_list(people):
    first, second, _ = people.rows("prospect")
    assert first["Interests"] == {"value": ["a", "b"]}
    assert second["Interests"] == {"value": "a"}
    assert (first["Attended_Event"], second["Size"]) == ("yes", "007")


def test_flags_of_prospects_are_numbers_or_null(people):
    row = people.rows("prospect")[0]
    assert (row["is_starred"], type(row["is_starred"]), row["opted_out"]) == (1, int, None)


def test_a_custom_field_that_no_longer_exists_is_not_sent(people):
    people.emulator.delete("customField", 0)
    assert "Interests" not in people.rows("prospect")[0]
    assert people.code("prospect/query", fields="Interests") == 180


def test_bulk_has_no_custom_fields_no_fax_and_no_nested_records(people):
    row = people.rows("prospect", output="bulk")[0]
    assert not {"Interests", "Attended_Event", "fax", "campaign"} & set(row)
    assert row["campaign_id"] == 893
    assert people.rows("prospect", output="bulk", fields="fax,Interests")[0] == {"id": 1}


def test_mobile_is_a_short_record(people):
    keys = ["id", "first_name", "last_name", "email", "company"]
    assert [sorted(row) for row in people.rows("prospect", output="mobile")] == [sorted(keys)] * 3


def test_fields_choose_the_keys_and_the_id_always_comes(people):
    names = "email,Interests,campaign"
    assert people.rows("prospect", fields=names)[:2] == [
        {
            "id": 1,
            "email": "a@example.com",
            "Interests": {"value": ["a", "b"]},
            "campaign": {"id": 893, "name": "Web"},
        },
        {"id": 2, "email": "b@example.com", "Interests": {"value": "a"}},
    ]
    posted = people.call("prospect/query", "POST", data={"fields": names}).json()["result"]
    assert posted["prospect"] == people.rows("prospect", fields=names)
    assert people.rows("visitor", fields="ip_address", only_identified="false") == []


def test_an_unknown_field_is_refused_or_ignored_by_switch(people):
    assert people.code("prospect/query", fields="id,nothing") == 180
    assert people.code("prospect/query", fields="converted_at") == 180
    people.emulator.set(unknown_fields="ignored")
    assert people.rows("prospect", fields="id,nothing")[0] == {"id": 1}


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({"deleted": "true"}, [4]),
        ({"deleted": "false"}, [1, 2, 3]),
        ({"assigned": "true"}, [2]),
        ({"assigned": "false"}, [1, 3]),
        ({"assigned_to_user": 7}, [2]),
        ({"assigned_to_user": "u@example.com"}, [2]),
        ({"grade_equal_to": "B+"}, [2]),
        ({"grade_greater_than": "B+"}, [1]),
        ({"grade_less_than": "A+"}, [1, 2]),
        ({"is_starred": "true"}, [1]),
        ({"is_starred": "false"}, [2, 3]),
        ({"last_activity_after": DAY.format(4)}, [1]),
        ({"last_activity_before": DAY.format(5)}, []),
        ({"last_activity_never": "true"}, [2, 3]),
        ({"list_id": 50}, [2]),
        ({"new": "true"}, [1]),
        ({"score_equal_to": 30}, [3]),
        ({"score_greater_than": 10, "score_less_than": 30}, [2]),
    ],
)
def test_filters_of_prospects(people, params, ids):
    rows = [{"id": 1, "list_id": 50, "prospect_id": 2}]
    rows.append({"id": 2, "list_id": 50, "prospect_id": 3, "deleted": True})
    people.emulator.add("listMembership", rows)
    assert people.ids("prospect", **params) == ids


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"is_starred": "1"}, 25),
        ({"assigned": "x"}, 26),
        ({"deleted": "all"}, 27),
        ({"new": "x"}, 28),
        ({"score_equal_to": "x"}, 29),
        ({"score_greater_than": 9, "score_less_than": 5}, 30),
        ({"score_equal_to": 9, "score_less_than": 5}, 31),
        ({"grade_equal_to": "E"}, 32),
        ({"grade_equal_to": "A", "grade_less_than": "A"}, 34),
        ({"last_activity_never": "x"}, 50),
        ({"last_activity_after": "x"}, 7),
    ],
)
def test_a_bad_filter_of_prospects_has_its_own_code(people, params, code):
    assert people.code("prospect/query", **params) == code


@pytest.mark.parametrize("name", BINNED)
def test_the_recycle_bin_is_hidden_and_its_flag_never_shown(pardot, name):
    seen = {"prospect_id": 1} if name in {"visitor", "listMembership"} else {}
    pardot.emulator.add(name, [{"id": 1, **seen}, {"id": 2, "deleted": True, **seen}])
    (row,) = pardot.rows(name)
    assert row["id"] == 1
    assert not {"deleted", "custom", "identified"} & set(row)
    assert [row["deleted"] for row in pardot.emulator.rows(name)] == [False, True]
    # Only prospects and memberships have a filter for it (C.0): elsewhere it is ignored.
    expected = [2] if name in {"prospect", "listMembership"} else [1]
    assert pardot.ids(name, deleted="true", sort_by="id") == expected


def test_a_prospect_in_the_recycle_bin_cannot_be_read(people):
    assert people.code("prospect/read/id/4") == 132
    assert people.code("prospect/read/id/5") == 3
    assert people.code("prospect/read/email/d%40example.com") == 4
    for name in ("prospectAccount", "visitor", "listMembership"):
        people.emulator.add(name, [{"id": 1, "deleted": True}])
        assert people.code(f"{name}/read/id/1") in {24, 61, 109}


def test_a_prospect_is_read_with_all_that_belongs_to_it(people):
    people.emulator.add("visitor", [{"id": 11, "prospect_id": 1}])
    kinds = [{"id": 20 + n, "prospect_id": 1, "type": n} for n in (4, 5, 6)]
    people.emulator.add("visitorActivity", kinds)
    record = people.call("prospect/read/id/1").json()["prospect"]
    assert record["visitors"]["visitor"]["id"] == 11
    assert [one["id"] for one in record["visitor_activities"]["visitor_activity"]] == [24, 26]
    assert record["lists"] is None
    assert record["campaign"] == {"id": 893, "name": "Web"}
    simple = people.call("prospect/read/id/1", output="simple").json()["prospect"]
    assert "visitors" not in simple
    by_email = people.call("prospect/read/email/b%40example.com").json()["prospect"]
    assert by_email["id"] == 2
    people.emulator.update("prospect", 3, crm_contact_fid="003A")
    assert people.call("prospect/read/fid/003A").json()["prospect"]["id"] == 3


def test_only_identified_visitors_come_unless_all_are_asked_for(pardot):
    rows = [{"id": 1}, {"id": 2, "prospect_id": 9}, {"id": 3, "identified": True}]
    pardot.emulator.add("visitor", [*rows, {"id": 4, "prospect_id": 8, "identified": False}])
    assert pardot.ids("visitor") == [2, 3]
    assert pardot.ids("visitor", only_identified="true") == [2, 3]
    assert pardot.ids("visitor", only_identified="false") == [1, 2, 3, 4]
    assert pardot.ids("visitor", prospect_ids="8,9", only_identified="false") == [2, 4]
    assert pardot.code("visitor/query", only_identified="no") == 50


def test_a_visitor_is_read_with_its_prospect_in_place_of_the_id(pardot):
    pardot.emulator.add("prospect", [{"id": 9, "email": "p@example.com"}])
    pardot.emulator.add("visitor", [{"id": 2, "prospect_id": 9}])
    record = pardot.call("visitor/read/id/2").json()["visitor"]
    assert record["prospect"]["email"] == "p@example.com"
    assert "prospect_id" not in record
    assert pardot.rows("visitor")[0]["prospect_id"] == 9
    keys = [
        "id",
        "prospect_id",
        "page_view_count",
        "ip_address",
        "hostname",
        "created_at",
        "updated_at",
    ]
    assert list(pardot.rows("visitor", output="mobile")[0]) == keys


def test_a_membership_is_read_by_list_and_prospect_too(pardot):
    pardot.emulator.add("listMembership", [{"id": 7, "list_id": 5, "prospect_id": 6}])
    body = pardot.call("listMembership/read/list_id/5/prospect_id/6").json()
    assert body["list_membership"]["id"] == 7
    assert pardot.code("listMembership/read/list_id/5/prospect_id/7") == 109
    assert pardot.ids("listMembership", list_id=5) == pardot.ids("listMembership", prospect_id=6)
    assert pardot.ids("listMembership", list_id=6) == []
    assert pardot.code("listMembership/query", sort_by="updated_at") == 19


def test_sessions_are_in_no_answer_and_not_counted(pardot):
    pardot.emulator.add("visitorActivity", [{"id": n, "type": n} for n in (4, 5, 6)])
    assert pardot.ids("visitorActivity") == pardot.ids("visitorActivity", type="4,5,6") == [4, 6]
    assert pardot.query("visitorActivity")["total_results"] == 2
    assert pardot.code("visitorActivity/read/id/5") == 109
    assert pardot.emulator.count("visitorActivity") == 2
    assert len(pardot.emulator.rows("visitorActivity")) == 3


KINDS = {
    "custom_url": "custom_redirect_id",
    "email": "email_id",
    "file": "file_id",
    "form": "form_id",
    "form_handler": "form_handler_id",
    "landing_page": "landing_page_id",
}


def test_activities_are_found_by_the_kind_of_asset_or_its_ids(pardot):
    rows = [{"id": n, column: 50 + n} for n, column in enumerate(KINDS.values(), 1)]
    rows.append({"id": 9, "prospect_id": 3, "visitor_id": 4, "campaign_id": 5, "type": 21})
    pardot.emulator.add("visitorActivity", rows)
    for n, kind in enumerate(KINDS, 1):
        assert pardot.ids("visitorActivity", **{f"{kind}_only": "true"}) == [n], kind
        assert len(pardot.ids("visitorActivity", **{f"{kind}_only": "false"})) == 7
        assert pardot.ids("visitorActivity", **{f"{kind}_id": f"7,{50 + n}"}) == [n], kind
    for params in ({"prospect_only": "true"}, {"prospect_id": 3}, {"visitor_id": "4,5"}):
        assert pardot.ids("visitorActivity", **params) == [9]
    assert pardot.ids("visitorActivity", campaign_id=5, type=21) == [9]
    assert pardot.code("visitorActivity/query", type="Form") == 16
    assert pardot.code("visitorActivity/query", prospect_only="1") == 50
    assert pardot.code("visitorActivity/query", form_only="true", file_only="true") == 51


def test_ids_of_an_activity_are_absent_while_null(pardot):
    pardot.emulator.add("visitorActivity", [{"id": 1, "type": 9, "opportunity_id": 5}])
    (row,) = pardot.rows("visitorActivity", output="bulk")
    assert set(row) == {
        *("id", "type", "type_name", "details", "opportunity_id", "created_at", "updated_at")
    }


def test_describe_lists_the_fields_of_accounts_in_attributes(pardot):
    rows = [
        {"id": 1, "field_id": "name", "label": "Name", "required": True, "custom": False},
        {"id": 2, "field_id": "industry", "type": "dropdown", "options": ["Banking", "Retail"]},
    ]
    pardot.emulator.add("prospectAccountField", rows)
    name = {
        "id": "name",
        "label": "Name",
        "required": True,
        "custom": False,
        "type": "text",
        "has_options": False,
    }
    industry = {
        "id": "industry",
        "label": "industry",
        "required": False,
        "custom": True,
        "type": "dropdown",
        "has_options": True,
    }
    assert pardot.call("prospectAccount/describe").json()["result"] == {
        "field": [
            {"@attributes": name},
            {"@attributes": industry, "options": ["Banking", "Retail"]},
        ]
    }
    root = ET.fromstring(pardot.call("prospectAccount/describe", format="xml").text)
    fields = root.findall("result/field")
    assert [field.get("id") for field in fields] == ["name", "industry"]
    assert fields[0].get("required") == "true"
    pardot.emulator.clear("prospectAccountField")
    result = pardot.call("prospectAccount/describe").json()["result"]
    assert result["field"]["@attributes"] == name


@pytest.mark.parametrize(
    ("switch", "industry", "name"),
    [
        ("mixed", {"value": "Retail"}, "Acme"),
        ("plain", "Retail", "Acme"),
        ("wrapped", {"value": "Retail"}, {"value": "Acme"}),
    ],
)
def test_values_of_accounts_are_plain_or_wrapped(make, switch, industry, name):
    pardot = make(account_values=switch)
    rows = [{"id": 1, "field_id": "industry", "type": "dropdown"}, {"id": 2, "field_id": "alias"}]
    pardot.emulator.add("prospectAccountField", rows)
    own = {"industry": "Retail", "alias": "Acme", "gone": 1, "empty": []}
    pardot.emulator.add("prospectAccount", [{"id": 1, "custom": own}])
    (row,) = pardot.rows("prospectAccount", fields="industry,alias")
    assert row == {"id": 1, "industry": industry, "alias": name}


@pytest.mark.parametrize("name", ["visitorActivity", "listMembership"])
def test_two_objects_have_a_key_with_an_underscore(pardot, name):
    pardot.emulator.add(name, [{"id": 1}])
    key = {"visitorActivity": "visitor_activity", "listMembership": "list_membership"}[name]
    assert list(pardot.query(name)) == ["total_results", key]
    assert list(pardot.call(f"{name}/read/id/1").json()) == ["@attributes", key]
