"""The two operations that send e-mail fill the outbox: nothing is ever sent."""

import pytest

CONTENT = {
    "campaign_id": 7,
    "name": "News",
    "subject": "2024",
    "text_content": "Hi %%unsubscribe%%",
    "from_email": "a@example.com",
    "from_name": "A",
}


@pytest.fixture
def account(pardot):
    pardot.emulator.add("campaign", [{"id": 7}])
    pardot.emulator.add("list", [{"id": 1}, {"id": 2}, {"id": 3}])
    pardot.emulator.add("prospect", [{"id": 5, "email": "p@example.com"}])
    return pardot


def test_a_list_email_goes_to_the_outbox_and_can_be_read_again(account):
    body = {**CONTENT, "list_ids[]": [1, 2], "suppression_list_ids[]": 3, "tags[]": ["a", "b"]}
    email = account.call("email/send", "POST", data=body).json()["email"]
    assert (email["name"], email["subject"], email["isOneToOne"]) == ("News", 2024, False)
    assert account.call(f"email/read/id/{email['id']}").json()["email"] == email
    entry = account.emulator.outbox[0]
    assert entry["recipients"] == {"list_ids": [1, 2], "suppression_list_ids": [3]}
    assert entry["tags"] == ["a", "b"]


@pytest.mark.parametrize("who", ["prospect_id/5", "prospect_email/p%40example.com"])
def test_an_email_goes_to_one_prospect_by_id_or_address(account, who):
    answer = account.call(f"email/send/{who}", "POST", data=CONTENT)
    assert answer.json()["email"]["isOneToOne"] is True
    recipients = account.emulator.outbox[0]["recipients"]
    assert recipients == {"prospect_id": 5, "email": "p@example.com"}


@pytest.mark.parametrize(
    ("path", "change", "code"),
    [
        ("email/send", {}, 13),
        ("email/send", {"list_ids[]": 99}, 55),
        ("email/send", {"list_ids[]": 1, "campaign_id": 8}, 38),
        ("email/send", {"list_ids[]": 1, "text_content": "Hi"}, 64),
        ("email/send/prospect_id/6", {}, 3),
        ("email/send/prospect_email/q@example.com", {}, 4),
    ],
)
def test_a_refused_email_leaves_no_trace(account, path, change, code):
    assert account.code(path, "POST", data={**CONTENT, **change}) == code
    assert account.emulator.outbox == []
    assert account.emulator.count("email") == 0


def test_an_account_may_be_blocked_from_sending(account):
    account.emulator.set(email_blocked=True)
    assert account.code("email/send", "POST", data={**CONTENT, "list_ids[]": 1}) == 190
    assert account.emulator.outbox == []
