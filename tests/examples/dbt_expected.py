"""What the models and queries must say, computed from the rows of an emulator."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from examples.demo import activities_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pardot_emulator import Emulator

ENGAGEMENT = {1, 2, 4, 7, 17, 20, 21, 22, 24, 25, 26, 27, 28, 29, 30, 34}
CLICKS = {1, 17}

Row = dict[str, Any]


def day(seconds: int, zone: str) -> date:
    """Return the day of an instant in a time zone."""
    return datetime.fromtimestamp(seconds, ZoneInfo(zone)).date()


def utc(seconds: int | None) -> datetime | None:
    """Return an instant as target-postgres stores it: in UTC, without a time zone."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def prospects_in_use(emulator: Emulator) -> dict[int, Row]:
    """Return the prospects that are not in the recycle bin, by id."""
    return {row["id"]: row for row in emulator.rows("prospect") if not row["deleted"]}


def funnel_by_month(emulator: Emulator, zone: str = "UTC") -> list[Row]:
    activities = activities_of(emulator)
    engaged = {row["prospect_id"] for row in activities if row["type"] in ENGAGEMENT}
    statuses: dict[int, set[str]] = defaultdict(set)
    for row in emulator.rows("opportunity"):
        for linked in row["prospects"] or ():
            statuses[linked["id"]].add(row["status"])
    months: dict[date, Counter[str]] = defaultdict(Counter)
    for key, row in prospects_in_use(emulator).items():
        months[day(row["created_at"], zone).replace(day=1)] += Counter(
            prospects=1,
            engaged=key in engaged,
            assigned=row["first_assigned_at"] is not None,
            with_opportunity=key in statuses,
            won="Won" in statuses[key] if key in statuses else False,
        )
    names = ("prospects", "engaged", "assigned", "with_opportunity", "won")
    return [{"month": m, **{n: counts[n] for n in names}} for m, counts in sorted(months.items())]


def email_performance(emulator: Emulator) -> list[Row]:
    activities, clicks = activities_of(emulator), emulator.rows("emailClick")
    kinds: dict[int, Counter[int]] = defaultdict(Counter)
    opened: dict[int, set[Any]] = defaultdict(set)
    clicked: dict[int, set[Any]] = defaultdict(set)
    first: dict[int, int] = {}
    named: dict[int, set[int]] = defaultdict(set)
    for row in activities:
        if (key := row["list_email_id"]) is None:
            continue
        kinds[key][row["type"]] += 1
        named[key].add(row["email_id"])
        if row["type"] == 11:
            opened[key].add(row["prospect_id"])
        if row["type"] in CLICKS:
            clicked[key].add(row["prospect_id"])
        if row["type"] == 6:
            first[key] = min(row["created_at"], first.get(key, row["created_at"]))
    for row in clicks:
        if (key := row["list_email_id"]) is not None:
            clicked[key].add(row["prospect_id"])
    emails = {row["id"]: row for row in emulator.rows("email")}
    found = []
    for key in sorted(kinds.keys() | clicked.keys()):
        count, email = kinds[key], min(named[key] & emails.keys(), default=None)
        bounced = count[13] + count[36]
        delivered = max(0, count[6] - bounced)
        found.append(
            {
                "list_email_id": key,
                "email_id": email,
                "name": email and emails[email]["name"],
                "subject": email and emails[email]["subject"],
                "first_sent_at": utc(first.get(key)),
                "sent": count[6],
                "delivered": delivered,
                "unique_opens": len(opened[key]),
                "unique_clicks": len(clicked[key]),
                "bounced": bounced,
                "opt_outs": count[12] + count[35],
                "spam_complaints": count[14],
                "open_rate": percent(len(opened[key]), delivered),
                "click_rate": percent(len(clicked[key]), delivered),
            }
        )
    return found


def campaign_influence(emulator: Emulator) -> list[Row]:
    touches: dict[int, list[tuple[int, int]]] = defaultdict(list)
    rows = ((r, r["prospect_id"]) for r in activities_of(emulator) if r["type"] in ENGAGEMENT)
    for row, prospect in chain(rows, ((r, r["id"]) for r in emulator.rows("prospect"))):
        if row["campaign_id"] is not None:
            touches[prospect].append((row["created_at"], row["campaign_id"]))
    shares: dict[int, list[tuple[Row, float]]] = defaultdict(list)
    for opportunity in emulator.rows("opportunity"):
        closed = opportunity["closed_at"] or float("inf")
        linked = {each["id"] for each in opportunity["prospects"] or ()}
        campaigns = {c for p in linked for at, c in touches[p] if at <= closed}
        for campaign in campaigns:
            shares[campaign].append((opportunity, opportunity["value"] / len(campaigns)))
    names = {row["id"]: row["name"] for row in emulator.rows("campaign")}
    return [
        {
            "campaign_id": campaign,
            "campaign": names.get(campaign),
            "opportunities": len(found),
            "won": sum(row["status"] == "Won" for row, _ in found),
            "value": round(sum(share for _, share in found), 2),
            "won_value": _total(share for row, share in found if row["status"] == "Won"),
        }
        for campaign, found in sorted(shares.items())
    ]


def _total(values: Iterable[float]) -> float | None:
    found = [*values]
    return round(sum(found), 2) if found else None


def current_list_members(emulator: Emulator, zone: str = "UTC") -> list[Row]:
    lists = {row["id"]: row for row in emulator.rows("list")}
    prospects = {row["id"]: row for row in emulator.rows("prospect")}
    found = {}
    for row in emulator.rows("listMembership"):
        prospect = prospects.get(row["prospect_id"], {})
        if row["deleted"] or prospect.get("deleted"):
            continue
        refusals = (
            row["opted_out"],
            *(prospect.get(n) for n in ("opted_out", "is_do_not_email", "is_email_hard_bounced")),
        )
        of = lists.get(row["list_id"], {})
        found[row["list_id"], row["prospect_id"]] = {
            "list_id": row["list_id"],
            "list": of.get("name"),
            "is_dynamic": None if not of else bool(of["is_dynamic"]),
            "prospect_id": row["prospect_id"],
            "email": prospect.get("email"),
            "member_since": day(row["created_at"], zone),
            "is_mailable": not any(refusals),
        }
    return [found[key] for key in sorted(found)]


def prospect_timeline(emulator: Emulator, names: dict[int, str]) -> list[Row]:
    """Return the events.

    Args:
        emulator: The account.
        names: The names of the types of activities that have one.
    """
    stages = {row["id"]: row["name"] for row in emulator.rows("lifecycleStage")}
    found = [
        _event(
            f"activity-{row['id']}",
            row["prospect_id"],
            row["created_at"],
            names.get(row["type"], f"Type {row['type']}"),
            row["details"],
            row["campaign_id"],
        )
        for row in activities_of(emulator)
    ]
    for row in emulator.rows("lifecycleHistory"):
        moved = (stages.get(row[name]) for name in ("previous_stage_id", "next_stage_id"))
        found.append(
            _event(
                f"stage-{row['id']}",
                row["prospect_id"],
                row["created_at"],
                "Lifecycle stage",
                " to ".join(filter(None, moved)),
            )
        )
    found += [
        _event(
            f"external-{row['id']}",
            row["prospectId"],
            row["activityDate"],
            row["type"],
            row["value"],
        )
        for row in emulator.rows("externalActivity")
    ]
    return _of(prospects_in_use(emulator), found)


def _event(  # noqa: PLR0913, PLR0917 -- the columns in their order
    key: str,
    prospect: int | None,
    at: int,
    event: str,
    details: str | None,
    campaign: int | None = None,
) -> Row:
    return {
        "event_id": key,
        "prospect_id": prospect,
        "happened_at": utc(at),
        "event": event,
        "details": details,
        "campaign_id": campaign,
    }


def _of(prospects: Collection[int], events: list[Row]) -> list[Row]:
    return sorted(
        (event for event in events if event["prospect_id"] in prospects),
        key=lambda event: event["event_id"],
    )
