"""Which columns name rows of other streams: one declaration for pages, diagrams and tests."""

from __future__ import annotations

from typing import NamedTuple

from tests.helpers.tables import catalogs
from tests.helpers.tables.markup import ALL, table

BY_COLUMN = {
    "admin_id": "users",
    "assigned_to_id": "users",
    "campaign_id": "campaigns",
    "created_by_id": "users",
    "custom_redirect_id": "custom_redirects",
    "default_campaign_id": "campaigns",
    "dynamic_content_id": "dynamic_contents",
    "email_id": "emails",
    "email_template_id": "email_templates",
    "file_id": "files",
    "folder_id": "folders",
    "form_handler_id": "form_handlers",
    "form_id": "forms",
    "landing_page_id": "landing_pages",
    "layout_template_id": "layout_templates",
    "lifecycle_stage_id": "lifecycle_stages",
    "list_email_id": "list_emails",
    "list_id": "lists",
    "next_stage_id": "lifecycle_stages",
    "opportunity_id": "opportunities",
    "parent_campaign_id": "campaigns",
    "parent_folder_id": "folders",
    "plugin_campaign_id": "campaigns",
    "previous_stage_id": "lifecycle_stages",
    "prospect_account_id": "prospect_accounts",
    "prospect_id": "prospects",
    "recipient_list_ids": "lists",
    "schedule_created_by_id": "users",
    "ssl_requested_by_id": "users",
    "suppression_list_ids": "lists",
    "tag_id": "tags",
    "tracker_domain_id": "tracker_domains",
    "updated_by_id": "users",
    "user_id": "users",
    "visit_id": "visits",
    "visitor_id": "visitors",
    "visitor_page_view_id": "visitor_page_views",
}
"""By column, of whatever stream, the stream whose ``id`` it holds."""

OF_A_STREAM = {
    ("prospect_ids", "id"): "prospects",
    ("users", "account"): "account",
}
"""By stream and column, the stream whose ``id`` it holds, where the name does not say it."""

WITHOUT_STREAM = {
    "drip_program_action_id": "actions of engagement programs are not part of the API",
    "multivariate_test_variation_id": "variations of landing pages are not part of the API",
    "object_id": "the kind of the object is in another column",
    "paid_search_ad_id": "paid search ads are not part of the API",
    "profile_id": "profiles are not read",
    "site_search_query_id": "searches of the site are not part of the API",
    "tracker_redirect_id": "tracked links are not part of the API",
    "type_id": "the number of a type",
}
"""By column whose name ends like that of an id, why it names no row of a stream."""


class Join(NamedTuple):
    """A column of a stream that holds the ``id`` of another stream's rows, or ids of them."""

    stream: str
    column: str
    references: str


def joins() -> list[Join]:
    """Return the joins of all streams, in the order of streams and columns."""
    return [
        Join(stream.name, column, references)
        for stream in ALL
        for column in catalogs.all_columns(stream.name)
        if (references := OF_A_STREAM.get((stream.name, column)) or BY_COLUMN.get(column))
    ]


def joins_table() -> str:
    """Return one row per stream that others name, with the columns that name it."""
    found = joins()
    names = sorted({join.references for join in found})
    return table(("Stream", "Its `id` is in"), ((_linked(name), _named_by(name)) for name in names))


def _named_by(name: str) -> str:
    return ", ".join(
        f"`{each.stream}.{each.column}`" for each in joins() if each.references == name
    )


def _linked(name: str) -> str:
    return f"[`{name}`](../streams/{name}.md)"
