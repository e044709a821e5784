"""Opportunities, and which prospects belong to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_pardot.api.dialect import ParentRows, Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import (
    BY,
    CAMPAIGN_COLUMNS,
    CAMPAIGN_NAMES,
    CAMPAIGN_V5_NAMES,
    CREATED_AT,
    SALESFORCE_ID,
    UPDATED_AT,
    properties,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Opportunities(PardotStream):
    """Opportunities with their prospects.

    Versions 3 and 4 cannot filter them by their change, so all are read each time. Custom fields of
    opportunities are not part of the API.
    """

    name = "opportunities"
    v4 = Query("opportunity", time=None)
    v5 = Query("opportunities", lacks=frozenset({"prospects", "opportunity_activities"}))
    v5_replication_key = "updated_at"

    api_names = CAMPAIGN_NAMES | {
        "prospects": ("prospects.prospect",),
        "opportunity_activities": ("opportunity_activities.visitor_activity",),
    }
    v5_names = CAMPAIGN_V5_NAMES
    v5_values = {"status": {"won": "Won", "lost": "Lost", "open": "Open"}}  # noqa: RUF012

    v5_columns = properties(SALESFORCE_ID, *BY)

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Opportunity id."),
        *CAMPAIGN_COLUMNS,
        th.Property("name", th.StringType, description="Name."),
        th.Property("value", th.NumberType, description="Value in the account's currency."),
        th.Property("probability", th.IntegerType, description="Percent, 0 to 100."),
        th.Property("type", th.StringType, description="Type, as in Salesforce."),
        th.Property("stage", th.StringType, description="Stage, as in Salesforce."),
        th.Property("status", th.StringType, description="Won, Lost or Open."),
        th.Property(
            "closed_at", th.DateTimeType, description="When it was closed, in UTC; null if open."
        ),
        CREATED_AT,
        UPDATED_AT,
        th.Property(
            "prospects",
            th.ArrayType(
                th.ObjectType(
                    th.Property("id", th.IntegerType, description="Prospect id."),
                    th.Property("first_name", th.StringType, description="First name."),
                    th.Property("last_name", th.StringType, description="Last name."),
                    th.Property("email", th.StringType, description="E-mail address."),
                    th.Property("company", th.StringType, description="Company."),
                )
            ),
            description="The prospects of the opportunity.",
        ),
        th.Property(
            "opportunity_activities",
            th.ArrayType(
                th.ObjectType(
                    th.Property("id", th.IntegerType, description="Activity id."),
                    th.Property("prospect_id", th.IntegerType, description="Whose activity."),
                    th.Property("type", th.IntegerType, description="Number of the type."),
                    th.Property("type_name", th.StringType, description="Kind of asset."),
                    th.Property("details", th.StringType, description="Details."),
                    th.Property("created_at", th.DateTimeType, description="When, in UTC."),
                )
            ),
            description="Created, won, lost and so on; empty where Pardot leaves them out.",
        ),
    ).to_dict()


def links_of(opportunity: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each prospect of an opportunity."""
    for prospect in opportunity["prospects"]:
        if prospect["id"] is not None:
            yield {
                "opportunity_id": opportunity["id"],
                "prospect_id": prospect["id"],
                "opportunity_updated_at": opportunity["updated_at"],
            }


class OpportunityProspects(PardotStream):
    """Which prospect belongs to which opportunity, from the opportunities' own answers.

    A prospect that was taken off an opportunity has no row of its newest ``updated_at``.
    """

    name = "opportunity_prospects"
    v4 = ParentRows(
        "opportunity",
        parents={"opportunities": ("id", "prospects", "updated_at")},
        rows_of=links_of,
    )
    primary_keys = ("opportunity_id", "prospect_id")

    schema = th.PropertiesList(
        th.Property("opportunity_id", th.IntegerType, required=True, description="Opportunity."),
        th.Property("prospect_id", th.IntegerType, required=True, description="Its prospect."),
        th.Property(
            "opportunity_updated_at",
            th.DateTimeType,
            description="When the opportunity had last changed that named the prospect, in UTC.",
        ),
    ).to_dict()
