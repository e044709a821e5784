"""What can end a request, a stream or a run: exception classes, nothing else.

A message is one sentence that says what to do. It names streams, ids and codes, and never
contains the body of an answer, a parameter, a secret or a prospect's data.
"""

from __future__ import annotations


class TapPardotError(Exception):
    """A failure with a sentence for the user.

    Args:
        message: One human sentence that says what to do.
        code: Pardot's error code, where there was one.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message if code is None else f"{message} (Pardot code {code})")
        self.message = message
        self.code = code
        self.message_words: frozenset[str] = frozenset()
        """Words of Pardot's own message, to find a refused field in; never shown."""


class ConfigurationError(TapPardotError):
    """Settings, STATE or login are wrong: the run ends with exit code 1."""


class StreamSkipped(TapPardotError):
    """The account or the user has no right to this stream: the run is still good."""


class StreamFailed(TapPardotError):
    """This stream cannot go on: the others do, the run ends with exit code 1."""


class RunStopped(TapPardotError):
    """Pardot ended the run early: STATE is good, exit code 2."""


ENDS_RUN = (ConfigurationError, RunStopped)
"""What ends the whole run, whatever stream it was found in."""


class CallLimitReached(RunStopped):
    """The user's own ``daily_call_limit`` ended the run: STATE is good, exit code 0."""


class Outage(TapPardotError):
    """All tries of a request failed.

    Args:
        message: The last failure.
        code: Pardot's error code, where there was one.
        is_isolated: Whether other requests were answered meanwhile. Otherwise all of Pardot may
            be down.
    """

    def __init__(self, message: str, code: int | None = None, *, is_isolated: bool = False) -> None:
        super().__init__(message, code)
        self.is_isolated = is_isolated

    def as_stream_failure(self) -> StreamFailed:
        """Return this as what ends one stream; the sentences of Pardot's codes need no advice."""
        advice = "" if self.code is not None else " Run again in a while."
        return StreamFailed(f"{self.message}{advice}", self.code)


class LoginOutage(Outage):
    """The login cannot be reached, so no stream can go on."""


class RequestTooLarge(TapPardotError):
    """Pardot ran out of time for a request: a smaller one may work."""


class Retriable(TapPardotError):
    """The same request may work when it is sent again.

    Args:
        message: What went wrong, for the log and for the sentence after the last try.
        code: Pardot's error code, where there was one.
        wait: Seconds the server asked to wait (``Retry-After``), if it did.
        timed_out: Whether Pardot ran out of time, so that a smaller request may work.
        throttled: Whether there were too many requests, whatever they asked for.
        may_be_done: Whether the request may have been carried out, although no answer came.
        verdict: What to raise if the next try fails with a verdict too. Without one, the request
            is tried as long as any other.
    """

    def __init__(  # noqa: PLR0913
        self,
        message: str,
        code: int | None = None,
        *,
        wait: float | None = None,
        timed_out: bool = False,
        throttled: bool = False,
        may_be_done: bool = False,
        verdict: ConfigurationError | None = None,
    ) -> None:
        super().__init__(message, code)
        self.wait = wait
        self.timed_out = timed_out
        self.throttled = throttled
        self.may_be_done = may_be_done
        self.verdict = verdict
