"""Calls that go wrong on purpose, and rows that change between two pages."""

import time

import pytest
import requests

TIMEOUT = 9


def url(pardot):
    return f"{pardot.emulator.url}/api/list/version/4/do/query?format=json"


def get(pardot, timeout=TIMEOUT):
    # A fresh connection each time: a broken one must not decide the next call.
    return requests.get(url(pardot), headers=pardot.headers, timeout=timeout)


def test_a_code_comes_on_the_nth_call_only_with_headers_and_status(pardot):
    pardot.emulator.fault(object="list", op="query", nth=2, code=66, headers={"Retry-After": "7"})
    answers = [get(pardot) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[1].json()["@attributes"]["err_code"] == 66
    assert [call["code"] for call in pardot.emulator.calls] == [None, 66, None]


@pytest.mark.parametrize(("times", "bad"), [(1, 1), (2, 2), (None, 4)])
def test_a_fault_fires_as_many_times_as_given(pardot, times, bad):
    pardot.emulator.fault(code=183, times=times, status=503)
    statuses = [get(pardot).status_code for _ in range(4)]
    assert statuses == [503] * bad + [200] * (4 - bad)
    assert pardot.emulator.faults[0]["fired"] == bad


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({"object": "list"}, True),
        ({"object": "tag"}, False),
        ({"op": "query"}, True),
        ({"op": "read"}, False),
        ({"path": "/version/4/"}, True),
        ({"path": "/version/3/"}, False),
        ({"params": {"format": "json"}}, True),
        ({"params": {"limit": 5}}, False),
        ({"op": "token"}, False),
    ],
)
def test_a_fault_fires_only_on_calls_that_match(pardot, match, hit):
    pardot.emulator.fault(**match, code=183)
    assert (get(pardot).status_code == 500) is hit


def test_a_fault_answers_with_an_html_page_as_a_proxy_does(pardot):
    pardot.emulator.fault(html=True)
    answer = get(pardot)
    assert answer.status_code == 502
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(("body", "got"), [(b"garbage", b"garbage"), ("", b"")])
def test_a_body_may_be_garbage_or_empty(pardot, body, got):
    pardot.emulator.fault(body=body)
    answer = get(pardot)
    assert (answer.status_code, answer.content) == (200, got)


def test_a_bare_status_has_an_empty_body(pardot):
    pardot.emulator.fault(status=503)
    assert (get(pardot).status_code, pardot.emulator.calls[-1]["status"]) == (503, 503)


def test_a_reset_is_a_broken_connection(pardot):
    pardot.emulator.fault(reset=True)
    with pytest.raises(requests.ConnectionError, match=r"(?i)reset"):
        get(pardot)
    assert get(pardot).status_code == 200
    assert [call["status"] for call in pardot.emulator.calls] == [None, 200]


def test_a_truncated_body_is_announced_with_its_whole_length(pardot):
    pardot.emulator.add("list", [{"id": n} for n in range(100)])
    whole = len(get(pardot).content)
    pardot.emulator.fault(truncate=50)
    with pytest.raises(requests.exceptions.ChunkedEncodingError) as broken:
        get(pardot)
    assert f"50 bytes read, {whole - 50} more expected" in str(broken.value)


def test_a_hang_lasts_until_the_client_leaves_and_then_frees_its_slot(pardot):
    pardot.emulator.fault(hang=30)
    with pytest.raises(requests.ReadTimeout):
        get(pardot, timeout=0.2)
    until = time.monotonic() + 2
    while pardot.emulator.in_flight and time.monotonic() < until:
        time.sleep(0.02)
    assert pardot.emulator.in_flight == 0
    assert pardot.emulator.calls[0]["path"].endswith("/do/query")


def test_a_hang_that_the_client_waits_for_ends_without_an_answer(pardot):
    pardot.emulator.fault(hang=0.1)
    with pytest.raises(requests.ConnectionError):
        get(pardot)


def test_latency_only_delays(pardot):
    pardot.emulator.fault(latency=0.2)
    assert get(pardot).status_code == 200
    assert pardot.emulator.calls[0]["seconds"] >= 0.2


def test_a_redirect_has_the_given_location(pardot):
    pardot.emulator.fault(redirect="https://example.com/", status=307)
    answer = pardot.call("list/query")
    assert (answer.status_code, answer.headers["Location"]) == (307, "https://example.com/")


def test_rows_change_just_before_the_matching_call_is_answered(pardot):
    pardot.emulator.add("list", [{"id": n, "name": f"n{n}"} for n in range(1, 4)])
    pardot.emulator.fault(
        nth=2,
        change={
            "upsert": {"list": [{"id": 9, "name": "new"}]},
            "update": {"list": {"ids": [1], "fields": {"name": "changed"}}},
            "delete": {"list": [2]},
        },
    )
    assert pardot.ids("list") == [1, 2, 3]
    assert [(row["id"], row["name"]) for row in pardot.rows("list")] == [
        (1, "changed"),
        (3, "n3"),
        (9, "new"),
    ]


def test_a_fault_expires_tokens_between_two_calls(pardot):
    pardot.emulator.fault(nth=2, change={"expire_tokens": True})
    assert [get(pardot).status_code for _ in range(2)] == [200, 401]


def test_a_fault_hits_the_login_only_when_it_names_it(pardot):
    pardot.emulator.fault(code=183)
    assert pardot.login().status_code == 200
    pardot.emulator.fault(op="token", status=503)
    assert [pardot.login().status_code for _ in range(2)] == [503, 200]
    pardot.emulator.fault(op="token", html=True)
    assert pardot.login().status_code == 502
    assert [login["status"] for login in pardot.emulator.logins] == [200, 503, 200, 502]


@pytest.mark.parametrize("options", [{"object": "list"}, {"colour": "red"}, {}])
def test_a_fault_that_does_nothing_or_does_not_exist_is_refused(pardot, options):
    with pytest.raises(ValueError, match=r"(?i)fault"):
        pardot.emulator.fault(**options)


@pytest.mark.parametrize(
    "change",
    [
        {"upsert": {"nothing": [{"id": 1}]}},
        {"upsert": {"list": [{"id": 1, "colour": "red"}]}},
        {"update": {"list": {"ids": [1], "fields": {"updated_at": "soon"}}}},
        {"delete": {"nothing": [1]}},
    ],
)
def test_a_change_that_cannot_be_made_is_refused_at_once(pardot, change):
    with pytest.raises((KeyError, ValueError)):
        pardot.emulator.fault(change=change)


def test_cleared_faults_no_longer_fire(pardot):
    pardot.emulator.fault(code=183, times=None)
    pardot.emulator.clear_faults()
    assert get(pardot).status_code == 200
