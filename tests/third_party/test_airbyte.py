"""Airbyte's source reads version 5 from the emulator, and its rows equal those of this tap.

The source is airbyte-integrations/connectors/source-pardot/manifest.yaml of airbytehq/airbyte at
commit 1c4ac610. It is not part of this project. The environment variable AIRBYTE_PARDOT_MANIFEST
names a copy of that file; without it these tests are skipped. Only its two hosts are replaced.

The account stands still, and its rows are those of the emulator's seed: both sides of a clock
change, names that look like numbers, empty and nested collections, rows in the recycle bin.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.helpers.tap import Finished
    from tests.third_party.airbyte import Read

pytestmark = pytest.mark.third_party

Record = dict[str, Any]
ROWS = 30
ZONE = ZoneInfo("America/New_York")
STREAMS = (
    *("account", "campaigns", "custom_fields", "custom_redirects", "dynamic_content_variations"),
    *("dynamic_contents", "email_clicks", "emails", "engagement_studio_programs", "files"),
    *("folder_contents", "folders", "form_fields", "form_handler_fields", "form_handlers"),
    *("forms", "landing_pages", "layout_templates", "lifecycle_histories", "lifecycle_stages"),
    *("list_emails", "list_memberships", "lists", "opportunities", "prospect_accounts"),
    *("prospects", "tags", "tracker_domains", "users", "visitor_activities"),
    *("visitor_page_views", "visitors", "visits"),
)
THEIR_STREAM = {"list_memberships": "list_membership"}
# Streams that this tap reads by version 4 in any case. Airbyte does so for email_clicks only.
BY_VERSION_4 = {"custom_fields", "dynamic_contents", "email_clicks", "prospect_accounts"}
OUR_COLUMN = {
    "account.address_one": "address1",
    "account.address_two": "address2",
    "prospects.salesforce_account_id": "crm_account_fid",
    "prospects.salesforce_contact_id": "crm_contact_fid",
    "prospects.salesforce_last_sync": "crm_last_sync",
    "prospects.salesforce_lead_id": "crm_lead_fid",
    "prospects.salesforce_owner_id": "crm_owner_fid",
}
# Columns that Airbyte asks for and that this tap does not have.
NOT_OURS = {
    "custom_redirects": {"tracker_domain"},  # the name; its id is compared
    "emails": {"list_id"},  # always null
    # Read by version 4, which lacks them.
    "custom_fields": {"salesforce_id", "is_required", "created_by_id", "updated_by_id"},
    "dynamic_contents": {
        *("based_on_prospect_api_field_id", "tag_replacement_language", "folder_id"),
        *("tracker_domain_id", "is_deleted", "created_by_id", "updated_by_id"),
    },
    # Version 4 gives the fields of this account, which has few.
    "prospect_accounts": {
        *("billing_address_one", "billing_address_two", "billing_city", "billing_country"),
        *("billing_state", "type", "shipping_address_one", "shipping_address_two"),
        *("shipping_city", "shipping_country", "shipping_state", "shipping_zip", "employees"),
        *("fax", "number", "ownership", "rating", "salesforce_id", "sic", "site"),
        *("ticker_symbol", "assigned_to_id", "created_by_id", "updated_by_id"),
    },
}
NOT_EQUAL = {
    "account.api_calls_used",  # each call adds one
    "custom_fields.type",  # "Number" in version 4, "number" in version 5
    "dynamic_contents.based_on",  # a sentence in version 4, a word in version 5
}


def test_the_rows_of_all_its_streams_equal_those_of_this_tap(emulator, tap, airbyte):
    # Airbyte reads the row of the account from a list, and more than 5 streams at once.
    emulator.set(v5_account="values", max_concurrent=len(STREAMS))
    emulator.seed(seed=1, rows=ROWS)

    theirs = airbyte.read(emulator, *(THEIR_STREAM.get(name, name) for name in STREAMS))

    assert theirs.exit_code == 0, theirs.log
    assert [call for call in emulator.calls if call["status"] != 200 or call["unknown"]] == []
    asked = {name: fields_of(name, theirs, emulator.calls) for name in STREAMS}
    columns = {name: list(fields) for name, fields in asked.items()}
    config = {**emulator.config, "api_version": 5, "include": list(included(columns))}
    discovered = json.loads(tap.run(config, "--discover").stdout)
    assert missing(discovered, columns) == NOT_OURS

    ours = tap.run(config, catalog=select(discovered, columns))

    assert ours.exit_code == 0, ours.last_line
    assert versions(ours) == {name: "v4" if name in BY_VERSION_4 else "v5" for name in STREAMS}
    found = {name: by_id(ours.records[name]) for name in STREAMS}
    wanted = {name: by_id(theirs.records[THEIR_STREAM.get(name, name)]) for name in STREAMS}
    assert [name for name in STREAMS if not wanted[name]] == []
    assert [name for name in STREAMS if len(ours.records[name]) != len(found[name])] == []
    assert [line for each in STREAMS for line in differences(each, wanted, found, asked)] == []


def test_a_capped_sequence_of_pages_costs_it_rows_and_this_tap_none(emulator, tap, airbyte):
    emulator.set(v5_token_cap=50)
    rows = [{"id": number} for number in range(1, 121)]
    for name in ("list", "folder", "prospectAccount"):
        emulator.add(name, rows)
    names = ("lists", "folders", "prospect_accounts")

    theirs = airbyte.read(emulator, *names, page_size=20)
    config = {**emulator.config, "api_version": 5}
    discovered = json.loads(tap.run(config, "--discover").stdout)
    ours = tap.run(config, catalog=select(discovered, dict.fromkeys(names, None)))

    assert (theirs.exit_code, ours.exit_code) == (0, 0), (theirs.log, ours.last_line)
    # It stops where an answer names no next page, but continues prospect accounts by id.
    assert theirs.ids("lists") == theirs.ids("folders") == list(range(1, 51))
    everything = list(range(1, 121))
    assert sorted(theirs.ids("prospect_accounts")) == everything
    assert [sorted(ours.ids(name)) for name in names] == [everything] * 3
    assert versions(ours) == {"lists": "v5", "folders": "v5", "prospect_accounts": "v4"}


def fields_of(stream: str, theirs: Read, calls: Iterable[Record]) -> dict[str, set[str]]:
    """Return the fields that Airbyte asked for, with the parts that it asked for of each.

    Args:
        stream: Name of the stream.
        theirs: What Airbyte read. A stream of version 4 asks for no fields.
        calls: The log of its calls.
    """
    path = f"/objects/{stream.replace('_', '-')}"
    asked = (call["params"]["fields"] for call in calls if call["path"].endswith(path))
    names = next(asked, ",".join({name for row in theirs.records[stream] for name in row}))
    fields: dict[str, set[str]] = defaultdict(set)
    for name in names.split(","):
        field, _, part = name.partition(".")
        fields[field].update({snake(part)} if part else ())
    return fields


def snake(name: str) -> str:
    """Return a name of version 5 as this tap writes it."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def our_column(stream: str, field: str) -> str:
    """Return the column of this tap that holds a field of version 5."""
    return OUR_COLUMN.get(f"{stream}.{snake(field)}", snake(field))


def included(columns: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Yield what the setting ``include`` has to name, to have all these columns."""
    for stream, fields in columns.items():
        yield from (f"{stream}.{our_column(stream, field)}" for field in fields)


def missing(catalog: Record, columns: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Return the columns that the catalog lacks, by stream."""
    known = {each["tap_stream_id"]: each["schema"]["properties"] for each in catalog["streams"]}
    found = {
        stream: {our_column(stream, field) for field in fields} - set(known[stream])
        for stream, fields in columns.items()
    }
    return {stream: names for stream, names in found.items() if names}


def select(catalog: Record, columns: Mapping[str, Iterable[str] | None]) -> Record:
    """Return the catalog with just these streams selected.

    Args:
        catalog: What the tap discovered.
        columns: By stream, the fields to select; None leaves its columns as they are.
    """
    for entry in catalog["streams"]:
        stream = entry["tap_stream_id"]
        fields = columns.get(stream)
        wanted = {our_column(stream, field) for field in fields or ()}
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = stream in columns
            elif fields is not None:
                item["metadata"]["selected"] = item["breadcrumb"][-1] in wanted
    return catalog


def versions(run: Finished) -> dict[str, str]:
    """Return by which version each stream was read, from the report at the end of a run."""
    found = (re.match(r"(\w+): \d+ rows? by (v\d),", line) for line in run.log)
    return {line[1]: line[2] for line in found if line}


def by_id(records: Iterable[Record]) -> dict[int, Record]:
    """Return the records by id. Airbyte repeats all variations for each dynamic content."""
    return {record["id"]: record for record in records}


def differences(
    stream: str,
    wanted: Mapping[str, Mapping[int, Record]],
    found: Mapping[str, Mapping[int, Record]],
    asked: Mapping[str, Mapping[str, set[str]]],
) -> Iterator[str]:
    """Yield a line for each record that is missing on a side, and for each value that differs.

    Args:
        stream: Name of the stream.
        wanted: By stream and id, what Airbyte read.
        found: By stream and id, what this tap read.
        asked: By stream, the fields that Airbyte asked for, with their parts.
    """
    theirs, ours = wanted[stream], found[stream]
    yield from (f"{stream} {key}: read by one only" for key in theirs.keys() ^ ours.keys())
    for field, parts in asked[stream].items():
        column = our_column(stream, field)
        if column in NOT_OURS.get(stream, ()) or f"{stream}.{column}" in NOT_EQUAL:
            continue
        is_exact = stream not in BY_VERSION_4
        for key in theirs.keys() & ours.keys():
            one = plain(theirs[key].get(field), parts, is_exact=is_exact)
            other = plain(ours[key].get(column), parts, is_exact=is_exact)
            if one != other and not are_one_number(one, other, is_exact=is_exact):
                yield f"{stream}.{column} {key}: {one!r} and {other!r}"


def plain(value: Any, parts: Iterable[str] = (), *, is_exact: bool) -> Any:
    """Return a value with the names of this tap, without nulls, and with times as instants.

    Args:
        value: The value.
        parts: The only names of an object that count; all without any.
        is_exact: False for times of version 4. They have no offset, so that both hours of a clock
            change are one: they become local times.
    """
    if isinstance(value, list):
        return [plain(one, parts, is_exact=is_exact) for one in value]
    if isinstance(value, dict):
        named = {snake(name): one for name, one in value.items() if one is not None}
        kept = named if not parts else {name: named[name] for name in named if name in parts}
        return {name: plain(one, is_exact=is_exact) for name, one in kept.items()}
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d", value):
        when = datetime.fromisoformat(value)
        when = when.replace(tzinfo=when.tzinfo or ZONE)
        return when.astimezone(UTC) if is_exact else when.astimezone(ZONE).replace(tzinfo=None)
    return value


def are_one_number(theirs: Any, ours: Any, *, is_exact: bool) -> bool:
    """Return whether two values are one number: Airbyte's columns hold some as strings.

    Args:
        theirs: A value of Airbyte.
        ours: The value of this tap.
        is_exact: False for version 4, which takes a name such as "1.50" for a number.
    """
    if not is_exact:
        try:
            return float(theirs) == float(ours)
        except (TypeError, ValueError):
            return False
    return isinstance(theirs, str) and isinstance(ours, int) and theirs == str(ours)
