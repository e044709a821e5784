"""Runs of changing ``api_version`` are killed at any moment: a target still gets every row.

Each run is a process that gets SIGKILL at a random request, answer or message. ``api_version``
changes from 4 to 5, or back, from run to run, and rows change between and during runs. Each run
begins with the last STATE that the target has read. Also read are the streams that versions 3 and 4
read through others and version 5 by themselves.

``KILLS_SEED`` chooses the first of the accounts.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.helpers.kills import OBJECTS, READ_BY_CHANGING_VERSIONS, Change, Plan, Run, Stop
from tests.integration.test_kills import AGES, holds, nursery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.helpers.kills import Nursery

__all__ = ["nursery"]  # a fixture

FIRST = int(os.environ.get("KILLS_SEED", 0))
ACCOUNTS, NIGHTLY_ACCOUNTS = 3, 40
KILLS = 8  # of one account
FIRST_EMAIL = 300
KINDS = sorted({*(each for names in OBJECTS.values() for each in names), "email", "emailTemplate"})


def changing(seed: int) -> Plan:
    """Return an account that is read by versions 4 and 5 in turn, and as many kills."""
    chance = random.Random(seed)
    emails = iter(range(FIRST_EMAIL, FIRST_EMAIL + 10_000))

    def changes(most: int) -> Iterator[Change]:
        for _ in range(chance.randint(0, most)):
            kind = chance.choice(KINDS)
            number = next(emails) if kind == "email" else chance.randint(1, 12)
            yield Change(kind, number, chance.random() < 0.2, chance.randint(0, 1))

    def run(number: int) -> Run:
        at = chance.choice(["request", "answer", "message"])
        # A run that finds few changes is short.
        moment = chance.randint(1, chance.choice([20, 60]))
        return Run(
            Stop("SIGKILL", at, moment, lost=chance.choice([0, 0, 3])),
            pause=chance.choice([1, 61, 3600]),
            before=tuple(changes(12)),
            settles=chance.choice([0, 3, 125]),
            during=tuple((chance.randint(1, 60), each) for each in changes(8)),
            expire=chance.choice(["", "", "tokens", "exports"]),
            version=4 + (seed + number) % 2,
        )

    return Plan(
        streams=READ_BY_CHANGING_VERSIONS,
        rows={name: [chance.choice(AGES) for _ in range(6)] for name in KINDS if name != "email"},
        runs=tuple(run(number) for number in range(KILLS)),
        bulk_source=chance.choice(["auto", "export", "query"]),
        requests_at_once=chance.choice([1, 4]),
        page=chance.choice([3, 4]),
        drain_at=chance.choice([5_000, 2]),
        version=4 + (seed + KILLS) % 2,
    )


def lose_nothing(nursery: Nursery, seed: int) -> None:
    """Play one account; not all signals may come too late."""
    ends: Counter[str] = Counter()
    holds(nursery, changing(seed), ends)
    assert ends["SIGKILL"] >= KILLS // 3, ends


@pytest.mark.parametrize("seed", range(FIRST, FIRST + ACCOUNTS))
def test_nothing_is_lost_where_killed_runs_change_the_version(nursery, seed):
    lose_nothing(nursery, seed)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(FIRST + ACCOUNTS, FIRST + ACCOUNTS + NIGHTLY_ACCOUNTS))
def test_nothing_is_lost_where_many_killed_runs_change_the_version(nursery, seed):
    lose_nothing(nursery, seed)
