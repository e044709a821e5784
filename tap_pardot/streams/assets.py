"""What prospects see: forms, tracked links, dynamic content."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import (
    BITLY,
    BY,
    CAMPAIGN_COLUMNS,
    CAMPAIGN_NAMES,
    CAMPAIGN_V5_NAMES,
    CREATED_AT,
    FOLDER_ID,
    IS_DELETED,
    SALESFORCE_CMS_ID,
    SALESFORCE_ID,
    TRACKER_DOMAIN_ID,
    UPDATED_AT,
    VANITY_URL,
    booleans,
    integers,
    properties,
    strings,
)


class CustomRedirects(PardotStream):
    """Tracked links on pages outside Pardot."""

    name = "custom_redirects"
    v4 = Query("customRedirect")
    v5 = Query("custom-redirects", time=None, deleted=True)
    replication_key = "updated_at"

    # The field reference and the answers name these differently (reference C.4).
    api_names = CAMPAIGN_NAMES | {
        "url": ("url", "Url"),
        "destination_url": ("destination_url", "destination"),
    }
    v5_names = CAMPAIGN_V5_NAMES

    v5_columns = properties(
        FOLDER_ID,
        TRACKER_DOMAIN_ID,
        *VANITY_URL,
        *strings(tracked_url="The address that counts clicks."),
        *BITLY,
        *strings(
            ga_source="Google Analytics: source.",
            ga_medium="Google Analytics: medium.",
            ga_term="Google Analytics: term.",
            ga_content="Google Analytics: content.",
            ga_campaign="Google Analytics: campaign.",
        ),
        SALESFORCE_ID,
        IS_DELETED,
        *BY,
    )

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Custom redirect id."),
        th.Property("name", th.StringType, description="Name."),
        th.Property("url", th.StringType, description="The tracked short address."),
        th.Property("destination_url", th.StringType, description="Where it leads."),
        *CAMPAIGN_COLUMNS,
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()


class DynamicContents(PardotStream):
    """Content that changes with the prospect who sees it."""

    name = "dynamic_contents"
    v4 = Query("dynamicContent")
    replication_key = "updated_at"

    api_names = {"variations": ("variation", "variations.variation")}  # noqa: RUF012

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Dynamic content id."),
        th.Property("name", th.StringType, description="Name."),
        th.Property("embed_code", th.StringType, description="HTML to put into a page."),
        th.Property("embed_url", th.StringType, description="Address of the content."),
        th.Property("base_content", th.StringType, description="Default content, HTML."),
        th.Property(
            "based_on", th.StringType, description="The prospect field that decides what is shown."
        ),
        th.Property(
            "variations",
            th.ArrayType(
                th.ObjectType(
                    th.Property(
                        "comparison", th.StringType, description="When it is shown: 'is SMB'."
                    ),
                    th.Property("content", th.StringType, description="What is shown, HTML."),
                )
            ),
            description="What is shown to whom.",
        ),
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()


class DynamicContentVariations(PardotStream):
    """What dynamic contents show to whom, a row each.

    The API does not report when a variation changed, so all are read each time, one call for 1,000;
    where Pardot refuses the whole list, one call for each dynamic content.
    """

    name = "dynamic_content_variations"
    v5 = Query(
        "dynamic-content-variations", time=None, of_each=("dynamic-contents", "dynamicContentId")
    )

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Variation id."),
        *integers(dynamic_content_id="The dynamic content."),
        *strings(
            comparison="When it is shown: 'is SMB'.",
            operator="How the prospect's value is compared: is, contains, between, ...",
            value1="The value that it is compared with.",
            value2="The upper value of a range.",
            content="What is shown, HTML.",
        ),
    ).to_dict()


class Forms(PardotStream):
    """Forms."""

    name = "forms"
    v4 = Query("form")
    v5 = Query("forms", time=None, deleted=True)
    replication_key = "updated_at"

    api_names = CAMPAIGN_NAMES
    v5_names = CAMPAIGN_V5_NAMES

    v5_columns = properties(
        *integers(layout_template_id="Its layout template."),
        FOLDER_ID,
        TRACKER_DOMAIN_ID,
        *strings(
            url="Address of the form.",
            submit_button_text="Text of the button.",
            before_form_content="What is shown above the form, HTML.",
            after_form_content="What is shown below the form, HTML.",
            thank_you_content="What is shown after the form was sent, HTML.",
            thank_you_code="Code of the page that is shown after the form was sent, HTML.",
            redirect_location="Where the browser is sent after the form was sent.",
            font_size="Size of the font.",
            font_family="Family of the font.",
            font_color="Color of the font.",
            label_alignment="Where labels are placed.",
            radio_alignment="How radio buttons are arranged.",
            checkbox_alignment="How checkboxes are arranged.",
            required_character="Where required fields are marked.",
        ),
        *booleans(
            is_always_display="Shown again to prospects who have sent it.",
            is_cookieless="Sets no cookies.",
            show_not_prospect="Offers a link to visitors who are not the prospect shown.",
            is_captcha_enabled="Protected by a captcha.",
            is_use_redirect_location="Whether the browser is sent to redirect_location.",
        ),
        SALESFORCE_ID,
        SALESFORCE_CMS_ID,
        IS_DELETED,
        *BY,
    )
    v5_off = frozenset({"salesforce_cms_id"})

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Form id."),
        th.Property("name", th.StringType, description="Name."),
        *CAMPAIGN_COLUMNS,
        th.Property("embed_code", th.StringType, description="HTML to put into a page."),
        CREATED_AT,
        UPDATED_AT,
    ).to_dict()
