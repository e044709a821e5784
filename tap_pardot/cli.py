"""The command line: what its options do, and how a run ends."""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING, Any, cast

from singer_sdk import Tap

from tap_pardot.catalog import checked
from tap_pardot.endings import SIGNALS, Terminated, ending_in_a_sentence
from tap_pardot.errors import ConfigurationError
from tap_pardot.state import read

if TYPE_CHECKING:
    import click

    from tap_pardot.tap import TapPardot

_NO_SETTINGS = "A --config file must hold a JSON object with the settings."


class CommandLine(Tap):
    """The part of the tap that the SDK's command calls."""

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = None,
        state: Any = None,
        catalog: Any = None,
    ) -> None:
        """Run the tap and exit: see the README for the exit codes."""
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        with ending_in_a_sentence():
            tap = cls._configured(
                config,
                state=read(state),
                catalog=None if catalog is None else checked(json.load(catalog)),
            )
            try:
                tap.read_all()
                tap.stopping.over()
            except Terminated as stop:
                tap.stopping.over()
                tap.save_state()
                name = signal.Signals(stop.signum).name
                tap.report.tell(
                    tap.client.budget.by_stream,
                    f"Stopped by {name}: STATE covers what was written; run again to go on.",
                )
                sys.exit(128 + stop.signum)
            tap.report.tell(tap.client.budget.by_stream, resets=tap.calls_reset_at())
            sys.exit(tap.report.exit_code)

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        """Read the ``--config`` files."""
        try:
            return super().cb_config(ctx, param, value)
        except ValueError as error:
            if type(error).__name__ == "JSONDecodeError":
                raise
            raise ConfigurationError(_NO_SETTINGS) from None
        except TypeError:
            raise ConfigurationError(_NO_SETTINGS) from None

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """``--test``: one small call per stream instead of a run of one record each."""
        if value != "all":
            super().cb_test(ctx, param, value)
            return
        with ending_in_a_sentence():
            cls._configured(ctx.params.get("config")).check_access()
        ctx.exit()

    @classmethod
    def _configured(cls, config: Any, **kwargs: Any) -> TapPardot:
        """Return the tap with the settings of ``--config``."""
        settings = config.config if config else {}
        tap = cls(config=settings, parse_env_config=bool(config and config.parse_env), **kwargs)
        return cast("TapPardot", tap)


def run(tap: type[CommandLine]) -> None:
    """Run the command of a tap, and exit."""
    try:
        with ending_in_a_sentence():
            tap.cli()
    finally:
        # At the interpreter's end, where no handler is left, a signal would kill.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
