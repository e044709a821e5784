"""Queries of version 5: fields, filters, order, recycle bin, pages (reference of version 5, A)."""

from __future__ import annotations

import pytest

from tests.emulator.v5 import V5

JUNE = "2024-06-01T00:00:00Z"


@pytest.fixture
def v5(pardot):
    return V5(pardot)


@pytest.fixture
def start(make):
    return lambda **options: V5(make(**options))


def test_a_query_needs_fields(v5):
    answer = v5.get("objects/lists")

    assert answer.status_code == 400
    assert answer.json() == {
        "code": 13,
        "message": "One or more required parameters are missing: fields",
    }
    assert v5.code("objects/lists/1") == 13


def test_a_row_has_exactly_the_fields_that_were_asked_for(v5):
    v5.emulator.add("list", [{"id": 7, "name": "News", "is_public": True, "folder_id": 3}])

    assert v5.rows("lists", "name,isPublic,folderId,title") == [
        {"name": "News", "isPublic": True, "folderId": 3, "title": None}
    ]


def test_an_empty_answer_has_all_three_keys(v5):
    assert v5.body("objects/tags", fields="id") == {
        "nextPageToken": None,
        "nextPageUrl": None,
        "values": [],
    }


def test_one_unknown_field_fails_the_whole_query(v5):
    answer = v5.get("objects/forms", fields="id,name,nope")

    assert answer.status_code == 400
    assert answer.json() == {
        "code": 51,
        "message": "Invalid parameter: fields. It contains an invalid or unknown field: nope.",
    }


def test_an_account_can_refuse_documented_fields(start):
    v5 = start(v5_refused_fields=["forms.salesforceCmsId"])

    assert "salesforceCmsId" in v5.refusal("objects/forms", fields="id,salesforceCmsId")
    assert v5.code("objects/files", fields="id,salesforceCmsId") is None


@pytest.mark.parametrize("code", [51, 224])
def test_a_query_gives_no_field_that_only_a_read_gives(start, code):
    v5 = start(v5_refusal=code)
    v5.emulator.add("listEmail", [{"id": 1, "htmlMessage": "<p>", "sentAt": JUNE}])

    assert v5.code("objects/list-emails", fields="id,htmlMessage") == code
    assert v5.body("objects/list-emails/1", fields="htmlMessage") == {"htmlMessage": "<p>"}
    for write_only in ("scheduledTime", "recipientListIds"):
        assert v5.code("objects/list-emails", fields=f"id,{write_only}") == code


def test_a_refusal_can_leave_out_the_name_of_the_field(start):
    v5 = start(v5_refusal_names=False)

    assert "nope" not in v5.refusal("objects/lists", fields="id,nope")


def test_fields_that_only_clients_name_can_be_unknown(start):
    assert start().code("objects/users", fields="id,lastName") is None
    assert start(v5_unproved_fields=False).code("objects/users", fields="id,lastName") == 51


def test_times_have_the_offset_of_the_account_at_that_time(start):
    v5 = start(timezone="America/New_York")
    times = ("2024-11-03T05:30:00Z", "2024-11-03T06:30:00Z", "2024-03-10T06:59:59Z")
    v5.emulator.add("tag", [{"id": n, "created_at": at} for n, at in enumerate(times, 1)])

    assert [row["createdAt"] for row in v5.rows("tags", "createdAt")] == [
        "2024-11-03T01:30:00-04:00",
        "2024-11-03T01:30:00-05:00",
        "2024-03-10T01:59:59-05:00",
    ]


def test_offsets_of_half_an_hour_and_of_none(start):
    for zone, text in (("Asia/Kolkata", "05:30:00+05:30"), ("UTC", "00:00:00+00:00")):
        v5 = start(timezone=zone)
        v5.emulator.add("tag", [{"id": 1, "created_at": JUNE}])
        assert v5.rows("tags", "createdAt") == [{"createdAt": f"2024-06-01T{text}"}]


@pytest.mark.parametrize(
    ("suffix", "ids"),
    [
        ("", [2]),
        ("After", [3]),
        ("AfterOrEqualTo", [2, 3]),
        ("Before", [1]),
        ("BeforeOrEqualTo", [1, 2]),
    ],
)
def test_filters_by_time_are_inclusive_only_where_they_say_so(v5, suffix, ids):
    days = ("2024-05-31", "2024-06-01", "2024-06-02")
    v5.emulator.add("tag", [{"id": n, "updated_at": day} for n, day in enumerate(days, 1)])

    # The same instant with another offset.
    found = v5.ids("tags", **{f"updatedAt{suffix}": "2024-05-31T20:00:00-04:00"})

    assert found == ids


@pytest.mark.parametrize(
    "text", ["2024-06-01T00:00:00Z", "2024-06-01 00:00:00", "2024-06-01", "today"]
)
@pytest.mark.parametrize("name", ["updatedAtAfterOrEqualTo", "sentAtAfter"])
def test_a_time_needs_an_offset_and_takes_no_z(v5, name, text):
    answer = v5.get("objects/list-emails", fields="id", **{name: text})

    assert answer.status_code == 400
    assert answer.json() == {
        "code": 51,
        "message": f"Invalid parameter: Parameter {name} is invalid. Invalid date time value",
    }


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"idGreaterThan": 2}, [3, 4]),
        ({"idGreaterThanOrEqualTo": 2}, [2, 3, 4]),
        ({"idLessThan": 2}, [1]),
        ({"idLessThanOrEqualTo": 2}, [1, 2]),
        ({"id": 2}, [2]),
        ({"idList": "1,4,9"}, [1, 4]),
        ({"name": "b"}, [2]),
        ({"name": "b", "idGreaterThan": 2}, []),
    ],
)
def test_filters_by_id_and_name_are_combined_by_and(v5, filters, ids):
    v5.emulator.add("list", [{"id": n, "name": name} for n, name in enumerate("abcd", 1)])

    assert v5.ids("lists", **filters) == ids


def test_folders_can_be_asked_for_with_and_without_a_parent(v5):
    v5.emulator.add("folder", [{"id": 1}, {"id": 2, "parentFolderId": 1}])

    assert v5.ids("folders", parentFolderIdIsNull="true") == [1]
    assert v5.ids("folders", parentFolderIdIsNotNull="true") == [2]
    assert v5.ids("folders", parentFolderId=1) == [2]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("prospect-accounts", "updatedAtAfterOrEqualTo"),
        ("lists", "nameGreaterThan"),
        ("lists", "format"),
        ("lists", "isPublic"),
        ("tags", "deleted"),
    ],
)
def test_a_filter_that_an_object_does_not_have_is_refused(v5, path, name):
    answer = v5.get(f"objects/{path}", fields="id", **{name: "all"})

    assert answer.status_code == 400
    assert answer.json() == {
        "code": 51,
        "message": f"Invalid parameter: Parameter {name} is invalid.",
    }


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("visitors", "updatedAtAfterOrEqualTo"),
        ("engagement-studio-programs", "updatedAtAfterOrEqualTo"),
        ("folder-contents", "updatedAtAfterOrEqualTo"),
        ("form-fields", "updatedAtAfterOrEqualTo"),
    ],
)
def test_filters_of_no_document_are_a_switch(start, path, name):
    asked = {"fields": "id", name: "2024-01-01T00:00:00+00:00"}

    assert start().code(f"objects/{path}", **asked) is None
    assert start(v5_undocumented_filters=False).code(f"objects/{path}", **asked) == 51


def test_filters_may_touch_three_fields(v5):
    three = {
        "idGreaterThan": 1,
        "name": "a",
        "updatedAtAfter": "2024-01-01T00:00:00+00:00",
        "updatedAtBefore": "2025-01-01T00:00:00+00:00",
    }

    assert v5.code("objects/lists", fields="id", deleted="all", **three) is None
    answer = v5.get(
        "objects/lists", fields="id", createdAtAfter="2024-01-01T00:00:00+00:00", **three
    )
    assert (answer.status_code, answer.json()["code"]) == (400, 209)


def test_pages_hold_200_rows_and_at_most_1000(start):
    v5 = start()
    v5.emulator.add("tag", [{"id": n} for n in range(1, 1_202)])

    assert len(v5.rows("tags")) == 200
    assert len(v5.rows("tags", limit=1_000)) == 1_000
    for limit in (0, -1, 1_001, "x"):
        assert v5.code("objects/tags", fields="id", limit=limit) == 23


def test_a_limit_can_be_clamped(start):
    v5 = start(over_limit="clamp", v5_max_limit=50)
    v5.emulator.add("tag", [{"id": n} for n in range(1, 101)])

    page = v5.body("objects/tags", fields="id", limit=1_000)

    assert len(page["values"]) == 50
    assert page["nextPageToken"]


def test_offset_works_up_to_2000(v5):
    v5.emulator.add("tag", [{"id": n} for n in range(1, 6)])

    assert v5.ids("tags", offset=3) == [4, 5]
    assert v5.code("objects/tags", fields="id", offset=2_000) is None
    assert v5.code("objects/tags", fields="id", offset=2_001) == 21


def test_order_by_takes_one_field_and_a_direction(v5):
    days = ("2024-03-01", "2024-01-01", "2024-02-01")
    v5.emulator.add("tag", [{"id": n, "updated_at": day} for n, day in enumerate(days, 1)])

    assert v5.ids("tags") == [1, 2, 3]
    assert v5.ids("tags", orderBy="id DESC") == [3, 2, 1]
    assert v5.ids("tags", orderBy="updatedAt") == [2, 3, 1]
    assert v5.ids("tags", orderBy="updatedAt desc") == [1, 3, 2]
    for bad in ("-id", "name", "id up", "id,updatedAt"):
        assert "Unknown field name" in v5.refusal("objects/tags", fields="id", orderBy=bad)


def test_order_by_can_need_a_direction(start):
    v5 = start(v5_order_direction=True)

    assert v5.code("objects/tags", fields="id", orderBy="id") == 51
    assert v5.code("objects/tags", fields="id", orderBy="id ASC") is None


@pytest.mark.parametrize(
    ("path", "name", "flag"),
    [
        ("prospects", "prospect", "deleted"),
        ("lists", "list", "deleted"),
        ("list-memberships", "listMembership", "deleted"),
        ("visitors", "visitor", "deleted"),
        ("campaigns", "campaign", "deleted"),
        ("users", "user", "deleted"),
        ("list-emails", "listEmail", "isDeleted"),
        ("email-templates", "emailTemplate", "isArchived"),
        ("tracker-domains", "trackerDomain", "isDeleted"),
    ],
)
def test_the_recycle_bin_is_left_out_unless_it_is_asked_for(v5, path, name, flag):
    v5.emulator.add(name, [{"id": 1}, {"id": 2, flag: True}])

    assert v5.ids(path) == [1]
    assert v5.ids(path, deleted="false") == [1]
    assert v5.ids(path, deleted="true") == [2]
    assert v5.ids(path, deleted="all") == [1, 2]
    assert v5.code(f"objects/{path}", fields="id", deleted="1") == 51
    if "isDeleted" in v5.fields(path):
        flags = [row["isDeleted"] for row in v5.rows(path, "isDeleted", deleted="all")]
        assert flags == [False, True]


def test_only_version_5_shows_the_recycle_bin_of_lists(v5):
    v5.emulator.add("list", [{"id": 1}, {"id": 2, "deleted": True}])

    assert v5.client.ids("list") == [1]
    assert v5.client.code("list/read/id/2") == 55
