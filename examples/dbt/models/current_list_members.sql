-- Who is on which list now: neither the membership nor the prospect is in the recycle bin.
select distinct on (members.list_id, members.prospect_id)
    members.list_id,
    lists.name as list,
    lists.is_dynamic,
    members.prospect_id,
    prospects.email,
    {{ local_time("members.created_at") }}::date as member_since,
    -- Whether a list e-mail reaches the prospect.
    members.opted_out is not true
        and prospects.opted_out is not true
        and prospects.is_do_not_email is not true
        and prospects.is_email_hard_bounced is not true as is_mailable
from {{ source("pardot", "list_memberships") }} as members
left join {{ source("pardot", "lists") }} as lists on lists.id = members.list_id
left join {{ source("pardot", "prospects") }} as prospects on prospects.id = members.prospect_id
where members.is_deleted is not true and prospects.is_deleted is not true
-- The newest membership, if there are several.
order by members.list_id, members.prospect_id, members.id desc
