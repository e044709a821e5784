"""An ordinary tap on the SDK, to measure beside: what its template gives, filled in for Pardot.

    python benchmarks/ordinary_tap.py --config CONFIG

It reads one stream, named in its settings, by query or by export. Values are converted in
``post_process``; everything else is the SDK's.
"""

from __future__ import annotations

import csv
import io
import sys
import time
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from singer_sdk import Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import OAuthAuthenticator
from singer_sdk.streams import RESTStream

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from singer_sdk.helpers.types import Context, Record

PAGE = 200
TIMEOUT = 300


class Login(OAuthAuthenticator):
    """Logs in with a refresh token.

    Args:
        settings: The tap's.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        url = f"{settings['login_url']}/services/oauth2/token"
        super().__init__(auth_endpoint=url, default_expiration=3600)
        self._settings = settings

    @property
    @override
    def oauth_request_body(self) -> dict[str, Any]:
        names = ("client_id", "client_secret", "refresh_token")
        form = {name: self._settings[name] for name in names}
        return {"grant_type": "refresh_token", **form}


class PardotStream(RESTStream[int]):
    """One stream, with the name, the object and the schema that the settings give it."""

    primary_keys = ("id",)

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap, name=tap.config["stream"], schema=tap.config["schema"])
        self.replication_key = tap.config["replication_key"]
        self.zone = ZoneInfo(tap.config["timezone"])

    @property
    @override
    def url_base(self) -> str:
        return f"{self.config['api_url']}/api"

    @cached_property
    @override
    def authenticator(self) -> Login:
        return Login(self.config)

    @property
    @override
    def http_headers(self) -> dict[str, str]:
        return {"Pardot-Business-Unit-Id": self.config["pardot_business_unit_id"]}

    @cached_property
    def times(self) -> list[str]:
        """The columns that hold times."""
        columns = self.schema["properties"].items()
        return [name for name, column in columns if column.get("format") == "date-time"]

    @cached_property
    def converters(self) -> dict[str, Callable[[Any], Any]]:
        """How the columns are converted that are no strings."""
        by_type = {"integer": int, "number": float, "boolean": lambda text: text == "1"}
        found: dict[str, Callable[[Any], Any]] = dict.fromkeys(self.times, self.utc)
        for name, column in self.schema["properties"].items():
            kind = next(each for each in column["type"] if each != "null")
            if kind == "array":
                found[name] = lambda text: text.split(";")
            elif kind in by_type:
                found[name] = by_type[kind]
        return found

    def utc(self, text: str) -> str:
        """Return a time of the user's zone in UTC."""
        return datetime.fromisoformat(text).replace(tzinfo=self.zone).astimezone(UTC).isoformat()


class QueryStream(PardotStream):
    """Pages by id."""

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap)
        name = tap.config["object"]
        self.path = f"/{name}/version/4/do/query"
        self.next_page_token_jsonpath = f"$.result.{name}[-1:].id"

    @property
    @override
    def records_jsonpath(self) -> str:
        return f"$.result.{self.config['object']}[*]"

    @override
    def get_url_params(
        self, context: Context | None, next_page_token: int | None
    ) -> dict[str, Any]:
        params = {"format": "json", "output": "bulk", "limit": PAGE, "sort_by": "id"}
        params |= {"sort_order": "ascending"}
        if next_page_token:
            params["id_greater_than"] = next_page_token
        return params

    @override
    def post_process(self, row: Record, context: Context | None = None) -> Record:
        for name in self.times:  # JSON has types for all others
            if row.get(name):
                row[name] = self.utc(row[name])
        return row


class ExportStream(PardotStream):
    """Creates an export, waits for it and reads its files."""

    path = ""

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        body = {
            "object": self.config["object"],
            "fields": self.config["fields"],
            "procedure": {
                "name": "filter_by_updated_at",
                "arguments": {
                    "updated_after": self.config["updated_after"],
                    "updated_before": self.config["updated_before"],
                },
            },
        }
        job = self.call("POST", f"{self.url_base}/export/version/4/do/create", json=body)
        address = f"{self.url_base}/export/version/4/do/read/id/{job.json()['export']['id']}"
        while (job := self.call("GET", address).json()["export"])["state"] != "Complete":
            time.sleep(1)
        links = job["resultRefs"]
        for link in [links] if isinstance(links, str) else links:
            yield from csv.DictReader(io.StringIO(self.call("GET", link).text))

    def call(self, method: str, url: str, **body: Any) -> Any:
        """Send a request and return the answer."""
        answer = self.requests_session.request(
            method,
            url,
            params={"format": "json"},
            headers=self.http_headers,
            auth=self.authenticator,
            timeout=TIMEOUT,
            **body,
        )
        answer.raise_for_status()
        return answer

    @override
    def post_process(self, row: Record, context: Context | None = None) -> Record:
        record = {name.lower(): text or None for name, text in row.items()}
        for name, convert in self.converters.items():
            if record.get(name) is not None:
                record[name] = convert(record[name])
        return record


class OrdinaryTap(Tap):
    """The tap."""

    name = "tap-ordinary"
    config_jsonschema = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True),
        th.Property("login_url", th.StringType, required=True),
        th.Property("pardot_business_unit_id", th.StringType, required=True),
        th.Property("client_id", th.StringType, required=True),
        th.Property("client_secret", th.StringType, required=True, secret=True),
        th.Property("refresh_token", th.StringType, required=True, secret=True),
        th.Property("timezone", th.StringType, required=True),
        th.Property("stream", th.StringType, required=True),
        th.Property("object", th.StringType, required=True),
        th.Property("replication_key", th.StringType, required=True),
        th.Property("schema", th.ObjectType(additional_properties=True), required=True),
        th.Property("fields", th.ArrayType(th.StringType), description="Of an export."),
        th.Property("updated_after", th.StringType, description="Of an export."),
        th.Property("updated_before", th.StringType, description="Of an export."),
    ).to_dict()

    @override
    def discover_streams(self) -> list[PardotStream]:
        return [ExportStream(self) if "fields" in self.config else QueryStream(self)]


if __name__ == "__main__":
    OrdinaryTap.cli()
