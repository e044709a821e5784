"""The one client of a run: counts a call, sends it, parses the answer, acts on errors.

The request's dialect parses the answer. The table in ``codes.py`` says what to do on an error
code. The client knows no stream, no object and no wire format.
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
    NoSuchAddress,
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
        auth: Adds the token to them.
        api_url: The origin of the API. Only its answers set :attr:`clock`.
        max_in_flight: The most requests in flight at once, over all threads.
        budget: Counts the calls.
        health_check: A cheap call that shows whether Pardot is up.
    """

    def __init__(  # noqa: PLR0913
        self,
        transport: Transport,
        auth: SalesforceAuth,
        *,
        api_url: str,
        max_in_flight: int,
        budget: CallBudget,
        health_check: Request[Any],
    ) -> None:
        self._transport = transport
        self._auth = auth
        self._origin = origin(api_url)
        self._slots = threading.BoundedSemaphore(max_in_flight)
        self._stored: dict[Any, Any] = {}
        self._pause = ThrottlePause()
        self._failing: set[tuple[str, ...]] = set()
        """Operations whose last call was an outage although other calls were answered."""
        self._live_tokens: set[str] = set()
        """Tokens that were refused right after their login, so that a right was missing."""
        self._health_check = health_check
        self.budget = budget
        self.clock = ServerClock()

    def call(self, stream: str, request: Request[T], *, store: bool = False) -> T:
        """Make one call and return its parsed answer.

        Args:
            stream: The stream that the call is counted for.
            request: The request.
            store: Whether to store the result, so that the next equal request needs no call. That
                request removes it. The first calls of a run are made before the streams that need
                the same answers.

        Raises:
            RequestTooLarge: Pardot runs out of time, and the caller can make a smaller request.
            TapPardotError: As the table in ``codes.py`` says.
        """
        if self._stored and request.key in self._stored:
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
                others_are_answered=lambda error, waited: self._others_are_answered(
                    operation, error, waited
                ),
                on_wait=self._pause_all_threads,
            )
        except Outage as outage:
            if outage.is_isolated:
                self._failing.add(operation)
            raise
        self._failing.discard(operation)
        return result

    # --- whether Pardot is up ---

    def check_answered(self, failure: StreamFailed) -> None:
        """Check that a failure of the first call was an answer of Pardot.

        Raises:
            ConfigurationError: No answer of Pardot came, but for example one of another host.
        """
        if failure.code is None and not self.clock.is_known:
            raise ConfigurationError(failure.message) from failure

    def is_isolated(self, outage: Outage) -> bool:
        """Return whether an outage is of one operation only; makes a call, unless that is known."""
        if isinstance(outage, LoginOutage):
            return False
        return outage.is_isolated or self.is_reachable()

    def is_reachable(self) -> bool:
        """Return whether Pardot answers the health check, at the first or second attempt."""
        return self._answers_health_check() or self._answers_health_check()

    def _answers_health_check(self) -> bool:
        """Return whether the health check is answered; a permanent refusal is an answer too."""
        request = self._health_check
        try:
            response, _ = self.send(request.path[0], request)
            request.parse(request.dialect.open(response), response.headers)
        except PardotError as error:
            temporary = {Action.RETRY, Action.RETRY_SMALLER, Action.STOP_CLEANLY}
            return rule_for(error.code).action not in temporary
        except NoSuchAddress:  # versions 3 and 4 are gone
            return True
        except TapPardotError:
            return False
        return True

    def _others_are_answered(
        self, operation: tuple[str, ...], error: Retriable, waited: float
    ) -> bool | None:
        """Return whether Pardot answers other operations; None while the failure is short.

        Args:
            operation: The operation that fails.
            error: The failure.
            waited: Seconds since the first attempt.
        """
        if operation == self._health_check.path[:2] or error.throttled:
            return False
        if operation in self._failing:
            return True
        return None if waited < SHORT_PATIENCE else self.is_reachable()

    def _pause_all_threads(self, error: Retriable, seconds: float) -> None:
        """Pause all threads if Pardot refused a request because too many came at once."""
        if error.throttled:
            self._pause.extend(seconds)

    # --- one attempt ---

    def send(self, stream: str, request: Request[Any]) -> tuple[Response, HttpRequest]:
        """Send a request once; return the answer, and the HTTP request that was sent.

        Raises:
            CallLimitReached: The call would exceed a limit of the settings.
            Retriable: The connection failed.
            TapPardotError: As of :meth:`Transport.send` and of the login.
        """
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
                headers=sent.headers,
                auth=self._auth,
                file=request.save_to,
            )
        # The clock of a gateway, or of the target of a redirect, may be wrong.
        if response.status < 500 and origin(response.url) == self._origin:  # noqa: PLR2004
            self.clock.note(response.headers)
        return response, sent

    def _attempt(self, stream: str, request: Request[T]) -> T:
        """Send a request and return its parsed answer.

        It is sent again at once after a new login or a change of the API version, once each.

        Raises:
            Retriable: The same request may succeed later.
            TapPardotError: As the table in ``codes.py`` says.
        """
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
                if error.may_be_token and token not in self._live_tokens:
                    action = Action.LOGIN
                if action in {Action.LOGIN, Action.ABORT}:
                    self._check_host(request, response)
                if action is Action.LOGIN and not was_refused:
                    logger.info("Pardot refused the access token; logging in again.")
                    self._auth.renew(token)
                    was_refused = True
                elif action is Action.SWITCH_VERSION and request.save_to is None:
                    request.dialect.switch_version(sent.version, error.code)
                else:
                    if error.may_be_token:
                        self._live_tokens.add(token)
                    raise _failure(error, response) from None

    def _parse(self, request: Request[T], response: Response) -> T:
        """Return the parsed answer; None for a file, which is saved already."""
        if request.save_to is not None:
            if response.status in {401, 403}:
                self._check_host(request, response)
            beginning = _beginning(request.save_to)
            if response.status < 300 and not is_an_answer(beginning):  # noqa: PLR2004
                return cast("T", None)
            response = response._replace(body=response.body or beginning)
        return request.parse(request.dialect.open(response), response.headers)

    def _check_host(self, request: Request[Any], response: Response) -> None:
        """Check that a refusal came from a host that got the token.

        Raises:
            StreamFailed: Another host refused a file; the login is not at fault.
        """
        if request.save_to is not None and not self._transport.trusts(request.url):
            raise StreamFailed(
                f"The host of an export's files refuses them (HTTP {response.status}): run again, "
                "and report it if it happens again; the tap sends its token to hosts of Pardot "
                "only."
            )


def _failure(error: PardotError, response: Response) -> TapPardotError:
    """Return the error to raise for a Pardot error code, when no action has helped."""
    rule = rule_for(error.code)
    failure: TapPardotError
    if rule.action is Action.SWITCH_VERSION:  # for a file, whose address names the version
        return StreamFailed(rule.message, error.code)
    if rule.action in {Action.RETRY, Action.RETRY_SMALLER}:
        failure = Retriable(
            rule.message,
            error.code,
            wait=retry_after(response.headers),
            timed_out=rule.action is Action.RETRY_SMALLER,
            throttled=error.code == TOO_MANY_REQUESTS,
        )
    else:
        # A new token was refused too: Action.LOGIN ends the run like Action.ABORT.
        failure = _RAISES.get(rule.action, ConfigurationError)(rule.message, error.code)
    failure.message_words = error.message_words
    return failure


def _beginning(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(65536)
