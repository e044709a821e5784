"""Filters, sorts and pages: the matrix C.0 and the refusals of a bad parameter."""

import pytest

from pardot_emulator.objects import OBJECTS

# Visits have no filters but lists of ids, and no sorts: see test_visits.
QUERYABLE = sorted(
    name for name, target in OBJECTS.items() if "query" in target.ops and name != "visit"
)
DAYS = [f"2024-01-0{n} 00:00:00" for n in range(1, 6)]

# The matrix C.0 once more, by hand: C, U, I> and I< as letters, sorts with their default order.
MATRIX = {
    "campaign": ("CUGL", "created_at- id+ name+ updated_at- cost-"),
    "customField": ("CGL", "created_at- id+ name+"),
    "customRedirect": ("CUGL", "created_at- id+ updated_at-"),
    "dynamicContent": ("CUGL", "created_at- id+ updated_at-"),
    "emailClick": ("CG", "id+"),
    "export": ("CU", "id- created_at- updated_at-"),
    "form": ("CUGL", "created_at- id+ updated_at-"),
    "import": ("CU", "id- created_at- updated_at-"),
    "lifecycleHistory": ("CGL", "created_at- id+"),
    "lifecycleStage": ("GL", "position- id+"),
    "list": ("CUGL", "created_at- id+ name+ updated_at-"),
    "opportunity": ("CGL", "created_at- id+ probability- value-"),
    "tag": ("CUGL", "created_at- id+ name+ updated_at-"),
    "tagObject": ("CGL", "created_at- id+"),
    "user": ("CGL", "created_at- id+"),
    "listMembership": ("CUGL", "created_at- id+"),
    "prospect": ("CUGL", "created_at- id+ last_activity_at- updated_at-"),
    "prospectAccount": ("CUGL", "created_at- id+ name+ updated_at+"),
    "visitor": ("CUGL", "created_at- id+ updated_at-"),
    "visitorActivity": ("CUGL", "created_at- id+ prospect_id- visitor_id- updated_at-"),
}
FILTERS = {
    "C": ({"created_after": DAYS[1], "created_before": DAYS[3]}, [3]),
    "U": ({"updated_after": DAYS[1], "updated_before": DAYS[3]}, [3]),
    "G": ({"id_greater_than": 3}, [4, 5]),
    "L": ({"id_less_than": 3}, [1, 2]),
}


def fill(emulator, name):
    """Five rows, days, names, numbers all rising with the id."""
    columns = {column.name for column in OBJECTS[name].columns}
    for n, day in enumerate(DAYS, 1):
        values = dict.fromkeys(("created_at", "updated_at", "createdAt", "updatedAt"), day)
        values |= {"name": f"n{n}", "cost": n, "position": n, "probability": n, "value": n}
        values |= {"prospect_id": n, "visitor_id": n, "last_activity_at": day}
        row = {key: value for key, value in values.items() if key in columns}
        emulator.add(name, [{"id": n, **row}])


def test_the_matrix_covers_every_object():
    assert sorted(MATRIX) == QUERYABLE


@pytest.mark.parametrize("name", QUERYABLE)
def test_each_filter_selects_rows_or_is_ignored_as_the_matrix_says(pardot, name):
    fill(pardot.emulator, name)
    letters, _ = MATRIX[name]
    for letter, (params, expected) in FILTERS.items():
        wanted = expected if letter in letters else [1, 2, 3, 4, 5]
        assert sorted(pardot.ids(name, **params)) == wanted, letter


@pytest.mark.parametrize("name", QUERYABLE)
def test_each_sort_has_its_default_order_and_other_keys_are_refused(pardot, name):
    fill(pardot.emulator, name)
    sorts = {item[:-1]: item[-1] for item in MATRIX[name][1].split()}
    up = [1, 2, 3, 4, 5]
    for key, sign in sorts.items():
        assert pardot.ids(name, sort_by=key) == (up if sign == "+" else up[::-1]), key
        assert pardot.ids(name, sort_by=key, sort_order="ascending") == up, key
        assert pardot.ids(name, sort_by=key, sort_order="descending") == up[::-1], key
    everything = {"created_at", "id", "name", "updated_at", "cost", "position", "value", "nope"}
    everything |= {"last_activity_at", "prospect_id", "score"}
    for key in everything - sorts.keys():
        assert pardot.code(f"{name}/query", sort_by=key) == 19, key


@pytest.mark.parametrize("name", QUERYABLE)
def test_without_sort_by_rows_come_by_id_but_exports_and_imports_newest_first(pardot, name):
    fill(pardot.emulator, name)
    up = [1, 2, 3, 4, 5]
    assert pardot.ids(name) == (up[::-1] if name in {"export", "import"} else up)


def test_bounds_are_exclusive_to_the_second(pardot):
    second = "2024-03-01 10:00:0{}"
    pardot.emulator.add("list", [{"id": n, "updated_at": second.format(n)} for n in range(5)])
    assert pardot.ids("list", updated_after=second.format(1)) == [2, 3, 4]
    assert pardot.ids("list", updated_before=second.format(1)) == [0]
    bounds = {"updated_after": second.format(1), "updated_before": second.format(3)}
    assert pardot.ids("list", **bounds) == [2]
    same = {"updated_after": second.format(1), "updated_before": second.format(1)}
    assert pardot.ids("list", **same) == []


@pytest.mark.parametrize(
    ("zone", "fold", "early", "late"),
    [
        ("America/New_York", "2024-11-03 01:30:00", "2024-11-03T05:30Z", "2024-11-03T06:30Z"),
        ("Australia/Sydney", "2024-04-07 02:30:00", "2024-04-06T15:30Z", "2024-04-06T16:30Z"),
    ],
)
def test_rows_on_both_sides_of_a_clock_change_look_alike_and_are_filtered_by_instant(
    make, zone, fold, early, late
):
    pardot = make(timezone=zone)
    pardot.emulator.add("list", [{"id": 1, "updated_at": early}, {"id": 2, "updated_at": late}])
    assert [row["updated_at"] for row in pardot.rows("list")] == [fold, fold]
    before = fold.replace(":30:00", ":29:59")
    assert pardot.ids("list", updated_after=before) == [1, 2]
    # Early reading: the local time is that of row 1, which the exclusive bound leaves out.
    assert pardot.ids("list", updated_after=fold) == [2]
    assert pardot.ids("list", updated_before=fold) == []
    pardot.emulator.set(fold="late")
    assert pardot.ids("list", updated_after=fold) == []
    assert pardot.ids("list", updated_before=fold) == [1]


@pytest.mark.parametrize(
    ("zone", "last", "first"),
    [
        ("America/New_York", "2024-03-10T06:59:59Z", "2024-03-10T07:00:00Z"),
        ("Australia/Sydney", "2024-10-05T15:59:59Z", "2024-10-05T16:00:00Z"),
    ],
)
def test_rows_around_a_clock_change_forward_are_an_hour_apart_in_local_time(
    make, zone, last, first
):
    pardot = make(timezone=zone)
    pardot.emulator.add("list", [{"id": 1, "updated_at": last}, {"id": 2, "updated_at": first}])
    walls = [row["updated_at"][11:] for row in pardot.rows("list")]
    assert walls == ["01:59:59", "03:00:00"]
    day = pardot.rows("list")[1]["updated_at"][:10]
    assert pardot.ids("list", updated_after=f"{day} 01:59:59") == [2]
    assert pardot.ids("list", updated_before=f"{day} 03:00:00") == [1]


def test_words_for_days_follow_the_emulators_clock_in_the_users_zone(make):
    pardot = make(timezone="America/New_York", clock="2024-05-15T03:30:00Z")
    # On the user's wall it is still 14 May, 23:30.
    pardot.emulator.add(
        "list",
        [
            {"id": 1, "updated_at": "2024-05-14T03:59:59Z"},
            {"id": 2, "updated_at": "2024-05-14T04:00:01Z"},
        ],
    )
    assert pardot.ids("list", updated_after="today") == [2]
    assert pardot.ids("list", updated_before="today") == [1]


@pytest.mark.parametrize(
    ("name", "params", "ids"),
    [
        ("list", {"name": "n2"}, [2]),
        ("list", {"name": "N"}, []),
        ("campaign", {"name": "n3"}, [3]),
        ("tag", {"name": "n5"}, [5]),
        ("opportunity", {"probability_greater_than": 2, "probability_less_than": 5}, [3, 4]),
        ("opportunity", {"value_greater_than": "3.5"}, [4, 5]),
        ("opportunity", {"value_less_than": 2}, [1]),
    ],
)
def test_filters_of_single_objects(pardot, name, params, ids):
    fill(pardot.emulator, name)
    assert pardot.ids(name, **params) == ids


def test_opportunities_are_found_by_any_of_their_prospects(pardot):
    people = [{"id": 11, "email": "a@example.com"}, {"id": 12, "email": "b@example.com"}]
    rows = [{"id": 1, "prospects": people}, {"id": 2, "prospects": people[1:]}, {"id": 3}]
    pardot.emulator.add("opportunity", rows)
    assert pardot.ids("opportunity", prospect_id=11) == [1]
    assert pardot.ids("opportunity", prospect_email="b@example.com") == [1, 2]
    assert pardot.ids("opportunity", prospect_id=99) == []


def test_email_clicks_take_comma_lists_of_source_ids_but_no_upper_id_and_no_offset(pardot):
    pardot.emulator.add("emailClick", [{"id": n, "list_email_id": n * 10} for n in range(1, 6)])
    assert pardot.ids("emailClick", list_email_id="20,40") == [2, 4]
    assert pardot.ids("emailClick", id_less_than=3, offset=2) == [1, 2, 3, 4, 5]
    pardot.emulator.set(email_click_extras=True)
    assert pardot.ids("emailClick", id_less_than=4, offset=2) == [3]
    assert pardot.ids("emailClick", sort_by="id", sort_order="descending") == [5, 4, 3, 2, 1]
    pardot.emulator.set(email_click_sort=False)
    assert pardot.code("emailClick/query", sort_by="id") == 19
    assert pardot.ids("emailClick") == [1, 2, 3, 4, 5]


def test_tag_objects_are_found_by_type_and_object_together(pardot):
    rows = [{"id": 1, "type": "Form", "object_id": 5}, {"id": 2, "type": "List", "object_id": 5}]
    pardot.emulator.add("tagObject", rows)
    assert pardot.ids("tagObject", type="List", object_id=5) == [2]
    assert pardot.code("tagObject/query", object_id=5) == 13
    assert pardot.code("tagObject/query", type="Nothing") == 51


def test_imports_page_by_twenty_and_at_most_a_hundred(pardot):
    rows = [{"id": n, "origin": "UI" if n % 2 else "API"} for n in range(1, 131)]
    pardot.emulator.add("import", rows)
    assert len(pardot.ids("import")) == 20
    assert len(pardot.ids("import", limit=100)) == 100
    assert pardot.code("import/query", limit=101) == 23
    assert pardot.ids("import", sort_by="id", sort_order="ascending", offset=128) == [129, 130]
    assert pardot.query("import", origin="ui")["total_results"] == 65
    assert pardot.query("import", origin="all")["total_results"] == 130
    assert pardot.code("import/query", origin="cli") == 51


def test_exports_are_found_by_status_and_page_unless_the_switch_says_no(pardot):
    rows = [{"id": n, "state": "Failed" if n < 3 else "Canceled"} for n in range(1, 6)]
    pardot.emulator.add("export", rows)
    assert pardot.ids("export", status="Failed") == [2, 1]
    assert pardot.code("export/query", status="Canceled") == 51
    assert pardot.ids("export", limit=2, offset=1) == [4, 3]
    pardot.emulator.set(export_paging="ignored")
    assert pardot.ids("export", limit=2, offset=1) == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"limit": 201}, 23),
        ({"limit": 0}, 23),
        ({"limit": -1}, 23),
        ({"limit": "many"}, 23),
        ({"offset": -1}, 21),
        ({"offset": "x"}, 21),
        ({"sort_order": "asc"}, 20),
        ({"sort_by": ""}, 19),
        ({"sort_by": "id,name,created_at"}, 133),
        ({"sort_by": "id", "sort_order": "ascending,ascending,ascending"}, 134),
        ({"sort_by": "name,created_at"}, 135),
        ({"id_greater_than": "x"}, 16),
        ({"id_greater_than": "-1"}, 16),
        ({"id_less_than": "1.5"}, 16),
        ({"id_greater_than": 5, "id_less_than": 4}, 17),
        ({"updated_after": "soon"}, 7),
        ({"created_before": ""}, 7),
        ({"updated_after": "2024-01-02", "updated_before": "2024-01-01"}, 8),
        ({"created_after": "2024-01-02", "created_before": "2024-01-01"}, 8),
        ({"colour": "red"}, 5),
    ],
)
def test_a_bad_parameter_has_its_own_code(pardot, params, code):
    answer = pardot.call("list/query", **params)
    assert (answer.status_code, answer.json()["@attributes"]["err_code"]) == (400, code)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"probability_greater_than": 101}, 40),
        ({"probability_less_than": "1.5"}, 40),
        ({"probability_greater_than": 60, "probability_less_than": 50}, 41),
        ({"value_less_than": -1}, 42),
        ({"value_greater_than": 2, "value_less_than": "1.5"}, 43),
    ],
)
def test_a_bad_opportunity_filter_has_its_own_code(pardot, params, code):
    assert pardot.code("opportunity/query", **params) == code


def test_two_sort_keys_are_taken_when_one_is_the_id(pardot):
    rows = [{"id": n, "updated_at": f"2024-01-0{1 + n % 2}"} for n in range(1, 5)]
    pardot.emulator.add("list", rows)
    both = {"sort_by": "updated_at,id", "sort_order": "ascending,descending"}
    assert pardot.ids("list", **both) == [4, 2, 3, 1]
    pardot.emulator.set(combined_sort=False)
    assert pardot.code("list/query", **both) == 19


def test_a_limit_too_large_is_clamped_by_switch(pardot):
    pardot.emulator.add("tag", [{"id": n} for n in range(1, 251)])
    pardot.emulator.set(over_limit="clamp")
    assert len(pardot.ids("tag", limit=500)) == 200


def test_unknown_parameters_are_ignored_beside_known_ones_or_refused_by_switch(pardot):
    pardot.emulator.add("tag", [{"id": 1}])
    assert pardot.ids("tag", colour="red", limit=5) == [1]
    pardot.emulator.set(unknown_parameters="refused")
    assert pardot.code("tag/query", colour="red", limit=5) == 5


def test_the_order_of_ties_varies_by_switch(pardot):
    pardot.emulator.add("list", [{"id": n} for n in range(1, 101)])
    pardot.emulator.set(ties="shuffled")
    first, second = (pardot.ids("list", sort_by="updated_at") for _ in range(2))
    assert sorted(first) == sorted(second)
    assert first != second


def test_times_of_campaigns_filter_and_sort_but_never_come_back(pardot):
    fill(pardot.emulator, "campaign")
    rows = pardot.rows("campaign", updated_after=DAYS[2], sort_by="updated_at")
    assert [row["id"] for row in rows] == [5, 4]
    assert set(rows[0]) == {"id", "name", "cost"}
