"""What happened: activities, clicks, and rows that never change."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Export, Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import CREATED_AT, UPDATED_AT, integers, properties


class VisitorActivities(PardotStream):
    """Opens, clicks, forms, visits and other activities of visitors and prospects.

    Windowed by ``updated_at``: merging two prospects rewrites old activities. Sessions (type 5)
    are never returned.
    """

    name = "visitor_activities"
    v4 = (
        Export("visitorActivity"),
        # The output "full" would add the asset of each activity (reference C.23).
        Query("visitorActivity", output="bulk"),
    )
    v5 = Query("visitor-activities")
    replication_key = "updated_at"
    api_names = {"campaign_id": ("campaign_id", "campaign.id")}  # noqa: RUF012

    v5_columns = properties(
        *integers(
            visit_id="The visit.",
            visitor_page_view_id="The page view.",
            opportunity_id="The opportunity; activities of opportunities only.",
        )
    )
    v5_off = frozenset(v5_columns)  # exports lack them

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Activity id."),
        th.Property("prospect_id", th.IntegerType, description="Null while anonymous."),
        th.Property("visitor_id", th.IntegerType, description="Null for most e-mail activities."),
        th.Property("type", th.IntegerType, description="1 click, 2 view, 6 sent, 11 open, ..."),
        th.Property("type_name", th.StringType, description="Kind of asset: Email, Form, ..."),
        th.Property("details", th.StringType, description="Name, address or subject."),
        *integers(
            email_id="The e-mail; email activities only.",
            email_template_id="The template; email activities only.",
            list_email_id="The list e-mail; email activities only.",
            form_id="The form.",
            form_handler_id="The form handler.",
            site_search_query_id="The site search.",
            landing_page_id="The landing page.",
            paid_search_ad_id="The paid search ad.",
            multivariate_test_variation_id="The variation of a multivariate landing page.",
            file_id="The file.",
            custom_redirect_id="The custom redirect.",
            campaign_id="The campaign.",
        ),
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()


class ExternalActivities(PardotStream):
    """Activities that other systems reported; they never change."""

    name = "external_activities"
    v4 = Export("externalActivity", time="created_at")
    replication_key = "created_at"

    # Unlike every other export object, the fields are in camelCase (reference D.8.1).
    api_names = {  # noqa: RUF012
        "extension_salesforce_id": ("extensionSalesforceId",),
        "type_salesforce_id": ("typeSalesforceId",),
        "prospect_id": ("prospectId",),
        "activity_date": ("activityDate",),
        "created_at": ("createdAt",),
        "created_by_id": ("createdById",),
    }

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="External activity id."),
        th.Property("extension", th.StringType, description="The extension that reported it."),
        th.Property("extension_salesforce_id", th.StringType, description="Its Salesforce id."),
        th.Property("type", th.StringType, description="Kind of activity."),
        th.Property("type_salesforce_id", th.StringType, description="Salesforce id of the kind."),
        th.Property("prospect_id", th.IntegerType, description="Whose activity."),
        th.Property("value", th.StringType, description="Value of the activity."),
        th.Property("activity_date", th.DateTimeType, description="When it happened, in UTC."),
        th.Property("created_at", th.DateTimeType, description="When it was reported, in UTC."),
        th.Property("created_by_id", th.IntegerType, description="The user who reported it."),
    ).to_dict()


class EmailClicks(PardotStream):
    """Clicks on links in e-mails, with the e-mail each belongs to."""

    name = "email_clicks"
    v4 = (
        # "bulk" omits the total, which is slow to count for millions of clicks (reference A.5).
        Query("emailClick", time="created_at", append_only=True, output="bulk"),
    )
    replication_key = "id"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Id; grows with time."),
        th.Property("prospect_id", th.IntegerType, description="Who clicked."),
        th.Property("url", th.StringType, description="The link's target."),
        th.Property(
            "list_email_id", th.IntegerType, description="The list e-mail; null for other e-mails."
        ),
        th.Property(
            "drip_program_action_id",
            th.IntegerType,
            description="The engagement program's action; null for other e-mails.",
        ),
        th.Property(
            "email_template_id",
            th.IntegerType,
            description="The template; null where none was used.",
        ),
        th.Property(
            "tracker_redirect_id", th.IntegerType, description="The tracked link that was clicked."
        ),
        th.Property("created_at", th.DateTimeType, description="When, in UTC."),
    ).to_dict()


class LifecycleHistories(PardotStream):
    """Prospects' moves from one lifecycle stage to another."""

    name = "lifecycle_histories"
    v4 = Query("lifecycleHistory", time="created_at", append_only=True)
    v5 = Query("lifecycle-histories", time="created_at", append_only=True)
    replication_key = "id"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Id; grows with time."),
        th.Property("prospect_id", th.IntegerType, description="Who moved."),
        th.Property(
            "previous_stage_id", th.IntegerType, description="Stage before; null for the first."
        ),
        th.Property("next_stage_id", th.IntegerType, description="Stage after."),
        th.Property(
            "seconds_elapsed", th.IntegerType, description="Seconds spent in the stage before."
        ),
        th.Property("created_at", th.DateTimeType, description="When, in UTC."),
    ).to_dict()
