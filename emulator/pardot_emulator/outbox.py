"""The two operations that send e-mail: what is checked, and what would be sent.

Nothing is ever sent. A request that Pardot would accept becomes an ``email`` row and an entry of
the outbox, where a test can look at it. Sources: the Email page of the seed document and
reference C.6; a choice marked [?] is ours, because no source states it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from pardot_emulator.errors import PardotError

Row: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["list", "one_to_one"]
Params: TypeAlias = Mapping[str, list[str]]
# (object, column, value) -> the first stored row with that value, or None.
Lookup: TypeAlias = Callable[[str, str, int | str], Mapping[str, Any] | None]

# A body must hold one of these (error 64).
UNSUBSCRIBE = ("%%unsubscribe%%", "%%email_preference_center%%")

# What must be there when no template gives it; the sender only without `from_user_id`.
_CONTENT = ("text_content", "name", "subject")
_SENDER = ("from_email", "from_name")

_EMAIL = re.compile(r"[^@\s\"<>,;]+@[^@\s\"<>,;.]+(\.[^@\s\"<>,;.]+)+")
_EMAIL_LENGTH = 255  # error 4
_BOOLEANS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}


def _template(number: int, name: str, **flags: object) -> Row:
    """Build a template in the names of reference C.8."""
    return {
        "id": number,
        "name": name,
        "subject": f"{name} for %%first_name%%",
        "textMessage": f"Hello %%first_name%%,\n{name}\n%%unsubscribe%%",
        "htmlMessage": f'<p>{name}</p><a href="%%email_preference_center%%">Preferences</a>',
        "isListEmail": 1,
        "isOneToOneEmail": 1,
        "isArchived": 0,
        "sendOptions": {"replyToAddress": "[]", "sendFromData": '[{"type":"account_owner"}]'},
        **flags,
    }


# One template of every kind that the two operations distinguish: for accounts that store no
# template of that id.
DEMO_TEMPLATES: Mapping[int, Row] = {
    template["id"]: template
    for template in (
        _template(6_789, "Autumn News"),
        _template(6_790, "List Only", isOneToOneEmail=0),
        _template(6_791, "One to One Only", isListEmail=0),
        _template(6_792, "In the Recycle Bin", isArchived=1),
        _template(6_793, "Without Send Options", sendOptions=None),
    )
}


class Refused(PardotError):
    """The request is refused; ``parameter`` is to blame, which Pardot's answer does not say."""

    def __init__(self, code: int, parameter: str) -> None:
        super().__init__(code)
        self.parameter = parameter


class Prepared(NamedTuple):
    """An accepted request."""

    email: Row  # row of object `email` in storage form; also the answer to the request
    entry: Row  # what would be sent, to whom, from whom, when (epoch seconds, None: at once)


def prepare(  # noqa: PLR0913 -- all by name, all facts of the request or the account
    kind: Kind,
    params: Params,
    *,
    lookup: Lookup,
    new_id: int,
    now: int,
    templates: Mapping[int, Row] = DEMO_TEMPLATES,
) -> Prepared:
    """Check a send request and return what it would send.

    ``list`` is ``/do/send``, ``one_to_one`` is ``/do/send/prospect_...``. ``params`` are those of
    query, form and path; of a repeated plain one the last counts. ``lookup`` finds stored rows of
    ``campaign``, ``list``, ``user`` and ``prospect``. ``now`` is in epoch seconds.

    Raises:
        Refused: 3, 4, 7, 10, 13, 36, 38, 44, 50, 55, 64, 65, 68, 86, 93, 98 (A.9).
    """
    given = _Given(params, lookup)
    _require(kind, given)
    entry: Row = {
        "email_id": new_id,
        "kind": kind,
        "campaign_id": given.known("campaign_id", "campaign", 38),
        "recipients": _list_recipients(given) if kind == "list" else _one_recipient(given),
    }
    template_id, email = _content(kind, given, templates)
    entry |= {
        "email_template_id": template_id,
        "from": _sender(kind, given),
        "reply_to": given.address("replyto_email"),
        "tags": given.many("tags"),
        "operational": given.flag("operational_email"),
        # Documented for list sends only; elsewhere ignored, as any unknown parameter [?].
        "scheduled": _scheduled(given) if kind == "list" else None,
        "created_at": now,
    }
    return Prepared({"id": new_id, **email, "created_at": now}, entry)


class _Given:
    """The parameters of a request, read the way the API reads them."""

    def __init__(self, params: Params, lookup: Lookup) -> None:
        self._params = params
        self._lookup = lookup

    def text(self, name: str) -> str | None:
        """Return the last value, None when absent or blank."""
        values = self._params.get(name)
        return values[-1] if values and values[-1].strip() else None

    def many(self, name: str) -> list[str]:
        """Return all values of ``name[]`` and ``name[0]``; a bare ``name`` is no array."""
        array = re.compile(re.escape(name) + r"\[\d*\]")
        found = [values for key, values in self._params.items() if array.fullmatch(key)]
        return [value for values in found for value in values if value.strip()]

    def require(self, name: str) -> None:
        """Refuse a parameter that is absent (13) or blank (36)."""
        if name.endswith("[]"):
            bare = name[:-2]
            sent = any(key.startswith(f"{bare}[") for key in self._params)
            filled = bool(self.many(bare))
        else:
            sent, filled = bool(self._params.get(name)), self.text(name) is not None
        if not filled:
            raise Refused(36 if sent else 13, name)

    def flag(self, name: str) -> bool:
        """Return a boolean, False when absent; 50 when neither true nor false."""
        text = self.text(name)
        if text is None:
            return False
        if text.lower() not in _BOOLEANS:
            raise Refused(50, name)
        return _BOOLEANS[text.lower()]

    def address(self, name: str) -> str | None:
        """Return an e-mail address or None; 65 when malformed."""
        text = self.text(name)
        if text is not None and not _is_address(text):
            raise Refused(65, name)
        return text

    def known(self, name: str, table: str, code: int) -> int | None:
        """Return the id of a stored row or None when absent; ``code`` without such a row."""
        text = self.text(name)
        return None if text is None else self.find(name, table, "id", text, code)["id"]

    def known_many(self, name: str, table: str, code: int) -> list[int]:
        """Return ids of stored rows, each once, in the order given."""
        found = [self.find(name, table, "id", text, code)["id"] for text in self.many(name)]
        return list(dict.fromkeys(found))

    def find(self, name: str, table: str, column: str, text: str, code: int) -> Mapping[str, Any]:
        """Find a stored row by id or text, or refuse with ``code``."""
        value = _integer(text) if column == "id" else text
        row = None if value is None else self._lookup(table, column, value)
        if row is None:
            raise Refused(code, name)
        return row


def _require(kind: Kind, given: _Given) -> None:
    """Check the three ways to satisfy the required fields, which both operations share."""
    if kind == "list":
        given.require("list_ids[]")
    elif given.text("prospect_email") is None:
        given.require("prospect_id")
    given.require("campaign_id")
    if given.text("email_template_id") is not None:
        return
    for name in _CONTENT:
        given.require(name)
    if given.text("from_user_id") is None:
        for name in _SENDER:
            given.require(name)


def _list_recipients(given: _Given) -> Row:
    return {
        "list_ids": given.known_many("list_ids", "list", 55),
        "suppression_list_ids": given.known_many("suppression_list_ids", "list", 55),
    }


def _one_recipient(given: _Given) -> Row:
    number, email = given.text("prospect_id"), given.text("prospect_email")
    found = []
    if number is not None:
        found.append(given.find("prospect_id", "prospect", "id", number, 3))
    if email is not None:
        if not _is_address(email):
            raise Refused(4, "prospect_email")
        found.append(given.find("prospect_email", "prospect", "email", email, 4))
    prospect = found[-1]
    if prospect["id"] != found[0]["id"]:
        raise Refused(44, "prospect_email")
    unwilling = prospect.get("opted_out") or prospect.get("is_do_not_email")
    # "The email is sent to the prospect regardless of opt-out status" (seed document).
    if unwilling and not given.flag("operational_email"):
        raise Refused(98, "prospect_id")
    return {"prospect_id": prospect["id"], "email": prospect["email"]}


def _content(kind: Kind, given: _Given, templates: Mapping[int, Row]) -> tuple[int | None, Row]:
    """Return the template's id, and the e-mail: of the template, or of parameters [?]."""
    wanted = given.text("email_template_id")
    template = {} if wanted is None else _usable(kind, _integer(wanted), templates)
    text = given.text("text_content") or template.get("textMessage")
    html = given.text("html_content") or template.get("htmlMessage")
    for parameter, body in (("text_content", text), ("html_content", html)):
        if body is not None and not any(variable in body for variable in UNSUBSCRIBE):
            raise Refused(64, parameter)
    email = {
        "name": given.text("name") or template.get("name"),
        "isOneToOne": kind == "one_to_one",
        "subject": given.text("subject") or template.get("subject"),
        "message": {"text": text, "html": html},
    }
    return template.get("id"), email


def _usable(kind: Kind, number: int | None, templates: Mapping[int, Row]) -> Row:
    """Return a template that may be used for this kind of e-mail.

    No source states when Pardot answers 68 or 86 [?]. Here 86 means that the id cannot be used (no
    number, or a template for other e-mail), 68 that there is no such template, or an archived one.
    """
    if number is None:
        raise Refused(86, "email_template_id")
    template = templates.get(number)
    if template is None or template["isArchived"]:
        raise Refused(68, "email_template_id")
    if not template["isListEmail" if kind == "list" else "isOneToOneEmail"]:
        raise Refused(86, "email_template_id")
    if template["sendOptions"] is None:
        raise Refused(93, "email_template_id")
    return template


def _sender(kind: Kind, given: _Given) -> Row:
    sender = {
        "user_id": given.known("from_user_id", "user", 10),
        "email": given.address("from_email"),
        "name": given.text("from_name"),
    }
    if kind == "list":
        sender["assigned_user"] = given.flag("from_assigned_user")
        sender["account_owner"] = given.flag("from_account_owner")
    return sender


def _scheduled(given: _Given) -> int | None:
    """Read ``scheduled_time`` as epoch seconds; an offset is needed to mean an instant."""
    text = given.text("scheduled_time")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as bad:
        raise Refused(7, "scheduled_time") from bad
    if moment.tzinfo is None:
        raise Refused(7, "scheduled_time")
    return int(moment.timestamp())


def _integer(text: str) -> int | None:
    # Not int() alone: it takes underscores and the digits of other scripts. 18 digits fit 64 bits.
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _is_address(text: str) -> bool:
    return len(text) <= _EMAIL_LENGTH and _EMAIL.fullmatch(text) is not None
