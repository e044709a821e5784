"""E-mails, their figures and their templates: ids come from activities and clicks."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from zlib import crc32

from singer_sdk import typing as th

from tap_pardot.api.codes import UNKNOWN_RECORD
from tap_pardot.errors import StreamFailed
from tap_pardot.records.times import to_iso
from tap_pardot.sources.legacy_query import row_id
from tap_pardot.state.id_set import MOST_IN_STATE, pack, unpack
from tap_pardot.streams.children import ReadChild

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.singerlib import MetadataMapping

    from tap_pardot.tap import TapPardot

_MOST_KNOWN = 1000  # ids of e-mails that STATE remembers as read
_SENT = 6  # the activity type of an e-mail that was sent (reference E.1)


class Emails(ReadChild):
    """E-mails that activities or clicks name.

    An e-mail does not change once it is sent, so the youngest ones that were read are remembered.
    A click names the list e-mail only; it is read by that id unless an activity of the run tells
    which e-mail it is (reference C.6).
    """

    name = "emails"
    pardot_object = "email"
    family = "emails"
    feeds: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "visitor_activities": ("email_id", "list_email_id"),
        "email_clicks": ("list_email_id", "created_at"),
    }
    api_names = {  # noqa: RUF012
        "message_text": ("message.text",),
        "message_html": ("message.html",),
    }

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="E-mail id."),
        th.Property("name", th.StringType, description="Name."),
        th.Property("subject", th.StringType, description="Subject."),
        th.Property(
            "is_one_to_one", th.BooleanType, description="Sent to one prospect, not to a list."
        ),
        th.Property(
            "message_text", th.StringType, description="The text body; not selected by default."
        ),
        th.Property(
            "message_html", th.StringType, description="The HTML body; not selected by default."
        ),
        th.Property("created_at", th.DateTimeType, description="When it was made, in UTC."),
    ).to_dict()

    def __init__(self, tap: TapPardot) -> None:
        super().__init__(tap)
        self._added: set[int] = set()
        """Ids among the pending ones that are list e-mails."""

    @cached_property
    def _named(self) -> set[int]:
        """List e-mails whose e-mail an activity has named, also before an interrupted run ended."""
        return set(unpack(self.stream_state.get("named_list_emails")))

    @cached_property
    def _unnamed(self) -> dict[int, str | None]:
        """List e-mails that clicks name, and when; those in STATE without a time."""
        return dict.fromkeys(unpack(self.stream_state.get("pending_list_emails")))

    @property
    def metadata(self) -> MetadataMapping:
        """The catalog's metadata; bodies, which may be megabytes, are off unless selected."""
        fresh = self._metadata is None
        metadata = super().metadata
        if fresh and self._tap_input_catalog is None:
            for name in ("message_text", "message_html"):
                metadata["properties", name].selected_by_default = False
        return metadata

    @cached_property
    def _with_message(self) -> bool:
        return not {"message_text", "message_html"}.isdisjoint(self.columns)

    @cached_property
    def _known(self) -> set[int]:
        """The ids that need not be read again for these columns."""
        if self.stream_state.get("columns") != self._columns_mark:
            return set()
        return set(unpack(self.stream_state.get("known")))

    @cached_property
    def _columns_mark(self) -> str:
        return f"{crc32(' '.join(self.columns).encode()):08x}"

    def want(self, number: int | None, when: str | None) -> None:
        """Add an id, unless it is out already."""
        if number not in self._known:
            super().want(number, when)

    @property
    def overflows(self) -> bool:
        """Whether there are too many ids for STATE, with those of clicks."""
        return super().overflows or len(self.pending.few() | self._unnamed.keys()) > MOST_IN_STATE

    def take(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:  # noqa: ARG002
        """Take the ids of an activity or a click."""
        email, list_email = record.get("email_id"), record.get("list_email_id")
        if email is not None:
            self.want(email, when)
            if list_email is not None:
                self._named.add(list_email)
        elif list_email is not None and list_email not in self._known:
            self._unnamed[list_email] = when

    def keep(self) -> None:
        """Put into STATE what is still to be read, and what was."""
        list_emails = self._unnamed.keys() - self._named
        self.stream_state["pending"] = pack(self.pending.few() - self._added)
        self.stream_state["pending_list_emails"] = pack(list_emails)
        # Without them a click that comes later costs a call, no more.
        named = self._named if len(self._named) <= MOST_IN_STATE else ()
        self.stream_state["named_list_emails"] = pack(named)
        self.stream_state["known"] = pack(sorted(self._known)[-_MOST_KNOWN:])
        self.stream_state["columns"] = self._columns_mark

    def overflowing(self, kept: dict[str, Any]) -> dict[str, Any]:
        """Return this stream's part of STATE while the parents' windows are kept open."""
        part = super().overflowing(kept)
        list_emails = unpack(kept.get("pending_list_emails"))
        part["pending_list_emails"] = pack(n for n in list_emails if n > self.read_up_to)
        return part

    def ids(self) -> Iterator[int]:
        """Yield the ids to read, among them those of list e-mails that no activity told of."""
        list_emails = self._unnamed.keys() - self._named
        # An id may be that of an e-mail, too. Where that cannot be seen, it is kept as both.
        self._added = set() if self.pending.overflows else list_emails - self.pending.few()
        for number in list_emails:
            self.want(number, self._unnamed[number])
        return super().ids()

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield the records of the pending ids."""
        whole = not self.overdue
        yield from super().read()
        if whole:
            self._unnamed.clear()
            self._named.clear()

    def done_with(self, number: int, *, all_before: bool = True) -> None:
        """Remember an id that was read, or that Pardot does not know."""
        super().done_with(number, all_before=all_before)
        self._known.add(number)
        self._unnamed.pop(number, None)

    def fetch(self, number: int) -> dict[str, Any]:
        """Return one e-mail, without its bodies unless they are selected."""
        params = {} if self._with_message else {"include_message": "false"}
        path = (self.pardot_object, "read", "id", str(number))
        row = self.run.client.read(self.name, path, self.pardot_object, params, may_be_empty=True)
        return row if row_id(row) > 0 else {}


class EmailStats(ReadChild):
    """Figures of list e-mails: of those that activities or clicks name, and of those sent lately.

    The figures of an e-mail change only with its activities and clicks.
    """

    name = "email_stats"
    pardot_object = "email"
    family = "emails"
    primary_keys = ("list_email_id",)
    feeds: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "visitor_activities": ("list_email_id", "type", "created_at"),
        "email_clicks": ("list_email_id", "created_at"),
    }
    # A client of the API names it so.
    api_names = {"opt_out_rate": ("opt_out_rate", "out_out_rate")}  # noqa: RUF012

    schema = th.PropertiesList(
        th.Property("list_email_id", th.IntegerType, required=True, description="List e-mail id."),
        th.Property("sent", th.IntegerType, description="E-mails sent."),
        th.Property("delivered", th.IntegerType, description="E-mails delivered."),
        th.Property("total_clicks", th.IntegerType, description="Clicks."),
        th.Property("unique_clicks", th.IntegerType, description="Prospects who clicked."),
        th.Property("soft_bounced", th.IntegerType, description="Bounced for the moment."),
        th.Property("hard_bounced", th.IntegerType, description="Bounced for good."),
        th.Property("opt_outs", th.IntegerType, description="Prospects who opted out."),
        th.Property("spam_complaints", th.IntegerType, description="Complaints about spam."),
        th.Property("opens", th.IntegerType, description="Opens."),
        th.Property("unique_opens", th.IntegerType, description="Prospects who opened it."),
        th.Property("delivery_rate", th.NumberType, description="Percent of those sent."),
        th.Property("opens_rate", th.NumberType, description="Percent of those delivered."),
        th.Property("click_through_rate", th.NumberType, description="Percent of those delivered."),
        th.Property(
            "unique_click_through_rate", th.NumberType, description="Percent of those delivered."
        ),
        th.Property("click_open_ratio", th.NumberType, description="Clicks by opens, in percent."),
        th.Property("opt_out_rate", th.NumberType, description="Percent of those delivered."),
        th.Property(
            "spam_complaint_rate", th.NumberType, description="Percent of those delivered."
        ),
        th.Property("read_at", th.DateTimeType, description="When the figures were true, in UTC."),
    ).to_dict()

    @cached_property
    def _sent_on(self) -> dict[int, str]:
        """The day, in UTC, on which each e-mail was last sent, as far as that is not long ago."""
        days = self.stream_state.get("recent") or []
        return {number: day for day, numbers in days for number in unpack(numbers)}

    def _sent_lately(self) -> list[tuple[str, int]]:
        """Return the e-mails sent in the last ``email_stats_days`` days, with their days."""
        days = self.config["email_stats_days"]
        first = f"{self.run.now() - timedelta(days=days):%Y-%m-%d}"
        return [(day, number) for number, day in self._sent_on.items() if days and day >= first]

    def take(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:  # noqa: ARG002
        """Take the list e-mail of an activity or a click, and when it was sent."""
        number = record.get("list_email_id")
        if number is None:
            return
        self.want(number, when)
        if record.get("type") == _SENT and record["created_at"]:
            day = record["created_at"][:10]
            self._sent_on[number] = max(day, self._sent_on.get(number, day))

    def keep(self) -> None:
        """Put into STATE what is still to be read, and what was sent lately."""
        super().keep()
        days: dict[str, list[int]] = {}
        for day, number in self._sent_lately():
            days.setdefault(day, []).append(number)
        self.stream_state["recent"] = [[day, pack(days[day])] for day in sorted(days)]

    def ids(self) -> Iterator[int]:
        """Yield the ids to read, with those sent lately."""
        for _, number in self._sent_lately():
            self.pending.add(number)
        return super().ids()

    def fetch(self, number: int) -> dict[str, Any]:
        """Return one e-mail's figures; where nothing was sent, there are no rates."""
        path = (self.pardot_object, "stats", "id", str(number))
        row = self.run.client.read(self.name, path, "stats", may_be_empty=True)
        if not row:
            return {}
        if str(row.get("sent")) == "0":
            row = {key: value for key, value in row.items() if not key.endswith(_RATES)}
        return row | {"list_email_id": number, "read_at": self.run.now()}

    def record(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the record of an answer, with the time it came."""
        moment = row.pop("read_at")
        record = super().record(row)
        if "read_at" in record:
            record["read_at"] = to_iso(moment)
        return record


_RATES = ("_rate", "_ratio")


class EmailTemplates(ReadChild):
    """Templates: all for one-to-one e-mails, and those that activities or clicks name.

    The list of templates for one-to-one e-mails has not all of a template's columns, and a null
    would overwrite what was read before: a listed template is read by its id when it is new to
    the list, or changed in it.
    """

    name = "email_templates"
    pardot_object = "emailTemplate"
    family = "emails"
    feeds: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "visitor_activities": ("email_template_id",),
        "email_clicks": ("email_template_id", "created_at"),
    }
    api_names = {  # noqa: RUF012
        "send_options_reply_to_address": ("sendOptions.replyToAddress",),
        "send_options_send_from_data": ("sendFromData",),
    }

    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True, description="E-mail template id."),
        th.Property("name", th.StringType, description="Name."),
        th.Property("subject", th.StringType, description="Subject."),
        th.Property("from_name", th.StringType, description="Name of the sender."),
        th.Property("html_message", th.StringType, description="The HTML body."),
        th.Property("text_message", th.StringType, description="The text body."),
        th.Property("tracked_html_message", th.StringType, description="HTML with tracked links."),
        th.Property("tracked_text_message", th.StringType, description="Text with tracked links."),
        th.Property("is_one_to_one_email", th.BooleanType, description="For one-to-one e-mails."),
        th.Property("is_auto_responder_email", th.BooleanType, description="For autoresponders."),
        th.Property("is_drip_email", th.BooleanType, description="For engagement programs."),
        th.Property("is_list_email", th.BooleanType, description="For list e-mails."),
        th.Property("is_archived", th.BooleanType, description="In the recycle bin."),
        th.Property("email_type", th.IntegerType, description="Kind of e-mail, as a number."),
        th.Property("type", th.IntegerType, description="0 text, 1 HTML, 2 both."),
        th.Property(
            "send_options_reply_to_address", th.StringType, description="Where replies go."
        ),
        th.Property(
            "send_options_send_from_data",
            th.ArrayType(th.AnyType()),
            description="The senders to try, in their order.",
        ),
    ).to_dict()

    def __init__(self, tap: TapPardot) -> None:
        super().__init__(tap)
        self._listed: dict[int, dict[str, Any]] = {}

    def probe(self) -> str:
        """Ask for the list."""
        self._list()
        return ""

    def take(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:  # noqa: ARG002
        """Take the template of an activity or a click."""
        self.want(record.get("email_template_id"), when)

    def ids(self) -> Iterator[int]:
        """Yield the ids to read, with those that are new or changed in the list.

        What the list said is in STATE at once: from then on those ids are pending.
        """
        rows = self._list()
        self._listed = {number: row for row in rows if (number := row_id(row)) > 0}
        if without_id := sum(row_id(row) <= 0 for row in rows):
            self.logger.warning(
                "%s: %d rows without a usable id were left out.", self.name, without_id
            )
        before, now = self.stream_state.get("listed"), sums_of(self._listed)
        for number in self._listed:
            bucket = slice(*_bucket(number))
            if not isinstance(before, str) or before[bucket] != now[bucket]:
                self.pending.add(number)
        self.stream_state["listed"] = now
        return super().ids()

    def _list(self) -> list[dict[str, Any]]:
        """Return the templates for one-to-one e-mails, archived ones too."""
        return self.run.client.listing(
            self.name,
            (self.pardot_object, "listOneToOne"),
            ("emailTemplates", "templates"),
            {"archived": "true"},
        )

    def fetch(self, number: int) -> dict[str, Any]:
        """Return one template; the list's words where they suffice, or are all there is."""
        listed = self._listed.get(number, {})
        if listed and _IN_LIST.issuperset(self.columns):
            return listed
        path = (self.pardot_object, "read", "id", str(number))
        try:
            row = self.run.client.read(
                self.name, path, self.pardot_object, {"archived": "true"}, may_be_empty=True
            )
        except StreamFailed as error:
            if error.code not in UNKNOWN_RECORD:
                raise
            return listed
        if is_error(row) or row_id(row) <= 0:
            return listed
        return with_send_options(row)


_IN_LIST = frozenset(
    {
        *("id", "name", "subject", "from_name", "email_type", "type", "is_archived"),
        *("is_one_to_one_email", "is_auto_responder_email", "is_drip_email", "is_list_email"),
    }
)
"""Columns that the list of templates for one-to-one e-mails has (reference C.8)."""

_BUCKETS, _DIGITS = 16, 8


def sums_of(rows: Mapping[int, Mapping[str, Any]]) -> str:
    """Return checksums of rows, in as many groups as STATE has room for."""
    sums = [0] * _BUCKETS
    for number in sorted(rows):
        text = repr(sorted(rows[number].items())).encode()
        sums[number % _BUCKETS] = crc32(text, sums[number % _BUCKETS])
    return "".join(f"{each:0{_DIGITS}x}" for each in sums)


def _bucket(number: int) -> tuple[int, int]:
    """Return where the checksum of an id's group is."""
    start = number % _BUCKETS * _DIGITS
    return start, start + _DIGITS


def is_error(row: Mapping[str, Any]) -> bool:
    """Whether a template's record says that there is none (reference C.8)."""
    return row.get("error") not in (None, 0, "0", False, "false", "")


def with_send_options(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template's row in which texts that hold JSON are what they hold."""
    options = row.get("sendOptions")
    if not isinstance(options, dict):
        return dict(row)
    reply_to, senders = (_parsed(options.get(key)) for key in ("replyToAddress", "sendFromData"))
    if isinstance(reply_to, list):
        reply_to = ", ".join(each for each in reply_to if isinstance(each, str)) or None
    return {**row, "sendOptions": {"replyToAddress": reply_to}, "sendFromData": senders}


def _parsed(text: Any) -> Any:
    """Return what a text of JSON holds; another text is its own value."""
    if not isinstance(text, str) or text[:1] not in {"[", "{"}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
