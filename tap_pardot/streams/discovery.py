"""The calls of discovery: they read which custom fields an account has."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from tap_pardot.api.v5 import V5
from tap_pardot.errors import Outage, StreamFailed, StreamSkipped
from tap_pardot.records import custom_fields
from tap_pardot.streams.account_columns import CustomColumns
from tap_pardot.sync.account import is_missing_address, read_first
from tap_pardot.sync.context import unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_pardot.api.client import Client
    from tap_pardot.api.v4 import V4
    from tap_pardot.records.custom_fields import Field
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.sync.context import SyncContext

logger = logging.getLogger("tap-pardot")

_FIELDS_OF_FIELDS = ("id", "name", "fieldId", "type", "isRecordMultipleResponses")
"""The fields of a custom field that version 5 is asked for."""
_UNKNOWN = "%s: only the standard columns are known: %s"


def columns_for_run(stream: type[PardotStream], sync: SyncContext) -> CustomColumns:
    """Return the custom field columns of a stream for a run.

    If only this stream fails, the error is in the result; it is raised in the stream's turn.

    Raises:
        TapPardotError: The run cannot go on.
    """
    try:
        return _read(stream, sync.client, sync.dialect if sync.has_version_4 else sync.dialect_5)
    except StreamFailed as error:
        return CustomColumns(failure=error)
    except Outage as outage:
        if sync.client.is_isolated(outage):
            return CustomColumns(failure=outage.as_stream_failure())
        raise unreachable(outage) from outage


def columns_for_catalog(
    stream: type[PardotStream], client: Client, dialect: V4, dialect_5: V5 | None = None
) -> CustomColumns:
    """Return the custom field columns of a stream for a catalog; none if Pardot refuses them.

    Args:
        stream: The stream.
        client: Makes the calls.
        dialect: Builds the requests.
        dialect_5: Builds them if the account lacks versions 3 and 4; None if ``api_version`` is
            not 5.

    Raises:
        TapPardotError: The login does not work, or Pardot cannot be reached.
    """
    try:
        try:
            return _read(stream, client, dialect)
        except StreamFailed as error:
            if dialect_5 is None or not is_missing_address(error):
                raise
            return _read(stream, client, dialect_5)
    except StreamFailed as error:
        client.check_answered(error)
        logger.warning(_UNKNOWN, stream.name, error)
        return CustomColumns()
    except Outage as outage:
        raise unreachable(outage) from outage


def _read(stream: type[PardotStream], client: Client, dialect: V4 | V5) -> CustomColumns:
    """Return the custom field columns; none without the right to read them. Errors as of calls."""
    try:
        fields = [*_fields(stream, client, dialect)]
    except StreamSkipped as error:
        logger.warning(_UNKNOWN, stream.name, error)
        return CustomColumns()
    standard = cast("dict[str, Any]", stream.schema)["properties"]
    columns, names = custom_fields.columns(fields, standard, stream.computed)
    return CustomColumns(columns, names, are_known=True)


def _fields(stream: type[PardotStream], client: Client, dialect: V4 | V5) -> Iterable[Field]:
    if isinstance(dialect, V5):
        if stream.name != "prospects":  # it has no custom fields of others
            return ()
        rows = read_first(client, dialect, "custom_fields", "custom-fields", _FIELDS_OF_FIELDS)
        return custom_fields.of_prospects(rows)
    if stream.name == "prospects":
        rows = read_first(client, dialect, "custom_fields", "customField")
        return custom_fields.of_prospects(rows)
    return custom_fields.of_accounts(
        client.call(stream.name, dialect.describe("prospectAccount"), store=True)
    )
