"""An emulator per test, and a bare client that sends exactly what a test says."""

from __future__ import annotations

import csv
import io
import json

import pytest
import requests

from pardot_emulator import Emulator
from pardot_emulator.objects import OBJECTS

TIMEOUT = 10
# Round the time of rows that name none.
JANUARY = {"updated_after": "2023-12-31 00:00:00", "updated_before": "2024-02-01 00:00:00"}


class Client:
    """Plain HTTP to one emulator, logged in unless a test replaces `headers`."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.session = requests.Session()
        self.headers = {
            "Authorization": f"Bearer {self.login().json()['access_token']}",
            "Pardot-Business-Unit-Id": emulator.config["pardot_business_unit_id"],
        }
        emulator.clear_calls()

    def login(self, **form):
        config = self.emulator.config
        body = {
            "grant_type": "refresh_token",
            **{key: config[key] for key in ("client_id", "client_secret", "refresh_token")},
        }
        return self.session.post(
            f"{self.emulator.url}/services/oauth2/token", data={**body, **form}, timeout=TIMEOUT
        )

    def call(self, path, method="GET", *, version=4, headers=None, data=None, **params):
        """Send to ``/api/<object>/version/<v>/do/<op>``; ``path`` is "object/op…"."""
        name, _, operation = path.partition("/")
        return self.session.request(
            method,
            f"{self.emulator.url}/api/{name}/version/{version}/do/{operation}",
            headers=self.headers if headers is None else headers,
            params={"format": "json", **params},
            data=data,
            timeout=TIMEOUT,
            allow_redirects=False,
        )

    def query(self, name, /, **params):
        """Return the ``result`` of a query that must work."""
        answer = self.call(f"{name}/query", **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def rows(self, name, /, **params):
        """Return the rows of a query as a list, whatever their shape."""
        result = self.query(name, **params)
        rows = (result or {}).get(OBJECTS[name].key, [])
        return rows if isinstance(rows, list) else [rows]

    def ids(self, name, /, **params):
        return [row["id"] for row in self.rows(name, **params)]

    def create(self, name, fields=None, procedure="filter_by_updated_at", /, **arguments):
        """Create an export of January 2024 unless arguments say otherwise; return the answer."""
        body = {"object": name, "procedure": {"name": procedure, "arguments": arguments}}
        if not arguments:
            arguments.update(JANUARY)
        if fields is not None:
            body["fields"] = fields
        return self.post(json.dumps(body))

    def post(self, body, content_type="application/json"):
        headers = {**self.headers, "Content-Type": content_type}
        return self.call("export/create", "POST", headers=headers, data=body)

    def job(self, *arguments, **named):
        """Create an export that must be taken; return its id."""
        answer = self.create(*arguments, **named)
        assert answer.status_code == 200, answer.text
        return answer.json()["export"]["id"]

    def read(self, number):
        return self.call(f"export/read/id/{number}").json()["export"]

    def refs(self, number):
        """Return the links of a job, whatever their shape."""
        refs = self.read(number).get("resultRefs", [])
        return [refs] if isinstance(refs, str) else refs

    def download(self, url):
        return self.session.get(url, headers=self.headers, timeout=TIMEOUT)

    def files(self, number):
        """Return the content of all files of a job that is complete, as text."""
        return [self.download(url).content.decode() for url in self.refs(number)]

    def export(self, *arguments, **named):
        """Export to the end; return the rows as dicts of cells."""
        found = []
        for text in self.files(self.job(*arguments, **named)):
            found += csv.DictReader(io.StringIO(text, newline=""))
        return found

    def code(self, path, method="GET", **params):
        """Return the error code of a call that must be refused."""
        answer = self.call(path, method, **params)
        body = answer.json()
        assert body["@attributes"]["stat"] == "fail", body
        return body["@attributes"]["err_code"]


@pytest.fixture
def make():
    """Start emulators with switches; all stop with the test."""
    started = []

    def start(**options):
        emulator = Emulator(**options).start()
        started.append(emulator)
        return Client(emulator)

    yield start
    for emulator in started:
        emulator.stop()


@pytest.fixture
def pardot(make):
    """A client of an empty account in UTC."""
    return make()
