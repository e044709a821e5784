"""All streams of the tap."""

from tap_pardot.streams.activities import EmailClicks, LifecycleHistories, TagObjects
from tap_pardot.streams.admin import Account, CustomFields, Exports, Imports, Users
from tap_pardot.streams.assets import CustomRedirects, DynamicContents, Forms
from tap_pardot.streams.marketing import Campaigns, LifecycleStages, Lists, Tags
from tap_pardot.streams.opportunities import Opportunities

STREAMS = (
    Account,
    Campaigns,
    CustomFields,
    CustomRedirects,
    DynamicContents,
    EmailClicks,
    Exports,
    Forms,
    Imports,
    LifecycleHistories,
    LifecycleStages,
    Lists,
    Opportunities,
    TagObjects,
    Tags,
    Users,
)
