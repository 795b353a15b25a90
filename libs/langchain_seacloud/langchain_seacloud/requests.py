"""What a call asks for, from the model's fields and the call's own parameters, as the client's request."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from typing import Any

from langchain_core.messages import BaseMessage
from seacloud_client.conversation import Request, ToolChoice
from seacloud_client.errors import InvalidInputError
from seacloud_client.models import facts_of
from seacloud_client.protocols import ProtocolChoice, choose

from langchain_seacloud.binding import read_output, read_tool, read_tool_choice, tool_json
from langchain_seacloud.messages import read_messages

OTHER_NAMES: Mapping[str, str] = {
    "model_name": "model",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "stop_sequences": "stop",
}
"""Names that users of other packages give to the same parameters."""

FIELD_PARAMS = frozenset(field.name for field in dataclass_fields(Request)) - {
    "model",
    "messages",
    "output",
    "tools",
    "tool_choice",
    "metadata",  # a model's own `metadata` is LangChain's, for tracing
    "extra_headers",
    "extra_query",
    "extra_body",
}
"""Parameters of a request that the model may have as fields too."""

_CALL_PARAMS = FIELD_PARAMS | {"metadata"}
_READ_APART = frozenset(
    ("model", "tools", "tool_choice", "response_format", "extra_headers", "extra_query", "extra_body")
)
_IGNORED = frozenset(("stream", "run_manager", "strict", "ls_structured_output_format"))
"""What frameworks pass that says nothing to the service."""

_OF_THE_MODEL = frozenset(
    (
        "protocol",
        "api_key",
        "base_url",
        "messages_path",
        "contracts_url",
        "timeout",
        "stall_timeout",
        "max_reply_bytes",
        "max_event_bytes",
        "max_retries",
        "retry_unanswered",
        "default_headers",
        "default_query",
        "proxy",
        "transport",
        "http_client",
        "http_async_client",
    )
)
"""Settings of the connection. They are no parameters of a call, and must not get into its body."""

_TUPLES = ("modalities", "include")


def make_request(
    fields: Mapping[str, Any],
    given: Mapping[str, Any],
    messages: Sequence[BaseMessage],
    *,
    protocol: ProtocolChoice,
    stop: Sequence[str] | str | None,
    stream: bool,
) -> Request:
    """The request of a call.

    Args:
        fields: the model's own parameters, by their names here.
        given: those of the call. They win; one that is not known goes into the body as it is.
        messages: the conversation.
        protocol: the model's setting. Which protocol is spoken follows from it and the call's model.
        stop: texts at which the answer ends, as LangChain passes them; by default those among the parameters.
        stream: whether the answer is to be streamed.

    Raises:
        InvalidInputError: if that makes no sense.
    """
    given = {OTHER_NAMES.get(name, name): value for name, value in given.items() if name not in _IGNORED}
    misplaced = next((name for name in given if name in _OF_THE_MODEL), None)
    if misplaced is not None:
        raise InvalidInputError(
            f"{misplaced} is a setting of the model, not of a call: make another ChatSeaCloud({misplaced}=...), or use "
            "configurable_fields. Nothing was sent."
        )
    model = given.get("model") or fields["model"]
    params = {name: fields[name] for name in FIELD_PARAMS if fields.get(name) is not None}
    params.update({name: value for name, value in given.items() if name in _CALL_PARAMS})
    stops = stop or params.get("stop") or ()
    params["stop"] = (stops,) if isinstance(stops, str) else tuple(stops)
    params.update({name: tuple(params[name] or ()) for name in _TUPLES if name in params})
    if stream and (params.get("n") or 1) > 1:
        raise InvalidInputError("A stream has room for one answer: leave n out, or use generate(). Nothing was sent.")
    tools = [tool_json(tool) for tool in given.get("tools") or ()]
    request = Request(
        model=model,
        messages=read_messages(messages, choose(model, protocol)),
        tools=tuple(read_tool(tool) for tool in tools),
        tool_choice=read_tool_choice(given.get("tool_choice"), tools),
        output=read_output(given.get("response_format")),
        extra_headers=dict(given.get("extra_headers") or {}) or None,
        extra_query={**(fields.get("default_query") or {}), **(given.get("extra_query") or {})} or None,
        extra_body={
            **(fields.get("extra_body") or {}),
            **{name: value for name, value in given.items() if name not in _CALL_PARAMS | _READ_APART},
            **(given.get("extra_body") or {}),
        },
        **params,
    )
    return _softened(request)


def _softened(request: Request) -> Request:
    """The request with a forced tool call made a free one, where the model's provider would refuse it.

    `create_agent` forces calls for structured output, whatever the model is set to.
    """
    choice = request.tool_choice
    if choice is None or choice.mode not in ("required", "tool"):
        return request
    reason = next(_reasons_against_force(request), None)
    if reason is None:
        return request
    warnings.warn(
        f"tool_choice demands a tool call, which {request.model} refuses {reason}: it is asked with tool_choice='auto' "
        "instead, and may answer without a call.",
        stacklevel=2,
    )
    return replace(request, tool_choice=ToolChoice("auto"))


def _reasons_against_force(request: Request) -> Iterator[str]:
    facts = facts_of(request.model)
    if facts.tool_choice is False:
        yield "always"
    # Anthropic's guide "Extended thinking" and DeepSeek's "Thinking mode": no forced tool choice while it thinks.
    if (request.thinking or {}).get("type") in ("enabled", "adaptive"):
        yield "while it thinks; thinking is on"
    # An effort makes a model that is known to think in this way do it.
    if request.thinking is None and facts.thinking is not None:
        effort = request.reasoning_effort or (request.reasoning or {}).get("effort")
        if effort not in (None, "none"):
            yield "while it thinks; reasoning_effort is set"
