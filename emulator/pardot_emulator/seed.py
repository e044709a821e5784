"""Rows made from a seed: realistic, repeatable, and with every ugly value a real account holds.

What looks odd here is on purpose. Names that look like numbers lose their type on the wire
(reference A.6), rows that share a second break paging by time (F.1), and the two sides of an
autumn fold have one wall-clock time (A.11). All people are made up, at example.com.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from pardot_emulator import seed_mail as mail
from pardot_emulator import seed_people as people
from pardot_emulator.seed_visits import visits
from pardot_emulator.seed_world import DAY, HISTORY, UGLY, World, person
from pardot_emulator.settings import API_USER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

Row: TypeAlias = dict[str, Any]


_ACCOUNT_ID = 400_131

_TYPES = ("Prospect", "List", "Campaign", "Form", "Email", "Custom URL", "Dynamic Content", "User")
_STAGES = (
    "New",
    "Engaged",
    "Marketing Qualified",
    "Sales Accepted",
    "Sales Qualified",
    "Won",
    "Lost",
)
_LONG_TEXT = "All work and no play makes a long description. " * 450


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
        rows: Number of rows of each big object (``list``, ``prospect``, ``opportunity``,
            ``emailClick``, ``lifecycleHistory``, ``tagObject``, and what prospects and visitors
            do, visits included); the others have as many up to a cap of their own. With 0 only the
            account itself is left.
        timezone: IANA name; rows are put on both sides of its last two folds and gaps.
        now: Epoch seconds; no row is newer, but one opportunity (created three days later).
        objects: Only these. The rows of an object do not depend on which others are made.
        custom_fields: Number of custom fields of prospects, in place of that cap.

    Returns:
        Object name and row in storage form, one by one, ids growing with the time of creation.

    Raises:
        ValueError: ``rows`` is negative or an object is unknown.
        ZoneInfoNotFoundError: ``timezone`` is unknown.
    """
    unknown = set(objects or ()) - set(_MAKERS)
    if rows < 0 or unknown:
        raise ValueError(f"rows must not be negative: {rows}; unknown objects: {sorted(unknown)}")
    wanted = _MAKERS if objects is None else objects
    sizes = {} if custom_fields is None else {"customField": custom_fields}
    return _rows(World(seed, rows, timezone, now, sizes), wanted)


def _rows(world: World, wanted: Collection[str]) -> Iterator[tuple[str, Row]]:
    for name, make in _MAKERS.items():
        if name in wanted:
            for row in make(world):
                yield name, row


def _account(world: World) -> Iterator[Row]:
    yield {
        "id": _ACCOUNT_ID,
        "company": 'The "Emulator" Company, Inc.',
        "level": "SFDC Ultimate Edition",
        "website": "https://www.example.com",
        "vanity_domain": "go.example.com",
        "plugin_campaign_id": world.ids("campaign")[0] if world.rows else None,
        "tracking_code_template": "<script>\nvar piAId = '400132';\n</script>",
        "address1": "1 Example Street",
        "address2": None,
        "city": "Boston",
        "state": "MA",
        "territory": None,
        "zip": "02190",
        "country": "United States",
        "phone": "15555555555",
        "fax": None,
        "created_at": world.now - HISTORY - DAY,
        "updated_at": world.now - 7 * DAY,
    }


def _users(world: World) -> Iterator[Row]:
    rnd, dated = world.dated("user")
    zones = ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney")
    for i, (key, created, updated) in enumerate(dated):
        first, last, email, _ = person(rnd.getrandbits(16))
        api = i == 0
        yield {
            "id": key,
            "email": API_USER if api else email.replace("person", "user"),
            "first_name": "API" if api else first,
            "last_name": "User" if api else last,
            "job_title": None if i % 3 == 0 else UGLY[i % len(UGLY)],
            "role": "Administrator" if api else ("Sales", "Marketing", "Read, only")[i % 3],
            "account": _ACCOUNT_ID,
            "timezone": world.timezone if api else zones[i % 4],
            "created_at": created,
            "updated_at": updated,
        }


def _campaigns(world: World) -> Iterator[Row]:
    rnd, dated = world.dated("campaign")
    for (key, created, updated), name in zip(dated, world.names("campaign", rnd), strict=True):
        cost = rnd.getrandbits(14)
        # The times are stored for the filters; answers never show them (reference C.2).
        yield {
            "id": key,
            "name": name,
            "cost": (None, 0, cost)[cost % 3],
            "created_at": created,
            "updated_at": updated,
        }


def _tags(world: World) -> Iterator[Row]:
    rnd, dated = world.dated("tag")
    for (key, created, updated), name in zip(dated, world.names("tag", rnd), strict=True):
        yield {"id": key, "name": name, "created_at": created, "updated_at": updated}


def _stages(world: World) -> Iterator[Row]:
    for i, key in enumerate(world.ids("lifecycleStage")):
        yield {"id": key, "name": _STAGES[i], "position": i, "is_locked": i in {0, 5}}


def _forms(world: World) -> Iterator[Row]:
    rnd, dated = world.dated("form")
    campaigns = world.ids("campaign")
    for (key, created, updated), name in zip(dated, world.names("form", rnd), strict=True):
        source = f"https://go.example.com/l/400131/{key}"
        yield {
            "id": key,
            "name": name,
            "campaign_id": rnd.choice(campaigns) if key & 3 else None,
            "embedCode": f'<iframe src="{source}" width="100%" height="500" style="border: 0">'
            "</iframe>",
            "created_at": created,
            "updated_at": updated,
        }


def _custom_redirects(world: World) -> Iterator[Row]:
    rnd, dated = world.dated("customRedirect")
    campaigns = world.ids("campaign")
    names = world.names("customRedirect", rnd)
    for (key, created, updated), name in zip(dated, names, strict=True):
        yield {
            "id": key,
            "name": name,
            "url": f"https://go.example.com/l/400131/{key}",
            "destination_url": f'https://www.example.com/?q="{key}"&utm_source=a%20b,c#top',
            "campaign_id": rnd.choice(campaigns) if key & 7 else None,
            "created_at": created,
            "updated_at": updated,
        }


def _dynamic_contents(world: World) -> Iterator[Row]:
    rnd, dated = world.dated("dynamicContent")
    names = world.names("dynamicContent", rnd)
    for i, ((key, created, updated), name) in enumerate(zip(dated, names, strict=True)):
        url = f"https://go.example.com/dcjs/400131/{key}/dc.js"
        yield {
            "id": key,
            "name": name,
            "embedCode": f'<script type="text/javascript" src="{url}"></script>',
            "embedUrl": url,
            "baseContent": f"<p>Hello %%first_name%%,\r\n{name}</p>" if i % 6 else None,
            "basedOn": "Custom Field: Business Size" if i & 1 else "Prospect Default Field: Score",
            # None, one and many: three shapes on the wire (reference C.5).
            "variation": [
                {"comparison": f"is {UGLY[(i + n) % 6]}", "content": f"<p>{name}, {n}</p>"}
                for n in range((0, 1, 3)[i % 3])
            ],
            "created_at": created,
            "updated_at": updated,
        }


def _exports(world: World) -> Iterator[Row]:
    _, dated = world.dated("export")
    kinds = ("visitorActivity", "prospect", "visitor", "listMembership", "prospectAccount")
    for i, (key, created, _) in enumerate(dated):
        state = ("Complete", "Complete", "Failed", "Canceled")[i % 4]
        yield {
            "id": key,
            "state": state,
            "isExpired": state == "Complete" and created < world.now - 7 * DAY,
            "object": kinds[i % len(kinds)],
            "createdAt": created,
            "updatedAt": min(created + 60 * (1 + i % 90), world.now - 1),
        }


def _imports(world: World) -> Iterator[Row]:
    _, dated = world.dated("import")
    for i, (key, created, _) in enumerate(dated):
        state = "Open" if i % 10 == 9 else "Complete"  # noqa: PLR2004 -- one of ten never sent
        # Expiry: 24 h unsubmitted, 7 days finished (reference C.25).
        age = DAY if state == "Open" else 7 * DAY
        yield {
            "id": key,
            "state": state,
            "isExpired": created < world.now - age,
            "origin": "API" if i & 1 else "UI",
            # Counted once complete. No links: they would name a host that is not this one.
            "createdCount": None if state == "Open" else key % 900,
            "updatedCount": None if state == "Open" else key % 90,
            "errorCount": None if state == "Open" else key % 4,
            "createdAt": created,
            "updatedAt": min(created + 30 * (1 + i % 90), world.now - 1),
        }


def _lists(world: World) -> Iterator[Row]:
    rnd, dated = world.dated("list")
    long_at = world.size("list") // 3
    bits = rnd.getrandbits
    names = world.names("list", rnd)
    for i, ((key, created, updated), name) in enumerate(zip(dated, names, strict=True)):
        b = bits(8)
        yield {
            "id": key,
            "name": name,
            "is_public": b & 1 == 0,
            "is_dynamic": b & 6 == 0,
            "title": None if b & 8 else name,
            "description": _LONG_TEXT
            if i == long_at
            else (None if b & 16 else UGLY[b % len(UGLY)]),
            "is_crm_visible": b & 32 != 0,
            "created_at": created,
            "updated_at": updated,
        }


def _opportunities(world: World) -> Iterator[Row]:
    rnd, dated = world.dated("opportunity")
    campaigns, prospects = world.ids("campaign"), world.ids("prospect")
    bits, last = rnd.getrandbits, world.size("opportunity") - 1
    names = world.names("opportunity", rnd)
    for i, ((key, created, updated), name) in enumerate(zip(dated, names, strict=True)):
        b = bits(20)
        status = ("Open", "Won", "Lost")[b % 3]
        if i == last and last:
            # A connected CRM's clock may run ahead. Here, because this object is read whole.
            created = updated = world.now + 3 * DAY  # noqa: PLW2901
        known = [prospects[(b + 7 * n) % len(prospects)] for n in range((0, 1, 3, 1)[i % 4])]
        yield {
            "id": key,
            "campaign_id": campaigns[b % len(campaigns)] if b & 15 else None,
            "name": name,
            "value": (b % 1_000_000) / 100 if b & 1 else float(b),
            "probability": {"Open": b % 100, "Won": 100, "Lost": 0}[status],
            "type": None if b & 32 else "New Business",
            "stage": None if b & 64 else _STAGES[b % len(_STAGES)],
            "status": status,
            "closed_at": None if status == "Open" else updated,
            "created_at": created,
            "updated_at": updated,
            "prospects": [_linked(person) for person in dict.fromkeys(known)],
            "opportunity_activities": _activities(key, known, created, status),
        }


def _linked(prospect_id: int) -> Row:
    first, last, email, company = person(prospect_id)
    return {
        "id": prospect_id,
        "first_name": first,
        "last_name": last,
        "email": email,
        "company": company,
    }


def _activities(key: int, known: Sequence[int], created: int, status: str) -> list[Row]:
    """Activities of an opportunity with prospects: none, one, or two (types: reference E.1)."""
    if not known:
        return []
    made = [(8, "Opportunity Created"), (9, "Opportunity Won"), (10, "Opportunity Lost")]
    kinds = made[:1] if status == "Open" else [made[0], made[1 if status == "Won" else 2]]
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


def _lifecycle_histories(world: World) -> Iterator[Row]:
    rnd, logged = world.logged("lifecycleHistory")
    prospects, stages = world.ids("prospect"), world.ids("lifecycleStage")
    bits = rnd.getrandbits
    for key, created in logged:
        b = bits(22)
        step = b % len(stages)
        yield {
            "id": key,
            "prospect_id": prospects[b % len(prospects)],
            "previous_stage_id": stages[step - 1] if step else None,
            "next_stage_id": None if b & 127 == 0 else stages[step],
            "seconds_elapsed": b if step else None,
            "created_at": created,
        }


def _tag_objects(world: World) -> Iterator[Row]:
    rnd, logged = world.logged("tagObject")
    tags, prospects, lists = world.ids("tag"), world.ids("prospect"), world.ids("list")
    bits = rnd.getrandbits
    for key, created in logged:
        b = bits(20)
        kind = _TYPES[b & 7]
        targets = prospects if kind == "Prospect" else lists
        yield {
            "id": key,
            "tag_id": tags[b % len(tags)],
            "type": kind,
            "object_id": targets[b % len(targets)],
            "created_at": created,
        }


_MAKERS: dict[str, Callable[[World], Iterator[Row]]] = {
    "account": _account,
    "user": _users,
    "campaign": _campaigns,
    "customField": people.custom_fields,
    "prospectAccountField": people.account_fields,
    "tag": _tags,
    "lifecycleStage": _stages,
    "form": _forms,
    "customRedirect": _custom_redirects,
    "dynamicContent": _dynamic_contents,
    "email": mail.emails,
    "emailTemplate": mail.templates,
    "export": _exports,
    "import": _imports,
    "prospect": people.prospects,
    "prospectAccount": people.accounts,
    "visitor": people.visitors,
    "visit": visits,
    "listMembership": people.memberships,
    "visitorActivity": people.activities,
    "externalActivity": people.external_activities,
    "list": _lists,
    "opportunity": _opportunities,
    "emailClick": mail.clicks,
    "lifecycleHistory": _lifecycle_histories,
    "tagObject": _tag_objects,
}
