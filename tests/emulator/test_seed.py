"""Seeded rows contain the values that break taps, and are the same ones on every run."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from itertools import islice
from time import process_time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from pardot_emulator.seed import seed_rows
from pardot_emulator.seed_world import clock_changes
from pardot_emulator.settings import API_USER
from pardot_emulator.v5_seed import NEW

NOW = 1_763_900_000  # 2025-11-23
NEW_YORK = "America/New_York"
BIG = (
    *("list", "prospect", "opportunity", "emailClick", "lifecycleHistory", "tagObject"),
    *("prospectAccount", "visitor", "listMembership", "visitorActivity", "externalActivity"),
    "visit",
)
OBJECTS = {
    *BIG,
    *("account", "user", "campaign", "customField", "tag", "lifecycleStage", "form", "email"),
    *("customRedirect", "dynamicContent", "export", "import", "prospectAccountField"),
    "emailTemplate",
    *NEW,
}
# Rows that have a time of their own to be windowed by.
CHANGING = (
    *("list", "tag", "campaign", "form", "customRedirect", "dynamicContent", "opportunity"),
    *("prospect", "prospectAccount", "visitor", "listMembership", "visitorActivity"),
)
LOGGED = ("emailClick", "lifecycleHistory", "tagObject")


def made(rows=1_200, seed=1, timezone=NEW_YORK, now=NOW, objects=None):
    found = {name: [] for name in OBJECTS}
    for name, row in seed_rows(seed=seed, rows=rows, timezone=timezone, now=now, objects=objects):
        found[name].append(row)
    return found


@pytest.fixture(scope="module")
def account():
    return made()


def test_the_same_arguments_make_the_same_rows_and_another_seed_others(account):
    assert made() == account
    other = made(seed=2)
    assert all(other[name] != account[name] for name in BIG)


def test_an_object_made_alone_has_the_rows_it_has_among_the_others(account):
    assert made(objects=["emailClick"])["emailClick"] == account["emailClick"]
    assert made(objects=["emailClick"])["list"] == []


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 199, 200, 201, 1_234])
def test_big_objects_have_as_many_rows_as_asked_for(rows):
    found = made(rows)

    assert {name: len(found[name]) for name in BIG} == dict.fromkeys(BIG, rows)
    assert len(found["account"]) == 1
    assert all((len(found[name]) > 0) == (rows > 0) for name in OBJECTS - {"account"})


def test_small_objects_stay_small():
    counts = Counter(
        name
        for name, _ in seed_rows(
            seed=1, rows=100_000, timezone="UTC", now=NOW, objects=OBJECTS - set(BIG)
        )
    )

    assert counts["lifecycleStage"] <= 10
    assert counts["user"] <= 50
    assert max(counts.values()) <= 2_000


def test_ids_grow_with_the_time_of_creation_and_do_not_start_at_one(account):
    for name, rows in account.items():
        ids = [row["id"] for row in rows]
        assert ids == sorted(set(ids)), name
        assert ids[0] > 1_000, name
        created = [row.get("created_at", row.get("createdAt", 0)) for row in rows]
        assert created == sorted(created), name


def test_rows_change_after_they_are_made_and_never_later_than_now(account):
    for name, rows in account.items():
        for row in rows[:-1]:
            created = row.get("created_at", row.get("createdAt", 0))
            updated = row.get("updated_at", row.get("updatedAt", created))
            assert created <= updated < NOW, (name, row)


def test_one_row_comes_from_the_future(account):
    late = [
        (name, row["id"])
        for name, rows in account.items()
        for row in rows
        if row.get("created_at", 0) > NOW
    ]

    assert late == [("opportunity", account["opportunity"][-1]["id"])]


@pytest.mark.parametrize(("rows", "burst"), [(1_200, 600), (1_000, 600), (300, 150)])
def test_many_rows_share_one_second(rows, burst):
    found = made(rows)

    for column, names in (("updated_at", CHANGING), ("created_at", LOGGED)):
        for name in names:
            seconds = Counter(row[column] for row in found[name])
            assert seconds.most_common(1)[0][1] in range(burst, burst + 3), name


@pytest.mark.parametrize("timezone", [NEW_YORK, "Australia/Sydney"])
def test_both_sides_of_the_last_two_folds_and_gaps_have_rows(timezone):
    zone, found = ZoneInfo(timezone), made(timezone=timezone)
    changes = clock_changes(timezone, NOW)
    folds = [at for at, jump in changes if jump == -3_600][:2]
    gaps = [at for at, jump in changes if jump == 3_600][:2]
    assert (len(folds), len(gaps)) == (2, 2)

    for column, names in (("updated_at", CHANGING), ("created_at", LOGGED)):
        for name in names:
            stamps = {row[column] for row in found[name]}
            missing = [at for gap in gaps for at in (gap - 1, gap) if at not in stamps]
            twice = {
                str(datetime.fromtimestamp(at, zone).replace(tzinfo=None))
                for fold in folds
                for at in range(fold - 3_600, fold)
                if at in stamps and at + 3_600 in stamps
            }
            assert missing == [], name
            assert len(twice) >= 2, name


@pytest.mark.parametrize(
    ("timezone", "expected"),
    [
        (NEW_YORK, [("2025-11-02 06:00", -3_600), ("2025-03-09 07:00", 3_600)]),
        ("Australia/Sydney", [("2025-10-04 16:00", 3_600), ("2025-04-05 16:00", -3_600)]),
        ("Australia/Lord_Howe", [("2025-10-04 15:30", 1_800), ("2025-04-05 15:00", -1_800)]),
        ("UTC", []),
    ],
)
def test_clock_changes_are_found_to_the_second(timezone, expected):
    found = [
        (datetime.fromtimestamp(at, ZoneInfo("UTC")).strftime("%Y-%m-%d %H:%M"), jump)
        for at, jump in clock_changes(timezone, NOW)
    ]

    assert found[:2] == expected


def test_a_zone_without_clock_changes_has_rows_too():
    assert len(made(rows=50, timezone="Asia/Kolkata")["list"]) == 50


@pytest.mark.parametrize("name", ["15555555555", "02190", "2024", "1e5", "007", "1.50"])
def test_some_names_look_like_numbers(account, name):
    for kind in ("list", "tag", "campaign", "opportunity", "form"):
        assert name in {row["name"] for row in account[kind]}


@pytest.mark.parametrize(
    "part", ['"', "'", ",", "\r\n", "\n", "\t", "🚀", "<b>", "&amp;", "%%", "\\", "日本語"]
)
def test_some_names_need_escaping(account, part):
    for kind in ("list", "tag", "customRedirect", "dynamicContent"):
        assert any(part in row["name"] for row in account[kind])


def test_some_strings_are_long_and_some_are_missing(account):
    texts = [row["description"] for row in account["list"]]

    assert max(len(text) for text in texts if text) > 20_000
    assert None in texts
    assert None in [row["cost"] for row in account["campaign"]]
    assert None in [row["campaign_id"] for row in account["form"]]
    assert {row["campaign_id"] is None for row in account["form"]} == {True, False}


def test_nested_collections_come_empty_single_and_many(account):
    assert {len(row["variation"]) for row in account["dynamicContent"]} == {0, 1, 3}
    people = [row["prospects"] for row in account["opportunity"]]
    assert {min(len(row), 2) for row in people} == {0, 1, 2}
    acts = [row["opportunity_activities"] for row in account["opportunity"]]
    assert {len(row) for row in acts} == {0, 1, 2}
    assert None in [row["closed_at"] for row in account["opportunity"]]


def test_clicks_lack_different_sources(account):
    sources = (
        "list_email_id", "drip_program_action_id", "email_template_id", "tracker_redirect_id"
    )  # fmt: skip
    shapes = {tuple(row[name] is None for name in sources) for row in account["emailClick"]}

    assert len(shapes) >= 12
    assert None in [row["prospect_id"] for row in account["emailClick"]]


def test_the_account_has_an_api_user_with_the_zone(account):
    users = {row["email"]: row for row in account["user"]}

    assert users[API_USER]["timezone"] == NEW_YORK
    assert users[API_USER]["role"] == "Administrator"
    assert account["account"][0]["zip"] == "02190"
    assert account["account"][0]["phone"] == "15555555555"


def test_references_point_at_rows_that_exist(account):
    ids = {name: {row["id"] for row in rows} for name, rows in account.items()}
    links = [
        ("opportunity", "campaign_id", "campaign"),
        ("form", "campaign_id", "campaign"),
        ("customRedirect", "campaign_id", "campaign"),
        ("emailClick", "prospect_id", "prospect"),
        ("lifecycleHistory", "prospect_id", "prospect"),
        ("prospect", "prospect_account_id", "prospectAccount"),
        ("visitor", "prospect_id", "prospect"),
        ("listMembership", "prospect_id", "prospect"),
        ("listMembership", "list_id", "list"),
        ("visitorActivity", "prospect_id", "prospect"),
        ("visitorActivity", "visitor_id", "visitor"),
        ("visitorActivity", "visit_id", "visit"),
        ("visit", "visitor_id", "visitor"),
        ("visit", "prospect_id", "prospect"),
        ("externalActivity", "prospectId", "prospect"),
        ("lifecycleHistory", "previous_stage_id", "lifecycleStage"),
        ("lifecycleHistory", "next_stage_id", "lifecycleStage"),
        ("tagObject", "tag_id", "tag"),
    ]

    for name, column, target in links:
        held = {row[column] for row in account[name]} - {None}
        assert held, (name, column)
        assert held <= ids[target], (name, column)
    by_id = {row["id"]: row for row in account["prospect"]}
    for row in account["opportunity"]:
        for person in row["prospects"]:
            assert person["email"] == by_id[person["id"]]["email"]


@pytest.mark.parametrize("name", ["visitorActivity", "emailClick"])
def test_most_named_emails_and_templates_are_there_and_some_are_gone(account, name):
    emails = {row["id"]: row for row in account["email"]}
    lists = {row["list_email_id"]: row for row in account["email"] if row["list_email_id"]}
    templates = {row["id"]: row for row in account["emailTemplate"]}
    rows = account[name]

    for column, known in (("list_email_id", lists), ("email_template_id", templates)):
        held = {row[column] for row in rows} - {None}
        assert len(held) > 20, column
        assert held - known.keys(), column
        assert len(held & known.keys()) > 0.8 * len(held), column
    assert not emails.keys() & lists.keys()
    archived = {row["email_template_id"] for row in rows} & {
        key for key, row in templates.items() if row["isArchived"]
    }
    assert archived


def test_activities_name_an_email_and_its_own_list_email(account):
    emails = {row["id"]: row for row in account["email"]}
    rows = [row for row in account["visitorActivity"] if row["email_id"]]

    assert {row["email_id"] for row in rows} - emails.keys()
    for row in rows:
        if row["email_id"] in emails:
            assert row["list_email_id"] == emails[row["email_id"]]["list_email_id"]
    kinds = {row["isOneToOne"]: row["list_email_id"] is None for row in emails.values()}
    assert kinds == {True: True, False: False}


def test_templates_are_of_every_kind_with_every_form_of_a_flag(account):
    rows = account["emailTemplate"]

    for flag in ("isOneToOneEmail", "isListEmail", "isDripEmail", "isArchived"):
        assert {True} < {row[flag] for row in rows}, flag
    assert {True, False, None} == {row["isArchived"] for row in rows}
    options = [row["sendOptions"] for row in rows]
    assert None in options
    assert "[]" in [one["replyToAddress"] for one in options if one]
    assert all(isinstance(json.loads(one["sendFromData"]), list) for one in options if one)
    assert {6_789, 6_793} < {row["id"] for row in rows}


def test_one_visitor_has_450_visits_and_visits_have_none_one_and_many_page_views(account):
    visits, visitors = account["visit"], {row["id"]: row for row in account["visitor"]}
    busiest, held = Counter(row["visitor_id"] for row in visits).most_common(1)[0]

    assert held == 450
    assert visitors[busiest]["prospect_id"]
    assert not any(visitors[row["visitor_id"]]["deleted"] for row in visits)
    assert all(row["prospect_id"] == visitors[row["visitor_id"]]["prospect_id"] for row in visits)
    assert {len(row["visitor_page_views"]) for row in visits} == {0, 1, 2, 3, 25}
    views = [view["id"] for row in visits for view in row["visitor_page_views"]]
    assert len(set(views)) == len(views)
    few = Counter(row["visitor_id"] for row in made(100, objects=["visit"])["visit"])
    assert few.most_common(1)[0][1] == 45


def test_an_activity_of_a_visit_is_its_visitors(account):
    visits = {row["id"]: row for row in account["visit"]}
    rows = [row for row in account["visitorActivity"] if row["type"] == 20]

    assert len(rows) > 50
    for row in rows:
        visit = visits[row["visit_id"]]
        assert row["visitor_id"] == visit["visitor_id"]
        assert row["details"] == f"{visit['visitor_page_view_count']} page views"


def test_prospects_have_custom_fields_of_every_type_with_one_and_several_values(account):
    types = {row["field_id"]: row["type_id"] for row in account["customField"]}
    values = [row["custom"] for row in account["prospect"]]
    held = {types[name] for one in values for name in one}
    several = Counter(len(v) for one in values for v in one.values() if isinstance(v, list))

    assert set(types.values()) == held == set(range(1, 15))
    assert set(several) == {1, 2, 3}
    assert len({tuple(one) for one in values}) > 100
    # One that is a standard field but for its case.
    assert "Score" in types


@pytest.mark.parametrize("start", ["=", "+", "@"])
def test_some_strings_start_with_what_a_csv_file_escapes(account, start):
    for kind, column in (("prospect", "job_title"), ("visitorActivity", "details")):
        assert any((row[column] or "").startswith(start) for row in account[kind])


def test_some_rows_are_in_the_recycle_bin_and_some_visitors_have_no_prospect(account):
    for name in ("prospect", "prospectAccount", "visitor", "listMembership"):
        assert 0 < sum(row["deleted"] for row in account[name]) < len(account[name]) / 5, name
    anonymous = [row["identified"] for row in account["visitor"] if row["prospect_id"] is None]
    assert set(anonymous) == {None, True}


def test_activities_are_of_every_type_sessions_included(account):
    assert {row["type"] for row in account["visitorActivity"]} == set(range(1, 39))


def test_two_hundred_custom_fields_can_be_asked_for():
    rows = seed_rows(
        seed=1, rows=50, timezone="UTC", now=NOW, objects=["customField"], custom_fields=200
    )

    assert sum(1 for _ in rows) == 200


def test_all_people_are_at_example_com(account):
    people = [row["email"] for name in ("prospect", "user") for row in account[name]]

    assert {email.rpartition("@")[2] for email in people} == {"example.com"}
    assert len(set(people)) == len(people)


def test_rows_are_plain_json_with_one_set_of_keys_per_object(account):
    for name, rows in account.items():
        assert len({tuple(row) for row in rows}) == 1, name
        assert json.loads(json.dumps(rows)) == rows, name


def test_two_hundred_thousand_lists_take_little_time():
    began = process_time()
    rows = seed_rows(seed=1, rows=200_000, timezone=NEW_YORK, now=NOW, objects=["list"])
    count = sum(1 for _ in rows)

    assert count == 200_000
    assert process_time() - began < 3  # 0.3 s on the machine this was written on


def test_rows_come_one_by_one():
    rows = seed_rows(seed=1, rows=1_000_000_000, timezone="UTC", now=NOW, objects=["account"])

    assert [name for name, _ in islice(rows, 2)] == ["account"]


def test_bad_arguments_are_refused_at_once():
    with pytest.raises(ValueError, match="must not be negative: -1"):
        seed_rows(seed=1, rows=-1, timezone="UTC", now=NOW)
    with pytest.raises(ValueError, match="unknown objects: \\['visits'\\]"):
        seed_rows(seed=1, rows=1, timezone="UTC", now=NOW, objects=["visits"])
    with pytest.raises(ZoneInfoNotFoundError):
        seed_rows(seed=1, rows=1, timezone="Mars/Olympus", now=NOW)
