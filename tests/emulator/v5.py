"""A client of version 5 for the tests of the emulator, beside the one of versions 3 and 4."""

from __future__ import annotations

from pardot_emulator.v5_objects import V5_OBJECTS

TIMEOUT = 10


class V5:
    """Plain HTTP to ``/api/v5`` of one emulator."""

    def __init__(self, client):
        self.client, self.emulator = client, client.emulator

    def get(self, path, /, *, method="GET", headers=None, **params):
        """Send to ``/api/v5/<path>``, or to a whole URL."""
        url = path if path.startswith("http") else f"{self.emulator.url}/api/v5/{path}"
        return self.client.session.request(
            method,
            url,
            headers={**self.client.headers, **(headers or {})},
            params=params,
            timeout=TIMEOUT,
        )

    def body(self, path, /, **params):
        """Return the answer of a call that must work."""
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, name, fields="id", /, **params):
        return self.body(f"objects/{name}", fields=fields, **params)["values"]

    def ids(self, name, /, **params):
        return [row["id"] for row in self.rows(name, **params)]

    def code(self, path, /, **params):
        """Return the code of a refusal, None of an answer."""
        return self.get(path, **params).json().get("code")

    def refusal(self, path, /, **params):
        """Return the message of a call that must be refused."""
        answer = self.get(path, **params)
        assert answer.status_code != 200, answer.text
        return answer.json()["message"]

    @staticmethod
    def fields(name):
        """Return the fields that a query of an object gives."""
        target = V5_OBJECTS[f"objects/{name}"]
        return [one.name for one in target.fields.values() if not set(one.marks) & set("!-")]
