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
from typing import TYPE_CHECKING, Any, ClassVar
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
    by_type: ClassVar[dict[str, Callable[[Any], Any]]]

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
    def converters(self) -> dict[str, Callable[[Any], Any]]:
        """How the values of columns are converted, where they are."""
        found: dict[str, Callable[[Any], Any]] = {}
        for name, column in self.schema["properties"].items():
            kind = next(each for each in column["type"] if each != "null")
            if column.get("format") == "date-time":
                found[name] = self.utc
            elif kind in self.by_type:
                found[name] = self.by_type[kind]
        return found

    @override
    def post_process(self, row: Record, context: Context | None = None) -> Record:
        for name, convert in self.converters.items():
            if row.get(name) is not None:
                row[name] = convert(row[name])
        return row

    def utc(self, text: str) -> str:
        """Return a time of the user's zone in UTC."""
        return datetime.fromisoformat(text).replace(tzinfo=self.zone).astimezone(UTC).isoformat()


class QueryStream(PardotStream):
    """Pages by id."""

    by_type: ClassVar = {"boolean": bool, "array": lambda value: value["value"]}

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
        params = dict(self.config["params"])
        if next_page_token:
            params["id_greater_than"] = next_page_token
        return params


class ExportStream(PardotStream):
    """Creates an export, waits for it and reads its files."""

    path = ""
    by_type: ClassVar = {
        "integer": int,
        "number": float,
        "boolean": lambda text: text == "1",
        "array": lambda text: text.split(";"),
    }

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        arguments = dict(self.config["params"])
        body = {
            "object": self.config["object"],
            "fields": arguments.pop("fields").split(","),
            "procedure": {"name": "filter_by_updated_at", "arguments": arguments},
        }
        job = self.call("POST", f"{self.url_base}/export/version/4/do/create", json=body)
        address = f"{self.url_base}/export/version/4/do/read/id/{job.json()['export']['id']}"
        while (job := self.call("GET", address).json()["export"])["state"] != "Complete":
            time.sleep(1)
        links = job["resultRefs"]
        for link in [links] if isinstance(links, str) else links:
            for row in csv.DictReader(io.StringIO(self.call("GET", link).text)):
                yield {name: text or None for name, text in row.items()}

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
        answer.encoding = "utf-8"
        return answer


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
        th.Property("source", th.StringType, required=True, description="query or export"),
        th.Property("params", th.ObjectType(additional_properties=True), required=True),
    ).to_dict()

    @override
    def discover_streams(self) -> list[PardotStream]:
        return [ExportStream(self) if self.config["source"] == "export" else QueryStream(self)]


if __name__ == "__main__":
    OrdinaryTap.cli()
