"""All streams of the tap."""

from tap_pardot.streams.activities import (
    EmailClicks,
    ExternalActivities,
    LifecycleHistories,
    VisitorActivities,
)
from tap_pardot.streams.admin import Account, BulkActions, CustomFields, Exports, Imports, Users
from tap_pardot.streams.assets import (
    CustomRedirects,
    DynamicContents,
    DynamicContentVariations,
    Forms,
)
from tap_pardot.streams.campaigns import Campaigns, LifecycleStages
from tap_pardot.streams.email import Emails, EmailStats, EmailTemplates
from tap_pardot.streams.folders import Files, FolderContents, Folders
from tap_pardot.streams.list_emails import ListEmailLists, ListEmails
from tap_pardot.streams.lists import ListMemberships, Lists
from tap_pardot.streams.opportunities import Opportunities, OpportunityProspects
from tap_pardot.streams.pages import (
    FormFields,
    FormHandlerFields,
    FormHandlers,
    LandingPages,
    LayoutTemplates,
    TrackerDomains,
)
from tap_pardot.streams.programs import EngagementStudioPrograms
from tap_pardot.streams.prospects import ProspectAccounts, ProspectIds, Prospects
from tap_pardot.streams.tags import TaggedObjects, TagObjects, Tags
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
"""The streams of versions 3 and 4, most of which version 5 has too."""

V5_STREAMS = (
    BulkActions,
    DynamicContentVariations,
    EngagementStudioPrograms,
    Files,
    FolderContents,
    Folders,
    FormFields,
    FormHandlerFields,
    FormHandlers,
    LandingPages,
    LayoutTemplates,
    ListEmailLists,
    ListEmails,
    TaggedObjects,
    TrackerDomains,
)
"""The streams that only version 5 has."""
