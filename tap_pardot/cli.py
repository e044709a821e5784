"""The command line: its options, the run, the exit code and the last sentence."""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn
from zoneinfo import ZoneInfo

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from typing_extensions import override

from tap_pardot.api.codes import CALLS_USED_UP
from tap_pardot.api.v5 import V5
from tap_pardot.config.environment import environment
from tap_pardot.config.files import OptionFile, json_of, settings_of, state_of
from tap_pardot.config.schema import KINDS
from tap_pardot.config.validation import normalized
from tap_pardot.errors import CallLimitReached, ConfigurationError, RunStopped, TapPardotError
from tap_pardot.records.times import to_iso
from tap_pardot.sdk.catalog import checked
from tap_pardot.sdk.writer import StdoutLost, write_out
from tap_pardot.signals import (
    SIGNALS,
    SignalHandler,
    Terminated,
    cancel_alarm,
    wait_for_shielded,
)
from tap_pardot.streams.account_columns import CustomColumns
from tap_pardot.streams.discovery import columns_for_catalog
from tap_pardot.streams.doctor import examine
from tap_pardot.sync.context import next_midnight
from tap_pardot.sync.progress import Progress, default_interval
from tap_pardot.sync.report import unexpected
from tap_pardot.sync.runner import Run, run_all
from tap_pardot.tap import TapPardot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from tap_pardot.streams.base import PardotStream

logger = logging.getLogger("tap-pardot")

_ENVIRONMENT = "ENV"


_TEST_HELP = (
    "Check the login and which streams the user may read, by one small call for each; list what "
    "works and what to fix. Writes no record and creates no export job. Exit code 0 if the login "
    "works. --test=schema writes the SCHEMA messages only."
)


class ConfigOption(NamedTuple):
    """The value of the option ``--config``.

    Attributes:
        config: The settings in the files.
        parse_env: Whether to read settings from the environment too (``--config ENV``).
    """

    config: dict[str, Any]
    parse_env: bool


class CommandLine(TapPardot):
    """Singer tap for Pardot (Salesforce Account Engagement)."""

    progress_interval: ClassVar[Callable[[], float]] = staticmethod(default_interval)
    """Returns the seconds between two lines of progress."""

    def __init__(self, **kwargs: Any) -> None:
        self.signals = SignalHandler()
        super().__init__(**kwargs)

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Raise an exception. The SDK's handler would write STATE in the middle of a write."""
        self.signals.handle(signum)

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Return the SDK's command with its file options as paths: this module reads the files."""
        command = super().get_singer_command()
        for option in command.params:
            if isinstance(option.type, click.File):
                option.type, option.callback = click.STRING, _as_file
            if option.name == "test" and isinstance(option, click.Option):
                option.help = _TEST_HELP
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
        """Run the tap and exit: ``docs/operations/exit-codes.md`` has the codes."""
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        with exit_with_sentence():
            sentence = signum = None
            with Progress(cls.progress_interval()) as progress:
                tap = cls._configured(
                    config,
                    state=state_of(state),
                    catalog=None if catalog is None else checked(json_of("--catalog", catalog)),
                )
                progress.watch(tap.report, lambda: tap.sync_context)
                try:
                    run_all(tap.new_run())
                    tap.signals.end()
                except Terminated as stop:
                    tap.signals.end()
                    signum = stop.signum
                    sentence = _write_last_state(tap, signal.Signals(signum).name)
            code = tap.report.exit_code if signum is None else 128 + signum
            tap.log_end(sentence, code)
            sys.exit(code)

    def new_run(self) -> Run:
        """Return a run of the selected streams."""
        streams = [stream for stream in self.pardot_streams.values() if stream.selected]
        if not streams:
            drops = any(map(self.maps.drops, self.streams))
            dropped = " that stream_maps do not drop" if drops else ""
            logger.warning("No stream is selected: select streams in the catalog%s.", dropped)
        return Run(
            streams,
            self.fan_out,
            self.report,
            self.open_sync,
            self.write_state,
            has_state=bool(self.state),
            bookmarked=self.stored_state.bookmarks,
            note_complete=lambda: self.stored_state.note_complete(self.all_state),
        )

    def log_end(self, sentence: str | None = None, exit_code: int | None = None) -> None:
        """Log how the run ended; arguments as for ``Report.log``."""
        for name, result in self.report.results.items():
            stream = self.pardot_streams[name]
            result.reached = stream.reached_text
            if self.reads_version_5:
                result.dialect = stream.variant.dialect
            stream.close_counter()
        self.report.log(self.client.budget.by_stream, sentence, self._calls_reset_at(), exit_code)

    def _calls_reset_at(self) -> str | None:
        """Return when the account's next day begins, if the run has used up the day's calls.

        Returns:
            An ISO 8601 string in UTC. None if the run ended otherwise, or the zone is unknown.
        """
        stopped, zone = self.report.stopped, self.config.get("timezone")
        if stopped is None or (
            stopped.code != CALLS_USED_UP and not isinstance(stopped, CallLimitReached)
        ):
            return None
        if self.sync_context is not None:
            zone = self.sync_context.zone.key
        now = self.client.clock.now
        return to_iso(next_midnight(now(), ZoneInfo(zone))) if zone else None

    @classmethod
    @override
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
    ) -> ConfigOption:
        """Return what the ``--config`` files hold; errors as of ``settings_of``."""
        paths = tuple(path for path in value if path != _ENVIRONMENT)
        return ConfigOption(settings_of(paths), parse_env=_ENVIRONMENT in value)

    @classmethod
    @override
    def cb_discover(cls, ctx: click.Context, param: click.Option, value: bool) -> None:
        """Write the catalog for ``--discover``: the account's, or the standard one if no settings.

        Raises:
            ConfigValidationError: Settings were given and are wrong.
        """
        if not value:
            return
        option = ctx.params.get("config") or ConfigOption({}, parse_env=False)
        variables = environment(cls._env_var_prefix) if option.parse_env else {}
        has_settings = bool(normalized(option.config)) or any(map(KINDS.get, normalized(variables)))
        config = {**option.config, **variables}
        tap = Discovery(config=config, validate_config=has_settings, setup_mapper=False)
        write_out(f"{tap.catalog_json_text}\n".encode())
        ctx.exit()

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Check access for ``--test``: one small call per stream, not a run of one record each."""
        if value != "all":
            super().cb_test(ctx, param, value)
            return
        with exit_with_sentence():
            check_access(cls._configured(ctx.params.get("config")))
        ctx.exit()

    @classmethod
    def _configured(cls, config: Any, **kwargs: Any) -> CommandLine:
        """Return the tap with the settings of ``--config``."""
        settings = config.config if config else {}
        return cls(config=settings, parse_env_config=bool(config and config.parse_env), **kwargs)


class Discovery(CommandLine):
    """The tap for ``--discover``: it starts no run, and raises errors instead of reporting them."""

    @override
    def custom_columns(self, stream: type[PardotStream]) -> CustomColumns:
        """Return the columns that the account defines; none without settings.

        Raises:
            TapPardotError: The login does not work, or Pardot cannot be reached.
        """
        if not (self.has_settings(stream) and self.is_selected(stream)):
            return CustomColumns()
        dialect_5 = V5(self.dialect.api_url) if self.reads_version_5 else None
        return columns_for_catalog(stream, self.client, self.dialect, dialect_5)


def _as_file(ctx: click.Context, param: click.Parameter, value: str | None) -> OptionFile | None:  # noqa: ARG001
    """Return the file that an option names, unopened: this tap words the errors of reading it."""
    return None if value is None else OptionFile(param.opts[0], value)


def _write_last_state(tap: CommandLine, signal_name: str) -> str:
    """Write the last STATE after a signal, and return the run's last sentence."""
    try:
        tap.write_state(is_last=True)
    except StdoutLost:
        # Ctrl-C ends the target, too.
        return f"Stopped by {signal_name}: the last STATE could not be written; run again to go on."
    return f"Stopped by {signal_name}: STATE covers what was written; run again to go on."


def check_access(tap: CommandLine) -> None:
    """Log for ``--test`` what can be read, what works and what to fix.

    It creates no export job and writes no message.

    Raises:
        TapPardotError: The login does not work, or an error has ended the check.
    """
    streams = tap.pardot_streams
    if ended := tap.report.aborted or tap.report.stopped:
        raise ended
    sync = tap.open_sync()
    examine(streams, sync)
    logger.info(
        "The login works: API %s, time zone %s; %d API calls were made.",
        sync.versions,
        sync.zone_name,
        sync.client.budget.by_stream.total(),
    )


def main() -> None:
    """Run the command line, and exit: the executable ``tap-pardot``."""
    try:
        with exit_with_sentence():
            command = _command()
            write_out(b"")  # finds a closed stdout before any call
            try:
                code = command(standalone_mode=False)
            finally:
                write_out(b"")  # flushes what was printed
            sys.exit(code)
    finally:
        # While the interpreter shuts down there is no handler: a signal would kill the process.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        wait_for_shielded()


def _command() -> click.Command:
    """Return the click command; the SDK sets up logging when it makes the command.

    Raises:
        ConfigurationError: Logging cannot be set up.
    """
    try:
        return CommandLine.cli
    except Exception:  # noqa: BLE001 - logging.config raises errors of many types
        raise ConfigurationError(
            "The log cannot be set up: check TAP_PARDOT_LOGLEVEL, LOGLEVEL and the file that "
            "SINGER_SDK_LOG_CONFIG names."
        ) from None


# --- the end -------------------------------------------------------------------------------


@contextmanager
def exit_with_sentence() -> Iterator[None]:
    """Exit on any error or signal, with one last sentence on stderr and the right exit code."""
    try:
        yield
    except ConfigValidationError as error:
        _leave(_log_problems(error.errors), 1)
    except RunStopped as error:
        _leave(str(error), 2)
    except (TapPardotError, SingerSDKError) as error:
        _leave(str(error), 1)
    except StdoutLost as lost:
        _discard_stdout()
        _leave(str(lost), 1)
    except click.ClickException as error:
        _leave(f"{error.format_message()} See tap-pardot --help.", 1)
    except (click.Abort, KeyboardInterrupt):
        _leave("Stopped by SIGINT.", 128 + signal.SIGINT)
    except Terminated as stop:
        cancel_alarm()
        _leave(f"Stopped by {signal.Signals(stop.signum).name}.", 128 + stop.signum)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        why = error.strerror or type(error).__name__
        _leave(f"The operating system reported an error ({why}{where}): fix it and run again.", 1)
    except Exception as error:  # noqa: BLE001 - the last resort
        _leave(unexpected(error), 1)


def _log_problems(found: list[str]) -> str:
    """Log what is wrong with the settings, and return the program's last sentence."""
    for problem in found:
        logger.error("%s", problem)
    settings = "setting" if len(found) == 1 else f"{len(found)} settings"
    return f"Nothing was read: correct the {settings} named above and run again."


def _discard_stdout() -> None:
    """Discard what is still buffered. Otherwise Python reports an error when it closes stdout."""
    with suppress(AttributeError, OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _leave(sentence: str, code: int) -> NoReturn:
    logger.error("%s", sentence)
    sys.exit(code)
