"""Seeded values that only version 5 shows: columns of other objects, and objects of its own.

See `seed` for why rows look odd. The columns are made of a row's id alone, so that the rows of
versions 3 and 4 are the same with and without them. Some rows of every new object with a recycle
bin are in it; one list e-mail is scheduled for six weeks ahead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pardot_emulator.dates import DAY
from pardot_emulator.seed_mail import list_email, template_ids
from pardot_emulator.seed_world import HISTORY, PROSE, QUIET, UGLY, Draw, Row, Seed, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SCATTER = 2_654_435_761
_GO = "https://go.example.com"
_CAMEL_TIMES = ("createdAt", "updatedAt")
_OBJECT_KINDS = ("list", "campaign", "form")
_IN_BIN = 11
_PROGRAM_STATES = ("running", "paused", "draft", "scheduled", "starting")
_SENDERS: tuple[list[Row], ...] = (
    [{"type": "general_user", "name": 'Ada "Berg"', "address": "ada@example.com", "userId": None}],
    [{"type": "assigned_user"}, {"type": "account_owner"}],
    [],
)


def _number(row: Mapping[str, Any]) -> int:
    """Return a number that an id scatters to."""
    return int(row["id"]) * _SCATTER >> 9 & 0xFFFFF


def _by(world: World, row: Mapping[str, Any]) -> Row:
    number = _number(row)
    return {
        "created_by_id": world.one_of("user", number),
        "updated_by_id": world.one_of("user", number >> 3) if number & 3 else None,
    }


def _placed(world: World, row: Mapping[str, Any]) -> Row:
    number = _number(row)
    folder = world.one_of("folder", number) if number & 7 else None
    return {"folder_id": folder, **_by(world, row)}


def _tracked(world: World, row: Mapping[str, Any]) -> Row:
    domain = world.one_of("trackerDomain", _number(row) >> 5)
    return {"tracker_domain_id": domain, **_placed(world, row)}


def _campaign(world: World, row: Mapping[str, Any]) -> Row:
    number, first = _number(row), world.ids("campaign")[0]
    is_first = row["id"] == first
    return {
        "parent_campaign_id": None if is_first or number & 3 else first,
        "salesforce_id": f"701{row['id']:012}" if number & 4 else None,
        **_placed(world, row),
    }


def _redirect(world: World, row: Mapping[str, Any]) -> Row:
    number, vanity = _number(row), f"/go-{row['id']}"
    return {
        "vanity_url_path": vanity if number & 1 else None,
        "vanity_url": _GO + vanity if number & 1 else None,
        "tracked_url": f"{_GO}/l/{row['id']}",
        "ga_source": UGLY[number % len(UGLY)] if number & 2 else None,
        "ga_medium": "email" if number & 4 else None,
        **_tracked(world, row),
    }


def _form(world: World, row: Mapping[str, Any]) -> Row:
    number = _number(row)
    return {
        "layout_template_id": world.one_of("layoutTemplate", number),
        "submit_button_text": "Send",
        "thank_you_content": f"<p>{PROSE[number % len(PROSE)]}</p>",
        "font_size": "12px" if number & 1 else None,
        "is_captcha_enabled": number & 2 != 0,
        "url": f"{_GO}/l/f/{row['id']}",
        **_tracked(world, row),
    }


def _email(world: World, row: Mapping[str, Any]) -> Row:
    number = _number(row)
    return {
        "type": ("html", "text", "htmlAndText")[number % 3],
        "client_type": ("Builder", "Web")[number & 1],
        "is_operational": number & 24 == 0,
        "campaign_id": world.one_of("campaign", number),
        "prospect_id": world.one_of("prospect", number) if row["isOneToOne"] else None,
        "email_template_id": template_ids(world)[number % len(template_ids(world))],
        "tracker_domain_id": world.one_of("trackerDomain", number),
        "created_by_id": world.one_of("user", number),
        "sender_options": _SENDERS[number % 3],
        "reply_to_options": _SENDERS[(number + 1) % 3],
    }


def _old_times(world: World, row: Mapping[str, Any]) -> Row:
    """Return times that grow with the id, for objects that have none in versions 3 and 4."""
    created = world.now - HISTORY + int(row["id"]) % 100_000 * 600
    left = world.now - QUIET - created
    return {"created_at": created, "updated_at": created + _number(row) * 97 % left}


def _template(world: World, row: Mapping[str, Any]) -> Row:
    number = _number(row)
    return {
        "campaign_id": world.one_of("campaign", number),
        "sender_options": _SENDERS[number % 3],
        "reply_to_options": _SENDERS[(number + 1) % 3],
        "tag_replacement_language": ("hml", "pml", "undetermined")[number % 3],
        **_old_times(world, row),
        **_tracked(world, row),
    }


def _prospect(world: World, row: Mapping[str, Any]) -> Row:
    number = _number(row)
    return {
        "profile_id": 310 + number % 3,
        "lifecycle_stage_id": world.one_of("lifecycleStage", number) if number & 1 else None,
        "do_not_sell": number & 63 == 0,
        "salesforce_campaign_id": f"701{number:012}" if number & 6 == 0 else None,
        **_by(world, row),
    }


def _user(world: World, row: Mapping[str, Any]) -> Row:
    return {"username": row["email"], "role_name": row["role"], **_by(world, row)}


MORE: Mapping[str, Callable[[World, Mapping[str, Any]], Row]] = {
    "campaign": _campaign,
    "customField": lambda world, row: {"is_required": _number(row) % 9 == 0, **_by(world, row)},
    "customRedirect": _redirect,
    "dynamicContent": lambda world, row: {
        "tag_replacement_language": "hml",
        **_tracked(world, row),
    },
    "email": _email,
    "emailTemplate": _template,
    "form": _form,
    "lifecycleStage": lambda world, row: {
        "match_type": ("all", "any")[row["position"] & 1],
        **_old_times(world, row),
    },
    "list": lambda world, row: {
        "campaign_id": world.one_of("campaign", _number(row)),
        **_placed(world, row),
    },
    "listMembership": _by,
    "opportunity": lambda world, row: {
        "salesforce_id": f"006{row['id']:015}" if row["id"] & 1 else None,
        **_by(world, row),
    },
    "prospect": _prospect,
    "prospectAccount": _by,
    "tag": lambda world, row: {"object_count": _number(row) % 900, **_by(world, row)},
    "tagObject": lambda world, row: {
        "object_name": UGLY[_number(row) % len(UGLY)],
        "created_by_id": world.one_of("user", _number(row)),
    },
    "user": _user,
    "visitor": lambda world, row: {
        "campaign_id": world.one_of("campaign", _number(row)),
        "do_not_sell": _number(row) & 63 == 0,
    },
}


def _audit(world: World, draw: Draw) -> Row:
    users = {f"{name}ById": world.one_of("user", draw.bits >> n) for n, name in _AUDIT}
    return {**users, "updatedById": users["updatedById"] if draw.bits & 3 else None}


_AUDIT = ((2, "created"), (5, "updated"))


def _asset(world: World, draw: Draw, *, campaign: bool = True) -> Row:
    """Return what most assets have: folder, domain, campaign, users, recycle bin."""
    made = {
        "folderId": world.one_of("folder", draw.bits) if draw.bits & 7 else None,
        "isDeleted": draw.place % _IN_BIN == 7,  # noqa: PLR2004 -- one of eleven
        **_audit(world, draw),
    }
    if campaign:
        made["campaignId"] = world.one_of("campaign", draw.bits >> 4)
        made["trackerDomainId"] = world.one_of("trackerDomain", draw.bits >> 6)
    return made


def _list_email_ids(world: World) -> list[int]:
    return [number for one in world.ids("email") if (number := list_email(one)) is not None]


def _list_email(world: World, draw: Draw) -> Row:
    bits, templates = draw.bits, template_ids(world)
    is_ahead = draw.place == 1
    return {
        **_asset(world, draw),
        "name": draw.name,
        "subject": f"{draw.name} for %%first_name%%",
        "htmlMessage": f"<p>{draw.name}</p>",
        "textMessage": f"Hello,\r\n{draw.name}",
        "emailTemplateId": templates[bits % len(templates)] if bits & 1 else None,
        "type": ("html", "text", "htmlAndText")[draw.place % 3],
        "clientType": ("Builder", "Web")[bits & 1],
        "isOperational": bits & 24 == 0,
        "isPaused": False,
        "isSent": not is_ahead,
        "sentAt": world.now + 42 * DAY if is_ahead else draw.created + 60,
        "senderOptions": _SENDERS[draw.place % 3],
        "replyToOptions": _SENDERS[(draw.place + 1) % 3],
        "recipientLists": sorted({world.one_of("list", bits + n) for n in range(1 + bits % 3)}),
        "suppressionLists": [world.one_of("list", bits >> 3)] if bits & 16 else [],
    }


def _landing_page(world: World, draw: Draw) -> Row:
    kinds = ("Layout Template", "Landing Page Builder", "Legacy Page Builder", "Salesforce Builder")
    path = f"/page-{draw.id}"
    return {
        **_asset(world, draw),
        "formId": world.one_of("form", draw.bits) if draw.bits & 1 else None,
        "layoutTemplateId": world.one_of("layoutTemplate", draw.bits),
        "title": draw.name,
        "description": draw.pick(*PROSE, None),
        "layoutType": kinds[draw.place % 4],
        "layoutTableBorder": draw.bits & 3 or None,
        "url": f"{_GO}/l/{draw.id}",
        "vanityUrl": _GO + path if draw.bits & 2 else None,
        "vanityUrlPath": path if draw.bits & 2 else None,
        "archiveDate": "2030-01-31" if draw.bits & 8 else None,
        "isDoNotIndex": draw.bits & 4 != 0,
    }


def _layout(world: World, draw: Draw) -> Row:
    return {
        **_asset(world, draw, campaign=False),
        "layoutContent": f"<html><body>%%content%%\r\n{draw.pick(*PROSE)}</body></html>",
        "isIncludeDefaultCss": draw.bits & 1 != 0,
    }


def _handler(world: World, draw: Draw) -> Row:
    return {
        **_asset(world, draw),
        "successLocation": "https://www.example.com/thanks?a=1&b=2",
        "errorLocation": "Referring URL" if draw.bits & 1 else None,
        "embedCode": f'<form action="{_GO}/l/{draw.id}"></form>',
        "isDataForwarded": draw.bits & 2 != 0,
    }


def _handler_field(world: World, draw: Draw) -> Row:
    return {
        "formHandlerId": world.one_of("formHandler", draw.bits),
        "dataFormat": draw.pick("Text", "Number", "Email"),
        "prospectApiFieldId": draw.pick("email", "firstName", "Region__c"),
        "isRequired": draw.bits & 1 != 0,
        **_audit(world, draw),
    }


def _form_field(world: World, draw: Draw) -> Row:
    return {
        "formId": world.one_of("form", draw.bits),
        "sortOrder": draw.place % 9,
        "prospectApiFieldId": draw.pick("email", "firstName", "Region__c"),
        "type": draw.pick("Text", "Dropdown", "Checkbox"),
        "dataFormat": draw.pick("Text", "Email"),
        "label": draw.pick(*UGLY),
        "isRequired": draw.bits & 1 != 0,
        "hasValues": draw.bits & 2 != 0,
        **_audit(world, draw),
    }


def _without_bin(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "isDeleted"}


def _file(world: World, draw: Draw) -> Row:
    return {
        **_without_bin(_asset(world, draw)),
        "size": draw.bits * 17,
        "url": f"{_GO}/l/{draw.id}/file.pdf",
        "isTracked": draw.bits & 1 != 0,
    }


def _folder(world: World, draw: Draw) -> Row:
    parent = world.ids("folder")[(draw.place - 1) // 3] if draw.place else None
    return {
        "parentFolderId": parent,
        "path": f"Uncategorized/{draw.name}",
        "usePermissions": draw.bits & 1 != 0,
        **_audit(world, draw),
    }


def _folder_content(world: World, draw: Draw) -> Row:
    kind, folder = draw.pick(*_OBJECT_KINDS), world.one_of("folder", draw.bits)
    key = world.one_of(kind, draw.bits >> 3)
    return {
        "folderId": folder,
        "objectId": key,
        "objectType": kind,
        "objectName": UGLY[draw.place % len(UGLY)],
        "folderRef": f"/api/v5/objects/folders/{folder}",
        "objectRef": f"/api/v5/objects/{kind}s/{key}",
        **_audit(world, draw),
    }


def _program(world: World, draw: Draw) -> Row:
    bits, plain = draw.bits, draw.place % 3 == 0
    day = {"days": ["Monday", "Friday"], "startTime": "09:00", "endTime": "17:00"}
    return {
        **_asset(world, draw, campaign=False),
        "description": draw.pick(*PROSE, None),
        "status": draw.pick(*_PROGRAM_STATES),
        "recipientListIds": sorted({world.one_of("list", bits + n) for n in range(bits % 3)}),
        "suppressionListIds": [world.one_of("list", bits >> 2)] if bits & 1 else [],
        "scheduleCreatedById": world.one_of("user", bits) if bits & 2 else None,
        "businessHours": None if plain else {**day, "timezone": world.timezone},
        "prospectsMultipleEntry": {"maximumEntries": bits % 9, "minimumDurationInDays": 30},
        "schedule": None
        if plain
        else {"createdAt": draw.created, "startOn": draw.created + DAY, "stopOn": None},
    }


def _variation(world: World, draw: Draw) -> Row:
    return {
        "dynamicContentId": world.one_of("dynamicContent", draw.bits),
        "comparison": f"is {draw.pick(*UGLY)}",
        "operator": draw.pick("is", "contains", "between"),
        "value1": draw.pick(*UGLY),
        "value2": "9" if draw.bits & 1 else None,
        "content": f"<p>{draw.pick(*PROSE)}</p>",
    }


def _domain(world: World, draw: Draw) -> Row:
    return {
        "defaultCampaignId": world.one_of("campaign", draw.bits),
        "domain": f"go{draw.place}.example.com",
        "httpsStatus": "enabled",
        "sslStatus": "enabled" if draw.bits & 1 else None,
        "validationStatus": "validated",
        "isPrimary": draw.place == 0,
        "isDeleted": draw.place == 3,  # noqa: PLR2004 -- one of four
        "validatedAt": draw.created,
        **_audit(world, draw),
    }


def _bulk_action(world: World, draw: Draw) -> Row:
    count = draw.bits % 90_000
    return {
        "count": count,
        "processedCount": count,
        "errorCount": draw.bits % 7,
        "percentComplete": 100.0,
        "fileName": f"delete {draw.place}.csv",
        **_audit(world, draw),
    }


def _new(make: Callable[[World, Draw], Row], first: int, most: int, *, named: bool = True) -> Seed:
    return Seed(make, first, most=most, bits=20, named=named, times=_CAMEL_TIMES)


NEW: Mapping[str, Seed] = {
    "folder": _new(_folder, 6_021, 40),
    "trackerDomain": _new(_domain, 2_011, 4, named=False),
    "layoutTemplate": _new(_layout, 8_107, 20),
    "listEmail": _new(_list_email, 912_440_011, 120)._replace(ids=_list_email_ids),
    "landingPage": _new(_landing_page, 19_031, 120),
    "formHandler": _new(_handler, 27_055, 60),
    "formHandlerField": _new(_handler_field, 271_003, 150),
    "formField": _new(_form_field, 330_017, 200, named=False),
    "file": _new(_file, 46_201, 80),
    "folderContent": _new(_folder_content, 610_031, 200, named=False),
    "engagementStudioProgram": _new(_program, 5_317, 30),
    "dynamicContentVariation": Seed(_variation, 22_101, most=120, bits=20, times=()),
    "bulkAction": _new(_bulk_action, 3_309, 12, named=False),
}
