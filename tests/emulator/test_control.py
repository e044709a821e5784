"""Tests and demos change the account: over HTTP, and through `Emulator` alike."""

import pytest
import requests

from pardot_emulator import Emulator


@pytest.fixture
def control(pardot):
    """Send JSON to the control endpoint; return status and JSON."""

    def send(method, path, body=None):
        answer = requests.request(
            method, f"{pardot.emulator.url}/emulator{path}", json=body, timeout=9
        )
        return answer.status_code, answer.json()

    return send


def test_rows_are_added_changed_and_removed_over_http(pardot, control):
    assert control("POST", "/rows/list", {"rows": [{"id": 1}, {"id": 2, "name": "b"}]}) == (
        200,
        {"added": 2},
    )
    assert control("PATCH", "/rows/list", {"ids": [1], "fields": {"name": "a"}})[1] == {
        "updated": 1
    }
    assert [row["name"] for row in pardot.rows("list")] == ["a", "b"]
    assert control("DELETE", "/rows/list", {"ids": [1, 77]})[1] == {"deleted": 1}
    status, body = control("GET", "/rows/list")
    assert status == 200
    assert [row["id"] for row in body["rows"]] == [2]
    assert control("GET", "/counts")[1]["list"] == 1
    assert control("DELETE", "/rows/list")[1] == {"deleted": 1}
    assert pardot.query("list") == {"total_results": 0}


def test_calls_logins_faults_settings_and_reset_over_http(pardot, control):
    assert control("GET", "/health") == (200, {"ok": True})
    assert control("POST", "/faults", {"code": 66})[1] == {"id": 1}
    assert pardot.call("tag/query").status_code == 429
    assert control("GET", "/faults")[1]["faults"][0]["fired"] == 1
    assert control("DELETE", "/faults") == (200, {})
    assert [call["code"] for call in control("GET", "/calls")[1]["calls"]] == [66]
    pardot.login()
    assert control("GET", "/logins")[1]["logins"][0]["grant_type"] == "refresh_token"
    assert control("DELETE", "/calls") == (200, {})
    assert control("PATCH", "/settings", {"timezone": "Asia/Tokyo"})[1]["timezone"] == "Asia/Tokyo"
    assert control("POST", "/expire-tokens")[1]["expired"] >= 1
    assert control("POST", "/reset", {"rows": 10, "objects": ["list"]}) == (200, {})
    counts = control("GET", "/counts")[1]
    assert (counts["list"], counts["tag"], counts["account"]) == (10, 0, 1)
    assert pardot.emulator.calls == []


def test_export_jobs_are_listed_ended_and_expired_over_http(pardot, control):
    pardot.emulator.set(export_seconds=100)
    number = pardot.job("prospect", ["id"])
    (job,) = control("GET", "/exports")[1]["exports"]
    assert (job["id"], job["state"], job["object"]) == (number, "Processing", "prospect")
    now = control("POST", "/forward", {"seconds": 101})[1]["now"]
    assert now == pardot.emulator.settings.now()
    assert control("GET", "/exports")[1]["exports"][0]["state"] == "Complete"
    assert control("PATCH", "/exports", {"id": number, "expired": True}) == (200, {})
    assert control("GET", "/exports")[1]["exports"][0]["isExpired"] is True
    assert control("POST", "/forward", {"seconds": -1})[0] == 400
    assert control("GET", "/settings")[1]["export_seconds"] == 100


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/rows/nothing", [{"id": 1}], 400),
        ("POST", "/rows/list", [{"id": 1, "colour": "red"}], 400),
        ("POST", "/rows/list", [{"id": 1, "updated_at": "soon"}], 400),
        ("PATCH", "/rows/list", {"ids": [1]}, 400),
        ("PATCH", "/settings", {"colour": "red"}, 400),
        ("PATCH", "/settings", {"timezone": "Mars/Olympus"}, 400),
        ("PATCH", "/settings", {"fold": "both"}, 400),
        ("PATCH", "/settings", {"export_bom": "no"}, 400),
        ("PATCH", "/settings", {"export_seconds": "soon"}, 400),
        ("PATCH", "/settings", {"daily_limit": True}, 400),
        ("PATCH", "/settings", {"oauth": "app"}, 400),
        ("PATCH", "/settings", "fold", 400),
        ("POST", "/faults", {}, 400),
        ("POST", "/faults", {"code": "66"}, 400),
        ("POST", "/faults", {"change": "list"}, 400),
        ("POST", "/forward", {"hours": 1}, 400),
        ("GET", "/nothing", None, 404),
        ("PUT", "/health", None, 404),
    ],
)
def test_a_mistake_is_answered_with_a_sentence(control, method, path, body, status):
    got, answer = control(method, path, body)
    assert got == status
    assert answer["error"]


def test_a_call_is_recorded_with_all_its_facts(pardot):
    pardot.emulator.add("list", [{"id": 5}])
    pardot.call("list/query", "POST", limit=5, data={"sort_by": "id"})
    pardot.call("list/read/id/5")
    query, read = pardot.emulator.calls
    facts = ("n", "method", "path", "object", "op", "id", "status", "code", "rows", "headers_ok")
    assert [query[key] for key in facts] == [
        *(1, "POST", "/api/list/version/4/do/query", "list", "query", None, 200, None, 1, True),
    ]
    assert query["params"] == {"format": "json", "limit": "5", "sort_by": "id"}
    assert query["in_flight"] == 1
    assert 0 < query["seconds"] < 5
    assert (read["op"], read["id"], read["rows"]) == ("read", 5, 1)


def test_fields_that_a_row_leaves_out_get_defaults_and_times_of_2024(pardot):
    pardot.emulator.add(
        "list",
        [{"id": 1}, {"id": 2, "created_at": "2025-01-01"}, {"id": 3, "updated_at": "2023-01-01"}],
    )
    t2023, t2024, t2025 = 1_672_531_200, 1_704_067_200, 1_735_689_600
    times = [(row["created_at"], row["updated_at"]) for row in pardot.emulator.rows("list")]
    assert times == [(t2024, t2024), (t2025, t2025), (t2023, t2023)]
    assert pardot.emulator.rows("list")[0]["is_public"] is False


def test_rows_come_back_from_the_store_as_they_went_in(pardot):
    row = {
        "id": 1,
        "name": "007",
        "value": 5.5,
        "probability": 3,
        "type": None,
        "stage": "s",
        "status": "Won",
        "closed_at": 5,
        "created_at": 6,
        "updated_at": 7,
        "campaign_id": 8,
        "prospects": [{"id": 1}],
        "opportunity_activities": None,
    }
    row |= {"salesforce_id": "006", "created_by_id": 9, "updated_by_id": None}
    pardot.emulator.add("opportunity", [row])
    assert pardot.emulator.rows("opportunity") == [row]


def test_update_and_delete_take_one_id_or_many(pardot):
    emulator = pardot.emulator
    emulator.add("tag", [{"id": n} for n in range(1, 6)])
    emulator.update("tag", 1, name="one", updated_at="2024-05-05")
    emulator.update("tag", [2, 3], name="more")
    emulator.delete("tag", 4)
    emulator.delete("tag", [5])
    assert [row["name"] for row in emulator.rows("tag")] == ["one", "more", "more"]
    assert emulator.count("tag") == 3
    emulator.clear()
    assert set(emulator.counts().values()) == {0}


def test_a_bad_switch_changes_nothing(pardot):
    with pytest.raises(ValueError, match="api_version"):
        pardot.emulator.set(timezone="Asia/Tokyo", api_version=5)
    assert pardot.emulator.settings.timezone == "UTC"
    with pytest.raises(ValueError, match="colour"):
        pardot.emulator.set(oauth={"colour": "red"})


def test_the_connected_app_is_changed_while_it_runs(pardot):
    pardot.emulator.set(oauth={"refresh_token": "another"})
    assert pardot.emulator.config["refresh_token"] == "another"
    assert pardot.login(refresh_token="emulator-refresh").json()["error"] == "invalid_grant"
    assert pardot.login().status_code == 200


def test_a_login_takes_http_basic_for_the_client(pardot):
    answer = requests.post(
        f"{pardot.emulator.url}/services/oauth2/token",
        data={"grant_type": "refresh_token", "refresh_token": "emulator-refresh"},
        auth=("emulator-client", "emulator-secret"),
        timeout=9,
    )
    assert answer.status_code == 200
    assert "emulator-refresh" not in str(pardot.emulator.logins)


def test_the_same_seed_makes_the_same_account_and_every_row_can_be_served(make):
    first, second = (make(rows=300, seed=4, clock="2026-01-01T00:00:00Z") for _ in range(2))
    assert first.emulator.counts() == second.emulator.counts()
    for name in ("list", "opportunity", "dynamicContent", "emailClick", "import", "user"):
        got = [row["id"] for row in first.emulator.rows(name)]
        served, offset = [], 0
        while len(served) < len(got):
            paging = {"id_greater_than": max(served, default=0)}
            if name == "import":
                offset = len(served)
                paging = {"offset": offset, "limit": 100}
            served += first.ids(name, sort_by="id", sort_order="ascending", **paging)
        assert served == got
        assert first.rows(name) == second.rows(name)


def test_rows_stay_in_a_database_file(tmp_path):
    file = str(tmp_path / "rows.sqlite")
    with Emulator(database=file) as emulator:
        emulator.add("tag", [{"id": 77}])
    with Emulator(database=file, rows=50) as emulator:
        assert [row["id"] for row in emulator.rows("tag")] == [77]


def test_a_taken_port_is_an_error(pardot):
    port = int(pardot.emulator.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        Emulator(port=port).start()
