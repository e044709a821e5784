"""The tap: its settings, its streams, and the STATE it is given."""

from __future__ import annotations

import copy
import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.singerlib import Catalog
from typing_extensions import override

from tap_pardot.config import environment, validation
from tap_pardot.config.schema import SETTINGS
from tap_pardot.errors import StreamFailed, TapPardotError
from tap_pardot.sdk import stream_maps
from tap_pardot.sdk.catalog import prepared
from tap_pardot.sdk.stream_map_setting import StreamMaps
from tap_pardot.sdk.writer import BufferedWriter, OrderedStateWriter
from tap_pardot.streams import STREAMS, V5_STREAMS
from tap_pardot.streams.account_columns import CustomColumns
from tap_pardot.streams.discovery import columns_for_run
from tap_pardot.streams.fan_out.fan_out import FanOut
from tap_pardot.streams.hooks import TapHooks
from tap_pardot.streams.off import ignored_names, is_off, offers
from tap_pardot.streams.stored_state import StoredState
from tap_pardot.sync.context import VERSION_5, SyncContext, build_client, open_sync
from tap_pardot.sync.report import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.helpers.types import TapState

    from tap_pardot.api.client import Client
    from tap_pardot.api.v4 import V4
    from tap_pardot.streams.base import PardotStream

logger = logging.getLogger("tap-pardot")


class TapPardot(Tap):
    """Singer tap for Pardot (Salesforce Account Engagement)."""

    name = "tap-pardot"
    package_name = "tap-pardot-sdk"
    # A copy: the SDK adds its own settings to it.
    config_jsonschema = copy.deepcopy(SETTINGS)
    message_writer_class = BufferedWriter
    stream_types = STREAMS
    """The classes of its streams; a subclass may narrow them."""
    v5_stream_types = V5_STREAMS
    """The classes of the streams that only version 5 has; a subclass may narrow them."""
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
        self.sync_context: SyncContext | None = None
        if parse_env_config:
            config = {**(config or {}), **environment.environment(self._env_var_prefix)}
        # STATE must be loaded before discovery: streams ask Pardot for custom fields, and STATE
        # counts those calls.
        # The settings say how a catalog is prepared.
        given = None if isinstance(catalog, dict) else catalog
        super().__init__(config=config, catalog=given, setup_mapper=False, **kwargs)
        if isinstance(catalog, dict):
            self._input_catalog = Catalog.from_dict(self._prepared(catalog))
        self._states = self._state_writer = OrderedStateWriter(self.message_writer)
        if setup_mapper:
            self.setup_mapper()

    # --- settings ---

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings, with our own sentences, and set the defaults."""
        self._config = validation.normalized(self._config)
        if warning := environment.unknown(self._config):
            logger.warning("%s", warning)
        found = validation.problems(self._config)
        if not found:
            self.append_builtin_config(self.config_jsonschema)
            found = validation.schema_problems(self.config_jsonschema, self._config)
            self._config = validation.with_defaults(self._config)
        if found and raise_errors:
            raise ConfigValidationError("The settings are wrong.", errors=found)
        return found

    @cached_property
    def maps(self) -> StreamMaps:
        """The setting ``stream_maps``."""
        return StreamMaps(self.config.get("stream_maps"))

    @override
    def setup_mapper(self) -> None:
        """Make the stream maps. Their mistakes are found before the calls for custom fields.

        Raises:
            ConfigValidationError: A map of a selected stream can never be used.
        """
        stream_maps.check(self.maps, [e.name for e in self.types if self.is_selected(e)])
        streams = self.pardot_streams
        # After an error that ended the run, columns may be unknown: make no maps of them.
        maps = StreamMaps(None) if self.report.is_over else self.maps
        self.mapper = stream_maps.made(maps, streams, self.config)

    def renew_maps(self, stream: PardotStream) -> None:
        """Make the maps of a stream again, after its columns have changed.

        Raises:
            StreamFailed: A map uses a column that is not there any more.
        """
        try:
            stream_maps.renew(self.maps, stream, self.mapper)
        except ConfigValidationError as error:
            raise StreamFailed(" ".join(error.errors)) from None

    def is_selected(self, stream: type[PardotStream]) -> bool:
        """Return whether the catalog selects a stream; without one, what the stream declares."""
        if self.input_catalog is None:
            return not is_off(stream, self.include)
        entry = self.input_catalog.get_stream(stream.name)
        return entry is not None and bool(entry.metadata.resolve_selection().get((), True))

    def _prepared(self, catalog: dict[str, Any]) -> dict[str, Any]:
        """Return a catalog that the streams can apply; log what is ignored of it."""
        found = offers(self.types, self.include, reads_version_5=self.reads_version_5)
        return prepared(catalog, found, [each.name for each in self.later_types])

    # --- streams ---

    @property
    def reads_version_5(self) -> bool:
        """Whether the setting ``api_version`` is 5."""
        return validation.normalized(self._config).get("api_version") == VERSION_5

    @property
    def include(self) -> frozenset[str]:
        """The streams and columns that the setting ``include`` names."""
        return frozenset(validation.normalized(self._config).get("include") or ())

    @property
    def types(self) -> list[type[PardotStream]]:
        """The classes of the streams that the API's version has."""
        return [*self.stream_types, *(self.v5_stream_types if self.reads_version_5 else ())]

    @property
    def later_types(self) -> Sequence[type[PardotStream]]:
        """The classes of the streams that need a later version of the API."""
        return () if self.reads_version_5 else self.v5_stream_types

    @override
    def discover_streams(self) -> Sequence[PardotStream]:
        """Return all streams, with the columns that the account defines."""
        hooks = TapHooks(
            self.open_sync,
            self.renew_maps,
            lambda: self.fan_out.start(parents_follow=False),
            self.reads_version_5,
            self.include,
        )
        streams = [
            stream(
                self,
                hooks=hooks,
                custom=self.custom_columns(stream) if stream.custom_fields else None,
                is_dropped=self.maps.drops(stream.name),
            )
            for stream in self.types
        ]
        for warning in ignored_names(self.include, streams, self.later_types):
            logger.warning("%s", warning)
        return streams

    def custom_columns(self, stream: type[PardotStream]) -> CustomColumns:
        """Return the custom field columns; an error that ends the run goes into the report."""
        is_read = self.is_selected(stream) and not self.maps.drops(stream.name)
        if self.report.is_over or not is_read or not self.has_settings(stream):
            return CustomColumns()
        try:
            return columns_for_run(stream, self.open_sync())
        except TapPardotError as error:
            self.report.stop(error)
            return CustomColumns()

    def has_settings(self, stream: type[PardotStream]) -> bool:
        """Return whether the settings are valid, so that Pardot can be asked for columns."""
        if not validation.problems(validation.normalized(self._config)):
            return True
        logger.info("%s: only the standard columns are shown without settings.", stream.name)
        return False

    @property
    def pardot_streams(self) -> dict[str, PardotStream]:
        """The streams by name."""
        return cast("dict[str, PardotStream]", self.streams)

    @cached_property
    def fan_out(self) -> FanOut:
        """The fan-out to the streams that are read through others."""
        return FanOut(self.pardot_streams, self.open_sync)

    # --- STATE ---

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Take the STATE of an earlier run.

        Raises:
            ConfigurationError: A part of it cannot be read.
        """
        self.stored_state = StoredState(
            state, {each.name: each for each in (*self.stream_types, *self.v5_stream_types)}
        )
        super().load_state({"bookmarks": self.stored_state.bookmarks})
        self.stored_state.copy_to(self.all_state)

    @property
    def all_state(self) -> dict[str, Any]:
        """STATE with our own parts, which the SDK's type does not know."""
        return cast("dict[str, Any]", self.state)

    def write_state(self, *, is_last: bool = False) -> None:
        """Write STATE, after all records written so far; ``is_last``: nothing else follows."""
        self.fan_out.store()
        self._states.write_state(cast("TapState", self.all_state), is_last=is_last)
        if not is_last:
            self.fan_out.drain()

    # --- a run ---

    @cached_property
    def _connection(self) -> tuple[Client, V4]:
        stored: dict[str, Any] = {}
        if self.config.get("daily_call_limit"):
            stored = self.all_state.setdefault("calls", {})
        # When streams are discovered, the SDK leaves the settings as they came.
        config = validation.with_defaults(validation.normalized(self._config))
        return build_client(config, stored, f"{self.package_name}/{self.plugin_version}")

    @property
    def client(self) -> Client:
        """The run's one client; making it makes no call."""
        return self._connection[0]

    @property
    def dialect(self) -> V4:
        """The dialect that the client speaks."""
        return self._connection[1]

    def open_sync(self) -> SyncContext:
        """Return the context of the run; the first call makes the run's first API calls.

        Raises:
            TapPardotError: Nothing can be read.
        """
        if self.sync_context is None:
            self.sync_context = open_sync(
                self.config,
                self.client,
                self.dialect,
                report=self.report,
                write_state=self.write_state,
                adopt_state=lambda zone, start: self.stored_state.adopt(
                    self.all_state, self.config["pardot_business_unit_id"], zone, start
                ),
                stored_check=self.all_state.setdefault("timezone_check", {}),
            )
        return self.sync_context
