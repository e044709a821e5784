"""The account itself: its record, users, custom fields, imports and exports."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Query, Record
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import (
    AUDIT,
    BY,
    CREATED_AT,
    IS_DELETED,
    SALESFORCE_ID,
    TAG_REPLACEMENT_LANGUAGE,
    UPDATED_AT,
    integers,
    properties,
    strings,
)


class Account(PardotStream):
    """The account's own record: one row, from the call that begins each run.

    Columns that only version 5 has cost one call more.
    """

    name = "account"
    v4 = Record("account")
    v5 = Record("account", lacks=frozenset({"vanity_domain", "tracking_code_template"}))

    v5_names = {"address1": ("addressOne",), "address2": ("addressTwo",)}  # noqa: RUF012
    v5_columns = properties(
        *integers(
            admin_id="The user who administers the account.",
            maximum_daily_api_calls="API calls that the account may make in a day.",
            api_calls_used="API calls made in the day, by all tools together.",
        ),
        *BY,
    )

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Account id."),
        th.Property("company", th.StringType, description="Company."),
        th.Property(
            "level", th.StringType, description="Edition, such as 'SFDC Ultimate Edition'."
        ),
        th.Property("website", th.StringType, description="Website."),
        th.Property("vanity_domain", th.StringType, description="Domain of the account's links."),
        th.Property("plugin_campaign_id", th.IntegerType, description="Campaign of the plug-ins."),
        th.Property("tracking_code_template", th.StringType, description="The tracking script."),
        th.Property("address1", th.StringType, description="Address, first line."),
        th.Property("address2", th.StringType, description="Address, second line."),
        th.Property("city", th.StringType, description="City."),
        th.Property("state", th.StringType, description="State."),
        th.Property("territory", th.StringType, description="Territory."),
        th.Property("zip", th.StringType, description="Postal code, with its leading zeros."),
        th.Property("country", th.StringType, description="Country."),
        th.Property("phone", th.StringType, description="Telephone number."),
        th.Property("fax", th.StringType, description="Fax number."),
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()


class Users(PardotStream):
    """Users of the account. A user who is not an administrator gets only his own record."""

    name = "users"
    v4 = Query("user", time=None)
    v5 = Query("users", deleted=True, lacks=frozenset({"account", "timezone"}))
    v5_replication_key = "updated_at"

    v5_columns = properties(
        *strings(username="Name for the login.", role_name="Name of the role."),
        SALESFORCE_ID,
        TAG_REPLACEMENT_LANGUAGE,
        IS_DELETED,
        *BY,
    )

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="User id."),
        th.Property("email", th.StringType, description="E-mail address."),
        th.Property("first_name", th.StringType, description="First name."),
        th.Property("last_name", th.StringType, description="Last name."),
        th.Property("job_title", th.StringType, description="Job title."),
        th.Property("role", th.StringType, description="Role in Pardot; may be a custom one."),
        th.Property("account", th.IntegerType, description="Account id."),
        th.Property(
            "timezone", th.StringType, description="Time zone of the user, where Pardot reports it."
        ),
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()


class CustomFields(PardotStream):
    """Custom fields of prospects: their names and types."""

    name = "custom_fields"
    v4 = Query("customField", time=None)

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Custom field id."),
        th.Property("name", th.StringType, description="Label."),
        th.Property("field_id", th.StringType, description="Name of the field on prospects."),
        th.Property("type", th.StringType, description="Text, Number, Date, Checkbox, ..."),
        th.Property("type_id", th.IntegerType, description="Number of the type."),
        th.Property("crm_id", th.StringType, description="The Salesforce field it is mapped to."),
        th.Property(
            "is_record_multiple_responses",
            th.BooleanType,
            description="Whether each answer is kept, not only the last.",
        ),
        th.Property(
            "is_use_values", th.BooleanType, description="Whether values are chosen from a list."
        ),
        th.Property(
            "is_analytics_synced", th.BooleanType, description="Whether Analytics receives it."
        ),
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()


class Exports(PardotStream):
    """Export jobs of the account, whoever made them. Needs the right to view exports."""

    name = "exports"
    v4 = Query("export", by_offset=True, page_size=200)
    replication_key = "updated_at"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Export id."),
        th.Property(
            "state", th.StringType, description="Waiting, Processing, Complete, Failed, Canceled."
        ),
        th.Property("is_expired", th.BooleanType, description="Whether the files are gone."),
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()


class Imports(PardotStream):
    """Import jobs of the account. Needs the right to view imports."""

    name = "imports"
    v4 = Query("import", by_offset=True, page_size=100)
    replication_key = "updated_at"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Import id."),
        th.Property(
            "state", th.StringType, description="Open, Ready, Waiting, Processing, Complete."
        ),
        th.Property("is_expired", th.BooleanType, description="Whether its data is gone."),
        th.Property("origin", th.StringType, description="UI or API."),
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()


class BulkActions(PardotStream):
    """Actions on many prospects at once, such as a deletion, with their progress.

    Those of the API user; those of all users with the right *Admin > Table Actions > View*. All are
    read each time, one call for 1,000.
    """

    name = "bulk_actions"
    v5 = Query("bulk-actions", time=None)

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Bulk action id."),
        *strings(
            object="Kind of the objects that it changes.",
            bulk_action="What is done with them.",
            status="How far it is: ready, paused, complete, ...",
            origin="Where it was started.",
            file_name="The file of ids.",
        ),
        *integers(
            count="Objects to change.",
            processed_count="Objects processed so far.",
            error_count="Objects that could not be changed.",
        ),
        th.Property("percent_complete", th.NumberType, description="Progress in percent."),
        *AUDIT,
    ).to_dict()
