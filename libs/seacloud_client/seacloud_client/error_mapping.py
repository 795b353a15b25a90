"""From an answer of the service to the error that it means.

The service has several shapes of error (`docs/model-api/llm`, `docs/model-api/multimodal`): a plain string, OpenAI's
object, Anthropic's, the vendor's own status object, and the queue's `detail`. All of them are read here, and here
alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic_core import from_json

from seacloud_client.errors import (
    APIError,
    AuthenticationError,
    ContentRefusedError,
    ContextLengthError,
    InsufficientBalanceError,
    InvalidRequestError,
    ModelNotAllowedError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from seacloud_client.settings import API_KEY_VARIABLE, BASE_URL_VARIABLE

MAX_SHOWN = 500
"""Characters of a service's message that an error shows."""

MAX_WORD = 100
"""Characters of a service's code, kind, parameter or status that are kept: they are single words."""

MAX_BRACKETS = 200
"""Brackets in a body up to which it cannot be nested too deep."""

MAX_KEPT = 20_000
"""Characters of a body that an error keeps, where it is text."""

_BALANCE = re.compile(
    r"balance|insufficient.{0,10}(credit|fund|quota)|not enough credit"
    r"|\b4020[1-8]\b",  # the codes that the vendor's own client knows
    re.IGNORECASE,
)
_MODEL = re.compile(r"\bmodels?\b", re.IGNORECASE)
_KEY = re.compile(r"api[ _-]?key|token|credential|unauthori[sz]ed|expired|authenticat", re.IGNORECASE)
_CONTEXT = re.compile(
    r"context[ _](length|window)|prompt is too long|too many (input )?tokens|input is too long"
    r"|maximum.{0,20}tokens.{0,40}requested"
    r"|exceeds?( the)?( available)? context (limit|size)"  # Anthropic, llama.cpp
    r"|input token count.{0,30}exceeds the maximum number of tokens"  # Gemini
    r"|maximum prompt length is"  # xAI
    r"|exceeded model token limit"  # Moonshot
    r"|range of input length should be"  # Qwen
    r"|prompt exceeds max length",  # Z.ai
    re.IGNORECASE,
)
_REFUSED = (
    r"content[ _](policy|filter|management)|safety system"
    r"|violat(es?|ing|ion of)( our| the)? usage (guideline|polic)"  # xAI, OpenAI
    r"|content exists risk"  # DeepSeek
    r"|inappropriate content|data_?inspection_?failed"  # Qwen
    r"|input was flagged"  # OpenRouter
)
_CONTENT = re.compile(f"{_REFUSED}|moderation", re.IGNORECASE)
_CONTENT_FORBIDDEN = re.compile(f"{_REFUSED}|requires moderation", re.IGNORECASE)
"""What a 403 says of content: the name of a model alone, such as `omni-moderation`, is none."""

_TASK_PATH = re.compile(r"/requests/[^/]")
"""Where a task of the queue is asked after, read or cancelled (`docs/model-api/multimodal`)."""

_TYPE_STATUS = {
    "missing authentication token": 401,
    "invalid_api_key": 401,
    "insufficient balance": 402,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "permission_denied_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "invalid_request_error": 400,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "quota_exceeded": 429,
    "insufficient_quota": 402,
    "overloaded_error": 529,
    "timeout_error": 504,
    "api_error": 500,
    "server_error": 500,
}
"""The status that an error's own word stands for, where the error comes in a body or stream of status 200.
Anthropic's and OpenAI's error references name them; the first three are the service's plain strings."""

_BASE_RESP_STATUS = {"1002": 429, "1004": 401, "1008": 402, "2013": 400, "2049": 401}
"""The same for MiniMax's codes, which its error reference lists."""

_NO_ERROR_CODES = (None, "", 0, 200, "0", "200")
"""Codes that stand beside a message, and say that all is well."""


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """What an error body says, whatever its shape."""

    message: str = ""
    code: str | None = None
    type: str | None = None
    param: str | None = None

    @property
    def words(self) -> str:
        """All that it says, for telling kinds apart."""
        return " ".join(word for word in (self.message, self.code, self.type) if word)


def error_from_answer(
    status: int, headers: Mapping[str, str], body: bytes, url: str = "", request_id: str | None = None
) -> APIError:
    """The error that an answer with a status of 400 or more means."""
    parsed = parse_body(body)
    return make_error(status, parsed, headers=headers, url=url, request_id=request_id)


def error_from_body(
    body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None, request_id: str | None = None
) -> APIError:
    """The error that a body or an event of a stream means, though its status was 200."""
    implied = _implied_status(read_facts(body), body)
    return make_error(implied or status, body, headers=headers or {}, url="", request_id=request_id)


def make_error(status: int, body: Any, *, headers: Mapping[str, str], url: str, request_id: str | None) -> APIError:
    """The error of the right class, with a message that says what to do."""
    facts = read_facts(body)
    cls = _class_of(status, facts)
    said = facts.message or "the service gave no reason"
    said = said if len(said) <= MAX_SHOWN else f"{said[:MAX_SHOWN]}..."
    advice = _ADVICE.get(cls, _no_advice)(url)
    where = f" [{facts.param}]" if facts.param and facts.param not in said else ""
    return cls(
        f"{said.rstrip('.')}{where}. {advice}".rstrip(),
        status=status,
        code=facts.code or facts.type,
        request_id=headers.get("x-request-id") or headers.get("request-id") or request_id,
        body=body if not isinstance(body, str) else body[:MAX_KEPT],
        headers=headers,
    )


def parse_body(body: bytes) -> Any:
    """The body as JSON, or else as text: also where it is nested so deep that nothing could show or pickle it.

    Halves of surrogate pairs, which no text may hold, become question marks.
    """
    try:
        return from_json(body)
    except ValueError:  # it stops at 200 levels, and at halves of surrogate pairs
        text = body.decode("utf-8", "replace")
    if text.count("[") + text.count("{") > MAX_BRACKETS:
        return text
    try:
        return from_json(json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace"))
    except ValueError:
        return text


def is_error_body(body: Any) -> bool:
    """Whether a body of status 200 is an error: one that names an error and holds no answer."""
    if not isinstance(body, dict):
        return False
    if body.get("error") and not any(body.get(key) for key in ("choices", "output", "content", "id")):
        return True
    if body.get("type") == "error":
        return True
    status = body.get("status")
    return isinstance(status, dict) and body.get("data") is None and _number(status.get("code"), 400, 600) is not None


def is_error_reply(body: Any) -> bool:
    """Whether a model's answer of status 200, or an event of its stream that is of no known kind, is an error.

    Besides `is_error_body`: an error may have an id (DashScope), be called one (Mistral, vLLM), be in MiniMax's
    `base_resp`, or have no more than the queue's `detail`, or a code and a message.
    """
    if not isinstance(body, dict):
        return False
    if is_error_body(body) or body.get("object") == "error":
        return True
    if body.get("choices") or body.get("content") or "output" in body or body.get("object") == "response":
        return False
    base = body.get("base_resp")
    if body.get("error") or (isinstance(base, dict) and base.get("status_code")):
        return True
    if "type" in body:
        return False  # an event, of a kind that there may be some day
    return bool(body.get("detail") or (body.get("message") and body.get("code") not in _NO_ERROR_CODES))


def read_facts(body: Any) -> ErrorFacts:
    """What an error body says, in whichever of the known shapes it is."""
    if isinstance(body, str):
        return ErrorFacts(_plain(body))
    if not isinstance(body, dict):
        return ErrorFacts(json.dumps(body)[:MAX_SHOWN] if body is not None else "")
    error = body.get("error")
    if isinstance(error, str) and error:
        return ErrorFacts(_join(error, body.get("message")), code=error if re.fullmatch(r"\w{1,100}", error) else None)
    if isinstance(error, dict):
        return _facts_of_object(error)
    status = body.get("status", body.get("base_resp"))
    if isinstance(status, dict):
        return _facts_of_status(status)
    return ErrorFacts(_detail(body["detail"])) if "detail" in body else _facts_of_object(body)


def _facts_of_status(status: dict[str, Any]) -> ErrorFacts:
    """The vendor's `{"status": {"code", "message", "error_code"}, "data": null}`, and MiniMax's `base_resp`."""
    message = _text(status.get("message")) or _text(status.get("status_msg"))
    return ErrorFacts(message, code=_word(status.get("error_code") or status.get("code") or status.get("status_code")))


def _facts_of_object(error: dict[str, Any]) -> ErrorFacts:
    message = _text(error.get("message")) or _text(error.get("detail")) or _text(error.get("msg"))
    metadata = error.get("metadata")  # OpenRouter keeps the provider's own words there
    if isinstance(metadata, dict) and isinstance(metadata.get("raw"), str):
        message = f"{message}: {metadata['raw']}"
    return ErrorFacts(
        message or json.dumps(error)[:MAX_SHOWN],
        code=_word(error.get("code")),
        type=_word(error.get("type")),
        param=_word(error.get("param")),
    )


def _detail(detail: Any) -> str:
    """The queue's `detail`: a sentence, or a list of what is wrong with each parameter."""
    if isinstance(detail, list):
        return "; ".join(_detail_line(line) for line in detail)
    return _text(detail) or json.dumps(detail)


def _detail_line(line: Any) -> str:
    if not isinstance(line, dict):
        return str(line)
    steps = line.get("loc")
    place = ".".join(str(step) for step in steps) if isinstance(steps, list) else _text(steps)
    return f"{place}: {line.get('msg', line)}" if place else str(line.get("msg", line))


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, (dict, list, bool)) else str(value)


def _word(value: Any) -> str | None:
    return _text(value)[:MAX_WORD] or None


def _join(*words: Any) -> str:
    return ": ".join(word for word in words if isinstance(word, str) and word)


def _plain(body: str) -> str:
    """A body that is no JSON, as one line: a gateway's HTML page is reduced to its words."""
    if "<html" in body[:500].lower():
        body = re.sub(r"<[^<>]*>", " ", _visible(body[:MAX_KEPT]))
    return " ".join(body[:MAX_KEPT].split())


def _visible(page: str) -> str:
    """A page without its styles and scripts. It goes through it once, whatever is opened there and not closed."""
    kept, start, hidden = [], 0, ""
    for tag in re.finditer(r"(?i)<(/?)(style|script)\b[^<>]*>", page):
        kind = tag[2].lower()
        if not hidden and not tag[1]:
            kept.append(page[start : tag.start()])
            start, hidden = tag.end(), kind
        elif tag[1] and kind == hidden:
            start, hidden = tag.end(), ""
    kept.append(page[start:])
    return " ".join(kept)


def _number(value: Any, low: int, high: int) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if low <= number < high else None


def _implied_status(facts: ErrorFacts, body: Any) -> int | None:
    """The status that an error within a body of status 200 stands for."""
    error = body.get("error") if isinstance(body, dict) else None
    candidates: list[Any] = [facts.code]
    if isinstance(error, dict):
        candidates += [error.get("status_code"), error.get("status")]
    if isinstance(body, dict) and isinstance(body.get("status"), dict):
        candidates.append(body["status"].get("code"))
    for candidate in candidates:
        status = _number(candidate, 400, 600)
        if status is not None:
            return status
    if isinstance(body, dict) and isinstance(body.get("base_resp"), dict) and facts.code in _BASE_RESP_STATUS:
        return _BASE_RESP_STATUS[facts.code]
    if _BALANCE.fullmatch(facts.code or ""):
        return 402
    return _first(_TYPE_STATUS.get(word or "") for word in (facts.code, facts.type, facts.message))


def _first(values: Iterable[int | None]) -> int | None:
    return next((value for value in values if value is not None), None)


def _class_of(status: int, facts: ErrorFacts) -> type[APIError]:
    special = _SPECIAL.get(status)
    if special is not None:
        return special(facts)
    if 400 <= status < 500:
        return _invalid(facts)
    return ServerError


def _forbidden(facts: ErrorFacts) -> type[APIError]:
    """403 stands for an invalid key, a lack of balance or a model not allowed (docs/model-api/llm, errors).

    Vendors refuse content with it too, and may name the model (xAI) or the key there.
    """
    if _CONTENT_FORBIDDEN.search(facts.words):
        return ContentRefusedError
    if _BALANCE.search(facts.words):
        return InsufficientBalanceError
    if _MODEL.search(facts.words):
        return ModelNotAllowedError
    return AuthenticationError if _KEY.search(facts.words) else PermissionDeniedError


def _invalid(facts: ErrorFacts) -> type[APIError]:
    if _CONTEXT.search(facts.words):
        return ContextLengthError
    return ContentRefusedError if _CONTENT.search(facts.words) else InvalidRequestError


_SPECIAL: Mapping[int, Callable[[ErrorFacts], type[APIError]]] = {
    401: lambda _: AuthenticationError,
    402: lambda _: InsufficientBalanceError,
    403: _forbidden,
    404: lambda _: NotFoundError,
    429: lambda _: RateLimitError,
}


def _no_advice(_url: str) -> str:
    return ""


def _advise_path(url: str) -> str:
    path = urlsplit(url).path if url else ""
    if path and not path.startswith(("/llm/", "/model/")):
        return (
            f"The address was {url}: SeaCloud's public paths begin with /llm (chat) or /model (media). "
            f"Check base_url or {BASE_URL_VARIABLE}."
        )
    if _TASK_PATH.search(path):
        return "The task may belong to another key or another model, or be gone by now."
    return "Check the model's name, and base_url: its public path ends in /llm (chat) or /model (media)."


_ADVICE: Mapping[type[APIError], Callable[[str], str]] = {
    AuthenticationError: lambda _: f"Check api_key or {API_KEY_VARIABLE}.",
    InsufficientBalanceError: lambda _: "Top up the account; the request was not carried out.",
    ModelNotAllowedError: lambda _: "Choose another model, or have this one enabled for the key.",
    PermissionDeniedError: lambda _: "The key is not allowed to do this.",
    NotFoundError: _advise_path,
    ContextLengthError: lambda _: "Shorten the messages, or choose a model with a longer context window.",
    RateLimitError: lambda _: "Wait, or send fewer requests at a time.",
    ServerError: lambda _: "Try again later; give the request id to support if it goes on.",
}
