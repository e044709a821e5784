"""Streams by how they are read."""

from tap_pardot.streams import STREAMS
from tap_pardot.streams.children import Child
from tap_pardot.streams.exports import ExportStream

QUERIES = tuple(stream for stream in STREAMS if not issubclass(stream, (Child, ExportStream)))
"""Those that a query alone brings."""
