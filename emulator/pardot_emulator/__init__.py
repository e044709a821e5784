"""A local Pardot (Account Engagement API v3/v4) for tests and demos.

It knows nothing of the tap, and it is never kinder than the API's documents: what they leave open
is a switch in `settings.Settings`. Tests use `Emulator`, people the command ``pardot-emulator``.
"""

from pardot_emulator.emulator import Emulator

__all__ = ["Emulator"]
