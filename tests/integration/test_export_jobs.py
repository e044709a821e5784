"""The life of an export job: lost ones are created anew once, none is asked after in vain."""

from __future__ import annotations

import http.server
import re
import threading
import time
from urllib.parse import urlsplit

import pytest
import requests

from tests.helpers.catalog import select
from tests.helpers.children import Runs
from tests.helpers.exports import OBJECTS, QUICK, fill, jobs_of, missing, ops, row

NOW = "2024-06-01T12:00:00+00:00"
MARCH = "2024-03-05T10:00:00+00:00"
SINCE = {**QUICK, "start_date": "2023-09-01"}
SINGLE = ("visitor_activities", "external_activities")
"""Streams with one job for a window."""


@pytest.fixture
def account(emulator):
    emulator.set(clock=NOW, export_seconds=0.01)
    fill(emulator, OBJECTS, [MARCH] * 5)
    return emulator


# --- lost jobs ---


def test_a_failed_job_is_created_anew_once(account, tap):
    account.set(export_fail=1)
    run = tap.run({**account.config, **SINCE}, catalog=select(*SINGLE))
    assert run.exit_code == 0, run.stderr
    assert missing(account, run, SINGLE) == {}
    assert len(account.exports) == 3
    assert "lost: it is failed" in run.stderr


def test_a_job_that_fails_twice_fails_its_stream_only(account, tap):
    """Pardot's advice: try once more, then ask support (reference D.5)."""
    account.fault(
        op="read",
        params={"object": "visitorActivity"},
        times=None,
        edit={"set": {"state": "Failed"}},
    )
    run = tap.run({**account.config, **SINCE}, catalog=select(*SINGLE))
    assert run.exit_code == 1
    assert sorted(run.ids("external_activities")) == [1, 2, 3, 4, 5]
    assert run.ids("visitor_activities") == []
    assert "lost twice" in run.line("visitor_activities")
    assert len(jobs_of(account, "visitor_activities")) == 2
    assert run.state["bookmarks"]["visitor_activities"]["jobs"] is None

    account.clear_faults()
    second = tap.run({**account.config, **SINCE}, catalog=select(*SINGLE), state=run.state)
    assert second.exit_code == 0
    assert missing(account, second, ["visitor_activities"]) == {}


def test_jobs_canceled_expired_or_gone_since_the_last_run_are_created_anew(account, tap):
    """An administrator may cancel any export; files vanish after seven days (reference D.1)."""
    account.set(export_seconds=3600)
    config = {**account.config, **SINCE, "export_timeout": 1}
    streams = ("visitor_activities", "prospect_accounts", "visitors", "external_activities")
    first = tap.run(config, catalog=select(*streams))
    assert first.exit_code == 1
    made = len(account.exports)
    account.set(export_seconds=0)
    account.set_export(jobs_of(account, "visitor_activities")[0]["id"], state="Canceled")
    account.set_export(jobs_of(account, "visitors")[0]["id"], state="Complete")
    account.set_export(jobs_of(account, "visitors")[0]["id"], expired=True)
    gone = jobs_of(account, "external_activities")[0]["id"]
    account.fault(op="read", path=f"/id/{gone}", times=None, code=109)
    lost_file = jobs_of(account, "prospect_accounts")[0]["id"]
    account.fault(op="download", path=f"/id/{lost_file}/", times=None, code=178)

    second = tap.run(config, catalog=select(*streams), state=first.state)

    assert second.exit_code == 0, second.stderr
    assert missing(account, second, streams) == {}
    assert len(account.exports) == made + 4
    for why in ("it is canceled", "it has expired", "does not know it", "its files are gone"):
        assert why in second.stderr

    # All that is in STATE is older than a week: nobody asks after it any more.
    account.set(export_seconds=3600)
    account.set(clock="2024-06-02T12:00:00+00:00")
    third = tap.run(config, catalog=select(*streams), state=second.state)
    assert third.exit_code == 1
    account.forward(days=7)
    account.set(export_seconds=0)
    account.clear_calls()
    old = {job["id"] for job in account.exports}
    fourth = tap.run(config, catalog=select(*streams), state=third.state)
    assert fourth.exit_code == 0
    assert ops(account, "cancel") == []
    asked = {int(call["path"].rsplit("/", 1)[-1]) for call in ops(account, "read")}
    assert old.isdisjoint(asked)


def test_an_undocumented_job_state_fails_the_stream_and_the_job_stays_in_state(account, tap):
    edit = {"set": {"state": "Archived"}}
    account.fault(op="read", params={"object": "visitorActivity"}, times=None, edit=edit)
    run = tap.run({**account.config, **SINCE}, catalog=select(*SINGLE))
    assert run.exit_code == 1
    assert sorted(run.ids("external_activities")) == [1, 2, 3, 4, 5]
    assert "in a state this tap does not know" in run.line("visitor_activities")
    (job,) = run.state["bookmarks"]["visitor_activities"]["jobs"]
    assert job["id"] == jobs_of(account, "visitor_activities")[0]["id"]
    assert "Archived" not in run.stderr


@pytest.mark.parametrize("fault", [{"code": 183}, {"status": 503, "html": True}])
def test_exports_that_cannot_be_created_delay_other_streams_little(account, tap, waits, fault):
    """All jobs are created before the queries: ten minutes for each would be an hour."""
    account.add("list", [row("visitors", 1, "2024-05-20T10:00:00Z")])
    account.fault(op="create", times=None, **fault)
    run = Runs(account, tap).sync(*OBJECTS, "lists", bulk_source="export")
    assert run.exit_code == 1
    assert run.ids("lists") == [1]
    assert all(re.search("failed: .*[Rr]un again", run.line(stream)) for stream in OBJECTS)
    # A minute for the first, and six tries for each of the others.
    assert sum(waits) <= 100 + 5 * 35


def test_a_right_that_is_missing_skips_the_stream(account, tap):
    account.set(forbidden={"visitorActivity": 46})
    run = tap.run({**account.config, **SINCE}, catalog=select(*SINGLE))
    assert run.exit_code == 0
    assert "skipped" in run.line("visitor_activities")
    assert sorted(run.ids("external_activities")) == [1, 2, 3, 4, 5]


# --- answers ---


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_flat_answers_are_as_good_as_wrapped_ones(account, tap, rows):
    """The documents show both (reference D.4)."""
    account.set(export_answers="flat", export_file_rows=1)
    account.clear("visitorActivity")
    fill(account, ["visitor_activities"], [MARCH] * rows)
    run = tap.run({**account.config, **SINCE}, catalog=select(*SINGLE))
    assert run.exit_code == 0, run.stderr
    assert missing(account, run, SINGLE) == {}


def test_an_answer_to_a_creation_without_an_export_creates_no_second_one(account, tap):
    """Another try would leave one more job in the account's queue each time."""
    account.fault(
        op="create",
        params={"object": "visitorActivity"},
        edit={"drop": ["id"]},
        times=None,
    )
    run = tap.run({**account.config, **SINCE}, catalog=select(*SINGLE))
    assert run.exit_code == 1
    assert len(jobs_of(account, "visitor_activities")) == 1
    assert "failed: " in run.line("visitor_activities")
    assert sorted(run.ids("external_activities")) == [1, 2, 3, 4, 5]


class Stranger(http.server.BaseHTTPRequestHandler):
    """Hands out an account's files on another port, and remembers what it was shown."""

    origin = ""
    headers_of: dict
    seen: list

    def do_GET(self):
        self.seen.append(dict(self.headers))
        answer = requests.get(self.origin + self.path, headers=self.headers_of, timeout=10)
        self.send_response(answer.status_code)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_):
        pass


@pytest.fixture
def stranger(account):
    form = {
        "grant_type": "refresh_token",
        **{key: account.config[key] for key in ("client_id", "client_secret", "refresh_token")},
    }
    login = requests.post(f"{account.url}/services/oauth2/token", data=form, timeout=10).json()
    Stranger.origin, Stranger.seen = account.url, []
    Stranger.headers_of = {
        "Authorization": f"Bearer {login['access_token']}",
        "Pardot-Business-Unit-Id": account.config["pardot_business_unit_id"],
    }
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_token_never_goes_to_another_host_that_an_answer_names(account, tap, stranger):
    account.set(export_ref_base=stranger)
    run = tap.run({**account.config, **SINCE}, catalog=select("visitor_activities"))
    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids("visitor_activities")) == [1, 2, 3, 4, 5]
    (shown,) = Stranger.seen
    assert not {"authorization", "pardot-business-unit-id"} & {name.lower() for name in shown}
    assert urlsplit(stranger).netloc == shown["Host"]


def test_another_host_that_wants_a_login_is_a_failure_of_the_stream(account, tap, stranger):
    account.set(export_ref_base=stranger)
    Stranger.headers_of = {}
    account.fault(op="download", times=None, status=401, body="no")
    run = tap.run({**account.config, **SINCE}, catalog=select("visitor_activities"))
    assert run.exit_code == 1
    assert "refuses them (HTTP 401)" in run.line("visitor_activities")
    assert len(account.logins) <= 2


@pytest.mark.parametrize("code", [181, 184, 199, 201])
def test_another_host_that_misses_our_headers_ends_the_stream_only(account, tap, stranger, code):
    account.set(export_ref_base=stranger)
    Stranger.headers_of = {}
    account.add("list", [{"id": 1}])
    account.fault(op="download", params={"object": "visitor"}, times=None, code=code, status=400)
    run = tap.run({**account.config, **SINCE}, catalog=select("visitors", "lists"))
    assert run.exit_code == 1
    assert "refuses them (HTTP 400)" in run.line("visitors")
    assert "done" in run.line("lists")
    assert run.last_line.startswith("Not complete")


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://a/b", "no address", "http://"])
def test_an_address_that_is_none_ends_the_stream_at_once(account, tap, url):
    account.fault(
        op="read", params={"object": "visitor"}, times=None, edit={"set": {"resultRefs": url}}
    )
    run = tap.run({**account.config, **SINCE}, catalog=select("visitors"))
    assert run.exit_code == 1
    assert "run again" in run.line("visitors")
    assert run.ids("visitors") == []
    assert "Trying again" not in run.stderr


# --- waiting ---


def test_all_jobs_exist_before_the_first_query_and_none_is_asked_after_in_vain(account, tap):
    """Pardot runs them one after another, so they wait there while the queries are read."""
    account.set(export_seconds=0)
    catalog = select(*OBJECTS, "lists", "tags")
    run = tap.run({**account.config, **SINCE, "export_poll_interval": 30}, catalog=catalog)
    assert run.exit_code == 0, run.stderr
    order = [call["op"] for call in account.calls if call["object"] in {"export", "list", "tag"}]
    assert order[:10] == ["create"] * 10
    assert order[10:12] == ["query", "query"]
    assert order[12:].count("read") == 10


def test_looks_at_a_slow_job_grow_rarer(account, tap, polls):
    account.set(export_polls=6)
    run = tap.run(
        {**account.config, **SINCE, "export_poll_interval": 30},
        catalog=select("visitor_activities"),
    )
    assert run.exit_code == 0, run.stderr
    assert len(polls) >= 4
    assert polls[0] >= 1.9
    assert polls == sorted(polls)
    assert sum(polls[:4]) >= 5


def test_so_many_jobs_wait_at_once_and_no_more(account, tap):
    config = {**account.config, **QUICK, "start_date": "2021-06-01", "max_waiting_exports": 2}
    catalog = select("visitor_activities", "external_activities", "lists")
    run = tap.run(config, catalog=catalog)
    assert run.exit_code == 0, run.stderr
    assert missing(account, run, SINGLE) == {}
    numbers = iter(job["id"] for job in account.exports)
    calls = list(enumerate(account.calls))
    created = {next(numbers): at for at, call in calls if call["op"] == "create"}
    # The last look at a job is the one that found it complete.
    looks = [(at, c) for at, c in calls if (c["object"], c["op"]) == ("export", "read")]
    complete = {int(call["path"].rpartition("/")[2]): at for at, call in looks}
    assert len(created) == len(complete) == 8
    query = next(at for at, call in calls if call["object"] == "list")
    assert sum(at < query for at in created.values()) == 2
    for moment in created.values():
        assert sum(created[job] <= moment < complete[job] for job in created) <= 2


def test_a_job_that_is_not_ready_in_time_is_collected_by_the_next_run(account, tap):
    account.set(export_seconds=3600)
    config = {**account.config, **SINCE, "export_timeout": 1}
    first = tap.run(config, catalog=select(*SINGLE))
    assert first.exit_code == 1
    assert re.search(
        r"failed: Export \d+ is not ready after 1 seconds \(export_timeout\)",
        first.line("external_activities"),
    )
    assert "not ready, like one before it" in first.line("visitor_activities")
    job = {
        stream: [job["id"] for job in first.state["bookmarks"][stream]["jobs"]] for stream in SINGLE
    }
    assert job == {stream: [job["id"] for job in jobs_of(account, stream)] for stream in SINGLE}

    account.set(export_seconds=0, clock="2024-06-01T18:00:00+00:00")
    second = tap.run(config, catalog=select(*SINGLE), state=first.state)
    assert second.exit_code == 0, second.stderr
    assert missing(account, second, SINGLE) == {}
    # The old window's job, and one for the time since.
    assert {stream: len(jobs_of(account, stream)) for stream in SINGLE} == dict.fromkeys(SINGLE, 2)
    for stream in SINGLE:
        assert "17:59" in second.state["bookmarks"][stream]["replication_key_value"]


def test_a_job_that_is_not_ready_in_time_costs_no_other_stream(account, tap):
    """DESIGN, promise 5; and what is stuck is not waited for once for each stream."""
    account.add("opportunity", [{"id": 7, "prospects": [{"id": 1}]}])
    account.add("emailClick", [{"id": 1, "list_email_id": 82}])
    account.add("email", [{"id": 82}])
    stuck = {"set": {"state": "Processing"}, "drop": ["resultRefs"]}
    account.fault(op="read", params={"object": "visitorActivity"}, times=None, edit=stuck)
    streams = [*OBJECTS, "opportunities", "opportunity_prospects", "email_clicks", "emails"]
    config = {**account.config, **SINCE, "export_timeout": 2}
    began = time.monotonic()
    run = tap.run(config, catalog=select(*streams))

    assert run.exit_code == 1
    assert "(export_timeout)" in run.line("visitor_activities")
    others = [stream for stream in OBJECTS if stream != "visitor_activities"]
    assert missing(account, run, others) == {}
    assert len(run.records["opportunity_prospects"]) == 1
    assert run.ids("emails") == [82]  # which a click names
    assert time.monotonic() - began < 20
    assert "emails, visitor_activities failed" in run.last_line

    account.clear_faults()
    account.clear_calls()
    second = tap.run(config, catalog=select(*streams), state=run.state)
    assert second.exit_code == 0, second.stderr
    assert missing(account, second, ["visitor_activities"]) == {}


def test_where_nothing_gets_ready_no_more_jobs_are_created_than_may_wait(account, tap):
    account.set(export_seconds=3600)
    config = {**account.config, **SINCE, "export_timeout": 1, "max_waiting_exports": 2}
    run = tap.run(config, catalog=select(*OBJECTS))
    assert run.exit_code == 1
    assert len(account.exports) == 2
    # One job was waited for; the others of each stream were looked at once, if there were any.
    assert len(ops(account, "read")) <= 2 + 2
    assert run.stderr.count("No export was created") == 4
    account.set(export_seconds=0)
    second = tap.run(config, catalog=select(*OBJECTS), state=run.state)
    assert second.exit_code == 0, second.stderr
    assert missing(account, second, OBJECTS) == {}


def test_jobs_that_no_longer_match_the_selection_are_cancelled(account, tap):
    account.set(export_seconds=3600)
    config = {**account.config, **SINCE, "export_timeout": 1}
    first = tap.run(config, catalog=select(*SINGLE))
    # Only the new job is quick: one that is complete could not be cancelled.
    account.fault(op="create", change={"settings": {"export_seconds": 0}})
    columns = {"visitor_activities": ["type"]}
    second = tap.run(config, catalog=select(*SINGLE, columns=columns), state=first.state)
    assert second.exit_code == 0, second.stderr
    old, new = jobs_of(account, "visitor_activities")
    assert (old["state"], new["state"]) == ("Canceled", "Complete")
    assert new["fields"] == ["id", "updated_at", "type"]
    (job,) = jobs_of(account, "external_activities")
    assert job["state"] == "Complete"
    assert missing(account, second, SINGLE) == {}


def test_a_job_that_cannot_be_canceled_fails_no_stream(account, tap):
    account.set(export_seconds=3600)
    config = {**account.config, **SINCE, "export_timeout": 1}
    first = tap.run(config, catalog=select(*SINGLE))
    account.set(export_seconds=0)
    account.fault(op="cancel", code=46, nth=1)
    columns = {"visitor_activities": ["type"], "external_activities": ["value"]}
    second = tap.run(config, catalog=select(*SINGLE, columns=columns), state=first.state)
    assert second.exit_code == 0, second.stderr
    assert len(ops(account, "cancel")) == 2
    assert missing(account, second, SINGLE) == {}


def test_calls_that_are_used_up_leave_the_jobs_to_the_next_run(account, tap):
    streams = ("visitor_activities", "visitors", "external_activities")
    account.set(daily_limit=3)
    first = tap.run({**account.config, **SINCE}, catalog=select(*streams, "lists"))
    assert first.exit_code == 2
    assert "nothing is lost" in first.last_line
    made = len(account.exports)
    assert made == 2  # after the read of the account
    bookmarks = [first.state["bookmarks"].get(stream, {}) for stream in sorted(streams)]
    job = [job["id"] for each in bookmarks for job in each.get("jobs") or []]
    assert job == [job["id"] for job in account.exports]
    assert [call["code"] for call in account.calls].count(122) == 1

    account.set(daily_limit=None)
    second = tap.run({**account.config, **SINCE}, catalog=select(*streams), state=first.state)
    assert second.exit_code == 0, second.stderr
    assert missing(account, second, streams) == {}
    assert len(account.exports) == 4


# --- the zone ---


@pytest.mark.parametrize(
    ("real", "configured"),
    [
        ("Asia/Tokyo", "America/New_York"),
        ("America/New_York", "Europe/London"),
        ("Asia/Kathmandu", "Asia/Kolkata"),
    ],
)
@pytest.mark.parametrize("answers", ["wrapped", "flat_create"])
def test_a_wrong_time_zone_stops_the_run_before_any_row(account, tap, answers, real, configured):
    """Silently shifted times are what other taps are worst at."""
    # What is complete could not be cancelled.
    account.set(timezone=real, export_answers=answers, export_seconds=60)
    account.add("list", [{"id": 1}])
    run = tap.run(
        {**account.config, **SINCE, "timezone": configured}, catalog=select(*OBJECTS, "lists")
    )
    assert run.exit_code == 1
    assert dict(run.records) == {}
    assert f"setting timezone ({configured})" in run.last_line
    assert real in run.last_line
    assert run.last_line.count("/") - configured.count("/") <= 3
    assert {job["state"] for job in account.exports} == {"Canceled"}
    assert len(account.exports) == 1
    account.set(export_seconds=0)
    right = tap.run({**account.config, **SINCE}, catalog=select(*OBJECTS, "lists"), state=run.state)
    assert right.exit_code == 0, right.stderr
    assert missing(account, right, OBJECTS) == {}


def test_a_job_is_asked_when_it_was_made_once_where_its_creation_does_not_tell(account, tap):
    """The example of create has no times (reference D.4), that of read has (D.5)."""
    calls = {}
    for answers in ("wrapped", "flat_create", "flat"):
        account.clear_calls()
        account.set(export_answers=answers)
        run = tap.run({**account.config, **SINCE}, catalog=select(*OBJECTS))
        assert run.exit_code == 0, run.stderr
        calls[answers] = [call["op"] for call in account.calls if call["object"] == "export"]
    first_looks = {answers: ops.index("read") for answers, ops in calls.items()}
    assert calls["wrapped"][: first_looks["wrapped"]] == ["create"] * 10
    assert first_looks["flat_create"] == first_looks["flat"] == 1
    assert len(calls["flat_create"]) == len(calls["wrapped"]) + 1


def test_a_user_whose_zone_was_changed_meanwhile_is_noticed_at_the_next_look(account, tap):
    account.set(export_seconds=3600)
    config = {**account.config, **SINCE, "export_timeout": 1}
    first = tap.run(config, catalog=select("visitors"))
    account.set(export_seconds=0, timezone="Asia/Tokyo")
    second = tap.run(config, catalog=select("visitors"), state=first.state)
    assert second.exit_code == 1
    assert "Asia/Tokyo" in second.last_line
    assert second.ids("visitors") == []


def test_jobs_made_in_another_zone_are_not_read_in_this_one(account, tap):
    """A file's times stay in the zone of its creation (reference D.5)."""
    account.set(export_seconds=3600, export_answers="flat")
    config = {**account.config, **SINCE, "export_timeout": 1}
    first = tap.run({**config, "timezone": "UTC"}, catalog=select("visitor_activities"))
    assert first.exit_code == 1
    account.fault(op="create", change={"settings": {"export_seconds": 0}})
    second = tap.run(config, catalog=select("visitor_activities"), state=first.state)
    assert second.exit_code == 0
    assert [job["state"] for job in account.exports] == ["Canceled", "Complete"]
    assert {record["updated_at"] for record in second.records["visitor_activities"]} == {MARCH}
