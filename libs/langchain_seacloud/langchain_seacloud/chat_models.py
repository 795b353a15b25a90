"""`ChatSeaCloud`: SeaCloud's models as a LangChain chat model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from dataclasses import fields as dataclass_fields
from operator import itemgetter
from typing import Any, ClassVar, Literal

import httpx
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.tools import BaseTool
from langchain_core.utils import secret_from_env
from langchain_core.utils.function_calling import convert_to_json_schema
from langchain_core.utils.utils import _build_model_kwargs
from pydantic import AliasChoices, ConfigDict, Field, PrivateAttr, SecretStr, model_validator
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Request
from seacloud_client.errors import InvalidInputError
from seacloud_client.protocols import ProtocolChoice, choose
from seacloud_client.settings import API_KEY_VARIABLE, Settings
from typing_extensions import Self

from langchain_seacloud import translator
from langchain_seacloud._version import __version__
from langchain_seacloud.binding import (
    ToolLike,
    is_pydantic,
    output_json,
    read_output,
    read_tool,
    read_tool_choice,
    tool_choice_json,
    tool_json,
)
from langchain_seacloud.chunks import PROVIDER, ChunkBuilder
from langchain_seacloud.errors import langchain_errors
from langchain_seacloud.messages import read_messages
from langchain_seacloud.replies import generations

translator.register()

_OTHER_NAMES = {"max_completion_tokens": "max_tokens", "max_output_tokens": "max_tokens", "stop_sequences": "stop"}
"""Names that users of other packages give to the same parameters."""

_REQUEST_FIELDS = frozenset(field.name for field in dataclass_fields(Request)) - {"model", "messages", "output"}
_TUPLES = frozenset(("modalities", "include"))


class ChatSeaCloud(BaseChatModel):
    """SeaCloud's models, of every vendor, behind one key.

    Example:
        ```python
        from langchain_seacloud import ChatSeaCloud

        model = ChatSeaCloud(model="gpt-4.1")  # the key is in SEACLOUD_API_KEY
        model.invoke("Introduce SeaCloud in one sentence").text
        ```

    Every parameter can also be given per call, to `invoke` and the like or by `bind`; a parameter that is not listed
    here goes into the request's body as it is.

    Raises:
        ConfigurationError: on the first call, if there is no key; on construction, if an address or a limit makes no
            sense.
    """

    model_config = ConfigDict(populate_by_name=True, protected_namespaces=())

    model: str = Field(validation_alias=AliasChoices("model", "model_name"))
    """The model's id, such as `gpt-4.1`."""

    protocol: ProtocolChoice = "auto"
    """The wire protocol. `auto` takes the one that the model speaks best."""

    api_key: SecretStr | None = Field(default_factory=secret_from_env(API_KEY_VARIABLE, default=None))
    """The key; by default the environment's `SEACLOUD_API_KEY`."""

    base_url: str = Field(default_factory=lambda: Settings.resolve("llm").base_url)
    """The LLM base URL; by default `SEACLOUD_BASE_URL` (or `https://cloud.seaart.ai`) and `/llm`."""

    timeout: float | None = None
    """Seconds without a byte from the service before a call is given up; 600 by default."""

    max_retries: int = 2
    """How often at most a call is repeated after an answer or failure that allows it (429, 502, 503, 504, 529, or no
    connection). A call that was sent and not answered is not repeated: it may have been billed."""

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
    prompt_cache_key: str | None = None
    stream_usage: bool = True
    """Whether streams end with the usage."""

    streaming: bool = False
    """Whether `invoke` streams under the surface, for callbacks that want tokens."""

    extra_body: dict[str, Any] | None = None
    """Fields for the request's body, by the wire's names; they win over all others."""

    default_headers: dict[str, str] | None = None
    """Headers for every request. The key does not belong here."""

    default_query: dict[str, str] | None = None
    """Query parameters for every request."""

    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """More parameters, as if they were given per call."""

    proxy: str | None = Field(default=None, repr=False)
    transport: Literal["httpx", "aiohttp"] = "httpx"
    """`aiohttp` makes many concurrent async calls cheaper; it needs the extra `fast`."""

    http_client: httpx.Client | None = Field(default=None, exclude=True, repr=False)
    """A client of your own for sync calls. It is never closed here."""

    http_async_client: httpx.AsyncClient | None = Field(default=None, exclude=True, repr=False)
    """A client of your own for async calls."""

    _client: ChatClient | None = PrivateAttr(default=None)

    _not_params: ClassVar[frozenset[str]] = frozenset(
        ("stream", "run_manager", "response_format", "model", "protocol", "tools", "tool_choice", "strict")
    )

    @model_validator(mode="before")
    @classmethod
    def _put_unknown_into_model_kwargs(cls, values: dict[str, Any]) -> Any:
        names = set(cls.model_fields)
        for field in cls.model_fields.values():
            if isinstance(field.validation_alias, AliasChoices):
                names.update(str(choice) for choice in field.validation_alias.choices)
        if isinstance(values.get("stop"), str):
            values = {**values, "stop": [values["stop"]]}
        return _build_model_kwargs({k: v for k, v in values.items() if (k, v) != ("base_url", None)}, names)

    @model_validator(mode="after")
    def _check_settings(self) -> Self:
        self._client = self._make_client()
        return self

    @model_validator(mode="after")
    def _set_seacloud_version(self) -> Self:
        self._add_version("langchain-seacloud", __version__)
        return self

    def _make_client(self) -> ChatClient:
        return ChatClient(
            protocol=self.protocol,
            api_key=self.api_key,
            base_url=self.base_url,
            timeout=self.timeout,
            max_retries=self.max_retries,
            headers=self.default_headers,
            proxy=self.proxy,
            transport=self.transport,
            http_client=self.http_client,
            http_async_client=self.http_async_client,
        )

    @property
    def client(self) -> ChatClient:
        """The client that makes the calls."""
        if self._client is None:
            self._client = self._make_client()
        return self._client

    @property
    def model_name(self) -> str:
        """The model's id, by the name that LangChain's middlewares look for."""
        return self.model

    @property
    def _llm_type(self) -> str:
        return "seacloud-chat"

    @property
    def lc_secrets(self) -> dict[str, str]:
        """Where the key is found when a serialised model is loaded."""
        return {"api_key": API_KEY_VARIABLE}

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """It can be dumped and loaded; the key is never part of it."""
        return True

    @classmethod
    def get_lc_namespace(cls) -> list[str]:
        """The namespace that a dumped model is loaded from."""
        return ["langchain_seacloud", "chat_models"]

    @property
    def _identifying_params(self) -> dict[str, Any]:
        params = {name: value for name in sorted(_REQUEST_FIELDS) if (value := getattr(self, name, None)) is not None}
        return {"model": self.model, "protocol": self.protocol, "base_url": self.base_url, **params}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"] = PROVIDER
        params["ls_model_name"] = kwargs.get("model") or self.model
        max_tokens = kwargs.get("max_tokens", self.max_tokens)
        if max_tokens is not None:
            params["ls_max_tokens"] = max_tokens
        stops = stop or kwargs.get("stop") or self.stop
        if stops:
            params["ls_stop"] = [stops] if isinstance(stops, str) else list(stops)
        return params

    def get_num_tokens_from_messages(
        self,
        messages: list[BaseMessage],
        tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool] | None = None,
    ) -> int:
        """About how many tokens the messages are: 4 characters a token, offline; the service has no counter."""
        described = [tool_json(tool) for tool in tools] if tools else None
        return count_tokens_approximately(messages, tools=described)  # type: ignore[arg-type]  # dicts are fine

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002  # the framework's signature
        **kwargs: Any,
    ) -> ChatResult:
        with langchain_errors():
            reply = self.client.reply(self._request(messages, stop, kwargs))
            return ChatResult(generations=list(generations(reply, v1=self._is_v1)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002  # the framework's signature
        **kwargs: Any,
    ) -> ChatResult:
        with langchain_errors():
            reply = await self.client.areply(self._request(messages, stop, kwargs))
            return ChatResult(generations=list(generations(reply, v1=self._is_v1)))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with langchain_errors():
            builder = ChunkBuilder(v1=self._is_v1)
            with closing(self.client.stream(self._request(messages, stop, kwargs, stream=True))) as deltas:
                for delta in deltas:
                    for chunk in builder.chunks(delta):
                        if run_manager is not None:
                            run_manager.on_llm_new_token(str(chunk.text), chunk=chunk)
                        yield chunk
            last = builder.last()
            if run_manager is not None:
                run_manager.on_llm_new_token("", chunk=last)
            yield last

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        with langchain_errors():
            builder = ChunkBuilder(v1=self._is_v1)
            async with aclosing(self.client.astream(self._request(messages, stop, kwargs, stream=True))) as deltas:
                async for delta in deltas:
                    for chunk in builder.chunks(delta):
                        if run_manager is not None:
                            await run_manager.on_llm_new_token(str(chunk.text), chunk=chunk)
                        yield chunk
            last = builder.last()
            if run_manager is not None:
                await run_manager.on_llm_new_token("", chunk=last)
            yield last

    @property
    def _is_v1(self) -> bool:
        return self.output_version == "v1"

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: Mapping[str, Any], *, stream: bool = False
    ) -> Request:
        """The request for these messages: per call, else from `model_kwargs`, else from the fields."""
        given = {_OTHER_NAMES.get(name, name): value for name, value in {**self.model_kwargs, **kwargs}.items()}
        model = given.get("model") or self.model
        params = {name: value for name in _REQUEST_FIELDS if (value := getattr(self, name, None)) is not None}
        params["extra_headers"] = {**(given.pop("extra_headers", None) or {})} or None
        params["extra_query"] = {**(self.default_query or {}), **(given.pop("extra_query", None) or {})} or None
        params["extra_body"] = {**(self.extra_body or {}), **(given.pop("extra_body", None) or {})}
        for name, value in given.items():
            if name in _REQUEST_FIELDS and name not in self._not_params:
                params[name] = value
            elif name not in self._not_params:
                params["extra_body"][name] = value
        stops = stop or params.pop("stop", None) or ()
        params["stop"] = (stops,) if isinstance(stops, str) else tuple(stops)
        params.update({name: tuple(params[name]) for name in _TUPLES if params.get(name)})
        if stream and (params.get("n") or 1) > 1:
            raise InvalidInputError(
                "A stream has room for one answer: leave n out, or use generate(). Nothing was sent."
            )
        tools = [tool_json(tool) for tool in given.get("tools") or ()]
        return Request(
            model=model,
            messages=read_messages(messages, choose(model, self.protocol)),
            tools=tuple(read_tool(tool) for tool in tools),
            tool_choice=read_tool_choice(given.get("tool_choice"), tools),
            output=read_output(given.get("response_format")),
            **params,
        )

    def bind_tools(
        self,
        tools: Sequence[ToolLike],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        response_format: Mapping[str, Any] | type | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offers tools to the model.

        Args:
            tools: functions, pydantic classes, TypedDicts, LangChain tools, or dicts in OpenAI's or Anthropic's form;
                a dict of another type is a provider's built-in tool and is passed through.
            tool_choice: `auto`, `none`, `any` (or `required`, or `True`), a tool's name, or a dict of OpenAI's or
                Anthropic's.
            strict: whether the model is to be held to the tools' schemas, where the provider can.
            parallel_tool_calls: whether the model may call several at once.
            response_format: the form that the answer must have besides (`create_agent` sends it).
            kwargs: more parameters of the call.

        Raises:
            InvalidInputError: if `tool_choice` names no tool.
        """
        described = [tool_json(tool, strict=strict) for tool in tools]
        with langchain_errors():
            choice = tool_choice_json(tool_choice, described)
        if choice is not None:
            kwargs["tool_choice"] = choice
        if parallel_tool_calls is not None:
            kwargs["parallel_tool_calls"] = parallel_tool_calls
        if response_format is not None:
            kwargs["response_format"] = output_json(response_format)
        return super().bind(tools=described, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        method: Literal["function_calling", "json_schema", "json_mode"] = "function_calling",
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """A model that answers with data of a given form.

        Args:
            schema: a pydantic class (the answer is an instance), a TypedDict or a JSON schema (the answer is a dict).
            method: `function_calling` makes the model call a tool of that form, which most models can;
                `json_schema` uses the provider's own structured output; `json_mode` asks for some JSON object, and
                the prompt must describe it.
            include_raw: whether to give a dict of `raw` (the message), `parsed` and `parsing_error` instead.
            strict: whether the model is to be held to the schema, where the provider can.
            kwargs: more parameters of the call.

        Raises:
            ValueError: if the method is none of these.
        """
        if method not in ("function_calling", "json_schema", "json_mode"):
            raise ValueError(f"method must be 'function_calling', 'json_schema' or 'json_mode'; got {method!r}.")
        traced = {
            "ls_structured_output_format": {
                "kwargs": {"method": method, "strict": strict},
                "schema": convert_to_json_schema(schema),
            }
        }
        parser: Runnable[Any, Any]
        if method == "function_calling":
            name = tool_json(schema)["function"]["name"]
            model = self.bind_tools(
                [schema], tool_choice=name, strict=strict, parallel_tool_calls=False, **traced, **kwargs
            )
            parser = (
                PydanticToolsParser(tools=[schema], first_tool_only=True)
                if is_pydantic(schema)
                else JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)
            )
        else:
            form = {"type": "json_object"} if method == "json_mode" else output_json(schema, strict=strict)
            model = self.bind(response_format=form, **traced, **kwargs)
            parser = PydanticOutputParser(pydantic_object=schema) if is_pydantic(schema) else JsonOutputParser()
        if not include_raw:
            return model | parser
        parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
        failed = RunnablePassthrough.assign(parsed=lambda _: None)
        return RunnableMap(raw=model) | parsed.with_fallbacks([failed], exception_key="parsing_error")

    def close(self) -> None:
        """Closes the idle connections of sync calls. The model stays usable."""
        self.client.close()

    async def aclose(self) -> None:
        """Closes the idle connections, the running event loop's among them. The model stays usable."""
        await self.client.aclose()

    def __getstate__(self) -> dict[Any, Any]:
        """What a pickle holds: everything but the key and the connections."""
        state = dict(super().__getstate__())
        state["__dict__"] = {**state["__dict__"], "api_key": None, "http_client": None, "http_async_client": None}
        private = dict(state.get("__pydantic_private__") or {})
        private["_client"] = None
        state["__pydantic_private__"] = private
        return state
