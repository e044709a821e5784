-- The value of each opportunity, in equal shares for all campaigns that touched one of its
-- prospects before it was closed. Prospects in the recycle bin count: the value stays.
with touches as (
    select prospect_id, campaign_id, created_at
    from {{ source("pardot", "visitor_activities") }}
    where type in {{ engagement_types() }}
    union all
    -- The first campaign of the prospect.
    select id, campaign_id, created_at
    from {{ source("pardot", "prospects") }}
),

pairs as (
    select distinct opportunities.id, opportunities.status, opportunities.value, touches.campaign_id
    from {{ source("pardot", "opportunities") }} as opportunities
    join {{ ref("opportunity_links") }} as links on links.opportunity_id = opportunities.id
    join touches
        on touches.prospect_id = links.prospect_id
        and touches.created_at <= coalesce(opportunities.closed_at, 'infinity')
    where touches.campaign_id is not null
),

shares as (
    select *, value / count(*) over (partition by id) as share
    from pairs
)

select
    shares.campaign_id,
    campaigns.name as campaign,
    count(*) as opportunities,
    count(*) filter (where status = 'Won') as won,
    round(sum(share)::numeric, 2) as value,
    round((sum(share) filter (where status = 'Won'))::numeric, 2) as won_value
from shares
left join {{ source("pardot", "campaigns") }} as campaigns on campaigns.id = shares.campaign_id
group by shares.campaign_id, campaigns.name
