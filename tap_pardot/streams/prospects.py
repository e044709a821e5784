"""Prospects and their accounts, with the fields that the account defines itself."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Export, Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import (
    BY,
    CREATED_AT,
    IS_DELETED,
    SALESFORCE_ID,
    UPDATED_AT,
    booleans,
    integers,
    properties,
    strings,
    times,
)

EXPORT_ONLY = frozenset(
    {
        *("converted_at", "converted_from_object_type", "converted_from_object_name"),
        *("is_email_hard_bounced", "email_bounced_at", "email_bounced_reason"),
        *("first_assigned_at", "first_activity_at", "first_referrer_url"),
        *("first_referrer_type", "first_referrer_query", "campaign_parameter"),
        *("medium_parameter", "source_parameter", "content_parameter", "term_parameter"),
    }
)
"""Columns that only an export has (reference D.8.4)."""


class Prospects(PardotStream):
    """Prospects, those in the recycle bin too, with all their custom fields.

    ``recent_interaction`` cannot be exported.
    """

    name = "prospects"
    v4 = (
        Export("prospect", deleted=True),
        Query("prospect", deleted=True, fields=True, lacks=EXPORT_ONLY),
    )
    v5 = Query("prospects", deleted=True)
    replication_key = "updated_at"
    custom_fields = True

    v5_names = {  # noqa: RUF012
        "crm_lead_fid": ("salesforceLeadId",),
        "crm_contact_fid": ("salesforceContactId",),
        "crm_owner_fid": ("salesforceOwnerId",),
        "crm_account_fid": ("salesforceAccountId",),
        "crm_last_sync": ("salesforceLastSync",),
        "is_archived": ("isDeleted",),
    }
    v5_notes = {  # noqa: RUF012
        "is_archived": "Version 5 lacks the field: there it is is_deleted."
    }
    v5_columns = properties(
        *integers(
            profile_id="The profile that it is graded by.",
            user_id="The owner, as a user of the account.",
            assigned_to_id="The user whom it is assigned to.",
            lifecycle_stage_id="Its stage of the lifecycle.",
        ),
        *booleans(do_not_sell="Its data must not be sold."),
        *strings(recent_interaction="Its most recent interaction, in words."),
        SALESFORCE_ID,
        *strings(
            salesforce_campaign_id="Salesforce campaign.",
            salesforce_url="Address of its lead or contact in Salesforce.",
        ),
        *BY,
    )
    off_by_default = ("password",)
    v5_off = frozenset(v5_columns)  # exports lack them

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Prospect id."),
        *integers(campaign_id="First campaign."),
        *strings(
            salutation="Salutation.",
            first_name="First name.",
            last_name="Last name.",
            email="E-mail address; not unique in API version 4.",
            password="Password for the account's pages; normally null.",  # noqa: S106
            company="Company.",
        ),
        *integers(prospect_account_id="The prospect account."),
        *strings(
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
        *integers(score="Score."),
        *times(last_activity_at="Last activity, in UTC; null if never active."),
        *strings(
            crm_lead_fid="Salesforce lead.",
            crm_contact_fid="Salesforce contact.",
            crm_owner_fid="Salesforce owner.",
            crm_account_fid="Salesforce account.",
        ),
        *times(crm_last_sync="Last sync with Salesforce, in UTC."),
        *booleans(
            is_do_not_email="Not to be e-mailed.",
            is_do_not_call="Not to be called.",
            opted_out="Opted out of e-mail.",
            is_reviewed="Reviewed.",
            is_starred="Starred.",
            is_archived="Whether Pardot calls the prospect archived.",
        ),
        *times(converted_at="When the visitor became a prospect, in UTC."),
        *strings(
            converted_from_object_type="What converted the visitor: Form, LandingPage, ...",
            converted_from_object_name="Its name.",
        ),
        *booleans(is_email_hard_bounced="The address bounced for good."),
        *times(email_bounced_at="When it bounced, in UTC."),
        *strings(email_bounced_reason="Why it bounced."),
        *times(
            first_assigned_at="First assigned to a user, in UTC.",
            first_activity_at="First activity, in UTC.",
        ),
        *strings(
            first_referrer_url="First referrer.",
            first_referrer_type="Kind of the first referrer.",
            first_referrer_query="Search terms of the first referrer.",
            campaign_parameter="utm_campaign of the first visit.",
            medium_parameter="utm_medium of the first visit.",
            source_parameter="utm_source of the first visit.",
            content_parameter="utm_content of the first visit.",
            term_parameter="utm_term of the first visit.",
        ),
        CREATED_AT,
        UPDATED_AT,
        IS_DELETED,
    ).to_dict()


class ProspectAccounts(PardotStream):
    """Prospect accounts. All their fields but the name are custom fields."""

    name = "prospect_accounts"
    v4 = Export("prospectAccount", deleted=True), Query("prospectAccount", fields=True)
    replication_key = "updated_at"
    custom_fields = True

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Prospect account id."),
        *strings(name="Name."),
        CREATED_AT,
        UPDATED_AT,
        IS_DELETED,
    ).to_dict()


class ProspectIds(PardotStream):
    """The ids of all existing prospects, also of those in the recycle bin, listed in each run.

    Off unless selected. The API does not report merged and permanently deleted prospects; they are
    missing here.
    """

    name = "prospect_ids"
    selected_by_default = False
    # created_at never changes, so a prospect that is updated meanwhile stays in its window.
    v4 = (
        Export("prospect", time="created_at", deleted=True),
        Query("prospect", time="created_at", deleted=True, fields=True),
    )
    computed = frozenset({"listed_at"})
    ignores_start_date = True

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Prospect id."),
        th.Property(
            "listed_at",
            th.DateTimeType,
            description="When this listing was begun, in UTC, the same in all of its rows; it "
            "holds the prospects created before.",
        ),
    ).to_dict()
