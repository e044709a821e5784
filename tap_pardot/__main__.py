"""``python -m tap_pardot``: the same as the executable ``tap-pardot``."""

from tap_pardot.tap import main

main()
