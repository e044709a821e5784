"""Stream maps: the setting, its expressions, and the SDK's mapper for a run."""
