"""Pardot clients that nobody here wrote, run against the emulator."""
