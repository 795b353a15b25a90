"""Who may call: the keys, and the documented ways to show one.

Any key is accepted but three, which stand for the documented 403 answers (source D): `sk-invalid`, `sk-no-balance` and
`sk-no-model`.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from seacloud_emulator.refusals import MESSAGES_PATHS, Refusal, anthropic_error, llm_error, queue_error

INVALID = "sk-invalid"
NO_BALANCE = "sk-no-balance"
NO_MODEL = "sk-no-model"

SCHEMES = {"llm": ("bearer",), "queue": ("key", "bearer")}
"""The `Authorization` schemes of the two APIs: `Bearer` (S), `Key` (S) or `Bearer` (D)."""


def llm_key(request: Request) -> str:
    """The caller's key of an LLM request, from `Authorization: Bearer` or `x-api-key` (D).

    Raises:
        Refusal: 401 without a key, 403 with one of the refused keys but `sk-no-model`, which depends on the body.
    """
    key = _key_of(request, "llm") or request.headers.get("x-api-key", "").strip()
    if not key:
        raise Refusal(401, _plain_error(request, "missing authentication token", "authentication_error"))
    if key == INVALID:
        raise Refusal(403, _plain_error(request, "invalid_api_key", "permission_error"))
    if key == NO_BALANCE:
        raise Refusal(403, _plain_error(request, "insufficient balance", "permission_error"))
    return key


def _plain_error(request: Request, message: str, kind: str) -> dict[str, Any]:
    """The plain string of the LLM paths, or Anthropic's object on those of Messages (D)."""
    on_messages = request.url.path in MESSAGES_PATHS
    return anthropic_error(message, kind=kind) if on_messages else {"error": message}


def check_llm_model(request: Request, key: str, model: str) -> None:
    """Refuses the key that stands for a model which is not authorised."""
    if key == NO_MODEL:
        message = f"The model `{model}` is not authorized for this API key."
        kind, code = "permission_error", "model_not_allowed"
        raise Refusal(403, llm_error(request.url.path, message, kind=kind, param="model", code=code))


def queue_key(request: Request, request_id: str) -> str:
    """The caller's key of a queue request, from `Authorization: Key` (S) or `Bearer` (D).

    Raises:
        Refusal: 401 without a key, 403 with one of the refused keys.
    """
    key = _key_of(request, "queue")
    if not key:
        raise Refusal(401, queue_error("UNAUTHORIZED", "missing authentication token", request_id))
    if key == INVALID:
        raise Refusal(403, queue_error("UNAUTHORIZED", "invalid_api_key", request_id))
    if key == NO_BALANCE:
        raise Refusal(403, queue_error("INSUFFICIENT_BALANCE", "insufficient balance", request_id))
    if key == NO_MODEL:
        raise Refusal(403, {"detail": "Model not allowed for this user"})
    return key


def _key_of(request: Request, api: str) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() in SCHEMES[api] else ""
