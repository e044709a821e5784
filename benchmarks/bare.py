"""The least that a tap in Python can do: requests, json, RECORD lines. No types, no SDK.

Reads the settings from the file named by its argument.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import requests

PAGE = 200


def main() -> None:
    """Read all lists by id and write them to stdout."""
    config = json.loads(Path(sys.argv[1]).read_text())
    session = requests.Session()
    login = session.post(
        f"{config['login_url']}/services/oauth2/token",
        data={
            "grant_type": "refresh_token",
            "client_id": config["client_id"],
            "client_secret": config["client_secret"],
            "refresh_token": config["refresh_token"],
        },
        timeout=60,
    ).json()
    session.headers["Authorization"] = f"Bearer {login['access_token']}"
    session.headers["Pardot-Business-Unit-Id"] = config["pardot_business_unit_id"]
    url = f"{config['api_url']}/api/list/version/4/do/query"
    params = {"format": "json", "sort_by": "id", "sort_order": "ascending", "limit": str(PAGE)}
    write = sys.stdout.write
    while True:
        result = session.get(url, params=params, timeout=60).json()["result"]
        rows = result.get("list", [])
        if isinstance(rows, dict):
            rows = [rows]
        extracted = datetime.now(UTC).isoformat()
        for row in rows:
            message = {
                "type": "RECORD",
                "stream": "lists",
                "record": row,
                "time_extracted": extracted,
            }
            write(json.dumps(message) + "\n")
        if len(rows) < PAGE:
            return
        params["id_greater_than"] = str(rows[-1]["id"])


if __name__ == "__main__":
    main()
