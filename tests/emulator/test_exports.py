"""Export jobs: what may be asked for, the queue, the states and the answers (reference D.1-D.8)."""

import json
import time

import pytest

from pardot_emulator.settings import EXPORTABLE

ACTIVITIES = "visitorActivity"
CREATED = "filter_by_created_at"
UPDATED = "filter_by_updated_at"
BY_PROSPECT = "filter_by_prospect_updated_at"
DAY = "2024-01-{:02} 00:00:00"


@pytest.fixture
def quick(make):
    """A client of an account whose jobs take no time."""
    return make(export_seconds=0)


def refusal(answer):
    body = answer.json()
    assert body["@attributes"]["stat"] == "fail", body
    return body["@attributes"]["err_code"]


def create(pardot, *arguments, **named):
    return refusal(pardot.create(*arguments, **named))


def states(pardot):
    return [job["state"] for job in pardot.emulator.exports]


def test_a_new_job_waits_and_answers_inside_a_wrapper_with_times(quick):
    quick.emulator.set(clock="2024-03-01T12:00:00Z", timezone="America/New_York")
    body = quick.create(ACTIVITIES).json()
    at = "2024-03-01 07:00:00"
    assert body == {
        "@attributes": {"stat": "ok", "version": 1},
        "export": {
            "id": 201917,
            "state": "Waiting",
            "isExpired": False,
            "createdAt": at,
            "updatedAt": at,
        },
    }
    quick.emulator.set(export_answers="flat")
    assert quick.create(ACTIVITIES).json() == {"id": 201918, "state": "Waiting", "isExpired": False}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", 152),
        ("  \n", 152),
        ("{", 150),
        ("object=prospect", 150),
        ("[]", 154),
        ("{}", 153),
        ('{"object": "prospect"}', 153),
        ('{"procedure": {"name": "x", "arguments": {}}}', 153),
        ('{"object": "prospect", "procedure": {"arguments": {}}}', 153),
        ('{"object": "prospect", "procedure": {"name": "x"}}', 153),
        ('{"object": "prospect", "procedure": "x"}', 154),
        ('{"object": 5, "procedure": {"name": "x", "arguments": {}}}', 154),
        ('{"object": "list", "procedure": {"name": "x", "arguments": {}}}', 154),
        ('{"object": "prospect", "procedure": {"name": "x", "arguments": {}}, "a": 1}', 154),
        ('{"object": "prospect", "procedure": {"name": "x", "arguments": {}, "a": 1}}', 154),
        ('{"object": "prospect", "procedure": {"name": "x", "arguments": {}}}', 174),
    ],
)
def test_a_body_that_is_no_request_has_its_own_code(pardot, body, code):
    answer = pardot.post(body)
    assert (answer.status_code, refusal(answer)) == (400, code)
    assert pardot.emulator.exports == []


def test_a_create_is_posted_as_json_and_by_switch_as_anything(pardot):
    body = json.dumps(
        {
            "object": ACTIVITIES,
            "procedure": {"name": UPDATED, "arguments": {"updated_after": "yesterday"}},
        }
    )
    form = "application/x-www-form-urlencoded"
    assert refusal(pardot.post(body, form)) == 151
    assert refusal(pardot.post(body, "text/plain")) == 151
    assert pardot.post(body, "application/json; charset=utf-8").status_code == 200
    assert refusal(pardot.call("export/create")) == 60
    pardot.emulator.set(export_any_content_type=True)
    assert pardot.post(body, form).json()["export"]["state"] == "Waiting"


@pytest.mark.parametrize("fields", ["id", [], [1], ["id", "id"], ["id", "nothing"], {"id": 1}])
def test_fields_must_be_known_and_named_once(pardot, fields):
    assert create(pardot, ACTIVITIES, fields) == 154


def test_the_hundred_and_fifty_first_field_is_refused(pardot):
    rows = [{"id": n, "field_id": f"F{n}"} for n in range(200)]
    pardot.emulator.add("customField", rows)
    names = ["id", *(row["field_id"] for row in rows)]
    assert pardot.create("prospect", names[:150]).status_code == 200
    assert create(pardot, "prospect", names[:151]) == 154


@pytest.mark.parametrize("name", EXPORTABLE)
def test_object_names_match_in_any_case(quick, name):
    procedure = CREATED if name == "externalActivity" else UPDATED
    word = "created_after" if name == "externalActivity" else "updated_after"
    for spelling in (name, name.lower(), name.upper()):
        quick.job(spelling, None, procedure, **{word: "yesterday"})
    assert {job["object"] for job in quick.emulator.exports} == {name}
    quick.emulator.set(export_objects={ACTIVITIES})
    answer = quick.create(name, None, procedure, **{word: "yesterday"})
    assert answer.status_code == (200 if name == ACTIVITIES else 400)


def test_an_object_without_the_right_to_it_cannot_be_exported(pardot):
    pardot.emulator.set(forbidden={"prospect"})
    answer = pardot.create("PROSPECT")
    assert (answer.status_code, refusal(answer)) == (403, 46)
    assert pardot.create(ACTIVITIES).status_code == 200


@pytest.mark.parametrize(
    ("name", "procedure", "arguments"),
    [
        ("externalActivity", CREATED, "created_after created_before"),
        ("externalActivity", "filter_by_activity_date", "activity_after activity_before"),
        (ACTIVITIES, CREATED, "created_after created_before type prospect_only prospectOnly"),
        (ACTIVITIES, UPDATED, "updated_after updated_before type prospect_only prospectOnly"),
        ("listMembership", CREATED, "created_after created_before deleted"),
        ("listMembership", UPDATED, "updated_after updated_before deleted"),
        ("prospect", CREATED, "created_after created_before deleted"),
        ("prospect", UPDATED, "updated_after updated_before deleted"),
        ("prospectAccount", UPDATED, "updated_after updated_before deleted"),
        (
            "prospectAccount",
            BY_PROSPECT,
            "prospect_updated_after prospect_updated_before prospect_deleted",
        ),
        ("visitor", UPDATED, "updated_after updated_before deleted"),
        (
            "visitor",
            BY_PROSPECT,
            "prospect_updated_after prospect_updated_before prospect_deleted",
        ),
    ],
)
def test_a_procedure_takes_only_its_own_arguments(pardot, name, procedure, arguments):
    after, before, *options = arguments.split()
    values = {"type": [1, 2], "deleted": "all", "prospect_deleted": True}
    given = {after: DAY.format(1), before: DAY.format(9)}
    given |= {option: values.get(option, True) for option in options}
    assert pardot.create(name, None, procedure, **given).status_code == 200
    assert pardot.create(name, None, procedure, **{after: "yesterday"}).status_code == 200
    everything = {"type", "prospect_only", "deleted", "prospect_deleted", "list_id", "created_at"}
    for other in everything - set(options):
        assert create(pardot, name, None, procedure, **given, **{other: True}) == 175
    del given[after]
    assert create(pardot, name, None, procedure, **given) == 176
    assert create(pardot, name, None, "filter_by_name", **given) == 174


@pytest.mark.parametrize("name", ["visitor", "prospectAccount"])
def test_visitors_and_accounts_have_no_filter_by_creation(pardot, name):
    assert create(pardot, name, None, CREATED, created_after="yesterday") == 174


@pytest.mark.parametrize(
    "arguments",
    [
        {"updated_after": "soon"},
        {"updated_after": 5},
        {"updated_after": "yesterday", "updated_before": "soon"},
        {"updated_after": DAY.format(2), "updated_before": DAY.format(1)},
        {"updated_after": DAY.format(2), "updated_before": DAY.format(2)},
        {"updated_after": "yesterday", "type": "x"},
        {"updated_after": "yesterday", "type": []},
        {"updated_after": "yesterday", "type": [1.5]},
        {"updated_after": "yesterday", "type": True},
        {"updated_after": "yesterday", "prospect_only": "perhaps"},
        {"updated_after": "yesterday", "prospectOnly": 1},
    ],
)
def test_a_bad_value_of_an_argument_is_177(pardot, arguments):
    assert create(pardot, ACTIVITIES, **arguments) == 177


@pytest.mark.parametrize("deleted", ["maybe", 1, None, []])
def test_deleted_is_true_false_or_all(pardot, deleted):
    assert create(pardot, "prospect", updated_after="yesterday", deleted=deleted) == 177


@pytest.mark.parametrize(
    ("after", "before", "fits"),
    [
        ("2023-01-01 00:00:00", "2024-01-01 00:00:00", True),
        ("2023-01-01 00:00:00", "2024-01-01 00:00:01", False),
        # A leap year is longer than the year that fits.
        ("2024-01-01 00:00:00", "2025-01-01 00:00:00", False),
        # 365 days of elapsed time, and an hour more of local time.
        ("2024-03-10 00:00:00", "2025-03-10 01:00:00", False),
        ("2024-03-10 00:00:00", "2025-03-10 00:00:00", True),
        # 365 days of local time, and an hour more of elapsed time.
        ("2023-11-05 00:00:00", "2024-11-04 00:00:00", False),
        ("2023-11-05 00:00:00", "2024-11-03 23:00:00", True),
        ("2024-11-03 00:00:00", "2025-11-03 00:00:00", False),
    ],
)
def test_a_range_is_at_most_a_year_in_local_and_in_elapsed_time(make, after, before, fits):
    pardot = make(timezone="America/New_York")
    answer = pardot.create(ACTIVITIES, updated_after=after, updated_before=before)
    assert (answer.status_code == 200) is fits
    assert fits or refusal(answer) == 177


def test_the_length_of_a_range_without_an_end_is_measured_to_now(make):
    pardot = make(clock="2024-06-01T00:00:00Z")
    assert pardot.create(ACTIVITIES, updated_after="2023-06-02 00:00:00").status_code == 200
    assert create(pardot, ACTIVITIES, updated_after="2023-06-01 00:00:00") == 177


def test_the_last_of_repeated_arguments_counts(quick):
    quick.emulator.add(ACTIVITIES, [{"id": 1, "updated_at": DAY.format(2)}])
    body = (
        '{"object": "visitorActivity", "procedure": {"name": "filter_by_updated_at", "arguments": '
        '{"updated_after": "x", "updated_after": "2024-01-01", "updated_before": "2024-02-01"}}}'
    )
    quick.post(body)
    assert quick.emulator.exports[0]["rows"] == 1


@pytest.mark.parametrize("types", [[2, 6], ["2", "6"], "2,6", "2, 6"])
def test_types_may_be_written_in_any_way_and_sessions_never_come(quick, types):
    quick.emulator.add(ACTIVITIES, [{"id": n, "type": n} for n in range(1, 9)])
    january = {"updated_after": "2023-12-31", "updated_before": "2024-02-01"}
    rows = quick.export(ACTIVITIES, ["id"], **january, type=types)
    assert sorted(row["id"] for row in rows) == ["2", "6"]
    assert [row["id"] for row in quick.export(ACTIVITIES, ["id"], **january, type=6)] == ["6"]
    assert quick.export(ACTIVITIES, ["id"], **january, type=5) == []
    assert len(quick.export(ACTIVITIES)) == 7


def test_both_spellings_of_prospect_only_work_and_by_switch_one(quick):
    quick.emulator.add(ACTIVITIES, [{"id": 1}, {"id": 2, "prospect_id": 5}])
    for name in ("prospect_only", "prospectOnly"):
        for value in (True, "true"):
            given = {"updated_after": "2023-12-31", "updated_before": "2024-02-01", name: value}
            assert [row["id"] for row in quick.export(ACTIVITIES, ["id"], **given)] == ["2"]
        quick.emulator.set(export_prospect_only=name)
        other = {"prospect_only": "prospectOnly", "prospectOnly": "prospect_only"}[name]
        given[other] = given.pop(name)
        assert create(quick, ACTIVITIES, **given) == 175
        quick.emulator.set(export_prospect_only="both")


@pytest.mark.parametrize("name", ["prospect", "prospectAccount", "visitor", "listMembership"])
def test_the_recycle_bin_is_asked_for_by_an_argument(quick, name):
    quick.emulator.add(name, [{"id": 1}, {"id": 2, "deleted": True}])
    january = {"updated_after": "2023-12-31", "updated_before": "2024-02-01"}

    def ids(**arguments):
        rows = quick.export(name, ["id"], **january, **arguments)
        return sorted(row["id"] for row in rows)

    assert ids() == ids(deleted=False) == ids(deleted="false") == ["1"]
    assert ids(deleted=True) == ids(deleted="true") == ["2"]
    assert ids(deleted="all") == ["1", "2"]


def test_what_the_documents_contradict_on_prospects_by_update_are_switches(pardot):
    january = {"updated_after": "2023-12-31", "updated_before": "2024-02-01"}
    pardot.emulator.set(export_prospect_deleted=175, export_prospect_created=False)
    assert create(pardot, "prospect", **january, deleted=True) == 175
    assert pardot.create("prospect", **january).status_code == 200
    assert pardot.create("listMembership", **january, deleted=True).status_code == 200
    assert create(pardot, "prospect", None, CREATED, created_after="yesterday") == 174


def test_accounts_and_visitors_are_found_by_changes_of_their_prospects(quick):
    quick.emulator.add(
        "prospect",
        [
            {"id": 1, "prospect_account_id": 11, "updated_at": DAY.format(5)},
            {"id": 2, "prospect_account_id": 12, "updated_at": DAY.format(20)},
            {"id": 3, "prospect_account_id": 13, "updated_at": DAY.format(5), "deleted": True},
        ],
    )
    quick.emulator.add("prospectAccount", [{"id": n} for n in (11, 12, 13)])
    quick.emulator.add("visitor", [{"id": 20 + n, "prospect_id": n} for n in (1, 2, 3)])
    given = {
        "prospect_updated_after": DAY.format(1),
        "prospect_updated_before": DAY.format(10),
    }
    for name, first in (("prospectAccount", 10), ("visitor", 20)):
        for deleted, expected in (("false", [1]), ("true", [3]), ("all", [1, 3])):
            rows = quick.export(name, ["id"], BY_PROSPECT, **given, prospect_deleted=deleted)
            assert sorted(int(row["id"]) - first for row in rows) == expected


def test_anonymous_visitors_are_exported_unless_the_switch_says_no(quick):
    rows = [{"id": 1}, {"id": 2, "prospect_id": 5}, {"id": 3, "identified": True}]
    quick.emulator.add("visitor", rows)
    assert len(quick.export("visitor")) == 3
    quick.emulator.set(export_anonymous_visitors=False)
    assert sorted(row["id"] for row in quick.export("visitor")) == ["2", "3"]


def test_bounds_are_exclusive_and_in_the_local_time_of_the_creator_at_creation(make):
    pardot = make(timezone="America/New_York", export_seconds=0, export_wait=0.2)
    at = [f"2024-01-05T12:00:0{n}Z" for n in range(4)]
    pardot.emulator.add(ACTIVITIES, [{"id": n, "updated_at": one} for n, one in enumerate(at)])
    number = pardot.job(
        ACTIVITIES,
        ["id", "updated_at"],
        updated_after="2024-01-05 07:00:00",
        updated_before="2024-01-05 07:00:03",
    )
    # The zone of a user may be changed; what was asked for was meant in the old one.
    pardot.emulator.set(timezone="Asia/Tokyo")
    pardot.emulator.forward(1)
    rows = sorted(line for line in pardot.files(number)[0].splitlines() if "07:00" in line)
    assert len(rows) == 2
    assert all('"2024-01-05 07:00:0' in row for row in rows)
    assert pardot.read(number)["createdAt"][:10] == pardot.rows("export")[0]["createdAt"][:10]


def test_a_bound_inside_a_fold_is_read_by_the_switch(make):
    pardot = make(timezone="America/New_York", export_seconds=0)
    at = {1: "2024-11-03T05:30:00Z", 2: "2024-11-03T06:30:00Z"}
    pardot.emulator.add(ACTIVITIES, [{"id": n, "updated_at": one} for n, one in at.items()])
    given = {"updated_after": "2024-11-03 01:30:00", "updated_before": "2024-11-04 00:00:00"}
    rows = pardot.export(ACTIVITIES, ["id", "updated_at"], **given)
    assert rows in (
        [{"id": "2", "updated_at": "2024-11-03 01:30:00"}],
        [{"updated_at": "2024-11-03 01:30:00", "id": "2"}],
    )
    pardot.emulator.set(fold="late")
    assert pardot.export(ACTIVITIES, ["id", "updated_at"], **given) == []


def test_an_open_end_covers_everything_or_ends_at_creation(make):
    pardot = make(clock="2024-06-01T00:00:00Z", export_seconds=0)
    pardot.emulator.add(
        ACTIVITIES, [{"id": n, "updated_at": f"2024-0{n}-15T00:00:00Z"} for n in (5, 6)]
    )
    after = {"updated_after": "2024-05-01"}
    assert len(pardot.export(ACTIVITIES, **after)) == 2
    pardot.emulator.set(export_open_end="creation")
    assert len(pardot.export(ACTIVITIES, **after)) == 1


def test_jobs_run_one_after_another_oldest_first_by_the_clock(make):
    pardot = make(export_seconds=100)
    for _ in range(3):
        pardot.create(ACTIVITIES)
    assert states(pardot) == ["Processing", "Waiting", "Waiting"]
    pardot.emulator.forward(99)
    assert states(pardot) == ["Processing", "Waiting", "Waiting"]
    pardot.emulator.forward(2)
    assert states(pardot) == ["Complete", "Processing", "Waiting"]
    pardot.emulator.forward(200)
    assert states(pardot) == ["Complete"] * 3
    pardot.create(ACTIVITIES)
    assert states(pardot)[-1] == "Processing"


def test_jobs_may_progress_by_reads_instead(make):
    pardot = make(export_polls=2)
    first, second = pardot.job(ACTIVITIES), pardot.job(ACTIVITIES)
    seen = [pardot.read(first)["state"] for _ in range(3)]
    assert seen == ["Processing", "Complete", "Complete"]
    assert [pardot.read(second)["state"] for _ in range(2)] == ["Complete", "Complete"]


def test_time_goes_on_for_jobs_while_the_clock_stands_still(make):
    pardot = make(clock="2024-06-01T00:00:00Z", export_seconds=0.1)
    number = pardot.job(ACTIVITIES)
    assert pardot.read(number)["state"] == "Processing"
    time.sleep(0.15)
    assert pardot.read(number)["state"] == "Complete"


def test_rows_are_taken_when_a_job_begins_to_run(make):
    pardot = make(export_seconds=100)
    pardot.emulator.add(ACTIVITIES, [{"id": 1, "details": "old"}])
    first, second = (pardot.job(ACTIVITIES, ["id", "details"]) for _ in range(2))
    # The first one runs already, the second one not before it has ended.
    pardot.emulator.update(ACTIVITIES, 1, details="new")
    pardot.emulator.add(ACTIVITIES, [{"id": 2}])
    pardot.emulator.forward(101)
    pardot.emulator.delete(ACTIVITIES, 1)
    pardot.emulator.forward(100)
    assert "old" in pardot.files(first)[0]
    assert "new" in pardot.files(second)[0]
    assert [job["rows"] for job in pardot.emulator.exports] == [1, 2]


def test_a_row_added_after_a_job_began_is_not_in_it(make):
    pardot = make(export_seconds=100)
    pardot.create(ACTIVITIES)
    pardot.emulator.add(ACTIVITIES, [{"id": 1}])
    assert pardot.emulator.exports[0]["rows"] == 0


@pytest.mark.parametrize(("rows", "files"), [(0, 0), (1, 1), (10, 1), (11, 2), (25, 3)])
def test_links_are_absent_one_or_many_and_the_files_hold_every_row_once(make, rows, files):
    pardot = make(export_seconds=0, export_file_rows=10)
    pardot.emulator.add(ACTIVITIES, [{"id": n} for n in range(1, rows + 1)])
    number = pardot.job(ACTIVITIES, ["id"])
    export = pardot.read(number)
    expected = {0: type(None), 1: str}.get(files, list)
    assert type(export.get("resultRefs")) is expected
    assert ("resultRefs" in export) is bool(files)
    assert len(set(pardot.refs(number))) == files
    lines = [line for text in pardot.files(number) for line in text.splitlines()[1:]]
    assert sorted(map(int, lines)) == list(range(1, rows + 1))


def test_links_have_the_host_that_was_called_or_that_of_the_switch(quick):
    quick.emulator.add(ACTIVITIES, [{"id": 1}])
    number = quick.job(ACTIVITIES)
    path = f"/api/export/version/4/do/downloadResults/id/{number}/file/20201"
    assert quick.refs(number) == [quick.emulator.url + path]
    quick.emulator.set(export_ref_base="https://www.pardot.com/")
    assert quick.refs(number) == ["https://www.pardot.com" + path]


def test_rows_of_the_query_have_no_links_unless_the_switch_says_so(quick):
    quick.emulator.add(ACTIVITIES, [{"id": 1}])
    number = quick.job(ACTIVITIES)
    (row,) = quick.rows("export", status="Complete")
    assert (row["id"], row["state"], "resultRefs" in row) == (number, "Complete", False)
    quick.emulator.set(export_query_refs=True)
    assert quick.rows("export")[0]["resultRefs"] == quick.refs(number)[0]


def test_a_flat_read_has_links_but_no_times(quick):
    quick.emulator.add(ACTIVITIES, [{"id": 1}])
    number = quick.job(ACTIVITIES)
    quick.emulator.set(export_answers="flat")
    body = quick.call(f"export/read/id/{number}").json()
    assert list(body) == ["id", "state", "isExpired", "resultRefs"]


def test_xml_is_the_default_for_jobs_too(quick):
    number = quick.job(ACTIVITIES)
    text = quick.call(f"export/read/id/{number}", format="xml").text
    assert f"<export><id>{number}</id><state>Complete</state><isExpired>false" in text


def test_a_job_that_waits_or_runs_is_cancelled_and_another_one_is_not(make):
    pardot = make(export_seconds=100)
    first, second, third = (pardot.job(ACTIVITIES) for _ in range(3))
    for number in (first, second):
        body = pardot.call(f"export/cancel/id/{number}", "POST").json()["export"]
        assert (body["id"], body["state"], body["isExpired"]) == (number, "Canceled", False)
        assert pardot.code(f"export/cancel/id/{number}", "POST") == 178
    assert states(pardot) == ["Canceled", "Canceled", "Processing"]
    pardot.emulator.set(export_cancel_expired=False)
    assert "isExpired" not in pardot.call(f"export/cancel/id/{third}", "POST").json()["export"]
    assert pardot.code(f"export/cancel/id/{third}") == 60
    assert pardot.code("export/cancel/id/9", "POST") == 109


def test_cancel_under_version_3_works_by_switch(make):
    pardot = make(export_seconds=100)
    path = f"export/cancel/id/{pardot.job(ACTIVITIES)}"
    assert refusal(pardot.call(path, "POST", version=3)) == 88
    pardot.emulator.set(export_cancel_v3=True)
    assert pardot.call(path, "POST", version=3).json()["export"]["state"] == "Canceled"


def test_a_job_is_read_back_with_the_version_that_made_it(quick):
    number = quick.job(ACTIVITIES)
    quick.emulator.set(api_version=3)
    assert refusal(quick.call(f"export/read/id/{number}", version=3)) == 228


def test_as_many_jobs_fail_as_the_switch_says(make):
    pardot = make(export_seconds=0, export_fail=2)
    pardot.emulator.add(ACTIVITIES, [{"id": 1}])
    for _ in range(3):
        pardot.create(ACTIVITIES)
    assert states(pardot) == ["Failed", "Failed", "Complete"]
    failed = pardot.emulator.exports[0]["id"]
    assert "resultRefs" not in pardot.read(failed)
    assert pardot.code(f"export/cancel/id/{failed}", "POST") == 178


def test_a_file_can_be_had_only_of_a_complete_job(make):
    pardot = make(export_seconds=100)
    pardot.emulator.add(ACTIVITIES, [{"id": 1}])
    number = pardot.job(ACTIVITIES)
    path = f"export/downloadResults/id/{number}/file/20201"
    assert pardot.code(path) == 178
    assert "resultRefs" not in pardot.read(number)
    pardot.emulator.forward(101)
    assert pardot.call(path).status_code == 200
    assert pardot.code(path.replace("20201", "20202")) == 109
    assert pardot.code("export/downloadResults/id/5/file/20201") == 109
    assert pardot.code(f"export/downloadResults/id/{number}") == 198
    answer = pardot.session.get(pardot.refs(number)[0], timeout=9)
    assert answer.status_code in {401, 403}


@pytest.mark.parametrize("clock", [0, "2024-06-01T00:00:00Z"])
def test_files_vanish_after_seven_days(make, clock):
    pardot = make(export_seconds=0, clock=clock)
    pardot.emulator.add(ACTIVITIES, [{"id": 1}])
    number = pardot.job(ACTIVITIES)
    (url,) = pardot.refs(number)
    pardot.emulator.forward(days=6.99)
    assert pardot.read(number)["resultRefs"] == url
    pardot.emulator.forward(days=0.02)
    export = pardot.read(number)
    assert (export["state"], export["isExpired"]) == ("Complete", True)
    assert "resultRefs" not in export
    assert refusal(pardot.call(url.partition("/api/")[2].replace("/version/4/do", ""))) == 178
    assert pardot.rows("export")[0]["isExpired"] is True


def test_a_job_that_has_not_ended_in_seven_days_is_cancelled(make):
    pardot = make(export_seconds=8 * 86_400)
    number = pardot.job(ACTIVITIES)
    pardot.emulator.forward(days=7)
    assert pardot.read(number)["state"] == "Canceled"


def test_tests_put_jobs_into_any_state(make):
    pardot = make(export_seconds=100)
    pardot.emulator.add(ACTIVITIES, [{"id": 1}])
    first, second = pardot.job(ACTIVITIES), pardot.job(ACTIVITIES)
    pardot.emulator.set_export(first, state="Pondering")
    assert pardot.read(first)["state"] == "Pondering"
    pardot.emulator.set_export(second, state="Complete")
    assert len(pardot.files(second)) == 1
    pardot.emulator.set_export(expired=True)
    assert [job["isExpired"] for job in pardot.emulator.exports] == [False, True]


def test_jobs_are_listed_for_tests_with_what_was_asked_for(quick):
    quick.emulator.add(ACTIVITIES, [{"id": 1}])
    given = {"updated_after": "2023-12-31", "updated_before": "2024-02-01"}
    number = quick.job("visitoractivity", ["id", "type"], **given)
    assert quick.emulator.exports == [
        {
            "id": number,
            "object": ACTIVITIES,
            "procedure": UPDATED,
            "arguments": given,
            "fields": ["id", "type"],
            "state": "Complete",
            "isExpired": False,
            "rows": 1,
            "files": [{"id": 20201, "rows": 1}],
        }
    ]
    quick.emulator.reset()
    assert quick.emulator.exports == []


def test_calls_tell_which_object_and_how_many_rows(quick):
    quick.emulator.add("prospect", [{"id": 1}, {"id": 2}])
    number = quick.job("prospect", ["id"])
    quick.files(number)
    seen = [(call["op"], call["params"]["object"], call["rows"]) for call in quick.emulator.calls]
    assert seen == [("create", "prospect", 1), ("read", "prospect", 1), ("download", "prospect", 2)]
    assert quick.emulator.calls[0]["params"]["procedure"] == UPDATED


def test_a_job_is_not_kept_waiting_by_one_that_ended_before_the_clock_was_set_back(quick):
    quick.emulator.set(clock="2024-06-01T12:00:05Z")
    quick.create(ACTIVITIES)
    assert quick.emulator.exports[0]["state"] == "Complete"

    quick.emulator.set(clock="2024-06-01T12:00:00Z")
    quick.create(ACTIVITIES)

    assert quick.emulator.exports[1]["state"] == "Complete"
