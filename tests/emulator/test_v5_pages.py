"""Pages of version 5: tokens, their life and end, and rows that access rules hide (A.5, A.1)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.emulator.v5 import V5

NOW = "2024-06-01T12:00:00Z"
ALONE = (
    "nextPageToken cannot be combined with orderBy, limit, deleted, offset, or filter parameters."
)
CAPPED = "203;Record count for nextPageToken sequence has been exceeded. No page token returned."
REDACTED = "202;Record(s) have been redacted from output due to access rules"


@pytest.fixture
def start(make):
    def start(rows=0, **options):
        v5 = V5(make(clock=NOW, **options))
        v5.emulator.add("tag", [{"id": n, "name": f"{n:03}"} for n in range(1, rows + 1)])
        return v5

    return start


def walk(v5, **params):
    """Follow the addresses of the next pages; return the pages' ids and the last answer."""
    answer = v5.get("objects/tags", fields="id", **params)
    pages = [[row["id"] for row in answer.json()["values"]]]
    while answer.json()["nextPageUrl"]:
        answer = v5.get(answer.json()["nextPageUrl"])
        pages.append([row["id"] for row in answer.json()["values"]])
    return pages, answer


def token(v5, **params):
    return v5.body("objects/tags", fields="id", **params)["nextPageToken"]


def test_the_address_of_the_next_page_is_whole_and_its_token_is_not_escaped(start):
    v5 = start(3)

    page = v5.body("objects/tags", fields="id,name", limit=1)

    head = f"{v5.emulator.url}/api/v5/objects/tags?fields=id,name&nextPageToken="
    assert page["nextPageUrl"] == head + page["nextPageToken"]
    assert list(parse_qs(urlsplit(page["nextPageUrl"]).query)) == ["fields", "nextPageToken"]


def test_pages_bring_every_row_once_in_the_order_asked_for(start):
    v5 = start(7)

    assert walk(v5, limit=3)[0] == [[1, 2, 3], [4, 5, 6], [7]]
    # All rows share one time: the id decides.
    assert walk(v5, limit=3, orderBy="updatedAt DESC")[0] == [[7, 6, 5], [4, 3, 2], [1]]
    assert walk(v5, limit=3, idGreaterThan=2)[0] == [[3, 4, 5], [6, 7]]
    assert walk(v5, limit=7)[0] == [[1, 2, 3, 4, 5, 6, 7]]


def test_rows_without_a_value_have_a_place_in_the_order(start):
    v5 = start()
    v5.emulator.add("visit", [{"id": n, "prospect_id": n % 3 or None} for n in range(1, 8)])

    first = v5.body("objects/visits", fields="id,prospectId", orderBy="prospectId", limit=4)
    second = v5.body("objects/visits", fields="id", nextPageToken=first["nextPageToken"])

    assert [row["id"] for row in first["values"] + second["values"]] == [1, 4, 7, 2, 5, 3, 6]


def test_pages_go_by_key_so_rows_that_move_are_met_again(start):
    v5 = start(4)
    page = v5.body("objects/tags", fields="id", orderBy="updatedAt", limit=2)
    v5.emulator.update("tag", 1, updated_at="2024-05-01")

    rest = v5.body("objects/tags", fields="id", nextPageToken=page["nextPageToken"])

    assert [row["id"] for row in rest["values"]] == [3, 4]
    v5.emulator.add("tag", [{"id": 9}])
    again = v5.body("objects/tags", fields="id", nextPageToken=page["nextPageToken"])
    assert [row["id"] for row in again["values"]] == [3, 4]
    assert again["nextPageToken"]


def test_fields_may_differ_and_repeat_beside_a_token(start):
    v5 = start(3)
    next_page = v5.body("objects/tags", fields="id", limit=2)

    other = v5.body("objects/tags", fields="name", nextPageToken=next_page["nextPageToken"])
    assert other["values"] == [{"name": "003"}]
    both = v5.body(next_page["nextPageUrl"], fields="id")
    assert both["values"] == [{"id": 3}]


@pytest.mark.parametrize(
    "other",
    [
        {"limit": 2},
        {"orderBy": "id"},
        {"deleted": "all"},
        {"offset": 1},
        {"idGreaterThan": 1},
    ],
)
def test_a_token_takes_nothing_but_fields_beside_it(start, other):
    v5 = start(3)

    answer = v5.get("objects/tags", fields="id", nextPageToken=token(v5, limit=2), **other)

    assert answer.status_code == 400
    assert answer.json() == {"code": 51, "message": ALONE}


def test_the_code_of_that_refusal_is_a_switch(start):
    v5 = start(3, v5_token_conflict=211)

    assert v5.code("objects/tags", fields="id", nextPageToken=token(v5, limit=2), limit=2) == 211


def test_a_token_lives_four_hours(start):
    v5 = start(3)
    held = token(v5, limit=2)

    v5.emulator.forward(4 * 3_600)
    assert v5.body("objects/tags", fields="id", nextPageToken=held)["values"] == [{"id": 3}]
    v5.emulator.forward(1)
    answer = v5.get("objects/tags", fields="id", nextPageToken=held)
    assert (answer.status_code, answer.json()["code"]) == (400, 210)


def test_a_token_that_is_none_or_of_another_object_is_refused(start):
    v5 = start(3)

    assert v5.code("objects/tags", fields="id", nextPageToken="nonsense") == 211
    assert v5.code("objects/tags", fields="id", nextPageToken="bnVsbA==") == 211
    assert v5.code("objects/lists", fields="id", nextPageToken=token(v5, limit=2)) == 211


def test_a_sequence_ends_at_the_cap_with_status_200_and_a_warning_only(start):
    v5 = start(100, v5_token_cap=50)

    pages, last = walk(v5, limit=20)

    assert [len(page) for page in pages] == [20, 20, 10]
    assert last.status_code == 200
    assert last.json()["nextPageToken"] is None
    assert last.headers["Pardot-Warning"] == CAPPED


def test_a_sequence_that_ends_before_the_cap_or_at_it_has_no_warning(start):
    v5 = start(50, v5_token_cap=50)

    _, last = walk(v5, limit=20)

    assert last.json()["nextPageToken"] is None
    assert "Pardot-Warning" not in last.headers


def test_the_cap_is_of_100000_rows_by_default(start):
    v5 = start()
    v5.emulator.add("tag", [{"id": n} for n in range(1, 100_002)])

    pages, last = walk(v5, limit=1_000)

    assert sum(map(len, pages)) == 100_000
    assert last.headers["Pardot-Warning"] == CAPPED


def test_hidden_rows_make_a_page_short_and_bring_a_warning(start):
    v5 = start(5, v5_hidden={"tag": [2, 3]})

    answer = v5.get("objects/tags", fields="id", limit=3)

    assert [row["id"] for row in answer.json()["values"]] == [1]
    assert answer.json()["nextPageToken"]
    assert answer.headers["Pardot-Warning"] == REDACTED
    assert v5.code("objects/tags/2", fields="id") == 109
    assert "Pardot-Warning" not in v5.get("objects/tags", fields="id", idGreaterThan=3).headers
    assert v5.client.ids("tag") == [1, 2, 3, 4, 5]


def test_rows_can_be_hidden_without_a_word(start):
    v5 = start(5, v5_hidden={"tag": [2]}, v5_hidden_warning=False)

    answer = v5.get("objects/tags", fields="id")

    assert [row["id"] for row in answer.json()["values"]] == [1, 3, 4, 5]
    assert "Pardot-Warning" not in answer.headers


def test_both_warnings_can_come_at_once(start):
    v5 = start(5, v5_hidden={"tag": [2]}, v5_token_cap=3)

    assert v5.get("objects/tags", fields="id").headers["Pardot-Warning"] == f"{REDACTED}, {CAPPED}"
