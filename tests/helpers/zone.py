"""A STATE that spares a run the check of the time zone.

A first run that exports nothing creates an export job to check the zone, and cancels it: two calls
for ``account``, and one row more of the stream ``exports``. Tests that count calls or compare those
rows start from this STATE instead.
"""

CHECKED = {"timezone_check": {"zone": "America/New_York", "confirmed": True}}
"""STATE without bookmarks, in which the emulator's zone is checked."""
