"""Streams that are read through others, and how their parents pass records to them."""
