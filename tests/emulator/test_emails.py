"""E-mails are found by id only, and their figures move with the activities (reference C.6)."""

import json
import urllib.request
from xml.etree import ElementTree as ET

import pytest

KEYS = [
    *("sent", "delivered", "total_clicks", "unique_clicks", "soft_bounced", "hard_bounced"),
    *("opt_outs", "spam_complaints", "opens", "unique_opens", "delivery_rate", "opens_rate"),
    *("click_through_rate", "unique_click_through_rate", "click_open_ratio", "opt_out_rate"),
    "spam_complaint_rate",
]
RATES = [key for key in KEYS if key.endswith(("_rate", "_ratio"))]


def acts(*kinds, list_email_id=50, first=1):
    """Activities from (type, prospect), a minute apart."""
    return [
        {
            "id": first + n,
            "type": kind,
            "prospect_id": prospect,
            "list_email_id": list_email_id,
            "created_at": 1_704_067_200 + 60 * n,
        }
        for n, (kind, prospect) in enumerate(kinds)
    ]


def stats(pardot, number=50):
    answer = pardot.call(f"email/stats/id/{number}")
    assert answer.status_code == 200, answer.text
    return answer.json()["stats"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_message_is_left_out_on_demand(pardot, method):
    pardot.emulator.add(
        "email", [{"id": 1, "list_email_id": 50, "message": {"text": "a", "html": None}}]
    )
    whole = pardot.call("email/read/id/1", method).json()["email"]
    assert whole["message"] == {"text": "a", "html": None}
    assert list(whole) == ["id", "name", "isOneToOne", "subject", "message", "created_at"]
    data = {"include_message": "false"} if method == "POST" else None
    params = {} if data else {"include_message": "false"}
    short = pardot.call("email/read/id/1", method, data=data, **params).json()["email"]
    assert list(short) == ["id", "name", "isOneToOne", "subject", "created_at"]
    # The parameter is checked before the e-mail is looked for.
    assert pardot.code("email/read/id/2", include_message="0") == 50


@pytest.mark.parametrize("path", ["email/read/id/7", "email/stats/id/7"])
def test_the_code_of_an_unknown_email_is_a_switch(pardot, path):
    assert pardot.code(path) == 109
    assert pardot.call(path).status_code == 404
    for code, status in ((16, 400), (46, 403), (49, 403), (192, 404), (198, 404)):
        pardot.emulator.set(unknown_email=code)
        answer = pardot.call(path)
        assert (answer.status_code, answer.json()["@attributes"]["err_code"]) == (status, code)


@pytest.mark.parametrize("name", ["email", "emailTemplate"])
def test_there_is_no_list_of_emails_and_none_can_be_exported(pardot, name):
    pardot.emulator.add(name, [{"id": 1}])
    assert pardot.code(f"{name}/query") == 2
    assert pardot.code(f"{name}/read/name/a") == 198
    for one in (name, "visit", "emailStats"):
        assert pardot.create(one, ["id"]).status_code == 400
    assert pardot.emulator.exports == []


@pytest.mark.parametrize("path", ["query", "read/id/1", "stats/id/1"])
def test_rows_of_figures_are_no_object_of_the_api(pardot, path):
    pardot.emulator.add("emailStats", [{"id": 1, "sent": 3}])
    assert pardot.code(f"emailStats/{path}") == 198


def test_figures_are_counted_from_activities_and_unique_ones_by_prospect(pardot):
    kinds = [(6, 1), (6, 2), (6, 3), (6, 4), (6, 5), (6, 6), (6, 7), (6, 8)]
    kinds += [(11, 1), (11, 1), (11, 2), (1, 1), (17, 1), (1, 2), (13, 3), (36, 4)]
    kinds += [(12, 5), (35, 6), (14, 7), (2, 1), (16, 1)]
    pardot.emulator.add("visitorActivity", acts(*kinds))
    pardot.emulator.add("visitorActivity", acts((6, 9), (11, 9), list_email_id=51, first=90))
    assert stats(pardot) == {
        "sent": 8,
        "delivered": 6,
        "total_clicks": 3,
        "unique_clicks": 2,
        "soft_bounced": 1,
        "hard_bounced": 1,
        "opt_outs": 2,
        "spam_complaints": 1,
        "opens": 3,
        "unique_opens": 2,
        "delivery_rate": "75.00%",
        "opens_rate": "50.00%",
        "click_through_rate": "50.00%",
        "unique_click_through_rate": "33.33%",
        "click_open_ratio": "100.00%",
        "opt_out_rate": "33.33%",
        "spam_complaint_rate": "16.67%",
    }
    assert list(stats(pardot)) == KEYS
    assert pardot.emulator.stats(50) == stats(pardot)
    assert stats(pardot, 51)["opens_rate"] == "100.00%"


def test_a_click_stored_as_activity_and_as_click_counts_once_and_two_in_a_second_twice(pardot):
    pardot.emulator.add("visitorActivity", acts((1, 1), (1, 2)))
    click = {"prospect_id": 1, "list_email_id": 50, "created_at": 1_704_067_200}
    pardot.emulator.add("emailClick", [{"id": 1, **click}])
    assert stats(pardot)["total_clicks"] == 2
    pardot.emulator.add("emailClick", [{"id": 2, **click}])
    figures = stats(pardot)
    assert (figures["total_clicks"], figures["unique_clicks"]) == (3, 2)
    pardot.emulator.add("emailClick", [{**click, "id": 3, "prospect_id": 3}])
    assert stats(pardot)["unique_clicks"] == 3


def test_a_list_email_is_known_by_an_email_an_activity_a_click_or_a_row_of_figures(pardot):
    pardot.emulator.add("email", [{"id": 1, "list_email_id": 50}])
    pardot.emulator.add("visitorActivity", acts((6, 1), list_email_id=51))
    pardot.emulator.add("emailClick", [{"id": 1, "list_email_id": 52}])
    pardot.emulator.add("emailStats", [{"id": 53}])
    assert [stats(pardot, n)["sent"] for n in (50, 51, 52, 53)] == [0, 1, 0, 0]
    # The number of the e-mail is not that of the list e-mail.
    assert pardot.code("email/stats/id/1") == 109
    assert pardot.code("email/stats/id/x") == 16
    with pytest.raises(KeyError):
        pardot.emulator.stats(1)


@pytest.mark.parametrize("form", ["0%", "0.00%", "", None])
def test_a_rate_with_denominator_zero_is_a_switch(make, form):
    pardot = make(stats_zero_rate=form)
    pardot.emulator.add("email", [{"id": 1, "list_email_id": 50}])
    figures = stats(pardot)
    assert {key: figures[key] for key in RATES} == dict.fromkeys(RATES, form)
    assert [figures[key] for key in KEYS if key not in RATES] == [0] * 10


def test_no_figure_falls_below_zero_and_bounces_alone_deliver_nothing(pardot):
    pardot.emulator.add("visitorActivity", acts((13, 1), (11, 2)))
    figures = stats(pardot)
    assert (figures["sent"], figures["delivered"], figures["opens"]) == (0, 0, 1)
    assert figures["opens_rate"] == "0%"
    pardot.emulator.add("visitorActivity", acts((6, 1), first=9))
    assert stats(pardot)["delivery_rate"] == "0.00%"


def test_a_row_of_figures_replaces_them_one_by_one_with_any_value(pardot):
    pardot.emulator.add("visitorActivity", acts((6, 1), (11, 1)))
    own = {"id": 50, "opens": 7, "opens_rate": "", "opt_out_rate": None, "delivery_rate": 98.4}
    pardot.emulator.add("emailStats", [{**own, "_wire": {"drop": ["sent"], "set": {"new": 1}}}])
    figures = stats(pardot)
    assert {key: figures[key] for key in own if key != "id"} == {
        key: value for key, value in own.items() if key != "id"
    }
    assert (figures["delivered"], figures["click_open_ratio"], figures["new"]) == (1, "0.00%", 1)
    assert "sent" not in figures
    pardot.emulator.update("emailStats", 50, opens="computed", unique_opens="02")
    assert (stats(pardot)["opens"], stats(pardot)["unique_opens"]) == (1, "02")
    assert pardot.emulator.counts()["emailStats"] == 1


def test_figures_come_in_xml_and_from_the_control_endpoint_too(pardot):
    pardot.emulator.add("visitorActivity", acts((6, 1), (6, 2), (13, 2)))
    root = ET.fromstring(pardot.call("email/stats/id/50", format="xml").content)
    assert [element.tag for element in root.find("stats")] == KEYS
    assert root.findtext("stats/delivery_rate") == "50.00%"
    url = f"{pardot.emulator.url}/emulator/stats/50"
    with urllib.request.urlopen(url, timeout=9) as answer:
        assert json.load(answer) == stats(pardot)


def test_the_right_to_one_object_is_the_right_to_its_figures(pardot):
    pardot.emulator.add("email", [{"id": 1, "list_email_id": 50}])
    pardot.emulator.set(forbidden={"email": 49})
    assert pardot.code("email/stats/id/50") == pardot.code("email/read/id/1") == 49
    pardot.emulator.set(forbidden={})
    pardot.emulator.fault(path="/stats/id/50", code=46, times=None)
    assert pardot.code("email/stats/id/50") == 46
    assert pardot.call("email/read/id/1").status_code == 200
