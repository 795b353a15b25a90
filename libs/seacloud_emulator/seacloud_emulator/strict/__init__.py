"""The strict check: requests against the official SDKs' request types, deeply, and with unknown keys forbidden.

Needs the extra `strict`. What the types lack and is allowed all the same is the list in `extensions`.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import SchemaValidator, ValidationError

from seacloud_emulator.strict.closing import closed_validator
from seacloud_emulator.strict.extensions import EXTENSIONS, Extension
from seacloud_emulator.strict.wording import in_words


@dataclass(frozen=True)
class RequestTypes:
    """Where an SDK has its types for the body of a request.

    Attributes:
        module: the module.
        name: the name of the types, to which `NonStreaming` or `Streaming` is added.
        headers: parameters that the SDK sends as headers, so that they have no place in a body.
    """

    module: str
    name: str
    headers: tuple[str, ...] = ()


_MESSAGES_HEADERS = ("user_profile_id", "workspace_id")

REQUEST_TYPES: Mapping[str, tuple[RequestTypes, ...]] = {
    "chat_completions": (RequestTypes("openai.types.chat.completion_create_params", "CompletionCreateParams"),),
    "responses": (RequestTypes("openai.types.responses.response_create_params", "ResponseCreateParams"),),
    "messages": (
        RequestTypes("anthropic.types.message_create_params", "MessageCreateParams", _MESSAGES_HEADERS),
        RequestTypes(
            "anthropic.types.beta.message_create_params", "MessageCreateParams", (*_MESSAGES_HEADERS, "betas")
        ),
    ),
}
"""The types by protocol. A request must satisfy one of them: the second of Messages are those of its betas."""


def problems(protocol: str, body: Mapping[str, Any]) -> list[str]:
    """What the official SDK's request types have against a request; an empty list if it is right.

    Args:
        protocol: `chat_completions`, `responses` or `messages`.
        body: the request's JSON.
    """
    found: list[str] = []
    for validator in _validators(protocol, body.get("stream") is True):
        try:
            validator.validate_python(body)
        except ValidationError as error:
            said = in_words(error)
            found = said if not found or len(said) < len(found) else found
        else:
            return []
    return found


def validators(protocol: str, streams: bool, extensions: Collection[Extension]) -> tuple[SchemaValidator, ...]:
    """The validators of a protocol, with these extensions instead of the list."""
    return tuple(
        closed_validator(_request_type(types, streams), extensions, types.headers) for types in REQUEST_TYPES[protocol]
    )


@functools.lru_cache
def _validators(protocol: str, streams: bool) -> tuple[SchemaValidator, ...]:
    """The validators of a protocol, which take some tenths of a second to build, once."""
    return validators(protocol, streams, EXTENSIONS[protocol])


def _request_type(types: RequestTypes, streams: bool) -> Any:
    name = f"{types.name}{'Streaming' if streams else 'NonStreaming'}"
    return getattr(importlib.import_module(types.module), name)
