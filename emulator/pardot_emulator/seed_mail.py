"""Seeded e-mails, templates and clicks; see `seed` for why they look as odd as they do.

Activities and clicks name most of them, and now and then one that is no longer there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from pardot_emulator.objects import OBJECTS
from pardot_emulator.outbox import DEMO_TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pardot_emulator.seed_world import World

Row: TypeAlias = dict[str, Any]

# A list e-mail's number is another one than its e-mail's.
_LIST_EMAIL = 100_110_008
# E-mails and templates that activities and clicks name and nobody knows any more.
_GONE_EMAILS = 799_000_117
_GONE_TEMPLATES = 6_501
_TEMPLATE_KEYS = tuple(column.name for column in OBJECTS["emailTemplate"].columns)
_SENDERS: tuple[list[dict[str, str]], ...] = (
    [{"type": "account_owner"}],
    [{"type": "assigned_user"}, {"type": "account_owner"}],
    [{"type": "general_user", "name": 'Ada "Berg"', "address": "ada@example.com"}],
    [],
)


def list_email(email_id: int) -> int | None:
    """Return the list e-mail's number of a seeded e-mail; None for a one-to-one one."""
    return None if is_one_to_one(email_id) else email_id + _LIST_EMAIL


def is_one_to_one(email_id: int) -> bool:
    """Say whether a seeded e-mail went to one prospect."""
    return email_id % 4 == 0


def named(emails: Sequence[int], b: int) -> tuple[int, int | None]:
    """E-mail and list e-mail that an activity or a click names; one in 50 is gone."""
    email_id = _GONE_EMAILS + (b & 7) if b % 50 == 1 else emails[(b >> 3) % len(emails)]
    return email_id, list_email(email_id)


def named_template(templates: Sequence[int], b: int) -> int:
    """Template that an activity or a click names; one in 40 is gone."""
    return _GONE_TEMPLATES + (b & 3) if b % 40 == 1 else templates[(b >> 4) % len(templates)]


def template_ids(world: World) -> list[int]:
    """Ids of the templates; those of the demo are always among them, if there are any."""
    others = [one for one in world.ids("emailTemplate") if one not in DEMO_TEMPLATES]
    return sorted([*DEMO_TEMPLATES, *others][: world.size("emailTemplate")])


def emails(world: World) -> Iterator[Row]:
    """Make the e-mails, one of four to one prospect."""
    rnd, logged = world.logged("email")
    for (key, created), name in zip(logged, world.names("email", rnd), strict=True):
        yield {
            "id": key,
            "name": name,
            "isOneToOne": is_one_to_one(key),
            "subject": f"{name} for %%first_name%%",
            "message": {
                "text": f"Hello,\r\n{name}\r\n%%unsubscribe%%",
                "html": f'<p>{name}</p><a href="%%unsubscribe%%">Unsubscribe</a>',
            },
            "created_at": created,
            "list_email_id": list_email(key),
        }


def templates(world: World) -> Iterator[Row]:
    """Make the templates: for one-to-one, list, drip and auto-responder e-mail, some archived."""
    rnd = world.rng("emailTemplate")
    names = world.names("emailTemplate", rnd)
    for i, (key, name) in enumerate(zip(template_ids(world), names, strict=True)):
        if key in DEMO_TEMPLATES:
            yield {**dict.fromkeys(_TEMPLATE_KEYS), **DEMO_TEMPLATES[key]}
            continue
        text, html = f"Hello %%first_name%%,\r\n{name}\n%%unsubscribe%%", f"<p>{name}</p>\n"
        values = {
            "sendOptions": None if i % 6 == 4 else _send_options(i),  # noqa: PLR2004 -- one of six
            "id": key,
            "name": name,
            "htmlMessage": html if i % 4 else None,
            "textMessage": text if i % 5 else None,
            # 1, 0 and null all occur (reference C.8).
            "isOneToOneEmail": i % 4 == 0,
            "isListEmail": i % 4 in {0, 1},
            "isDripEmail": i % 4 == 2 or None,  # noqa: PLR2004
            "isAutoResponderEmail": i % 4 == 3 or (None, False)[i & 1],  # noqa: PLR2004
            "isArchived": (None, False, False, True)[i % 7 % 4],
            "subject": f"{name} for %%first_name%%",
            "trackedHtmlMessage": html if i % 3 == 0 else None,
            "trackedTextMessage": None,
            "fromName": "Ada" if i % 3 else None,
            "emailType": 0,
            "type": i % 4,
        }
        yield {name: values[name] for name in _TEMPLATE_KEYS}


def _send_options(i: int) -> Row:
    """``sendFromData`` is text that holds JSON; three more keys come at times (C.8 [W])."""
    more = {"sendFromAccountOwner": 0, "isTest": None, "abVersion": None} if i & 1 else {}
    return {
        "replyToAddress": ("[]", "answers@example.com", None)[i % 3],
        "sendFromData": json.dumps(_SENDERS[i % len(_SENDERS)]),
        **more,
    }


def clicks(world: World) -> Iterator[Row]:
    """Make the e-mail clicks."""
    rnd, logged = world.logged("emailClick")
    prospects, known = world.ids("prospect"), world.ids("email")
    usable = template_ids(world)
    bits = rnd.getrandbits
    for key, created in logged:
        b = bits(24)
        # Which of the four sources is known differs from row to row (reference C.7).
        yield {
            "id": key,
            "prospect_id": None if b & 63 == 0 else prospects[b % len(prospects)],
            "url": f"https://www.example.com/page/{b & 255}?a=1&b=%22{b >> 8 & 15}%22",
            "list_email_id": named(known, b)[1] if b & 1 else None,
            "drip_program_action_id": 701_000 + (b >> 3 & 255) if b & 6 == 0 else None,
            "email_template_id": named_template(usable, b) if b & 8 else None,
            "tracker_redirect_id": 90_210_000 + (b >> 4 & 4095) if b & 48 else None,
            "created_at": created,
        }
