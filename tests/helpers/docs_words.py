"""Names with an underscore that pages have as code and that are no setting, stream or column.

A name that is missing here fails the test of the page that has it: correct the page, or add the
name to the group where it belongs.
"""

OTHERS = frozenset(
    {
        # Salesforce's login: scopes, parameters and errors.
        *("pardot_api", "offline_access", "access_token", "code_challenge", "instance_url"),
        *("code_challenge_method", "code_verifier", "grant_type", "redirect_uri"),
        *("invalid_client", "invalid_client_id", "invalid_grant", "redirect_uri_mismatch"),
        *("server_error", "temporarily_unavailable", "unknown_error", "unsupported_grant_type"),
        # Pardot's API: parameters and procedures.
        *("created_after", "created_before", "updated_after", "updated_before"),
        *("id_greater_than", "only_identified", "sort_by"),
        *("filter_by_created_at", "filter_by_updated_at"),
        # Meltano.
        *("default_environment", "inherit_from", "load_schema", "pip_url", "project_id"),
        *("state_id", "default_target_schema"),
        # Stream maps of the Meltano SDK.
        "hash_seed",
        # Airflow.
        *("max_active_runs",),
        # singer-io's tap, and columns of its tables.
        *("assigned_to", "crm_url", "paid_search_id_id", "user_key"),
        *("founded_on", "page_views"),
        # Fields of this tap's log.
        *("calls_expected", "calls_today", "daily_calls_of_edition", "exit_code", "export_age"),
        *("export_state", "exports_after", "exports_before", "exports_collected"),
        *("exports_to_create", "exports_waiting", "first_run", "record_count", "stream_rows"),
        # Keys of STATE.
        *("timezone_check", "replication_key_value"),
        # Schemas and columns that examples make.
        *("pardot_dev", "business_unit"),
        # Python and tests of this repository.
        *("singer_sdk", "tap_pardot", "pardot_emulator", "tap_process"),
    }
)
