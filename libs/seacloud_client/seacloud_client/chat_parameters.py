"""What a framework's chat model can be told, as the fields that all of them have."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import httpx
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from seacloud_client.protocols import MessagesPath, ProtocolChoice


class ChatParameters(BaseModel):
    """The parameters of a chat model. An adapter's class adds its framework's own, and where the service is."""

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,  # a key may be in it
        populate_by_name=True,
        protected_namespaces=(),
    )

    model: str = Field(validation_alias=AliasChoices("model", "model_name"))
    """The model's id, such as `gpt-4.1`."""

    protocol: ProtocolChoice = "auto"
    """The wire protocol. `auto` takes the one that the model speaks best."""

    timeout: float | None = None
    """Seconds without a byte from the service before a call is given up; 600 by default."""

    stall_timeout: float | None = None
    """Seconds in which a stream says nothing of the reply before it is given up; by default `timeout`."""

    max_reply_bytes: int | None = None
    """The longest answer that is read, whole or streamed, in bytes; 256 MiB by default."""

    max_event_bytes: int | None = None
    """The same for one event of a stream; 64 MiB by default."""

    max_retries: int = 2
    """How often at most a call is repeated after an answer or failure that allows it (429, 502, 503, 504, 529, or no
    connection). A call that was sent and not answered is not repeated: it may have been billed."""

    retry_unanswered: bool = False
    """Whether to repeat also a call that was sent and not answered, though it may be billed twice."""

    messages_path: MessagesPath = "/v1/messages"
    """Where Messages is served, below the base URL; the service has two places that mean the same."""

    temperature: float | None = None
    """How freely the model words its answer: 0 to 2, on Messages to 1."""

    max_tokens: int | None = Field(
        default=None, validation_alias=AliasChoices("max_tokens", "max_completion_tokens", "max_output_tokens")
    )
    """The most tokens that an answer may have, reasoning included."""

    top_p: float | None = None
    """Only the likeliest tokens, up to this share of them all: 0 to 1."""

    top_k: int | None = None
    """Only so many of the likeliest tokens; Messages alone has it."""

    stop: list[str] | None = Field(default=None, validation_alias=AliasChoices("stop", "stop_sequences"))
    """Texts at which the answer ends."""

    seed: int | None = None
    """For answers that are more alike; Chat Completions alone has it."""

    frequency_penalty: float | None = None
    """Against words that have come often: -2 to 2; Chat Completions alone has it."""

    presence_penalty: float | None = None
    """Against words that have come at all: -2 to 2; Chat Completions alone has it."""

    logit_bias: dict[str, int] | None = None
    """Tokens to prefer or to avoid, by their ids: -100 to 100; Chat Completions alone has it."""

    logprobs: bool | None = None
    """Whether to tell how likely each token was; not on Messages."""

    top_logprobs: int | None = None
    """How many other tokens to name at each place; not on Messages."""

    reasoning_effort: str | None = None
    """How much to think: `none`, `minimal`, `low`, `medium`, `high`, or a word of the provider's own."""

    reasoning: dict[str, Any] | None = None
    """The reasoning settings of OpenAI's Responses: `effort`, `summary`."""

    thinking: dict[str, Any] | None = None
    """The thinking settings of Anthropic's Messages, also of DeepSeek and Z.ai: `type`, `budget_tokens`."""

    verbosity: str | None = None
    """How long the answer is to be: `low`, `medium`, `high`; not on Messages."""

    modalities: list[str] | None = None
    """What to answer in: `text`, `audio`; Chat Completions alone has it."""

    audio: dict[str, Any] | None = None
    """The voice and the format of a spoken answer; Chat Completions alone has it."""

    service_tier: str | None = None
    """The provider's tier, in its own words."""

    store: bool | None = None
    """Whether the provider keeps the answer; not on Messages."""

    include: list[str] | None = None
    """What the answer is to hold besides, in Responses' words."""

    truncation: str | None = None
    """Whether the provider may shorten the conversation (`auto`); Responses alone has it."""

    user: str | None = None
    """Who asks, for the provider's abuse checks."""

    safety_identifier: str | None = None
    """The same, by OpenAI's newer name."""

    prompt_cache_key: str | None = None
    """Helps providers that cache by themselves to find what they cached."""

    stream_usage: bool = True
    """Whether streams end with the usage."""

    default_query: dict[str, str] | None = Field(default=None, repr=False)
    """Query parameters for every request. A gateway's credentials may be among them."""

    transport: Literal["httpx", "aiohttp"] = "httpx"
    """`aiohttp` makes many concurrent async calls cheaper; it needs the extra `fast`. Sync calls go over httpx all the
    same."""

    http_client: httpx.Client | None = Field(default=None, exclude=True, repr=False)
    """A client of your own for sync calls. It is never closed here."""

    http_async_client: httpx.AsyncClient | None = Field(default=None, exclude=True, repr=False)
    """A client of your own for async calls."""


@cache
def _constructor_names(cls: type[BaseModel]) -> frozenset[str]:
    names = set(cls.model_fields)
    for field in cls.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            names.update(str(choice) for choice in field.validation_alias.choices)
    return frozenset(names)


def sorted_out(cls: type[BaseModel], values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a constructor was given: what it has a field for, by any of its names, and what it has none for.

    One text at which the answer ends may stand for a list of one.
    """
    names = _constructor_names(cls)
    known = {name: value for name, value in values.items() if name in names}
    known.update({name: [known[name]] for name in ("stop", "stop_sequences") if isinstance(known.get(name), str)})
    return known, {name: value for name, value in values.items() if name not in names}


def tell_of_unknown(unknown: Mapping[str, Any], *, of: str, kept_in: str, stacklevel: int) -> None:
    """Warns of parameters that there is no field for, which are kept all the same: the service may know them.

    Args:
        unknown: the parameters.
        of: whose they are not.
        kept_in: the field that they are put into.
        stacklevel: of the warning, as if it were given where this is called.
    """
    warnings.warn(
        f"{', '.join(map(repr, unknown))}: not parameters of {of}, so they were put into {kept_in} and go into the "
        f"request's body as they are. Pass {kept_in}={{...}} to say that this is meant.",
        stacklevel=stacklevel + 1,
    )
