"""A request is tried again until it works, or until waiting is no use any more."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import islice

import pytest

from tap_pardot.api.retry import retry_after, waits, with_retries
from tap_pardot.errors import Outage, Retriable, StreamFailed


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        ("1.5", 1.5),
        ("-3", 0),
        ("300", 300),
        ("301", 300),
        ("1e400", 300),
        ("inf", 300),
        ("nan", None),
        ("", None),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 300),
        ("Wed, 99 Oct 2099 99:99:99 GMT", None),
        ("Wed, 21 Oct 99999999999999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2099 07:28:00 +99999999999999", None),
    ],
)
def test_retry_after_is_read_in_every_form_and_bounded(text, seconds):
    assert retry_after({"Retry-After": text}) == seconds


def test_retry_after_may_be_a_date_and_may_be_missing():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)

    assert 97 < retry_after({"Retry-After": soon}) <= 100
    assert retry_after({}) is None


def test_waits_double_with_jitter_up_to_twenty_seconds():
    for _ in range(30):
        seconds = list(islice(waits(), 40))

        for step, wait in enumerate(seconds):
            most = min(2**step, 20)
            assert most / 2 <= wait <= most
        assert seconds[0] <= 2
        assert len(set(seconds)) == len(seconds)


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only by sleeping."""

    class Clock:
        now = 1000.0
        slept: list[float] = []  # noqa: RUF012

        def sleep(self, seconds):
            self.slept.append(seconds)
            self.now += seconds

    clock = Clock()
    clock.slept = []
    monkeypatch.setattr(time, "sleep", clock.sleep)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


def test_a_request_that_works_is_made_once(clock):
    assert with_retries(lambda: "good", "lists") == "good"
    assert clock.slept == []


def test_a_request_is_repeated_until_it_works(clock):
    answers = iter([Retriable("a"), Retriable("b"), "good"])

    def send():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert with_retries(send, "lists") == "good"
    assert len(clock.slept) == 2


def test_an_outage_is_called_after_ten_minutes_and_not_before(clock):
    tries = []

    def send():
        tries.append(clock.now)
        raise Retriable("Pardot answered HTTP 503.", 84)

    with pytest.raises(Outage) as caught:
        with_retries(send, "lists")

    assert len(tries) >= 6
    assert 600 <= tries[-1] - tries[0] <= 620
    assert max(clock.slept) <= 20
    assert (caught.value.message, caught.value.code) == ("Pardot answered HTTP 503.", 84)


def test_a_wait_is_at_least_what_the_server_asked_for(clock):
    answers = iter([Retriable("x", wait=250), Retriable("x", wait=0), "good"])

    def send():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert with_retries(send, "lists") == "good"
    assert clock.slept[0] == 250
    assert clock.slept[1] >= 1


def test_slow_failures_still_get_six_tries(clock):
    tries = []

    def send():
        tries.append(clock.now)
        clock.now += 2400  # an answer that hangs to the end
        raise Retriable("Pardot did not answer in time.")

    with pytest.raises(Outage):
        with_retries(send, "lists")
    assert len(tries) == 6


def test_what_is_not_retriable_is_not_retried(clock):
    tries = []

    def send():
        tries.append(1)
        raise StreamFailed("No.")

    with pytest.raises(StreamFailed):
        with_retries(send, "lists")
    assert (len(tries), clock.slept) == (1, [])


@pytest.mark.usefixtures("clock")
def test_each_wait_is_logged_with_its_reason(caplog):
    answers = iter([Retriable("Pardot allows 5.", 66), "good"])

    def send():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with caplog.at_level("INFO", logger="tap-pardot"):
        with_retries(send, "lists")

    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("lists: Pardot allows 5. (Pardot code 66) Trying again in ")
