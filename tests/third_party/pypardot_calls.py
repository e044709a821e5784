"""Runs inside PyPardotSF's environment: a list of calls on stdin, what they return on stdout."""

from __future__ import annotations

import json
import sys

from pypardot.client import PardotAPI
from pypardot.errors import PardotAPIError


def main() -> None:
    """Make the calls, one after the other, with one client."""
    job = json.load(sys.stdin)
    client = PardotAPI(**job["client"])
    results = []
    for owner, method, *arguments in job["calls"]:
        target = getattr(client, owner) if owner else client
        options = arguments[0] if arguments else {}
        try:
            results.append(getattr(target, method)(**options))
        except PardotAPIError as refusal:
            results.append({"err_code": refusal.err_code, "message": refusal.message})
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
