"""From Pardot's rows to records: pure functions."""
