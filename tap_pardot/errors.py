"""What Pardot's error codes mean, what the tap does about them, and what the user should do.

One table (:data:`RULES`) is the only place that knows codes. The client executes the
:class:`Action` of a rule; the sentence is what the user reads. Messages never hold a body of an
answer, a parameter, a secret or a prospect's data: only streams, ids and codes.

Codes and their meaning: reference A.9 (error pages of 2021 and 2026).
"""

from __future__ import annotations

from enum import Enum, auto
from types import MappingProxyType
from typing import NamedTuple


class Action(Enum):
    """What the client does with an answer that is not data."""

    RETRY = auto()  # the same request again, after a wait
    NARROW = auto()  # as RETRY, then with a smaller window or page
    LOGIN = auto()  # a new token, once per request, then the request again
    SWITCH = auto()  # the other API version, once per run, then the request again
    SKIP_STREAM = auto()  # this stream ends, the run is still good
    FAIL_STREAM = auto()  # this stream ends, the others go on, exit code 1
    STOP_CLEANLY = auto()  # the run ends here, STATE is good, exit code 2
    ABORT = auto()  # settings or login are wrong: the run ends, exit code 1


class Rule(NamedTuple):
    """One row: what the client does, and the sentence the user reads."""

    act: Action
    message: str


_LOGIN_KIND = (
    "Pardot does not accept this way of logging in any more: use one of the Salesforce OAuth "
    "flows of the README (refresh_token, private_key, password or client credentials)."
)
_BUG = (
    "Pardot refused the form of a request, which is a fault of this tap: please report it "
    "with the code and the stream's name."
)
_FIELDS = (
    "Pardot refuses one of the fields it was asked for: deselect the columns that the lines above "
    "name, or report the code with the stream's name."
)
_NOT_FOUND = (
    "Pardot does not know a record that was asked for: run again; if it stays so, report the code "
    "with the stream's name."
)
_SLOW = (
    "Pardot ran out of time for this query: the tap asks for less at once by itself; if it stays "
    "so, run at a quieter hour."
)

UNKNOWN_RECORD = frozenset(
    {3, 4, 10, 14, 16, 24, 35, 38, 48, 55, 61, 68, 86, 92, 109, 132, 192},
)
"""Codes by which Pardot says that it has no record under an id.

Where one of many ids is asked for it ends nothing; the rule is for a stream that it ends.
"""

RULES = MappingProxyType(
    {
        **dict.fromkeys(UNKNOWN_RECORD, Rule(Action.FAIL_STREAM, _NOT_FOUND)),
        1: Rule(Action.LOGIN, _LOGIN_KIND),
        2: Rule(Action.FAIL_STREAM, _BUG),
        5: Rule(Action.FAIL_STREAM, _BUG),
        7: Rule(Action.FAIL_STREAM, _BUG),
        8: Rule(Action.FAIL_STREAM, _BUG),
        13: Rule(Action.FAIL_STREAM, _BUG),
        15: Rule(Action.ABORT, _LOGIN_KIND),
        16: Rule(Action.FAIL_STREAM, _BUG),
        17: Rule(Action.FAIL_STREAM, _BUG),
        19: Rule(Action.FAIL_STREAM, _BUG),
        20: Rule(Action.FAIL_STREAM, _BUG),
        21: Rule(Action.FAIL_STREAM, _BUG),
        22: Rule(
            Action.SKIP_STREAM,
            "This account's edition or API version does not offer this object: deselect the "
            "stream, or ask Salesforce to enable it.",
        ),
        23: Rule(Action.FAIL_STREAM, _BUG),
        36: Rule(Action.FAIL_STREAM, _BUG),
        46: Rule(
            Action.SKIP_STREAM,
            "The API user may not read this object: give its Pardot role the View ability for "
            "it, or deselect the stream.",
        ),
        49: Rule(
            Action.SKIP_STREAM,
            "Pardot denied access to this object: give the API user's role the right to view "
            "it, or deselect the stream.",
        ),
        53: Rule(
            Action.ABORT,
            "Pardot wants this machine's address activated first: sign in once from here as "
            "the API user, or allow the address in Account Engagement's security settings.",
        ),
        62: Rule(Action.RETRY, "Pardot reported a conflicting update: run again in a while."),
        63: Rule(Action.FAIL_STREAM, _BUG),
        66: Rule(
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
            Action.SWITCH, "This account must use version 4 of the API: set api_version to 4."
        ),
        89: Rule(
            Action.SWITCH, "This account cannot use version 4 of the API: set api_version to 3."
        ),
        94: Rule(Action.FAIL_STREAM, _BUG),
        116: Rule(Action.RETRY, "Pardot called the request outdated: run again in a while."),
        122: Rule(
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
        154: Rule(Action.FAIL_STREAM, _FIELDS),
        **dict.fromkeys((174, 175, 176, 177), Rule(Action.FAIL_STREAM, _BUG)),
        178: Rule(
            Action.FAIL_STREAM,
            "Pardot does not give out this export in the state it is in: run again, a new one is "
            "made.",
        ),
        180: Rule(Action.FAIL_STREAM, _FIELDS),
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
        184: Rule(
            Action.LOGIN,
            "Pardot refused a fresh access token: check that the connected app has the scope "
            "pardot_api and that the user is synced to the business unit in "
            "pardot_business_unit_id.",
        ),
        196: Rule(Action.ABORT, _LOGIN_KIND),
        198: Rule(
            Action.FAIL_STREAM,
            "Pardot does not know this address: check api_url, or deselect the stream if the "
            "account does not offer the object.",
        ),
        199: Rule(Action.ABORT, _LOGIN_KIND),
        # Also the answer for the wrong host: sandboxes live on pi.demo.pardot.com.
        201: Rule(
            Action.ABORT,
            "Pardot does not know this business unit on this host: check "
            "pardot_business_unit_id, and is_sandbox or api_url for a sandbox or developer org.",
        ),
        202: Rule(Action.NARROW, _SLOW),
        203: Rule(
            Action.FAIL_STREAM,
            "Pardot found no administrator in the account: make sure a user with the default "
            "administrator role exists.",
        ),
        209: Rule(Action.FAIL_STREAM, _BUG),
        214: Rule(Action.NARROW, _SLOW),
        10000: Rule(Action.FAIL_STREAM, _BUG),
    },
)
"""Rule by Pardot error code."""

UNKNOWN = Rule(
    Action.FAIL_STREAM,
    "Pardot refused the request with a code this tap does not know: look the code up in "
    "Pardot's error list, and report it if it does not explain itself.",
)
"""The rule for any other code."""


def rule_for(code: int) -> Rule:
    """Return the rule for a Pardot error code."""
    return RULES.get(code, UNKNOWN)


class TapPardotError(Exception):
    """A failure with a sentence for the user.

    Args:
        message: One human sentence that tells what to do.
        code: Pardot's error code, where there was one.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message if code is None else f"{message} (Pardot code {code})")
        self.message = message
        self.code = code
        self.words: frozenset[str] = frozenset()
        """Words of Pardot's own text, to find a refused field by; never shown."""


class ConfigurationError(TapPardotError):
    """Settings, STATE or login are wrong: the run ends with exit code 1."""


class StreamSkipped(TapPardotError):
    """The account or the user has no right to this stream: the run is still good."""


class StreamFailed(TapPardotError):
    """This stream cannot go on: the others do, the run ends with exit code 1."""


class RunStopped(TapPardotError):
    """Pardot ended the run early: STATE is good, exit code 2."""


class CallLimitReached(RunStopped):
    """The user's own ``daily_call_limit`` ended the run: STATE is good, exit code 0."""


class Outage(TapPardotError):
    """Retries are used up.

    Args:
        say: The last failure.
        code: Pardot's error code, where there was one.
        own: Whether other requests are known to be answered meanwhile; else it may be all of
            Pardot.
    """

    def __init__(self, say: str, code: int | None = None, *, own: bool = False) -> None:
        super().__init__(say, code)
        self.own = own

    def as_stream_failure(self) -> StreamFailed:
        """Return this as what ends one stream; Pardot's codes say themselves what to do."""
        say = self.message if self.code is not None else f"{self.message} Run again in a while."
        return StreamFailed(say, self.code)


class LoginOutage(Outage):
    """The login cannot be reached, so no stream can go on."""


class RequestTooLarge(TapPardotError):
    """Pardot runs out of time for what was asked at once: less of it may work."""


class Retriable(TapPardotError):
    """The same request may work when it is sent again.

    Args:
        say: What went wrong, for the log and for the sentence after the last try.
        code: Pardot's error code, where there was one.
        wait: Seconds the server asked to wait (``Retry-After``), if it did.
        narrow: Whether a smaller request may work where this one does not.
        throttled: Whether there were too many requests, whatever they asked for.
        lost: Whether the request may have been carried out, although no answer came.
        verdict: What to raise if the next try fails with a verdict too; else the request is
            tried as long as any other.
    """

    def __init__(  # noqa: PLR0913
        self,
        say: str,
        code: int | None = None,
        *,
        wait: float | None = None,
        narrow: bool = False,
        throttled: bool = False,
        lost: bool = False,
        verdict: ConfigurationError | None = None,
    ) -> None:
        super().__init__(say, code)
        self.wait = wait
        self.narrow = narrow
        self.throttled = throttled
        self.lost = lost
        self.verdict = verdict
