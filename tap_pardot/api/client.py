"""The one client of a run: a call is budget, send, parse, act.

It sends a request, lets the request's dialect parse the answer, and does what the table in
``codes.py`` says about an error code. It knows no stream, no object and no wire format.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from tap_pardot.api.clock import ServerClock
from tap_pardot.api.codes import TOO_MANY_REQUESTS, Action, rule_for
from tap_pardot.api.dialect import PardotError
from tap_pardot.api.http import origin
from tap_pardot.api.json_body import is_an_answer
from tap_pardot.api.retry import SHORT_PATIENCE, ThrottlePause, retry_after, with_retries
from tap_pardot.errors import (
    ConfigurationError,
    LoginOutage,
    Outage,
    Retriable,
    RunStopped,
    StreamFailed,
    StreamSkipped,
    TapPardotError,
)

if TYPE_CHECKING:
    from typing import TypeVar

    from tap_pardot.api.auth import SalesforceAuth
    from tap_pardot.api.budget import CallBudget
    from tap_pardot.api.dialect import HttpRequest, Request
    from tap_pardot.api.http import Response, Transport

    T = TypeVar("T")

logger = logging.getLogger("tap-pardot")

_RAISES: dict[Action, type[TapPardotError]] = {
    Action.SKIP_STREAM: StreamSkipped,
    Action.FAIL_STREAM: StreamFailed,
    Action.STOP_CLEANLY: RunStopped,
    Action.ABORT: ConfigurationError,
}


class Client:
    """Calls Pardot.

    Args:
        transport: Sends requests.
        auth: Puts the token on them.
        api_url: Origin of the API, whose clock counts.
        most_at_once: Requests in flight over all threads.
        budget: Counts the calls.
        health_check: A cheap call that is answered whenever Pardot is up.
    """

    def __init__(  # noqa: PLR0913
        self,
        transport: Transport,
        auth: SalesforceAuth,
        *,
        api_url: str,
        most_at_once: int,
        budget: CallBudget,
        health_check: Request[Any],
    ) -> None:
        self._transport = transport
        self._auth = auth
        self._origin = origin(api_url)
        self._slots = threading.BoundedSemaphore(most_at_once)
        self._stored: dict[Any, Any] = {}
        self._pause = ThrottlePause()
        self._failing: set[tuple[str, ...]] = set()
        """Operations that failed for long while others were answered."""
        self._health_check = health_check
        self.budget = budget
        self.clock = ServerClock()

    def call(self, stream: str, request: Request[T], *, store: bool = False) -> T:
        """Make one call and return what its answer means.

        Args:
            stream: Whom the call is counted for.
            request: What to ask.
            store: Whether to keep the answer for the next one who asks the same, so that what
                begins a run feeds the streams. That one takes it out.

        Raises:
            RequestTooLarge: Pardot runs out of time, and the caller can make a smaller request.
            TapPardotError: As the table in ``codes.py`` says.
        """
        if request.key in self._stored:
            result = self._stored.pop(request.key)
        else:
            try:
                result = self._with_retries(stream, request)
            except (StreamSkipped, StreamFailed) as error:
                result = error
        if store:
            self._stored[request.key] = result
        if isinstance(result, TapPardotError):
            raise result
        answer: T = result
        return answer

    def _with_retries(self, stream: str, request: Request[T]) -> T:
        operation = request.path[:2] or ("download",)
        try:
            result = with_retries(
                lambda: self._attempt(stream, request),
                stream,
                can_split=request.can_split,
                others_are_answered=lambda error, waited: self._is_up(operation, error, waited),
                on_wait=self._let_all_wait,
            )
        except Outage as outage:
            if outage.is_isolated:
                self._failing.add(operation)
            raise
        self._failing.discard(operation)
        return result

    # --- whether Pardot is up ---

    def check_answered(self, failure: StreamFailed) -> None:
        """Check that a failure of the first call was an answer of Pardot's.

        Raises:
            ConfigurationError: Only another host answered, or nothing that Pardot sends came.
        """
        if failure.code is None and not self.clock.is_known:
            raise ConfigurationError(failure.message) from failure

    def is_isolated(self, outage: Outage) -> bool:
        """Return whether a failure concerns one operation only; asks, unless that is known."""
        if isinstance(outage, LoginOutage):
            return False
        return outage.is_isolated or self.is_reachable()

    def is_reachable(self) -> bool:
        """Return whether Pardot answers now, at the second attempt at the latest."""
        return self._answers() or self._answers()

    def _answers(self) -> bool:
        """Return whether the cheap call is answered; a refusal for good is an answer too."""
        request = self._health_check
        try:
            response, _ = self.send(request.path[0], request)
            request.parse(request.dialect.open(response), response.headers)
        except PardotError as error:
            passing = {Action.RETRY, Action.NARROW, Action.STOP_CLEANLY}
            return rule_for(error.code).action not in passing
        except TapPardotError:
            return False
        return True

    def _is_up(self, operation: tuple[str, ...], error: Retriable, waited: float) -> bool | None:
        """Return whether only this operation fails; asks once, and not for a short failure."""
        if operation == self._health_check.path[:2] or error.throttled:
            return False
        if operation in self._failing:
            return True
        return None if waited < SHORT_PATIENCE else self.is_reachable()

    def _let_all_wait(self, error: Retriable, seconds: float) -> None:
        """Hold all threads back when Pardot has too many requests at once."""
        if error.code == TOO_MANY_REQUESTS:
            self._pause.extend(seconds)

    # --- one attempt ---

    def send(self, stream: str, request: Request[Any]) -> tuple[Response, HttpRequest]:
        """Send a request once; return the answer, and what was sent."""
        self._pause.wait()
        self.budget.take(stream)
        sent = request.dialect.encode(request)
        if request.save_to is not None:
            request.save_to.seek(0)
            request.save_to.truncate()
        with self._slots:
            response = self._transport.send(
                sent.method,
                sent.url,
                params=sent.params,
                data=sent.data,
                json=sent.json,
                auth=self._auth,
                file=request.save_to,
            )
        # The clock of a gateway, or of the target of a redirect, may be wrong.
        if response.status < 500 and origin(response.url) == self._origin:  # noqa: PLR2004
            self.clock.note(response.headers)
        return response, sent

    def _attempt(self, stream: str, request: Request[T]) -> T:
        """Send a request until it is answered; a new token or another version may help once."""
        was_refused = False
        while True:
            token = self._auth.token()
            response, sent = self.send(stream, request)
            try:
                return self._parse(request, response)
            except Retriable as error:
                error.wait = retry_after(response.headers)
                raise
            except PardotError as error:
                action = rule_for(error.code).action
                if action in {Action.LOGIN, Action.ABORT}:
                    self._check_host(request, response)
                if action is Action.LOGIN and not was_refused:
                    logger.info("Pardot refused the access token; logging in again.")
                    self._auth.renew(token)
                    was_refused = True
                elif action is Action.SWITCH and request.save_to is None:
                    request.dialect.switch_version(sent.version, error.code)
                else:
                    raise _failure(error, response) from None

    def _parse(self, request: Request[T], response: Response) -> T:
        """Return what an answer means; a file is in its place already."""
        if request.save_to is not None:
            if response.status in {401, 403}:
                self._check_host(request, response)
            beginning = _beginning(request.save_to)
            if response.status < 300 and not is_an_answer(beginning):  # noqa: PLR2004
                return cast("T", None)
            response = response._replace(body=response.body or beginning)
        return request.parse(request.dialect.open(response), response.headers)

    def _check_host(self, request: Request[Any], response: Response) -> None:
        """Tell the refusal of another host, which got no token, from Pardot's.

        Raises:
            StreamFailed: Another host refused a file.
        """
        if request.save_to is not None and not self._transport.trusts(request.url):
            raise StreamFailed(
                f"The host of an export's files refuses them (HTTP {response.status}): run again, "
                "and report it if it stays so; the tap shows its token to hosts of Pardot only."
            )


def _failure(error: PardotError, response: Response) -> TapPardotError:
    """Return what an error code means for the caller."""
    rule = rule_for(error.code)
    failure: TapPardotError
    if rule.action is Action.SWITCH:  # of a file, whose address names the version
        return StreamFailed(rule.message, error.code)
    if rule.action in {Action.RETRY, Action.NARROW}:
        failure = Retriable(
            rule.message,
            error.code,
            wait=retry_after(response.headers),
            timed_out=rule.action is Action.NARROW,
            throttled=error.code == TOO_MANY_REQUESTS,
        )
    else:
        # A token that is refused twice in a row is not a matter of time.
        failure = _RAISES.get(rule.action, ConfigurationError)(rule.message, error.code)
    failure.message_words = error.message_words
    return failure


def _beginning(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(65536)
