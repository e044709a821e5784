"""PyPardotSF understands the emulator's answers: a library for v3 and v4 that people used live.

Unlike singer-io's tap it asks for full answers, reads single records by POST, and compares the
whole ``Content-Type`` with ``application/json``: anything else is no JSON to it.
"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.third_party

LOGIN = ("", "refresh_sf_token")
QUERIES = {
    "campaigns": "campaign",
    "customfields": "customField",
    "customredirects": "customRedirect",
    "dynamiccontent": "dynamicContent",
    "emailclicks": "emailClick",
    "forms": "form",
    "lifecyclehistories": "lifecycleHistory",
    "lifecyclestages": "lifecycleStage",
    "lists": "list",
    "opportunities": "opportunity",
    "tagobjects": "tagObject",
    "tags": "tag",
    "users": "user",
}


@pytest.mark.parametrize("rows", [0, 1, 201])
def test_its_queries_count_all_rows_and_list_a_page(emulator, pypardot, rows):
    ids = [5 * number for number in range(1, rows + 1)]
    for name in QUERIES.values():
        emulator.add(name, [{"id": number} for number in ids])
    by_id = {"sort_by": "id", "sort_order": "ascending"}

    answers = pypardot.run(emulator, LOGIN, *[(owner, "query", by_id) for owner in QUERIES])

    found = dict(zip(QUERIES, answers[1:], strict=True))
    for owner, name in QUERIES.items():
        # It makes a list of one row by itself: a list that came as such would be in a list.
        assert [row["id"] for row in found[owner][name]] == ids[:200], owner
        assert found[owner]["total_results"] == rows, owner
    assert emulator.unknown_calls == []


def test_its_reads_return_one_record_under_the_objects_name(emulator, pypardot):
    emulator.add("list", [{"id": 7, "name": "2024", "is_public": True, "title": None}])
    emulator.add("campaign", [{"id": 3, "name": "15555555555", "cost": 12}])
    emulator.add("user", [{"id": 9, "email": "who@example.com"}])
    emulator.add("form", [{"id": 4, "name": "007", "campaign_id": 3}])

    answers = pypardot.run(
        emulator,
        LOGIN,
        ("lists", "read", {"id": 7}),
        ("campaigns", "read", {"id": 3}),
        ("users", "read_by_email", {"email": "who@example.com"}),
        ("forms", "read", {"id": 4}),
    )

    _, one_list, campaign, user, form = answers
    wanted = {"id": 7, "name": 2024, "is_public": True, "title": None}
    assert wanted.items() <= one_list["list"].items()
    assert campaign["campaign"] == {"id": 3, "name": 15555555555, "cost": 12}
    assert user["user"]["id"] == 9
    assert (form["form"]["name"], form["form"]["campaign"]) == (
        "007",
        {"id": 3, "name": 15555555555},
    )


def test_it_understands_refusals(emulator, pypardot):
    answers = pypardot.run(
        emulator,
        ("lists", "query", {}),  # it begins with a made-up token
        LOGIN,
        ("lists", "read", {"id": 99}),
        ("lists", "query", {"limit": 201}),
        ("lists", "query", {"sort_by": "nothing"}),
        ("lists", "query", {"updated_after": "not a time"}),
    )
    wrong_version = pypardot.run(emulator, LOGIN, ("lists", "query", {}), version=3)

    codes = [answer and answer["err_code"] for answer in (*answers, *wrong_version)]
    assert codes == [184, None, 55, 23, 19, 7, None, 88]
    assert answers[0]["message"].startswith("access_token is invalid, unknown, or malformed")
