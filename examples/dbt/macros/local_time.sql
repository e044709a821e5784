{# The local time of a UTC time, in the time zone of dbt_project.yml: target-postgres stores times
   in UTC, in columns without a time zone. #}
{% macro local_time(column) -%}
    ({{ column }} at time zone 'UTC' at time zone '{{ var("timezone") }}')
{%- endmacro %}
