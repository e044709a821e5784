"""The one client of a run: one session, one token, one count of calls.

It sends a request, opens the answer and executes what the table in ``errors.py`` says.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlencode

from tap_pardot.api import dialect
from tap_pardot.api.clock import ServerClock, date_of
from tap_pardot.api.http import SHORT_PATIENCE, ThrottlePause, origin, retry_after, with_retries
from tap_pardot.errors import (
    Action,
    CallLimitReached,
    ConfigurationError,
    Outage,
    Retriable,
    RunStopped,
    StreamFailed,
    StreamSkipped,
    TapPardotError,
    rule_for,
)
from tap_pardot.sources.export_plan import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tap_pardot.api.auth import SalesforceAuth
    from tap_pardot.api.http import Answer, Transport
    from tap_pardot.sources.export_plan import Status

logger = logging.getLogger("tap-pardot")

_LONGEST_QUERY = 2000  # characters of a URL's query; longer ones are posted (reference A.2)
_TOO_MANY_AT_ONCE = 66
_RAISES: dict[Action, type[TapPardotError]] = {
    Action.SKIP_STREAM: StreamSkipped,
    Action.FAIL_STREAM: StreamFailed,
    Action.STOP_CLEANLY: RunStopped,
    Action.ABORT: ConfigurationError,
}


class CallBudget:
    """Counts calls to Pardot, and stops before the user's ``daily_call_limit`` is passed.

    Args:
        limit: The most calls of this tap in a day of the account, or None.
        kept: Where the day's count lives between runs (a part of STATE):
            ``{"day": "2026-11-23", "made": 12}``.
        today: The day by this machine's clock, if the account's zone is known: a count of
            another day must not refuse this day's first call.
    """

    def __init__(self, limit: int | None, kept: dict[str, Any], today: str | None) -> None:
        self.by_stream: Counter[str] = Counter()
        self._limit = limit
        self._kept = kept
        self._today = today
        self._lock = threading.Lock()

    def open_day(self, day: str) -> None:
        """Tell which day it is in the account; another day than the kept one starts at zero."""
        if self._limit is None:
            return
        with self._lock:
            if self._kept.get("day") != day:
                self._kept["made"] = self.by_stream.total()
            self._kept["day"] = self._today = day

    def take(self, stream: str) -> None:
        """Count one call.

        Raises:
            CallLimitReached: The call would pass the limit; it must not be made.
        """
        with self._lock:
            if self._limit is not None:
                same_day = self._today is not None and self._kept.get("day") == self._today
                if same_day and self._kept["made"] >= self._limit:
                    raise CallLimitReached(
                        f"daily_call_limit ({self._limit}) is reached: run again after midnight "
                        "in the account's time zone or raise the limit, nothing is lost."
                    )
                self._kept["made"] = self._kept.get("made", 0) + 1
            self.by_stream[stream] += 1


@dataclass(frozen=True)
class Request:
    """One call: an operation with its parameters, or the address of a file to save."""

    path: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    method: str | None = None
    url: str = ""
    save_to: BinaryIO | None = None
    can_split: bool = False


class Client:
    """Asks Pardot.

    Args:
        transport: Sends requests.
        auth: Puts the token on them.
        api_url: Origin of the API.
        version: 3 or 4, to begin with.
        most_at_once: Requests in flight over all threads.
        budget: Counts the calls.
    """

    def __init__(  # noqa: PLR0913
        self,
        transport: Transport,
        auth: SalesforceAuth,
        *,
        api_url: str,
        version: int,
        most_at_once: int,
        budget: CallBudget,
    ) -> None:
        self._transport = transport
        self._auth = auth
        self._api_url = api_url
        self._slots = threading.BoundedSemaphore(most_at_once)
        self._switched = False
        self._lock = threading.Lock()
        self._kept: dict[Any, Any] = {}
        self._quiet = ThrottlePause()
        self._failing: set[tuple[str, ...]] = set()
        """Operations that failed for long although others were answered."""
        self.keeps_answers = False
        """While True (before the streams begin), answers are kept for whoever asks the same."""
        self.unsorted: set[str] = set()
        """Objects whose query takes no sort."""
        self.version = version
        self.budget = budget
        self.clock = ServerClock()

    def query(  # noqa: PLR0913
        self,
        stream: str,
        pardot_object: str,
        key: str,
        params: Mapping[str, str],
        method: str | None = None,
        *,
        can_split: bool = False,
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Return one page of a query: its rows, and ``total_results`` where given.

        Args:
            stream: Whom the call is counted for.
            pardot_object: The object in the URL.
            key: The object's name in the answer.
            params: Filters, sort and paging.
            method: GET or POST; unless given, by the length of the parameters.
            can_split: Whether the caller can ask for less at once.

        Raises:
            RequestTooLarge: Pardot runs out of time, and the caller can ask for less.
            TapPardotError: As the table in ``errors.py`` says.
        """
        found: tuple[list[dict[str, Any]], int | None] = self._ask(
            stream,
            Request((pardot_object, "query"), params, method=method, can_split=can_split),
            lambda body: dialect.rows_of(body, key),
        )
        return found

    def read(
        self,
        stream: str,
        path: tuple[str, ...],
        key: str,
        params: Mapping[str, str] = MappingProxyType({}),
        *,
        may_be_empty: bool = False,
    ) -> dict[str, Any]:
        """Return one record, read by itself; arguments and errors as for :meth:`query`.

        Args:
            stream: Whom the call is counted for.
            path: Object and operation.
            key: The record's name in the answer.
            params: What else is asked with.
            may_be_empty: Whether an answer without a record is one (an empty object), rather
                than worth asking again.
        """
        record: dict[str, Any] = self._ask(
            stream,
            Request(path, params),
            lambda body: dialect.record_of(body, key, may_be_empty=may_be_empty),
        )
        return record

    def listing(
        self,
        stream: str,
        path: tuple[str, ...],
        keys: tuple[str, str],
        params: Mapping[str, str],
    ) -> list[dict[str, Any]]:
        """Return the rows of a list that is not a query; arguments as for :meth:`read`.

        Args:
            stream: Whom the call is counted for.
            path: Object and operation.
            keys: The list's name in the answer, and its rows' name in the list.
            params: What else is asked with.
        """
        rows: list[dict[str, Any]] = self._ask(
            stream, Request(path, params), lambda body: dialect.listed(body, *keys)
        )
        return rows

    def describe(self, stream: str, pardot_object: str) -> list[dict[str, Any]]:
        """Return the fields that an object of the account has (reference C.15)."""
        fields: list[dict[str, Any]] = self._ask(
            stream,
            Request((pardot_object, "describe")),
            lambda body: dialect.rows_of(body, "field")[0],
        )
        return fields

    def create_export(
        self, stream: str, order: Mapping[str, Any], *, can_split: bool = False
    ) -> tuple[Status, datetime | None]:
        """Create an export job; return its first status and Pardot's time of the answer.

        Args:
            stream: Whom the call is counted for.
            order: Object, fields and procedure (reference D.3).
            can_split: As for :meth:`query`.

        Raises:
            TapPardotError: As for :meth:`query`.
        """

        def unpack(body: dict[str, Any], headers: Mapping[str, str]) -> Any:
            try:
                return status_of(body), date_of(headers)
            except Retriable as error:  # a retry would create another job
                raise StreamFailed(f"{error.message[:-1]} that was created: run again.") from None

        request = Request(("export", "create"), json=order, can_split=can_split)
        created: tuple[Status, datetime | None] = self._ask_pardot(stream, request, unpack)
        return created

    def export(self, stream: str, number: int) -> Status:
        """Return the status of an export job."""
        request = Request(("export", "read", "id", str(number)))
        status: Status = self._ask_pardot(stream, request, lambda body, _: status_of(body))
        return status

    def cancel_export(self, stream: str, number: int) -> None:
        """Cancel an export job that is not wanted any more."""
        request = Request(("export", "cancel", "id", str(number)), method="POST")
        self._ask_pardot(stream, request, lambda body, _: body)

    def download(self, stream: str, url: str, file: BinaryIO) -> None:
        """Save one file of an export; a body that breaks off is asked for again.

        Token and business unit go along only to hosts that the transport trusts.
        """

        def unpack(*_: Any) -> None:
            raise Retriable("JSON came in place of a CSV file.")

        self._ask_pardot(stream, Request(url=url, save_to=file), unpack)

    def _ask(self, stream: str, request: Request, unpack: Any) -> Any:
        """Ask, or return what the same call brought before the streams began."""
        key = (request.path, tuple(sorted(request.params.items())))
        if key in self._kept:
            result = self._kept.pop(key)
        else:
            try:
                result = self._ask_pardot(stream, request, lambda body, _: unpack(body))
            except (StreamSkipped, StreamFailed) as error:
                result = error
            if self.keeps_answers:
                self._kept[key] = result
        if isinstance(result, TapPardotError):
            raise result
        return result

    def _ask_pardot(
        self,
        stream: str,
        request: Request,
        unpack: Callable[[dict[str, Any], Mapping[str, str]], Any],
    ) -> Any:
        fresh = False  # whether the token was renewed because of the answer before this one

        def attempt() -> Any:
            nonlocal fresh
            while True:
                token = self._auth.token()
                version = self.version
                answer = self._send(stream, request, version)
                try:
                    said = self._unless_file(request, answer)
                    return said and unpack(dialect.parse_response(said), answer.headers)
                except Retriable as error:
                    fresh = False
                    error.wait = retry_after(answer.headers)
                    raise
                except dialect.PardotError as refusal:
                    rule = rule_for(refusal.code)
                    if rule.act in {Action.LOGIN, Action.ABORT}:
                        self._check_host(request, answer)
                    if rule.act is Action.LOGIN and not fresh:
                        logger.info("Pardot refused the access token; logging in again.")
                        self._auth.renew(token)
                        fresh = True
                    elif rule.act is Action.SWITCH and request.save_to is None:
                        self._switch(version, refusal.code)
                    else:
                        fresh = False
                        raise self._failure(refusal, answer) from None

        return self._persistently(attempt, stream, request)

    def _persistently(self, attempt: Callable[[], Any], stream: str, request: Request) -> Any:
        operation = request.path[:2] or ("download",)
        try:
            result = with_retries(
                attempt,
                stream,
                can_split=request.can_split,
                is_up=lambda error, waited: self._is_up(operation, error, waited),
                on_wait=self._let_all_wait,
            )
        except Outage as outage:
            if outage.own:
                self._failing.add(operation)
            raise
        self._failing.discard(operation)
        return result

    def check_answered(self, failure: StreamFailed) -> None:
        """Judge a failure of the first call: others must not follow where Pardot never answered.

        Raises:
            ConfigurationError: Only another host answered, or nothing that Pardot sends came.
        """
        if failure.code is None and not self.clock.is_told:
            raise ConfigurationError(failure.message) from failure

    def is_reachable(self) -> bool:
        """Whether Pardot answers a read of the account now, at the second try at the latest."""
        return self._reads_account() or self._reads_account()

    def _reads_account(self) -> bool:
        """Whether one read of the account is answered; a refusal for good is an answer too."""
        try:
            request = Request(("account", "read"))
            body = dialect.parse_response(self._send("account", request, self.version))
            dialect.record_of(body, "account")
        except dialect.PardotError as refusal:
            return rule_for(refusal.code).act not in {
                Action.RETRY,
                Action.NARROW,
                Action.STOP_CLEANLY,
            }
        except TapPardotError:
            return False
        return True

    def _is_up(self, operation: tuple[str, ...], error: Retriable, waited: float) -> bool | None:
        """Whether a failure is this operation's only; asked once, and not for a short one."""
        if operation[0] == "account" or error.throttled:
            return False
        if operation in self._failing:
            return True
        return None if waited < SHORT_PATIENCE else self.is_reachable()

    def _let_all_wait(self, error: Exception, seconds: float) -> None:
        """Hold all threads back when Pardot has too many requests at once."""
        if isinstance(error, Retriable) and error.code == _TOO_MANY_AT_ONCE:
            self._quiet.ask_for(seconds)

    def _unless_file(self, request: Request, answer: Answer) -> Answer | None:
        """Return what an answer says; None where it is the file that was asked for."""
        if request.save_to is None:
            return answer
        if answer.status in {401, 403}:
            self._check_host(request, answer)
        beginning = _beginning(request.save_to)
        if answer.status < 300 and not dialect.is_an_answer(beginning):  # noqa: PLR2004
            return None
        return answer._replace(body=answer.body or beginning)

    def _check_host(self, request: Request, answer: Answer) -> None:
        """Tell the refusal of a stranger, who was shown no token, from Pardot's."""
        if request.save_to is not None and not self._transport.trusts(request.url):
            raise StreamFailed(
                f"The host of an export's files refuses them (HTTP {answer.status}): run again, "
                "and report it if it stays so; the tap shows its token to hosts of Pardot only."
            )

    def _send(self, stream: str, request: Request, version: int) -> Answer:
        self._quiet.keep()
        self.budget.take(stream)
        long = len(urlencode(request.params)) > _LONGEST_QUERY
        method = request.method or ("POST" if long or request.json is not None else "GET")
        form = {"format": "json"}
        with self._slots:
            if request.save_to is not None:
                request.save_to.seek(0)
                request.save_to.truncate()
                answer = self._transport.send(
                    "GET", request.url, auth=self._auth, file=request.save_to
                )
            else:
                answer = self._transport.send(
                    method,
                    dialect.address(self._api_url, version, request.path),
                    params=form if long else {**form, **request.params},
                    data={**form, **request.params} if long else None,
                    json=request.json,
                    auth=self._auth,
                )
        # The clock of a gateway, or of whoever a redirect leads to, may be wrong.
        if answer.status < 500 and origin(answer.url) == origin(self._api_url):  # noqa: PLR2004
            self.clock.note(answer.headers)
        return answer

    def _switch(self, refused: int, code: int) -> None:
        """Go over to the other API version, once in a run (reference A.3)."""
        with self._lock:
            if self.version != refused:
                return  # another thread has switched meanwhile
            if self._switched:
                raise ConfigurationError(
                    "Pardot refuses both versions 3 and 4 of the API for this account: ask "
                    "Salesforce which of them is enabled.",
                    code,
                )
            self._switched = True
            self.version = 3 if refused == 4 else 4  # noqa: PLR2004
        logger.warning(
            "This account uses version %d of the API (Pardot code %d); set api_version to %d to "
            "save a call in each run.",
            self.version,
            code,
            self.version,
        )

    @staticmethod
    def _failure(refusal: dialect.PardotError, answer: Answer) -> TapPardotError:
        rule = rule_for(refusal.code)
        failure: TapPardotError
        if rule.act is Action.SWITCH:  # of a file, whose address names the version
            return StreamFailed(rule.message, refusal.code)
        if rule.act in {Action.RETRY, Action.NARROW}:
            wait, narrow = retry_after(answer.headers), rule.act is Action.NARROW
            throttled = refusal.code == _TOO_MANY_AT_ONCE
            failure = Retriable(
                rule.message, refusal.code, wait=wait, narrow=narrow, throttled=throttled
            )
        else:
            # A token refused twice in a row is not a matter of time.
            failure = _RAISES.get(rule.act, ConfigurationError)(rule.message, refusal.code)
        failure.words = refusal.words
        return failure


def _beginning(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(65536)
