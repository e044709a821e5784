"""The taps that are compared, each as a command that reads one stream of an account."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from measure import HERE, ROOT, SPAN, tap_command, usage_of

sys.path.insert(0, str(ROOT))  # as a script it sees only its own folder

from tap_pardot.records.values import snake_case
from tests.third_party.clients import SingerIo, redirected, singer_catalog, singer_config
from tests.third_party.environments import SINGER_IO, NotInstalledError, environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BARE, OURS = "bare loop", "tap-pardot-sdk"
ORDINARY, SINGER = "ordinary SDK tap", "singer-io 1.4.9"


class Contestant(NamedTuple):
    """One of those that are compared.

    Attributes:
        command: The command.
        env: Its environment.
        url: Origin of the account it reads.
    """

    command: list[str]
    env: Mapping[str, str]
    url: str


class Case(Protocol):
    """What is read: see `record_path.Case`."""

    @property
    def stream(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def object(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> int: ...  # noqa: D102


def contestants(
    case: Case, found: Mapping[str, Any], folder: Path, *, peers: bool
) -> dict[str, Contestant]:
    """Return who reads a stream of an account, by name; writes their files.

    Args:
        case: What is read.
        found: The account.
        folder: For the files.
        peers: Whether other taps are among them.
    """
    settings = {**SPAN, "bulk_source": case.source, "export_poll_interval": 1}
    settings["api_version"] = case.version
    ours = tap_command(found, folder, case.stream, **settings, max_concurrent_requests=1)
    columns = columns_of(json.loads((folder / f"{case.stream}.json").read_text()), case.stream)
    usage_of(ours)
    asked = asked_by(found["url"], case)
    names = asked["fields"].split(",") if "fields" in asked else list(columns)
    # All give the columns that this tap asks for; the others under the API's names.
    schema = {name: columns[snake_case(name)] for name in names}
    way = case.source if case.version == 4 else "v5"  # noqa: PLR2004
    bare = [sys.executable, str(ROOT / "benchmarks" / "bare.py"), way, case.stream]
    bare.append(json.dumps(kinds_of(schema)))
    if case.source == "export":
        bare += download(found, folder)
    else:
        bare += [str(folder / "config.json"), case.object, json.dumps(asked)]
    commands = {BARE: (bare, HERE), OURS: (ours, HERE)}
    if peers and case.version == 4:  # noqa: PLR2004
        commands[ORDINARY] = (ordinary(case, found, folder, schema, asked), HERE)
        try:
            programs = environment(SINGER_IO)
        except NotInstalledError as reason:
            print(reason)
        else:
            theirs = SingerIo(programs, folder).command(
                singer_config(dict(found["config"]), "2024-01-01T00:00:00Z"),
                singer_catalog({case.stream: kinds_of(columns)}),
            )
            commands[SINGER] = (theirs, redirected(found["url"], folder / "redirect"))
    return {name: Contestant(*command, found["url"]) for name, command in commands.items()}


def asked_by(url: str, case: Case) -> dict[str, str]:
    """Return the parameters with which the last run asked for its rows.

    Those of an export are its arguments, and ``fields``.
    """
    if case.source == "export":
        with urlopen(f"{url}/emulator/exports", timeout=60) as answer:
            job = next(job for job in json.load(answer)["exports"] if job["files"])
        return {**job["arguments"], "fields": ",".join(job["fields"])}
    with urlopen(f"{url}/emulator/calls", timeout=60) as answer:
        calls = json.load(answer)["calls"]
    first = next(call for call in calls if call["object"] == case.object and call["op"] == "query")
    return dict(first["params"])


def ordinary(
    case: Case,
    found: Mapping[str, Any],
    folder: Path,
    schema: Mapping[str, Any],
    asked: Mapping[str, str],
) -> list[str]:
    """Return the command of the ordinary SDK tap."""
    settings = {
        **found["config"],
        "stream": case.stream,
        "object": case.object,
        "source": case.source,
        "schema": {"type": "object", "properties": schema},
        "replication_key": "updated_at" if "updated_at" in schema else "created_at",
        "params": asked,
    }
    config = folder / "ordinary.json"
    config.write_text(json.dumps(settings))
    script = ROOT / "benchmarks" / "ordinary_tap.py"
    return [sys.executable, str(script), "--config", str(config)]


def columns_of(catalog: dict[str, Any], stream: str) -> dict[str, Any]:
    """Return the schema of each column of a stream that is not off by default."""
    entry = next(each for each in catalog["streams"] if each["tap_stream_id"] == stream)
    left_out = {
        each["breadcrumb"][-1]
        for each in entry["metadata"]
        if each["breadcrumb"]
        and (
            each["metadata"].get("selected-by-default") is False
            or each["metadata"].get("inclusion") == "unsupported"
        )
    }
    columns: dict[str, Any] = entry["schema"]["properties"]
    return {name: column for name, column in columns.items() if name not in left_out}


def kinds_of(columns: Mapping[str, Any]) -> dict[str, str]:
    """Return the type of each column, a format for strings that have one."""
    return {
        name: "date-time"
        if column.get("format") == "date-time"
        else next(each for each in column["type"] if each != "null")
        for name, column in columns.items()
    }


def download(found: Mapping[str, Any], folder: Path) -> list[str]:
    """Save the files of the exports that were made."""
    url, config = found["url"], found["config"]
    with urlopen(f"{url}/emulator/exports", timeout=60) as answer:
        jobs = json.load(answer)["exports"]
    form = {name: config[name] for name in ("client_id", "client_secret", "refresh_token")}
    body = urlencode({"grant_type": "refresh_token", **form}).encode()
    with urlopen(f"{url}/services/oauth2/token", body, timeout=60) as answer:
        token = json.load(answer)["access_token"]
    headers = {
        "Authorization": f"Bearer {token}",
        "Pardot-Business-Unit-Id": config["pardot_business_unit_id"],
    }
    names = []
    for job in jobs:
        for file in job["files"]:
            path = folder / f"{file['id']}.csv"
            address = f"export/version/4/do/downloadResults/id/{job['id']}/file/{file['id']}"
            request = Request(f"{url}/api/{address}", headers=headers)
            with urlopen(request, timeout=600) as answer, path.open("wb") as copy:
                shutil.copyfileobj(answer, copy)
            names.append(str(path))
    return names
