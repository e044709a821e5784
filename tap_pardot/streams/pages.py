"""Landing pages, their templates and domains, and the handlers and fields of forms."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_pardot.api.dialect import Query
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.columns import (
    AUDIT,
    BITLY,
    BY,
    CAMPAIGN_ID,
    CREATED_AT,
    FOLDER_ID,
    IS_DELETED,
    SALESFORCE_CMS_ID,
    SALESFORCE_ID,
    TRACKER_DOMAIN_ID,
    VANITY_URL,
    booleans,
    integers,
    strings,
    times,
)


class LandingPages(PardotStream):
    """Landing pages.

    ``updated_at`` says nothing about the form on the page: see ``forms``.
    """

    name = "landing_pages"
    v5 = Query("landing-pages", deleted=True)
    replication_key = "updated_at"

    v5_off = frozenset({"layout_css", "layout_css_generated", "salesforce_cms_id"})

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Landing page id."),
        *strings(
            name="Name.",
            title="Title of the page.",
            description="Description of the page, for search engines.",
            layout_type="What it was made with: Layout Template, Landing Page Builder, ...",
            url="Address of the page.",
        ),
        *VANITY_URL,
        *strings(redirect_location="Where the browser is sent after the form was sent."),
        *BITLY,
        SALESFORCE_ID,
        CAMPAIGN_ID,
        FOLDER_ID,
        *integers(form_id="The form on the page.", layout_template_id="Its layout template."),
        TRACKER_DOMAIN_ID,
        *integers(layout_table_border="Width of the border of the layout."),
        *booleans(
            is_do_not_index="Hidden from search engines.",
            is_use_redirect_location="Whether the browser is sent to redirect_location.",
        ),
        IS_DELETED,
        *strings(
            archive_date="The day on which the page is archived.",
            layout_css="Style sheet of the layout; off unless include names it.",
            layout_css_generated="Style sheet as it is served; off unless include names it.",
        ),
        SALESFORCE_CMS_ID,
        *AUDIT,
    ).to_dict()


class LayoutTemplates(PardotStream):
    """Templates of the layout of forms and landing pages.

    Pardot cannot filter them by their change, so all are read each time, one call for 1,000.
    """

    name = "layout_templates"
    v5 = Query("layout-templates", time=None, deleted=True)

    v5_off = frozenset({"layout_content", "form_content", "site_search_content"})

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Layout template id."),
        *strings(name="Name."),
        FOLDER_ID,
        *booleans(is_include_default_css="Includes the default style sheet."),
        IS_DELETED,
        *strings(
            layout_content="HTML of the page; off unless include names it.",
            form_content="HTML of forms; off unless include names it.",
            site_search_content="HTML of search results; off unless include names it.",
        ),
        *AUDIT,
    ).to_dict()


class TrackerDomains(PardotStream):
    """Domains of tracked links and landing pages, with the state of their certificates.

    All are read each time, one call for 50: larger pages were seen to hang.
    """

    name = "tracker_domains"
    v5 = Query("tracker-domains", time=None, deleted=True, page_size=50)

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Tracker domain id."),
        *strings(
            domain="The domain.",
            https_status="Whether links use HTTPS.",
            ssl_status="State of the certificate.",
            ssl_status_details="What the state of the certificate means.",
            validation_status="Whether the account's right to the domain was proved.",
            vanity_url_status="Whether readable addresses may be used.",
            tracking_code="The tracking script of the domain.",
        ),
        *booleans(is_primary="The account's main domain."),
        IS_DELETED,
        *integers(
            default_campaign_id="Campaign of new visitors.",
            ssl_requested_by_id="The user who asked for the certificate.",
        ),
        *times(validated_at="When the right to the domain was proved, in UTC."),
        *AUDIT,
    ).to_dict()


class FormFields(PardotStream):
    """Fields of forms, in their order."""

    name = "form_fields"
    v5 = Query("form-fields", is_documented=False)
    replication_key = "updated_at"

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Form field id."),
        *integers(form_id="The form.", sort_order="Place in the order of fields."),
        *strings(
            prospect_api_field_id="The prospect's field that it fills.",
            type="Kind of the field: Text, Dropdown, ...",
            data_format="What may be entered: Text, Email, Number, ...",
            label="Label.",
            error_message="What is shown for a value that is refused.",
            css_classes="Its CSS classes.",
        ),
        *booleans(
            is_required="A value is required.",
            is_always_display="Shown also where the value is known.",
            is_maintain_initial_value="A later value does not replace the first one.",
            is_do_not_prefill="Not filled with the known value.",
            has_dependents="Other fields depend on its value.",
            has_progressives="Shown only once other fields are known.",
            has_values="Values are chosen from a list.",
        ),
        *AUDIT,
    ).to_dict()


class FormHandlers(PardotStream):
    """Form handlers: they receive what is sent from forms outside of Pardot.

    The API does not report when one changed, so all are read each time, one call for 1,000.
    """

    name = "form_handlers"
    v5 = Query("form-handlers", time=None, deleted=True)

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Form handler id."),
        *strings(
            name="Name.",
            success_location="Where the browser is sent after a success.",
            error_location="Where the browser is sent after an error.",
            embed_code="HTML to put into a page.",
        ),
        SALESFORCE_ID,
        FOLDER_ID,
        CAMPAIGN_ID,
        TRACKER_DOMAIN_ID,
        *booleans(
            is_data_forwarded="What was sent is passed to success_location, too.",
            is_always_email="Autoresponders are always sent.",
            is_cookieless="Sets no cookies.",
        ),
        IS_DELETED,
        CREATED_AT,
        *BY,
    ).to_dict()


class FormHandlerFields(PardotStream):
    """Fields of form handlers.

    The API does not report when one changed, so all are read each time, one call for 1,000.
    """

    name = "form_handler_fields"
    v5 = Query("form-handler-fields", time=None)

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="Form handler field id."),
        *integers(form_handler_id="The form handler."),
        *strings(
            name="Name of the field in the form outside.",
            data_format="What may be entered: Text, Email, Number, ...",
            prospect_api_field_id="The prospect's field that it fills.",
            error_message="What is shown for a value that is refused.",
        ),
        *booleans(
            is_required="A value is required.",
            is_maintain_initial_value="A later value does not replace the first one.",
        ),
        CREATED_AT,
        *integers(created_by_id="The user who made it."),
    ).to_dict()
