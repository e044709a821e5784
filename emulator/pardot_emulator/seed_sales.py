"""Seeded opportunities, life cycle and tagged objects; see `seed` for why rows look odd."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pardot_emulator.dates import DAY
from pardot_emulator.seed_world import Draw, Row, Seed, World, person

if TYPE_CHECKING:
    from collections.abc import Sequence

_TAGGED = ("Prospect", "List", "Campaign", "Form", "Email", "Custom URL", "Dynamic Content", "User")
_STAGES = (
    *("New", "Engaged", "Marketing Qualified", "Sales Accepted", "Sales Qualified"),
    *("Won", "Lost"),
)


def _stage(_world: World, draw: Draw) -> Row:
    return {"name": _STAGES[draw.place], "position": draw.place, "is_locked": draw.place in {0, 5}}


def _opportunity(world: World, draw: Draw) -> Row:
    bits, place, last = draw.bits, draw.place, world.size("opportunity") - 1
    status = draw.pick("Open", "Won", "Lost")
    # A connected CRM's clock may run ahead. Here, because this object is always read whole.
    early = place == last and last
    created, updated = (world.now + 3 * DAY,) * 2 if early else (draw.created, draw.updated)
    known = [world.one_of("prospect", bits + 7 * n) for n in range((0, 1, 3, 1)[place % 4])]
    return {
        "campaign_id": world.one_of("campaign", bits) if bits & 15 else None,
        "value": (bits % 1_000_000) / 100 if bits & 1 else float(bits),
        "probability": {"Open": bits % 100, "Won": 100, "Lost": 0}[status],
        "type": None if bits & 32 else "New Business",
        "stage": None if bits & 64 else draw.pick(*_STAGES),
        "status": status,
        "closed_at": None if status == "Open" else updated,
        "created_at": created,
        "updated_at": updated,
        "prospects": [_linked(one) for one in dict.fromkeys(known)],
        "opportunity_activities": _activities(draw.id, known, created, status),
    }


def _linked(prospect_id: int) -> Row:
    keys = ("first_name", "last_name", "email", "company")
    return {"id": prospect_id, **dict(zip(keys, person(prospect_id), strict=True))}


def _activities(key: int, known: Sequence[int], created: int, status: str) -> list[Row]:
    """Return activities of an opportunity with prospects: one or two (types: E.1)."""
    ends = {"Won": [(9, "Opportunity Won")], "Lost": [(10, "Opportunity Lost")]}
    kinds = [(8, "Opportunity Created"), *ends.get(status, ())] if known else []
    return [
        {
            "id": 8_000_000_000 + 2 * key + n,
            "type": number,
            "type_name": type_name,
            "prospect_id": known[0],
            "opportunity_id": key,
            "created_at": created,
            "updated_at": created,
        }
        for n, (number, type_name) in enumerate(kinds)
    ]


def _lifecycle_history(world: World, draw: Draw) -> Row:
    bits, stages = draw.bits, world.ids("lifecycleStage")
    step = bits % len(stages)
    return {
        "prospect_id": world.one_of("prospect", bits),
        "previous_stage_id": stages[step - 1] if step else None,
        "next_stage_id": None if bits & 127 == 0 else stages[step],
        "seconds_elapsed": bits if step else None,
    }


def _tag_object(world: World, draw: Draw) -> Row:
    kind = _TAGGED[draw.bits & 7]
    return {
        "tag_id": world.one_of("tag", draw.bits),
        "type": kind,
        "object_id": world.one_of("prospect" if kind == "Prospect" else "list", draw.bits),
    }


SALES = {
    "lifecycleStage": Seed(_stage, 16_207, most=len(_STAGES), times=()),
    "opportunity": Seed(_opportunity, 4_310_201, bits=20, named=True),
    "lifecycleHistory": Seed(_lifecycle_history, 88_413_009, bits=22, times=("created_at",)),
    "tagObject": Seed(_tag_object, 71_220_541, bits=20, times=("created_at",)),
}
