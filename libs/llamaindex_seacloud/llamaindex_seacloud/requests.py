"""A call of LlamaIndex's as the client's request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields as dataclass_fields
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from seacloud_client.conversation import Request
from seacloud_client.errors import InvalidInputError
from seacloud_client.protocols import ProtocolChoice, choose

from llamaindex_seacloud.calls import read_choice, read_output, read_tool
from llamaindex_seacloud.messages import read_messages

REQUEST_FIELDS = frozenset(field.name for field in dataclass_fields(Request)) - {"model", "messages", "output"}
"""Parameters of a request that are handed on under their own names."""

_OTHER_NAMES = {"max_completion_tokens": "max_tokens", "max_output_tokens": "max_tokens", "stop_sequences": "stop"}
"""Names that users of other packages give to the same parameters."""

_READ_HERE = frozenset(("model", "tools", "tool_choice", "response_format"))
_TUPLES = ("modalities", "include")


def build_request(
    messages: Sequence[ChatMessage],
    *,
    model: str,
    protocol: ProtocolChoice,
    defaults: Mapping[str, Any],
    call: Mapping[str, Any],
    settings: AbstractSet[str] = frozenset(),
) -> Request:
    """The request for these messages.

    Args:
        messages: LlamaIndex's messages.
        model: the model, unless the call names another.
        protocol: the LLM's choice of protocol.
        defaults: the LLM's own parameters, by the request's names.
        call: the call's parameters; they win. What is no parameter of a request goes into its body as it is.
        settings: names of the LLM's settings, which a call cannot change.

    Raises:
        InvalidInputError: if it cannot be sent. Nothing was sent.
    """
    given = {_OTHER_NAMES.get(name, name): value for name, value in call.items()}
    misplaced = sorted(given.keys() & settings - _READ_HERE)
    if misplaced:
        raise InvalidInputError(
            f"{', '.join(misplaced)}: settings of the LLM, not of a call; give them to SeaCloud(...). Nothing was sent."
        )
    params = {name: value for name, value in defaults.items() if value is not None}
    for name in ("extra_query", "extra_body"):
        params[name] = {**(params.get(name) or {}), **(given.pop(name, None) or {})}
    for name, value in given.items():
        if name in REQUEST_FIELDS and name not in _READ_HERE:
            params[name] = value
        elif name not in _READ_HERE:
            params["extra_body"][name] = value
    stops = params.pop("stop", None) or ()
    params["stop"] = (stops,) if isinstance(stops, str) else tuple(stops)
    params.update({name: tuple(params[name]) for name in _TUPLES if params.get(name)})
    if (params.get("n") or 1) > 1:
        raise InvalidInputError(
            "A response of LlamaIndex's has room for one answer: leave n out, or ask several times. Nothing was sent."
        )
    model = given.get("model") or model
    return Request(
        model=model,
        messages=read_messages(messages, choose(model, protocol), model),
        tools=tuple(read_tool(tool) for tool in given.get("tools") or ()),
        tool_choice=read_choice(given.get("tool_choice")),
        output=read_output(given.get("response_format")),
        **params,
    )
