"""The settings: what they are, where they come from, what can be wrong with them."""
