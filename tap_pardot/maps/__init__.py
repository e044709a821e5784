"""Stream maps: what the setting says, and the SDK's maps made of it."""
