-- What happened to each prospect, one row per event. Order it by happened_at, which is in UTC.
with events as (
    select
        'activity-' || activities.id as event_id,
        activities.prospect_id,
        activities.created_at as happened_at,
        coalesce(types.name, 'Type ' || activities.type) as event,
        activities.details,
        activities.campaign_id
    from {{ source("pardot", "visitor_activities") }} as activities
    -- Salesforce may add types that the seed does not have.
    left join {{ ref("activity_types") }} as types on types.type = activities.type
    union all
    select
        'stage-' || moves.id,
        moves.prospect_id,
        moves.created_at,
        'Lifecycle stage',
        concat_ws(' to ', before.name, after.name),
        null
    from {{ source("pardot", "lifecycle_histories") }} as moves
    left join {{ source("pardot", "lifecycle_stages") }} as before
        on before.id = moves.previous_stage_id
    left join {{ source("pardot", "lifecycle_stages") }} as after on after.id = moves.next_stage_id
    union all
    select 'external-' || id, prospect_id, activity_date, type, value, null
    from {{ source("pardot", "external_activities") }}
)

select events.*
from events
join {{ source("pardot", "prospects") }} as prospects on prospects.id = events.prospect_id
where prospects.is_deleted is not true
