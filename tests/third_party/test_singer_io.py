"""singer-io's tap reads the emulator as it reads Pardot: a client that we cannot bend.

Its known losses are in ``test_known_losses.py``; here the rows are harmless: no two share a
second, nobody's clock changes, nothing is updated between two runs.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.third_party

TIMES = {"created_at": "date-time", "updated_at": "date-time"}
STREAMS = {
    "campaigns": {"id": "integer", "name": "string", "cost": "integer"},
    "email_clicks": {
        "id": "integer",
        "prospect_id": "integer",
        "url": "string",
        "list_email_id": "integer",
        "email_template_id": "integer",
        "created_at": "date-time",
    },
    "lists": {
        "id": "integer",
        "name": "string",
        "title": "string",
        "description": "string",
        "is_public": "boolean",
        "is_dynamic": "boolean",
        **TIMES,
    },
    "opportunities": {
        "id": "integer",
        "name": "string",
        "value": "number",
        "probability": "integer",
        "campaign_id": "integer",
        "closed_at": "date-time",
        **TIMES,
    },
    "users": {"id": "integer", "email": "string", "first_name": "string", **TIMES},
}
OBJECTS = {
    "campaigns": "campaign",
    "email_clicks": "emailClick",
    "lists": "list",
    "opportunities": "opportunity",
    "users": "user",
}
FIRST = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def utc(emulator):
    """Put the API user into UTC, as Stitch's manual demands of singer-io's users."""
    emulator.set(timezone="UTC")


def at(number):
    """The time of the n-th row, as stored and as singer-io writes it."""
    moment = FIRST + timedelta(seconds=number)
    return moment.isoformat(), moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def pairs(stream, number):
    """The n-th row of a stream in storage form, and what singer-io should make of it."""
    stored, emitted = at(number)
    one = {"id": 3 * number, "name": f"N° {number} “ü” 🎯, a\nb"}
    if stream == "campaigns":
        one["cost"] = number if number % 3 else None
        return {**one, "created_at": stored, "updated_at": stored}, one
    if stream == "email_clicks":
        del one["name"]
        one |= {"prospect_id": number, "url": f"https://example.com/?a={number}&b=%20"}
        # Of the source ids only the one of the mail's kind is there, the others are no keys.
        one |= {("list_email_id", "email_template_id")[number % 2]: number}
        return {**one, "created_at": stored}, {**one, "created_at": emitted}
    if stream == "lists":
        one |= {"title": None, "description": ""}
        one |= {"is_public": number % 2 == 0, "is_dynamic": number % 3 == 0}
    if stream == "opportunities":
        one |= {"value": number + 0.25, "probability": number % 101, "campaign_id": number}
    if stream == "users":
        one = {"id": 3 * number, "email": f"u{number}@example.com", "first_name": None}
    times = {"created_at": stored, "updated_at": stored}
    return {**one, **times}, {**one, "created_at": emitted, "updated_at": emitted}


@pytest.mark.parametrize("rows", [0, 1, 200, 450])
def test_it_reads_all_harmless_rows_with_their_values(emulator, singer_io, rows):
    expected = {}
    for stream, name in OBJECTS.items():
        both = [pairs(stream, number) for number in range(1, rows + 1)]
        emulator.add(name, [row for row, _ in both])
        expected[stream] = [record for _, record in both]

    run = singer_io.run(emulator, STREAMS)

    assert run.exit_code == 0, run.stderr
    assert {stream: run.records[stream] for stream in STREAMS} == expected
    assert emulator.unknown_calls == []
    assert [login["status"] for login in emulator.logins] == [200]
    # Each page is followed by one more call, which brings nothing.
    pages = (rows + 199) // 200 + 1
    assert len(emulator.calls) == len(STREAMS) * pages


def test_strings_that_look_like_numbers_reach_it_as_numbers(emulator, singer_io):
    names = ["2024", "15555555555", "007", "02190", "1.50", "-3", "1,5", "12 "]
    emulator.add(
        "list",
        [
            {"id": number, "name": name, "updated_at": at(number)[0]}
            for number, name in enumerate(names, 1)
        ],
    )

    run = singer_io.run(emulator, {"lists": {"id": "integer", "name": "string"}})

    # Its str() brings the digits back, but for 1.50, which came as 1.5 (reference A.6).
    assert [record["name"] for record in run.records["lists"]] == [
        *("2024", "15555555555", "007", "02190", "1.5", "-3", "1,5", "12 ")
    ]


def test_a_dead_token_is_answered_so_that_it_logs_in_again(emulator, singer_io):
    rows = [pairs("lists", number) for number in range(1, 301)]
    emulator.add("list", [row for row, _ in rows])
    emulator.fault(object="list", nth=2, change={"expire_tokens": True})

    run = singer_io.run(emulator, {"lists": STREAMS["lists"]})

    assert run.exit_code == 0, run.stderr
    assert run.records["lists"] == [record for _, record in rows]
    # It looks at the HTTP status only.
    assert [call["status"] for call in emulator.calls] == [200, 401, 200, 200]
    assert len(emulator.logins) == 2


def test_an_account_of_version_3_is_answered_so_that_it_changes_over(emulator, singer_io):
    # It reads error codes only under HTTP 200, as they came when it was written (reference A.8).
    emulator.set(api_version=3, legacy_status=True)
    emulator.add("list", [pairs("lists", 1)[0]])

    run = singer_io.run(emulator, {"lists": STREAMS["lists"]})

    assert run.exit_code == 0, run.stderr
    assert run.records["lists"] == [pairs("lists", 1)[1]]
    assert [call["code"] for call in emulator.calls] == [89, None, None]


def test_its_second_run_asks_for_what_is_new_and_gets_that(emulator, singer_io):
    for stream, name in OBJECTS.items():
        emulator.add(name, [pairs(stream, number)[0] for number in range(1, 4)])
    first = singer_io.run(emulator, STREAMS)
    for stream, name in OBJECTS.items():
        emulator.add(name, [pairs(stream, number)[0] for number in (4, 5)])
    # campaigns are asked for by this machine's time, and have no time in the answer.
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    emulator.update("campaign", [3, 15], updated_at=tomorrow)
    emulator.clear_calls()

    second = singer_io.run(emulator, STREAMS, state=first.state)

    assert second.exit_code == 0, second.stderr
    new = {stream: [3, 15] if stream == "campaigns" else [12, 15] for stream in STREAMS}
    assert {stream: second.ids(stream) for stream in STREAMS} == new
    asked = {call["object"]: call["params"] for call in emulator.calls[::-1]}
    assert asked["list"]["updated_after"] == "2024-03-01 00:00:03"
    assert asked["emailClick"]["id_greater_than"] == "9"
