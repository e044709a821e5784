"""An e-mail has the id of its list e-mail, by which figures are counted, in all versions."""

from __future__ import annotations

import random

import pytest

from pardot_emulator import Emulator
from tap_pardot.state.id_set import unpack, unpack_pairs
from tests.helpers.catalog import select, select_5
from tests.helpers.fan_out import OPEN, Account, cuts
from tests.helpers.mail import SENT, Mail

EARLY, LATE = "2024-05-10T10:00:00+00:00", "2024-05-20T10:00:00+00:00"
PAIRS = "list_emails_of_pending"
PARENTS = ("visitor_activities", "email_clicks")
OTHERS = ["id", "name", "subject"]


@pytest.fixture
def mail(emulator, tap):
    return Mail(emulator, tap)


@pytest.fixture
def account(emulator, tap, monkeypatch):
    """Pages of five rows, and STATE after every second call."""
    monkeypatch.setattr("tap_pardot.api.v4.V4.page_size", 5)
    monkeypatch.setattr("tap_pardot.sources.lookup.SAVE_EVERY", 2)
    return Account(emulator, tap)


def named(messages):
    """Return the list e-mail's id by e-mail, as a target holds them after some messages."""
    records = [each["record"] for each in messages if each.get("stream") == "emails"]
    return {each["id"]: each["list_email_id"] for each in records if "id" in each}


def rows_of(run):
    return named(each for each in run.messages if each["type"] == "RECORD")


def parts_of(run):
    """Return the part of ``emails`` of each STATE that has one."""
    states = [each["value"] for each in run.messages if each["type"] == "STATE"]
    return [part for each in states if (part := each["bookmarks"].get("emails"))]


# --- where the id comes from ---


@pytest.mark.parametrize("source", ["query", "export"])
@pytest.mark.parametrize("parents", [(), PARENTS])
def test_the_id_is_that_of_the_activity_or_the_click_that_names_the_email(mail, source, parents):
    mail.emulator.add("email", [{"id": number} for number in (1, 2, 3, 50)])
    mail.act(SENT, email_id=1, list_email_id=51)
    mail.act(SENT, email_id=2)  # a one-to-one e-mail
    mail.act(SENT, email_id=3, email_template_id=9)  # one of an engagement program
    mail.click(list_email_id=50)
    mail.click(list_email_id=51)

    run = mail.sync(*parents, "emails", bulk_source=source)

    assert (run.exit_code, mail.warnings) == (0, [])
    assert rows_of(run) == {1: 51, 2: None, 3: None, 50: 50}
    assert mail.bookmark("emails")[PAIRS] is None


@pytest.mark.parametrize("first", [True, False])
def test_of_several_activities_the_one_that_has_the_id_counts(mail, first):
    mail.emulator.add("email", [{"id": 1}, {"id": 2}])
    for has_id in (first, not first):
        mail.act(SENT, email_id=1, **({"list_email_id": 51} if has_id else {}))
    mail.act(SENT, email_id=2, list_email_id=0)

    run = mail.sync("emails")

    assert (run.exit_code, rows_of(run)) == (0, {1: 51, 2: None})
    mail.later()
    assert mail.sync("emails").exit_code == 0  # the STATE can be read


@pytest.mark.parametrize("name", ["list_email_id", "listEmailId"])
def test_an_id_in_the_answer_comes_first(mail, name):
    mail.emulator.add("email", [{"id": 1, "_wire": {"set": {name: 99}}}])
    mail.emulator.add("email", [{"id": 2, "_wire": {"set": {name: None}}}])
    for number in (1, 2):
        mail.act(SENT, email_id=number, list_email_id=50 + number)

    assert rows_of(mail.sync("emails")) == {1: 99, 2: 52}


def test_figures_join_to_the_names_of_emails(mail):
    for number in range(1, 6):
        mail.emulator.add("email", [{"id": number, "name": f"n{number}"}])
        mail.act(SENT, email_id=number, list_email_id=50 + number)

    run = mail.sync("emails", "email_stats")

    names = {each["list_email_id"]: each["name"] for each in run.records["emails"]}
    figures = {each["list_email_id"] for each in run.records["email_stats"]}
    assert {number: names[number] for number in figures} == {50 + n: f"n{n}" for n in range(1, 6)}


@pytest.mark.parametrize("source", ["query", "export"])
def test_versions_4_and_5_give_the_same_ids(tap, source):
    with Emulator(rows=200, seed=3, clock="2024-06-01T12:00:00+00:00") as emulator:
        emulator.set(export_seconds=0)
        config = {**emulator.config, "start_date": "2007-01-01", "export_poll_interval": 1}
        config["bulk_source"] = source
        four = tap.run(config, catalog=select(*PARENTS, "emails"))
        five = tap.run({**config, "api_version": 5}, catalog=select_5("emails"))

    assert (four.exit_code, five.exit_code) == (0, 0), four.stderr + five.stderr
    assert "emails: read by version 5 of the API." in five.log
    by_four, by_five = rows_of(four), rows_of(five)
    assert {None} < {*by_four.values()}
    assert by_four == {number: by_five[number] for number in by_four}


# --- what STATE stores ---


def fill(account):
    """Let activities name e-mails of list e-mails and others, and clicks list e-mails."""
    account.opens(EARLY, [9, 2, 13, 4, 2, 6, 11])
    account.clicks(EARLY, [20, 3, 7, 21, 8])
    account.opens(LATE, [1, 9, 12, 3, 5])
    account.clicks(LATE, [10, 22, 7, 1, 20, 14])
    others = [{"id": 70 + n, "type": OPEN, "email_id": 6000 + n} for n in range(6)]
    times = {"created_at": LATE, "updated_at": LATE}
    account.emulator.add("visitorActivity", [{**each, **times} for each in others])
    clicked = [{"id": number} for number in (20, 7, 21, 8, 10, 22, 14)]
    account.emulator.add("email", [*({"id": 6000 + n} for n in range(6)), *clicked])


EVERYTHING = {
    **{5000 + n: n for n in (1, 2, 3, 4, 5, 6, 9, 11, 12, 13)},
    **{6000 + n: None for n in range(6)},
    **{n: n for n in (7, 8, 10, 14, 20, 21, 22)},
}


@pytest.mark.parametrize("source", ["query", "export"])
@pytest.mark.parametrize("drain_at", [4, 5000])
@pytest.mark.parametrize("parents", [(), PARENTS])
def test_a_run_killed_after_any_state_is_completed_with_the_ids(
    account, monkeypatch, source, drain_at, parents
):
    monkeypatch.setattr("tap_pardot.state.id_set.DRAIN_AT", drain_at)
    fill(account)
    whole = account.run(*parents, "emails", bulk_source=source)
    assert whole.exit_code == 0, whole.stderr
    assert rows_of(whole) == EVERYTHING
    stored = 0
    places = cuts(whole)[:-1]
    for place in random.Random(7).sample(places, min(12, len(places))):
        account.state = None
        account.take(whole.messages[:place])
        stored += bool(account.bookmark("emails").get(PAIRS))
        run = account.run(*parents, "emails", bulk_source=source)
        assert run.exit_code == 0, run.stderr
        both = [each for each in [*whole.messages[:place], *run.messages] if "record" in each]
        assert named(both) == EVERYTHING, place
    assert stored
    for part in parts_of(whole):
        assert unpack_pairs(part[PAIRS]).keys() <= {*unpack(part["pending"])}


def test_an_id_that_fails_is_read_by_the_next_run_with_its_list_email(mail):
    for number in (1, 2, 3):
        mail.emulator.add("email", [{"id": number}])
        mail.act(SENT, email_id=number, list_email_id=50 + number)
    mail.break_read(2, code=198)
    assert rows_of(mail.sync("emails")) == {1: 51, 3: 53}
    assert mail.bookmark("emails")[PAIRS] == "2:52"
    mail.emulator.clear_faults()
    mail.later()

    assert rows_of(mail.sync("emails")) == {2: 52}
    assert mail.bookmark("emails")[PAIRS] is None


def test_ids_that_a_state_of_an_earlier_version_holds_are_read_without_list_email(account):
    fill(account)
    whole = account.run("emails")
    states = {number: whole.messages[number - 1]["value"]["bookmarks"] for number in cuts(whole)}
    stored = {number: each.get("emails", {}).get(PAIRS) or "" for number, each in states.items()}
    place = max(stored, key=lambda number: len(stored[number]))
    account.state = None
    account.take(whole.messages[:place])
    state = account.state["bookmarks"]["emails"]
    pending = {*unpack(state["pending"])}
    del state[PAIRS]

    run = account.run("emails")

    assert run.exit_code == 0, run.stderr
    found = named(each for each in [*whole.messages[:place], *run.messages] if "record" in each)
    assert found.keys() == EVERYTHING.keys()
    lost = {number for number in found if found[number] != EVERYTHING[number]}
    assert lost
    assert {found[number] for number in lost} == {None}
    assert lost <= pending


def test_a_deselected_column_stores_nothing(account):
    fill(account)
    run = account.run("emails", columns={"emails": OTHERS})

    assert run.exit_code == 0, run.stderr
    assert len(run.records["emails"]) == len(EVERYTHING)
    assert all("list_email_id" not in record for record in run.records["emails"])
    assert all(PAIRS not in part for part in parts_of(run))


def test_what_state_holds_of_a_column_that_was_deselected_later_is_dropped(mail):
    mail.emulator.add("email", [{"id": 2}, {"id": 3}])
    mail.act(SENT, email_id=2, list_email_id=52)
    mail.break_read(2, code=198)
    mail.sync("emails")
    assert mail.bookmark("emails")[PAIRS] == "2:52"

    mail.sync("emails", columns={"emails": OTHERS})

    assert mail.bookmark("emails")["pending"] == "2"
    assert mail.bookmark("emails")[PAIRS] is None


# --- e-mails that are loaded already ---


def test_an_email_that_is_read_already_is_not_read_again_for_the_column_alone(mail):
    mail.emulator.add("email", [{"id": 1}])
    mail.act(SENT, email_id=1, list_email_id=51)
    mail.sync("emails", columns={"emails": OTHERS})
    mail.later()
    mail.act(OPEN, email_id=1, list_email_id=51)

    run = mail.sync("emails", columns={"emails": [*OTHERS, "list_email_id"]})

    assert (rows_of(run), mail.asked("read")) == ({}, [])
    del mail.state["bookmarks"]["emails"]
    run = mail.sync("emails", columns={"emails": [*OTHERS, "list_email_id"]})
    assert rows_of(run) == {1: 51}
