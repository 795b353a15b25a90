"""What `ChatSeaCloud` can be told: its fields, and what becomes of names that are none."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.utils import secret_from_env
from pydantic import ConfigDict, Field, SecretStr, model_validator
from seacloud_client.call_parameters import BODY_FIELDS, not_known
from seacloud_client.chat_parameters import ChatParameters, sorted_out, tell_of_unknown
from seacloud_client.credentials import misplaced
from seacloud_client.settings import API_KEY_VARIABLE, Settings

from langchain_seacloud.errors import langchain_errors
from langchain_seacloud.requests import refuse_misplaced


class ChatSeaCloudParameters(ChatParameters, BaseChatModel):
    """The parameters of `ChatSeaCloud`. Each can also be given per call, but for those of the connection."""

    model_config = ConfigDict(populate_by_name=True, protected_namespaces=(), hide_input_in_errors=True)

    api_key: SecretStr | None = Field(default_factory=secret_from_env(API_KEY_VARIABLE, default=None))
    """The key; by default the environment's `SEACLOUD_API_KEY`."""

    base_url: str = Field(default_factory=lambda: Settings.resolve("llm").base_url)
    """The LLM base URL; by default `SEACLOUD_BASE_URL` (or `https://cloud.seaart.ai`) and `/llm`."""

    contracts_url: str | None = None
    """Where the catalogue of models is, for `list_models`; by default `SEACLOUD_CONTRACTS_URL`. The service promises
    none, so there is no other default."""

    n: int | None = None
    """How many answers to give. `generate` returns them all, `invoke` the first; a stream has room for one."""

    cache_control: dict[str, Any] | None = None
    """Prompt caching: `{"type": "ephemeral"}` has the conversation so far cached, where the protocol must be asked
    (Messages). The others cache by themselves; `prompt_cache_key` helps them to find what they cached."""

    streaming: bool = False
    """Whether `invoke` streams under the surface, for callbacks that want tokens."""

    extra_body: dict[str, Any] | None = Field(default=None, repr=False)
    """Fields for the request's body, by the wire's names; they win over all others."""

    default_headers: dict[str, str] | None = Field(default=None, repr=False)
    """Headers for every request. The key does not belong here."""

    model_kwargs: dict[str, Any] = Field(default_factory=dict, repr=False)
    """More parameters, as if they were given per call."""

    proxy: str | None = Field(default=None, repr=False)
    """The address of a proxy; by default the environment's."""

    @model_validator(mode="before")
    @classmethod
    def _put_unknown_into_model_kwargs(cls, values: dict[str, Any]) -> Any:
        known, unknown = sorted_out(cls, values)
        if known.get("base_url", "") is None:
            del known["base_url"]
        problem = misplaced(not_known({**unknown, **(known.get("model_kwargs") or {})}), of="ChatSeaCloud")
        if problem is not None:
            raise ValueError(problem)
        if unknown:
            untold = {name: value for name, value in unknown.items() if name not in BODY_FIELDS}
            if untold:
                tell_of_unknown(untold, of="ChatSeaCloud", kept_in="model_kwargs", stacklevel=4)
            known["model_kwargs"] = {**unknown, **(known.get("model_kwargs") or {})}
        return known

    def _get_invocation_params(self, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        """What callbacks and traces are told of a call. What must not get there is refused before they are."""
        with langchain_errors():
            refuse_misplaced(kwargs)
        params: dict[str, Any] = super()._get_invocation_params(stop=stop, **kwargs)
        return params
