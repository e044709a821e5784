"""What the API refuses before it looks at data: paths, headers, versions, rights, limits."""

import threading
import time
from email.utils import parsedate_to_datetime

import pytest
import requests

BUSINESS_UNIT = "Pardot-Business-Unit-Id"


def error(answer):
    return answer.status_code, answer.json()["@attributes"]["err_code"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"Authorization": None}, (403, 49)),
        ({"Authorization": "Bearer nonsense"}, (401, 184)),
        ({"Authorization": "Pardot api_key=a, user_key=b"}, (401, 199)),
        ({"Authorization": "Basic YTpi"}, (401, 126)),
        ({BUSINESS_UNIT: None}, (400, 181)),
        ({BUSINESS_UNIT: "0UvTOOSHORT"}, (400, 182)),
        ({BUSINESS_UNIT: "00DEMULATOR00000001"}, (400, 182)),
        ({BUSINESS_UNIT: "0UvANOTHER00000001"}, (400, 201)),
    ],
)
def test_a_bad_header_has_its_own_code(pardot, change, expected):
    headers = {**pardot.headers, **change}
    sent = {key: value for key, value in headers.items() if value is not None}
    assert error(pardot.call("list/query", headers=sent)) == expected
    assert pardot.emulator.calls[-1]["headers_ok"] is False


def test_the_message_of_an_invalid_token_has_a_suffix(pardot):
    pardot.emulator.expire_tokens()
    body = pardot.call("list/query").json()
    assert body == {
        "@attributes": {"stat": "fail", "version": 1, "err_code": 184},
        "err": "access_token is invalid, unknown, or malformed: Inactive token",
    }


@pytest.mark.parametrize("name", ["api_key", "user_key", "access_token", "password"])
def test_credentials_in_the_query_are_refused_and_never_logged(pardot, name):
    assert error(pardot.call("list/query", **{name: "hush"})) == (403, 49)
    assert "hush" not in str(pardot.emulator.calls)


def test_the_old_login_is_refused(pardot):
    url = f"{pardot.emulator.url}/api/login/version/4"
    answer = requests.post(
        url, data={"email": "a", "password": "hush", "format": "json"}, timeout=9
    )
    assert error(answer) == (401, 199)
    assert "hush" not in str(pardot.emulator.calls)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("emailClicks/query", (404, 198)),
        ("lists/query", (404, 198)),
        ("List/query", (404, 198)),
        ("externalActivity/query", (404, 198)),
        ("prospectAccountField/query", (404, 198)),
        ("list/query/", (404, 198)),
        ("list/query/id/5", (404, 198)),
        ("list/read/id", (404, 198)),
        ("user/read/name/x", (404, 198)),
        ("lifecycleStage/read/id/1", (400, 2)),
        ("list/describe", (400, 2)),
        ("account/query", (400, 2)),
        ("list/read", (400, 13)),
        ("email/send", (400, 60)),
    ],
)
def test_a_path_that_does_not_exist_is_refused_and_marked_in_the_log(pardot, path, expected):
    assert error(pardot.call(path)) == expected
    assert bool(pardot.emulator.unknown_calls) is (expected[1] in {2, 198})


@pytest.mark.parametrize("path", ["/", "/api", "//api/list/version/4/do/query", "/favicon.ico"])
def test_a_path_outside_the_grammar_is_in_the_log_too(pardot, path):
    assert error(requests.get(f"{pardot.emulator.url}{path}?format=json", timeout=9)) == (404, 198)
    assert [call["path"] for call in pardot.emulator.unknown_calls] == [path]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_reads_take_get_and_post_only(pardot, method):
    assert error(pardot.call("list/query", method)) == (400, 60)


def test_a_body_other_than_a_form_is_refused(pardot):
    headers = {**pardot.headers, "Content-Type": "application/json"}
    assert error(pardot.call("list/query", "POST", headers=headers, data="{}")) == (400, 151)


@pytest.mark.parametrize(
    ("account", "called", "expected"),
    [(4, 3, (400, 88)), (3, 4, (400, 89)), (4, 5, (404, 198)), (4, "x", (400, 94))],
)
def test_the_account_has_one_api_version(make, account, called, expected):
    pardot = make(api_version=account)
    assert error(pardot.call("list/query", version=called)) == expected
    assert pardot.call("list/query", version=account).status_code == 200


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("campaign/read/id/9", 38),
        ("list/read/id/9", 55),
        ("opportunity/read/id/9", 35),
        ("user/read/id/9", 10),
        ("user/read/email/no@example.com", 11),
        ("tag/read/id/9", 109),
        ("customField/read/id/9", 109),
        ("email/read/id/9", 109),
    ],
)
def test_an_unknown_record_has_the_code_of_its_object(pardot, path, code):
    assert error(pardot.call(path)) == (404, code)
    pardot.emulator.set(not_found_status=400)
    assert error(pardot.call(path)) == (400, code)


def test_an_id_that_is_no_number_is_refused(pardot):
    assert error(pardot.call("list/read/id/x")) == (400, 16)


def test_rights_may_be_missing_for_one_object(make):
    pardot = make(forbidden={"user"})
    assert error(pardot.call("user/query")) == (403, 46)
    assert pardot.query("tag") == {"total_results": 0}
    pardot.emulator.set(forbidden={"tag": 49})
    assert error(pardot.call("tag/query")) == (403, 49)


def test_errors_may_come_with_status_200(make):
    pardot = make(legacy_status=True)
    assert error(pardot.call("list/read/id/9")) == (200, 55)
    assert error(pardot.call("list/query", headers={})) == (200, 49)


def at_once(pardot, number):
    """Send calls at the same time; return the sorted (status, code or None)."""
    answers = []

    def send():
        answer = requests.get(
            f"{pardot.emulator.url}/api/tag/version/4/do/query?format=json",
            headers=pardot.headers,
            timeout=9,
        )
        answers.append((answer.status_code, answer.json()["@attributes"].get("err_code")))

    threads = [threading.Thread(target=send) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers, key=str)


def test_the_sixth_call_at_once_is_refused_and_slots_come_back(make):
    # Long enough for all threads to have begun on a busy machine.
    pardot = make(latency=1.0)
    assert at_once(pardot, 5) == [(200, None)] * 5
    assert at_once(pardot, 7) == [(200, None)] * 5 + [(429, 66)] * 2
    assert max(call["in_flight"] for call in pardot.emulator.calls) > 5
    pardot.emulator.set(throttle_status=200)
    assert at_once(pardot, 6) == [(200, 66)] + [(200, None)] * 5


def test_the_daily_limit_starts_again_at_the_accounts_midnight(make):
    pardot = make(
        daily_limit=2,
        timezone="UTC",
        account_timezone="America/New_York",
        clock="2024-05-15T03:59:00Z",
    )
    calls = [pardot.call("tag/query").status_code for _ in range(3)]
    assert calls == [200, 200, 429]
    assert pardot.code("tag/query") == 122
    pardot.emulator.set(clock="2024-05-15T04:00:00Z")
    assert [pardot.call("tag/query").status_code for _ in range(3)] == [200, 200, 429]


def test_logins_do_not_count_against_the_daily_limit(make):
    pardot = make(daily_limit=1)
    assert [pardot.login().status_code for _ in range(3)] == [200] * 3
    assert pardot.call("tag/query").status_code == 200


def test_every_answer_has_the_emulators_time(make):
    pardot = make(clock=-86_400)
    for answer in (pardot.call("tag/query"), pardot.call("nope/query"), pardot.login()):
        date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
        assert abs(time.time() - 86_400 - date) < 5
    pardot.emulator.set(clock="2024-05-15T04:00:00Z")
    assert pardot.call("tag/query").headers["Date"] == "Wed, 15 May 2024 04:00:00 GMT"
