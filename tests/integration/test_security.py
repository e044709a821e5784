"""What a hostile answer or a kill cannot do: leave files, fill memory, name a path, get a token.

What is written to logs is tested in test_secrets, single exchanges in tests/unit/test_transport.
"""

from __future__ import annotations

import gzip
import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from pardot_emulator import Emulator
from tap_pardot.api import http
from tap_pardot.config.validation import SETTINGS
from tap_pardot.errors import StreamFailed
from tap_pardot.sources.cells import rows_of
from tap_pardot.sources.export_csv import blocks_of_file
from tests.helpers.catalog import select
from tests.helpers.exports import QUICK, fill, ops
from tests.helpers.tap import Finished
from tests.integration.test_settings import certificate

pytestmark = pytest.mark.usefixtures("queries_only")

NOW = "2024-06-01T12:00:00+00:00"
MARCH = "2024-03-05T10:00:00+00:00"
SINCE = {**QUICK, "start_date": "2024-01-01"}
MIB = 2**20
FILE = "id,updated_at,hostname\n1,2024-03-05 05:00:00,x\n"
COLUMNS = {"visitors": ["hostname"]}
OURS = {"authorization", "pardot-business-unit-id"}
on_linux = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="reads /proc")


@pytest.fixture(autouse=True)
def queries_only():
    """Let these runs have exports: each names its streams."""


@pytest.fixture
def account(emulator):
    emulator.set(clock=NOW, export_seconds=0.01)
    return emulator


@pytest.fixture
def temp(tmp_path, monkeypatch):
    """The only folder for temporary files, of this process too."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@contextmanager
def another_host(answer):
    """Run another host: ``url``, and the ``seen`` requests as (method, path, header names)."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            names = {name.lower() for name in self.headers}
            seen.append((self.command, self.path, names))
            try:
                answer(self)
            except OSError:
                self.close_connection = True

        def do_POST(self):
            self.do_GET()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", seen=seen)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def giving(body, **headers):
    def answer(http):
        http.send_response(200)
        http.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            http.send_header(name.replace("_", "-"), value)
        http.end_headers()
        http.wfile.write(body)

    return answer


# --- temporary files ---


def deleted_files(pid, folder):
    """Return the modes of the files that a process holds open and that have no name any more."""
    modes = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(link.readlink())
            if target.startswith(str(folder)) and target.endswith("(deleted)"):
                modes.append(stat.S_IMODE(link.stat().st_mode))
        except FileNotFoundError:
            continue  # closed meanwhile
    return modes


@on_linux
def test_a_kill_in_the_middle_of_a_download_leaves_no_file_behind(account, tap_process, temp):
    fill(account, ["visitors"], [MARCH])
    half = threading.Event()

    def never_done(http):
        http.send_response(200)
        http.send_header("Content-Length", "1000000")
        http.end_headers()
        http.wfile.write(FILE.encode() * 1000)
        half.set()
        time.sleep(20)

    config, catalog = {**account.config, **SINCE}, select("visitors", columns=COLUMNS)
    before = os.umask(0)  # the mode must not be the umask's merit
    try:
        with another_host(never_done) as host:
            account.set(export_ref_base=host.url)
            process = tap_process.start(config, catalog=catalog)
            assert half.wait(20)
            modes = deleted_files(process.pid, temp)
            during = list(temp.iterdir())
            process.send_signal(signal.SIGKILL)
            out, _ = process.communicate(timeout=20)
    finally:
        os.umask(before)

    assert modes == [0o600]
    assert during == []
    assert list(temp.iterdir()) == []

    account.set(export_ref_base=None)
    run = tap_process.run(config, catalog=catalog, state=Finished(-9, out, "").state)
    assert run.exit_code == 0, run.stderr
    assert run.ids("visitors") == [1]
    assert list(temp.iterdir()) == []


_JOINING = """
from tap_pardot.sources.row_joiner import RowJoiner
with RowJoiner() as joined:
    joined.add(("id", "a"), ([str(number), "x" * 1000] for number in range(20_000)))
    print("joined", flush=True)
    input()
"""


@on_linux
def test_rows_put_together_on_disk_have_no_name_and_one_reader(temp):
    # In a process of its own: SQLite looks for its folder once.
    command = [sys.executable, "-c", _JOINING]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, umask=0
    ) as process:
        assert process.stdout.readline() == "joined\n"
        modes, during = deleted_files(process.pid, temp), list(temp.iterdir())
        process.kill()

    assert modes == [0o600]
    assert during == list(temp.iterdir()) == []


# --- bombs ---


def test_a_json_bomb_costs_its_stream_only(account, tap):
    fill(account, ["visitors"], [MARCH])
    account.add("tag", [{"id": 1}])
    body = gzip.compress(b'{"result": "' + b" " * 80 * MIB + b'"}', 1)
    account.fault(object="list", body=body, headers={"Content-Encoding": "gzip"}, times=None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss

    run = tap.run({**account.config, **SINCE}, catalog=select("lists", "tags", "visitors"))

    assert run.exit_code == 1
    assert run.ids("tags") == run.ids("visitors") == [1]
    assert "64 MiB" in run.line("lists")
    assert "Traceback" not in run.stderr
    assert "replication_key_value" not in run.state["bookmarks"].get("lists", {})
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert most == before or most < 400 * 1024  # KiB


DEEP = {
    "lists": b'{"result":' + b"[" * 200_000,
    "tags": b'{"result":{"tag":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}}",
    "forms": b'{"result":{"form":{"id":' + b"9" * 1_000_000 + b"}}}",
    "users": b'{"result":{"total_results":1e999999999,"user":{"id":1e999999999}}}',
}


@pytest.mark.usefixtures("waits")
def test_json_that_is_made_to_break_a_reader_costs_its_stream_only(account, tap):
    account.add("campaign", [{"id": 1}])
    for stream, body in DEEP.items():
        account.fault(object=stream[:-1], body=body, times=None)

    run = tap.run({**account.config, **SINCE}, catalog=select("campaigns", *DEEP))

    assert run.ids("campaigns") == [1]
    for stream in ("lists", "tags", "forms"):
        assert ", failed: " in run.line(stream)
        assert "JSON" in run.line(stream)
    assert run.ids("users") == []


@pytest.mark.usefixtures("temp")
def test_a_csv_bomb_costs_its_stream_only(account, tap, monkeypatch):
    monkeypatch.setattr(http, "MAX_FILE_SIZE", MIB)
    fill(account, ["external_activities"], [MARCH] * 2)
    fill(account, ["visitors"], [MARCH])
    bomb = gzip.compress(FILE.encode() + b"2,2024-03-05 05:00:00,y\n" * 10**6)
    account.fault(
        op="download",
        params={"object": "visitor"},
        body=bomb,
        headers={"Content-Encoding": "gzip"},
        times=None,
    )

    streams = ("visitors", "external_activities")
    run = tap.run({**account.config, **SINCE}, catalog=select(*streams))

    assert run.exit_code == 1
    assert run.ids("visitors") == []
    assert sorted(run.ids("external_activities")) == [1, 2]
    assert "larger than 8 GiB" in run.line("visitors")
    assert "replication_key_value" not in run.state["bookmarks"]["visitors"]
    assert len(ops(account, "download")) == 2  # what is too large is not asked for again


ROWS = {
    "one line": [b"1,2024-03-05 05:00:00,", b"x" * MIB],
    "one cell": [b'1,2024-03-05 05:00:00,"', b"x" * (MIB - 1) + b"\n"],
    "one row": [b"1,2024-03-05 05:00:00", (b',"' + b"x" * 1020 + b'\n"') * (MIB // 1024)],
}


@pytest.mark.parametrize("parts", ROWS.values(), ids=ROWS)
def test_a_row_without_end_is_refused_before_it_fills_the_memory(tmp_path, parts):
    """A file may have gigabytes, compressed to next to nothing on the way; a row may not."""
    path = tmp_path / "bomb.csv"
    with path.open("wb") as file:
        file.write(FILE.encode() + parts[0])
        for _ in range(256):
            file.write(parts[1])
    rows = rows_of(
        blocks_of_file(path.open("rb", buffering=0), "it", ("id", "updated_at", "hostname"), 2)
    )
    assert next(rows) == ["1", "2024-03-05 05:00:00", "x"]
    tracemalloc.start()
    try:
        with pytest.raises(StreamFailed):
            next(rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 160 * MIB


# --- names ---

_writes = defaultdict(list)


def _note(event, arguments):
    """Note what this process opens for writing, makes or renames, while somebody asks."""
    if not _writes["asked"]:
        return
    path, changes = arguments[0] if arguments else "", event in {"os.mkdir", "os.rename"}
    if event == "open" and isinstance(arguments[2], int):
        changes = bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    if changes and isinstance(path, str):
        _writes["paths"].append(path)


sys.addaudithook(_note)


@pytest.fixture
def writes():
    """Give the paths that this process opens for writing, makes or renames."""
    _writes["asked"].append(True)
    _writes["paths"].clear()
    yield _writes["paths"]
    _writes["asked"].clear()


EVIL = "../../evil"


@pytest.mark.usefixtures("waits")
def test_a_name_that_comes_from_outside_is_never_a_path(account, tap, temp, writes):
    account.add("list", [{"id": 1, "name": EVIL}, {"id": 2, "_wire": {"set": {"id": EVIL}}}])
    account.add("emailTemplate", [{"id": 7, "isOneToOneEmail": 1, "name": EVIL}])
    account.add("emailTemplate", [{"id": 8, "_wire": {"set": {"id": EVIL}}}])
    field = {"field_id": EVIL, "name": EVIL, "type": "Text", "type_id": 1}
    account.add("customField", [{"id": 1, **field}])
    fill(account, ["prospects", "visitors"], [MARCH])
    streams = ("lists", "email_templates", "prospects", "visitors")

    with another_host(giving(FILE.encode(), Content_Disposition=f'filename="{EVIL}"')) as host:
        links = [f"{host.url}/{EVIL}.csv", f"{host.url}/..%2f..%2fevil", f"{host.url}/a%00evil"]
        account.fault(
            op="read", params={"object": "visitor"}, edit={"set": {"resultRefs": links}}, times=None
        )
        run = tap.run({**account.config, **SINCE}, catalog=select(*streams, columns=COLUMNS))
    ours = {str(tap.folder / name) for name in ("config.json", "catalog.json")}
    written = [path for path in writes if path not in ours]

    assert run.ids("visitors") == [1, 1, 1]
    assert run.ids("prospects") == [1]
    assert 1 in run.ids("lists")
    assert run.ids("email_templates") == [7]
    assert len(host.seen) == len(links)
    assert written  # the files of the exports
    assert {path for path in written if not Path(path).is_relative_to(temp)} <= {os.devnull}
    assert not any("evil" in path for path in written)
    assert not any("evil" in call["path"] or ".." in call["path"] for call in account.calls)
    assert account.unknown_calls == []


@pytest.mark.usefixtures("waits", "temp")
@pytest.mark.parametrize("scheme", ["file", "ftp", "data"])
def test_a_link_to_something_else_than_http_is_not_opened(account, tap, tmp_path, scheme):
    here = tmp_path / "private.csv"
    here.write_text(FILE.replace(",x", ",private"))
    link = {"file": f"file://{here}", "ftp": "ftp://127.0.0.1/x", "data": f"data:,{FILE}"}[scheme]
    fill(account, ["visitors", "external_activities"], [MARCH])
    account.fault(
        op="read", params={"object": "visitor"}, edit={"set": {"resultRefs": [link]}}, times=None
    )

    streams = ("visitors", "external_activities")
    run = tap.run({**account.config, **SINCE}, catalog=select(*streams, columns=COLUMNS))

    assert run.ids("visitors") == []
    assert run.ids("external_activities") == [1]
    assert ", failed: " in run.line("visitors")
    assert "private" not in run.stdout + run.stderr


# --- who gets a token ---


def test_a_redirected_download_takes_no_token_along(account, tap):
    fill(account, ["visitors"], [MARCH])
    with another_host(giving(FILE.encode())) as files:
        account.fault(op="download", redirect=f"{files.url}/moved", times=None)

        run = tap.run({**account.config, **SINCE}, catalog=select("visitors", columns=COLUMNS))

        assert run.exit_code == 0, run.stderr
        assert run.ids("visitors") == [1]
        ((method, path, names),) = files.seen
        assert (method, path) == ("GET", "/moved")
        assert not OURS & names


OK = '{"@attributes":{"stat":"ok","version":1},'
NOTHING = {
    "query": ({"object": "list"}, '"result":{"total_results":0}}', {"lists"}),
    "export": (
        {"object": "export", "op": "read"},
        '"export":{"id":1,"state":"Complete","isExpired":false,"resultRefs":[]}}',
        {"visitors", "email_templates"},
    ),
    "list of templates": ({"object": "emailTemplate"}, '"emailTemplates":[]}', {"email_templates"}),
}


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("what", NOTHING)
@pytest.mark.parametrize("by_way_of_a_trusted_place", [False, True])
def test_a_well_formed_answer_of_another_host_is_never_taken(
    account, tap, what, by_way_of_a_trusted_place
):
    match, rest, failed = NOTHING[what]
    fill(account, ["visitors"], [MARCH])
    for name in ("list", "tag"):
        account.add(name, [{"id": 1}])
    account.add("emailTemplate", [{"id": 7, "isOneToOneEmail": 1}])
    streams = ("lists", "tags", "visitors", "email_templates")
    with another_host(giving((OK + rest).encode())) as host:
        if by_way_of_a_trusted_place:
            account.fault(**match, redirect=f"{account.url}/api/on", times=None)
            match = {"path": "/api/on"}
        account.fault(**match, redirect=f"{host.url}/moved", times=None)

        run = tap.run({**account.config, **SINCE}, catalog=select(*streams, columns=COLUMNS))

        assert host.seen == []
    assert run.exit_code == 1
    assert {name for name in streams if ", failed: " in run.line(name)} == failed
    for name in failed:
        assert "127.0.0.1 redirects this request elsewhere" in run.line(name)
        assert run.ids(name) in ([], [7])
        assert "replication_key_value" not in run.state["bookmarks"].get(name, {})
    for name in {"lists", "tags", "visitors"} - failed:
        assert run.ids(name) == [1]


@pytest.mark.parametrize("times", [1, None])
@pytest.mark.parametrize("arguments", [(), ("--discover",), ("--test",)], ids=str)
def test_a_first_call_that_is_redirected_elsewhere_ends_the_run(account, tap, arguments, times):
    account.add("list", [{"id": 1}])
    answer = b'{"@attributes":{"stat":"ok"},"account":{"id":1},"result":{"total_results":0}}'
    with another_host(giving(answer)) as host:
        account.fault(redirect=f"{host.url}/moved", times=times)
        catalog = None if arguments else select("lists")

        run = tap.run(account.config, *arguments, catalog=catalog)

        assert host.seen == []
    assert run.exit_code == 1
    assert "redirects this request elsewhere: check api_url" in run.last_line
    assert not run.stdout or not run.records
    assert len(account.calls) == 1


def test_rows_do_not_come_from_the_host_of_the_login(account, tap):
    with Emulator(timezone="America/New_York") as login:
        login.add("list", [{"id": 1}])
        account.fault(
            object="list", redirect=f"{login.url}/api/list/version/4/do/query?format=json"
        )

        run = tap.run({**account.config, "login_url": login.url}, catalog=select("lists"))

        assert login.calls == []
    assert run.exit_code == 1


def test_jobs_that_are_redirected_are_created_nowhere_else(account, tap):
    fill(account, ["visitors"], [MARCH])
    with another_host(giving(b"{}")) as host:
        account.fault(op="create", redirect=f"{host.url}/moved", status=307, times=None)

        run = tap.run({**account.config, **SINCE}, catalog=select("visitors"))

        assert host.seen == []
    assert run.exit_code == 1
    assert "redirects this request elsewhere" in run.line("visitors")


# --- TLS ---

OFF = ["verify", "verify_ssl", "verify_tls", "ssl_verify", "tls_verify", "insecure", "ssl"]


def test_no_setting_is_about_the_verification_of_certificates():
    names = set(SETTINGS["properties"])
    assert {"login_url", "api_url"} <= names
    words = ("verify", "ssl", "tls", "insecure", "cert", "trust")
    assert [name for name in names if any(word in name for word in words)] == []


def test_nothing_in_settings_or_environment_switches_verification_off(account, tap, tmp_path):
    _, context = certificate(tmp_path)
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(self.path)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        here = f"https://127.0.0.1:{server.server_port}"
        config = {**account.config, "login_url": here, **dict.fromkeys(OFF, False)}
        env = {f"TAP_PARDOT_{name.upper()}": "false" for name in OFF}
        env |= {"PYTHONHTTPSVERIFY": "0", "REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}
        run = tap.run(config | {"insecure": True}, env=env, catalog=select("lists"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert run.exit_code == 1
    assert "The certificate of 127.0.0.1 cannot be verified" in run.last_line
    assert "REQUESTS_CA_BUNDLE" in run.last_line
    assert "Traceback" not in run.stderr
    assert seen == []
    assert account.calls == []
