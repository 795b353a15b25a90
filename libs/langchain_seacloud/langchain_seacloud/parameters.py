"""What `ChatSeaCloud` can be told: its fields, and what becomes of names that are none."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any, Literal

import httpx
from langchain_core.language_models import BaseChatModel
from langchain_core.utils import secret_from_env
from pydantic import AliasChoices, ConfigDict, Field, SecretStr, model_validator
from seacloud_client.protocols import MessagesPath, ProtocolChoice
from seacloud_client.settings import API_KEY_VARIABLE, Settings


@cache
def _constructor_names(cls: type[BaseChatModel]) -> frozenset[str]:
    """All names that the constructor takes."""
    names = set(cls.model_fields)
    for field in cls.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            names.update(str(choice) for choice in field.validation_alias.choices)
    return frozenset(names)


class ChatSeaCloudParameters(BaseChatModel):
    """The parameters of `ChatSeaCloud`. Each can also be given per call, but for those of the connection."""

    model_config = ConfigDict(populate_by_name=True, protected_namespaces=(), hide_input_in_errors=True)

    model: str = Field(validation_alias=AliasChoices("model", "model_name"))
    """The model's id, such as `gpt-4.1`."""

    protocol: ProtocolChoice = "auto"
    """The wire protocol. `auto` takes the one that the model speaks best."""

    api_key: SecretStr | None = Field(default_factory=secret_from_env(API_KEY_VARIABLE, default=None))
    """The key; by default the environment's `SEACLOUD_API_KEY`."""

    base_url: str = Field(default_factory=lambda: Settings.resolve("llm").base_url)
    """The LLM base URL; by default `SEACLOUD_BASE_URL` (or `https://cloud.seaart.ai`) and `/llm`."""

    contracts_url: str | None = None
    """Where the catalogue of models is, for `list_models`; by default `SEACLOUD_CONTRACTS_URL`. The service promises
    none, so there is no other default."""

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
    """Whether to repeat that one too."""

    messages_path: MessagesPath = "/v1/messages"
    """Where Messages is served, below `base_url`."""

    temperature: float | None = None
    max_tokens: int | None = Field(
        default=None, validation_alias=AliasChoices("max_tokens", "max_completion_tokens", "max_output_tokens")
    )
    """The most tokens that an answer may have, reasoning included."""

    top_p: float | None = None
    top_k: int | None = None
    stop: list[str] | None = Field(default=None, validation_alias=AliasChoices("stop", "stop_sequences"))
    """Texts at which the answer ends."""

    seed: int | None = None
    n: int | None = None
    """How many answers to give. `generate` returns them all, `invoke` the first; a stream has room for one."""

    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, int] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    reasoning_effort: str | None = None
    """How much to think: `none`, `minimal`, `low`, `medium`, `high`, or a word of the provider's own."""

    reasoning: dict[str, Any] | None = None
    """The reasoning settings of OpenAI's Responses: `effort`, `summary`."""

    thinking: dict[str, Any] | None = None
    """The thinking settings of Anthropic's Messages, also of DeepSeek and Z.ai: `type`, `budget_tokens`."""

    verbosity: str | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None
    service_tier: str | None = None
    store: bool | None = None
    include: list[str] | None = None
    truncation: str | None = None
    user: str | None = None
    safety_identifier: str | None = None
    cache_control: dict[str, Any] | None = None
    """Prompt caching: `{"type": "ephemeral"}` has the conversation so far cached, where the protocol must be asked
    (Messages). The others cache by themselves; `prompt_cache_key` helps them to find what they cached."""

    prompt_cache_key: str | None = None
    stream_usage: bool = True
    """Whether streams end with the usage."""

    streaming: bool = False
    """Whether `invoke` streams under the surface, for callbacks that want tokens."""

    extra_body: dict[str, Any] | None = Field(default=None, repr=False)
    """Fields for the request's body, by the wire's names; they win over all others."""

    default_headers: dict[str, str] | None = Field(default=None, repr=False)
    """Headers for every request. The key does not belong here."""

    default_query: dict[str, str] | None = None
    """Query parameters for every request."""

    model_kwargs: dict[str, Any] = Field(default_factory=dict, repr=False)
    """More parameters, as if they were given per call."""

    proxy: str | None = Field(default=None, repr=False)
    transport: Literal["httpx", "aiohttp"] = "httpx"
    """`aiohttp` makes many concurrent async calls cheaper; it needs the extra `fast`. Sync calls go over httpx all the
    same."""

    http_client: httpx.Client | None = Field(default=None, exclude=True, repr=False)
    """A client of your own for sync calls. It is never closed here."""

    http_async_client: httpx.AsyncClient | None = Field(default=None, exclude=True, repr=False)
    """A client of your own for async calls."""

    @model_validator(mode="before")
    @classmethod
    def _put_unknown_into_model_kwargs(cls, values: dict[str, Any]) -> Any:
        names = _constructor_names(cls)
        known = {name: value for name, value in values.items() if name in names and (name, value) != ("base_url", None)}
        unknown = {name: value for name, value in values.items() if name not in names}
        if unknown:
            warnings.warn(
                f"{', '.join(map(repr, unknown))}: not parameters of ChatSeaCloud, so they were put into model_kwargs "
                "and go into the request's body as they are. Pass model_kwargs={...} to say that this is meant.",
                stacklevel=4,
            )
            known["model_kwargs"] = {**unknown, **(known.get("model_kwargs") or {})}
        if isinstance(known.get("stop"), str):
            known["stop"] = [known["stop"]]
        return known
