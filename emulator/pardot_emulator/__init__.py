"""A local Pardot (Account Engagement API v3/v4) for tests and demos.

It knows nothing of the tap, and is never kinder than the API's documents: what they leave open is
a switch of `settings.Settings`. Tests use `harness.Emulator`, people ``pardot-emulator``.
"""
