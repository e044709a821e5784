"""Visitors, and of those that have changed the visits and their page views."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_pardot.api.dialect import Export, Lookup, Query
from tap_pardot.records.values import as_list
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import (
    CAMPAIGN_ID,
    CREATED_AT,
    IS_DELETED,
    SALESFORCE_ID,
    UPDATED_AT,
    UTM_PARAMETERS,
    booleans,
    integers,
    properties,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Visitors(PardotStream):
    """Visitors, known and anonymous."""

    name = "visitors"
    v4 = (
        Export("visitor", deleted=True),
        # No document says whether exports have anonymous visitors (reference D.8.6).
        Query(
            "visitor",
            fields=True,
            params={"only_identified": "false"},
            identified={"only_identified": "true"},
        ),
    )
    v5 = Query("visitors", deleted=True, is_documented=False)
    replication_key = "updated_at"

    v5_computed = frozenset({"is_deleted"})
    v5_columns = properties(
        *integers(prospect_id="The prospect; null while anonymous."),
        CAMPAIGN_ID,
        *booleans(
            is_identified="The visitor's company is known.",
            do_not_sell="The visitor's data must not be sold.",
        ),
    )
    v5_off = frozenset(v5_columns)  # exports lack them

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Visitor id."),
        th.Property("page_view_count", th.IntegerType, description="Pages viewed."),
        th.Property("ip_address", th.StringType, description="Address of the browser."),
        th.Property("hostname", th.StringType, description="Host name of the address."),
        *UTM_PARAMETERS,
        CREATED_AT,
        UPDATED_AT,
        IS_DELETED,
    ).to_dict()


# It is not documented how many ids one call takes (reference C.20).
_VISITS = Lookup("visit", "query", parents={"visitors": ("id",)}, batch=200)


class Visits(PardotStream):
    """Visits, with their page views; for versions 3 and 4, of the visitors that have changed."""

    name = "visits"
    v4 = _VISITS
    v5 = Query("visits", lacks=frozenset({"visitor_page_views"}))
    v5_replication_key = "updated_at"
    api_names = {"visitor_page_views": ("visitor_page_views.visitor_page_view",)}  # noqa: RUF012

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Visit id."),
        th.Property("visitor_id", th.IntegerType, description="Whose visit."),
        th.Property("prospect_id", th.IntegerType, description="Null while anonymous."),
        th.Property("visitor_page_view_count", th.IntegerType, description="Pages viewed."),
        th.Property(
            "first_visitor_page_view_at", th.DateTimeType, description="First page, in UTC."
        ),
        th.Property("last_visitor_page_view_at", th.DateTimeType, description="Last page, in UTC."),
        th.Property("duration_in_seconds", th.IntegerType, description="From first to last page."),
        *UTM_PARAMETERS,
        CREATED_AT,
        UPDATED_AT,
        th.Property(
            "visitor_page_views",
            th.ArrayType(
                th.ObjectType(
                    th.Property("id", th.IntegerType, description="Page view id."),
                    th.Property("url", th.StringType, description="Address of the page."),
                    th.Property("title", th.StringType, description="Title of the page."),
                    th.Property("created_at", th.DateTimeType, description="When, in UTC."),
                )
            ),
            description="The pages viewed.",
        ),
    ).to_dict()


def page_views_of(visit: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each page view of a visit; an empty row for a value that is no object."""
    views = visit.get("visitor_page_views")
    if isinstance(views, dict) and "visitor_page_view" in views:
        views = views["visitor_page_view"]
    ids = {"visit_id": visit.get("id"), "visitor_id": visit.get("visitor_id")}
    for view in as_list(views or None):
        yield {**view, **ids} if isinstance(view, dict) else {}


class VisitorPageViews(PardotStream):
    """The page views of visits, a row each."""

    name = "visitor_page_views"
    v4 = replace(_VISITS, rows_of=page_views_of)
    v5 = Query("visitor-page-views", time="created_at", append_only=True)
    v5_replication_key = "id"

    v5_columns = properties(
        CAMPAIGN_ID,
        *integers(duration_in_seconds="Time on the page, in seconds."),
        SALESFORCE_ID,
    )

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Page view id."),
        th.Property("visit_id", th.IntegerType, description="The visit."),
        th.Property("visitor_id", th.IntegerType, description="The visitor."),
        th.Property("url", th.StringType, description="Address of the page."),
        th.Property("title", th.StringType, description="Title of the page."),
        th.Property("created_at", th.DateTimeType, description="When, in UTC."),
    ).to_dict()
