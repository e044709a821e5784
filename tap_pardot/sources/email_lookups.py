"""The lookups of e-mails, of their figures and lists, and of e-mail templates: special rules."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zlib import crc32

from tap_pardot.api.codes import ACCESS_DENIED, NO_RIGHT, UNKNOWN_RECORD
from tap_pardot.errors import StreamFailed, StreamSkipped
from tap_pardot.records.times import to_iso
from tap_pardot.records.values import camel_case
from tap_pardot.sources.lookup import IdLookup, LookupResult
from tap_pardot.sources.paging import row_id
from tap_pardot.state.id_set import MAX_IN_STATE, pack, pack_pairs, unpack, unpack_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_pardot.api.dialect import Row

logger = logging.getLogger("tap-pardot")

_MAX_KNOWN = 1000  # ids of e-mails that STATE stores as read
_BODIES = frozenset({"message_text", "message_html"})
_LIST_EMAIL = "list_email_id"
_PAIRS = "list_emails_of_pending"
_SENT = 6  # the activity type of an e-mail that was sent (reference E.1)
_RATES = ("_rate", "_ratio", "Rate", "Ratio")
_REFUSED = UNKNOWN_RECORD | {NO_RIGHT, ACCESS_DENIED}


@dataclass
class EmailLookup(IdLookup):
    """The lookup of e-mails, which do not change after they are sent.

    STATE stores the newest ids that were read, so that they are read once. A click names only the
    id of a list e-mail. That e-mail is looked up by its list id when all parents are read, unless
    an activity names both ids (reference C.6).

    Pardot does not send the list e-mail's id with an e-mail. It is that of the activities or clicks
    that name the e-mail, of one that has it; STATE stores it as long as the e-mail is pending. An
    e-mail that was read is not read again for this column alone.
    """

    _known: set[int] = field(init=False)
    """E-mails that were read with the columns selected now."""
    _clicked: set[int] = field(init=False)
    """List e-mail ids that clicks name."""
    _named: set[int] = field(init=False)
    """List e-mail ids that an activity names together with the e-mail's own id."""
    _pairs: dict[int, int] = field(init=False)
    """The list e-mail's id by pending e-mail; empty if the column is not selected."""
    _keeps_pairs: bool = field(init=False)
    """Whether the column is selected."""
    _is_complete: bool = field(default=False, init=False)
    """Whether all parents are read, so that clicked list e-mails can be looked up."""

    def __post_init__(self) -> None:
        """Load the ids of an earlier run from STATE."""
        super().__post_init__()
        is_same = self.state.get("columns") == self._columns_checksum
        self._known = set(unpack(self.state.get("known"))) if is_same else set()
        self._clicked = set(unpack(self.state.get("pending_list_emails")))
        self._named = set(unpack(self.state.get("named_list_emails")))
        self._keeps_pairs = _LIST_EMAIL in self.columns
        self._pairs = unpack_pairs(self.state.get(_PAIRS)) if self._keeps_pairs else {}

    @property
    def _columns_checksum(self) -> str:
        read = (name for name in self.columns if name != _LIST_EMAIL)
        return f"{crc32(' '.join(read).encode()):08x}"

    def on_parent_record(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:
        """Add the ids of an activity or a click."""
        email, list_email = record.get("email_id"), record.get("list_email_id")
        if list_email is not None and list_email <= 0:
            list_email = None
        if email is None:
            if list_email is not None and not self._marks.cover(parent, list_email, when):
                self._add_clicked(list_email)
            return
        if list_email is not None:
            self._named.add(list_email)
        if email not in self._known:
            self.enqueue(email, parent, when)
            if list_email is not None and self._pairs.get(email) != list_email:
                self._add_pair(email, list_email)

    def _add_pair(self, email: int, list_email: int) -> None:
        if self._keeps_pairs and email in self.pending:
            self._pairs[email] = list_email

    def _add_clicked(self, number: int) -> None:
        if number in self._known:
            return
        self._clicked.add(number)
        if len(self._clicked) > MAX_IN_STATE:
            # If an activity names such an e-mail later, it is read twice.
            for each in self._clicked - self._named:
                if each not in self.pending:
                    self.pending.add(each)
                    self._add_pair(each, each)
            self._clicked.clear()

    def complete(self) -> None:
        """Add the list e-mails that only clicks name."""
        self._is_complete = True

    def waiting(self) -> list[int]:
        """Return the ids to read now, in ascending order."""
        waiting = super().waiting()
        if not self._is_complete:
            return waiting
        clicked = (n for n in self._clicked - self._named if not self.pending.was_tried(n))
        return sorted({*waiting, *clicked})

    def ask(self, number: int) -> LookupResult:
        """Look up an e-mail, without its bodies unless they are selected."""
        params = {} if _BODIES.intersection(self.columns) else {"include_message": "false"}
        row = self.call(self.dialect.lookup(self.endpoint, number, params))
        return LookupResult(self._with_list_email(number, row) if row_id(row) > 0 else None)

    def _with_list_email(self, number: int, row: Row) -> Row:
        """Return an e-mail with its list e-mail's id, if the row does not have it."""
        # An id that is not pending is that of a list e-mail, which a click names.
        own = number if number in self._clicked and number not in self.pending else None
        found = self._pairs.get(number, own)
        has_one = any(row.get(name) is not None for name in (_LIST_EMAIL, camel_case(_LIST_EMAIL)))
        return row if has_one or found is None else {**row, _LIST_EMAIL: found}

    def mark_read(self, number: int) -> None:
        """Store that an e-mail was read, or that Pardot does not know it."""
        super().mark_read(number)
        self._known.add(number)
        self._pairs.pop(number, None)
        self._clicked.discard(number)

    def finish(self) -> None:
        """Drop the ids of list e-mails, because all are read."""
        super().finish()
        self._clicked.clear()
        self._named.clear()

    def save_state(self) -> None:
        """Put the pending ids into STATE, and those that were read."""
        super().save_state()
        if self._keeps_pairs or _PAIRS in self.state:
            self.state[_PAIRS] = pack_pairs(self._pairs)
        self.state["pending_list_emails"] = pack(self._clicked - self._named)
        # Too many are not stored: a later click on such an e-mail then costs a call.
        named = self._named if len(self._named) <= MAX_IN_STATE else ()
        self.state["named_list_emails"] = pack(named)
        self.state["known"] = pack(sorted(self._known)[-_MAX_KNOWN:])
        self.state["columns"] = self._columns_checksum


@dataclass
class EmailStatsLookup(IdLookup):
    """The lookup of statistics of list e-mails.

    They are read after each activity or click, and for some days after the e-mail was sent. Where
    a parent lists the e-mails, those that are sent are read when they are new or changed, too. The
    id is the same in all versions of the API, so figures that one refuses are asked of another.
    """

    _sent_on: dict[int, str] = field(init=False)
    """The day (UTC) on which each list e-mail was last sent."""

    def __post_init__(self) -> None:
        """Load the ids of an earlier run from STATE."""
        super().__post_init__()
        days = self.state.get("recent") or []
        self._sent_on = {number: day for day, numbers in days for number in unpack(numbers)}

    def _recently_sent(self) -> list[tuple[str, int]]:
        """Return day and id of the e-mails that were sent in the last ``email_stats_days`` days."""
        first = f"{self.now() - timedelta(days=self.recent_days):%Y-%m-%d}"
        sent = self._sent_on.items() if self.recent_days else ()
        return [(day, number) for number, day in sent if day >= first]

    def on_parent_record(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:
        """Add the list e-mail of a record, and note when it was or will be sent."""
        number = record.get(self.endpoint.parents[parent][0])
        if number is None:
            return
        if parent == self.endpoint.complete_parent:
            sent_at = record["sent_at"]
            is_sent = record["is_sent"] or (sent_at and sent_at <= to_iso(self.now()))
        else:
            is_sent, sent_at = True, record["created_at"] if record.get("type") == _SENT else None
        if is_sent:
            self.enqueue(number, parent, when)
        if sent_at:
            day = sent_at[:10]
            self._sent_on[number] = max(day, self._sent_on.get(number, day))

    def complete(self) -> None:
        """Add the e-mails that were sent recently; some are scheduled for days to come."""
        today = f"{self.now():%Y-%m-%d}"
        for day, number in self._recently_sent():
            if day <= today:
                self.pending.add(number)

    def _figures(self, number: int) -> Row:
        """Return an e-mail's figures, of another dialect where the first one refuses them."""
        try:
            return self.call(self.dialect.lookup(self.endpoint, number))
        except (StreamFailed, StreamSkipped) as error:
            if self.other is None or error.code not in _REFUSED:
                raise
            dialect, endpoint = self.other
            return self.call(dialect.lookup(endpoint, number))

    def ask(self, number: int) -> LookupResult:
        """Look up an e-mail's statistics. If nothing was sent, the rates are null."""
        row = self._figures(number)
        if not row:
            return LookupResult(None)
        if str(row.get("sent")) == "0":
            row = {key: value for key, value in row.items() if not key.endswith(_RATES)}
        values = {"read_at": to_iso(self.now())} if "read_at" in self.columns else {}
        return LookupResult(row | {"list_email_id": number}, values)

    def save_state(self) -> None:
        """Put the pending ids into STATE, and the recently sent ones by day."""
        super().save_state()
        days: dict[str, list[int]] = {}
        for day, number in self._recently_sent():
            days.setdefault(day, []).append(number)
        self.state["recent"] = [[day, pack(days[day])] for day in sorted(days)]


@dataclass
class ListEmailLookup(IdLookup):
    """The lookup of list e-mails with the lists that they are sent to.

    Where Pardot refuses the lists by their names, it takes the fields in them (reference v5 B.9).
    """

    _are_dotted: bool = field(default=False, init=False)

    def ask(self, number: int) -> LookupResult:
        """Look up a list e-mail."""
        if self._are_dotted:
            return self._ask_dotted(number)
        try:
            return super().ask(number)
        except StreamFailed as error:
            if error.code not in self.dialect.field_codes:
                raise
        found = self._ask_dotted(number)
        self._are_dotted = True
        return found

    def _ask_dotted(self, number: int) -> LookupResult:
        names = self.endpoint.params["fields"].split(",")
        dotted = ",".join(f"{name}.id" if name.endswith("Lists") else name for name in names)
        row = self.call(self.dialect.lookup(self.endpoint, number, {"fields": dotted}))
        return LookupResult(row)


@dataclass
class EmailTemplateLookup(IdLookup):
    """The lookup of e-mail templates.

    Pardot lists the templates for one-to-one e-mails, but without some columns. Nulls in these
    would overwrite loaded values. So a template that is new in the list, or whose row there has
    changed, is looked up by its id. STATE stores checksums of the list.
    """

    _listed: dict[int, Row] = field(default_factory=dict, init=False)
    """The rows of the list, by id."""

    def probe(self) -> None:
        """Read the list; errors as of the client."""
        self._list()

    def complete(self) -> None:
        """Add the templates that are new or changed in the list.

        STATE gets the new checksums in the same step as the pending ids, so none is lost.
        """
        rows = self._list()
        self._listed = {number: row for row in rows if (number := row_id(row)) > 0}
        if without_id := sum(row_id(row) <= 0 for row in rows):
            logger.warning("%s: %d rows without a usable id were left out.", self.name, without_id)
        before, now = self.state.get("listed"), checksums(self._listed)
        for number in self._listed:
            group = slice(*_place_of(number))
            if not isinstance(before, str) or before[group] != now[group]:
                self.pending.add(number)
        self.state["listed"] = now

    def _list(self) -> list[Row]:
        """Return the rows of the templates for one-to-one e-mails, archived ones too."""
        listing = self.endpoint.listing
        return [] if listing is None else self.call(self.dialect.listing(listing))

    def ask(self, number: int) -> LookupResult:
        """Look up a template.

        The row of the list is the result if it has all selected columns, or if the template cannot
        be read by its id.
        """
        listed = self._listed.get(number)
        if listed is not None and _IN_LIST.issuperset(self.columns):
            return LookupResult(listed)
        try:
            row = self.call(self.dialect.lookup(self.endpoint, number))
        except StreamFailed as error:
            if error.code not in UNKNOWN_RECORD:
                raise
            return LookupResult(listed)
        if is_error(row) or row_id(row) <= 0:
            return LookupResult(listed)
        return LookupResult(with_send_options(row))


_IN_LIST = frozenset(
    {
        *("id", "name", "subject", "from_name", "email_type", "type", "is_archived"),
        *("is_one_to_one_email", "is_auto_responder_email", "is_drip_email", "is_list_email"),
    }
)
"""Columns that the list of templates for one-to-one e-mails has (reference C.8)."""

_GROUPS, _DIGITS = 16, 8  # groups of ids that share a checksum, and its hexadecimal digits


def checksums(rows: Mapping[int, Mapping[str, Any]]) -> str:
    """Return the checksums of 16 groups of rows, joined in one string, so that STATE stays small.

    Args:
        rows: The rows by id; the id modulo 16 is the group.
    """
    sums = [0] * _GROUPS
    for number in sorted(rows):
        text = repr(sorted(rows[number].items())).encode()
        sums[number % _GROUPS] = crc32(text, sums[number % _GROUPS])
    return "".join(f"{each:0{_DIGITS}x}" for each in sums)


def _place_of(number: int) -> tuple[int, int]:
    """Return where the checksum of an id's group begins and ends in the string."""
    start = number % _GROUPS * _DIGITS
    return start, start + _DIGITS


def is_error(row: Mapping[str, Any]) -> bool:
    """Return whether a template's record holds an error instead of a template (reference C.8)."""
    return row.get("error") not in (None, 0, "0", False, "false", "")


def with_send_options(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template's row with its send options parsed from the JSON strings in them."""
    options = row.get("sendOptions")
    if not isinstance(options, dict):
        return dict(row)
    reply_to, senders = (_parsed(options.get(key)) for key in ("replyToAddress", "sendFromData"))
    if isinstance(reply_to, list):
        reply_to = ", ".join(each for each in reply_to if isinstance(each, str)) or None
    return {**row, "sendOptions": {"replyToAddress": reply_to}, "sendFromData": senders}


def _parsed(text: Any) -> Any:
    """Return the value in a JSON string; any other value is returned unchanged."""
    if not isinstance(text, str) or text[:1] not in {"[", "{"}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
