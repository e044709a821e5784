"""Visits are queried by lists of ids, come by id and contain their page views (C.20)."""

import json
import urllib.request

import pytest

T0 = "2024-01-01 00:00:00"
KEYS = [
    *("id", "visitor_id", "prospect_id", "visitor_page_view_count", "first_visitor_page_view_at"),
    *("last_visitor_page_view_at", "duration_in_seconds", "campaign_parameter"),
    *("medium_parameter", "source_parameter", "content_parameter", "term_parameter"),
    *("created_at", "updated_at", "visitor_page_views"),
]


def view(number, at="2024-01-02 03:04:05", **more):
    return {"id": number, "url": "https://example.com/", "title": "2024", "created_at": at, **more}


@pytest.fixture
def visited(pardot):
    pardot.emulator.add(
        "visit",
        [
            {"id": 33, "visitor_id": 7, "prospect_id": 5, "visitor_page_views": [view(1)]},
            {"id": 31, "visitor_id": 7, "visitor_page_views": []},
            {"id": 32, "visitor_id": 8, "visitor_page_views": [view(2), view(3)]},
            {"id": 34, "visitor_id": 9},
        ],
    )
    return pardot


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({"ids": "34,31,99"}, [31, 34]),
        ({"visitor_ids": 7}, [31, 33]),
        ({"visitor_ids": "9,8,7"}, [31, 32, 33, 34]),
        ({"prospect_ids": "5"}, [33]),
        ({"visitor_ids": "10"}, []),
    ],
)
def test_each_list_of_ids_finds_visits_by_id_asked_or_posted(visited, params, ids):
    assert visited.ids("visit", **params) == ids
    assert visited.query("visit", **params)["total_results"] == len(ids)
    posted = visited.call("visit/query", "POST", data=params).json()["result"]
    assert posted == visited.query("visit", **params)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, 13),
        ({"limit": 5}, 13),
        ({"visitor_ids": ""}, 36),
        ({"visitor_ids": "7", "ids": "31"}, 51),
        ({"visitor_ids": "7, 8"}, 16),
        ({"ids": "x"}, 16),
        ({"ids": "1,"}, 16),
        ({"colour": "red"}, 5),
        ({"ids": "1", "limit": 201}, 23),
        ({"ids": "1", "offset": "x"}, 21),
    ],
)
def test_a_query_without_exactly_one_good_list_is_refused(visited, params, code):
    assert visited.code("visit/query", **params) == code


def test_more_ids_than_one_call_takes_are_refused(visited):
    ids = ",".join(map(str, range(1, 202)))
    assert visited.code("visit/query", "POST", data={"visitor_ids": ids}) == 63
    answer = visited.call("visit/query", "POST", data={"visitor_ids": ids.removesuffix(",201")})
    assert answer.json()["result"]["total_results"] == 4
    visited.emulator.set(visit_max_ids=2)
    assert visited.code("visit/query", ids="31,32,33") == 63
    assert visited.ids("visit", ids="31,32") == [31, 32]
    visited.emulator.set(visit_max_ids=None)
    assert visited.ids("visit", visitor_ids=ids) == [31, 32, 33, 34]


def test_page_views_are_null_one_or_many_or_their_key_is_absent(visited):
    rows = {row["id"]: row for row in visited.rows("visit", visitor_ids="7,8,9")}
    assert list(rows[33]) == KEYS
    assert rows[31]["visitor_page_views"] is rows[34]["visitor_page_views"] is None
    shown = view(1, title=2024)
    assert rows[33]["visitor_page_views"] == {"visitor_page_view": shown}
    assert [one["id"] for one in rows[32]["visitor_page_views"]["visitor_page_view"]] == [2, 3]
    visited.emulator.set(visit_no_views="absent")
    rows = {row["id"]: row for row in visited.rows("visit", visitor_ids="7,8,9")}
    assert [list(rows[n]) for n in (31, 34)] == [KEYS[:-1]] * 2
    assert list(rows[33]) == KEYS


def test_bulk_keeps_page_views_and_has_no_total(visited):
    result = visited.query("visit", visitor_ids="7", output="bulk")
    assert list(result) == ["visit"]
    assert result["visit"][1]["visitor_page_views"]["visitor_page_view"]["id"] == 1
    assert visited.query("visit", ids="1", output="bulk") is None


def test_one_visit_is_read_by_id(visited):
    assert visited.call("visit/read/id/33").json()["visit"] == visited.rows("visit", ids="33")[0]
    assert visited.code("visit/read/id/35") == 48
    assert visited.call("visit/read/id/35").status_code == 404


def test_visits_have_no_sorts_and_no_filters_by_time_or_id(visited):
    others = {
        "sort_order": "descending",
        "id_greater_than": 32,
        "id_less_than": 33,
        "created_after": "2030-01-01",
        "updated_before": "2000-01-01",
    }
    assert visited.ids("visit", visitor_ids="7,8", sort_by="created_at", **others) == [31, 32, 33]
    visited.emulator.set(visit_sort="refused")
    assert visited.code("visit/query", visitor_ids="7", sort_by="id") == 19
    assert visited.ids("visit", visitor_ids="7,8", **others) == [31, 32, 33]


def test_450_visits_of_one_visitor_come_on_three_pages(pardot):
    pardot.emulator.add("visit", [{"id": n, "visitor_id": 7 + n // 451} for n in range(1, 461)])
    pages = [pardot.ids("visit", visitor_ids="7", limit=200, offset=at) for at in (0, 200, 400)]
    assert [len(page) for page in pages] == [200, 200, 50]
    assert [one for page in pages for one in page] == list(range(1, 451))
    assert pardot.query("visit", visitor_ids="7", offset=400)["total_results"] == 450
    assert pardot.query("visit", visitor_ids="7", offset=450) == {"total_results": 450}
    assert len(pardot.rows("visit", visitor_ids="7")) == 200


def test_a_row_added_before_the_offset_moves_the_pages_and_the_total(visited):
    first = visited.query("visit", visitor_ids="7,8,9", limit=2)
    change = {"upsert": {"visit": [{"id": 30, "visitor_id": 7}]}}
    visited.emulator.fault(object="visit", change=change)
    second = visited.query("visit", visitor_ids="7,8,9", limit=2, offset=2)
    assert [row["id"] for row in first["visit"]] == [31, 32]
    assert [row["id"] for row in second["visit"]] == [32, 33]
    assert (first["total_results"], second["total_results"]) == (4, 5)


def test_times_of_page_views_are_local_and_may_be_given_as_string_or_number(make):
    pardot = make(timezone="America/New_York")
    views = [view(1, T0), view(2, 1_704_067_200), view(3, "2024-01-01T01:00:00+01:00")]
    pardot.emulator.add("visit", [{"id": 1, "visitor_page_views": [*views, view(4, None)]}])
    shown = pardot.rows("visit", ids=1)[0]["visitor_page_views"]["visitor_page_view"]
    assert [one["created_at"] for one in shown] == ["2023-12-31 19:00:00"] * 3 + [None]
    pardot.emulator.update("visit", 1, visitor_page_views=[view(5, T0)])
    assert pardot.emulator.page_views()[0]["created_at"] == 1_704_067_200
    with pytest.raises(ValueError, match="soon"):
        pardot.emulator.add("visit", [{"id": 2, "visitor_page_views": [view(6, "soon")]}])


def test_all_page_views_can_be_listed(visited):
    views = visited.emulator.page_views()
    assert [(one["id"], one["visit_id"], one["visitor_id"]) for one in views] == [
        (2, 32, 8),
        (3, 32, 8),
        (1, 33, 7),
    ]
    assert views[0]["title"] == "2024"
    with urllib.request.urlopen(f"{visited.emulator.url}/emulator/page-views", timeout=9) as answer:
        assert json.load(answer)["page_views"] == views


def test_a_seeded_account_is_read_whole_by_its_visitors(make):
    pardot = make(rows=100)
    ids = [str(row["id"]) for row in pardot.emulator.rows("visitor") if not row["deleted"]]
    rows = pardot.rows("visit", visitor_ids=",".join(ids))
    assert len(rows) == pardot.emulator.count("visit") == pardot.emulator.counts()["visit"] == 100
    nested = [row["visitor_page_views"] for row in rows]
    views = [one["visitor_page_view"] for one in nested if one is not None]
    held = [one["id"] for some in views for one in (some if isinstance(some, list) else [some])]
    assert sorted(held) == sorted(one["id"] for one in pardot.emulator.page_views())
    assert {type(one) for one in views} == {dict, list}
