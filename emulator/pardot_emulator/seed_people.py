"""Seeded prospects, their accounts, fields and memberships; see `seed` for why rows look odd.

Some rows of every object are in the recycle bin.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pardot_emulator.dates import DAY
from pardot_emulator.filters import GRADES
from pardot_emulator.seed_world import PROSE, Draw, Row, Seed, World, person

_OPTIONS = ("Bananas", "Früchte, frisch", 'The "best"', "Tea", "007", "R&D")
# Types of E.2, by type id from 1.
FIELD_TYPES = (
    *("Text", "Radio Button", "Checkbox", "Dropdown", "Text Area", "Multi-Select", "Hidden"),
    *("Number", "Email", "Email with valid MX record", "Email from non-free provider", "Date"),
    *("Relational", "CRM User"),
)
# The first fields of an account: id, type, several answers kept. "Score" is no "score".
_NAMED_FIELDS = (
    ("Interests", 6, True),
    ("Attended_Event", 3, False),
    ("Score", 8, False),
    ("Region", 4, False),
    ("Renewal_Date", 12, False),
    ("Remarks", 5, False),
    ("Plan", 2, False),
    ("Legacy_Zip", 7, False),
    ("Second_Email", 9, False),
    ("Checked_Email", 10, False),
    ("Work_Email", 11, False),
    ("Parent", 13, False),
    ("Owner", 14, False),
    ("Nickname", 1, True),
    ("Languages", 3, True),
    ("Free_Text", 1, False),
)
# Rows hold values of the fields before this one, and of every tenth after it.
_VALUED = 20


_ACCOUNT_FIELDS = (
    ("name", "Name", "text", None),
    ("industry", "Industry", "dropdown", ["Banking", "Retail", "Früchte, frisch"]),
    ("phone", "Phone", "text", None),
    ("website", "Website", "text", None),
    ("annual_revenue", "Annual Revenue", "number", None),
    ("description", "Description", "textarea", None),
    ("billing_zip", "Billing Zip", "text", None),
    ("Founded_On", "Founded On", "date", None),
    ("Products", "Products", "multi-select", list(_OPTIONS)),
)


def _custom_field(_world: World, draw: Draw) -> Row:
    """Make a custom field of prospects; every type of E.2 is among the first."""
    field_id, type_id, several = _field_at(draw.place, draw.id)
    return {
        "field_id": field_id,
        "type": FIELD_TYPES[type_id - 1],
        "type_id": type_id,
        "crm_id": f"{field_id}__c" if draw.id & 1 else None,
        "is_record_multiple_responses": several,
        "is_use_values": type_id in {2, 4, 6},
        "is_analytics_synced": draw.id % 7 == 0,
    }


def _field_at(place: int, key: int) -> tuple[str, int, bool]:
    """Return field id, type and whether it takes several values, of the field at a place."""
    if place < len(_NAMED_FIELDS):
        return _NAMED_FIELDS[place]
    return f"Field_{key}", key % len(FIELD_TYPES) + 1, key % 5 == 0


@lru_cache(maxsize=1)
def _valued_fields(world: World) -> list[tuple[str, int, bool]]:
    """Return the fields that prospects have values of."""
    fields = [_field_at(i, key) for i, key in enumerate(world.ids("customField"))]
    return [one for i, one in enumerate(fields) if i < _VALUED or i % 10 == 0]


def _custom_values(bits: int, valued: list[tuple[str, int, bool]]) -> Row:
    """Return values of about half of the fields, so that key sets differ per row."""
    values: Row = {}
    for place, (name, type_id, several) in enumerate(valued):
        draw = bits >> (place % 24)
        if draw & 1:
            values[name] = _custom_value(draw >> 1, type_id, several=several)
    return values


def _custom_value(draw: int, type_id: int, *, several: bool) -> Any:
    option = _OPTIONS[draw % len(_OPTIONS)]
    if several:
        return [_OPTIONS[(draw + n) % len(_OPTIONS)] for n in range((1, 2, 3)[draw % 3])]
    address = f"other.{draw % 9_999}@example.com"
    record = f"005{draw % 99_999_999:012}"
    by_type = {
        2: option,
        3: draw & 2 == 0,
        4: option,
        6: [option],
        7: ("02190", "15555555555", "0")[draw % 3],
        8: draw % 100_000 if draw & 1 else (draw % 10_000) / 100,
        9: address,
        10: address,
        11: address,
        12: f"20{10 + draw % 20:02}-{1 + draw % 12:02}-{1 + draw % 28:02}",
        13: record,
        14: record,
    }
    return by_type.get(type_id, PROSE[draw % len(PROSE)])


def _prospect(world: World, draw: Draw) -> Row:
    """Make a prospect; one of 23 is in the recycle bin."""
    deleted = draw.place % 23 == 11  # noqa: PLR2004
    return {
        **_person(world, draw),
        **_contact(draw),
        **_business(world, draw),
        **_conversion(draw),
        "is_archived": deleted,
        "deleted": deleted,
        "custom": _custom_values(draw.bits >> 3, _valued_fields(world)),
    }


def _person(world: World, draw: Draw) -> Row:
    bits, place = draw.bits, draw.place
    first, last, email, company = person(draw.id)
    return {
        "campaign_id": world.one_of("campaign", draw.id),
        "salutation": draw.pick("Mr.", "Ms.", None),
        "first_name": first if place % 9 else None,
        "last_name": last,
        "email": email,
        "company": company if place % 5 else None,
        "prospect_account_id": world.one_of("prospectAccount", bits) if bits & 6 else None,
        "website": "https://www.example.com/?a=1&b=2" if bits & 8 else None,
        "job_title": draw.pick(*PROSE) if bits & 16 else None,
        "department": "R&D" if bits & 32 else None,
        "comments": PROSE[bits >> 4 & 15] if bits & 8192 else None,
        "notes": PROSE[(bits >> 9) % len(PROSE)] if bits & 3 == 1 else None,
    }


def _contact(draw: Draw) -> Row:
    bits = draw.bits
    return {
        "country": ("United States", "Deutschland", "0", None)[bits >> 3 & 3],
        "address_one": f"{bits & 255} Example Street\r\nFloor {bits & 7}" if bits & 64 else None,
        "city": "São Paulo" if bits & 128 else None,
        "state": "TX" if bits & 256 else None,
        "zip": ("02190", "10115", "K1A 0B1", None)[bits >> 5 & 3],
        "phone": draw.pick("15555555555", "+1 555 555 5555", None),
        "fax": "17777777777" if bits & 512 else None,
        "is_do_not_email": (None, False, True)[bits % 3],
        "is_do_not_call": (None, False, True)[bits % 7 % 3],
        "opted_out": (False, False, None, True)[bits >> 2 & 3],
        "is_email_hard_bounced": bits & 31 == 0,
        "email_bounced_at": draw.updated if bits & 31 == 0 else None,
        "email_bounced_reason": '550 5.1.1 "unknown", user' if bits & 31 == 0 else None,
    }


def _business(world: World, draw: Draw) -> Row:
    bits, key = draw.bits, draw.id
    owner = world.one_of("user", bits) if bits & 12 == 0 else None
    return {
        "source": draw.pick("=1+1", "Google", None),
        "annual_revenue": str(bits % 10_000_000) if bits & 1024 else None,
        "employees": ("12", "1,000", "1e5", None)[bits >> 7 & 3],
        "industry": "Banking" if bits & 2048 else None,
        "years_in_business": "007" if bits & 4096 else None,
        "score": bits % 500,
        "grade": GRADES[bits % 13] if bits & 16384 else None,
        "crm_lead_fid": f"00Q{key:012}AAA" if bits & 7 == 1 else None,
        "crm_contact_fid": f"003{key:012}AAA" if bits & 7 == 2 else None,  # noqa: PLR2004
        "crm_owner_fid": f"005{owner:012}AAA" if owner else None,
        "crm_last_sync": draw.updated if bits & 7 in {1, 2} else None,
        "is_reviewed": (True, None)[bits & 1],
        "is_starred": (None, None, True, False)[bits >> 11 & 3],
        "assigned_to": owner and {"id": owner, "first_name": "Ada", "last_name": "Berg"},
        "first_assigned_at": draw.created if owner else None,
    }


def _conversion(draw: Draw) -> Row:
    bits, created, updated = draw.bits, draw.created, draw.updated
    is_active = bits & 3 != 0
    converted = created + DAY if bits & 48 == 0 and created + DAY < updated else None
    from_search, from_mail = bits & 2 != 0, bits & 5 == 5  # noqa: PLR2004
    return {
        "last_activity_at": updated if is_active else None,
        "recent_interaction": "Sent Fancy Email" if is_active else "Never active.",
        "first_activity_at": created if is_active else None,
        "converted_at": converted,
        "converted_from_object_type": converted and ("Form", "LandingPage")[bits & 1],
        "converted_from_object_name": converted and draw.pick(*PROSE),
        "first_referrer_url": "https://www.example.com/search?q=a,b" if from_search else None,
        "first_referrer_type": "Google Natural Search" if from_search else None,
        "first_referrer_query": 'a, "b" & c' if from_search else None,
        "campaign_parameter": "spring" if from_mail else None,
        "medium_parameter": "email" if from_mail else None,
    }


def _account_field(_world: World, draw: Draw) -> Row:
    field_id, label, kind, options = _ACCOUNT_FIELDS[draw.place]
    return {
        "field_id": field_id,
        "label": label,
        "required": field_id == "name",
        "custom": field_id[0].isupper(),
        "type": kind,
        "options": options,
    }


def _account(_world: World, draw: Draw) -> Row:
    bits = draw.bits
    return {
        "deleted": draw.place % 17 == 5,  # noqa: PLR2004 -- one of 17
        "custom": {
            "industry": draw.pick("Banking", "Retail", None),
            "phone": "15555555555" if bits & 4 else None,
            "website": "https://www.example.com" if bits & 8 else None,
            "annual_revenue": bits if bits & 16 else None,
            "description": draw.pick(*PROSE) if bits & 32 else None,
            "billing_zip": "02190" if bits & 64 else None,
            "Founded_On": f"19{bits % 90 + 10}-01-31" if bits & 128 else None,
            "Products": [_OPTIONS[(bits + n) % 6] for n in range(bits % 4)],
        },
    }


def _membership(world: World, draw: Draw) -> Row:
    return {
        "list_id": world.one_of("list", draw.bits),
        "prospect_id": world.one_of("prospect", draw.bits >> 7),
        "opted_out": draw.bits & 31 == 0,
        "deleted": draw.place % 13 == 7,  # noqa: PLR2004 -- one of 13
    }


PEOPLE = {
    # With the standard fields of a prospect that is one export job of 150 fields (D.1).
    "customField": Seed(_custom_field, 5_021, most=60, named=True),
    "prospect": Seed(_prospect, 65_110_203, bits=48),
    "prospectAccountField": Seed(_account_field, 1_301, most=len(_ACCOUNT_FIELDS), times=()),
    "prospectAccount": Seed(_account, 7_410_023, bits=16, named=True),
    "listMembership": Seed(_membership, 940_112_007, bits=24),
}
