"""A sandbox per test, and a bare client that sends exactly what a test says."""

from __future__ import annotations

import pytest
import requests

from tap_pardot.sandbox.harness import Sandbox

TIMEOUT = 10


class Client:
    """Plain HTTP to one sandbox, logged in unless a test replaces `headers`."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.session = requests.Session()
        self.headers = {
            "Authorization": f"Bearer {self.login().json()['access_token']}",
            "Pardot-Business-Unit-Id": sandbox.config["pardot_business_unit_id"],
        }
        sandbox.clear_calls()

    def login(self, **form):
        config = self.sandbox.config
        body = {
            "grant_type": "refresh_token",
            **{key: config[key] for key in ("client_id", "client_secret", "refresh_token")},
        }
        return self.session.post(
            f"{self.sandbox.url}/services/oauth2/token", data={**body, **form}, timeout=TIMEOUT
        )

    def call(self, path, method="GET", *, version=4, headers=None, data=None, **params):
        """Send to ``/api/<object>/version/<v>/do/<op>``; ``path`` is "object/op…"."""
        name, _, operation = path.partition("/")
        return self.session.request(
            method,
            f"{self.sandbox.url}/api/{name}/version/{version}/do/{operation}",
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
        rows = (result or {}).get(name, [])
        return rows if isinstance(rows, list) else [rows]

    def ids(self, name, /, **params):
        return [row["id"] for row in self.rows(name, **params)]

    def code(self, path, method="GET", **params):
        """Return the error code of a call that must be refused."""
        answer = self.call(path, method, **params)
        body = answer.json()
        assert body["@attributes"]["stat"] == "fail", body
        return body["@attributes"]["err_code"]


@pytest.fixture
def make():
    """Start sandboxes with switches; all stop with the test."""
    started = []

    def start(**options):
        sandbox = Sandbox(**options).start()
        started.append(sandbox)
        return Client(sandbox)

    yield start
    for sandbox in started:
        sandbox.stop()


@pytest.fixture
def pardot(make):
    """A client of an empty account in UTC."""
    return make()
