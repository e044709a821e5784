"""Fields of version 5 whose values are made of stored columns: their SQL and kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pardot_emulator.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

# What v3/v4 call the type of a tagged object, and what version 5 calls it (B.16).
_TAGGED = {
    "Campaign": "campaign",
    "Prospect Custom Field": "custom-field",
    "Custom URL": "custom-redirect",
    "Dynamic Content": "dynamic-content",
    "Email": "email",
    "Email Template": "email-template",
    "File": "file",
    "Form Field": "form-field",
    "Form Handler": "form-handler",
    "Form": "form",
    "Landing Page": "landing-page",
    "Layout Template": "layout-template",
    "List": "list",
    "Prospect": "prospect",
    "User": "user",
}
# Fields of prospect accounts whose id in v3/v4 is not the name with underscores.
_ACCOUNT_FIELDS = (
    "annual_revenue billing_address_one billing_address_two billing_city billing_country "
    "billing_state billing_zip description employees fax industry number ownership phone rating "
    "shipping_address_one shipping_address_two shipping_city shipping_country shipping_state "
    "shipping_zip sic site ticker_symbol type website"
)
# The calls that an edition allows in a day (A.8), for accounts without `daily_limit`.
DAILY_CALLS = 50_000


def _case(column: str, words: Mapping[Any, str], other: str = "NULL") -> str:
    cases = " ".join(f"WHEN {key!r} THEN {word!r}" for key, word in words.items())
    return f"CASE {column} {cases} ELSE {other} END"


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


# (stored object, field of version 5) -> SQL and kind.
COMPUTED: Mapping[tuple[str, str], tuple[str, Kind]] = {
    # Filled in by `v5`, which knows the calls.
    ("account", "maximumDailyApiCalls"): (str(DAILY_CALLS), Kind.INTEGER),
    ("account", "apiCallsUsed"): ("0", Kind.INTEGER),
    ("campaign", "cost"): ("cost", Kind.FLOAT),
    ("customField", "apiFieldId"): ("field_id || '__c'", Kind.STRING),
    # Live values are lower-case (B.1).
    ("customField", "type"): ("lower(type)", Kind.STRING),
    ("dynamicContent", "basedOn"): (
        (
            "CASE WHEN basedOn LIKE 'Custom Field%' THEN 'custom' WHEN basedOn LIKE '%Score' "
            "THEN 'score' WHEN basedOn LIKE '%Grade' THEN 'grade' ELSE 'default' END"
        ),
        Kind.STRING,
    ),
    ("email", "htmlMessage"): ("json_extract(message, '$.html')", Kind.STRING),
    ("email", "textMessage"): ("json_extract(message, '$.text')", Kind.STRING),
    # Deprecated, always null (B.10).
    ("email", "listId"): ("NULL", Kind.INTEGER),
    ("email", "sentAt"): ("coalesce(sent_at, created_at)", Kind.TIMESTAMP),
    ("emailTemplate", "isDeleted"): ("coalesce(isArchived, 0)", Kind.BOOLEAN),
    # 3 was seen in v3/v4 without a meaning (C.8 there): none of the three words is known to stand
    # for it, so it is null [?].
    ("emailTemplate", "type"): (
        _case("type", {0: "text", 1: "html", 2: "htmlAndText"}),
        Kind.STRING,
    ),
    ("externalActivity", "email"): (
        '(SELECT email FROM prospect WHERE prospect.id = "prospectId")',
        Kind.STRING,
    ),
    # Deleted opportunities are gone (D.1).
    ("opportunity", "isDeleted"): ("0", Kind.BOOLEAN),
    ("prospect", "assignedToId"): ("json_extract(assigned_to, '$.id')", Kind.INTEGER),
    ("prospect", "userId"): ("json_extract(assigned_to, '$.id')", Kind.INTEGER),
    ("prospectAccount", "assignedToId"): ("json_extract(assigned_to, '$.id')", Kind.INTEGER),
    **{
        ("prospectAccount", _camel(name)): (
            f"CAST(json_extract(custom, '$.{name}') AS TEXT)",
            Kind.STRING,
        )
        for name in _ACCOUNT_FIELDS.split()
    },
    ("tagObject", "objectType"): (_case("type", _TAGGED, "lower(type)"), Kind.STRING),
    ("visitor", "isIdentified"): (
        "coalesce(identified, prospect_id IS NOT NULL)",
        Kind.BOOLEAN,
    ),
}
