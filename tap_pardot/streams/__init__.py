"""All streams of the tap."""

from tap_pardot.streams.activities import EmailClicks, LifecycleHistories, TagObjects
from tap_pardot.streams.admin import Account, CustomFields, Exports, Imports, Users
from tap_pardot.streams.assets import CustomRedirects, DynamicContents, Forms
from tap_pardot.streams.emails import Emails, EmailStats, EmailTemplates
from tap_pardot.streams.marketing import Campaigns, LifecycleStages, Lists, Tags
from tap_pardot.streams.people import (
    ExternalActivities,
    ListMemberships,
    ProspectAccounts,
    ProspectIds,
    Prospects,
    VisitorActivities,
    Visitors,
)
from tap_pardot.streams.sales import Opportunities, OpportunityProspects
from tap_pardot.streams.visits import VisitorPageViews, Visits

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
