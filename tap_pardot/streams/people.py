"""Prospects and what they do: the bulk of every account, read by exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_pardot.records.times import EARLIEST, to_iso
from tap_pardot.streams.custom_fields import CustomStream
from tap_pardot.streams.exports import ExportStream

if TYPE_CHECKING:
    from datetime import datetime

UPDATED = th.Property("updated_at", th.DateTimeType, description="When it last changed, in UTC.")
CREATED = th.Property("created_at", th.DateTimeType, description="When it was made, in UTC.")
DELETED = th.Property("is_deleted", th.BooleanType, description="Whether it is in the recycle bin.")


def _ids(**columns: str) -> list[th.Property[Any]]:
    return [th.Property(name, th.IntegerType, description=say) for name, say in columns.items()]


def _texts(**columns: str) -> list[th.Property[Any]]:
    return [th.Property(name, th.StringType, description=say) for name, say in columns.items()]


def _times(**columns: str) -> list[th.Property[Any]]:
    return [th.Property(name, th.DateTimeType, description=say) for name, say in columns.items()]


def _flags(**columns: str) -> list[th.Property[Any]]:
    return [th.Property(name, th.BooleanType, description=say) for name, say in columns.items()]


class VisitorActivities(ExportStream):
    """Opens, clicks, forms, visits and the other acts of visitors and prospects.

    Windowed by ``updated_at``: merging two prospects rewrites old activities. Sessions (type 5)
    are never returned.
    """

    name = "visitor_activities"
    pardot_object = "visitorActivity"
    output = "bulk"  # the full one names the asset of each activity besides (reference C.23)
    api_names = {"campaign_id": ("campaign_id", "campaign.id")}  # noqa: RUF012

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Activity id."),
        th.Property("prospect_id", th.IntegerType, description="Null while anonymous."),
        th.Property("visitor_id", th.IntegerType, description="Null for most e-mail activities."),
        th.Property("type", th.IntegerType, description="1 click, 2 view, 6 sent, 11 open, ..."),
        th.Property("type_name", th.StringType, description="Kind of asset: Email, Form, ..."),
        th.Property("details", th.StringType, description="Name, address or subject."),
        *_ids(
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
        CREATED,
        UPDATED,
    ).to_dict()


class Visitors(ExportStream):
    """Visitors, known and anonymous."""

    name = "visitors"
    pardot_object = "visitor"
    deleted_argument = "deleted"
    query_params = {"only_identified": "false"}  # noqa: RUF012
    # Whether exports hold anonymous visitors is in no document (reference D.8.6).
    maybe_exported = {"only_identified": "true"}  # noqa: RUF012
    query_takes_fields = True

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Visitor id."),
        th.Property("page_view_count", th.IntegerType, description="Pages viewed."),
        th.Property("ip_address", th.StringType, description="Address of the browser."),
        th.Property("hostname", th.StringType, description="Host name of the address."),
        *[
            th.Property(f"{name}_parameter", th.StringType, description=f"utm_{name} of the link.")
            for name in ("campaign", "medium", "source", "content", "term")
        ],
        CREATED,
        UPDATED,
        DELETED,
    ).to_dict()


class ListMemberships(ExportStream):
    """Which prospect is on which list."""

    name = "list_memberships"
    pardot_object = "listMembership"
    deleted_argument = "deleted"
    query_tells_deleted = True

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Membership id."),
        th.Property("list_id", th.IntegerType, description="The list."),
        th.Property("prospect_id", th.IntegerType, description="The member."),
        th.Property("opted_out", th.BooleanType, description="Opted out of this list."),
        CREATED,
        UPDATED,
        DELETED,
    ).to_dict()


class ExternalActivities(ExportStream):
    """Activities that other systems reported; they never change."""

    name = "external_activities"
    pardot_object = "externalActivity"
    procedure = "filter_by_created_at"
    bounds = ("created_after", "created_before")
    replication_key = "created_at"
    has_query = False

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


class Prospects(CustomStream):
    """Prospects, those in the recycle bin too, with all their custom fields.

    ``recent_interaction`` and ``crm_url`` cannot be exported.
    """

    name = "prospects"
    pardot_object = "prospect"
    deleted_argument = "deleted"
    query_tells_deleted = True
    query_takes_fields = True
    # Reference D.8.4; notes and grade are not default fields of an export, but of a query.
    export_only = frozenset(
        {
            *("converted_at", "converted_from_object_type", "converted_from_object_name"),
            *("is_email_hard_bounced", "email_bounced_at", "email_bounced_reason"),
            *("first_assigned_at", "first_activity_at", "first_referrer_url"),
            *("first_referrer_type", "first_referrer_query", "campaign_parameter"),
            *("medium_parameter", "source_parameter", "content_parameter", "term_parameter"),
        }
    )

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Prospect id."),
        *_ids(campaign_id="First campaign."),
        *_texts(
            salutation="Salutation.",
            first_name="First name.",
            last_name="Last name.",
            email="E-mail address; not unique in API version 4.",
            password="Password for the account's pages; normally null.",  # noqa: S106
            company="Company.",
        ),
        *_ids(prospect_account_id="The prospect account."),
        *_texts(
            website="Website.",
            job_title="Job title.",
            department="Department.",
            country="Country.",
            address_one="Address, first line.",
            address_two="Address, second line.",
            city="City.",
            state="State.",
            territory="Territory.",
            zip="Postal code, with its leading zeros.",
            phone="Telephone number.",
            fax="Fax number.",
            source="Where the prospect came from.",
            annual_revenue="Annual revenue, as it was entered.",
            employees="Number of employees, as it was entered.",
            industry="Industry.",
            years_in_business="Years in business, as it was entered.",
            comments="Comments.",
            notes="Notes.",
            grade="Grade, A+ to F.",
        ),
        *_ids(score="Score."),
        *_times(last_activity_at="Last activity, in UTC; null if never active."),
        *_texts(
            crm_lead_fid="Salesforce lead.",
            crm_contact_fid="Salesforce contact.",
            crm_owner_fid="Salesforce owner.",
            crm_account_fid="Salesforce account.",
        ),
        *_times(crm_last_sync="Last sync with Salesforce, in UTC."),
        *_flags(
            is_do_not_email="Not to be e-mailed.",
            is_do_not_call="Not to be called.",
            opted_out="Opted out of e-mail.",
            is_reviewed="Reviewed.",
            is_starred="Starred.",
            is_archived="Archived, as Pardot's own field tells.",
        ),
        *_times(converted_at="When the visitor became a prospect, in UTC."),
        *_texts(
            converted_from_object_type="What converted the visitor: Form, LandingPage, ...",
            converted_from_object_name="Its name.",
        ),
        *_flags(is_email_hard_bounced="The address bounced for good."),
        *_times(email_bounced_at="When it bounced, in UTC."),
        *_texts(email_bounced_reason="Why it bounced."),
        *_times(
            first_assigned_at="First assigned to a user, in UTC.",
            first_activity_at="First activity, in UTC.",
        ),
        *_texts(
            first_referrer_url="First referrer.",
            first_referrer_type="Kind of the first referrer.",
            first_referrer_query="Search terms of the first referrer.",
            campaign_parameter="utm_campaign of the first visit.",
            medium_parameter="utm_medium of the first visit.",
            source_parameter="utm_source of the first visit.",
            content_parameter="utm_content of the first visit.",
            term_parameter="utm_term of the first visit.",
        ),
        CREATED,
        UPDATED,
        DELETED,
    ).to_dict()


class ProspectAccounts(CustomStream):
    """Prospect accounts. But for the name, their fields are the account's own."""

    name = "prospect_accounts"
    pardot_object = "prospectAccount"
    deleted_argument = "deleted"
    query_takes_fields = True

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Prospect account id."),
        *_texts(name="Name."),
        CREATED,
        UPDATED,
        DELETED,
    ).to_dict()


class ProspectIds(ExportStream):
    """The ids of all prospects there are, listed anew in each run, those in the recycle bin too.

    Off unless selected. Merged prospects and those deleted for good leave no other trace than to
    be missing here.
    """

    name = "prospect_ids"
    pardot_object = "prospect"
    selected_by_default = False
    replication_key = None  # type: ignore[assignment]
    # By creation, which never changes: a prospect that is updated meanwhile keeps its window.
    procedure = "filter_by_created_at"
    bounds = ("created_after", "created_before")
    deleted_argument = "deleted"
    query_tells_deleted = True
    query_takes_fields = True
    computed = frozenset({"listed_at"})

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Prospect id."),
        th.Property(
            "listed_at",
            th.DateTimeType,
            description="When this listing was begun, in UTC, the same in all of its rows; it "
            "holds the prospects created before.",
        ),
    ).to_dict()

    @property
    def beginning(self) -> datetime:
        """All prospects are listed, whatever ``start_date`` says."""
        return EARLIEST

    def marks(self, deleted: bool | None) -> dict[str, Any]:  # noqa: ARG002, FBT001
        """Return the listing's time, which STATE keeps when a run is interrupted."""
        window = self.bookmark.window
        if window is None or "listed_at" not in self.columns:
            return {}
        return {"listed_at": to_iso(window.end)}
