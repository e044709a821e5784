"""Streams by how they are read."""

from tap_pardot.api.dialect import Query, Record
from tap_pardot.streams import STREAMS
from tap_pardot.streams.endpoints import endpoints_of

QUERIES = tuple(
    stream for stream in STREAMS if isinstance(endpoints_of(stream)[0], (Query, Record))
)
"""Those that a query alone brings."""
