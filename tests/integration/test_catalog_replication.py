"""A catalog may name replication keys and methods; only those that a stream offers count.

Rows would be lost by another key: Pardot cannot filter by it, and windows do not go by it.
"""

from __future__ import annotations

import pytest

from tests.helpers.catalog import select
from tests.helpers.children import THEN, Runs

STREAMS = {"prospects": "prospect", "lists": "list", "users": "user", "email_clicks": "emailClick"}


@pytest.fixture
def account(emulator, tap):
    return Runs(emulator, tap)


def fill(account, numbers, at=THEN):
    account.fill(STREAMS.values(), numbers, at)


def catalog(*streams, key=None, method=None, where="metadata"):
    """Select streams, and name a key and a method as Meltano's ``metadata`` extra does by '*'."""
    found = select(*streams)
    for entry in found["streams"]:
        root = next(each for each in entry["metadata"] if not each["breadcrumb"])["metadata"]
        if where == "metadata":
            root |= {} if key is None else {"replication-key": key}
            root |= {} if method is None else {"forced-replication-method": method}
            entry |= {"replication_key": None, "replication_method": None}
        else:
            entry |= {"replication_key": key, "replication_method": method}
    return found


def notices(account):
    return [each for each in account.warnings if "replication is not followed" in each]


@pytest.mark.parametrize("where", ["metadata", "entry"])
@pytest.mark.parametrize("key", ["created_at", "updated_at", "made_up", "id", "score"])
def test_another_key_loses_no_row(account, key, where):
    fill(account, [1, 2])
    asked = catalog(*STREAMS, key=key, where=where)

    first = account.run(asked, bulk_source="export")
    # Changed later, but made before: by created_at they would never be seen.
    fill(account, [3], at=account.later(2))
    moment = account.later(1)
    account.emulator.update("prospect", 1, updated_at=moment)
    account.emulator.update("list", 1, updated_at=moment)
    second = account.run(asked, bulk_source="export")

    assert (first.exit_code, second.exit_code) == (0, 0), first.stderr + second.stderr
    for name in STREAMS:
        assert {*first.ids(name)} >= {1, 2}, name
        assert 3 in second.ids(name), name
    assert {*second.ids("prospects")} == {*second.ids("lists")} == {1, 3}
    assert second.ids("email_clicks") == [3]
    for message in first.messages:
        if message["type"] == "SCHEMA":
            keys = {"prospects": "updated_at", "lists": "updated_at", "email_clicks": "id"}
            wanted = keys.get(message["stream"])
            if message["stream"] == "users" and key == "updated_at":
                wanted = "updated_at"
            assert message.get("bookmark_properties") in ([wanted], None if wanted is None else [])
            assert "made_up" not in message["schema"]["properties"]


def test_one_line_names_the_selected_streams_whose_key_or_method_is_ignored(account):
    fill(account, [1])
    asked = catalog("lists", "emails", "users", "campaigns", key="made_up", method="INCREMENTAL")

    run = account.run(asked)

    assert run.exit_code == 0
    (line,) = notices(account)
    assert "lists (replication key made_up; valid: INCREMENTAL by updated_at, FULL_TABLE)" in line
    assert "emails (replication key made_up and replication method INCREMENTAL; valid: FULL" in line
    assert "campaigns (replication key made_up; valid: INCREMENTAL, FULL_TABLE)" in line
    assert "tags" not in line
    account.run(catalog("lists", "users", key="updated_at", method="INCREMENTAL"))
    assert notices(account) == []
    account.run(catalog("lists", "emails", key={}))  # as Meltano writes null
    assert notices(account) == []


@pytest.mark.parametrize(
    ("stream", "method", "incremental"),
    [
        ("lists", None, True),
        ("lists", "FULL_TABLE", False),
        ("lists", "LOG_BASED", True),
        ("users", None, False),
        ("users", "INCREMENTAL", True),
        ("users", "log", False),
        ("lifecycle_stages", "INCREMENTAL", False),
        ("campaigns", "INCREMENTAL", True),
        ("account", "INCREMENTAL", False),
        ("visits", "INCREMENTAL", False),
    ],
)
def test_a_method_that_a_stream_does_not_offer_counts_as_its_default(
    account, stream, method, incremental
):
    fill(account, [1])

    run = account.run(catalog(stream, method=method))

    assert run.exit_code == 0
    mode = "incremental" if incremental else "full_table"
    bookmark = run.state["bookmarks"].get(stream, {})
    assert (bookmark.get("replication_key_value") is not None) is incremental, mode
    is_ignored = method not in {None, "FULL_TABLE"} and (method != "INCREMENTAL" or not incremental)
    assert len(notices(account)) == is_ignored


def test_users_incremental_by_a_key_alone(account):
    fill(account, [1])
    account.run(catalog("users", key="updated_at"))
    fill(account, [2], at=account.later(2))

    run = account.run(catalog("users", key="updated_at"))

    assert run.ids("users") == [2]
    assert notices(account) == []


def test_keys_that_the_catalogs_schema_lacks_are_read_all_the_same(account):
    """An older tap's catalog, or one cut by hand."""
    fill(account, [1])
    asked = select("lists", "prospects", "email_clicks")
    for entry in asked["streams"]:
        for key in ("id", "updated_at"):
            entry["schema"]["properties"].pop(key, None)

    run = account.run(asked)

    assert run.exit_code == 0, run.stderr
    for name in ("lists", "prospects", "email_clicks"):
        assert run.ids(name) == [1]
        (schema,) = [m for m in run.messages if m["type"] == "SCHEMA" and m["stream"] == name]
        assert {*schema["key_properties"]} <= {*schema["schema"]["properties"]}
