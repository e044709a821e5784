"""Other tools share the API calls: they are counted and logged, few at once, within a limit."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter

import pytest

from tap_pardot.api.dialect import Filters, Query
from tap_pardot.api.retry import ThrottlePause
from tap_pardot.config.validation import normalized, with_defaults
from tap_pardot.sync.account import daily_calls
from tap_pardot.sync.context import build_client
from tests.helpers.catalog import select
from tests.helpers.exports import QUICK

pytestmark = pytest.mark.usefixtures("queries_only")

METRIC = re.compile(r"METRIC: (\{.*?\"http_request_count\".*?\}\})")
LINE = re.compile(r"(\w+): [\d,]+ rows?, ([\d,]+) calls?, ")


@pytest.mark.parametrize(
    ("level", "number"),
    [
        ("Growth", 25_000),
        ("Account Engagement Plus", 50_000),
        ("pardot advanced edition", 100_000),
        ("Standard of tomorrow", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_the_daily_limit_of_an_edition_is_known_or_not_logged(level, number):
    assert daily_calls(level) == number


def test_a_run_begins_with_the_limit_of_the_accounts_edition(emulator, tap):
    (account,) = emulator.rows("account")
    emulator.update("account", [account["id"]], level="Plus")

    run = tap.run(emulator.config, catalog=select("tags"))

    logged = run.stderr.index("50,000 API calls a day")
    assert logged < run.stderr.index("Beginning")


def test_the_table_the_metrics_and_pardots_own_count_agree(emulator, tap):
    emulator.add("list", [{"id": number} for number in range(1, 612)])
    emulator.add("emailClick", [{"id": number} for number in range(1, 202)])
    emulator.fault(object="tag", code=66, times=1)
    chosen = ("campaigns", "email_clicks", "lists", "tags")

    run = tap.run(emulator.config, catalog=select(*chosen))

    assert run.exit_code == 0, run.stderr
    counted = Counter(call["object"] for call in emulator.calls)
    metrics = [json.loads(text) for text in METRIC.findall(run.stderr)]
    by_stream = {each["tags"]["stream"]: each["value"] for each in metrics}
    assert len(by_stream) == len(metrics)
    assert by_stream == {
        "account": counted["account"] + counted["export"],  # a job that checks the time zone
        "campaigns": counted["campaign"],
        "email_clicks": counted["emailClick"],
        "lists": counted["list"],
        "tags": counted["tag"],
    }
    assert by_stream["account"] == 3
    assert by_stream["lists"] == 4
    assert by_stream["tags"] == 2
    table = {name: int(number.replace(",", "")) for name, number in LINE.findall(run.stderr)}
    assert table == {name: by_stream[name] for name in chosen}
    assert run.last_line.endswith(f" in {len(emulator.calls)} calls.")


def test_a_pause_holds_for_all_threads():
    quiet = ThrottlePause()
    quiet.extend(0.3)
    quiet.extend(0.1)  # does not shorten it
    passed: list[float] = []
    began = time.monotonic()

    def send():
        quiet.wait()
        passed.append(time.monotonic() - began)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert len(passed) == 4
    assert min(passed) >= 0.29


@pytest.mark.parametrize("most", [1, 3])
def test_never_more_calls_at_once_than_the_setting(emulator, tap, most):
    ids = range(1, 41)
    emulator.add("email", [{"id": number, "name": "x"} for number in ids])
    emulator.add("emailClick", [{"id": number, "list_email_id": number} for number in ids])
    emulator.set(latency=0.1)  # else calls may be over before the next ones begin
    config = {**emulator.config, **QUICK, "max_concurrent_requests": most}

    run = tap.run(config, catalog=select("email_stats"))

    assert run.exit_code == 0, run.stderr
    assert {record["list_email_id"] for record in run.records["email_stats"]} == {*ids}
    assert max(call["in_flight"] for call in emulator.calls) == most


def test_too_many_calls_at_once_hold_all_threads_back_and_not_one(emulator):
    settings = {**emulator.config, "max_concurrent_requests": 3}
    client, dialect = build_client(with_defaults(normalized(settings)), {}, "test")
    request = dialect.query(Query("list"), Filters(), limit=1)
    emulator.fault(object="list", nth=12, code=66, times=1)

    def ask():
        for _ in range(20):
            client.call("lists", request)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    times = [call["at"] for call in emulator.calls]
    assert len(times) == 61
    # Some calls are under way; one thread alone would let some forty of the others pass.
    quiet = max(range(1, 61), key=lambda place: times[place] - times[place - 1])
    assert times[quiet] - times[quiet - 1] > 0.3
    assert quiet < 30
