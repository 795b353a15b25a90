"""Chat Completions as the openai SDK reads it: its client, its models, its stream accumulator."""

from __future__ import annotations

from typing import Any

from openai import APIError, APIStatusError
from openai.lib.streaming.chat import ChatCompletionStreamState

from .official_clients import dump, openai_client
from .reading import ChoiceReading, ErrorReading, Reading, ToolCallReading, usage_of, without_empty
from .recordings import Recording

_REQUEST: dict[str, Any] = {"model": "any", "messages": [{"role": "user", "content": "any"}]}

_REPLY_FIELDS = frozenset({"id", "object", "created", "model", "usage", "choices", "service_tier", "error"})
_CHOICE_FIELDS = frozenset({"index", "message", "finish_reason", "logprobs"})
_MESSAGE_FIELDS = frozenset(
    {
        "role",
        "content",
        "refusal",
        "tool_calls",
        "function_call",
        "annotations",
        "reasoning",
        "reasoning_content",
        "reasoning_details",
    }
)


def read_chat(recording: Recording) -> Reading:
    """Read a recording of Chat Completions."""
    try:
        return _read_stream(recording) if recording.stream else _read_plain(recording)
    except APIStatusError as error:
        return Reading(error=openai_error(error, recording.status))


def openai_error(error: APIError, status: int | None = None) -> ErrorReading:
    """Read the error object that the SDK's exception carries as its body."""
    body = error.body if isinstance(error.body, dict) else {}
    code = body.get("code") or body.get("type")
    return ErrorReading(
        code=None if code is None else str(code),
        message=str(body.get("message") or error.message),
        type=body.get("type"),
        status=status,
    )


def _read_plain(recording: Recording) -> Reading:
    with openai_client(recording) as client:
        reply = dump(client.chat.completions.create(**_REQUEST))
    return _reading(reply, extras=True)


def _read_stream(recording: Recording) -> Reading:
    """Fold the chunks with the SDK's accumulator: up to the error, if one comes."""
    state: ChatCompletionStreamState[Any] = ChatCompletionStreamState()
    error = None
    with openai_client(recording) as client, client.chat.completions.create(**_REQUEST, stream=True) as stream:
        try:
            for chunk in stream:
                _without_lists(chunk)
                state.handle_chunk(chunk)
        except APIError as raised:
            error = openai_error(raised)
        reply = dump(state.current_completion_snapshot)
    return _reading(reply, error=error)


def _without_lists(chunk: Any) -> None:
    """Take out of a chunk what the accumulator cannot fold: it refuses lists whose items have no `index`.

    A list as content (mistral) it would leave out without a word; annotations (openrouter) it raises on. Both are
    in `hand_read`.
    """
    for choice in chunk.choices:
        if isinstance(choice.delta.content, list):
            choice.delta.content = None
        (choice.delta.model_extra or {}).pop("annotations", None)


def _reading(reply: dict[str, Any], error: ErrorReading | None = None, *, extras: bool = False) -> Reading:
    """Read the SDK's ChatCompletion; a stream's extras are not read: the accumulator glues the repeated ones."""
    return Reading(
        choices=tuple(_choice(choice, extras=extras) for choice in reply["choices"]),
        id=reply["id"],
        model=reply["model"],
        usage=usage_of(reply.get("usage")),
        error=error,
        service_tier=reply.get("service_tier"),
        extras=without_empty(reply, _REPLY_FIELDS) if extras else {},
    )


def _choice(choice: dict[str, Any], *, extras: bool) -> ChoiceReading:
    message = choice["message"]
    content = message.get("content")
    details = message.get("reasoning_details") or []
    beyond = without_empty(choice, _CHOICE_FIELDS) | without_empty(message, _MESSAGE_FIELDS)
    return ChoiceReading(
        text=content if isinstance(content, str) else "",
        reasoning=_reasoning(message, details),
        tool_calls=_tool_calls(message),
        refusal=message.get("refusal") or "",
        finish=choice.get("finish_reason"),
        citations=tuple(message.get("annotations") or ()),
        signatures=tuple(detail[key] for detail in details for key in ("signature", "data") if detail.get(key)),
        logprobs=len((choice.get("logprobs") or {}).get("content") or ()),
        extras=beyond if extras else {},
    )


def _reasoning(message: dict[str, Any], details: list[dict[str, Any]]) -> str:
    """Return the readable reasoning: `reasoning_details` repeats `reasoning`, or stands in for it."""
    plain = message.get("reasoning_content") or message.get("reasoning")
    return plain or "".join(detail.get("text") or detail.get("summary") or "" for detail in details)


def _tool_calls(message: dict[str, Any]) -> tuple[ToolCallReading, ...]:
    """Return the calls; the legacy `function_call` is one without an id."""
    calls = [
        ToolCallReading(call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or []
    ]
    legacy = message.get("function_call")
    return (*calls, ToolCallReading("", legacy["name"], legacy["arguments"])) if legacy else tuple(calls)
