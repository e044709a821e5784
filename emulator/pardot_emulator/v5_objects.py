"""What version 5 serves: every object with its path, fields, filters and sorts, declared once.

Sections are those of the reference of version 5. Here: people, what they do, and mail; all other
objects are in `v5_assets`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pardot_emulator.v5_assets import ASSETS
from pardot_emulator.v5_declare import AUD, BY, DATES, IN_BIN, OPTIONS, UTM, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pardot_emulator.v5_declare import V5Object

_PEOPLE = (
    # B.1
    listed(
        "prospects",
        "prospect",
        "email salutation firstName lastName company jobTitle department industry website phone "
        "fax addressOne addressTwo city state zip country territory annualRevenue employees "
        "yearsInBusiness comments notes source score grade campaignId profileId "
        "prospectAccountId userId assignedToId lifecycleStageId isDoNotCall isDoNotEmail "
        "isReviewed isStarred optedOut isDeleted=deleted isEmailHardBounced doNotSell "
        "emailBouncedAt firstActivityAt firstAssignedAt lastActivityAt convertedAt "
        "salesforceLastSync=crm_last_sync emailBouncedReason recentInteraction password "
        "convertedFromObjectName convertedFromObjectType firstReferrerQuery firstReferrerType "
        f"firstReferrerUrl {UTM} salesforceId=salesforce_fid salesforceOwnerId=crm_owner_fid "
        "salesforceAccountId=crm_account_fid salesforceContactId=crm_contact_fid "
        "salesforceLeadId=crm_lead_fid salesforceCampaignId salesforceUrl=crm_url " + AUD,
        filters=f"{DATES} email salesforceId lastActivityAt* userId* assignedToId*",
        sorts="id createdAt updatedAt lastActivityAt",
        relations=f"campaign assignedTo prospectAccount {BY}",
        recycle_bin=IN_BIN,
    ),
    # B.2: no filter by time.
    listed(
        "prospect-accounts",
        "prospectAccount",
        "name salesforceId isDeleted=deleted annualRevenue billingAddressOne billingAddressTwo "
        "billingCity billingCountry billingState billingZip description employees fax industry "
        "number ownership phone rating shippingAddressOne shippingAddressTwo shippingCity "
        "shippingCountry shippingState shippingZip sic site tickerSymbol type website "
        "assignedToId " + AUD,
        filters="id*",
        sorts="id salesforceId",
        relations=f"assignedTo {BY}",
        recycle_bin=IN_BIN,
    ),
    # B.3
    listed(
        "visitor-activities",
        "visitorActivity",
        "type typeName details createdAt updatedAt campaignId customRedirectId emailId "
        "emailTemplateId fileId formHandlerId formId landingPageId listEmailId "
        "multivariateTestVariationId opportunityId paidSearchAdId prospectId siteSearchQueryId "
        "visitId visitorId visitorPageViewId",
        filters=f"{DATES} type prospectId* visitorId*",
        relations="campaign customRedirect emailTemplate email file formHandler form landingPage "
        "listEmail opportunity prospect visit visitorPageView visitor",
    ),
    # B.4; B.0: the filter by updatedAt and the recycle bin were seen only.
    listed(
        "visitors",
        "visitor",
        f"prospectId campaignId pageViewCount hostname ipAddress {UTM} doNotSell isIdentified "
        "createdAt updatedAt",
        filters="idList +id* prospectId isIdentified +updatedAt* +createdAt*",
        sorts="id prospectId createdAt updatedAt",
        relations="prospect campaign",
        recycle_bin=IN_BIN,
        bin_documented=False,
    ),
    # B.5
    listed(
        "visits",
        "visit",
        "visitorId prospectId visitorPageViewCount durationInSeconds firstVisitorPageViewAt "
        f"lastVisitorPageViewAt createdAt updatedAt {UTM}",
        filters=f"{DATES} visitorId* prospectId*",
        sorts="id prospectId createdAt updatedAt",
        relations="prospect",
    ),
    # B.6
    listed(
        "visitor-page-views",
        "visitorPageView",
        "visitorId campaignId visitId durationInSeconds url title salesforceId createdAt",
        filters="id* visitorId* visitId* createdAt*",
        sorts="id createdAt",
        relations="campaign visit",
    ),
    # B.7
    listed(
        "lists",
        "list",
        "name title description isPublic isDynamic folderId campaignId isDeleted=deleted " + AUD,
        filters=f"{DATES} name",
        relations=f"campaign folder {BY}",
        recycle_bin=IN_BIN,
    ),
    # B.8
    listed(
        "list-memberships",
        "listMembership",
        "listId prospectId optedOut isDeleted=deleted " + AUD,
        filters=f"{DATES} listId prospectId",
        sorts="id createdAt updatedAt listId",
        relations=f"prospect list {BY}",
        recycle_bin=IN_BIN,
    ),
    # B.9; both names of the operational flag are accepted (Corrections).
    listed(
        "list-emails",
        "listEmail",
        "campaignId emailTemplateId trackerDomainId folderId name subject !htmlMessage "
        "!textMessage #type clientType isOperational operationalEmail=isOperational isPaused "
        f"isSent isDeleted sentAt {OPTIONS} !recipientLists !suppressionLists -recipientListIds "
        "-suppressionListIds -scheduledTime " + AUD,
        filters=f"{DATES} sentAt*",
        sorts="id createdAt updatedAt sentAt",
        relations=f"campaign folder trackerDomain {BY}",
        recycle_bin="isDeleted",
    ),
    # B.10
    listed(
        "emails",
        "email",
        "name subject !htmlMessage !textMessage #type clientType sentAt campaignId prospectId "
        "listEmailId emailTemplateId trackerDomainId folderId createdById listId isOperational "
        f"salesforceCmsId {OPTIONS} -scheduledTime",
        filters="id* prospectId listEmailId sentAt*",
        sorts="id sentAt",
        relations="campaign list listEmail createdBy",
    ),
    # B.11; whether there is a recycle bin is [?] in B.0.
    listed(
        "email-templates",
        "emailTemplate",
        "name subject htmlMessage textMessage #type isOneToOneEmail isListEmail "
        "isAutoResponderEmail isDripEmail campaignId folderId "
        f"trackerDomainId {OPTIONS} #tagReplacementLanguage isDeleted " + AUD,
        relations=f"campaign folder trackerDomain {BY}",
        recycle_bin="coalesce(isArchived, 0)",
        bin_documented=False,
    ),
    # B.12
    listed(
        "campaigns",
        "campaign",
        "name cost folderId parentCampaignId salesforceId isDeleted=deleted " + AUD,
        filters=f"{DATES} name",
        relations=f"folder parentCampaign {BY}",
        recycle_bin=IN_BIN,
    ),
    # B.13
    listed(
        "opportunities",
        "opportunity",
        "campaignId probability name stage type salesforceId status value closedAt ~isDeleted "
        + AUD,
        relations=f"campaign {BY}",
    ),
    # B.14
    listed(
        "users",
        "user",
        "email username firstName ~lastName jobTitle role roleName salesforceId "
        "#tagReplacementLanguage isDeleted=deleted " + AUD,
        filters=f"{DATES} email",
        relations=BY,
        recycle_bin=IN_BIN,
    ),
)

V5_OBJECTS: Mapping[str, V5Object] = {item.path: item for item in (*_PEOPLE, *ASSETS)}
