"""Under the default ``api_version`` the tap requests and stores what it did before version 5."""

from __future__ import annotations

import json

from tests.helpers.version_4 import GOLDEN, requests_and_states


def test_version_4_requests_and_stores_what_it_did_before_version_5():
    for expected, run in zip(json.loads(GOLDEN.read_text()), requests_and_states(), strict=True):
        assert run["requests"] == expected["requests"]
        assert run["state"] == expected["state"]
        assert not any("/v5/" in request for request in run["requests"])
