"""What a call asks for, from the model's fields and the call's own parameters, as the client's request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from seacloud_client.call_parameters import by_own_names, call_parameters, not_known, tell_of_unknown_in_call
from seacloud_client.conversation import Request
from seacloud_client.credentials import misplaced
from seacloud_client.errors import InvalidInputError
from seacloud_client.forced_calls import softened
from seacloud_client.protocols import ProtocolChoice, choose

from langchain_seacloud.binding import read_output, read_tool, read_tool_choice, tool_json
from langchain_seacloud.messages import read_messages

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
        given: those of the call. They win; one that is not known goes into the body as it is, with a warning unless it
            is one of the model's `model_kwargs`.
        messages: the conversation.
        protocol: the model's setting. Which protocol is spoken follows from it and the call's model.
        stop: texts at which the answer ends, as LangChain passes them; by default those among the parameters.
        stream: whether the answer is to be streamed.

    Raises:
        InvalidInputError: if that makes no sense.
    """
    given = by_own_names({name: value for name, value in given.items() if name not in _IGNORED})
    refuse_misplaced(given)
    unknown = not_known(given, meant=fields.get("model_kwargs") or ())
    if unknown:
        tell_of_unknown_in_call(unknown, of="ChatSeaCloud")
    model = given.get("model") or fields["model"]
    params = call_parameters(fields, given, stop=stop)
    if stream and (params.get("n") or 1) > 1:
        raise InvalidInputError("A stream has room for one answer: leave n out, or use generate(). Nothing was sent.")
    tools = [tool_json(tool) for tool in given.get("tools") or ()]
    request = Request(
        model=model,
        messages=read_messages(messages, choose(model, protocol)),
        tools=tuple(read_tool(tool) for tool in tools),
        tool_choice=read_tool_choice(given.get("tool_choice"), tools),
        output=read_output(given.get("response_format")),
        **params,
    )
    return softened(request)


def refuse_misplaced(given: Mapping[str, Any]) -> None:
    """Refuses parameters of a call that would go into its body and into traces, where nobody means them to be.

    Raises:
        InvalidInputError: if there are any. Nothing was sent.
    """
    setting = next((name for name in given if name in _OF_THE_MODEL), None)
    if setting is not None:
        raise InvalidInputError(
            f"{setting} is a setting of the model, not of a call: make another ChatSeaCloud({setting}=...), or use "
            "configurable_fields. Nothing was sent."
        )
    problem = misplaced(not_known(given), of="ChatSeaCloud")
    if problem is not None:
        raise InvalidInputError(f"{problem} Nothing was sent.")
