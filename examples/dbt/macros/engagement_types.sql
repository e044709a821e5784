{% macro engagement_types() -%}
    ({{ var("engagement_types") | join(", ") }})
{%- endmacro %}
