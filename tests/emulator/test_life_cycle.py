"""An e-mail that is sent can be read, appears in activities, and its figures change."""

import subprocess
import sys

import pytest

from tests.emulator.test_sending import CONTENT

NOON = "2024-06-01T12:00:00Z"
WALL = "2024-06-01 12:00:00"


@pytest.fixture
def account(make):
    """Prospects 1 to 9 on list 1, each with something of its own; 9 and 10 on list 2."""
    pardot = make(clock=NOON, export_seconds=0)
    emulator = pardot.emulator
    emulator.add("campaign", [{"id": 7, "name": "Web"}])
    emulator.add("list", [{"id": 1}, {"id": 2}, {"id": 3}])
    own = {3: {"opted_out": True}, 4: {"is_do_not_email": True}, 5: {"deleted": True}}
    prospects = [
        {"id": n, "email": f"p{n}@example.com", **own.get(n, {})} for n in range(1, 11) if n != 8
    ]
    emulator.add("prospect", prospects)
    left = {6: {"opted_out": True}, 7: {"deleted": True}}
    members = [{"id": n, "list_id": 1, "prospect_id": n, **left.get(n, {})} for n in range(1, 10)]
    members += [{"id": 20 + n, "list_id": 2, "prospect_id": n} for n in (9, 10)]
    members += [
        {"id": 40, "list_id": 3, "prospect_id": 2},
        {"id": 41, "list_id": 3, "prospect_id": 1, "deleted": True},
    ]
    emulator.add("listMembership", members)
    return pardot


def send(pardot, path="email/send", **more):
    body = {**CONTENT, **({"list_ids[]": [1, 2]} if path == "email/send" else {}), **more}
    answer = pardot.call(path, "POST", data=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["email"]["id"]


def sent(pardot, number):
    return [row for row in pardot.rows("visitorActivity") if row["email_id"] == number]


def test_a_list_send_makes_an_activity_for_each_mailable_prospect(account):
    number = send(account)
    list_email = account.emulator.outbox[0]["list_email_id"]
    assert list_email not in {None, number}
    rows = sent(account, number)
    # Not: opted out (3, 6), no mail (4), in a bin (5, 7), unknown (8). 9 is on both lists.
    assert [row["prospect_id"] for row in rows] == [1, 2, 9, 10]
    assert rows[0] == {
        "id": rows[0]["id"],
        "prospect_id": 1,
        "type": 6,
        "type_name": "Email",
        "details": 2024,
        "email_id": number,
        "list_email_id": list_email,
        "campaign": {"id": 7, "name": "Web"},
        "created_at": WALL,
        "updated_at": WALL,
        "email": {"name": 2024, "app_url": f"https://pi.pardot.com/email/read?id={number}"},
    }
    assert account.emulator.outbox[0]["delivered"] == 4
    # The record of the API does not tell the number that its statistics go by.
    assert "list_email_id" not in account.call(f"email/read/id/{number}").json()["email"]
    assert account.emulator.rows("email")[0]["list_email_id"] == list_email


def test_suppression_lists_hold_back_and_operational_email_passes_opt_outs(account):
    number = send(account, **{"suppression_list_ids[]": 3})
    assert [row["prospect_id"] for row in sent(account, number)] == [1, 9, 10]
    number = send(account, operational_email="true", **{"suppression_list_ids[]": [3, 2]})
    assert [row["prospect_id"] for row in sent(account, number)] == [1, 3, 4, 6]


@pytest.mark.parametrize("who", ["prospect_id/2", "prospect_email/p2%40example.com"])
def test_a_one_to_one_send_makes_one_activity_without_a_list_email(account, who):
    number = send(account, f"email/send/{who}")
    (row,) = sent(account, number)
    assert (row["prospect_id"], row["type"], row["created_at"]) == (2, 6, WALL)
    assert "list_email_id" not in row
    entry = account.emulator.outbox[0]
    assert (entry["list_email_id"], entry["delivered"]) == (None, 1)


def test_figures_change_with_opens_and_clicks(account):
    number = send(account)
    list_email = account.emulator.outbox[0]["list_email_id"]
    figures = account.call(f"email/stats/id/{list_email}").json()["stats"]
    assert (figures["sent"], figures["delivered"], figures["opens"]) == (4, 4, 0)
    opened = {"id": 900, "type": 11, "prospect_id": 9, "email_id": number}
    account.emulator.add("visitorActivity", [{**opened, "list_email_id": list_email}])
    figures = account.call(f"email/stats/id/{list_email}").json()["stats"]
    assert (figures["opens"], figures["unique_opens"], figures["opens_rate"]) == (1, 1, "25.00%")
    assert account.code(f"email/stats/id/{number}") == 109


def test_two_sends_have_different_ids_above_all_ids_in_rows(account):
    rows = [{"id": 70, "email_id": 812, "list_email_id": 5_000_000}]
    account.emulator.add("visitorActivity", rows)
    account.emulator.add("emailClick", [{"id": 1, "list_email_id": 6_000_000}])
    numbers = [send(account), send(account, "email/send/prospect_id/1"), send(account)]
    assert numbers == [813, 814, 815]
    lists = [entry["list_email_id"] for entry in account.emulator.outbox]
    assert lists == [6_000_001, None, 6_000_002]
    assert min(row["id"] for row in sent(account, 813)) == 71
    ids = [row["id"] for row in account.emulator.rows("visitorActivity")]
    assert ids == list(range(70, 80))


def test_a_scheduled_email_is_sent_at_its_time(account):
    number = send(account, scheduled_time="2024-06-01T15:00:00+02:00")
    (entry,) = account.emulator.outbox
    assert (entry["delivered"], sent(account, number)) == (None, [])
    assert account.emulator.stats(entry["list_email_id"])["sent"] == 0
    account.emulator.forward(3_599)
    assert account.emulator.count("visitorActivity") == 0
    # Who is on the lists counts when it goes out.
    account.emulator.delete("listMembership", 1)
    account.emulator.forward(10)
    rows = sent(account, number)
    assert [row["prospect_id"] for row in rows] == [2, 9, 10]
    assert {row["created_at"] for row in rows} == {"2024-06-01 13:00:00"}
    account.emulator.delete("listMembership", 2)
    account.emulator.forward(10)
    assert account.emulator.count("visitorActivity") == 3
    assert account.emulator.outbox[0]["delivered"] == 3


@pytest.mark.parametrize("ask", ["call", "rows", "count", "counts", "stats", "outbox"])
def test_a_due_email_is_sent_before_any_answer(account, ask):
    send(account, scheduled_time="2024-06-01T13:00:00Z")
    list_email = account.emulator.outbox[0]["list_email_id"]
    account.emulator.set(clock="2024-06-02T00:00:00Z")
    found = {
        "call": lambda: account.query("visitorActivity")["total_results"],
        "rows": lambda: len(account.emulator.rows("visitorActivity")),
        "count": lambda: account.emulator.count("visitorActivity"),
        "counts": lambda: account.emulator.counts()["visitorActivity"],
        "stats": lambda: account.emulator.stats(list_email)["sent"],
        "outbox": lambda: account.emulator.outbox[0]["delivered"],
    }
    assert found[ask]() == 4


def test_moving_the_clock_sends_due_email_to_the_lists_of_that_time(account):
    number = send(account, scheduled_time="2024-06-01T13:00:00Z")
    account.emulator.forward(3_600)
    account.emulator.delete("listMembership", [1, 2])
    assert [row["prospect_id"] for row in sent(account, number)] == [1, 2, 9, 10]


def test_an_email_scheduled_in_the_past_is_sent_now(account):
    number = send(account, scheduled_time="2020-01-01T00:00:00Z")
    assert {row["created_at"] for row in sent(account, number)} == {WALL}


def test_a_stored_template_is_used_before_the_demo_one_and_named_by_activities(account):
    way_out = "Hi %%unsubscribe%%"
    stored = {"name": "Mine", "textMessage": way_out, "sendOptions": {}, "isListEmail": True}
    rows = [{"id": 6_789, "subject": "S1", **stored}, {"id": 99, "subject": "S2", **stored}]
    rows.append({"id": 98, "isArchived": True, **stored})
    account.emulator.add("emailTemplate", rows)
    body = {"list_ids[]": 1, "campaign_id": 7}
    for number, subject in ((6_789, "S1"), (99, "S2")):
        made = account.call("email/send", "POST", data={**body, "email_template_id": number})
        email = made.json()["email"]
        assert (email["name"], email["subject"]) == ("Mine", subject)
        assert {row["email_template_id"] for row in sent(account, email["id"])} == {number}
    assert account.code("email/send", "POST", data={**body, "email_template_id": 98}) == 68
    assert account.emulator.count("emailTemplate") == 3


def test_a_demo_template_that_was_used_can_be_read(account):
    assert "id" not in account.call("emailTemplate/read/id/6789").json()["emailTemplate"]
    body = {"list_ids[]": 1, "campaign_id": 7, "email_template_id": 6_789}
    assert account.call("email/send", "POST", data=body).status_code == 200
    read = account.call("emailTemplate/read/id/6789").json()["emailTemplate"]
    assert (read["id"], read["name"]) == (6_789, "Autumn News")


def test_sent_email_is_exported_with_the_other_activities(account):
    number = send(account)
    columns = ["id", "email_id", "prospect_id", "type"]
    span = {"updated_after": "2024-05-01 00:00:00", "updated_before": "2024-06-02 00:00:00"}
    rows = account.export("visitorActivity", columns, **span)
    assert sorted(int(row["prospect_id"]) for row in rows) == [1, 2, 9, 10]
    assert {row["email_id"] for row in rows} == {str(number)}


def test_the_command_lists_both_kinds_of_send(account):
    number = send(account)
    one = send(account, "email/send/prospect_id/1")
    done = subprocess.run(
        [sys.executable, "-m", "pardot_emulator", "outbox", account.emulator.url],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0][:3] == ["email_id", "list_email_id", "kind"]
    list_email = str(account.emulator.outbox[0]["list_email_id"])
    assert lines[1][:3] == [str(number), list_email, "list"]
    assert lines[2][:3] == [str(one), "null", "one_to_one"]


def test_a_reset_forgets_what_was_scheduled(account):
    send(account, scheduled_time="2024-06-01T13:00:00Z")
    account.emulator.reset()
    account.emulator.forward(days=1)
    assert account.emulator.count("visitorActivity") == 0
