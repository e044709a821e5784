"""Objects of version 5 that marketers make, and the account: declared as in `v5_objects`."""

from __future__ import annotations

from pardot_emulator.v5_declare import AUD, BY, DATES, IN_BIN, declare, listed

ASSETS = (
    # B.15
    listed("tags", "tag", "name objectCount " + AUD, filters=f"{DATES} name", relations=BY),
    # B.16
    listed(
        "tagged-objects",
        "tagObject",
        "tagId objectId createdById #objectType objectName createdAt",
        filters="+id* createdAt* +tagId",
        sorts="id createdAt",
        relations="tag createdBy",
    ),
    # B.17
    listed(
        "custom-fields",
        "customField",
        "name fieldId #type isRecordMultipleResponses isUseValues isRequired salesforceId=crm_id "
        "-valuesPrefill apiFieldId isAnalyticsSynced " + AUD,
        relations=BY,
    ),
    # B.18
    listed(
        "custom-redirects",
        "customRedirect",
        "name destinationUrl campaignId folderId trackerDomainId vanityUrlPath gaSource gaMedium "
        "gaTerm gaContent gaCampaign url vanityUrl trackedUrl bitlyShortUrl salesforceId "
        "bitlyIsPersonalized isDeleted=deleted " + AUD,
        filters="id*",
        sorts="id",
        relations=f"trackerDomain campaign folder {BY}",
        recycle_bin=IN_BIN,
    ),
    # B.19
    listed(
        "dynamic-contents",
        "dynamicContent",
        "name baseContent #basedOn basedOnProspectApiFieldId embedCode embedUrl folderId "
        "trackerDomainId #tagReplacementLanguage isDeleted=deleted " + AUD,
        relations=f"folder trackerDomain {BY}",
        recycle_bin=IN_BIN,
    ),
    listed(
        "dynamic-content-variations",
        "dynamicContentVariation",
        "dynamicContentId comparison #operator value1 value2 content",
        filters="+id* dynamicContentId",
        sorts="id",
        relations="dynamicContent",
    ),
    # B.20
    listed(
        "engagement-studio-programs",
        "engagementStudioProgram",
        "folderId scheduleCreatedById name description salesforceId #status isDeleted "
        "recipientListIds suppressionListIds businessHours prospectsMultipleEntry schedule " + AUD,
        filters="+id* +createdAt* +updatedAt*",
        relations=f"folder scheduleCreatedBy {BY}",
        recycle_bin="isDeleted",
    ),
    # B.22
    listed(
        "files",
        "file",
        "size folderId campaignId trackerDomainId name url vanityUrl vanityUrlPath bitlyShortUrl "
        "salesforceId salesforceCmsId bitlyIsPersonalized isTracked " + AUD,
        filters="id*",
        sorts="id",
        relations=f"trackerDomain campaign folder {BY}",
    ),
    listed(
        "folders",
        "folder",
        "parentFolderId name path usePermissions " + AUD,
        filters="id* parentFolderId*",
        sorts="id",
        relations=f"parentFolder {BY}",
    ),
    listed(
        "folder-contents",
        "folderContent",
        "folderId objectId #objectType objectName folderRef objectRef " + AUD,
        filters="+id* +createdAt* +updatedAt*",
        sorts="id folderId createdAt updatedAt",
        relations=f"folder {BY}",
    ),
    # B.23
    listed(
        "forms",
        "form",
        "name campaignId layoutTemplateId folderId trackerDomainId submitButtonText "
        "beforeFormContent afterFormContent thankYouContent thankYouCode redirectLocation "
        "fontSize fontFamily fontColor labelAlignment radioAlignment checkboxAlignment "
        "requiredCharacter isAlwaysDisplay isCookieless showNotProspect isCaptchaEnabled "
        "isUseRedirectLocation isDeleted=deleted embedCode url salesforceId salesforceCmsId " + AUD,
        filters="id* name",
        sorts="id",
        relations=f"campaign folder layoutTemplate trackerDomain {BY}",
        recycle_bin=IN_BIN,
    ),
    # B.24
    listed(
        "form-fields",
        "formField",
        "formId sortOrder prospectApiFieldId type dataFormat label errorMessage cssClasses "
        "isRequired isAlwaysDisplay isMaintainInitialValue isDoNotPrefill hasDependents "
        "hasProgressives hasValues ~description " + AUD,
        filters="+id* createdAt* +updatedAt*",
        relations=f"form {BY}",
    ),
    listed(
        "form-handlers",
        "formHandler",
        "folderId campaignId trackerDomainId name successLocation errorLocation embedCode "
        "salesforceId isDataForwarded isAlwaysEmail isCookieless isDeleted createdAt createdById "
        "updatedById ~updatedAt",
        filters="+id* createdAt*",
        sorts="id createdAt",
        relations=f"campaign folder trackerDomain {BY}",
        recycle_bin="isDeleted",
    ),
    listed(
        "form-handler-fields",
        "formHandlerField",
        "formHandlerId name dataFormat prospectApiFieldId errorMessage isRequired "
        "isMaintainInitialValue createdAt createdById ~fieldLabel ~updatedAt ~updatedById",
        filters="+id* createdAt*",
        sorts="id createdAt",
        relations="formHandler createdBy",
    ),
    # B.25
    listed(
        "landing-pages",
        "landingPage",
        "name campaignId folderId formId layoutTemplateId trackerDomainId layoutTableBorder title "
        "description vanityUrlPath redirectLocation isDoNotIndex archiveDate layoutType layoutCss "
        "layoutCssGenerated url vanityUrl bitlyShortUrl salesforceId salesforceCmsId "
        "bitlyIsPersonalized isUseRedirectLocation isDeleted !content !scriptFragment " + AUD,
        filters=f"{DATES} name",
        relations=f"campaign folder form layoutTemplate trackerDomain {BY}",
        recycle_bin="isDeleted",
    ),
    listed(
        "layout-templates",
        "layoutTemplate",
        "name layoutContent formContent siteSearchContent isIncludeDefaultCss folderId isDeleted "
        + AUD,
        filters="id*",
        sorts="id",
        relations=f"folder {BY}",
        recycle_bin="isDeleted",
    ),
    # B.26
    listed(
        "lifecycle-stages",
        "lifecycleStage",
        "position name #matchType isLocked isDeleted=deleted createdAt updatedAt",
        recycle_bin=IN_BIN,
    ),
    listed(
        "lifecycle-histories",
        "lifecycleHistory",
        "prospectId previousStageId nextStageId secondsElapsed createdAt",
        filters="id* prospectId createdAt*",
        sorts="id createdAt",
        relations="prospect previousStage nextStage",
    ),
    # B.27
    listed(
        "tracker-domains",
        "trackerDomain",
        "defaultCampaignId sslRequestedById domain httpsStatus sslStatus sslStatusDetails "
        "validationStatus vanityUrlStatus trackingCode isPrimary isDeleted validatedAt " + AUD,
        filters="id*",
        sorts="id",
        relations=f"defaultCampaign sslRequestedBy {BY}",
        recycle_bin="isDeleted",
    ),
    # B.28: the one record of the account, without a query.
    listed(
        "account",
        "account",
        "pluginCampaignId adminId maximumDailyApiCalls apiCallsUsed company level website "
        "addressOne=address1 addressTwo=address2 city state zip territory country phone fax " + AUD,
        filters="",
        relations=f"admin pluginCampaign {BY}",
    ),
    # B.21, B.29: not under /objects/.
    declare(
        "external-activities",
        "externalActivity",
        "extension type email value activityDate createdAt ~updatedAt",
        filters="+id* createdAt*",
        sorts="id createdAt",
    ),
    declare(
        "bulk-actions",
        "bulkAction",
        "~object ~bulkAction ~status ~origin ~count ~percentComplete ~processedCount ~errorCount "
        "~errorsRef ~fileName ~createdAt ~updatedAt ~createdById ~updatedById",
        filters="+id*",
        sorts="id",
    ),
)
