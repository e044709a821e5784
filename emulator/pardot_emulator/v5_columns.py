"""What is stored for version 5 only: columns of objects that v3/v4 have too, and whole objects.

The columns of the first kind are in no answer, filter or export of v3/v4. ``deleted`` is the
recycle bin, which v3/v4 leave out of queries. Objects of the second kind have no v3/v4 operation;
their columns are called as in version 5. Sections are those of the reference of version 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pardot_emulator.schema import (
    Column,
    Kind,
    PardotObject,
    booleans,
    documents,
    integers,
    strings,
    times,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_BIN = booleans("deleted")
_BY = integers("created_by_id updated_by_id")

MORE: Mapping[str, tuple[Column, ...]] = {
    "account": (*integers("admin_id"), *_BY),
    "campaign": (
        *integers("folder_id parent_campaign_id"),
        *strings("salesforce_id"),
        *_BIN,
        *_BY,
    ),
    "customField": (*booleans("is_required"), *_BY),
    "customRedirect": (
        *integers("folder_id tracker_domain_id"),
        *strings("vanity_url vanity_url_path tracked_url bitly_short_url"),
        *booleans("bitly_is_personalized"),
        *strings("ga_source ga_medium ga_term ga_content ga_campaign salesforce_id"),
        *_BIN,
        *_BY,
    ),
    "dynamicContent": (
        *strings("based_on_prospect_api_field_id tag_replacement_language"),
        *integers("folder_id tracker_domain_id"),
        *_BIN,
        *_BY,
    ),
    "email": (
        *strings("type client_type", default="html"),
        *booleans("is_operational"),
        *times("sent_at"),
        *integers("campaign_id prospect_id email_template_id tracker_domain_id folder_id"),
        *integers("created_by_id"),
        *strings("salesforce_cms_id"),
        *documents("sender_options reply_to_options"),
    ),
    "emailTemplate": (
        *integers("campaign_id folder_id tracker_domain_id"),
        *documents("sender_options reply_to_options"),
        *strings("tag_replacement_language"),
        *times("created_at updated_at"),
        *_BY,
    ),
    "externalActivity": times("updatedAt"),
    "form": (
        *integers("layout_template_id folder_id tracker_domain_id"),
        *strings("submit_button_text before_form_content after_form_content thank_you_content"),
        *strings("thank_you_code redirect_location font_size font_family font_color"),
        *strings("label_alignment radio_alignment checkbox_alignment required_character"),
        *booleans("is_always_display is_cookieless show_not_prospect is_captcha_enabled"),
        *booleans("is_use_redirect_location"),
        *strings("url salesforce_id salesforce_cms_id"),
        *_BIN,
        *_BY,
    ),
    "lifecycleStage": (
        *strings("match_type", default="all"),
        *times("created_at updated_at"),
        *_BIN,
    ),
    "list": (*integers("folder_id campaign_id"), *_BIN, *_BY),
    "listMembership": _BY,
    "opportunity": (*strings("salesforce_id"), *_BY),
    "prospect": (
        *integers("profile_id lifecycle_stage_id"),
        *booleans("do_not_sell"),
        *strings("salesforce_campaign_id"),
        *_BY,
    ),
    "prospectAccount": (*strings("salesforce_id"), *_BY),
    "tag": (*integers("object_count"), *_BY),
    "tagObject": (*strings("object_name"), *integers("created_by_id")),
    "user": (
        *strings("username role_name salesforce_id tag_replacement_language"),
        *_BIN,
        *_BY,
    ),
    "visitor": (*integers("campaign_id"), *booleans("do_not_sell")),
}

_ID = Column("id", Kind.INTEGER)
_DELETED = booleans("isDeleted")
_TIMES = times("createdAt updatedAt")
_AUD = (*_TIMES, *integers("createdById updatedById"))


def _new(name: str, *columns: Column, made_of: tuple[str, str] | None = None) -> PardotObject:
    return PardotObject(name, (_ID, *columns), ops=frozenset(), made_of=made_of)


# The time on a page is known for all views of a visit but the last.
_PAGE_VIEWS = """
SELECT json_extract(view.value, '$.id'), visitor_id, visit.id,
       lead(json_extract(view.value, '$.created_at')) OVER (PARTITION BY visit.id ORDER BY view.key)
           - json_extract(view.value, '$.created_at'),
       json_extract(view.value, '$.url'), json_extract(view.value, '$.title'),
       NULL, NULL, json_extract(view.value, '$.created_at'), NULL
  FROM visit, json_each(visitor_page_views) AS view
"""

NEW = (
    # B.9; the ids are those that v3/v4 call `list_email_id`.
    _new(
        "listEmail",
        *integers("campaignId emailTemplateId trackerDomainId folderId"),
        *strings("name subject htmlMessage textMessage"),
        *strings("type", default="html"),
        *strings("clientType", default="Web"),
        *booleans("isOperational isPaused isSent"),
        *times("sentAt"),
        *documents("senderOptions replyToOptions recipientLists suppressionLists"),
        *_DELETED,
        *_AUD,
    ),
    # B.6: the page views of the stored visits, each time that they have changed.
    _new(
        "visitorPageView",
        *integers("visitorId visitId durationInSeconds"),
        *strings("url title"),
        *integers("campaignId"),
        *strings("salesforceId"),
        *times("createdAt"),
        made_of=("visit", _PAGE_VIEWS),
    ),
    # B.25
    _new(
        "landingPage",
        *integers("campaignId folderId formId layoutTemplateId trackerDomainId layoutTableBorder"),
        *strings("name title description vanityUrlPath redirectLocation archiveDate layoutType"),
        *strings("layoutCss layoutCssGenerated url vanityUrl bitlyShortUrl salesforceId"),
        *strings("salesforceCmsId content scriptFragment"),
        *booleans("isDoNotIndex bitlyIsPersonalized isUseRedirectLocation"),
        *_DELETED,
        *_AUD,
    ),
    _new(
        "layoutTemplate",
        *integers("folderId"),
        *strings("name layoutContent formContent siteSearchContent"),
        *booleans("isIncludeDefaultCss"),
        *_DELETED,
        *_AUD,
    ),
    # B.24
    _new(
        "formField",
        *integers("formId sortOrder"),
        *strings("prospectApiFieldId type dataFormat label errorMessage cssClasses description"),
        *booleans("isRequired isAlwaysDisplay isMaintainInitialValue isDoNotPrefill"),
        *booleans("hasDependents hasProgressives hasValues"),
        *_AUD,
    ),
    _new(
        "formHandler",
        *integers("folderId campaignId trackerDomainId"),
        *strings("name successLocation errorLocation embedCode salesforceId"),
        *booleans("isDataForwarded isAlwaysEmail isCookieless"),
        *_DELETED,
        *_AUD,
    ),
    _new(
        "formHandlerField",
        *integers("formHandlerId"),
        *strings("name dataFormat prospectApiFieldId errorMessage fieldLabel"),
        *booleans("isRequired isMaintainInitialValue"),
        *_AUD,
    ),
    # B.22
    _new(
        "file",
        *integers("size folderId campaignId trackerDomainId"),
        *strings("name url vanityUrl vanityUrlPath bitlyShortUrl salesforceId salesforceCmsId"),
        *booleans("bitlyIsPersonalized isTracked"),
        *_AUD,
    ),
    _new(
        "folder",
        *integers("parentFolderId"),
        *strings("name path"),
        *booleans("usePermissions"),
        *_AUD,
    ),
    _new(
        "folderContent",
        *integers("folderId objectId"),
        *strings("objectType objectName folderRef objectRef"),
        *_AUD,
    ),
    # B.20
    _new(
        "engagementStudioProgram",
        *integers("folderId scheduleCreatedById"),
        *strings("name description"),
        *strings("status", default="draft"),
        *strings("salesforceId"),
        *documents("recipientListIds suppressionListIds", default=[]),
        *documents("businessHours prospectsMultipleEntry schedule"),
        *_DELETED,
        *_AUD,
    ),
    # B.19
    _new(
        "dynamicContentVariation",
        *integers("dynamicContentId"),
        *strings("comparison operator value1 value2 content"),
    ),
    # B.27
    _new(
        "trackerDomain",
        *integers("defaultCampaignId sslRequestedById"),
        *strings("domain httpsStatus sslStatus sslStatusDetails validationStatus vanityUrlStatus"),
        *strings("trackingCode"),
        *booleans("isPrimary"),
        *times("validatedAt"),
        *_DELETED,
        *_AUD,
    ),
    # B.29
    _new(
        "bulkAction",
        *strings("object", default="Prospect"),
        *strings("bulkAction", default="Delete"),
        *strings("status", default="Complete"),
        *strings("origin", default="API"),
        *integers("count processedCount errorCount"),
        Column("percentComplete", Kind.FLOAT),
        *strings("errorsRef fileName"),
        *_AUD,
    ),
)
