"""Rows made from a seed: realistic, repeatable, and with every ugly value a real account holds.

What looks odd here is on purpose. Names that look like numbers lose their type in answers
(reference A.6), rows that share a second break paging by time (F.1), and the two sides of an
autumn clock change have one local time (A.11). All people are made up, at example.com.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pardot_emulator.dates import DAY
from pardot_emulator.seed_mail import MAIL
from pardot_emulator.seed_people import PEOPLE
from pardot_emulator.seed_visits import VISITS
from pardot_emulator.seed_world import HISTORY, UGLY, Draw, Row, Seed, World, person
from pardot_emulator.settings import API_USER
from pardot_emulator.v5_seed import MORE, NEW

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_TAGGED = ("Prospect", "List", "Campaign", "Form", "Email", "Custom URL", "Dynamic Content", "User")
_STAGES = (
    *("New", "Engaged", "Marketing Qualified", "Sales Accepted", "Sales Qualified"),
    *("Won", "Lost"),
)
_ACCOUNT_ID = 400_131
_LONG_TEXT = "All work and no play makes a long description. " * 450
_GO = f"https://go.example.com/l/{_ACCOUNT_ID}"


def seed_rows(  # noqa: PLR0913 -- all by name
    *,
    seed: int,
    rows: int,
    timezone: str,
    now: int,
    objects: Collection[str] | None = None,
    custom_fields: int | None = None,
) -> Iterator[tuple[str, Row]]:
    """Make the rows of an account, the same ones for the same arguments.

    Args:
        seed: Chooses the values.
        rows: Number of rows of each big object; the others have as many up to `Seed.most`. With 0
            only the account itself is left.
        timezone: IANA name; rows are put on both sides of its last clock changes.
        now: Epoch seconds; no row is newer, but one opportunity (created three days later).
        objects: Only these. The rows of an object do not depend on which others are made.
        custom_fields: Number of custom fields of prospects, in place of `Seed.most`.

    Returns:
        Object name and row in storage form, one by one, ids growing with the time of creation.

    Raises:
        ValueError: ``rows`` is negative or an object is unknown.
        ZoneInfoNotFoundError: ``timezone`` is unknown.
    """
    unknown = set(objects or ()) - {"account", *SEEDS}
    if rows < 0 or unknown:
        raise ValueError(f"rows must not be negative: {rows}; unknown objects: {sorted(unknown)}")
    sizes = {} if custom_fields is None else {"customField": custom_fields}
    return _rows(World(seed, rows, timezone, now, SEEDS, sizes), objects)


def _rows(world: World, objects: Collection[str] | None) -> Iterator[tuple[str, Row]]:
    if objects is None or "account" in objects:
        yield "account", _account(world)
    for name in SEEDS:
        if objects is None or name in objects:
            for row in world.make(name):
                yield name, row


def _account(world: World) -> Row:
    return {
        "id": _ACCOUNT_ID,
        "company": 'The "Emulator" Company, Inc.',
        "level": "SFDC Ultimate Edition",
        "website": "https://www.example.com",
        "vanity_domain": "go.example.com",
        "plugin_campaign_id": world.ids("campaign")[0] if world.rows else None,
        "admin_id": world.ids("user")[0] if world.rows else None,
        "tracking_code_template": "<script>\nvar piAId = '400132';\n</script>",
        "address1": "1 Example Street",
        "city": "Boston",
        "state": "MA",
        "zip": "02190",
        "country": "United States",
        "phone": "15555555555",
        "created_at": world.now - HISTORY - DAY,
        "updated_at": world.now - 7 * DAY,
    }


def _user(world: World, draw: Draw) -> Row:
    first, last, email, _ = person(draw.bits)
    place, is_api_user = draw.place, draw.place == 0
    zones = ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney")
    return {
        "email": API_USER if is_api_user else email.replace("person", "user"),
        "first_name": "API" if is_api_user else first,
        "last_name": "User" if is_api_user else last,
        "job_title": None if place % 3 == 0 else UGLY[place % len(UGLY)],
        "role": "Administrator" if is_api_user else ("Sales", "Marketing", "Read, only")[place % 3],
        "account": _ACCOUNT_ID,
        "timezone": world.timezone if is_api_user else zones[place % 4],
    }


def _campaign(_world: World, draw: Draw) -> Row:
    return {"cost": draw.pick(None, 0, draw.bits)}


def _form(world: World, draw: Draw) -> Row:
    source = f"{_GO}/{draw.id}"
    return {
        "campaign_id": draw.random.choice(world.ids("campaign")) if draw.id & 3 else None,
        "embedCode": f'<iframe src="{source}" width="100%" height="500" style="border: 0">'
        "</iframe>",
    }


def _custom_redirect(world: World, draw: Draw) -> Row:
    return {
        "url": f"{_GO}/{draw.id}",
        "destination_url": f'https://www.example.com/?q="{draw.id}"&utm_source=a%20b,c#top',
        "campaign_id": draw.random.choice(world.ids("campaign")) if draw.id & 7 else None,
    }


def _dynamic_content(_world: World, draw: Draw) -> Row:
    place, name = draw.place, draw.name
    url = f"https://go.example.com/dcjs/{_ACCOUNT_ID}/{draw.id}/dc.js"
    return {
        "embedCode": f'<script type="text/javascript" src="{url}"></script>',
        "embedUrl": url,
        "baseContent": f"<p>Hello %%first_name%%,\r\n{name}</p>" if place % 6 else None,
        "basedOn": "Custom Field: Business Size" if place & 1 else "Prospect Default Field: Score",
        # None, one and many: three shapes in answers (C.5).
        "variation": [
            {"comparison": f"is {UGLY[(place + n) % 6]}", "content": f"<p>{name}, {n}</p>"}
            for n in range((0, 1, 3)[place % 3])
        ],
    }


def _export(world: World, draw: Draw) -> Row:
    kinds = ("visitorActivity", "prospect", "visitor", "listMembership", "prospectAccount")
    state = ("Complete", "Complete", "Failed", "Canceled")[draw.place % 4]
    return {
        "state": state,
        "isExpired": state == "Complete" and draw.created < world.now - 7 * DAY,
        "object": kinds[draw.place % len(kinds)],
        "updatedAt": min(draw.created + 60 * (1 + draw.place % 90), world.now - 1),
    }


def _import(world: World, draw: Draw) -> Row:
    key, place, is_open = draw.id, draw.place, draw.place % 10 == 9  # noqa: PLR2004 -- one of ten
    # An import expires 24 hours after creation if it was not submitted, else after 7 days (C.25).
    age = DAY if is_open else 7 * DAY
    return {
        "state": "Open" if is_open else "Complete",
        "isExpired": draw.created < world.now - age,
        "origin": "API" if place & 1 else "UI",
        # Counted once complete. No links: they would name a host that is not this one.
        "createdCount": None if is_open else key % 900,
        "updatedCount": None if is_open else key % 90,
        "errorCount": None if is_open else key % 4,
        "updatedAt": min(draw.created + 30 * (1 + place % 90), world.now - 1),
    }


def _list(world: World, draw: Draw) -> Row:
    bits = draw.bits
    description = None if bits & 16 else UGLY[bits % len(UGLY)]
    return {
        "is_public": bits & 1 == 0,
        "is_dynamic": bits & 6 == 0,
        "title": None if bits & 8 else draw.name,
        "description": _LONG_TEXT if draw.place == world.size("list") // 3 else description,
        "is_crm_visible": bits & 32 != 0,
    }


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
        "opportunity_activities": _opportunity_activities(draw.id, known, created, status),
    }


def _linked(prospect_id: int) -> Row:
    keys = ("first_name", "last_name", "email", "company")
    return {"id": prospect_id, **dict(zip(keys, person(prospect_id), strict=True))}


def _opportunity_activities(key: int, known: Sequence[int], created: int, status: str) -> list[Row]:
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


_CAMEL_TIMES = ("createdAt", "updatedAt")
_SEEDS = {
    "user": Seed(_user, 3_917_021, most=25, bits=16),
    "campaign": Seed(_campaign, 11_873, most=2_000, bits=14, named=True),
    "tag": Seed(lambda _world, _draw: {}, 40_013, most=2_000, named=True),
    "form": Seed(_form, 9_011, most=2_000, named=True),
    "customRedirect": Seed(_custom_redirect, 31_407, most=2_000, named=True),
    "dynamicContent": Seed(_dynamic_content, 2_213, most=2_000, named=True),
    "export": Seed(_export, 201_917, most=120, times=_CAMEL_TIMES),
    "import": Seed(_import, 51_009, most=120, times=_CAMEL_TIMES),
    "list": Seed(_list, 21_055, bits=8, named=True),
    "lifecycleStage": Seed(_stage, 16_207, most=len(_STAGES), times=()),
    "opportunity": Seed(_opportunity, 4_310_201, bits=20, named=True),
    "lifecycleHistory": Seed(_lifecycle_history, 88_413_009, bits=22, times=("created_at",)),
    "tagObject": Seed(_tag_object, 71_220_541, bits=20, times=("created_at",)),
    **MAIL,
    **PEOPLE,
    **VISITS,
    **NEW,
}
SEEDS = {name: seed._replace(more=MORE.get(name)) for name, seed in _SEEDS.items()}
