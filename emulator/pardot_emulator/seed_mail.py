"""Seeded e-mails, templates and clicks; see `seed` for why they look as odd as they do.

Activities and clicks name most of them, and now and then one that no longer exists.
"""

from __future__ import annotations

import json
from functools import lru_cache

from pardot_emulator.objects import OBJECTS
from pardot_emulator.outbox import DEMO_TEMPLATES
from pardot_emulator.seed_world import Draw, Row, Seed, World

# The id of a list e-mail differs from that of its e-mail.
_LIST_EMAIL = 100_110_008
# E-mails and templates that activities and clicks name and that do not exist.
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
    """Return the id of a seeded e-mail's list e-mail; None for one of four: a one-to-one one."""
    return None if email_id % 4 == 0 else email_id + _LIST_EMAIL


def named_email(world: World, bits: int) -> tuple[int, int | None]:
    """Return e-mail and list e-mail that a row names; one of 50 does not exist."""
    is_gone = bits % 50 == 1
    email_id = _GONE_EMAILS + (bits & 7) if is_gone else world.one_of("email", bits >> 3)
    return email_id, list_email(email_id)


def named_template(world: World, bits: int) -> int:
    """Return the template that a row names; one of 40 does not exist."""
    templates = template_ids(world)
    if bits % 40 == 1:
        return _GONE_TEMPLATES + (bits & 3)
    return templates[(bits >> 4) % len(templates)]


@lru_cache(maxsize=1)
def template_ids(world: World) -> list[int]:
    """Return the ids of the templates; those of the demo come first."""
    others = [one for one in world.ids("emailTemplate") if one not in DEMO_TEMPLATES]
    return sorted([*DEMO_TEMPLATES, *others][: world.size("emailTemplate")])


def _email(_world: World, draw: Draw) -> Row:
    name, list_email_id = draw.name, list_email(draw.id)
    return {
        "isOneToOne": list_email_id is None,
        "subject": f"{name} for %%first_name%%",
        "message": {
            "text": f"Hello,\r\n{name}\r\n%%unsubscribe%%",
            "html": f'<p>{name}</p><a href="%%unsubscribe%%">Unsubscribe</a>',
        },
        "list_email_id": list_email_id,
    }


def _template(_world: World, draw: Draw) -> Row:
    """Make a template: for one-to-one, list, drip or auto-responder e-mail, some archived."""
    i, name = draw.place, draw.name
    if draw.id in DEMO_TEMPLATES:
        return {**dict.fromkeys(_TEMPLATE_KEYS), **DEMO_TEMPLATES[draw.id]}
    text, html = f"Hello %%first_name%%,\r\n{name}\n%%unsubscribe%%", f"<p>{name}</p>\n"
    kind = i % 4
    return {
        **dict.fromkeys(_TEMPLATE_KEYS),
        "id": draw.id,
        "sendOptions": None if i % 6 == 4 else _send_options(i),  # noqa: PLR2004 -- one of six
        "name": name,
        "htmlMessage": html if kind else None,
        "textMessage": text if i % 5 else None,
        # 1, 0 and null all occur (C.8).
        "isOneToOneEmail": kind == 0,
        "isListEmail": kind in {0, 1},
        "isDripEmail": kind == 2 or None,  # noqa: PLR2004
        "isAutoResponderEmail": kind == 3 or (None, False)[i & 1],  # noqa: PLR2004
        "isArchived": (None, False, False, True)[i % 7 % 4],
        "subject": f"{name} for %%first_name%%",
        "trackedHtmlMessage": html if i % 3 == 0 else None,
        "fromName": "Ada" if i % 3 else None,
        "emailType": 0,
        "type": kind,
    }


def _send_options(place: int) -> Row:
    """Return the options; ``sendFromData`` is a string of JSON, some have more keys (C.8 [W])."""
    more = {"sendFromAccountOwner": 0, "isTest": None, "abVersion": None} if place & 1 else {}
    return {
        "replyToAddress": ("[]", "answers@example.com", None)[place % 3],
        "sendFromData": json.dumps(_SENDERS[place % len(_SENDERS)]),
        **more,
    }


def _click(world: World, draw: Draw) -> Row:
    bits = draw.bits
    # Which of the four sources is known differs from row to row (C.7).
    return {
        "prospect_id": None if bits & 63 == 0 else world.one_of("prospect", bits),
        "url": f"https://www.example.com/page/{bits & 255}?a=1&b=%22{bits >> 8 & 15}%22",
        "list_email_id": named_email(world, bits)[1] if bits & 1 else None,
        "drip_program_action_id": 701_000 + (bits >> 3 & 255) if bits & 6 == 0 else None,
        "email_template_id": named_template(world, bits) if bits & 8 else None,
        "tracker_redirect_id": 90_210_000 + (bits >> 4 & 4095) if bits & 48 else None,
    }


MAIL = {
    "email": Seed(_email, 812_330_011, most=120, named=True, times=("created_at",)),
    "emailTemplate": Seed(_template, 6_701, most=60, named=True, times=(), ids=template_ids),
    "emailClick": Seed(_click, 1_284_500_117, bits=24, times=("created_at",)),
}
