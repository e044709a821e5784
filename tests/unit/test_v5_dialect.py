"""Version 5 on the wire: URLs, filters, pages, refusals."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tap_pardot.api.dialect import Filters, Lookup, PardotError, Query, Record, Request
from tap_pardot.api.http import Response
from tap_pardot.api.v5 import V5
from tap_pardot.errors import AddressTooLong, Retriable, StreamFailed

LISTS = Query("lists", deleted=True)
WINDOW = Filters(
    "updated_at",
    datetime(2026, 11, 28, 9, tzinfo=UTC),
    datetime(2026, 11, 28, 10, tzinfo=UTC),
    fields=("id", "updatedAt"),
)


@pytest.fixture
def v5():
    return V5("https://pi.pardot.com")


def response(body, status=200, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, headers, content, "https://pi.pardot.com/api/v5/objects/lists")


def rows(v5, body, cursor=0, **headers):
    request = v5.query(LISTS, WINDOW, limit=1000, cursor=cursor)
    return request.parse(v5.open(response(body, **headers)), headers)


def test_a_page_is_a_query_of_its_own_after_an_id(v5):
    sent = v5.encode(v5.query(LISTS, WINDOW, limit=1000, cursor=17))

    assert (sent.method, sent.url) == ("GET", "https://pi.pardot.com/api/v5/objects/lists")
    assert sent.params == {
        "fields": "id,updatedAt",
        "deleted": "all",
        "updatedAtAfterOrEqualTo": "2026-11-28T09:00:00+00:00",
        "updatedAtBefore": "2026-11-28T10:00:00+00:00",
        "orderBy": "id",
        "limit": "1000",
        "idGreaterThan": "17",
    }


def test_bulk_actions_stand_beside_the_objects(v5):
    request = v5.query(Query("bulk-actions", time=None), Filters(), limit=1000)

    assert v5.encode(request).url == "https://pi.pardot.com/api/v5/bulk-actions"


def test_figures_of_a_list_email_are_an_operation_on_its_id(v5):
    request = v5.lookup(Lookup("list-emails", "stats"), 17)

    assert v5.encode(request).url.endswith("/api/v5/objects/list-emails/17/stats")


def test_nothing_but_get_is_sent(v5):
    with pytest.raises(ValueError, match="only read"):
        v5.encode(Request(v5, ("lists",), lambda body, _: body, method="POST"))


def test_the_newest_row_is_asked_for_in_descending_order(v5):
    params = v5.newest(LISTS, WINDOW).params

    assert (params["orderBy"], params["limit"], params["fields"]) == ("id DESC", "1", "id")
    assert params["updatedAtBefore"]


@pytest.mark.parametrize(
    ("body", "headers", "more"),
    [
        ({"values": [{"id": 1}]}, {}, False),
        ({"values": [{"id": 1}], "nextPageToken": None}, {}, False),
        ({"values": [{"id": 1}], "nextPageToken": "abc"}, {}, True),
        ({"values": [], "nextPageToken": "abc"}, {}, True),
        ({"values": [{"id": 1}]}, {"Pardot-Warning": "203;Record count exceeded."}, True),
        ({"values": [{"id": 1}]}, {"Pardot-Warning": "202;Record(s) redacted"}, False),
    ],
)
def test_a_token_or_the_warning_203_says_that_rows_follow(v5, body, headers, more):
    page = rows(v5, body, **headers)

    assert page.has_more is more
    assert page.is_cut is ("202" in headers.get("Pardot-Warning", ""))


@pytest.mark.parametrize("ids", [[3, 2], [2, 2], [17], [18, 17]])
def test_a_page_out_of_order_or_not_after_the_cursor_is_asked_for_again(v5, ids):
    with pytest.raises(Retriable):
        rows(v5, {"values": [{"id": each} for each in ids]}, cursor=17)


@pytest.mark.parametrize("body", [{}, {"values": None}, {"values": [1]}, [], "x", b"<html>"])
def test_an_answer_of_another_shape_is_asked_for_again(v5, body):
    with pytest.raises(Retriable):
        rows(v5, body)


@pytest.mark.parametrize("status", [200, 400, 403, 405, 429])
def test_the_code_in_the_body_counts_whatever_the_status(v5, status):
    with pytest.raises(PardotError) as raised:
        v5.open(response({"code": 66, "message": "concurrent request limit"}, status))

    assert raised.value.code == 66


def test_a_refusal_names_the_field(v5):
    message = "Invalid parameter: fields. It contains an invalid or unknown field: salesforceCmsId."
    with pytest.raises(PardotError) as raised:
        v5.open(response({"code": 51, "message": message}, 400))

    assert "salesforceCmsId" in raised.value.message_words


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("It contains an invalid or unknown field: name.", {"name"}),
        ("It contains an invalid or unknown field: name, x__c", {"name", "x__c"}),
        ("The field salesforceId is unknown", {"salesforceId"}),
        ("Invalid parameter: Parameter updatedAtBefore is invalid.", {"updatedAtBefore"}),
        ("Invalid parameter: Parameter orderBy is invalid. Unknown field name", {"orderBy"}),
    ],
)
def test_names_are_found_in_a_message(v5, message, names):
    with pytest.raises(PardotError) as raised:
        v5.open(response({"code": 51, "message": message}, 400))

    assert raised.value.message_words >= names


@pytest.mark.parametrize("message", ["Invalid fields for request type", "The type is wrong", 7])
def test_a_word_of_the_sentence_is_no_name_of_a_field(v5, message):
    with pytest.raises(PardotError) as raised:
        v5.open(response({"code": 224, "message": message}, 400))

    assert not {"type", "fields", "request"} & raised.value.message_words


def test_a_request_that_names_too_many_fields_is_not_built(v5):
    fields = [f"field_with_a_long_name_{number}__c" for number in range(190)]

    with pytest.raises(AddressTooLong):
        v5.query(LISTS, Filters(fields=fields), limit=1000)
    assert v5.newest(LISTS, Filters(fields=fields)).params["fields"] == "id"


def test_an_address_that_a_server_refuses_as_too_long_may_be_split(v5):
    with pytest.raises(AddressTooLong):
        v5.open(response(b"<html>", 414))


@pytest.mark.parametrize("body", [{"code": 49, "message": "Access Denied"}, b"<html>", {}])
def test_401_may_mean_a_dead_token(v5, body):
    with pytest.raises(PardotError) as raised:
        v5.open(response(body, 401))

    assert raised.value.code == 49
    assert raised.value.may_be_token


@pytest.mark.parametrize(("code", "status"), [(49, 403), (49, 405), (46, 401), (184, 401)])
def test_other_refusals_mean_what_their_code_says(v5, code, status):
    with pytest.raises(PardotError) as raised:
        v5.open(response({"code": code, "message": "no"}, status))

    assert raised.value.code == code
    assert not raised.value.may_be_token


def test_a_gateway_that_ran_out_of_time_leads_to_smaller_requests(v5):
    with pytest.raises(Retriable) as raised:
        v5.open(response(b"<html>", 504))

    assert raised.value.timed_out


def test_another_refusal_without_a_code_fails_the_stream(v5):
    with pytest.raises(StreamFailed):
        v5.open(response(b"not here", 410))


@pytest.mark.parametrize("body", [{"id": 3, "company": "x"}, {"values": [{"id": 3}]}])
def test_the_account_comes_bare_or_in_values(v5, body):
    request = v5.record(Record("account"), ("id", "company"))

    assert request.parse(v5.open(response(body)), {})["id"] == 3
    assert request.params == {"fields": "id,company"}
