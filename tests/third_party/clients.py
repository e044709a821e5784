"""Runs the other clients with their hosts redirected to the emulator."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.helpers.tap import Finished

# Read by Python at start, before the client. Only the hosts change: what the client asks and
# how it understands the answer stay its own.
_SITECUSTOMIZE = '''
"""Sends requests for Pardot and Salesforce to the emulator and refuses all others."""

import os

import requests

EMULATOR = os.environ["PARDOT_EMULATOR_URL"]
HOSTS = ("https://pi.pardot.com/", "https://login.salesforce.com/")
original = requests.Session.request


def request(self, method, url, *arguments, **options):
    host = next((host for host in HOSTS if url.startswith(host)), None)
    if host is None:
        raise RuntimeError("this client asked for an unknown host")
    return original(self, method, EMULATOR + "/" + url[len(host):], *arguments, **options)


requests.Session.request = request
'''
# Where a request ends that was not redirected: nobody listens there.
_NOWHERE = "http://127.0.0.1:9"
START = "2020-01-01T00:00:00Z"
"""The ``start_date`` of singer-io's tap, which needs one."""


def redirected(url: str, folder: Path) -> dict[str, str]:
    """Return the environment variables under which a client meets the emulator, and only that.

    Args:
        url: Origin of the emulator.
        folder: An empty folder for the ``sitecustomize``.
    """
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_SITECUSTOMIZE)
    # Nothing of ours but the PATH: the checkout on PYTHONPATH would hide singer-io's package of
    # the same name, and a proxy would stand between the client and the emulator.
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(folder),
        "PARDOT_EMULATOR_URL": url,
        "HTTPS_PROXY": _NOWHERE,
    }


def singer_config(config: dict[str, Any], start_date: str) -> dict[str, Any]:
    """Return singer-io's settings for an account that ours describe.

    Args:
        config: Settings of our tap.
        start_date: ISO 8601; singer-io needs one.
    """
    names = ("client_id", "client_secret", "refresh_token", "pardot_business_unit_id")
    return {"start_date": start_date, **{name: config[name] for name in names}}


def singer_catalog(streams: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Return a catalog with these streams selected.

    It is written here because singer-io's discovery asks for ``prospectAccount/do/describe``,
    which has nothing to do with the streams that are read.

    Args:
        streams: By stream, its columns and their types: a JSON type or ``date-time``.
    """
    return {
        "streams": [
            {
                "stream": name,
                "tap_stream_id": name,
                "key_properties": ["id"],
                "schema": {
                    "type": "object",
                    "properties": {
                        column: {"type": ["null", "string"], "format": "date-time"}
                        if kind == "date-time"
                        else {"type": ["null", kind]}
                        for column, kind in columns.items()
                    },
                },
                "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
            }
            for name, columns in streams.items()
        ]
    }


class SingerIo:
    """The tap of singer-io.

    Args:
        programs: The ``bin`` folder of its environment.
        folder: For its files.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.folder = folder

    def command(self, config: Any, catalog: Any, state: Any = None) -> list[str]:
        """Return the command line; writes its files."""
        command = [str(self.programs / "tap-pardot")]
        options = {"--config": config, "--catalog": catalog, "--state": state}
        for option, content in options.items():
            if content is not None:
                path = self.folder / f"singer-io{option}.json"
                path.write_text(json.dumps(content))
                command += [option, str(path)]
        return command

    def run(
        self,
        emulator: Any,
        streams: dict[str, dict[str, str]],
        *,
        state: Any = None,
        start_date: str = START,
    ) -> Finished:
        """Read streams from an emulator.

        Args:
            emulator: The emulator.
            streams: By stream, its columns and their types.
            state: STATE of an earlier run.
            start_date: ISO 8601.
        """
        catalog = singer_catalog(streams)
        return self.run_catalog(emulator, catalog, state=state, start_date=start_date)

    def run_catalog(
        self, emulator: Any, catalog: dict[str, Any], *, state: Any = None, start_date: str = START
    ) -> Finished:
        """Read what a catalog selects from an emulator; the rest as for :meth:`run`."""
        config = singer_config(emulator.config, start_date)
        return self._finish(emulator, self.command(config, catalog, state))

    def discover(self, emulator: Any) -> dict[str, Any]:
        """Return the catalog that it discovers, with all streams selected.

        Raises:
            AssertionError: It failed; the message is its log.
        """
        config = singer_config(emulator.config, START)
        run = self._finish(emulator, [*self.command(config, None), "--discover"])
        assert run.exit_code == 0, run.stderr
        catalog: dict[str, Any] = json.loads(run.stdout)
        for entry in catalog["streams"]:
            for item in entry["metadata"]:
                if not item["breadcrumb"]:
                    item["metadata"]["selected"] = True
        return catalog

    def _finish(self, emulator: Any, command: list[str]) -> Finished:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env=redirected(emulator.url, self.folder / "redirect"),
            cwd=self.folder,
        )
        return Finished(done.returncode, done.stdout, done.stderr)


class PyPardotSF:
    """The library PyPardotSF: MIT, of the PyPardot family, and the one of it that knows OAuth.

    PyPardot4 1.1.14 itself only has the login that Salesforce retired in 2021 (reference B.4).

    Args:
        programs: The ``bin`` folder of its environment.
        folder: For its files.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.folder = folder

    def run(self, emulator: Any, *calls: tuple[Any, ...], version: int = 4) -> list[Any]:
        """Return what each call returns; a refusal as ``{"err_code": ..., "message": ...}``.

        Args:
            emulator: The emulator.
            calls: Each an attribute of the client (``lists``), a method, and its arguments as a
                dict; ``("", "refresh_sf_token")`` logs in.
            version: Of the API.
        """
        config = emulator.config
        job = {
            "client": {
                "sf_consumer_key": config["client_id"],
                "sf_consumer_secret": config["client_secret"],
                "sf_refresh_token": config["refresh_token"],
                "business_unit_id": config["pardot_business_unit_id"],
                "version": version,
            },
            "calls": calls,
        }
        done = subprocess.run(
            [str(self.programs / "python"), str(Path(__file__).with_name("pypardot_calls.py"))],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env=redirected(emulator.url, self.folder / "redirect"),
            cwd=self.folder,
        )
        assert done.returncode == 0, done.stderr
        results: list[Any] = json.loads(done.stdout)
        return results
