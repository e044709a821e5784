-- The figures of each list e-mail, with its name. One-to-one e-mails have no figures.
with names as (
    -- The e-mail of a list e-mail; the first one, if there are several.
    select distinct on (list_email_id) list_email_id, id as email_id, name, subject
    from {{ source("pardot", "emails") }}
    where list_email_id is not null
    order by list_email_id, id
),

sendings as (
    select list_email_id, min(created_at) as first_sent_at
    from {{ source("pardot", "visitor_activities") }}
    where type = 6 and list_email_id is not null
    group by list_email_id
)

select
    figures.list_email_id,
    names.email_id,
    names.name,
    names.subject,
    sendings.first_sent_at,
    figures.sent,
    figures.delivered,
    figures.unique_opens,
    figures.unique_clicks,
    figures.hard_bounced + figures.soft_bounced as bounced,
    figures.opt_outs,
    figures.spam_complaints,
    -- Percent of those delivered; null if there are none.
    round(100.0 * figures.unique_opens / nullif(figures.delivered, 0), 2) as open_rate,
    round(100.0 * figures.unique_clicks / nullif(figures.delivered, 0), 2) as click_rate,
    figures.read_at
from {{ source("pardot", "email_stats") }} as figures
left join names on names.list_email_id = figures.list_email_id
left join sendings on sendings.list_email_id = figures.list_email_id
