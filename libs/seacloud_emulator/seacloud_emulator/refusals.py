"""The refusals of the service, in the shapes that its documentation gives them.

Source D of the project's notes on the API: three shapes for the LLM paths, two for the queue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """An answer that refuses the request. The application turns it into a response.

    Attributes:
        status: the HTTP status.
        body: the JSON body.
        headers: headers besides the usual ones, such as `Retry-After`.
    """

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def openai_error(
    message: str, *, kind: str = "invalid_request_error", param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """OpenAI's error object: what Chat Completions and Responses answer for most refusals."""
    return {"error": {"message": message, "type": kind, "param": param or None, "code": code}}


MESSAGES_PATHS = ("/llm/v1/messages", "/llm/anthropic/v1/messages")
"""The paths of Messages (S), whose errors have a shape of their own (D)."""


def anthropic_error(message: str, *, kind: str = "invalid_request_error") -> dict[str, Any]:
    """Anthropic's error object: what Messages answers for refusals."""
    return {"type": "error", "error": {"type": kind, "message": message}}


def invalid_messages(message: str, field: str = "") -> Refusal:
    """A request that Messages does not allow: 400 with Anthropic's error object, which names the field first."""
    return Refusal(400, anthropic_error(f"{field}: {message}" if field else message))


def llm_error(
    path: str, message: str, *, kind: str, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """The error object of the protocol that a path below `/llm` speaks."""
    if path in MESSAGES_PATHS:
        return anthropic_error(message, kind=kind)
    return openai_error(message, kind=kind, param=param, code=code)


def invalid_chat(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """A request that OpenAI's protocols do not allow: 400 with its error object."""
    return Refusal(400, openai_error(message, param=param, code=code))


def queue_error(code: str, message: str, request_id: str) -> dict[str, Any]:
    """The queue's error object, for refusals of the platform rather than of the model."""
    return {"error": {"code": code, "message": message}, "request_id": request_id}


_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "server_error",
    502: "server_error",
    503: "server_error",
    504: "timeout_error",
}


_ANTHROPIC_KINDS = {413: "request_too_large", 504: "timeout_error", 529: "overloaded_error"}
"""The kinds of Anthropic's errors that are not OpenAI's; `api_error` for any other from 500 on."""


def body_of_status(status: int, path: str, request_id: str) -> dict[str, Any]:
    """A likely body for an ordered status: the protocol's object below `/llm`, the queue's shapes elsewhere."""
    message = f"The emulator was ordered to answer {status}."
    if path in MESSAGES_PATHS:
        usual = "api_error" if status >= 500 else _KINDS.get(status, "invalid_request_error")
        return anthropic_error(message, kind=_ANTHROPIC_KINDS.get(status, usual))
    if path.startswith("/llm"):
        usual = "server_error" if status >= 500 else "invalid_request_error"
        return openai_error(message, kind=_KINDS.get(status, usual))
    if status == 429:
        return queue_error("RATE_LIMIT_EXCEEDED", message, request_id)
    return {"detail": message}
