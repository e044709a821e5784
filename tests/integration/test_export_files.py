"""A file that is not whole, or not the one asked for, never passes for one."""

from __future__ import annotations

import errno
import io
import re
from contextlib import suppress

import pytest

from tap_pardot.errors import StreamFailed
from tap_pardot.sources import export_jobs
from tap_pardot.sources.cells import rows_of
from tap_pardot.sources.export_csv import blocks_of_file
from tests.helpers.catalog import select
from tests.helpers.exports import OBJECTS, QUICK, fill, jobs_of, missing, ops, row

NOW = "2024-06-01T12:00:00+00:00"
MARCH = "2024-03-05T10:00:00+00:00"
SINCE = {**QUICK, "start_date": "2023-09-01"}


@pytest.fixture
def account(emulator):
    emulator.set(clock=NOW, export_seconds=0.01)
    return emulator


# --- what arrives but is not right ---

SPOILT = {
    "visitor_activities": "cut_row",
    "prospects": "extra_cell",
    "prospect_accounts": "missing_column",
    "visitors": "missing_cell",
    "list_memberships": "other_object",
}


def test_a_broken_file_fails_its_own_stream_only_and_moves_no_bookmark(account, tap):
    fill(account, OBJECTS, [MARCH] * 5)
    for stream, way in SPOILT.items():
        account.fault(op="download", params={"object": OBJECTS[stream]}, times=None, csv=way)

    run = tap.run({**account.config, **SINCE}, catalog=select(*OBJECTS))

    assert run.exit_code == 1, run.stderr
    assert sorted(run.ids("external_activities")) == [1, 2, 3, 4, 5]
    for stream in SPOILT:
        job = jobs_of(account, stream)[0]
        assert re.search(
            rf"{stream}: \d+ rows?, \d+ calls, failed: (The last line|Line \d+) of file "
            rf"{job['files'][0]['id']} of export {job['id']} ",
            run.stderr,
        ), run.stderr
        assert "replication_key_value" not in run.state["bookmarks"][stream]
        # The file's first rows say nothing about the rest.
        assert all(each["done"] == [] for each in run.state["bookmarks"][stream]["jobs"])
    assert "Traceback" not in run.stderr
    assert "example.com" not in run.stderr

    # Pardot is well again: the same jobs are collected, none is created.
    account.clear_faults()
    made = len(account.exports)
    second = tap.run({**account.config, **SINCE}, catalog=select(*OBJECTS), state=run.state)
    assert second.exit_code == 0, second.stderr
    assert missing(account, second, SPOILT) == {}
    assert len(account.exports) == made


@pytest.mark.parametrize("way", ["empty", "no_header"])
def test_a_file_without_a_header_is_not_a_file_without_rows(account, tap, way):
    fill(account, ["visitors"], [MARCH] * 3)
    account.fault(op="download", times=None, csv=way)
    run = tap.run({**account.config, **SINCE}, catalog=select("visitors"))
    assert run.exit_code == 1
    assert re.search(r"Line 1 of file \d+ of export \d+ ", run.line("visitors"))
    assert "replication_key_value" not in run.state["bookmarks"]["visitors"]


@pytest.mark.parametrize("stop", range(1, 40))
def test_a_file_cut_anywhere_in_its_last_row_is_not_read_as_whole(stop):
    """Without quotes a cut leaves something that may look like a shorter value."""
    whole = b"id,updated_at,name\n17,2024-03-05 10:00:00,one\n18,2024-03-05 10:00:00,another\n"
    swapped = b"name,id,updated_at\none,17,2024-03-05 10:00:00\nanother,18,2024-03-05 10:00:00\n"
    for text in (whole, swapped):
        last = text.rstrip(b"\n").rfind(b"\n") + 1
        body = text[: last + min(stop, len(text) - last - 2)]
        rows = []
        fields = ("id", "updated_at", "name")
        with suppress(StreamFailed):
            rows.extend(rows_of(blocks_of_file(io.BytesIO(body), "it", fields, 2)))
        # Told by its missing line end, before it is parsed (see the test below).
        assert rows[0] == ["17", "2024-03-05 10:00:00", "one"]
        assert all(len(row[1]) == 19 for row in rows)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_breaks_off_is_downloaded_again_and_never_parsed(account, tap, chunked):
    account.set(export_file_rows=40, export_chunked=chunked)
    fill(account, ["visitors"], [MARCH] * 100)
    # Files are downloaded at once, so this may be any of them, also the short one.
    account.fault(op="download", nth=2, truncate=300)

    run = tap.run({**account.config, **SINCE}, catalog=select("visitors"))

    assert run.exit_code == 0, run.stderr
    assert sorted(run.ids("visitors")) == list(range(1, 101))  # none twice either
    paths = [call["path"] for call in ops(account, "download")]
    assert sorted(paths.count(path) for path in set(paths)) == [1, 1, 2]


def test_a_file_cut_without_a_word_is_found_by_its_last_line(account, tap):
    """The length fits, the last row's last value is shorter, the number of cells is right."""
    account.set(export_quoting="minimal", export_shuffle_columns=False)
    fill(account, ["visitors"], [MARCH] * 3)
    columns = {"visitors": ["hostname"]}
    for number in (1, 2, 3):
        account.update("visitor", number, hostname=f"host-{number}.example.com")
    head = "id,updated_at,hostname\n"
    lines = [f"{n},2024-03-05 05:00:00,host-{n}.example.com\n" for n in (1, 2, 3)]
    account.fault(op="download", body=(head + "".join(lines))[:-9])

    run = tap.run({**account.config, **SINCE}, catalog=select("visitors", columns=columns))

    assert run.exit_code == 0, run.stderr
    assert {record["hostname"] for record in run.records["visitors"]} == {
        f"host-{n}.example.com" for n in (1, 2, 3)
    }
    assert len(ops(account, "download")) == 2


def test_files_that_never_end_in_a_line_are_read_all_the_same(account, tap):
    """No document says how a file ends (reference D.9)."""
    account.set(export_file_rows=1)
    fill(account, ["visitors"], [MARCH] * 5)
    text = "id,updated_at,hostname\n1,2024-03-05 05:00:00,x"
    account.fault(op="download", times=None, body=text)

    columns = {"visitors": ["hostname"]}
    config = {**account.config, **SINCE, "max_concurrent_requests": 1}
    run = tap.run(config, catalog=select("visitors", columns=columns))

    assert run.exit_code == 0, run.stderr
    assert run.ids("visitors") == [1] * 5
    assert len(ops(account, "download")) == 5 + 1  # the first one twice, to be sure


# --- something else in place of a file ---


@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.usefixtures("no_patience")
def test_a_page_of_html_in_place_of_a_file_is_never_parsed(account, tap, status):
    fill(account, ["visitors", "external_activities"], [MARCH] * 2)
    match = {"op": "download", "params": {"object": "visitor"}}
    account.fault(**match, times=None, html=True, status=status)

    streams = ("visitors", "external_activities")
    run = tap.run({**account.config, **SINCE}, catalog=select(*streams))

    assert run.exit_code == 1
    assert run.ids("visitors") == []
    assert sorted(run.ids("external_activities")) == [1, 2]
    assert re.search(r": File \d+ of export \d+: ", run.line("visitors"))
    assert "replication_key_value" not in run.state["bookmarks"]["visitors"]
    assert len(ops(account, "download")) >= 6


def test_a_page_that_comes_once_is_no_failure(account, tap):
    fill(account, ["visitors"], [MARCH] * 2)
    account.fault(op="download", html=True, status=200)
    run = tap.run({**account.config, **SINCE}, catalog=select("visitors"))
    assert run.exit_code == 0
    assert sorted(run.ids("visitors")) == [1, 2]


@pytest.mark.parametrize(
    "body",
    [
        '{"@attributes":{"stat":"fail","version":1,"err_code":183},"err":"An error"}',
        '<?xml version="1.0"?><rsp stat="fail" version="1.0"><err code="183">An error</err></rsp>',
        '\ufeff{"export":{"id":1,"state":"Complete"}}',
        "[]",
    ],
)
@pytest.mark.usefixtures("no_patience")
def test_json_or_xml_in_place_of_a_file_is_never_parsed(account, tap, body):
    fill(account, ["visitors"], [MARCH] * 2)
    account.fault(op="download", times=None, body=body, status=200)
    run = tap.run({**account.config, **SINCE}, catalog=select("visitors"))
    assert run.exit_code == 1
    assert run.ids("visitors") == []
    assert re.search(r": File \d+ of export \d+: ", run.line("visitors"))


# --- forms that are right ---

UGLY = {
    1: 'He said "=1" and left',
    2: "=SUM(A1:A2)",
    3: "+49 171 5555",
    4: "@handle",
    5: "-5",
    6: "line one\r\nline two\rline three\nline four",
    7: "comma, semicolon; tab\tend",
    8: " spaces around ",
    9: "back\\slash \\=not at the start",
    10: "\N{GRINNING FACE} \u00e4\u00f6\u00fc",
    11: "\\n",
    12: '"',
    13: "02190",
    14: None,
    15: '","',
}


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"export_quoting": "minimal", "export_booleans": "words", "export_line_end": "crlf"},
        {"export_bom": True, "export_line_end": "crlf", "export_chunked": True},
        {"export_quoting": "minimal", "export_bom": True, "export_backslash": False},
    ],
)
def test_every_form_of_csv_gives_the_same_values(account, tap, form):
    account.set(**form)
    rows = [
        row("prospects", n, MARCH, comments=text, zip="02190", opted_out=n % 2 == 0)
        for n, text in UGLY.items()
    ]
    account.add("prospect", rows)
    columns = {"prospects": ["comments", "zip", "opted_out", "is_deleted"]}

    run = tap.run({**account.config, **SINCE}, catalog=select("prospects", columns=columns))

    assert run.exit_code == 0, run.stderr
    assert {r["id"]: r["comments"] for r in run.records["prospects"]} == UGLY
    assert {r["id"]: r["opted_out"] for r in run.records["prospects"]} == {
        n: n % 2 == 0 for n in UGLY
    }
    assert {r["zip"] for r in run.records["prospects"]} == {"02190"}
    assert {r["updated_at"] for r in run.records["prospects"]} == {MARCH}


# --- the disk ---


@pytest.mark.usefixtures("no_patience")
def test_a_full_disk_is_a_failure_of_one_stream_with_a_sentence(account, tap, monkeypatch):
    fill(account, ["visitors", "external_activities"], [MARCH] * 2)
    real = export_jobs.TemporaryFile
    full = [True]

    class Full:
        """A file on a disk without room."""

        def __init__(self, *args, **named):
            self._file = real(*args, **named)

        def write(self, data):
            if full:
                full.pop()
                raise OSError(errno.ENOSPC, "No space left on device")
            return self._file.write(data)

        def __getattr__(self, name):
            return getattr(self._file, name)

    monkeypatch.setattr(export_jobs, "TemporaryFile", Full)
    streams = ("external_activities", "visitors")
    run = tap.run({**account.config, **SINCE}, catalog=select(*streams))

    assert run.exit_code == 1
    failed = [name for name in streams if ", failed: " in run.line(name)]
    (good,) = set(streams) - set(failed)
    assert "No space left on device" in run.line(failed[0])
    assert sorted(run.ids(good)) == [1, 2]
    bookmark = run.state["bookmarks"][failed[0]]
    assert "replication_key_value" not in bookmark
    assert bookmark["jobs"]
