"""Refusals of version 5: codes, HTTP status, rights, versions that are gone (A.1, A.7)."""

from __future__ import annotations

import threading

import pytest

from tests.emulator.v5 import V5

BUSINESS_UNIT = "Pardot-Business-Unit-Id"


@pytest.fixture
def start(make):
    return lambda **options: V5(make(**options))


def test_an_error_is_a_code_and_a_message_and_nothing_else(start):
    answer = start().get("objects/tags/5", fields="id")

    assert answer.status_code == 404
    assert answer.json() == {"code": 109, "message": "The requested record was not found."}
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("authorization", ["", "Bearer nonsense"])
def test_a_missing_or_wrong_token_is_401(start, authorization):
    answer = start().get("objects/tags", fields="id", headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert answer.json() == {"code": 49, "message": "Access Denied"}


def test_an_expired_token_is_401_with_a_code_by_switch(start):
    v5 = start(v5_unauthorized=184)
    v5.emulator.expire_tokens()

    answer = v5.get("objects/tags", fields="id")

    assert (answer.status_code, answer.json()["code"]) == (401, 184)


def test_the_business_unit_is_checked(start):
    v5 = start()
    del v5.client.headers[BUSINESS_UNIT]
    assert v5.get("objects/tags", fields="id").status_code == 400
    assert v5.code("objects/tags", fields="id") == 181
    for unit, code in (("nonsense", 182), ("0Uv000000000000AAA", 201)):
        assert v5.code("objects/tags", fields="id", headers={BUSINESS_UNIT: unit}) == code


@pytest.mark.parametrize(
    "path",
    [
        "objects/nonsense",
        "objects/list-email-stats",
        "objects/tags/5/stats",
        "objects/account/1",
        "bulk-actions/1/nonsense",
        "objects/bulk-actions",
        "tags",
    ],
)
def test_a_path_that_is_none_is_198(start, path):
    v5 = start()

    answer = v5.get(path, fields="id")

    assert (answer.status_code, answer.json()["code"]) == (404, 198)
    assert [call["path"] for call in v5.emulator.unknown_calls] == [f"/api/v5/{path}"]


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_only_reading_is_served(start, method):
    answer = start().get("objects/tags/5", method=method, fields="id")

    assert (answer.status_code, answer.json()["code"]) == (405, 60)


def test_a_deleted_record_is_404_with_a_warning(start):
    v5 = start()
    v5.emulator.add("list", [{"id": 1, "deleted": True}])

    answer = v5.get("objects/lists/1", fields="id")

    assert (answer.status_code, answer.json()["code"]) == (404, 109)
    assert answer.headers["Pardot-Warning"] == "201;Record In Recycle Bin"


def test_a_read_takes_fields_only_and_an_id_that_is_one(start):
    v5 = start()
    v5.emulator.add("list", [{"id": 1}])

    assert v5.code("objects/lists/1", fields="id", limit=5) == 51
    assert v5.code("objects/lists/one", fields="id") == 16


@pytest.mark.parametrize("status", [405, 403, 401])
@pytest.mark.parametrize("code", [46, 49])
def test_missing_rights_are_refused_with_a_status_by_switch(start, code, status):
    v5 = start(forbidden={"visitorActivity": code}, v5_forbidden_status=status)

    answer = v5.get("objects/visitor-activities", fields="id")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert v5.client.code("visitorActivity/query") == code
    assert v5.code("objects/visits", fields="id") is None


def test_a_right_can_be_missing_in_version_5_only(start):
    v5 = start(forbidden=["v5/lists", "v5/account", "v5/list-emails/stats"])
    v5.emulator.add("listEmail", [{"id": 1}])

    assert v5.code("objects/lists", fields="id") == 46
    assert v5.code("objects/account", fields="id") == 46
    assert v5.client.ids("list") == []
    assert v5.code("objects/list-emails/1/stats") == 46
    assert v5.code("objects/list-emails/1", fields="id") is None


def test_all_versions_share_the_calls_of_a_day(start):
    v5 = start(daily_limit=2)
    v5.rows("tags")
    v5.client.ids("tag")

    answer = v5.get("objects/tags", fields="id")

    assert (answer.status_code, answer.json()) == (
        429,
        {"code": 122, "message": "Daily API rate limit met"},
    )
    assert v5.client.code("tag/query") == 122


@pytest.mark.parametrize("status", [429, 200, 400, 403])
def test_all_versions_share_the_concurrent_calls(start, status):
    v5 = start(max_concurrent=1, throttle_status=status)
    v5.emulator.fault(object="list", latency=1)
    other = threading.Thread(target=lambda: v5.client.call("list/query"))
    other.start()
    while not v5.emulator.in_flight:
        pass

    answer = v5.get("objects/tags", fields="id")
    other.join()

    assert (answer.status_code, answer.json()["code"]) == (status, 66)


@pytest.mark.parametrize(("gone", "lost"), [([3, 4], "tag/query"), ([5], "objects/tags")])
@pytest.mark.parametrize("kind", [198, 404])
def test_versions_can_be_gone(start, gone, lost, kind):
    v5 = start(versions_gone=gone, gone_answer=kind)
    answers = {
        "tag/query": v5.client.call("tag/query"),
        "objects/tags": v5.get("objects/tags", fields="id"),
    }

    answer = answers.pop(lost)

    assert answer.status_code == 404
    is_json = answer.headers["Content-Type"] == "application/json"
    assert is_json == (kind == 198)
    assert "198" in answer.text or kind == 404
    assert [one.status_code for one in answers.values()] == [200]


def test_version_3_or_4_of_the_account_does_not_matter(start):
    assert start(api_version=3).code("objects/tags", fields="id") is None


def test_a_fault_is_answered_in_the_form_of_the_version(start):
    v5 = start()
    v5.emulator.fault(object="tag", op="query", code=66, times=2)

    assert v5.get("objects/tags", fields="id").json() == {
        "code": 66,
        "message": "You have exceeded your concurrent request limit. "
        "Please wait, before trying again",
    }
    assert v5.client.code("tag/query") == 66


def test_a_fault_can_name_a_version(start):
    v5 = start()
    v5.emulator.fault(object="tag", version=5, code=183, times=None)

    assert v5.client.ids("tag") == []
    assert v5.get("objects/tags", fields="id").status_code == 500


@pytest.mark.parametrize(("status", "title"), [(504, "504 Gateway Timeout"), (599, "599 Error")])
def test_a_gateway_that_gives_up_answers_with_html(start, status, title):
    v5 = start()
    v5.emulator.fault(object="visitorActivity", html=True, status=status)

    answer = v5.get("objects/visitor-activities", fields="id,details")

    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert title in answer.text


def test_a_url_that_is_too_long_is_414(start):
    v5 = start(max_url=500)

    assert v5.code("objects/tags", fields="id", idList="1," * 100 + "1") is None
    answer = v5.get("objects/tags", fields="id", idList="1," * 300 + "1")

    assert answer.status_code == 414
    assert "414" in answer.text


def test_calls_are_logged_with_their_version(start):
    v5 = start()
    v5.emulator.add("list", [{"id": 7}])
    v5.rows("lists", limit=5, deleted="all")
    v5.body("objects/lists/7", fields="id")
    v5.client.ids("list")
    v5.code("objects/list-emails/3/stats")

    keys = ("version", "object", "op", "id", "rows", "code", "status")
    assert [tuple(call[key] for key in keys) for call in v5.emulator.calls] == [
        (5, "list", "query", None, 1, None, 200),
        (5, "list", "read", 7, 1, None, 200),
        (4, "list", "query", None, 1, None, 200),
        (5, "listEmail", "stats", 3, None, 109, 404),
    ]
    assert v5.emulator.calls[0]["params"] == {"fields": "id", "limit": "5", "deleted": "all"}


@pytest.mark.parametrize(
    ("switch", "text"),
    [("used/maximum", "3/50"), ("used", "3"), ("words", "3 of 50 calls used")],
)
def test_the_calls_of_the_day_are_in_a_header_when_asked_for(start, switch, text):
    v5 = start(daily_limit=50, v5_usage=switch)
    v5.client.ids("tag")

    plain = v5.get("objects/tags", fields="id")
    asked = v5.get("objects/tags", fields="id", headers={"X-Return-Api-Usage": "1"})

    assert "x-api-usage" not in plain.headers
    assert asked.headers["x-api-usage"] == text
