"""E-mails by version 5: listed, read by id where the list lacks a column, figures of each list."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.helpers.children import SINCE
from tests.helpers.mail import OPEN, SENT, Mail

LONG_AGO = "2024-05-05T10:00:00Z"
LATELY = "2024-05-31T10:00:00Z"
STREAM = "dynamic_content_variations"


class Mail5(Mail):
    """An account with e-mails, and a tap that reads it by version 5."""

    def sync(self, *streams: str, columns: Any = None, methods: Any = None, **settings: Any) -> Any:
        """Run with a catalog that was discovered under version 5; arguments as of ``Runs.sync``."""
        settings = {"api_version": 5, **settings}
        catalog = self.catalog(settings)
        for entry in catalog["streams"]:
            name = entry["tap_stream_id"]
            only = (columns or {}).get(name)
            for item in entry["metadata"]:
                *_, column = item["breadcrumb"] or [None]
                if column is None:
                    item["metadata"]["selected"] = name in streams
                elif only is not None:
                    item["metadata"]["selected"] = column in only
            if method := (methods or {}).get(name):
                entry["replication_method"] = method
        return self.run(catalog, **settings)

    def catalog(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return the catalog that is discovered with some settings."""
        config = {**self.emulator.config, **SINCE, **settings}
        found: dict[str, Any] = json.loads(self._tap.run(config, "--discover").stdout)
        return found

    def list_emails(self, *numbers: int, at: str = LONG_AGO, **fields: Any) -> None:
        """Add list e-mails that were sent, and last changed, at a moment."""
        times = {"createdAt": at, "updatedAt": at, "sentAt": at}
        rows = [{"id": number, "isSent": True, **times, **fields} for number in numbers]
        self.emulator.add("listEmail", rows)

    def asked(self, version: int = 5, op: str = "stats", pardot_object: str = "listEmail"):
        """Return the ids of the last run's calls, by version and operation, smallest first."""
        calls = [
            each["id"]
            for each in self.calls(pardot_object)
            if each["version"] == version and each["op"] == op
        ]
        return sorted(calls)


@pytest.fixture
def mail(emulator, tap):
    return Mail5(emulator, tap)


def figures_of(run):
    return {record.pop("list_email_id"): record for record in run.records["email_stats"]}


# --- figures of list e-mails -----------------------------------------------------------------


def test_the_first_run_reads_the_figures_of_every_sent_list_email_without_activities(mail):
    mail.list_emails(51, 52)
    mail.list_emails(53, isSent=False, sentAt="2024-07-01T10:00:00Z")  # scheduled
    mail.list_emails(54, isSent=False, sentAt=None)  # a draft
    mail.act(SENT, at=LONG_AGO, list_email_id=51, prospect_id=1)
    mail.act(OPEN, at=LONG_AGO, list_email_id=51, prospect_id=1)

    run = mail.sync("email_stats")

    assert (run.exit_code, mail.warnings) == (0, [])
    assert "email_stats: read by version 5 of the API." in run.log
    assert mail.asked() == [51, 52]
    figures = figures_of(run)
    assert (figures[51]["sent"], figures[51]["opens_rate"]) == (1, 100.0)
    assert (figures[52]["sent"], figures[52]["opens_rate"]) == (0, None)
    assert figures[51]["read_at"].startswith("2024-06-01T12:00")
    assert mail.calls("visitorActivity") == mail.calls("emailClick") == []


def test_later_runs_read_the_figures_of_new_activities_and_of_emails_sent_lately(mail):
    mail.list_emails(51, 52, 53)
    mail.list_emails(54, at=LATELY)
    mail.sync("email_stats")

    mail.later()
    mail.act(OPEN, at="2024-06-01T12:30:00Z", list_email_id=52)
    mail.click(at="2024-06-01T12:30:00Z", list_email_id=53)
    run = mail.sync("email_stats", email_stats_days=7)

    assert (run.exit_code, mail.warnings) == (0, [])
    assert mail.asked() == [52, 53, 54]
    assert [call["version"] for call in mail.calls("visitorActivity")] == [5]
    mail.later()
    mail.sync("email_stats", email_stats_days=0)
    assert mail.asked() == []


def test_a_scheduled_list_email_has_figures_from_the_day_on_which_it_is_sent(mail):
    mail.list_emails(51, isSent=False, sentAt="2024-06-03T10:00:00Z")
    assert mail.sync("email_stats").records["email_stats"] == []
    asked = []
    for _ in range(3):
        mail.later(hours=24)
        mail.sync("email_stats", email_stats_days=7)
        asked.append(mail.asked())

    assert asked == [[], [51], [51]]


@pytest.mark.parametrize("rates", ["numbers", "percent"])
def test_rates_of_version_5_are_numbers_in_either_form(mail, rates):
    mail.emulator.set(v5_rates=rates)
    mail.list_emails(51)
    for prospect in (1, 2, 3):
        mail.act(SENT, at=LONG_AGO, list_email_id=51, prospect_id=prospect)
    mail.act(OPEN, at=LONG_AGO, list_email_id=51, prospect_id=1)

    figures = figures_of(mail.sync("email_stats"))[51]

    assert (figures["opens_rate"], figures["delivery_rate"]) == (33.33, 100.0)


@pytest.mark.parametrize("code", [46, 49, 109])
def test_figures_that_version_5_refuses_for_one_email_are_read_by_version_4(mail, code):
    mail.list_emails(51, 52, 53)
    for number in (51, 52, 53):
        mail.act(SENT, at=LONG_AGO, list_email_id=number)
    mail.emulator.fault(path="/list-emails/52/stats", code=code, times=None)

    run = mail.sync("email_stats")

    assert (run.exit_code, mail.warnings) == (0, [])
    assert {number: each["sent"] for number, each in figures_of(run).items()} == {
        51: 1,
        52: 1,
        53: 1,
    }
    assert mail.asked() == [51, 52, 53]
    assert mail.asked(4, pardot_object="email") == [52]


def test_an_email_whose_figures_nobody_knows_costs_only_itself(mail):
    mail.list_emails(51, 53)
    mail.act(SENT, at=LONG_AGO, list_email_id=51)
    mail.sync("email_stats")
    mail.later()
    mail.act(OPEN, at="2024-06-01T12:30:00Z", list_email_id=99)
    mail.emulator.fault(path="/list-emails/99/stats", code=109, times=None)
    mail.emulator.fault(path="/do/stats/id/99", code=55, times=None)
    mail.act(OPEN, at="2024-06-01T12:30:00Z", list_email_id=51)

    run = mail.sync("email_stats", email_stats_days=0)

    assert (run.exit_code, list(figures_of(run))) == (0, [51])
    assert mail.warnings == [
        "email_stats: Pardot does not know 1 of the ids that other records name (any more)."
    ]
    assert mail.bookmark("email_stats")["pending"] is None


@pytest.mark.parametrize("code", [46, 198])
def test_without_the_list_the_figures_are_those_that_activities_and_clicks_name(mail, code):
    mail.list_emails(51, 52)
    mail.act(OPEN, at=LONG_AGO, list_email_id=51)
    mail.emulator.fault(object="listEmail", op="query", code=code, times=None)

    run = mail.sync("email_stats")

    assert (run.exit_code, list(figures_of(run))) == (0, [51])
    assert mail.asked(4, pardot_object="email") == [51]
    assert sum("versions 3 and 4 are used" in line for line in run.log) == 1
    mail.emulator.clear_faults()
    mail.later()
    run = mail.sync("email_stats", email_stats_days=0)
    # The list goes on where activities and clicks were: what they named was read.
    assert (run.exit_code, figures_of(run)) == (0, {})
    assert mail.bookmark("email_stats")["seen"].keys() >= {"list_emails"}


def test_a_first_run_that_stops_early_is_completed_with_what_happened_meanwhile(mail):
    mail.list_emails(*range(51, 61))
    stopped = mail.sync("email_stats", daily_call_limit=12)
    assert stopped.exit_code == 0
    first = set(figures_of(stopped))
    assert 0 < len(first) < 10

    mail.later()
    moved = min(first)
    mail.act(OPEN, at="2024-06-01T12:30:00Z", list_email_id=moved)
    second = set(figures_of(mail.sync("email_stats", email_stats_days=0)))

    assert first | second == set(range(51, 61))
    assert moved in second


def test_version_5_reads_no_figures_that_version_4_has_read_before(mail):
    mail.list_emails(51, 52)
    for number in (51, 52):
        mail.act(SENT, at=LONG_AGO, list_email_id=number)
    run = mail.sync("email_stats", api_version=4)
    assert sorted(figures_of(run)) == [51, 52]
    mail.later()
    mail.list_emails(53, at="2024-06-01T12:30:00Z")
    mail.act(OPEN, at="2024-06-01T12:30:00Z", list_email_id=52)

    run = mail.sync("email_stats", email_stats_days=0)

    assert (run.exit_code, sorted(figures_of(run))) == (0, [52, 53])


def test_version_4_reads_the_figures_that_an_interrupted_list_has_not_named(mail):
    mail.list_emails(51, 52)
    for number in (51, 52):
        mail.act(SENT, at=LONG_AGO, list_email_id=number)
    mail.emulator.fault(object="listEmail", op="query", nth=2, code=122, times=None)
    stopped = mail.sync("email_stats")
    assert (stopped.exit_code, figures_of(stopped)) == (2, {})
    mail.emulator.clear_faults()
    mail.later()

    run = mail.sync("email_stats", api_version=4, email_stats_days=0)
    assert (run.exit_code, sorted(figures_of(run))) == (0, [51, 52])
    mail.later()
    run = mail.sync("email_stats", api_version=4, email_stats_days=0)
    assert (run.exit_code, figures_of(run)) == (0, {})
    run = mail.sync("email_stats", email_stats_days=0)
    assert (run.exit_code, figures_of(run)) == (0, {})


def test_an_account_without_versions_3_and_4_has_figures(mail):
    mail.list_emails(51)
    mail.emulator.set(versions_gone=[3, 4])

    run = mail.sync("email_stats")

    assert (run.exit_code, list(figures_of(run))) == (0, [51]), run.stderr
    mail.later()
    mail.act(OPEN, at="2024-06-01T12:30:00Z", list_email_id=51)
    run = mail.sync("email_stats", email_stats_days=0)
    assert (run.exit_code, list(figures_of(run))) == (0, [51]), run.stderr


def test_children_that_share_a_parent_all_get_its_records(mail):
    mail.list_emails(51, recipientLists=[1])
    mail.act(OPEN, at=LONG_AGO, list_email_id=51)
    streams = ["email_stats", "list_email_lists", "list_emails", "visitor_activities"]
    settings = {"include": ["list_email_lists"], "email_stats_days": 0}

    run = mail.sync(*streams, **settings)

    assert (run.exit_code, mail.warnings) == (0, [])
    assert list(figures_of(run)) == [51]
    assert [each["list_id"] for each in run.records["list_email_lists"]] == [1]
    assert run.ids("list_emails") == [51]
    assert run.ids("visitor_activities") == [1]
    mail.later()
    mail.act(OPEN, at="2024-06-01T12:30:00Z", list_email_id=51)
    mail.list_emails(52, at="2024-06-01T12:30:00Z", recipientLists=[2, 3])
    run = mail.sync(*streams, **settings)
    assert sorted(figures_of(run)) == [51, 52]
    assert [each["list_id"] for each in run.records["list_email_lists"]] == [2, 3]
    assert run.ids("list_emails") == [52]
    assert len(mail.calls("visitorActivity")) == 1


# --- the lists of list e-mails ---------------------------------------------------------------


def test_the_lists_of_list_emails_are_off_unless_included(mail):
    mail.list_emails(51, recipientLists=[1])

    assert mail.sync("list_email_lists").records["list_email_lists"] == []
    run = mail.sync("list_email_lists", include=["list_email_lists"])
    assert len(run.records["list_email_lists"]) == 1


@pytest.mark.parametrize("form", ["objects", "ids", "dotted"])
def test_a_list_email_has_a_row_for_each_of_its_lists(mail, form):
    mail.emulator.set(v5_recipient_lists=form)
    mail.list_emails(51, recipientLists=[1, 2], suppressionLists=[3])
    mail.list_emails(52, recipientLists=[], suppressionLists=[])
    mail.list_emails(53, isSent=False, sentAt=None, recipientLists=[1])

    run = mail.sync("list_email_lists", include=["list_email_lists"], max_concurrent_requests=1)

    assert (run.exit_code, mail.warnings) == (0, [])
    rows = run.records["list_email_lists"]
    keys = [(row["list_email_id"], row["role"], row["list_id"]) for row in rows]
    assert keys == [
        (51, "recipient", 1),
        (51, "recipient", 2),
        (51, "suppression", 3),
        (53, "recipient", 1),
    ]
    assert {row["list_email_updated_at"] for row in rows} == {"2024-05-05T10:00:00+00:00"}
    # The first refusal shows how Pardot wants to be asked.
    assert len(mail.asked(op="read")) == (4 if form == "dotted" else 3)


def test_only_new_and_changed_list_emails_are_read_for_their_lists(mail):
    settings = {"include": ["list_email_lists"]}
    mail.list_emails(51, 52, 53, recipientLists=[1])
    mail.sync("list_email_lists", **settings)
    assert mail.asked(op="read") == [51, 52, 53]
    mail.later()
    changed = {"recipientLists": [1, 4], "updatedAt": "2024-06-01T12:30:00Z"}
    mail.emulator.update("listEmail", [52], **changed)

    run = mail.sync("list_email_lists", **settings)

    assert mail.asked(op="read") == [52]
    assert [row["list_id"] for row in run.records["list_email_lists"]] == [1, 4]


def test_a_list_email_in_the_recycle_bin_costs_only_itself(mail):
    mail.list_emails(51, 53, recipientLists=[1])
    mail.list_emails(52, recipientLists=[1], isDeleted=True)

    run = mail.sync("list_email_lists", include=["list_email_lists"])

    assert run.exit_code == 0
    assert [row["list_email_id"] for row in run.records["list_email_lists"]] == [51, 53]
    assert len(mail.warnings) == 1
    assert mail.bookmark("list_email_lists")["pending"] is None


# --- e-mails: a list, and one read each for what it lacks ------------------------------------

BODIES = ["message_text", "message_html"]
ONLY_V4 = ["is_one_to_one", "created_at"]


def sent(mail, *numbers: int, **fields: Any) -> None:
    """Add e-mails; only version 5 lists those that no activity names."""
    rows = [
        {
            "id": number,
            "name": f"E-mail {number}",
            "sent_at": LONG_AGO,
            "created_at": "2024-05-05T09:00:00Z",
            "isOneToOne": True,
            "message": {"text": f"Text {number}", "html": f"<p>{number}</p>"},
            **fields,
        }
        for number in numbers
    ]
    mail.emulator.add("email", rows)


def selected(*columns: str) -> dict[str, Any]:
    """Return the settings and the selection for some columns of ``emails``."""
    return {
        "columns": {"emails": ["id", "name", *columns]},
        "include": [f"emails.{name}" for name in columns],
    }


def test_emails_are_listed_without_a_read_of_each(mail):
    sent(mail, *range(1, 251))

    run = mail.sync("emails", columns={"emails": ["id", "name"]})

    assert (run.exit_code, mail.warnings) == (0, [])
    assert run.ids("emails") == list(range(1, 251))
    assert [call["version"] for call in mail.calls("email")] == [5]


def test_bodies_alone_cost_one_read_by_version_5_each(mail):
    sent(mail, 1, 2, 3)

    run = mail.sync("emails", **selected(*BODIES))

    assert (run.exit_code, mail.warnings) == (0, [])
    assert run.records["emails"][1] == {
        "id": 2,
        "name": "E-mail 2",
        "message_text": "Text 2",
        "message_html": "<p>2</p>",
    }
    assert run.ids("emails") == [1, 2, 3]
    assert mail.asked(op="read", pardot_object="email") == [1, 2, 3]
    assert mail.asked(4, op="read", pardot_object="email") == []


@pytest.mark.parametrize("bodies", [[], BODIES])
def test_columns_that_only_version_4_has_cost_one_read_by_it_each(mail, bodies):
    sent(mail, 1, 2, 3, _wire={"set": {"list_email_id": 77}})  # version 4 only says so

    run = mail.sync("emails", **selected("sent_at", "list_email_id", *ONLY_V4, *bodies))

    assert (run.exit_code, mail.warnings) == (0, [])
    texts = {"message_text": "Text 2", "message_html": "<p>2</p>"} if bodies else {}
    assert run.records["emails"][1] == {
        "id": 2,
        "name": "E-mail 2",
        "sent_at": "2024-05-05T10:00:00+00:00",
        "list_email_id": None,
        "is_one_to_one": True,
        "created_at": "2024-05-05T09:00:00+00:00",
        **texts,
    }
    assert mail.asked(4, op="read", pardot_object="email") == [1, 2, 3]
    assert mail.asked(op="read", pardot_object="email") == []
    params = mail.calls("email")[-1]["params"]
    assert params.get("include_message") == (None if bodies else "false")


def test_a_later_run_reads_only_new_emails(mail):
    sent(mail, 1, 2, 3)
    mail.sync("emails", **selected(*BODIES))
    mail.later()
    sent(mail, 4, sent_at="2024-06-01T12:30:00Z")

    run = mail.sync("emails", **selected(*BODIES))

    assert run.ids("emails") == [4]
    assert mail.asked(op="read", pardot_object="email") == [4]
    mail.later()
    mail.sync("emails", **selected(*BODIES))
    assert len(mail.calls("email")) == 2


@pytest.mark.parametrize(
    ("columns", "version", "code"),
    [(BODIES, 5, 109), (BODIES, 5, 46), (ONLY_V4, 4, 55), (ONLY_V4, 4, 49)],
)
def test_an_email_that_is_listed_but_not_read_has_no_nulls_instead(mail, columns, version, code):
    sent(mail, *range(1, 8))
    for number in (1, 4, 5):
        path = f"/emails/{number}" if version == 5 else f"/do/read/id/{number}"
        mail.emulator.fault(path=path, code=code, times=None)

    run = mail.sync("emails", **selected(*columns))

    assert (run.exit_code, mail.warnings) == (0, [])
    assert run.ids("emails") == list(range(1, 8))
    for record in run.records["emails"]:
        is_read = record["id"] not in {1, 4, 5}
        assert record["name"] == f"E-mail {record['id']}"
        assert (record.keys() >= set(columns)) == is_read
        assert record.keys().isdisjoint(columns) != is_read
    assert any("does not give 3 of the listed rows by id" in line for line in run.log)


def test_a_run_that_stops_early_goes_on_after_the_last_page_that_is_read(mail):
    sent(mail, *range(1, 251))
    wanted = selected(*BODIES)

    stopped = mail.sync("emails", daily_call_limit=180, **wanted)
    first = mail.asked(op="read", pardot_object="email")
    rest = mail.sync("emails", **wanted)

    assert stopped.exit_code == rest.exit_code == 0
    assert first[-1] < 200
    assert mail.asked(op="read", pardot_object="email") == list(range(101, 251))
    assert rest.ids("emails") == list(range(101, 251))
    assert sorted({*stopped.ids("emails"), *rest.ids("emails")}) == list(range(1, 251))


@pytest.mark.parametrize("code", [46, 49])
def test_without_the_right_to_read_emails_they_are_those_that_activities_name(mail, code):
    sent(mail, 1, 2)
    mail.act(SENT, at=LONG_AGO, email_id=1)
    mail.emulator.fault(object="email", op="read", version=5, code=code, times=None)

    run = mail.sync("emails", **selected(*BODIES))

    assert run.exit_code == 0
    assert run.ids("emails") == [1]
    assert [record["message_text"] for record in run.records["emails"]] == ["Text 1"]
    assert sum("versions 3 and 4 are used" in line for line in mail.warnings) == 1


def test_columns_of_version_5_are_left_out_with_a_sentence_where_version_4_reads_emails(mail):
    sent(mail, 1)
    mail.act(SENT, at=LONG_AGO, email_id=1)
    mail.emulator.fault(object="email", op="query", version=5, code=46, times=None)

    run = mail.sync("emails", columns={"emails": ["id", "name", "sent_at"]})

    assert (run.exit_code, run.records["emails"]) == (0, [{"id": 1, "name": "E-mail 1"}])
    assert sum("versions 3 and 4 are used" in line for line in mail.warnings) == 1
    assert "emails: left out, because only version 5 has them: sent_at." in run.log


def test_a_body_that_version_5_refuses_is_left_out(mail):
    sent(mail, 1, 2)
    mail.emulator.set(v5_refused_fields=["emails.textMessage"])

    run = mail.sync("emails", **selected(*BODIES), max_concurrent_requests=1)

    assert run.exit_code == 0
    assert run.records["emails"] == [
        {"id": number, "name": f"E-mail {number}", "message_html": f"<p>{number}</p>"}
        for number in (1, 2)
    ]


def test_an_account_without_versions_3_and_4_has_the_columns_of_version_5(mail):
    sent(mail, 1)
    mail.emulator.set(versions_gone=[3, 4])

    run = mail.sync("emails", **selected(*BODIES, *ONLY_V4))

    assert run.exit_code == 0
    assert run.records["emails"] == [
        {"id": 1, "name": "E-mail 1", "message_text": "Text 1", "message_html": "<p>1</p>"}
    ]


# --- list e-mails with bodies ----------------------------------------------------------------


def test_bodies_of_list_emails_cost_one_read_each_and_those_in_the_bin_come_without(mail):
    mail.list_emails(51, 53, htmlMessage="<p>Hi</p>", textMessage="Hi")
    mail.list_emails(52, isDeleted=True, textMessage="Hi")
    columns = ["id", "is_deleted", "updated_at", "html_message", "text_message"]
    include = ["list_emails.html_message", "list_emails.text_message"]

    run = mail.sync("list_emails", columns={"list_emails": columns}, include=include)

    assert (run.exit_code, mail.warnings) == (0, [])
    at = {"updated_at": "2024-05-05T10:00:00+00:00"}
    bodies = {"html_message": "<p>Hi</p>", "text_message": "Hi"}
    assert run.records["list_emails"] == [
        {"id": 51, "is_deleted": False, **at, **bodies},
        {"id": 52, "is_deleted": True, **at},
        {"id": 53, "is_deleted": False, **at, **bodies},
    ]
    assert mail.asked(op="read") == [51, 52, 53]


# --- templates -------------------------------------------------------------------------------


def templates(mail, *numbers: int, at: str = LONG_AGO, **fields: Any) -> None:
    rows = [
        {
            "id": number,
            "name": f"Template {number}",
            "type": 2,
            "fromName": "Ada",
            "emailType": 0,
            "htmlMessage": "<p>Hi</p>",
            "created_at": at,
            "updated_at": at,
            **fields,
        }
        for number in numbers
    ]
    mail.emulator.add("emailTemplate", rows)


def test_templates_with_a_column_of_version_4_are_listed_by_5_and_read_by_4(mail):
    templates(mail, 1, 2)
    templates(mail, 3, isArchived=True, sendOptions={"replyToAddress": '["a@example.com"]'})
    only = ["from_name", "send_options_reply_to_address"]
    wanted = {
        "columns": {
            "email_templates": ["id", "updated_at", "type", "is_archived", "html_message", *only]
        },
        "include": [f"email_templates.{name}" for name in only],
    }

    run = mail.sync("email_templates", **wanted)

    assert (run.exit_code, mail.warnings) == (0, [])
    common = {
        "type": 2,
        "html_message": "<p>Hi</p>",
        "from_name": "Ada",
        "updated_at": "2024-05-05T10:00:00+00:00",
    }
    assert run.records["email_templates"] == [
        {"id": 1, "is_archived": False, "send_options_reply_to_address": None, **common},
        {"id": 2, "is_archived": False, "send_options_reply_to_address": None, **common},
        {"id": 3, "is_archived": True, "send_options_reply_to_address": "a@example.com", **common},
    ]
    assert mail.asked(4, op="read", pardot_object="emailTemplate") == [1, 2, 3]
    mail.later()
    mail.emulator.update("emailTemplate", [2], fromName="Bob", updated_at="2024-06-01T12:30:00Z")
    run = mail.sync("email_templates", **wanted)
    assert [record["from_name"] for record in run.records["email_templates"]] == ["Bob"]
    assert mail.asked(4, op="read", pardot_object="emailTemplate") == [2]


def test_templates_without_such_a_column_cost_one_call(mail):
    templates(mail, 1, 2)

    run = mail.sync("email_templates")

    assert run.ids("email_templates") == [1, 2]
    assert [call["version"] for call in mail.calls("emailTemplate")] == [5]


# --- variations of dynamic contents ----------------------------------------------------------


def variations(mail) -> None:
    mail.emulator.add("dynamicContent", [{"id": 7}, {"id": 8}, {"id": 9, "deleted": True}])
    rows = [{"id": 1, "dynamicContentId": 8}, {"id": 2, "dynamicContentId": 7}]
    rows += [{"id": number, "dynamicContentId": 9} for number in range(3, 6)]
    mail.emulator.add("dynamicContentVariation", rows)


@pytest.mark.parametrize("switch", ["listed", "empty", "refused"])
def test_variations_are_read_together_or_by_their_dynamic_contents(mail, switch):
    variations(mail)
    mail.emulator.set(v5_variations=switch)

    run = mail.sync(STREAM)

    assert (run.exit_code, mail.warnings) == (0, [])
    found = {row["id"]: row["dynamic_content_id"] for row in run.records[STREAM]}
    assert found == {1: 8, 2: 7, 3: 9, 4: 9, 5: 9}
    assert len(run.records[STREAM]) == 5
    assert len(mail.calls("dynamicContentVariation")) == (1 if switch == "listed" else 4)
    assert len(mail.calls("dynamicContent")) == (0 if switch == "listed" else 1)


def test_an_account_without_dynamic_contents_has_no_variations(mail):
    run = mail.sync(STREAM)

    assert (run.exit_code, run.records[STREAM], mail.warnings) == (0, [], [])


def test_without_the_right_to_variations_no_dynamic_content_is_asked_for(mail):
    variations(mail)
    mail.emulator.fault(object="dynamicContentVariation", code=46, times=None)

    run = mail.sync(STREAM)

    assert run.exit_code == 0
    assert "skipped" in run.line(STREAM)
    assert mail.calls("dynamicContent") == []


# --- what the versions name differently ------------------------------------------------------


def test_the_types_of_templates_are_numbers_and_one_of_version_4_has_no_word_in_5(mail):
    for number, kind in enumerate((0, 1, 2, 3), start=1):
        templates(mail, number, type=kind)

    run = mail.sync("email_templates", columns={"email_templates": ["id", "type", "updated_at"]})

    assert [record["type"] for record in run.records["email_templates"]] == [0, 1, 2, None]
    entry = next(
        each
        for each in mail.catalog({"api_version": 5})["streams"]
        if each["tap_stream_id"] == "email_templates"
    )
    assert "version 5 has no word" in entry["schema"]["properties"]["type"]["description"]


# --- whether e-mails have the same ids in both versions --------------------------------------

OTHER_IDS = (
    "emails: versions 3 and 4 are used, because version 5 has other ids than those that "
    "activities name."
)


def test_the_id_that_an_activity_names_is_asked_for_in_version_5_once(mail):
    sent(mail, 1, 2)
    mail.act(SENT, at=LATELY, email_id=1)
    mail.act(SENT, at=LATELY, email_id=2)
    asked = []
    for _ in range(2):
        run = mail.sync("emails", columns={"emails": ["id", "name"]})
        assert (run.exit_code, mail.warnings) == (0, [])
        asked.append(mail.asked(op="read", pardot_object="email"))
        asked.append(len(mail.calls("visitorActivity")))
        mail.later()

    assert asked == [[2], 1, [], 0]
    assert mail.bookmark("emails")["same_ids"] is True


def test_emails_with_other_ids_in_version_5_are_those_that_activities_name(mail):
    sent(mail, 1, 2)
    mail.act(SENT, at=LATELY, email_id=2)
    mail.emulator.fault(object="email", version=5, op="read", code=109, times=None)

    run = mail.sync("emails", columns={"emails": ["id", "name"]})

    assert (run.exit_code, run.ids("emails"), mail.warnings) == (0, [2], [OTHER_IDS])
    mail.later()
    mail.act(SENT, at="2024-06-01T12:30:00Z", email_id=1)
    run = mail.sync("emails", columns={"emails": ["id", "name"]})
    assert (run.ids("emails"), mail.warnings) == ([1], [OTHER_IDS])
    assert [call["version"] for call in mail.calls("email")] == [4]


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("code", [46, 84])
def test_without_an_answer_nothing_is_concluded_about_ids(mail, code):
    sent(mail, 1)
    mail.act(SENT, at=LATELY, email_id=1)
    mail.emulator.fault(object="visitorActivity", code=code, times=None)

    run = mail.sync("emails", columns={"emails": ["id", "name"]})

    assert run.ids("emails") == [1]
    assert mail.bookmark("emails").get("same_ids") is None


def test_an_email_that_no_version_knows_says_nothing_about_ids(mail):
    sent(mail, 1)
    mail.act(SENT, at=LATELY, email_id=99)

    run = mail.sync("emails", columns={"emails": ["id", "name"]})

    assert (run.ids("emails"), mail.warnings) == ([1], [])


def test_a_run_that_ends_after_the_verdict_leaves_a_state_that_can_be_read(mail):
    sent(mail, 1)
    mail.act(SENT, at=LATELY, email_id=1)
    mail.emulator.fault(object="email", version=5, op="query", code=122, times=None)

    stopped = mail.sync("emails", columns={"emails": ["id", "name"]})
    mail.emulator.clear_faults()
    run = mail.sync("emails", columns={"emails": ["id", "name"]})

    assert (stopped.exit_code, run.exit_code, run.ids("emails")) == (2, 0, [1])
