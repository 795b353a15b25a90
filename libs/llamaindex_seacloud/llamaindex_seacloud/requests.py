"""A call of LlamaIndex's as the client's request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from pydantic import BaseModel
from seacloud_client.call_parameters import by_own_names, call_parameters, not_known, tell_of_unknown_in_call
from seacloud_client.conversation import JsonOutput, OutputSchema, Request
from seacloud_client.errors import InvalidInputError
from seacloud_client.forced_calls import softened
from seacloud_client.openai_form import choice_of, output_of
from seacloud_client.protocols import ProtocolChoice, choose

from llamaindex_seacloud.calls import read_tool
from llamaindex_seacloud.messages import read_messages
from llamaindex_seacloud.structured import OutputForm


def build_request(
    messages: Sequence[ChatMessage],
    *,
    model: str,
    protocol: ProtocolChoice,
    fields: Mapping[str, Any],
    call: Mapping[str, Any],
    settings: AbstractSet[str] = frozenset(),
) -> Request:
    """The request for these messages.

    Args:
        messages: LlamaIndex's messages.
        model: the model, unless the call names another.
        protocol: the LLM's choice of protocol.
        fields: the LLM's own parameters, by their names here.
        call: the call's parameters; they win. What is no parameter of a request goes into its body as it is, with a
            warning unless it is one of the LLM's `additional_kwargs`.
        settings: names of the LLM's settings, which a call cannot change.

    Raises:
        InvalidInputError: if it cannot be sent. Nothing was sent.
    """
    given = by_own_names(call)
    misplaced = sorted(given.keys() & settings)
    if misplaced:
        raise InvalidInputError(
            f"{', '.join(misplaced)}: settings of the LLM, not of a call; give them to SeaCloud(...). Nothing was sent."
        )
    unknown = not_known(given, meant=fields.get("additional_kwargs") or ())
    if unknown:
        tell_of_unknown_in_call(unknown, of="SeaCloud")
    params = call_parameters(fields, given)
    if (params.get("n") or 1) > 1:
        raise InvalidInputError(
            "A response of LlamaIndex's has room for one answer: leave n out, or ask several times. Nothing was sent."
        )
    model = given.get("model") or model
    return softened(
        Request(
            model=model,
            messages=read_messages(messages, choose(model, protocol), model),
            tools=tuple(read_tool(tool) for tool in given.get("tools") or ()),
            tool_choice=choice_of(given.get("tool_choice")),
            output=_output_of(given.get("response_format"), strict=fields.get("strict")),
            **params,
        )
    )


def _output_of(form: Any, *, strict: bool | None) -> OutputSchema | JsonOutput | None:
    """The form that an answer must have, also by a pydantic class."""
    if isinstance(form, type) and issubclass(form, BaseModel):
        return output_of(OutputForm(form, is_native=True, strict=strict).response_format)
    if form is None or isinstance(form, Mapping):
        return output_of(form)
    raise InvalidInputError(
        f"response_format must be a dict in OpenAI's form, or a pydantic class; got {form!r}. Nothing was sent."
    )
