"""Which columns name rows of other streams: one declaration for pages, diagrams and tests."""

from __future__ import annotations

from typing import NamedTuple

from tests.helpers.tables import catalogs
from tests.helpers.tables.markup import ALL, code, table

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
    "drip_program_action_id": "no stream has the steps of engagement programs",
    "multivariate_test_variation_id": "no stream has the variations of landing pages",
    "object_id": "it is of the kind that `object_type` or `type` names",
    "paid_search_ad_id": "no stream has paid search ads",
    "profile_id": "no stream has profiles",
    "site_search_query_id": "no stream has searches of the site",
    "tracker_redirect_id": "no stream has the tracked links of e-mails",
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


def naming(stream: str) -> dict[str, list[str]]:
    """Return by column the streams whose rows name a stream by it."""
    found: dict[str, list[str]] = {}
    for each in joins():
        if each.references == stream:
            found.setdefault(each.column, []).append(each.stream)
    return found


def joins_table() -> str:
    """Return one row per stream that others name and column that names it."""
    rows = (
        (_linked(stream), f"`{column}`", code(*streams))
        for stream in sorted({join.references for join in joins()})
        for column, streams in naming(stream).items()
    )
    return table(("The `id` of", "is", "of"), rows)


def no_joins_table() -> str:
    """Return one row per column that looks like a join and is none."""
    return table(
        ("Column", "Of", "Why"),
        ((f"`{name}`", _of(name), why) for name, why in WITHOUT_STREAM.items()),
    )


def _of(column: str) -> str:
    return code(*(each.name for each in ALL if column in catalogs.all_columns(each.name)))


def _linked(name: str) -> str:
    return f"[`{name}`](../streams/{name}.md)"
