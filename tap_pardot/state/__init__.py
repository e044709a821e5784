"""STATE: pure functions."""
