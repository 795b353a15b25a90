"""What the encoders of the protocols share: fields left out where they say nothing, and refusals in the same words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from pydantic_core import from_json

from seacloud_client.conversation import Extras, Media, Message, Request, Text, ToolCall, ToolChoice
from seacloud_client.errors import InvalidInputError
from seacloud_client.json_bodies import to_json

Json: TypeAlias = dict[str, Any]

Lacking: TypeAlias = Mapping[str, tuple[tuple[Any, ...], str]]
"""Fields of a request that a protocol lacks, each with the values that ask for nothing, and with advice."""


def given(fields: Mapping[str, Any]) -> Json:
    """The fields that are not `None`."""
    return {name: value for name, value in fields.items() if value is not None}


def known_extras(extras: Extras | None, names: Iterable[str]) -> Json:
    """The extras that the protocol knows at this place."""
    return {name: extras[name] for name in names if extras.get(name) is not None} if extras else {}


def refuse_what_is_lacking(request: Request, protocol: str, lacking: Lacking) -> None:
    """Refuses a request that would be misunderstood without what the protocol, called so, lacks.

    Raises:
        InvalidInputError: with the advice.
    """
    for name, (harmless, advice) in lacking.items():
        value = getattr(request, name)
        if value not in (None, ()) and value not in harmless and value != harmless:
            raise InvalidInputError(f"{protocol} has no {name}: {advice}. Nothing was sent.")


def refuse_choice_without_tools(choice: ToolChoice | None) -> None:
    """Refuses a demand for a tool where there are none.

    Raises:
        InvalidInputError: if the choice is one.
    """
    if choice is not None and choice.mode in ("required", "tool"):
        raise InvalidInputError("tool_choice demands a tool, but there are no tools. Nothing was sent.")


def texts_of(message: Message) -> list[Text]:
    """The parts of a message that takes text alone.

    Raises:
        InvalidInputError: if it has others.
    """
    texts = [part for part in message.parts if isinstance(part, Text)]
    if len(texts) < len(message.parts):
        strange = next(part for part in message.parts if not isinstance(part, Text))
        raise InvalidInputError(
            f"A {message.role} message takes text alone, not {type(strange).__name__}: move it into a user message. "
            "Nothing was sent."
        )
    return texts


def arguments_of(call: ToolCall) -> str:
    """The arguments of a function's call, as they came, if they are a JSON object; else that of `input_of` as JSON.

    OpenAI's reference calls them JSON, and vendors that parse a history (Qwen: `The "function.arguments" parameter ...
    must be in JSON format`) refuse the whole conversation where they are not.
    """
    try:
        if isinstance(from_json(call.arguments, allow_inf_nan=False), dict):
            return call.arguments
    except ValueError:
        pass
    return json.dumps(input_of(call), ensure_ascii=False)


def input_of(call: ToolCall) -> Json:
    """The arguments of a function's call as an object; an empty one where there is no text at all.

    What does not parse, or parses to what JSON cannot hold (NaN, half of a surrogate pair), goes back as
    `{"invalid_arguments": text}`, so that the model sees its mistake, which the tool's result will name.
    """
    try:
        arguments = call.parse()
        to_json(arguments)
    except ValueError:  # an InvalidInputError is one
        return {"invalid_arguments": call.arguments}
    return arguments


def data_url(part: Media) -> str:
    """The data of a part as a `data:` URL.

    Raises:
        InvalidInputError: if nothing says of what type it is.
    """
    try:
        return part.data_url
    except ValueError as error:
        raise InvalidInputError(f"{error} Nothing was sent.") from None


def refusing_media(protocol: str) -> Callable[[Media], Json]:
    """What refuses a sound or a film that the protocol, called so, has no place for."""

    def refuse(part: Media) -> Json:
        raise InvalidInputError(
            f"{protocol} takes no {part.kind}: leave it out, or use protocol='chat_completions' with a model that "
            "takes it. Nothing was sent."
        )

    return refuse
