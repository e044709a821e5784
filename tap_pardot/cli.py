"""The command line: what its options do, and how a run ends."""

from __future__ import annotations

import io
import logging
import signal
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import click
from singer_sdk import Tap

from tap_pardot.config.environment import environment
from tap_pardot.config.files import GivenFile, json_of, settings_of, state_of
from tap_pardot.config.schema import KINDS
from tap_pardot.config.validation import normalised
from tap_pardot.endings import SIGNALS, StdoutLost, Terminated, ending_in_a_sentence
from tap_pardot.errors import ConfigurationError, TapPardotError
from tap_pardot.sdk.catalog import checked
from tap_pardot.sdk.writer import write_out
from tap_pardot.unbroken import wait_for_unbroken

if TYPE_CHECKING:
    from tap_pardot.tap import TapPardot

logger = logging.getLogger("tap-pardot")

_ENVIRONMENT = "ENV"


class GivenSettings(NamedTuple):
    """What ``--config`` names.

    Attributes:
        config: The settings of the files.
        parse_env: Whether those of the environment are wanted, too.
    """

    config: dict[str, Any]
    parse_env: bool


def _unopened(ctx: click.Context, param: click.Parameter, value: str | None) -> GivenFile | None:  # noqa: ARG001
    """Return a file that an option names; it is read by us, who say what is wrong in our words."""
    return None if value is None else GivenFile(param.opts[0], value)


class CommandLine(Tap):
    """The part of the tap that the SDK's command calls."""

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the SDK's command, in which files are ours to read."""
        command = super().get_singer_command()
        for option in command.params:
            if isinstance(option.type, click.File):
                option.type, option.callback = click.STRING, _unopened
        return command

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
                state=state_of(state),
                catalog=None if catalog is None else checked(json_of("--catalog", catalog)),
            )
            try:
                tap.read_all()
                tap.stopping.over()
            except Terminated as stop:
                tap.stopping.over()
                tap.tell(_last_state(tap, signal.Signals(stop.signum).name), 128 + stop.signum)
                sys.exit(128 + stop.signum)
            tap.tell()
            sys.exit(tap.report.exit_code)

    @classmethod
    def print_about(cls, output_format: str | None = None) -> None:
        """Write capabilities and settings to stdout."""
        with redirect_stdout(io.StringIO()) as text:
            super().print_about(output_format)
        write_out(text.getvalue().encode())

    @classmethod
    def cb_config(  # type: ignore[override]
        cls,
        ctx: click.Context,  # noqa: ARG003
        param: click.Option,  # noqa: ARG003
        value: tuple[str, ...],
    ) -> GivenSettings:
        """Read the ``--config`` files."""
        paths = tuple(path for path in value if path != _ENVIRONMENT)
        return GivenSettings(settings_of(paths), parse_env=_ENVIRONMENT in value)

    @classmethod
    def cb_discover(
        cls,
        ctx: click.Context,
        param: click.Option,  # noqa: ARG003
        value: bool,  # noqa: FBT001
    ) -> None:
        """``--discover``: the standard catalog where there are no settings, else the account's.

        Raises:
            ConfigValidationError: Settings were given, and are wrong.
        """
        if not value:
            return
        given = ctx.params.get("config") or GivenSettings({}, parse_env=False)
        variables = environment(cls._env_var_prefix) if given.parse_env else {}
        is_given = bool(normalised(given.config)) or any(map(KINDS.get, normalised(variables)))
        config = {**given.config, **variables}
        tap = cls(config=config, validate_config=is_given, setup_mapper=False)
        write_out(f"{tap.catalog_json_text}\n".encode())
        ctx.exit()

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """``--test``: one small call per stream instead of a run of one record each."""
        if value != "all":
            super().cb_test(ctx, param, value)
            return
        with ending_in_a_sentence():
            check_access(cls._configured(ctx.params.get("config")))
        ctx.exit()

    @classmethod
    def _configured(cls, config: Any, **kwargs: Any) -> TapPardot:
        """Return the tap with the settings of ``--config``."""
        settings = config.config if config else {}
        tap = cls(config=settings, parse_env_config=bool(config and config.parse_env), **kwargs)
        return cast("TapPardot", tap)


def _last_state(tap: TapPardot, signal_name: str) -> str:
    """Write the last STATE after a signal; return the last sentence."""
    try:
        tap.save_state(is_last=True)
    except StdoutLost:
        # Ctrl-C ends the target, too.
        return f"Stopped by {signal_name}: the last STATE could not be written; run again to go on."
    return f"Stopped by {signal_name}: STATE covers what was written; run again to go on."


def check_access(tap: TapPardot) -> None:
    """Log whether each stream may be read; creates nothing and writes no message.

    Raises:
        TapPardotError: The login does not work.
    """
    if ended := tap.report.aborted or tap.report.stopped:
        raise ended
    run = tap.run
    for name in tap.streams:
        try:
            found = tap.parent(name).probe()
        except TapPardotError as error:
            logger.warning("%s: cannot be read: %s", name, error)
        else:
            logger.info("%s: can be read%s.", name, found)
    calls = run.client.budget.by_stream.total()
    logger.info(
        "The login works: API version %d, time zone %s; %d API calls were made.",
        run.client.version,
        run.zone.key,
        calls,
    )


def run(tap: type[CommandLine]) -> None:
    """Run the command of a tap, and exit."""
    try:
        with ending_in_a_sentence():
            command = _command(tap)
            write_out(b"")  # a closed stdout is noticed before any call
            try:
                code = command(standalone_mode=False)
            finally:
                write_out(b"")  # what was printed
            sys.exit(code)
    finally:
        # At the interpreter's end, where no handler is left, a signal would kill.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        wait_for_unbroken()


def _command(tap: type[CommandLine]) -> click.Command:
    """Return the command, which sets up logging."""
    try:
        return tap.cli
    except Exception:  # noqa: BLE001 - logging.config raises all kinds
        raise ConfigurationError(
            "The log cannot be set up: check TAP_PARDOT_LOGLEVEL, LOGLEVEL and the file that "
            "SINGER_SDK_LOG_CONFIG names."
        ) from None
