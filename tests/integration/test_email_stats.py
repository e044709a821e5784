"""Figures of list e-mails: typed, dated, and read again only when they can have moved."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.helpers.children import NOW
from tests.helpers.mail import CLICK, OPEN, SENT, Mail
from tests.helpers.warehouse import utc

LONG_AGO = "2024-05-05T10:00:00Z"
RATES = [
    *("delivery_rate", "opens_rate", "click_through_rate", "unique_click_through_rate"),
    *("click_open_ratio", "opt_out_rate", "spam_complaint_rate"),
]
COUNTS = [
    *("sent", "delivered", "total_clicks", "unique_clicks", "soft_bounced", "hard_bounced"),
    *("opt_outs", "spam_complaints", "opens", "unique_opens"),
]


@pytest.fixture
def mail(emulator, tap):
    return Mail(emulator, tap)


def stats_of(run):
    return {record.pop("list_email_id"): record for record in run.records["email_stats"]}


# --- what a figure is ------------------------------------------------------------------------


def test_counts_are_integers_and_rates_are_numbers(mail):
    kinds = [(SENT, 1), (SENT, 2), (SENT, 3), (OPEN, 1), (OPEN, 1), (OPEN, 2), (CLICK, 2), (13, 3)]
    for kind, prospect in kinds:
        mail.act(kind, prospect_id=prospect, list_email_id=50)
    run = mail.sync("email_stats")

    assert run.exit_code == 0, run.stderr
    figures = stats_of(run)[50]
    read_at = utc(figures.pop("read_at"))
    assert figures == {
        "sent": 3,
        "delivered": 2,
        "total_clicks": 1,
        "unique_clicks": 1,
        "soft_bounced": 0,
        "hard_bounced": 1,
        "opt_outs": 0,
        "spam_complaints": 0,
        "opens": 3,
        "unique_opens": 2,
        "delivery_rate": 66.67,
        "opens_rate": 150.0,
        "click_through_rate": 50.0,
        "unique_click_through_rate": 50.0,
        "click_open_ratio": 33.33,
        "opt_out_rate": 0.0,
        "spam_complaint_rate": 0.0,
    }
    assert all(type(figures[name]) is int for name in COUNTS)
    # By Pardot's clock, which is two years behind this machine's.
    assert timedelta(0) <= read_at - utc(NOW) < timedelta(seconds=30)
    assert mail.warnings == []


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("98.42%", 98.42),
        ("100%", 100),
        ("0%", 0),
        ("0.00%", 0),
        ("12", 12),
        (98.4, 98.4),
        (3, 3),
        ("", None),
        (None, None),
    ],
)
def test_a_rate_is_the_number_before_the_percent_sign(mail, sent, read):
    mail.act(SENT, list_email_id=50)
    mail.emulator.add("emailStats", [{"id": 50, "sent": 9, **dict.fromkeys(RATES, sent)}])
    run = mail.sync("email_stats")

    figures = stats_of(run)[50]
    assert {name: figures[name] for name in RATES} == dict.fromkeys(RATES, read)
    assert (run.exit_code, mail.warnings) == (0, [])


@pytest.mark.parametrize("nothing", [0, "0"])
@pytest.mark.parametrize("form", ["0%", "0.00%", "", None])
def test_where_nothing_was_sent_there_are_counts_but_no_rates(mail, form, nothing):
    mail.emulator.set(stats_zero_rate=form)
    mail.act(OPEN, list_email_id=50)
    mail.emulator.add("emailStats", [{"id": 50, "sent": nothing}])
    run = mail.sync("email_stats")

    figures = stats_of(run)[50]
    assert {name: figures[name] for name in RATES} == dict.fromkeys(RATES)
    assert (figures["sent"], figures["delivered"], figures["opens"]) == (0, 0, 1)
    assert (run.exit_code, mail.warnings) == (0, [])


def test_figures_that_are_missing_or_of_another_kind_are_null(mail):
    mail.act(SENT, list_email_id=50)
    mail.act(SENT, list_email_id=51)
    wire = {"drop": ["opt_out_rate", "opens"], "set": {"out_out_rate": "1.5%", "new": 1}}
    odd = {"sent": [], "opens": "many", "opens_rate": {}}
    mail.emulator.add("emailStats", [{"id": 50, "_wire": wire}, {"id": 51, **odd}])
    run = mail.sync("email_stats")

    figures = stats_of(run)
    # A client of the API spells it so.
    assert (figures[50]["opt_out_rate"], figures[50]["opens"]) == (1.5, None)
    assert [figures[51][name] for name in odd] == [None] * 3
    assert figures[51]["delivered"] == 1
    assert run.exit_code == 0
    assert len(mail.warnings) == 3


def test_only_selected_columns_are_emitted(mail):
    mail.act(SENT, list_email_id=50)
    run = mail.sync("email_stats", columns={"email_stats": ["list_email_id", "opens"]})

    assert run.records["email_stats"] == [{"list_email_id": 50, "opens": 0}]


# --- which e-mails ---------------------------------------------------------------------------


def test_an_email_without_a_list_has_no_figures(mail):
    mail.emails([7])
    mail.act(SENT, email_id=8, list_email_id=80)
    run = mail.sync("emails", "email_stats")

    assert (mail.asked("stats"), list(stats_of(run))) == ([80], [80])


def test_figures_are_read_of_exactly_what_was_seen_or_sent_lately(mail):
    mail.act(SENT, at=LONG_AGO, list_email_id=1)
    mail.act(SENT, at=LONG_AGO, list_email_id=2)
    mail.act(OPEN, at="2024-05-30T10:00:00Z", list_email_id=3)  # its sending was before start_date
    mail.act(SENT, at="2024-05-30T10:00:00Z", list_email_id=4)
    mail.click(at="2024-05-30T10:00:00Z", list_email_id=5)
    asked = []

    def sync():
        run = mail.sync("email_stats")
        assert run.exit_code == 0, run.stderr
        assert list(stats_of(run)) == mail.asked("stats")
        asked.append(mail.asked("stats"))

    sync()  # all are in the window
    mail.emulator.forward(3600)
    sync()  # nothing has happened
    mail.emulator.forward(days=1)
    mail.act(OPEN, list_email_id=1)
    sync()
    mail.emulator.forward(days=1)
    mail.click(list_email_id=2)
    sync()
    mail.emulator.forward(days=6)  # 9 days and an hour after the fourth was sent
    mail.act(SENT, list_email_id=1)  # and the first is sent on
    sync()
    mail.emulator.forward(days=2)
    sync()
    mail.emulator.forward(days=11)
    sync()

    assert asked == [[1, 2, 3, 4, 5], [4], [1, 4], [2, 4], [1, 4], [1], []]


def test_an_email_that_is_sent_on_counts_from_its_last_sending(mail):
    mail.act(SENT, at="2024-05-31T10:00:00Z", list_email_id=50)
    mail.act(SENT, at="2024-05-24T10:00:00Z", list_email_id=50)
    mail.sync("email_stats")
    mail.emulator.forward(days=8)
    mail.sync("email_stats")

    assert mail.asked("stats") == [50]


@pytest.mark.parametrize("days", [0, 1, 3, 30])
def test_email_stats_days_sets_how_long_figures_are_read_without_activity(mail, days):
    mail.act(SENT, list_email_id=50)
    asked = []
    # After an hour; two hours; all but half a day of the time; a day more than it, as the time
    # of sending is remembered by its day.
    for wait in (0, 3600, max(0, 86400 * (days - 0.5)), 86400 * 1.5):
        mail.emulator.forward(wait)
        mail.sync("email_stats", email_stats_days=days)
        asked.append(mail.asked("stats"))

    assert asked == [[50], [50] * bool(days), [50] * bool(days), []]


def test_a_list_email_is_read_once_a_run_whatever_names_it(mail):
    for _ in range(3):
        mail.act(SENT, list_email_id=50, email_id=7)
        mail.act(OPEN, list_email_id=50)
        mail.click(list_email_id=50)
    run = mail.sync("visitor_activities", "email_clicks", "email_stats")

    assert mail.asked("stats") == [50]
    assert "1 row, 1 call, done" in run.line("email_stats")


@pytest.mark.parametrize("columns", [["id", "updated_at"], ["id", "updated_at", "list_email_id"]])
def test_what_was_sent_lately_is_known_also_of_columns_that_are_not_selected(mail, columns):
    mail.act(SENT, list_email_id=50)
    run = mail.sync("visitor_activities", "email_stats", columns={"visitor_activities": columns})
    assert [sorted(record) for record in run.records["visitor_activities"]] == [sorted(columns)]
    mail.emulator.forward(days=5)
    mail.sync("visitor_activities", "email_stats")

    assert mail.asked("stats") == [50]


# --- refusals --------------------------------------------------------------------------------


def test_unknown_and_denied_list_emails_cost_only_themselves(mail):
    for number in (501, 502, 503):
        mail.act(SENT, at=LONG_AGO, list_email_id=number)
    mail.emulator.fault(path="/stats/id/501", code=109, times=None)
    mail.emulator.fault(path="/stats/id/502", code=46, times=None)
    run = mail.sync("email_stats")

    assert (run.exit_code, list(stats_of(run))) == (0, [503])
    assert mail.warnings == [
        "email_stats: Pardot does not know 1 of the ids that other records name (any more).",
        "email_stats: the API user may not read 1 of the ids that other records name.",
    ]


def test_without_the_right_to_figures_the_emails_are_read_all_the_same(mail):
    mail.emulator.add("email", [{"id": number} for number in range(1, 21)])
    for number in range(1, 21):
        mail.act(SENT, at=LONG_AGO, email_id=number, list_email_id=100 + number)
    fault = mail.emulator.fault
    fault(object="email", path="/do/stats/", code=46, times=None)
    run = mail.sync("visitor_activities", "emails", "email_stats")

    assert run.exit_code == 0, run.stderr
    assert "Skipped: email_stats." in run.last_line
    assert run.ids("emails") == list(range(1, 21))
    assert len(run.ids("visitor_activities")) == 20
    mail.emulator.clear_faults()
    mail.emulator.forward(60)
    run = mail.sync("visitor_activities", "emails", "email_stats")
    assert list(stats_of(run)) == list(range(101, 121))
    assert mail.asked("read") == []


def test_figures_that_fail_are_read_by_the_next_run(mail):
    for number in (501, 502, 503):
        mail.act(SENT, at=LONG_AGO, list_email_id=number)
    mail.emulator.fault(path="/stats/id/502", code=198, times=None)
    run = mail.sync("email_stats")
    assert (run.exit_code, list(stats_of(run))) == (1, [501, 503])
    mail.emulator.clear_faults()
    mail.emulator.forward(60)
    run = mail.sync("email_stats")

    assert (run.exit_code, list(stats_of(run)), mail.asked("stats")) == (0, [502], [502])


# --- a life cycle ------------------------------------------------------------------------------


def test_an_email_is_sent_read_opened_and_its_figures_move(mail):
    emulator = mail.emulator
    emulator.add("campaign", [{"id": 7, "name": "Web"}])
    emulator.add("list", [{"id": 1}])
    people = range(1, 5)
    emulator.add("prospect", [{"id": n, "email": f"p{n}@example.com"} for n in people])
    emulator.add("listMembership", [{"id": n, "list_id": 1, "prospect_id": n} for n in people])
    content = {"campaign_id": 7, "name": "News", "subject": "Autumn", "from_name": "A"}
    content |= {"from_email": "a@example.com", "text_content": "Hi %%unsubscribe%%"}
    streams = ("visitor_activities", "email_clicks", "emails", "email_stats")

    def sync():
        emulator.forward(120)
        run = mail.sync(*streams)
        assert run.exit_code == 0, run.stderr
        return run.ids("emails"), stats_of(run)

    assert sync() == ([], {})
    to_all = mail.send("send", **{"list_ids[]": 1}, **content)
    to_one = mail.send("send/prospect_id/2", **content)
    numbers, figures = sync()
    assert numbers == [to_all, to_one]
    (list_email,) = figures
    assert list_email == emulator.outbox[0]["list_email_id"]
    moving = ("sent", "opens", "unique_opens", "opens_rate", "total_clicks")
    assert [figures[list_email][name] for name in moving] == [4, 0, 0, 0.0, 0]

    emulator.forward(7200)
    mail.act(OPEN, prospect_id=3, email_id=to_all, list_email_id=list_email)
    mail.act(OPEN, prospect_id=2, email_id=to_one)
    numbers, figures = sync()
    assert numbers == []
    assert [figures[list_email][name] for name in moving] == [4, 1, 1, 25.0, 0]

    emulator.forward(days=20)
    assert sync() == ([], {})
    emulator.forward(7200)
    mail.act(CLICK, prospect_id=3, email_id=to_all, list_email_id=list_email)
    _, figures = sync()
    assert [figures[list_email][name] for name in moving] == [4, 1, 1, 25.0, 1]
    assert emulator.unknown_calls == []
