"""All streams of the tap."""

from tap_pardot.streams.activities import (
    EmailClicks,
    ExternalActivities,
    LifecycleHistories,
    VisitorActivities,
)
from tap_pardot.streams.admin import Account, CustomFields, Exports, Imports, Users
from tap_pardot.streams.assets import CustomRedirects, DynamicContents, Forms
from tap_pardot.streams.campaigns import Campaigns, LifecycleStages
from tap_pardot.streams.email import Emails, EmailStats, EmailTemplates
from tap_pardot.streams.lists import ListMemberships, Lists
from tap_pardot.streams.opportunities import Opportunities, OpportunityProspects
from tap_pardot.streams.prospects import ProspectAccounts, ProspectIds, Prospects
from tap_pardot.streams.tags import TagObjects, Tags
from tap_pardot.streams.visits import VisitorPageViews, Visitors, Visits

STREAMS = (
    Account,
    Campaigns,
    CustomFields,
    CustomRedirects,
    DynamicContents,
    EmailClicks,
    EmailStats,
    EmailTemplates,
    Emails,
    Exports,
    ExternalActivities,
    Forms,
    Imports,
    LifecycleHistories,
    LifecycleStages,
    ListMemberships,
    Lists,
    Opportunities,
    OpportunityProspects,
    ProspectAccounts,
    ProspectIds,
    Prospects,
    TagObjects,
    Tags,
    Users,
    VisitorActivities,
    VisitorPageViews,
    Visitors,
    Visits,
)
