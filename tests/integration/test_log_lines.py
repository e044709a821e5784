"""What a machine reads of a run: levels, metrics and structured fields."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from tests.helpers.catalog import select
from tests.helpers.tap import Finished  # noqa: TC001 - fixtures' type
from tests.helpers.zone import CHECKED

pytestmark = pytest.mark.usefixtures("queries_only")

METRIC = re.compile(r"METRIC: (\{.*\"record_count\".*\})$", re.MULTILINE)
LEVEL = re.compile(r"\| (\w+) +\| tap-pardot +\| (\w+): [\d,]+ rows?, [\d,]+ calls?, (\w+): ")
JSON_LOG = """
version: 1
disable_existing_loggers: false
formatters:
  structured: {(): singer_sdk.logging.StructuredFormatter}
handlers:
  only: {class: logging.StreamHandler, formatter: structured, stream: ext://sys.stderr}
root: {level: INFO, handlers: [only]}
"""
THEN = "2024-05-03T10:00:00Z"
THROUGH_OTHERS = ("opportunity_prospects", "visits", "visitor_page_views")


def counted(run: Finished) -> Counter[str]:
    """Return the sum of the metric record_count by stream."""
    found: Counter[str] = Counter()
    for text in METRIC.findall(run.stderr):
        point = json.loads(text)
        found[point["tags"]["stream"]] += point["value"]
    return found


@pytest.fixture
def account(emulator):
    """Give an account with opportunities, visitors and their visits."""
    emulator.set(clock="2024-06-01T12:00:00Z")
    emulator.add("prospect", [{"id": number} for number in range(1, 5)])
    emulator.add(
        "opportunity",
        [{"id": n, "updated_at": THEN, "prospects": [{"id": n}, {"id": n + 1}]} for n in (1, 2, 3)],
    )
    emulator.add("visitor", [{"id": n, "created_at": THEN, "updated_at": THEN} for n in (1, 2)])
    pages = [{"id": n, "url": "https://a.example", "created_at": THEN} for n in (7, 8)]
    emulator.add(
        "visit",
        [{"id": n, "visitor_id": n, "created_at": THEN, "visitor_page_views": pages} for n in (1,)],
    )
    return emulator


def settings(emulator):
    return {**emulator.config, "start_date": "2024-05-01", "bulk_source": "query"}


@pytest.mark.parametrize("maps", [{}, {"opportunity_prospects": {"who": "prospect_id"}}])
def test_record_count_is_the_number_of_records_of_each_stream(account, tap, maps):
    names = ("opportunities", "visitors", "tags", *THROUGH_OTHERS)

    run = tap.run(settings(account) | {"stream_maps": maps}, catalog=select(*names))

    assert run.exit_code == 0, run.stderr
    assert counted(run) == {name: len(run.records.get(name, [])) for name in names}
    assert len(run.records["opportunity_prospects"]) == 6
    assert len(run.records["visitor_page_views"]) == 2


def test_a_stream_that_was_not_reached_has_a_record_count_of_zero(account, tap):
    account.add("tag", [{"id": 1}])
    account.fault(object="tag", code=122, times=None)
    names = ("opportunities", "opportunity_prospects", "tags")

    run = tap.run(settings(account), catalog=select(*names))

    assert run.exit_code == 2, run.stderr
    assert counted(run)["opportunity_prospects"] == len(run.records["opportunity_prospects"]) == 6


def test_streams_that_are_read_through_others_are_not_announced_as_full_table(account, tap):
    names = ("opportunities", "visitors", *THROUGH_OTHERS)

    run = tap.run(settings(account), catalog=select(*names))

    begun = re.findall(r"Beginning sync of '(\w+)' (.*)", run.stderr)
    assert dict(begun) == {
        "opportunities": "in full_table mode",
        "visitors": "in incremental mode",
        "opportunity_prospects": "through opportunities",
        "visits": "through visitors",
        "visitor_page_views": "through visitors",
    }


def test_the_level_of_a_streams_line_follows_how_it_ended(emulator, tap):
    emulator.set(forbidden={"form": 46})
    emulator.fault(object="list", code=777, times=None)
    emulator.fault(object="user", code=122, times=None)
    names = ("forms", "lists", "tags", "users")

    run = tap.run(emulator.config, catalog=select(*names))

    assert run.exit_code == 2
    assert LEVEL.findall(run.stderr) == [
        ("WARNING", "forms", "skipped"),
        ("ERROR", "lists", "failed"),
        ("INFO", "tags", "done"),
        ("ERROR", "users", "stopped"),
    ]


@pytest.mark.parametrize("fault", [{"code": 66}, {"status": 503}, {"code": 183}])
def test_that_a_call_is_tried_again_is_a_warning(emulator, tap, fault):
    emulator.fault(object="list", **fault)

    run = tap.run(emulator.config, catalog=select("lists"))

    assert run.exit_code == 0, run.stderr
    (line,) = [line for line in run.stderr.splitlines() if "Trying again in" in line]
    assert "| WARNING" in line


@pytest.mark.parametrize(
    ("changes", "switch", "code"),
    [
        ({"refresh_token": "revoked"}, {}, 1),
        ({}, {"daily_limit": 0}, 2),
        ({"timezone": None}, {"user_timezone": False}, 1),
    ],
    ids=["login", "no call left", "no zone"],
)
def test_that_nothing_was_read_is_one_line(emulator, tap, changes, switch, code):
    emulator.set(**switch)
    config = {k: v for k, v in {**emulator.config, **changes}.items() if v is not None}

    run = tap.run(config, catalog=select("lists", "tags", "forms"))

    assert run.exit_code == code, run.stderr
    *_, line, _last = run.stderr.splitlines()
    assert line.endswith("| None of the 3 streams was read.")
    assert "| ERROR" in line
    assert "not read in this run" not in run.stderr


def test_a_structured_log_has_the_figures_as_fields(emulator, tap, tmp_path):
    emulator.set(clock="2024-06-01T12:00:00Z", forbidden={"form": 46})
    emulator.add("list", [{"id": 1}, {"id": 2}])
    emulator.add("emailClick", [{"id": 9}])
    path = tmp_path / "logging.yml"
    path.write_text(JSON_LOG)
    names = ("campaigns", "email_clicks", "forms", "lists")

    run = tap.run(
        emulator.config,
        state=CHECKED,
        catalog=select(*names),
        env={"SINGER_SDK_LOG_CONFIG": str(path)},
    )

    assert run.exit_code == 0, run.stderr
    lines = [json.loads(line) for line in run.stderr.splitlines() if line.startswith("{")]
    *lines, last = [line for line in lines if "rows" in line.get("extra", {})]
    end = "2024-06-01T11:59:00+00:00"
    assert [line["extra"] for line in lines] == [
        {"stream": "campaigns", "rows": 0, "calls": 1, "reached": None, "status": "done"},
        {"stream": "email_clicks", "rows": 1, "calls": 1, "reached": end, "status": "done"},
        {"stream": "forms", "rows": 0, "calls": 1, "reached": None, "status": "skipped"},
        {"stream": "lists", "rows": 2, "calls": 1, "reached": end, "status": "done"},
    ]
    assert last["extra"] == {
        "rows": 3,
        "calls": 5,
        "exit_code": 0,
        "done": 3,
        "failed": 0,
        "skipped": 1,
        "stopped": 0,
    }
