"""The tap: settings, streams, and a run from its first call to its last line."""

from __future__ import annotations

import copy
import logging
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast
from zoneinfo import ZoneInfo

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.singerlib import StateMessage

from tap_pardot import cli
from tap_pardot.config import environment, validation
from tap_pardot.config.schema import SETTINGS
from tap_pardot.endings import Stopping, unexpected
from tap_pardot.errors import (
    CallLimitReached,
    ConfigurationError,
    Outage,
    RunStopped,
    StreamFailed,
    StreamSkipped,
    TapPardotError,
)
from tap_pardot.records import custom_fields
from tap_pardot.records.times import to_iso
from tap_pardot.sdk import stream_maps
from tap_pardot.sdk.catalog import prepared
from tap_pardot.sdk.stream_map_setting import StreamMaps
from tap_pardot.sdk.writer import BufferedWriter
from tap_pardot.sources import legacy_query as query
from tap_pardot.state.bookmark import Bookmark
from tap_pardot.state.migration import (
    A_DAY,
    VERSION,
    StateOrigin,
    changes,
    check_version,
    is_singer_io,
    reached_by_singer_io,
    zone_changed,
)
from tap_pardot.state.validation import UNREADABLE, check, check_child
from tap_pardot.streams import STREAMS
from tap_pardot.streams.children import Child
from tap_pardot.streams.exports import ExportStream
from tap_pardot.streams.fan_out import FanOut
from tap_pardot.sync.context import Run, begin, connect, next_midnight, unreachable
from tap_pardot.sync.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.helpers.types import TapState
    from singer_sdk.streams import Stream

    from tap_pardot.api.legacy import LegacyClient as Client
    from tap_pardot.records.custom_fields import Field
    from tap_pardot.streams.base import PardotStream

logger = logging.getLogger("tap-pardot")

_TOP_LEVEL = {"calls", "settings", "version"}
"""Parts of STATE besides the bookmarks."""

_CALLS_USED_UP = 122


class TapPardot(cli.CommandLine):
    """Singer tap for Pardot (Salesforce Account Engagement)."""

    name = "tap-pardot"
    package_name = "tap-pardot-sdk"
    # A copy: the SDK adds its own settings to it.
    config_jsonschema = copy.deepcopy(SETTINGS)
    message_writer_class = BufferedWriter
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.DISCOVER,
        TapCapabilities.STATE,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(
        self,
        *,
        config: Any = None,
        parse_env_config: bool = False,
        catalog: Any = None,
        setup_mapper: bool = True,
        **kwargs: Any,
    ) -> None:
        self.report = Report()
        self.stopping = Stopping()
        self._last_state: TapState | None = None
        self._legacy_bookmarks: dict[str, dict[str, Any]] = {}
        self._made: StateOrigin | None = None
        self._is_first = True
        self.lookback = timedelta()
        """How much before their bookmarks the streams begin in this run."""
        self._discovers = not setup_mapper
        if isinstance(catalog, dict):
            catalog = prepared(catalog, STREAMS)
        if parse_env_config:
            config = {**(config or {}), **environment.environment(self._env_var_prefix)}
        # The mapper needs the streams, streams ask Pardot for custom fields, and calls are
        # counted in STATE: so STATE first.
        super().__init__(config=config, catalog=catalog, setup_mapper=False, **kwargs)
        if setup_mapper:
            self.setup_mapper()

    # --- settings, streams, STATE ---

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings in our sentences, and set the defaults."""
        self._config = validation.normalised(self._config)
        if warning := environment.unknown(self._config):
            logger.warning("%s", warning)
        found = validation.problems(self._config)
        if not found:
            self.append_builtin_config(self.config_jsonschema)
            found = environment.with_defaults(self.config_jsonschema, self._config)
        if found and raise_errors:
            raise ConfigValidationError("The settings are wrong.", errors=found)
        return found

    @cached_property
    def maps(self) -> StreamMaps:
        """The setting ``stream_maps``."""
        return StreamMaps(self.config.get("stream_maps"))

    def setup_mapper(self) -> None:
        """Make the stream maps. Their mistakes are found before the calls for custom fields.

        Raises:
            ConfigValidationError: A map of a selected stream can never be used.
        """
        selected = [
            each.name
            for each in STREAMS
            if self._is_selected(each.name, by_default=each.selected_by_default)
        ]
        stream_maps.check(self.maps, selected)
        streams = cast("dict[str, PardotStream]", self.streams)
        # What has ended the run may have hidden columns.
        maps = StreamMaps(None) if self.report.is_over else self.maps
        self.mapper = stream_maps.made(maps, streams, self.config)

    def renew_maps(self, stream: PardotStream) -> None:
        """Make the maps of a stream anew, after its columns have changed.

        Raises:
            StreamFailed: A map uses a column that is not there any more.
        """
        try:
            stream_maps.renew(self.maps, stream, self.mapper)
        except ConfigValidationError as error:
            raise StreamFailed(" ".join(error.errors)) from None

    def _is_selected(self, stream: str, *, by_default: bool = True) -> bool:
        """Whether the catalog selects a stream; without a catalog, what the stream says."""
        if self.input_catalog is None:
            return by_default
        entry = self.input_catalog.get_stream(stream)
        return entry is not None and bool(entry.metadata.resolve_selection().get((), True))

    def discover_streams(self) -> Sequence[PardotStream]:
        """Return all streams."""
        return [stream(self) for stream in STREAMS]

    def custom_fields(self, stream: str) -> list[Field] | None:
        """Return the custom fields of an object.

        None where nobody needs to know, and where Pardot does not tell. In a run, whatever ends it
        is left to :attr:`report`.

        Raises:
            StreamFailed: Pardot does not tell, though it should; only in a run.
            TapPardotError: The login does not work, or Pardot cannot be reached; only when
                streams are discovered.
        """
        if self.report.is_over or not self._wants(stream):
            return None
        try:
            if not self._discovers:
                _ = self.run
            # The stream custom_fields asks the same.
            self.client.keeps_answers = True
            return list(self._custom_fields(stream))
        except StreamSkipped as error:
            logger.warning("%s: only the standard columns are known: %s", stream, error)
            return None
        except StreamFailed as error:
            if not self._discovers:
                raise
            self.client.check_answered(error)
            logger.warning("%s: only the standard columns are known: %s", stream, error)
        except TapPardotError as error:
            self._cannot_go_on(error)
        finally:
            self.client.keeps_answers = False
        return None

    def _cannot_go_on(self, error: TapPardotError) -> None:
        """Leave what ends a run to its report; an outage of one object ends its stream only."""
        ends = unreachable(error) if isinstance(error, Outage) else error
        if self._discovers:
            raise ends from error
        if isinstance(error, Outage) and self.run.is_isolated(error):
            raise error.as_stream_failure() from error
        self.report.stop(ends)

    def _custom_fields(self, stream: str) -> Iterator[Field]:
        if stream == "prospects":
            source = query.Source(self.client, "custom_fields", "customField", "customField")
            pages = query.by_id(source, {})
            return custom_fields.of_prospects(row for page in pages for row in page.rows)
        return custom_fields.of_accounts(self.client.describe(stream, "prospectAccount"))

    def _wants(self, stream: str) -> bool:
        """Whether a stream's custom fields should be asked for."""
        if validation.problems(validation.normalised(self._config)):
            logger.info("%s: only the standard columns are shown without settings.", stream)
            return False
        if not self._discovers and self.maps.drops(stream):
            return False
        return self._is_selected(stream)

    def load_state(self, state: dict[str, Any]) -> None:
        """Take the STATE of an earlier run.

        Raises:
            ConfigurationError: A part of it cannot be read.
        """
        check_version(state)
        self._is_first = not any(state.values())
        bookmarks = state.get("bookmarks")
        if bookmarks is None and set(state) <= {"bookmarks", *_TOP_LEVEL}:
            bookmarks = {}
        if not isinstance(bookmarks, dict):
            raise ConfigurationError(UNREADABLE)
        self._legacy_bookmarks = {
            name: each for name, each in bookmarks.items() if is_singer_io(each)
        }
        for stream in STREAMS:
            if stream.name in bookmarks and stream.name not in self._legacy_bookmarks:
                if issubclass(stream, Child):
                    check_child(stream.name, bookmarks[stream.name])
                else:
                    check(stream.name, bookmarks[stream.name], by_id=stream.bookmark_is_id)
        super().load_state({"bookmarks": bookmarks})
        calls = state.get("calls")
        if isinstance(calls, dict) and type(calls.get("made")) is int:
            self.all_state["calls"] = calls
        if bookmarks:
            self.all_state["version"] = VERSION
        if "settings" in state:
            self.all_state["settings"] = state["settings"]

    def _adopt_state(self, run: Run) -> None:
        """Fit STATE to the run: see where another tap, or this one with other settings, made it.

        Raises:
            ConfigurationError: It was made for another business unit.
        """
        made = StateOrigin(self.config["pardot_business_unit_id"], run.zone.key, to_iso(run.start))
        before = self.all_state.get("settings")
        for sentence in changes(before, made):
            logger.warning("%s", sentence)
        self._made = made
        if zone_changed(before, made):
            self.lookback = A_DAY
            for stream in STREAMS:
                bookmark = self.all_state["bookmarks"].get(stream.name)
                if bookmark and not issubclass(stream, Child):
                    # The bounds of an open window meant other instants.
                    Bookmark(bookmark).begin_anew()
        else:
            self.all_state["settings"] = made.to_state()
        self.all_state["version"] = VERSION
        for name, bookmark in self._legacy_bookmarks.items():
            self._migrate_bookmark(name, bookmark, run)

    def _migrate_bookmark(self, name: str, bookmark: dict[str, Any], run: Run) -> None:
        """Take up one stream's bookmark of singer-io's tap."""
        stream = next((each for each in STREAMS if each.name == name), None)
        bookmarks = self.all_state["bookmarks"]
        bookmarks[name] = {}
        reached = reached_by_singer_io(bookmark, run.zone)
        if stream is None:
            logger.warning("%s: not a stream of this tap; its bookmark is dropped.", name)
        elif reached is None or stream.replication_key != "updated_at":
            logger.warning(
                "%s: the STATE of singer-io's tap names no time to go on from: it starts over.",
                name,
            )
        else:
            bookmarks[name] = {
                "replication_key": "updated_at",
                "replication_key_value": reached,
            }
            logger.info("%s: goes on from %s, where singer-io's tap was.", name, reached)

    @property
    def all_state(self) -> dict[str, Any]:
        """STATE with our own part, ``calls``, which the SDK's type does not know."""
        return cast("dict[str, Any]", self.state)

    def save_state(self, *, is_last: bool = False) -> None:
        """Write STATE, after all records written so far.

        Args:
            is_last: Whether nothing else follows: the output ends with a STATE.
        """
        state = cast("TapState", self.fan_out.written(self.all_state))
        writer = self.message_writer
        # A STATE that is like the last one is needed, too, behind records: they would wait for it.
        waited_for = isinstance(writer, BufferedWriter) and (
            writer.ends_in_record or (is_last and not writer.ends_in_state)
        )
        if waited_for or state != self._last_state:
            writer.write_message(StateMessage(value=state))
            self._last_state = copy.deepcopy(state)

    def tell(self, closing: str | None = None, exit_code: int | None = None) -> None:
        """Log how the run ended; arguments as for :meth:`tap_pardot.sync.report.Report.tell`."""
        for name, line in self.report.lines.items():
            stream = self.parent(name)
            line.reached = stream.reached_text
            stream.close_counter()
        calls = self.client.budget.by_stream
        self.report.log(calls, closing, self.calls_reset_at(), exit_code)

    # --- a run ---

    @cached_property
    def client(self) -> Client:
        """The run's one client."""
        kept: dict[str, Any] = {}
        if self.config.get("daily_call_limit"):
            kept = self.all_state.setdefault("calls", {})
        # When streams are discovered, the SDK leaves the settings as they came.
        config = validation.with_defaults(validation.normalised(self._config))
        return connect(config, kept, f"{self.package_name}/{self.plugin_version}")

    @cached_property
    def fan_out(self) -> FanOut:
        """What parents hand over to the selected children."""
        streams = self.streams.values()
        return FanOut(self, [each for each in streams if isinstance(each, Child) and each.selected])

    def parent(self, name: str) -> PardotStream:
        """Return the stream that children take something of."""
        return cast("PardotStream", self.streams[name])

    @cached_property
    def run(self) -> Run:
        """What is fixed for the whole run; made by the run's first calls.

        Raises:
            TapPardotError: Nothing can be read.
        """
        run = begin(self.config, self.client)
        self._adopt_state(run)
        return run

    def _chosen(self) -> list[Stream]:
        chosen = [stream for stream in self.streams.values() if stream.selected]
        for stream in chosen:
            self.report.line(stream.name)
        if not chosen:
            drops = any(map(self.maps.drops, self.streams))
            dropped = " that stream_maps do not drop" if drops else ""
            logger.warning("No stream is selected: select streams in the catalog%s.", dropped)
        return chosen

    def _check_catalog(self, chosen: list[Stream]) -> None:
        """Log what the catalog says of the chosen streams and is not followed.

        Raises:
            ConfigurationError: A column cannot be emitted as the catalog declares it.
        """
        streams = [cast("PardotStream", stream) for stream in chosen]
        ignored = [
            f"{stream.name} ({stream.ignored_replication}; valid: {stream.valid_replication})"
            for stream in streams
            if stream.ignored_replication
        ]
        if ignored:
            logger.warning("The catalog's replication is not followed for: %s.", ", ".join(ignored))
        for stream in streams:
            stream.check_columns()

    def read_all(self) -> None:
        """Read all selected streams; :attr:`report` tells how they ended."""
        chosen = self._chosen()
        if self.state:
            self.save_state()
        try:
            self._check_catalog(chosen)
            if not self.report.is_over:
                _ = self.run
        except TapPardotError as error:
            self.report.stop(error)
        if not self.report.is_over:
            if self._is_first:
                logger.info("No STATE: first run, reading from %s.", to_iso(self.run.start))
            try:
                self._read_all(chosen)
            except TapPardotError as error:
                ends = isinstance(error, (RunStopped, ConfigurationError))
                self.report.stop(error if ends else ConfigurationError(error.message, error.code))
            except Exception as error:  # noqa: BLE001 - what was read needs its STATE
                self.report.stop(ConfigurationError(unexpected(error)))
        if self._made is not None and not self.report.exit_code and not self.report.is_over:
            self.all_state["settings"] = self._made.to_state()
        self.save_state(is_last=True)

    def _read_all(self, chosen: list[Stream]) -> None:
        bulk = [stream for stream in chosen if isinstance(stream, ExportStream)]
        children = self.fan_out.children
        self.fan_out.begin(passing=True)
        # Pardot runs them one after another: they wait there while the queries are read.
        for each in bulk:
            each.submit()
        self.fan_out.submit()
        first = [each for each in chosen if each not in bulk and each not in children]
        for stream in [*self.fan_out.overdue, *first, *bulk, *children]:
            if self.report.is_over:
                break
            self._read(cast("PardotStream", stream))

    def calls_reset_at(self) -> str | None:
        """Return when there are API calls again, if a run ended because there were none left."""
        stopped, zone = self.report.stopped, self.config.get("timezone")
        if stopped is None or (
            stopped.code != _CALLS_USED_UP and not isinstance(stopped, CallLimitReached)
        ):
            return None
        if "run" in self.__dict__:
            return to_iso(next_midnight(self.run.now(), self.run.zone))
        return to_iso(next_midnight(self.client.clock.now(), ZoneInfo(zone))) if zone else None

    def _read(self, stream: PardotStream) -> None:
        try:
            if isinstance(stream, ExportStream):
                stream.submit_first()
            stream.sync()
        except TapPardotError as error:  # a stream map that fails
            self.report.record_error(stream.name, error)
        except Exception as error:  # noqa: BLE001 - one stream's failure stays its own
            self.report.record_error(stream.name, StreamFailed(unexpected(error)))
        stream.finalize_state_progress_markers()

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Leave by an exception; the SDK's handler would write while a write is under way."""
        self.stopping.begin(signum)


def main() -> None:
    """Run the command line: the executable ``tap-pardot``."""
    cli.run(TapPardot)
