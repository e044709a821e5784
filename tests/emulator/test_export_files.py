"""The CSV of an export, byte by byte, and how its delivery goes wrong (reference D.9)."""

import csv
import io
import tracemalloc
from time import process_time

import pytest
import requests

from pardot_emulator.faults import FILE_DAMAGES

ACTIVITIES = "visitorActivity"
IN_ORDER = {"export_shuffle_rows": False, "export_shuffle_columns": False, "export_seconds": 0}


@pytest.fixture
def plain(make):
    """A client of an account whose files keep the order of fields and ids."""
    return make(timezone="America/New_York", **IN_ORDER)


def content(pardot, *arguments, **named):
    """Export one file; return its bytes."""
    (url,) = pardot.refs(pardot.job(*arguments, **named))
    return pardot.download(url).content


def first_file(pardot):
    pardot.emulator.add(ACTIVITIES, [{"id": n, "details": f"d{n}"} for n in range(1, 6)])
    (url,) = pardot.refs(pardot.job(ACTIVITIES, ["id", "details"]))
    return url


ODD = {
    "id": 1,
    "type": 2,
    "type_name": "Form",
    "details": 'The "Widget Co" form,\r\nnew',
    "created_at": "2024-01-05T12:00:00Z",
}


def test_strings_and_times_are_quoted_and_numbers_and_nulls_are_not(plain):
    plain.emulator.add(ACTIVITIES, [ODD])
    fields = ["id", "visitor_id", "type", "type_name", "details", "created_at"]
    assert content(plain, ACTIVITIES, fields) == (
        b"id,visitor_id,type,type_name,details,created_at\n"
        b'1,,2,"Form","The ""Widget Co"" form,\r\nnew","2024-01-05 07:00:00"\n'
    )


def test_quotes_come_only_where_needed_by_switch(plain):
    plain.emulator.set(export_quoting="minimal")
    rows = [ODD, {"id": 2, "details": "  "}, {"id": 3, "details": ""}, {"id": 4, "details": " a "}]
    plain.emulator.add(ACTIVITIES, rows)
    assert content(plain, ACTIVITIES, ["id", "type_name", "details"]) == (
        b'id,type_name,details\n1,Form,"The ""Widget Co"" form,\r\nnew"\n2,,"  "\n3,,""\n4,, a \n'
    )


def test_a_quote_after_a_backslash_is_not_doubled_with_php_quoting(plain):
    plain.emulator.set(export_quoting="php")
    plain.emulator.add(ACTIVITIES, [{"id": 1, "details": 'a "b" \\"c\\" \\\\"'}])
    assert content(plain, ACTIVITIES, ["id", "details"]) == (
        b'id,details\n1,"a ""b"" \\"c\\" \\\\""\n'
    )


@pytest.mark.parametrize("quoting", ["strings", "minimal"])
@pytest.mark.parametrize("backslash", [True, False])
def test_a_leading_formula_sign_gets_a_backslash_unless_switched_off(plain, quoting, backslash):
    plain.emulator.set(export_quoting=quoting, export_backslash=backslash)
    texts = ["=1+1", "+1", "@a", "-1", " =1", "a=b", "\\=x"]
    plain.emulator.add(ACTIVITIES, [{"id": n, "details": one} for n, one in enumerate(texts)])
    rows = plain.export(ACTIVITIES, ["id", "details"])
    got = {int(row["id"]): row["details"] for row in rows}
    marked = ["\\" + one if one[0] in "=+@" and backslash else one for one in texts]
    assert list(got.values()) == marked


def test_booleans_are_digits_or_words_and_null_stays_empty(plain):
    plain.emulator.add("prospect", [{"id": 1, "opted_out": True, "is_starred": False}])
    fields = ["opted_out", "is_starred", "is_reviewed"]
    assert content(plain, "prospect", fields).splitlines()[1] == b"1,0,"
    plain.emulator.set(export_booleans="words")
    assert content(plain, "prospect", fields).splitlines()[1] == b"true,false,"


def test_line_ends_and_the_byte_order_mark_are_switches(plain):
    plain.emulator.add(ACTIVITIES, [{"id": 1}])
    assert content(plain, ACTIVITIES, ["id"]) == b"id\n1\n"
    plain.emulator.set(export_line_end="crlf", export_bom=True)
    assert content(plain, ACTIVITIES, ["id"]) == b"\xef\xbb\xbfid\r\n1\r\n"


def test_numbers_keep_their_spelling_in_a_file(plain):
    row = {"id": 1, "zip": "02190", "phone": "15555555555", "employees": "1.50"}
    plain.emulator.add("prospect", [row])
    assert b'"02190","15555555555","1.50"' in content(
        plain, "prospect", ["zip", "phone", "employees"]
    )


def test_custom_fields_of_prospects_are_cells_and_several_values_are_joined(plain):
    names = ("Interests", "One", "Number", "Flag", "Text", "None", "Zip")
    fields = [{"id": n, "field_id": name} for n, name in enumerate(names)]
    plain.emulator.add("customField", fields)
    values = (["a", "b, c"], ["x"], 3.5, True, "=1", None, "02190")
    plain.emulator.add("prospect", [{"id": 1, "custom": dict(zip(names, values, strict=True))}])
    plain.emulator.add("prospect", [{"id": 2}])
    assert content(plain, "prospect", ["id", *names]) == (
        b"id,Interests,One,Number,Flag,Text,None,Zip\n"
        b'1,"a;b, c","x",3.5,1,"\\=1",,"02190"\n'
        b"2,,,,,,,\n"
    )


def test_two_hundred_custom_fields_fit_into_two_jobs(plain):
    names = [f"Field_{n}" for n in range(200)]
    rows = [{"id": n, "field_id": name} for n, name in enumerate(names)]
    plain.emulator.add("customField", rows)
    plain.emulator.add("prospect", [{"id": 7, "custom": {name: name for name in names}}])
    (first,) = plain.export("prospect", ["id", *names[:149]])
    (second,) = plain.export("prospect", ["id", *names[149:]])
    assert {**first, **second} == {"id": "7", **{name: name for name in names}}


@pytest.mark.parametrize(("code", "named"), [(154, False), (180, True)])
def test_custom_fields_may_be_refused_all_or_single_ones(make, code, named):
    pardot = make(export_custom_fields=code)
    fields = [{"id": n, "field_id": name} for n, name in enumerate(("Interests", "Size"))]
    pardot.emulator.add("customField", fields)

    def refused(*fields):
        body = pardot.create("prospect", ["id", *fields]).json()
        assert ("Interests" in body["err"]) is named
        return body["@attributes"]["err_code"]

    assert refused("Interests", "Size") == code
    assert pardot.create("prospect", ["id", "email"]).status_code == 200
    pardot.emulator.set(export_custom_fields="accept", export_refusal=code)
    pardot.emulator.set(export_refused_fields={"Interests"})
    assert refused("Size", "Interests") == code
    assert pardot.create("prospect", ["id", "Size"]).status_code == 200
    pardot.emulator.set(export_refused_fields=["email"])
    assert pardot.create("prospect", ["email"]).status_code == 400


def test_a_custom_field_that_was_deleted_is_unknown(pardot):
    pardot.emulator.add("customField", [{"id": 1, "field_id": "Size"}])
    assert pardot.create("prospect", ["Size"]).status_code == 200
    pardot.emulator.delete("customField", 1)
    assert pardot.create("prospect", ["Size"]).status_code == 400


def test_without_fields_prospects_come_without_those_that_must_be_named(plain):
    plain.emulator.add("customField", [{"id": 1, "field_id": "Size"}])
    plain.emulator.add("prospect", [{"id": 1, "custom": {"Size": "L"}, "notes": "n"}])
    header = content(plain, "prospect").split(b"\n")[0].decode().split(",")
    assert len(header) == 42
    assert {"id", "email", "is_archived", "updated_at"} < set(header)
    assert not {"Size", "notes", "grade", "converted_at", "recent_interaction"} & set(header)


# D.8.4, by hand.
NAMED = [
    "notes",
    "grade",
    "converted_at",
    "converted_from_object_type",
    "converted_from_object_name",
    "is_email_hard_bounced",
    "email_bounced_at",
    "email_bounced_reason",
    "first_assigned_at",
    "first_activity_at",
    "first_referrer_url",
    "first_referrer_type",
    "first_referrer_query",
    "campaign_parameter",
    "medium_parameter",
    "source_parameter",
    "content_parameter",
    "term_parameter",
]


def test_prospect_fields_that_must_be_named_come_when_named(plain):
    plain.emulator.add(
        "prospect",
        [{"id": 1, "grade": "A+", "is_email_hard_bounced": True, "converted_at": "2024-07-01"}],
    )
    assert len(NAMED) == 18
    (row,) = plain.export("prospect", NAMED)
    assert (row["grade"], row["is_email_hard_bounced"]) == ("A+", "1")
    assert row["converted_at"] == "2024-06-30 20:00:00"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("prospect", ["recent_interaction", "crm_url", "campaign", "deleted", "custom"]),
        (ACTIVITIES, ["campaign", "form"]),
        ("visitor", ["identified", "browser", "deleted"]),
        ("listMembership", ["deleted"]),
        ("prospectAccount", ["assigned_to", "industry"]),
    ],
)
def test_fields_that_cannot_be_exported_are_refused(pardot, name, fields):
    pardot.emulator.set(export_undocumented_fields=True)
    for field in fields:
        assert pardot.create(name, ["id", field]).status_code == 400, field


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("prospect", "salesforce_fid"),
        ("visitor", "prospect_id"),
        *((ACTIVITIES, field) for field in ("opportunity_id", "visit_id", "visitor_page_view_id")),
    ],
)
def test_fields_that_no_page_lists_for_exports_are_taken_by_switch(pardot, name, field):
    assert pardot.create(name, ["id", field]).status_code == 400
    pardot.emulator.set(export_undocumented_fields=True)
    assert pardot.create(name, ["id", field]).status_code == 200


def test_prospect_accounts_are_exported_with_the_fields_that_describe_lists(plain):
    fields = [{"id": 1, "field_id": "industry"}, {"id": 2, "field_id": "Tier__c"}]
    plain.emulator.add("prospectAccountField", fields)
    own = {"industry": "Retail", "Tier__c": ["a", "b"]}
    plain.emulator.add("prospectAccount", [{"id": 1, "name": "Acme", "custom": own}])
    (row,) = plain.export("prospectAccount")
    assert row == {
        "id": "1",
        "name": "Acme",
        "industry": "Retail",
        "Tier__c": "a;b",
        "created_at": "2023-12-31 19:00:00",
        "updated_at": "2023-12-31 19:00:00",
    }


def test_external_activities_have_camel_case_names_and_two_procedures(plain):
    row = {"id": 1, "extension": "Survey", "type": "007", "prospectId": 5}
    times = {"createdAt": "2024-01-05T12:00:00Z", "activityDate": "2024-01-03T12:00:00Z"}
    plain.emulator.add("externalActivity", [{**row, **times}])
    created = {"created_after": "2024-01-05", "created_before": "2024-01-06"}
    active = {"activity_after": "2024-01-03", "activity_before": "2024-01-04"}
    by_date = "filter_by_activity_date"
    (found,) = plain.export("externalActivity", None, "filter_by_created_at", **created)
    assert list(found) == [
        "id",
        "extension",
        "extensionSalesforceId",
        "type",
        "typeSalesforceId",
        "prospectId",
        "value",
        "activityDate",
        "createdAt",
        "createdById",
    ]
    assert (found["type"], found["activityDate"]) == ("007", "2024-01-03 07:00:00")
    assert plain.export("externalActivity", None, by_date, **active) == [found]
    active["activity_after"] = "2024-01-03 12:00:00"
    assert plain.export("externalActivity", None, by_date, **active) == []


def test_columns_and_rows_come_in_no_order_and_the_same_one_again(make):
    pardot = make(export_seconds=0)
    pardot.emulator.add(ACTIVITIES, [{"id": n} for n in range(1, 101)])
    fields = ["id", "type", "details", "created_at", "updated_at"]
    number = pardot.job(ACTIVITIES, fields)
    (text,) = pardot.files(number)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert sorted(rows[0]) == sorted(fields)
    assert list(rows[0]) != fields
    ids = [int(row["id"]) for row in rows]
    assert sorted(ids) == list(range(1, 101)) != ids
    assert pardot.files(number) == [text]


def test_the_length_is_announced_unless_the_file_comes_in_chunks(plain):
    url = first_file(plain)
    answer = plain.download(url)
    assert answer.headers["Content-Type"] == "text/csv"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    plain.emulator.set(export_chunked=True)
    chunked = plain.download(url)
    assert "Content-Length" not in chunked.headers
    assert chunked.headers["Transfer-Encoding"] == "chunked"
    assert chunked.content == answer.content


@pytest.mark.parametrize("chunked", [True, False])
def test_a_cut_file_is_noticed_by_its_length(plain, chunked):
    url = first_file(plain)
    plain.emulator.set(export_chunked=chunked)
    plain.emulator.fault(op="download", truncate=15)
    with pytest.raises(requests.RequestException):
        requests.get(url, headers={**plain.headers, "Accept-Encoding": "identity"}, timeout=9)
    assert plain.download(url).content.endswith(b'5,"d5"\n')


def test_an_html_page_may_come_instead_of_a_file(plain):
    url = first_file(plain)
    plain.emulator.fault(op="download", html=True, status=200)
    answer = plain.download(url)
    assert (answer.status_code, answer.content[:9]) == (200, b"<!DOCTYPE")


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("other_object", 'id,name,position\n501,"New",1\n502,"Engaged",2\n'),
        ("extra_cell", 'id,details\n4,"d4"\n5,"d5","one too many"\n'),
        ("missing_cell", 'id,details\n4,"d4"\n5,"d5"\n\n'),
        ("cut_row", 'id,details\n4,"d4"\n5,"'),
        ("missing_column", 'id,something_else\n4,"d4"\n5,"d5"\n'),
        ("no_header", '4,"d4"\n5,"d5"\n'),
        ("empty", ""),
    ],
)
def test_a_file_may_have_its_announced_length_and_wrong_content(plain, way, expected):
    url = first_file(plain)
    plain.emulator.delete(ACTIVITIES, [1, 2, 3])
    (url,) = plain.refs(plain.job(ACTIVITIES, ["id", "details"]))
    plain.emulator.fault(op="download", csv=way)
    answer = plain.download(url)
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.text == expected
    assert plain.download(url).text == 'id,details\n4,"d4"\n5,"d5"\n'


def test_every_way_to_damage_a_file_is_tested_and_others_are_refused(plain):
    assert len(FILE_DAMAGES) == 7
    with pytest.raises(ValueError, match="csv must be one of other_object"):
        plain.emulator.fault(op="download", csv="coffee")


def test_faults_hit_one_operation_of_one_object(plain):
    plain.emulator.fault(op="create", params={"object": "prospect"}, code=183)
    assert plain.create(ACTIVITIES).status_code == 200
    assert plain.create("Prospect").status_code == 500
    number = plain.job("prospect")
    plain.emulator.fault(op="cancel", code=66)
    plain.emulator.fault(object="export", op="read", params={"object": "prospect"}, status=503)
    assert plain.call(f"export/read/id/{number}").status_code == 503
    assert plain.code(f"export/cancel/id/{number}", "POST") == 66


def test_an_answer_may_be_edited_by_a_fault(plain):
    number = plain.job(ACTIVITIES)
    edit = {"set": {"state": "Odd", "resultsRef": "x"}, "drop": ["isExpired"]}
    plain.emulator.fault(op="read", edit=edit)
    assert set(plain.read(number)) == {"id", "state", "resultsRef", "createdAt", "updatedAt"}
    assert plain.read(number)["state"] == "Complete"


def test_a_fault_may_end_a_job_just_before_it_is_read(make):
    pardot = make(export_seconds=100)
    number = pardot.job(ACTIVITIES)
    pardot.emulator.fault(op="read", change={"export": {"state": "Failed"}})
    assert pardot.read(number)["state"] == "Failed"
    pardot.emulator.fault(op="create", change={"settings": {"export_seconds": 0}})
    other = pardot.job(ACTIVITIES)
    pardot.emulator.fault(op="read", nth=2, change={"export": {"id": other, "expired": True}})
    assert [pardot.read(other)["isExpired"] for _ in range(2)] == [False, True]


def test_a_large_file_is_never_held_in_memory_and_takes_little_time(plain):
    row = {"details": "A page, viewed " * 40}
    rows = (
        (ACTIVITIES, {"id": n, "updated_at": 1_700_000_000 + n % 60, **row}) for n in range(20_000)
    )
    plain.emulator.model.load(rows)
    given = {"updated_after": "2023-11-01", "updated_before": "2024-01-01"}
    began = process_time()
    (url,) = plain.refs(plain.job(ACTIVITIES, None, **given))
    took = process_time() - began
    tracemalloc.start()
    with plain.session.get(url, headers=plain.headers, stream=True, timeout=60) as answer:
        size = sum(map(len, answer.iter_content(65_536)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size > 12_000_000
    assert peak < 8_000_000
    assert took < 2  # 0.1 s on the machine this was written on
