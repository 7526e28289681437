"""What goes wrong on the network, in words for a user, and whether to try again.

requests wraps errors of urllib3, which wrap those of the system; the innermost ones
say what happened.
"""

from collections.abc import Iterator

import requests
import urllib3.exceptions as transport


def is_passing(error: requests.RequestException) -> bool:
    """Return whether the same request may succeed a moment later."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        return status >= 500 or status in {408, 429}
    return isinstance(
        error,
        requests.ConnectionError
        | requests.Timeout
        | requests.exceptions.ChunkedEncodingError,
    )


def reason_of(error: requests.RequestException, seconds: float) -> str:
    """Return what went wrong in a few words; `seconds` is how long was waited."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code} {error.response.reason}"
    causes = list(_causes(error))
    for kind, reason in _REASONS.items():
        if any(isinstance(cause, kind) for cause in causes):
            return reason.format(seconds=seconds, system=_system(causes))
    return _system(causes) or f"{error}"


# The first that fits: urllib3 derives the second of these from the third.
_REASONS: dict[type[BaseException], str] = {
    transport.NameResolutionError: "its host is not known here; is the network on?",
    transport.NewConnectionError: "no connection, {system}",
    transport.TimeoutError: "silent for {seconds:g} s",
    transport.ProtocolError: "the connection was cut before the end",
}


def _system(causes: list[BaseException]) -> str:
    """Return the operating system's words, such as `connection refused`, or none."""
    texts = [cause.strerror for cause in causes if isinstance(cause, OSError)]
    return next((text.lower() for text in texts if text), "")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and, depth first, those that it wraps in any of three ways."""
    yield error
    wrapped = [*error.args, getattr(error, "reason", None), error.__cause__]
    for inner in wrapped:
        if isinstance(inner, BaseException):
            yield from _causes(inner)
