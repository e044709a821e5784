"""Every stream is complete at every size around a page (200 rows)."""

from __future__ import annotations

import pytest

from tests.helpers.catalog import select
from tests.helpers.zone import CHECKED

pytestmark = pytest.mark.usefixtures("queries_only")

OBJECTS = {
    "campaigns": "campaign",
    "custom_fields": "customField",
    "custom_redirects": "customRedirect",
    "dynamic_contents": "dynamicContent",
    "email_clicks": "emailClick",
    "exports": "export",
    "forms": "form",
    "imports": "import",
    "lifecycle_histories": "lifecycleHistory",
    "lifecycle_stages": "lifecycleStage",
    "lists": "list",
    "opportunities": "opportunity",
    "tag_objects": "tagObject",
    "tags": "tag",
    "users": "user",
}


@pytest.mark.parametrize("rows", [0, 1, 199, 200, 201, 1234])
def test_all_rows_of_every_stream_arrive_once(emulator, tap, rows):
    for name in OBJECTS.values():
        emulator.add(name, [{"id": 10 * number} for number in range(1, rows + 1)])

    # No jobs may be created: they would be rows of the stream exports.
    run = tap.run(emulator.config, catalog=select("account", *OBJECTS), state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert len(run.ids("account")) == 1
    expected = [10 * number for number in range(1, rows + 1)]
    assert {stream: run.ids(stream) for stream in OBJECTS} == dict.fromkeys(OBJECTS, expected)
    pages = rows // 200 + 1
    # imports have pages of 100, and offset pages overlap by one row
    most = 1 + len(OBJECTS) * pages + rows // 99 + 1
    newest = [call for call in emulator.calls if call["params"].get("limit") == "1"]
    assert len(emulator.calls) - len(newest) <= most
    assert len(newest) <= (len(OBJECTS) if rows >= 200 else 0)  # ids, one for each long query
    assert emulator.unknown_calls == []
