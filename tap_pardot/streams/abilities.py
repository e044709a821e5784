"""The ability that the API user's role needs to read each stream, in the words of Pardot's roles.

The pages of version 5 name them. Versions 3 and 4 are documented without abilities, except for
exports; they are taken to need the same ones.
"""

from __future__ import annotations

from typing import NamedTuple


class Ability(NamedTuple):
    """What a role must allow for some streams.

    Attributes:
        streams: The streams.
        name: The ability, as a path of the page of roles, in Markdown.
        certainty: How sure that is.
    """

    streams: tuple[str, ...]
    name: str
    certainty: str = "documentation"


ABILITIES = (
    Ability(
        ("prospects", "prospect_ids"),
        "Prospects > Prospects > View, and *View prospects not assigned to self*",
    ),
    Ability(("custom_fields",), "Prospects > Prospects > Configure Fields"),
    Ability(
        ("visitors", "visitor_activities", "visits", "visitor_page_views"),
        "Prospects > Visitors > View",
    ),
    Ability(("prospect_accounts",), "Prospects > Prospect Accounts > View"),
    Ability(("opportunities", "opportunity_prospects"), "Prospects > Opportunities > View"),
    Ability(("lifecycle_stages", "lifecycle_histories"), "Prospects > Lifecycle > View Report"),
    Ability(("external_activities",), "Prospects > External Activity > View"),
    Ability(("campaigns",), "Marketing > Other > Campaigns > View"),
    Ability(("lists",), "Marketing > Segmentation > Lists > View"),
    Ability(
        ("list_memberships",), "Marketing > Segmentation > View, and Prospects > Prospects > View"
    ),
    Ability(("tags", "tag_objects", "tagged_objects"), "Marketing > Segmentation > Tags > View"),
    Ability(
        ("emails", "list_emails", "list_email_lists"),
        "Marketing > Emails > Emails > View",
        "documentation; `list_email_lists` not verified",
    ),
    Ability(("email_stats",), "Marketing > Emails > Emails > View Report"),
    Ability(("email_templates",), "Marketing > Emails > Email Templates > View"),
    Ability(("email_clicks",), "no page names one; probably that of `emails`", "not verified"),
    Ability(
        ("forms", "form_fields"),
        "Marketing > Forms > Forms > View",
        "documentation; `form_fields` not verified",
    ),
    Ability(("form_handlers", "form_handler_fields"), "Marketing > Forms > Form Handlers > View"),
    Ability(("landing_pages",), "Marketing > Landing Pages > Landing Pages > View"),
    Ability(("layout_templates",), "Marketing > Landing Pages > Layout Templates > View"),
    Ability(("custom_redirects",), "Marketing > Content > Custom Redirects > View"),
    Ability(
        ("dynamic_contents", "dynamic_content_variations"),
        "Marketing > Content > Dynamic Content > View",
        "documentation; `dynamic_content_variations` not verified",
    ),
    Ability(("files",), "Marketing > Content > Files > View"),
    Ability(
        ("tracker_domains",),
        "one of: View of files, custom redirects, forms, form handlers, landing pages",
    ),
    Ability(
        ("engagement_studio_programs",),
        "Marketing > Engagement Studio > Engagement Program > View",
    ),
    Ability(
        ("folders", "folder_contents"),
        "Admin > Folders > View",
        "documentation; `folders` not verified",
    ),
    Ability(
        ("users",),
        "Admin > User > View; others get their own record only",
        "documentation; the second half from older pages",
    ),
    Ability(
        ("account",),
        "none by versions 3 and 4; Admin > Account > Edit Settings by version 5",
        "not verified; documentation",
    ),
    Ability(("exports",), "Admin > Exports > View, for the jobs of all users"),
    Ability(("imports",), "Admin > Import > View, for the imports of all users"),
    Ability(("bulk_actions",), "Admin > Table Actions > View, for those of all users"),
)


def ability_of(stream: str) -> Ability:
    """Return the ability that a stream needs."""
    return next(each for each in ABILITIES if stream in each.streams)
