"""The main job in one command: a local Pardot, a PostgreSQL, and Meltano between them.

``python -m examples.demo`` makes all three for this run only, in temporary directories, and
compares what arrived with what the emulator holds. Exit code 0: every table agrees.
``python -m examples.demo --api-version 5`` does the same by version 5 of the API.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from pardot_emulator import Emulator
from tests.helpers.meltano import PLUGINS, Meltano, as_environment, stopped_with_us
from tests.helpers.postgres import Postgres, running_postgres
from tests.helpers.versions import V5_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHECKOUT = Path(__file__).resolve().parent.parent
SCHEMA = "tap_pardot"
ROWS = 1_000
SEED = 3
# A zone with clock changes, and rows on both sides of them.
ZONE = "America/New_York"
# The emulator's own name of what each table holds.
OBJECTS = {
    "account": "account",
    "campaigns": "campaign",
    "custom_fields": "customField",
    "custom_redirects": "customRedirect",
    "dynamic_contents": "dynamicContent",
    "email_clicks": "emailClick",
    "exports": "export",
    "external_activities": "externalActivity",
    "forms": "form",
    "imports": "import",
    "lifecycle_histories": "lifecycleHistory",
    "lifecycle_stages": "lifecycleStage",
    "list_memberships": "listMembership",
    "lists": "list",
    "opportunities": "opportunity",
    "prospect_accounts": "prospectAccount",
    "prospects": "prospect",
    "tag_objects": "tagObject",
    "tags": "tag",
    "users": "user",
    "visitor_activities": "visitorActivity",
    "visitors": "visitor",
    "visits": "visit",
}
SESSION = 5  # a type of activities that Pardot never returns
TAP_LINE = re.compile(r"\] tap-pardot +(?!METRIC)(.*)")
VERSION_5 = 5


class Line(NamedTuple):
    """One table: the rows that arrived, and those that the emulator holds."""

    table: str
    arrived: int
    held: int


class MeltanoFailedError(Exception):
    """Meltano ended with an exit code that is not 0."""


def main() -> int:
    """Run the main job and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--api-version", type=int, choices=(4, 5), default=4)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        lines = run(options.api_version)
    except MeltanoFailedError as error:
        print(f"\nMeltano failed. Its last lines:\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Nothing is left running.", file=sys.stderr)
        return 128 + signal.SIGINT
    print_table(lines)
    return 0 if all(line.arrived == line.held for line in lines) else 1


def run(version: int = 4) -> list[Line]:
    """Load everything once; servers and files are gone afterwards.

    Args:
        version: The setting ``api_version``.

    Raises:
        MeltanoFailedError: An installation or the run failed.
    """
    with (
        TemporaryDirectory(prefix="main-job-") as name,
        Emulator(rows=ROWS, seed=SEED, timezone=ZONE, export_seconds=0.01) as emulator,
        running_postgres() as postgres,
    ):
        say(f"A local Pardot answers at {emulator.url} (rows made from seed {SEED}).")
        release = postgres.query("SHOW server_version")[0][0]
        say(f"PostgreSQL {release} waits in a temporary directory.")
        meltano = Meltano(
            project=CHECKOUT,
            home=Path(name),
            settings=as_environment("tap-pardot", emulator.config | {"api_version": version})
            | as_environment("target-postgres", {"sqlalchemy_url": postgres.url}),
        )
        with timed(f"meltano install {' '.join(PLUGINS)}"):
            run_meltano(meltano, "install", *PLUGINS)
        jobs = [row["id"] for row in emulator.rows("export")]
        with timed(f"meltano run {' '.join(PLUGINS)}"):
            printed = run_meltano(meltano, "run", *PLUGINS)
        print("\nThe tap's last lines:")
        held = held_under_5(emulator) if version == VERSION_5 else held_under_4(emulator)
        print(*TAP_LINE.findall(printed)[-len(held) - 1 :], sep="\n")
        say(
            f"\nThe run created {len(emulator.exports)} export jobs in {len(emulator.calls)} calls."
        )
        return compare(held, postgres, jobs)


def run_meltano(meltano: Meltano, *arguments: str) -> str:
    """Run a Meltano command and return what it printed.

    Raises:
        MeltanoFailedError: It failed; the message holds its last lines.
    """
    log = meltano.home / "meltano.log"
    with log.open("w") as output:
        process = meltano.start(*arguments, output=output)
        with stopped_with_us(process):
            process.wait()
    printed = log.read_text(errors="replace")
    if process.returncode:
        raise MeltanoFailedError("\n".join(printed.splitlines()[-40:]))
    return printed


def compare(held: dict[str, int], postgres: Postgres, jobs: Sequence[int]) -> list[Line]:
    """Count the rows of every table beside those of the emulator.

    All of them count: the seed dates nothing into the last hour, so that no row of a stream with
    a time window is still too young for this run. But of the export jobs only those that were
    there before: the run makes its own, and lists them as they are just then.

    Args:
        held: The rows that each table should have.
        postgres: The database.
        jobs: Ids of the export jobs before the run.
    """
    arrived = postgres.table_counts(SCHEMA)
    before = f"SELECT count(*) FROM {SCHEMA}.exports WHERE id IN ({', '.join(map(str, jobs))})"
    ((arrived["exports"],),) = postgres.query(before)
    held = {**held, "exports": len(jobs)}
    # A table that nobody expected is a difference, too.
    tables = sorted(held.keys() | arrived.keys())
    return [Line(f"{SCHEMA}.{t}", arrived.get(t, 0), held.get(t, 0)) for t in tables]


def activities_of(emulator: Emulator) -> list[dict[str, Any]]:
    """Return the activities that Pardot returns."""
    return [row for row in emulator.rows("visitorActivity") if row["type"] != SESSION]


def held_under_4(emulator: Emulator) -> dict[str, int]:
    """Count what the emulator holds of each table, as versions 3 and 4 give it."""
    return {
        **{stream: emulator.count(name) for stream, name in OBJECTS.items()},
        "visitor_activities": len(activities_of(emulator)),
        **held_through_others(emulator),
    }


def held_under_5(emulator: Emulator) -> dict[str, int]:
    """Count what the emulator holds of each table, as version 5 gives it.

    It lists e-mails and templates, whether other rows name them or not, and the first run reads the
    figures of the list e-mails that were sent.
    """
    listed = {**V5_ONLY, "tagged_objects": "tagObject"}
    listed |= {"emails": "email", "email_templates": "emailTemplate"}
    return {
        **held_under_4(emulator),
        **{stream: emulator.count(name) for stream, name in listed.items()},
        "email_stats": sum(row["isSent"] for row in emulator.rows("listEmail")),
    }


def held_through_others(emulator: Emulator) -> dict[str, int]:
    """Count what the emulator holds of objects that have no list: what other rows name.

    Args:
        emulator: The local Pardot.
    """
    naming = [*activities_of(emulator), *emulator.rows("emailClick")]
    emails = {row.get("email_id") for row in naming}
    list_emails = {row["list_email_id"] for row in naming if row["list_email_id"]}
    with_email = {row["list_email_id"] for row in naming if row.get("email_id")}
    templates = {row["email_template_id"] for row in naming}
    return {
        "email_stats": len(list_emails),
        "email_templates": sum(
            bool(row["isOneToOneEmail"]) or row["id"] in templates
            for row in emulator.rows("emailTemplate")
        ),
        "emails": sum(
            row["id"] in emails | (list_emails - with_email) for row in emulator.rows("email")
        ),
        "opportunity_prospects": sum(
            len(row["prospects"] or []) for row in emulator.rows("opportunity")
        ),
        "visitor_page_views": len(emulator.page_views()),
    }


def print_table(lines: Sequence[Line]) -> None:
    """Print the counts and, last, whether they agree."""
    width = max(len(line.table) for line in lines)
    print(f"\n{'schema.table':{width}}  {'PostgreSQL':>10}  {'emulator':>10}")
    for line in lines:
        note = "" if line.arrived == line.held else "  DIFFERENT"
        print(f"{line.table:{width}}  {line.arrived:10,}  {line.held:10,}{note}")
    wrong = sum(line.arrived != line.held for line in lines)
    total = sum(line.arrived for line in lines)
    verdict = f"{wrong} of the counts differ." if wrong else "all counts agree."
    print(f"\n{len(lines)} tables, {total:,} rows: {verdict}")


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


@contextmanager
def timed(command: str) -> Iterator[None]:
    """Say what runs and, when it is done, for how long it did."""
    print(command, end=" … ", flush=True)
    started = time.monotonic()
    yield
    say(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
