"""The columns, objects, keys and names of version 5, as its specification lists them.

Written from the specification and from the API's reference, not from the code. Kinds of columns:
i integer, s string, b boolean, n number, t time, a array, o object.
"""

from __future__ import annotations

AUD = "created_at:t updated_at:t created_by_id:i updated_by_id:i"
BY = "created_by_id:i updated_by_id:i"
OPTIONS = "sender_options:a reply_to_options:a"

NEW_COLUMNS = {
    "account": f"admin_id:i maximum_daily_api_calls:i api_calls_used:i {BY}",
    "campaigns": f"folder_id:i parent_campaign_id:i salesforce_id:s is_deleted:b {AUD}",
    "custom_redirects": "folder_id:i tracker_domain_id:i vanity_url:s vanity_url_path:s "
    "tracked_url:s bitly_short_url:s bitly_is_personalized:b ga_source:s ga_medium:s ga_term:s "
    f"ga_content:s ga_campaign:s salesforce_id:s is_deleted:b {BY}",
    "forms": "layout_template_id:i folder_id:i tracker_domain_id:i url:s submit_button_text:s "
    "before_form_content:s after_form_content:s thank_you_content:s thank_you_code:s "
    "redirect_location:s font_size:s font_family:s font_color:s label_alignment:s "
    "radio_alignment:s checkbox_alignment:s required_character:s is_always_display:b "
    "is_cookieless:b show_not_prospect:b is_captcha_enabled:b is_use_redirect_location:b "
    f"salesforce_id:s salesforce_cms_id:s is_deleted:b {BY}",
    "lifecycle_histories": "",
    "lifecycle_stages": "match_type:s is_deleted:b created_at:t updated_at:t",
    "list_memberships": BY,
    "lists": f"folder_id:i campaign_id:i is_deleted:b {BY}",
    "tags": f"object_count:i {BY}",
    "visitor_activities": "visit_id:i visitor_page_view_id:i opportunity_id:i",
    "visitors": "prospect_id:i campaign_id:i is_identified:b do_not_sell:b",
    "visitor_page_views": "campaign_id:i duration_in_seconds:i salesforce_id:s",
    "visits": "",
    "prospects": "profile_id:i user_id:i assigned_to_id:i lifecycle_stage_id:i do_not_sell:b "
    f"recent_interaction:s salesforce_id:s salesforce_campaign_id:s salesforce_url:s {BY}",
    "opportunities": f"salesforce_id:s {BY}",
    "users": f"username:s role_name:s salesforce_id:s tag_replacement_language:s is_deleted:b {BY}",
    "emails": "type:s client_type:s is_operational:b sent_at:t campaign_id:i prospect_id:i "
    f"email_template_id:i tracker_domain_id:i folder_id:i created_by_id:i {OPTIONS}",
    "email_templates": "folder_id:i campaign_id:i tracker_domain_id:i tag_replacement_language:s "
    f"{OPTIONS} {AUD}",
    "email_stats": "",
}
"""B(i) and B(iii): what version 5 adds to a stream that versions 3 and 4 have."""

NEW_STREAMS = {
    "list_emails": "id:i name:s subject:s type:s client_type:s is_operational:b is_paused:b "
    "is_sent:b is_deleted:b sent_at:t campaign_id:i email_template_id:i tracker_domain_id:i "
    f"folder_id:i {OPTIONS} html_message:s text_message:s {AUD}",
    "list_email_lists": "list_email_id:i list_id:i role:s list_email_updated_at:t",
    "landing_pages": "id:i name:s title:s description:s layout_type:s url:s vanity_url:s "
    "vanity_url_path:s redirect_location:s bitly_short_url:s salesforce_id:s campaign_id:i "
    "folder_id:i form_id:i layout_template_id:i tracker_domain_id:i layout_table_border:i "
    "is_do_not_index:b is_use_redirect_location:b bitly_is_personalized:b is_deleted:b "
    f"archive_date:s layout_css:s layout_css_generated:s salesforce_cms_id:s {AUD}",
    "form_handlers": "id:i name:s success_location:s error_location:s embed_code:s "
    "salesforce_id:s folder_id:i campaign_id:i tracker_domain_id:i is_data_forwarded:b "
    f"is_always_email:b is_cookieless:b is_deleted:b created_at:t {BY}",
    "form_handler_fields": "id:i form_handler_id:i name:s data_format:s prospect_api_field_id:s "
    "error_message:s is_required:b is_maintain_initial_value:b created_at:t created_by_id:i",
    "form_fields": "id:i form_id:i sort_order:i prospect_api_field_id:s type:s data_format:s "
    "label:s error_message:s css_classes:s is_required:b is_always_display:b "
    "is_maintain_initial_value:b is_do_not_prefill:b has_dependents:b has_progressives:b "
    f"has_values:b {AUD}",
    "files": "id:i size:i folder_id:i campaign_id:i tracker_domain_id:i name:s url:s vanity_url:s "
    "vanity_url_path:s bitly_short_url:s salesforce_id:s bitly_is_personalized:b "
    f"is_tracked:b {AUD}",
    "folders": f"id:i parent_folder_id:i name:s path:s use_permissions:b {AUD}",
    "folder_contents": "id:i folder_id:i object_id:i object_type:s object_name:s folder_ref:s "
    f"object_ref:s {AUD}",
    "layout_templates": "id:i folder_id:i name:s is_include_default_css:b is_deleted:b "
    f"layout_content:s form_content:s site_search_content:s {AUD}",
    "engagement_studio_programs": "id:i folder_id:i schedule_created_by_id:i name:s description:s "
    "status:s salesforce_id:s is_deleted:b recipient_list_ids:a suppression_list_ids:a "
    f"business_hours:o prospects_multiple_entry:o schedule:o {AUD}",
    "dynamic_content_variations": "id:i dynamic_content_id:i comparison:s operator:s value1:s "
    "value2:s content:s",
    "tracker_domains": "id:i default_campaign_id:i ssl_requested_by_id:i domain:s https_status:s "
    "ssl_status:s ssl_status_details:s validation_status:s vanity_url_status:s tracking_code:s "
    f"is_primary:b is_deleted:b validated_at:t {AUD}",
    "tagged_objects": "id:i tag_id:i object_id:i created_by_id:i object_type:s object_name:s "
    "created_at:t",
    "bulk_actions": "id:i count:i processed_count:i error_count:i object:s bulk_action:s status:s "
    f"origin:s file_name:s percent_complete:n {AUD}",
}
"""B(ii): all columns of a stream that only version 5 has."""

OPTION = "type:s address:s name:s user_id:i prospect_custom_field_id:i account_custom_field_id:i"
INSIDE = {
    ("emails", "sender_options"): OPTION,
    ("emails", "reply_to_options"): OPTION,
    ("email_templates", "sender_options"): OPTION,
    ("email_templates", "reply_to_options"): OPTION,
    ("list_emails", "sender_options"): OPTION,
    ("list_emails", "reply_to_options"): OPTION,
    ("engagement_studio_programs", "business_hours"): "days:a start_time:s end_time:s timezone:s",
    ("engagement_studio_programs", "prospects_multiple_entry"): "maximum_entries:i "
    "minimum_duration_in_days:i",
    ("engagement_studio_programs", "schedule"): "created_at:t start_on:t stop_on:t",
}
"""The columns inside of a column that holds an object, or an array of objects."""

TEMPLATE_LACKS = (
    "from_name tracked_html_message tracked_text_message email_type "
    "send_options_reply_to_address send_options_send_from_data"
)
ENDPOINTS = {
    "campaigns": ("campaigns", "updated_at bin", ""),
    "custom_redirects": ("custom-redirects", "whole bin", ""),
    "forms": ("forms", "whole bin", ""),
    "lifecycle_histories": ("lifecycle-histories", "created_at append", ""),
    "lifecycle_stages": ("lifecycle-stages", "whole bin", ""),
    "list_memberships": ("list-memberships", "updated_at bin", ""),
    "lists": ("lists", "updated_at bin", "is_crm_visible"),
    "tags": ("tags", "updated_at", ""),
    "visitor_activities": ("visitor-activities", "updated_at", ""),
    "visitors": ("visitors", "updated_at bin undocumented", ""),
    "visitor_page_views": ("visitor-page-views", "created_at append", ""),
    "visits": ("visits", "updated_at", "visitor_page_views"),
    "prospects": ("prospects", "updated_at bin", ""),
    "opportunities": ("opportunities", "updated_at", "prospects opportunity_activities"),
    "users": ("users", "updated_at bin", "account timezone"),
    "emails": (
        "emails",
        "sent_at append",
        "is_one_to_one created_at message_text message_html",
    ),
    "email_templates": ("email-templates", "updated_at bin", TEMPLATE_LACKS),
    "list_emails": ("list-emails", "updated_at bin", "html_message text_message"),
    "landing_pages": ("landing-pages", "updated_at bin", ""),
    "form_handlers": ("form-handlers", "whole bin", ""),
    "form_handler_fields": ("form-handler-fields", "whole", ""),
    "form_fields": ("form-fields", "updated_at undocumented", ""),
    "files": ("files", "whole", ""),
    "folders": ("folders", "whole", ""),
    "folder_contents": ("folder-contents", "updated_at undocumented", ""),
    "layout_templates": ("layout-templates", "whole bin", ""),
    "engagement_studio_programs": (
        "engagement-studio-programs",
        "updated_at bin undocumented",
        "",
    ),
    "dynamic_content_variations": ("dynamic-content-variations", "whole", ""),
    "tracker_domains": ("tracker-domains", "whole bin", ""),
    "tagged_objects": ("tagged-objects", "created_at append", ""),
    "bulk_actions": ("bulk-actions", "whole", ""),
}
"""The object of a query, how it is read, and the columns that only versions 3 and 4 have."""

REPLICATION_KEYS = {
    **dict.fromkeys(("emails", "lifecycle_histories", "tagged_objects"), "id"),
    "visitor_page_views": "id",
    **dict.fromkeys(("account", "email_stats", "list_email_lists", "lifecycle_stages")),
    **dict.fromkeys(("files", "folders", "layout_templates", "tracker_domains", "bulk_actions")),
    **dict.fromkeys(("form_handlers", "form_handler_fields", "dynamic_content_variations")),
}
"""The replication keys under version 5 that are not ``updated_at``."""

ONLY_V4 = {
    *("custom_fields", "dynamic_contents", "email_clicks", "exports", "external_activities"),
    *("imports", "opportunity_prospects", "prospect_accounts", "prospect_ids", "tag_objects"),
}
OFF = {
    "visitor_activities": NEW_COLUMNS["visitor_activities"],
    "prospects": f"{NEW_COLUMNS['prospects']} password",
    "visitors": NEW_COLUMNS["visitors"],
    "list_memberships": BY,
    "emails": "message_text message_html",
    "forms": "salesforce_cms_id",
    "list_emails": "html_message text_message",
    "landing_pages": "layout_css layout_css_generated salesforce_cms_id",
    "layout_templates": "layout_content form_content site_search_content",
}
FIELD_NAMES = {
    "account": {"address1": "addressOne", "address2": "addressTwo"},
    "custom_redirects": {"campaign_name": "campaign.name"},
    "forms": {"campaign_name": "campaign.name"},
    "opportunities": {"campaign_name": "campaign.name"},
    "prospects": {
        "crm_lead_fid": "salesforceLeadId",
        "crm_contact_fid": "salesforceContactId",
        "crm_owner_fid": "salesforceOwnerId",
        "crm_account_fid": "salesforceAccountId",
        "crm_last_sync": "salesforceLastSync",
        "is_archived": "isDeleted",
    },
    "emails": {"message_text": "textMessage", "message_html": "htmlMessage"},
    "email_templates": {"is_archived": "isDeleted"},
}
"""Fields that are not camelCase of their column."""

UTM = "campaignParameter mediumParameter sourceParameter contentParameter termParameter"
FIELDS = {
    "account": "pluginCampaignId adminId maximumDailyApiCalls apiCallsUsed createdById updatedById "
    "company level website addressOne addressTwo city state zip territory country phone fax "
    "createdAt updatedAt",
    "prospects": "email salutation firstName lastName company jobTitle department industry website "
    "phone fax addressOne addressTwo city state zip country territory annualRevenue employees "
    "yearsInBusiness comments notes source score grade campaignId profileId prospectAccountId "
    "userId assignedToId lifecycleStageId isDoNotCall isDoNotEmail isReviewed isStarred optedOut "
    "isDeleted isEmailHardBounced doNotSell emailBouncedAt firstActivityAt firstAssignedAt "
    "lastActivityAt convertedAt salesforceLastSync emailBouncedReason recentInteraction password "
    "convertedFromObjectName convertedFromObjectType firstReferrerQuery firstReferrerType "
    f"firstReferrerUrl {UTM} salesforceId salesforceOwnerId salesforceAccountId "
    "salesforceContactId salesforceLeadId salesforceCampaignId salesforceUrl createdAt updatedAt "
    "createdById updatedById",
    "visitor_activities": "type typeName details createdAt updatedAt campaignId customRedirectId "
    "emailId emailTemplateId fileId formHandlerId formId landingPageId listEmailId "
    "multivariateTestVariationId opportunityId paidSearchAdId prospectId siteSearchQueryId visitId "
    "visitorId visitorPageViewId",
    "visitors": f"prospectId campaignId pageViewCount hostname ipAddress {UTM} doNotSell "
    "isIdentified createdAt updatedAt",
    "visits": "visitorId prospectId visitorPageViewCount durationInSeconds firstVisitorPageViewAt "
    f"lastVisitorPageViewAt createdAt updatedAt {UTM}",
    "visitor_page_views": "visitorId campaignId visitId durationInSeconds url title salesforceId "
    "createdAt",
    "users": "email username firstName lastName jobTitle role roleName salesforceId "
    "tagReplacementLanguage isDeleted createdAt updatedAt createdById updatedById",
    "opportunities": "campaignId probability name stage type salesforceId status value closedAt "
    "createdAt updatedAt createdById updatedById campaign.name",
    "forms": "name campaignId layoutTemplateId folderId trackerDomainId submitButtonText "
    "beforeFormContent afterFormContent thankYouContent thankYouCode redirectLocation fontSize "
    "fontFamily fontColor labelAlignment radioAlignment checkboxAlignment requiredCharacter "
    "isAlwaysDisplay isCookieless showNotProspect isCaptchaEnabled isUseRedirectLocation isDeleted "
    "embedCode url salesforceId salesforceCmsId createdAt updatedAt createdById updatedById "
    "campaign.name",
    "custom_redirects": "name destinationUrl campaignId folderId trackerDomainId vanityUrlPath "
    "gaSource gaMedium gaTerm gaContent gaCampaign url vanityUrl trackedUrl bitlyShortUrl "
    "salesforceId bitlyIsPersonalized isDeleted createdAt updatedAt createdById updatedById "
    "campaign.name",
    "emails": "name subject htmlMessage textMessage type clientType sentAt campaignId prospectId "
    "listEmailId emailTemplateId trackerDomainId folderId createdById isOperational senderOptions "
    "replyToOptions",
    "email_templates": "name subject htmlMessage textMessage type isOneToOneEmail isListEmail "
    "isAutoResponderEmail isDripEmail campaignId folderId trackerDomainId senderOptions "
    "replyToOptions tagReplacementLanguage isDeleted createdAt updatedAt createdById updatedById",
    "tracker_domains": "defaultCampaignId sslRequestedById domain httpsStatus sslStatus "
    "sslStatusDetails validationStatus vanityUrlStatus trackingCode isPrimary isDeleted "
    "validatedAt createdAt updatedAt createdById updatedById",
    "dynamic_content_variations": "dynamicContentId comparison operator value1 value2 content",
    "landing_pages": "name campaignId folderId formId layoutTemplateId trackerDomainId "
    "layoutTableBorder title description vanityUrlPath redirectLocation isDoNotIndex archiveDate "
    "layoutType layoutCss layoutCssGenerated url vanityUrl bitlyShortUrl salesforceId "
    "salesforceCmsId bitlyIsPersonalized isUseRedirectLocation isDeleted createdAt updatedAt "
    "createdById updatedById",
    "bulk_actions": "object bulkAction status origin count percentComplete processedCount "
    "errorCount fileName createdAt updatedAt createdById updatedById",
}
"""The fields of some objects in the API's reference of version 5, without the id."""
