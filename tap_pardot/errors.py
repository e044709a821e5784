"""The exception classes of the tap: what can end a request, a stream or a run.

A message is one sentence that says what to do. It names streams, ids and codes, and never
contains the body of an answer, a parameter, a secret or a prospect's data.
"""

from __future__ import annotations


class TapPardotError(Exception):
    """A failure with a sentence for the user.

    Args:
        message: One human sentence that says what to do.
        code: Pardot's error code, if the failure has one.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message if code is None else f"{message} (Pardot code {code})")
        self.message = message
        self.code = code
        self.message_words: frozenset[str] = frozenset()
        """The words of Pardot's own message, searched for the name of a refused field. They are
        never shown."""


class ConfigurationError(TapPardotError):
    """Settings, STATE or login are wrong: the run ends with exit code 1."""


class StreamSkipped(TapPardotError):
    """The account or the user has no right to this stream: it is skipped, the run continues."""


class StreamFailed(TapPardotError):
    """This stream ends, the others are still read, and the run ends with exit code 1."""


class NoSuchAddress(StreamFailed):
    """HTTP 404 without a code of Pardot."""


class AddressTooLong(StreamFailed):
    """A request names so many fields that its address is too long; fewer may be requested."""


class RowsHidden(StreamFailed):
    """Pardot has left out rows that the API user may not see (warning 202 of version 5)."""


class RunStopped(TapPardotError):
    """The run ends early with a valid STATE and exit code 2: no calls left, or an outage."""


ENDS_RUN = (ConfigurationError, RunStopped)
"""The errors that end the whole run, whatever stream they occur in."""


class CallLimitReached(RunStopped):
    """A limit of the settings ends the run with a valid STATE and exit code 0."""


class Outage(TapPardotError):
    """All attempts of a request failed.

    Args:
        message: The sentence of the last failure.
        code: Pardot's error code, if the last failure had one.
        is_isolated: Whether other requests were answered meanwhile. If not, all of Pardot may be
            down.
    """

    def __init__(self, message: str, code: int | None = None, *, is_isolated: bool = False) -> None:
        super().__init__(message, code)
        self.is_isolated = is_isolated

    def as_stream_failure(self) -> StreamFailed:
        """Return the outage as the failure of one stream.

        The sentence gets an advice, unless it is the sentence of a Pardot code, which has one.
        """
        advice = "" if self.code is not None else " Run again in a while."
        return StreamFailed(f"{self.message}{advice}", self.code)


class LoginOutage(Outage):
    """Salesforce's login cannot be reached, so no stream can be read."""


class RequestTooLarge(TapPardotError):
    """Pardot ran out of time for a request; a smaller request may succeed."""


class Retriable(TapPardotError):
    """One attempt failed; the same request may succeed when it is sent again.

    Args:
        message: What went wrong, for the log and for the sentence after the last attempt.
        code: Pardot's error code, if there was one.
        wait: Seconds that the server asked to wait (``Retry-After``), if it did.
        timed_out: Whether Pardot ran out of time, so that a smaller request may succeed.
        throttled: Whether there were too many requests, whatever they asked for.
        may_be_done: Whether the server may have carried out the request although no answer came.
        final_error: The error to raise when two attempts in a row fail with a ``final_error``.
            Without one, the request is tried as long as any other.
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
        final_error: ConfigurationError | None = None,
    ) -> None:
        super().__init__(message, code)
        self.wait = wait
        self.timed_out = timed_out
        self.throttled = throttled
        self.may_be_done = may_be_done
        self.final_error = final_error
