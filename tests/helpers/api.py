"""Calls to the emulator that a test makes itself, as any client of the API would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from pardot_emulator import Emulator


def log_in(emulator: Emulator) -> dict[str, str]:
    """Log in; return the headers of a call."""
    config = emulator.config
    names = ("client_id", "client_secret", "refresh_token")
    form = {"grant_type": "refresh_token", **{name: config[name] for name in names}}
    login = requests.post(f"{emulator.url}/services/oauth2/token", data=form, timeout=10)
    return {
        "Authorization": f"Bearer {login.json()['access_token']}",
        "Pardot-Business-Unit-Id": config["pardot_business_unit_id"],
    }
