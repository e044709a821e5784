-- The prospects that were created in a month, and how far they have come until today.
with engaged as (
    select distinct prospect_id
    from {{ source("pardot", "visitor_activities") }}
    where type in {{ engagement_types() }}
),

sold as (
    select links.prospect_id, bool_or(opportunities.status = 'Won') as is_won
    from {{ ref("opportunity_links") }} as links
    join {{ source("pardot", "opportunities") }} as opportunities
        on opportunities.id = links.opportunity_id
    group by links.prospect_id
)

select
    date_trunc('month', {{ local_time("prospects.created_at") }})::date as month,
    count(*) as prospects,
    count(engaged.prospect_id) as engaged,
    count(prospects.first_assigned_at) as assigned,
    count(sold.prospect_id) as with_opportunity,
    count(*) filter (where sold.is_won) as won
from {{ source("pardot", "prospects") }} as prospects
left join engaged on engaged.prospect_id = prospects.id
left join sold on sold.prospect_id = prospects.id
where prospects.is_deleted is not true
group by 1
