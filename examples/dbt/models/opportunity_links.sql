{{ config(materialized="ephemeral") }}

-- Which prospects belong to which opportunity now. A prospect that was taken off an opportunity
-- keeps its row, with the time of an older change.
select links.opportunity_id, links.prospect_id
from {{ source("pardot", "opportunity_prospects") }} as links
join {{ source("pardot", "opportunities") }} as opportunities
    on opportunities.id = links.opportunity_id
    and opportunities.updated_at = links.opportunity_updated_at
