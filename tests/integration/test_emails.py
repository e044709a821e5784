"""E-mails have no list: each is read by its id once, and what Pardot refuses costs only itself."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tap_pardot.state.id_set import unpack
from tests.helpers.catalog import select
from tests.helpers.mail import CLICK, OPEN, SENT, Mail
from tests.helpers.zone import CHECKED

BODIES = ["message_text", "message_html"]
OTHERS = ["id", "name", "subject", "list_email_id", "is_one_to_one", "created_at"]
UNKNOWN = "emails: Pardot does not know {} of the ids that other records name (any more)."
DENIED = "emails: the API user may not read {} of the ids that other records name."


@pytest.fixture
def mail(emulator, tap):
    return Mail(emulator, tap)


def columns_of(run):
    return next(
        list(message["schema"]["properties"])
        for message in run.messages
        if message["type"] == "SCHEMA" and message["stream"] == "emails"
    )


# --- one e-mail ----------------------------------------------------------------------------


def test_an_email_is_one_record(mail):
    mail.emails(
        [7],
        name="2024",
        subject="News & more",
        isOneToOne=True,
        created_at="2024-05-20T10:00:00Z",
        message={"text": "Hi", "html": "<p>Hi</p>"},
    )
    run = mail.sync("emails", columns={"emails": OTHERS + BODIES})

    assert run.exit_code == 0, run.stderr
    assert run.records["emails"] == [
        {
            "id": 7,
            "name": "2024",  # a number on the wire
            "subject": "News & more",
            "list_email_id": None,
            "is_one_to_one": True,
            "message_text": "Hi",
            "message_html": "<p>Hi</p>",
            "created_at": "2024-05-20T10:00:00+00:00",
        }
    ]
    assert mail.warnings == []


def test_bodies_are_off_in_the_catalog():
    entry = next(each for each in select()["streams"] if each["tap_stream_id"] == "emails")
    off = [
        each["breadcrumb"][-1]
        for each in entry["metadata"]
        if each["metadata"]["inclusion"] == "unsupported"
    ]

    assert sorted(off) == sorted(BODIES)


@pytest.mark.parametrize(
    ("chosen", "emitted"),
    [
        (None, OTHERS),
        (["subject"], ["id", "subject"]),
        (["message_text"], ["id", "message_text"]),
        (["name", "message_html"], ["id", "name", "message_html"]),
        (BODIES, ["id", *BODIES]),
    ],
)
def test_bodies_are_asked_for_and_emitted_only_when_selected(mail, chosen, emitted):
    mail.emails([1, 2], message={"text": "t", "html": "h"})
    run = mail.sync("emails", columns=chosen and {"emails": chosen})

    asked = {
        call["params"].get("include_message", "true")
        for call in mail.emulator.calls
        if call["object"] == "email"
    }
    assert asked == {"true" if set(emitted) & set(BODIES) else "false"}
    assert sorted(columns_of(run)) == sorted(emitted)
    assert [sorted(record) for record in run.records["emails"]] == [sorted(emitted)] * 2
    bodies = {"message_text": "t", "message_html": "h"}
    for record in run.records["emails"]:
        assert {name: record[name] for name in bodies.keys() & set(emitted)} == {
            name: text for name, text in bodies.items() if name in emitted
        }


@pytest.mark.parametrize("message", [None, "", [], {}, {"text": None, "html": ""}])
def test_an_email_without_bodies_has_nulls(mail, message):
    mail.emails([1], name="n", _wire={"set": {"message": message}})
    run = mail.sync("emails", columns={"emails": ["id", *BODIES]})

    (record,) = run.records["emails"]
    assert (record["message_text"], record["message_html"] or None) == (None, None)
    assert (run.exit_code, mail.warnings) == (0, [])


# --- which e-mails -------------------------------------------------------------------------


def test_an_email_is_read_once_however_many_rows_name_it(mail):
    mail.emails([3, 1, 2], name="n")
    for number in (1, 2, 3, 1):
        mail.act(SENT, email_id=number)
    mail.act(2)  # a page view, which names none
    run = mail.sync("visitor_activities", "emails")

    assert run.ids("emails") == [1, 2, 3]
    assert mail.asked("read") == [1, 2, 3]
    assert "3 rows, 3 calls, done" in run.line("emails")


def test_records_come_in_the_order_of_the_ids_whatever_answers_first(mail):
    mail.emails(range(1, 10))
    mail.break_read(1, latency=0.2, times=1)
    mail.break_read(4, latency=0.1, times=1)
    run = mail.sync("emails", max_concurrent_requests=3)

    assert run.ids("emails") == list(range(1, 10))


def test_an_email_that_an_earlier_run_has_read_is_not_read_again(mail):
    mail.emails([1, 2])
    first = mail.sync("emails")
    mail.emulator.forward(7200)
    mail.act(OPEN, email_id=1)
    mail.emails([3])
    second = mail.sync("emails")
    mail.emulator.forward(7200)
    mail.act(OPEN, email_id=3)
    third = mail.sync("emails")

    assert [run.ids("emails") for run in (first, second, third)] == [[1, 2], [3], []]
    assert mail.asked("read") == []


def test_an_email_is_read_again_when_other_columns_are_selected(mail):
    mail.emails([1, 2], message={"text": "t"})
    mail.sync("emails")
    mail.emulator.forward(7200)
    mail.act(OPEN, email_id=1)
    run = mail.sync("emails", columns={"emails": [*OTHERS, "message_text"]})

    assert [record["message_text"] for record in run.records["emails"]] == ["t"]
    assert mail.asked("read") == [1]


def test_a_click_names_a_list_email_which_is_read_by_that_id(mail):
    mail.emulator.add("email", [{"id": number, "name": "n"} for number in (7, 50, 51)])
    mail.click(list_email_id=50)
    mail.click(list_email_id=51)
    # This one shows which e-mail its list e-mail is.
    mail.act(CLICK, email_id=7, list_email_id=51)
    run = mail.sync("emails")

    assert run.ids("emails") == [7, 50]
    assert mail.asked("read") == [7, 50]


@pytest.mark.parametrize("streams", [["emails"], ["email_clicks", "emails"]])
def test_a_click_on_a_list_email_read_before_asks_for_nothing(mail, streams):
    mail.emulator.add("email", [{"id": 50}])
    mail.click(list_email_id=50)
    mail.sync(*streams)
    assert mail.asked("read") == [50]
    mail.emulator.forward(7200)
    mail.click(list_email_id=50)
    run = mail.sync(*streams)

    assert mail.asked("read") == []
    # Nor would the run after a killed one ask.
    states = [each["value"] for each in run.messages if each["type"] == "STATE"]
    assert {state["bookmarks"]["emails"]["pending"] for state in states} == {None}


def test_too_many_list_emails_of_clicks_for_state_are_read_before_activities_name_them(
    mail, monkeypatch
):
    monkeypatch.setattr("tap_pardot.state.id_set.DRAIN_AT", 4)
    monkeypatch.setattr("tap_pardot.sources.email_lookups.MAX_IN_STATE", 4)
    monkeypatch.setattr("tap_pardot.api.v4.V4.page_size", 2)
    mail.emulator.add("email", [{"id": number} for number in (7, *range(50, 60))])
    for number in range(50, 60):
        mail.click(list_email_id=number)
    mail.act(CLICK, email_id=7, list_email_id=52)
    run = mail.sync("email_clicks", "emails")

    assert run.exit_code == 0, run.stderr
    found = {record["id"]: record["list_email_id"] for record in run.records["emails"]}
    assert found == {number: number for number in range(50, 60)} | {7: 52}
    assert run.ids("emails") == [*range(50, 60), 7]
    states = [each["value"]["bookmarks"].get("emails") or {} for each in states_of(run)]
    for name in ("pending", "pending_list_emails", "named_list_emails"):
        assert max(len(unpack(state.get(name))) for state in states) <= 4 + 2
    assert states[-1]["pending"] is None


def states_of(run):
    return [each for each in run.messages if each["type"] == "STATE"]


def test_ids_that_an_earlier_run_left_are_read_once(mail):
    mail.emails([101, 102], name="old")
    mail.sync("emails")
    mail.state["bookmarks"]["emails"] |= {"pending": "101+1", "known": None}
    mail.emulator.forward(7200)
    mail.emails([110], name="new")
    run = mail.sync("emails")

    assert {record["id"]: record["name"] for record in run.records["emails"]} == {
        101: "old",
        102: "old",
        110: "new",
    }
    assert mail.asked("read") == [101, 102, 110]


# --- what Pardot does not know ---------------------------------------------------------------


@pytest.mark.parametrize("code", [16, 109, 192])
def test_unknown_ids_are_never_emitted_but_counted_in_one_warning(mail, code):
    mail.emulator.set(unknown_email=code)
    mail.emails([2, 4])
    for number in (1, 3, 5):
        mail.act(email_id=number)
    run = mail.sync("emails")

    assert run.exit_code == 0, run.stderr
    assert run.ids("emails") == [2, 4]
    assert mail.warnings == [UNKNOWN.format(3)]
    mail.emulator.forward(7200)
    mail.act(email_id=3)
    run = mail.sync("emails")
    assert (run.exit_code, mail.asked("read"), mail.warnings) == (0, [], [])


@pytest.mark.parametrize("record", [None, "", [], {}, {"name": "n"}, {"id": None}, {"id": 0}])
def test_a_record_without_an_id_is_an_unknown_email(mail, record):
    mail.emails([1, 2])
    body = {"@attributes": {"stat": "ok", "version": 1}, "email": record}
    mail.break_read(1, body=json.dumps(body))
    run = mail.sync("emails")

    assert (run.exit_code, run.ids("emails")) == (0, [2])
    assert mail.warnings == [UNKNOWN.format(1)]
    assert mail.asked("read") == [1, 2]


# --- what the API user may not read ----------------------------------------------------------


@pytest.mark.parametrize("code", [46, 49])
def test_a_denied_id_is_skipped_with_a_count(mail, code):
    mail.emails(range(1, 7))
    mail.break_read(2, code=code)
    mail.break_read(5, code=code)
    run = mail.sync("emails")

    assert run.exit_code == 0, run.stderr
    assert run.ids("emails") == [1, 3, 4, 6]
    assert mail.warnings == [DENIED.format(2)]
    assert "done" in run.line("emails")
    assert "Skipped" not in run.last_line
    mail.emulator.forward(60)
    mail.sync("emails")
    assert (mail.asked("read"), mail.warnings) == ([], [])


@pytest.mark.parametrize("code", [46, 49])
@pytest.mark.parametrize("number", [1, 3, 40])
def test_without_the_right_the_stream_is_skipped_and_its_ids_stay_in_state(mail, number, code):
    mail.emails(range(1, number + 1), list_email_id=None)
    mail.emulator.set(forbidden={"email": code})
    run = mail.sync("visitor_activities", "emails", "email_templates")

    assert run.exit_code == 0, run.stderr
    assert "Skipped: emails." in run.last_line
    assert len(run.ids("visitor_activities")) == number
    # The oldest and the newest; where that is one, some other id.
    assert mail.asked("read") == [1, number][:number]
    mail.emulator.set(forbidden={})
    mail.emulator.forward(60)
    run = mail.sync("visitor_activities", "emails", "email_templates")
    assert run.ids("emails") == list(range(1, number + 1))


def test_refusals_in_a_row_are_those_ids_own_if_the_oldest_is_read(mail):
    mail.emails(range(101, 141))
    for number in (*range(103, 112), 120):
        mail.break_read(number, code=46)
    run = mail.sync("emails")

    assert run.exit_code == 0, run.stderr
    assert run.ids("emails") == [101, 102, *range(112, 120), *range(121, 141)]
    assert mail.warnings == [DENIED.format(10)]
    assert mail.asked("read") == list(range(101, 141))


def test_refusals_among_ids_that_are_read_are_those_ids_own(mail):
    mail.emails(range(101, 121))
    for number in range(102, 121, 2):
        mail.break_read(number, code=49)
    run = mail.sync("emails")

    assert (run.exit_code, run.ids("emails")) == (0, list(range(101, 120, 2)))
    assert mail.warnings == [DENIED.format(10)]


@pytest.mark.parametrize("number", [6, 7, 9, 14])
def test_where_the_oldest_is_refused_the_newest_shows_the_right_and_is_read_once(mail, number):
    mail.emails(range(101, 101 + number))
    for refused in range(101, 106):
        mail.break_read(refused, code=46)
    mail.break_read(100 + number, latency=0.05)
    run = mail.sync("emails")

    assert run.ids("emails") == list(range(106, 101 + number))
    assert mail.asked("read") == list(range(101, 101 + number))
    assert mail.warnings == [DENIED.format(5)]


def test_a_single_id_that_is_refused_is_its_own_refusal_if_another_is_unknown(mail):
    mail.emails([101])
    mail.break_read(101, code=46)
    run = mail.sync("emails")

    assert (run.exit_code, run.ids("emails")) == (0, [])
    assert mail.warnings == [DENIED.format(1)]
    assert mail.asked("read") == [1, 101]


# --- other refusals --------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{"code": 198}, {"code": 10_000}, {"status": 400}])
def test_an_id_that_fails_stays_in_state_and_is_read_by_the_next_run(mail, fault):
    mail.emails(range(1, 7))
    mail.break_read(3, **fault)
    run = mail.sync("emails")

    assert run.exit_code == 1
    assert run.ids("emails") == [1, 2, 4, 5, 6]
    assert "failed" in run.line("emails")
    assert mail.bookmark("emails")["pending"] == "3"
    mail.emulator.clear_faults()
    mail.emulator.forward(60)
    run = mail.sync("emails")
    assert (run.exit_code, run.ids("emails"), mail.asked("read")) == (0, [3], [3])
    assert mail.bookmark("emails")["pending"] is None


def test_ids_that_all_fail_end_the_stream_early_and_stay_in_state(mail):
    mail.emails(range(1, 41))
    mail.emulator.fault(object="email", op="read", code=198, times=None)
    run = mail.sync("email_templates", "emails", max_concurrent_requests=1)

    assert run.exit_code == 1
    assert "Failed: emails." in run.last_line or "emails failed" in run.last_line
    assert "done" in run.line("email_templates")
    assert mail.asked("read") == [1, 40]
    mail.emulator.clear_faults()
    mail.emulator.forward(60)
    assert mail.sync("emails").ids("emails") == list(range(1, 41))


def test_a_failure_of_all_emails_in_the_middle_ends_the_stream_and_their_ids_are_kept(mail):
    mail.emails(range(1, 41))
    mail.emulator.fault(object="email", op="read", nth=11, code=198, times=None)
    run = mail.sync("emails", max_concurrent_requests=1)

    assert run.exit_code == 1
    assert run.ids("emails") == list(range(1, 11))
    # One that was read is asked again, and those were asked for ahead.
    assert len(mail.asked("read")) <= 10 + 1 + 1 + 2
    mail.emulator.clear_faults()
    mail.emulator.forward(60)
    assert mail.sync("emails").ids("emails") == list(range(11, 41))


def test_an_answer_that_is_none_is_asked_for_again(mail):
    mail.emails([1, 2])
    mail.break_read(1, times=1, body='{"@attributes": {"stat": "ok"}, "email": "text"}')
    mail.break_read(2, times=1, html=True)
    run = mail.sync("emails")

    assert (run.exit_code, run.ids("emails")) == (0, [1, 2])
    assert mail.asked("read") == [1, 1, 2, 2]


# --- what it costs -----------------------------------------------------------------------------


def test_a_thousand_activities_of_forty_emails_cost_a_call_for_each_email(mail):
    numbers = range(1, 41)
    emulator = mail.emulator
    emulator.add("email", [{"id": n, "list_email_id": 500 + n} for n in numbers])
    emulator.add("emailTemplate", [{"id": 900 + n} for n in range(4)])
    moment = "2024-05-10T10:00:00Z"
    emulator.add(
        "visitorActivity",
        [
            {
                "id": number,
                "type": (SENT, OPEN, CLICK)[number % 3],
                "email_id": 1 + number % 40,
                "list_email_id": 501 + number % 40,
                "email_template_id": 900 + number % 4,
                "created_at": moment,
                "updated_at": moment,
            }
            for number in range(1, 1001)
        ],
    )
    clicks = [{"id": n, "list_email_id": 500 + n, "created_at": moment} for n in numbers]
    emulator.add("emailClick", clicks)
    streams = ("visitor_activities", "email_clicks", "emails", "email_stats", "email_templates")
    mail.state = CHECKED
    run = mail.sync(*streams)

    assert run.exit_code == 0, run.stderr
    assert len(run.ids("visitor_activities")) == 1000
    assert mail.asked("read") == list(numbers)
    assert mail.asked("stats") == [500 + n for n in numbers]
    assert mail.asked("read", "emailTemplate") == [900, 901, 902, 903]
    made = Counter(call["object"] for call in emulator.calls)
    # 5 full pages, one that shows the end, and the newest id; one page of clicks; the list of
    # templates.
    assert made == {
        "account": 1,
        "visitorActivity": 7,
        "emailClick": 1,
        "email": 80,
        "emailTemplate": 5,
    }
    emulator.forward(3600)
    run = mail.sync(*streams)
    assert run.exit_code == 0
    assert mail.asked("read") == mail.asked("stats") == []
    assert mail.asked("read", "emailTemplate") == []
    assert sum(not call["path"].endswith("read") for call in emulator.calls) <= 4


def test_an_email_that_is_never_answered_costs_only_itself_and_a_minute(mail, waits):
    mail.emails(range(1, 9))
    mail.break_read(3, code=183)
    run = mail.sync("emails")
    assert run.exit_code == 1
    assert run.ids("emails") == [1, 2, 4, 5, 6, 7, 8]
    assert mail.bookmark("emails")["pending"] == "3"
    assert sum(waits) <= 100

    waits.clear()
    again = mail.sync("emails")
    assert again.exit_code == 1
    assert set(mail.asked("read")) == {1, 3}  # 1 shows that others are answered
    assert sum(waits) <= 100
    mail.emulator.clear_faults()
    assert mail.sync("emails").ids("emails") == [3]
