"""Pardot's error codes: for each one, the client's action and the sentence for the user.

:data:`RULES` is the only table of codes. A sentence says what happened and what to do. It never
contains the body of an answer, a parameter, a secret or a prospect's data.

Codes and their meaning: reference A.9 (error pages of 2021 and 2026).
"""

from __future__ import annotations

from enum import Enum, auto
from types import MappingProxyType
from typing import NamedTuple

MISSING_PARAMETER = 13
NO_SUCH_SORT = 19
NO_RIGHT = 46
ACCESS_DENIED = 49
INVALID_PARAMETER = 51
TOO_MANY_IDS = 63
TOO_MANY_REQUESTS = 66
CALLS_USED_UP = 122
INVALID_PROPERTY = 154
UNKNOWN_ARGUMENT = 175
INVALID_FIELDS = 180
INVALID_TOKEN = 184
NO_SUCH_OBJECT = 192
NO_SUCH_ADDRESS = 198
UNREADABLE_FIELD = 224

REJECTED_FIELD = frozenset({INVALID_PROPERTY, INVALID_FIELDS})
"""Codes by which Pardot refuses an export job because of a field."""

EXPORT_GONE = frozenset({88, 89, 109, 178, NO_SUCH_OBJECT, 228})
"""Codes for an export job or file that Pardot has no longer, or not for this API version."""


class Action(Enum):
    """What the client does on an error code."""

    RETRY = auto()  # send the same request again, after a wait
    RETRY_SMALLER = auto()  # as RETRY, then with a shorter window or a smaller page
    LOGIN = auto()  # log in again, once per request, then send the request again
    SWITCH_VERSION = auto()  # use the other API version, once per run, then send it again
    SKIP_STREAM = auto()  # end this stream; the others are read, exit code 0
    FAIL_STREAM = auto()  # end this stream; the others are read, exit code 1
    STOP_CLEANLY = auto()  # end the run with a valid STATE, exit code 2
    ABORT = auto()  # settings or login are wrong: end the run, exit code 1


class Rule(NamedTuple):
    """One row of the table: the client's action, and the sentence for the user."""

    action: Action
    message: str


_LOGIN_KIND = (
    "Pardot does not accept this way of logging in any more: use one of the Salesforce OAuth "
    "flows (refresh_token, private_key, password or client credentials)."
)
_BUG = (
    "Pardot called a request malformed, which is a fault of this tap: please report it "
    "with the code and the stream's name."
)
_FIELDS = (
    "Pardot refuses one of the requested fields: deselect the columns that the lines above "
    "name, or report the code with the stream's name."
)
_NOT_FOUND = (
    "Pardot does not know a requested record: run again; if it happens again, report the code "
    "with the stream's name."
)
_SLOW = (
    "Pardot ran out of time for this query: the tap makes smaller requests by itself; if it "
    "happens again, run at a quieter hour."
)

UNKNOWN_RECORD = frozenset(
    {3, 4, 10, 14, 16, 24, 35, 38, 48, 55, 61, 68, 86, 92, 109, 132, NO_SUCH_OBJECT},
)
"""Codes by which Pardot says that it has no record with an id.

A stream that looks up many ids drops such an id and continues. The rule applies elsewhere.
"""

RULES = MappingProxyType(
    {
        **dict.fromkeys(UNKNOWN_RECORD, Rule(Action.FAIL_STREAM, _NOT_FOUND)),
        1: Rule(Action.LOGIN, _LOGIN_KIND),
        2: Rule(Action.FAIL_STREAM, _BUG),
        5: Rule(Action.FAIL_STREAM, _BUG),
        7: Rule(Action.FAIL_STREAM, _BUG),
        8: Rule(Action.FAIL_STREAM, _BUG),
        MISSING_PARAMETER: Rule(Action.FAIL_STREAM, _BUG),
        15: Rule(Action.ABORT, _LOGIN_KIND),
        16: Rule(Action.FAIL_STREAM, _BUG),
        17: Rule(Action.FAIL_STREAM, _BUG),
        NO_SUCH_SORT: Rule(Action.FAIL_STREAM, _BUG),
        20: Rule(Action.FAIL_STREAM, _BUG),
        21: Rule(Action.FAIL_STREAM, _BUG),
        22: Rule(
            Action.SKIP_STREAM,
            "This account's edition or API version does not offer this object: deselect the "
            "stream, or ask Salesforce to enable it.",
        ),
        23: Rule(Action.FAIL_STREAM, _BUG),
        36: Rule(Action.FAIL_STREAM, _BUG),
        NO_RIGHT: Rule(
            Action.SKIP_STREAM,
            "The API user may not read this object: give its Pardot role the View ability for "
            "it, or deselect the stream.",
        ),
        ACCESS_DENIED: Rule(
            Action.SKIP_STREAM,
            "Pardot denied access to this object: give the API user's role the right to view "
            "it, or deselect the stream.",
        ),
        INVALID_PARAMETER: Rule(Action.FAIL_STREAM, _BUG),
        53: Rule(
            Action.ABORT,
            "Pardot wants this machine's address activated first: sign in once from here as "
            "the API user, or allow the address in Account Engagement's security settings.",
        ),
        62: Rule(Action.RETRY, "Pardot reported a conflicting update: run again in a while."),
        TOO_MANY_IDS: Rule(Action.FAIL_STREAM, _BUG),
        TOO_MANY_REQUESTS: Rule(
            Action.RETRY,
            "Pardot allows 5 requests at once for all your tools together: lower "
            "max_concurrent_requests or pause another tool.",
        ),
        76: Rule(
            Action.ABORT,
            "API access is switched off for this account: ask Salesforce to enable the "
            "Account Engagement API.",
        ),
        84: Rule(Action.RETRY, "Pardot failed and gave no reason: run again in a while."),
        88: Rule(
            Action.SWITCH_VERSION,
            "This account must use version 4 of the API: set api_version to 4.",
        ),
        89: Rule(
            Action.SWITCH_VERSION,
            "This account cannot use version 4 of the API: set api_version to 3.",
        ),
        94: Rule(Action.FAIL_STREAM, _BUG),
        116: Rule(Action.RETRY, "Pardot called the request outdated: run again in a while."),
        CALLS_USED_UP: Rule(
            Action.STOP_CLEANLY,
            "Today's Pardot API calls are used up: run again after midnight in the account's "
            "time zone, nothing is lost.",
        ),
        126: Rule(Action.ABORT, _LOGIN_KIND),
        131: Rule(
            Action.ABORT,
            "The API user is locked after too many failed logins: unlock it in Salesforce, "
            "then check username and password.",
        ),
        **dict.fromkeys((150, 151, 152, 153), Rule(Action.FAIL_STREAM, _BUG)),
        INVALID_PROPERTY: Rule(Action.FAIL_STREAM, _FIELDS),
        **dict.fromkeys((174, UNKNOWN_ARGUMENT, 176, 177), Rule(Action.FAIL_STREAM, _BUG)),
        178: Rule(
            Action.FAIL_STREAM,
            "Pardot does not offer the files of this export job for download: run again, the tap "
            "creates a new job.",
        ),
        INVALID_FIELDS: Rule(Action.FAIL_STREAM, _FIELDS),
        181: Rule(
            Action.ABORT,
            "Pardot says the business unit header is missing: check pardot_business_unit_id, "
            "and that no proxy removes request headers.",
        ),
        182: Rule(
            Action.ABORT,
            "Pardot calls the business unit id malformed: check pardot_business_unit_id "
            "(18 characters, starts with 0Uv).",
        ),
        183: Rule(Action.RETRY, "Pardot had an internal error: run again in a while."),
        INVALID_TOKEN: Rule(
            Action.LOGIN,
            "Pardot refused a fresh access token: check that the app has the scope "
            "pardot_api and that the user is synced to the business unit in "
            "pardot_business_unit_id.",
        ),
        196: Rule(Action.ABORT, _LOGIN_KIND),
        NO_SUCH_ADDRESS: Rule(
            Action.FAIL_STREAM,
            "Pardot does not know this address: check api_url, or deselect the stream if the "
            "account does not offer the object.",
        ),
        199: Rule(Action.ABORT, _LOGIN_KIND),
        # Also the answer of the wrong host: sandboxes are on pi.demo.pardot.com.
        201: Rule(
            Action.ABORT,
            "Pardot does not know this business unit on this host: check "
            "pardot_business_unit_id, and is_sandbox or api_url for a sandbox or developer org.",
        ),
        202: Rule(Action.RETRY_SMALLER, _SLOW),
        203: Rule(
            Action.FAIL_STREAM,
            "Pardot found no administrator in the account: make sure a user with the default "
            "administrator role exists.",
        ),
        209: Rule(Action.FAIL_STREAM, _BUG),
        214: Rule(Action.RETRY_SMALLER, _SLOW),
        UNREADABLE_FIELD: Rule(Action.FAIL_STREAM, _FIELDS),
        10000: Rule(Action.FAIL_STREAM, _BUG),
    },
)
"""The rule of each known Pardot error code."""

UNKNOWN = Rule(
    Action.FAIL_STREAM,
    "Pardot refused the request with a code this tap does not know: look the code up in "
    "Pardot's error list, and report it if it does not explain itself.",
)
"""The rule for any other code."""


def rule_for(code: int) -> Rule:
    """Return the rule for a Pardot error code; :data:`UNKNOWN` for a code not in the table."""
    return RULES.get(code, UNKNOWN)
