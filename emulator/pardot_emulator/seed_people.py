"""Seeded rows of people and of what they did; see `seed` for why they look as odd as they do.

Some of every object are in the recycle bin, some visitors are nobody's, some activities are
sessions, which no answer ever holds (reference C.23).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from pardot_emulator.objects_people import GRADES
from pardot_emulator.seed_mail import named, named_template, template_ids
from pardot_emulator.seed_visits import Seen, is_anonymous, is_deleted, page_views
from pardot_emulator.seed_world import DAY, UGLY, World, person

if TYPE_CHECKING:
    from collections.abc import Iterator

Row: TypeAlias = dict[str, Any]

# Leading characters that a CSV marks with a backslash (D.9), beside the ugly names.
_PROSE = (*UGLY, "+1 (555) 010-0100", "@handle", "=HYPERLINK(1)", "@", '"', ",", "a;b")
_OPTIONS = ("Bananas", "Früchte, frisch", 'The "best"', "Tea", "007", "R&D")
# Type id of E.2 to its name.
FIELD_TYPES = {
    1: "Text",
    2: "Radio Button",
    3: "Checkbox",
    4: "Dropdown",
    5: "Text Area",
    6: "Multi-Select",
    7: "Hidden",
    8: "Number",
    9: "Email",
    10: "Email with valid MX record",
    11: "Email from non-free provider",
    12: "Date",
    13: "Relational",
    14: "CRM User",
}
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
_EVENT_NAMES = ("Webinar", "Olark Chat", "Social Post", "Video", "Event", "UserVoice")


def custom_fields(world: World) -> Iterator[Row]:
    """Make the custom fields of prospects, every type of E.2 among the first."""
    rnd, dated = world.dated("customField")
    names = world.names("customField", rnd)
    for i, ((key, created, updated), name) in enumerate(zip(dated, names, strict=True)):
        field_id, type_id, several = field_at(i, key)
        yield {
            "id": key,
            "name": name,
            "field_id": field_id,
            "type": FIELD_TYPES[type_id],
            "type_id": type_id,
            "crm_id": f"{field_id}__c" if key & 1 else None,
            "is_record_multiple_responses": several,
            "is_use_values": type_id in {2, 4, 6},
            "is_analytics_synced": key % 7 == 0,
            "created_at": created,
            "updated_at": updated,
        }


def field_at(place: int, key: int) -> tuple[str, int, bool]:
    """Field id, type and whether several answers are kept, of the custom field at a place."""
    if place < len(_NAMED_FIELDS):
        return _NAMED_FIELDS[place]
    return f"Field_{key}", key % len(FIELD_TYPES) + 1, key % 5 == 0


def _custom_values(bits: int, valued: list[tuple[str, int, bool]]) -> Row:
    """Values of one prospect: about half of the fields, so that key sets differ per row."""
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
    return by_type.get(type_id, _PROSE[draw % len(_PROSE)])


def prospects(world: World) -> Iterator[Row]:
    """Make the prospects, one of 23 in the recycle bin."""
    rnd, dated = world.dated("prospect")
    campaigns, users = world.ids("campaign"), world.ids("user")
    companies = world.ids("prospectAccount")
    fields = [field_at(i, key) for i, key in enumerate(world.ids("customField"))]
    valued = [one for i, one in enumerate(fields) if i < _VALUED or i % 10 == 0]
    bits = rnd.getrandbits
    for i, (key, created, updated) in enumerate(dated):
        first, last, email, company = person(key)
        b = bits(48)
        active = b & 3 != 0
        deleted = i % 23 == 11  # noqa: PLR2004 -- one of 23
        converted = created + DAY if b & 48 == 0 and created + DAY < updated else None
        owner = users[b % len(users)] if b & 12 == 0 else None
        yield {
            "id": key,
            "campaign_id": campaigns[key % len(campaigns)],
            "salutation": ("Mr.", "Ms.", None)[b % 3],
            "first_name": first if i % 9 else None,
            "last_name": last,
            "email": email,
            "password": None,
            "company": company if i % 5 else None,
            "prospect_account_id": companies[b % len(companies)] if b & 6 else None,
            "website": "https://www.example.com/?a=1&b=2" if b & 8 else None,
            "job_title": _PROSE[b % len(_PROSE)] if b & 16 else None,
            "department": "R&D" if b & 32 else None,
            "country": ("United States", "Deutschland", "0", None)[b >> 3 & 3],
            "address_one": f"{b & 255} Example Street\r\nFloor {b & 7}" if b & 64 else None,
            "address_two": None,
            "city": "São Paulo" if b & 128 else None,
            "state": "TX" if b & 256 else None,
            "territory": None,
            "zip": ("02190", "10115", "K1A 0B1", None)[b >> 5 & 3],
            "phone": ("15555555555", "+1 555 555 5555", None)[b % 3],
            "fax": "17777777777" if b & 512 else None,
            "source": ("=1+1", "Google", None)[b % 3],
            "annual_revenue": str(b % 10_000_000) if b & 1024 else None,
            "employees": ("12", "1,000", "1e5", None)[b >> 7 & 3],
            "industry": "Banking" if b & 2048 else None,
            "years_in_business": "007" if b & 4096 else None,
            "comments": _PROSE[b >> 4 & 15] if b & 8192 else None,
            "notes": _PROSE[(b >> 9) % len(_PROSE)] if b & 3 == 1 else None,
            "score": b % 500,
            "grade": GRADES[b % 13] if b & 16384 else None,
            "last_activity_at": updated if active else None,
            "recent_interaction": "Sent Fancy Email" if active else "Never active.",
            "crm_lead_fid": f"00Q{key:012}AAA" if b & 7 == 1 else None,
            "crm_contact_fid": f"003{key:012}AAA" if b & 7 == 2 else None,  # noqa: PLR2004
            "crm_owner_fid": f"005{owner:012}AAA" if owner else None,
            "crm_account_fid": None,
            "salesforce_fid": None,
            "crm_last_sync": updated if b & 7 in {1, 2} else None,
            "crm_url": None,
            "is_do_not_email": (None, False, True)[b % 3],
            "is_do_not_call": (None, False, True)[b % 7 % 3],
            "opted_out": (False, False, None, True)[b >> 2 & 3],
            "is_reviewed": (True, None)[b & 1],
            "is_starred": (None, None, True, False)[b >> 11 & 3],
            "is_archived": deleted,
            "created_at": created,
            "updated_at": updated,
            "assigned_to": owner and {"id": owner, "first_name": "Ada", "last_name": "Berg"},
            "converted_at": converted,
            "converted_from_object_type": converted and ("Form", "LandingPage")[b & 1],
            "converted_from_object_name": converted and _PROSE[b % len(_PROSE)],
            "is_email_hard_bounced": b & 31 == 0,
            "email_bounced_at": updated if b & 31 == 0 else None,
            "email_bounced_reason": '550 5.1.1 "unknown", user' if b & 31 == 0 else None,
            "first_assigned_at": created if owner else None,
            "first_activity_at": created if active else None,
            "first_referrer_url": "https://www.example.com/search?q=a,b" if b & 2 else None,
            "first_referrer_type": "Google Natural Search" if b & 2 else None,
            "first_referrer_query": 'a, "b" & c' if b & 2 else None,
            "campaign_parameter": "spring" if b & 5 == 5 else None,  # noqa: PLR2004
            "medium_parameter": "email" if b & 5 == 5 else None,  # noqa: PLR2004
            "source_parameter": None,
            "content_parameter": None,
            "term_parameter": None,
            "deleted": deleted,
            "custom": _custom_values(b >> 3, valued),
        }


def account_fields(world: World) -> Iterator[Row]:
    """Make what `describe` tells of prospect accounts."""
    declared = (
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
    for key, (field_id, label, kind, options) in zip(
        world.ids("prospectAccountField"), declared, strict=False
    ):
        yield {
            "id": key,
            "field_id": field_id,
            "label": label,
            "required": field_id == "name",
            "custom": field_id[0].isupper(),
            "type": kind,
            "options": options,
        }


def accounts(world: World) -> Iterator[Row]:
    """Make the prospect accounts, one of 17 in the recycle bin."""
    rnd, dated = world.dated("prospectAccount")
    names = world.names("prospectAccount", rnd)
    bits = rnd.getrandbits
    for i, ((key, created, updated), name) in enumerate(zip(dated, names, strict=True)):
        b = bits(16)
        yield {
            "id": key,
            "name": name,
            "created_at": created,
            "updated_at": updated,
            "assigned_to": None,
            "deleted": i % 17 == 5,  # noqa: PLR2004
            "custom": {
                "industry": ("Banking", "Retail", None)[b % 3],
                "phone": "15555555555" if b & 4 else None,
                "website": "https://www.example.com" if b & 8 else None,
                "annual_revenue": b if b & 16 else None,
                "description": _PROSE[b % len(_PROSE)] if b & 32 else None,
                "billing_zip": "02190" if b & 64 else None,
                "Founded_On": f"19{b % 90 + 10}-01-31" if b & 128 else None,
                "Products": [_OPTIONS[(b + n) % 6] for n in range(b % 4)],
            },
        }


def visitors(world: World) -> Iterator[Row]:
    """Make the visitors: two of five anonymous, some of these from a known company."""
    rnd, dated = world.dated("visitor")
    seen = Seen.of(world)
    bits = rnd.getrandbits
    for i, (key, created, updated) in enumerate(dated):
        b = bits(20)
        yield {
            "id": key,
            "prospect_id": seen.prospect(i),
            "page_view_count": b % 90 if b & 7 else None,
            "ip_address": f"192.0.2.{b & 255}" if b & 15 else None,
            "hostname": f"host-{b & 4095}.example.com" if b & 1 else None,
            "campaign_parameter": "spring, 2024" if b & 2 else None,
            "medium_parameter": ("email", "=cpc", None)[b % 3],
            "source_parameter": "2024" if b & 4 else None,
            "content_parameter": None,
            "term_parameter": None,
            "created_at": created,
            "updated_at": updated,
            "identified": True if is_anonymous(i) and b & 48 == 0 else None,
            "deleted": is_deleted(i),
        }


def memberships(world: World) -> Iterator[Row]:
    """Make the list memberships, one of 13 in the recycle bin."""
    rnd, dated = world.dated("listMembership")
    lists, people = world.ids("list"), world.ids("prospect")
    bits = rnd.getrandbits
    for i, (key, created, updated) in enumerate(dated):
        b = bits(24)
        yield {
            "id": key,
            "list_id": lists[b % len(lists)],
            "prospect_id": people[(b >> 7) % len(people)],
            "opted_out": b & 31 == 0,
            "created_at": created,
            "updated_at": updated,
            "deleted": i % 13 == 7,  # noqa: PLR2004
        }


def activities(world: World) -> Iterator[Row]:
    """Make the visitor activities, of every type of E.1."""
    rnd, dated = world.dated("visitorActivity")
    people, campaigns, emails = (world.ids(name) for name in ("prospect", "campaign", "email"))
    seen, templates = Seen.of(world), template_ids(world)
    bits = rnd.getrandbits
    usual = (2, 6, 11, 20, 1, 4, 21)
    for i, (key, created, updated) in enumerate(dated):
        b = bits(24)
        # Sessions are one of 38 here; the common types are common.
        number = usual[b % 7] if i % 3 else i // 3 % 38 + 1
        type_name, asset, details = _kind(number, b)
        is_email = asset == "email_id"
        visitor, visit = (b >> 5) % len(seen.visitors), None
        email_id, list_email_id = named(emails, b) if is_email else (None, None)
        if number == 20:  # noqa: PLR2004 -- Visit: of the one who visited
            place = (b >> 3) % len(seen.visits)
            visitor, visit = seen.visitor(place), seen.visits[place]
            details = f"{page_views(place)} page views"
        yield {
            "id": key,
            "prospect_id": None if b & 15 == 0 else people[b % len(people)],
            "visitor_id": None if is_email else seen.visitors[visitor],
            "type": number,
            "type_name": type_name,
            "details": details,
            "email_id": None,
            "email_template_id": named_template(templates, b) if is_email and b & 1 else None,
            "list_email_id": list_email_id,
            "visit_id": visit,
            "campaign_id": campaigns[b % len(campaigns)] if b & 96 else None,
            "created_at": created,
            "updated_at": updated,
            **dict.fromkeys(_ASSETS),
            **({asset: email_id or 5_000 + (b >> 3 & 1023)} if asset else {}),
        }


_ASSETS = (
    *("email_id", "form_id", "form_handler_id", "landing_page_id", "file_id"),
    *("custom_redirect_id", "site_search_query_id", "paid_search_ad_id"),
    *("multivariate_test_variation_id", "opportunity_id"),
)
_EMAIL = frozenset({6, 11, 12, 13, 14, 15, 16, 17, 35, 36, 37})
_OPPORTUNITY = {
    8: "Opportunity Created",
    9: "Opportunity Won",
    10: "Opportunity Lost",
    18: "Opportunity Reopen",
    19: "Opportunity Associated",
    38: "Opportunity Unlinked",
}
_PAGES = (
    ("Form", "form_id"),
    ("Landing Page", "landing_page_id"),
    ("File", "file_id"),
    ("Multivariate Landing Page", "multivariate_test_variation_id"),
)


def _kind(number: int, b: int) -> tuple[str, str | None, str | None]:
    """``type_name``, id field and ``details`` of an activity (reference E.1)."""
    text = _PROSE[b % len(_PROSE)]
    if number in _EMAIL:
        return "Email", "email_id", text
    if number in _OPPORTUNITY:
        return _OPPORTUNITY[number], "opportunity_id", None
    if number == 1:
        return (
            ("Email Tracker", "email_id", "https://www.example.com/?a=1,2")
            if b & 1
            else ("Paid Ad Search", "paid_search_ad_id", text)
        )
    if number in {2, 3, 4}:
        page = _PAGES[b & 3]
        return (*page, text) if b & 4 else ("FormHandler", "form_handler_id", text)
    named: dict[int, tuple[str, str | None, str | None]] = {
        5: ("Visitor", None, f"{b & 7} page views"),
        7: ("Site Search Query", "site_search_query_id", text),
        20: ("Visit", None, f"{b & 7} page views"),
        21: ("Custom Redirect", "custom_redirect_id", text),
    }
    return named.get(number, (_EVENT_NAMES[number % 6], None, text if b & 1 else None))


def external_activities(world: World) -> Iterator[Row]:
    """Make the external activities, with the camelCase keys of D.8.1."""
    rnd, logged = world.logged("externalActivity")
    people, users = world.ids("prospect"), world.ids("user")
    bits = rnd.getrandbits
    for key, created in logged:
        b = bits(20)
        yield {
            "id": key,
            "extension": ("Survey, Inc.", "Webinar Tool")[b & 1],
            "extensionSalesforceId": f"0W5{b & 1:015}",
            "type": ("Survey completed", "Webinar attended", "007")[b % 3],
            "typeSalesforceId": f"0W6{b % 3:015}",
            "prospectId": people[b % len(people)],
            "value": None if b & 3 == 0 else _PROSE[b % len(_PROSE)][:100],
            "activityDate": created - b % 9_000,
            "createdAt": created,
            "createdById": users[b % len(users)] if b & 8 else None,
        }
