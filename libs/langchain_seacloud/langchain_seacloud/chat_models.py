"""`ChatSeaCloud`: SeaCloud's models as a LangChain chat model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from hashlib import sha256
from types import TracebackType
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LangSmithParams, LanguageModelInput
from langchain_core.language_models.model_profile import ModelProfile
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import PrivateAttr, model_validator
from seacloud_client.call_parameters import FIELD_PARAMS
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Request
from seacloud_client.settings import API_KEY_VARIABLE
from typing_extensions import Self

from langchain_seacloud import translator
from langchain_seacloud._version import __version__
from langchain_seacloud.binding import output_json, parallel_calls_of, tool_choice_json, tool_json
from langchain_seacloud.chunks import PROVIDER, ChunkBuilder
from langchain_seacloud.errors import langchain_errors
from langchain_seacloud.parameters import ChatSeaCloudParameters
from langchain_seacloud.profiles import profile_of
from langchain_seacloud.redaction import address_without_user, redacted, without_redacted, without_secret_headers
from langchain_seacloud.replies import generations
from langchain_seacloud.requests import make_request
from langchain_seacloud.schemas import ToolLike
from langchain_seacloud.structured import METHODS, Method, choose_method, named, structured, unwrapped

if TYPE_CHECKING:
    from seacloud_client.catalogue import Catalogue, CatalogueModel

translator.register()

_DUMP = "_serialized"
"""Where, in `__dict__`, langchain-core keeps how a model was dumped once, for good; pydantic's copies have it too."""


def is_chat(entry: CatalogueModel) -> bool:
    """Whether a model of the catalogue is one to talk to."""
    return entry.kind == "llm" or entry.protocol.startswith("llm_")


class ChatSeaCloud(ChatSeaCloudParameters):
    """SeaCloud's models, of every vendor, behind one key.

    Example:
        ```python
        from langchain_seacloud import ChatSeaCloud

        model = ChatSeaCloud(model="gpt-4.1")  # the key is in SEACLOUD_API_KEY
        model.invoke("Introduce SeaCloud in one sentence").text
        ```

    Every parameter but the settings of the connection can also be given per call, to `invoke` and the like or by
    `bind`; a parameter that is not listed here goes into the request's body as it is.

    Raises:
        ValueError: on construction, if an address or a limit makes no sense (pydantic's `ValidationError`).
        ConfigurationError: on the first call, if there is no key.
    """

    _client: ChatClient | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _check_settings(self) -> Self:
        with langchain_errors():
            self._client = self._make_client()
        return self

    @model_validator(mode="after")
    def _set_seacloud_version(self) -> Self:
        self._add_version("langchain-seacloud", __version__)
        return self

    def _make_client(self) -> ChatClient:
        return ChatClient(
            protocol=self.protocol,
            messages_path=self.messages_path,
            api_key=self.api_key,
            base_url=self.base_url,
            timeout=self.timeout,
            stall_timeout=self.stall_timeout,
            max_reply_bytes=self.max_reply_bytes,
            max_event_bytes=self.max_event_bytes,
            max_retries=self.max_retries,
            retry_unanswered=self.retry_unanswered,
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

    @property
    def lc_attributes(self) -> dict[str, Any]:
        """What a dumped model has instead of its own values: the same without credentials."""
        return {
            "default_headers": without_secret_headers(self.default_headers),
            "default_query": without_secret_headers(self.default_query),
            "extra_body": without_redacted(self.extra_body),
            "model_kwargs": without_redacted(self.model_kwargs),
            "proxy": address_without_user(self.proxy),
        }

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
        params = {name: value for name in sorted(FIELD_PARAMS) if (value := getattr(self, name, None)) is not None}
        return {"model": self.model, "protocol": self.protocol, "base_url": self.base_url, **params}

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        """What LangChain's cache knows the model by: as it is dumped, and a digest where that hides a credential.

        An answer may depend on one, such as a token for a remote MCP server, and is then nobody else's.
        """
        self.__dict__.pop(_DUMP, None)  # since then, a field or what is in it may have been set
        known: str = super()._get_llm_string(stop=stop, **kwargs)
        names = ("default_headers", "default_query", "extra_body", "model_kwargs")
        own = {name: getattr(self, name) for name in names}
        if all(self.lc_attributes[name] == value for name, value in own.items()):
            return known
        return f"{known}---{sha256(repr(own).encode()).hexdigest()}"

    def _get_invocation_params(self, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        params: dict[str, Any] = redacted(super()._get_invocation_params(stop=stop, **kwargs))
        return params

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

    def _resolve_model_profile(self) -> ModelProfile | None:
        return profile_of(self.model)

    def get_num_tokens_from_messages(
        self,
        messages: list[BaseMessage],
        tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool] | None = None,
    ) -> int:
        """About how many tokens the messages are: 4 characters a token, offline; the service has no counter."""
        described = [tool_json(tool) for tool in tools] if tools else None
        return count_tokens_approximately(messages, tools=described)  # type: ignore[arg-type]  # dicts are fine

    def get_num_tokens(self, text: str) -> int:
        """About how many tokens a text is: 4 characters a token, unless `custom_get_token_ids` says it."""
        return len(self.custom_get_token_ids(text)) if self.custom_get_token_ids else -(-len(text) // 4)

    def get_token_ids(self, text: str) -> list[int]:
        """The ids of a text's tokens, from `custom_get_token_ids`: SeaCloud's many vendors share no tokeniser.

        Raises:
            NotImplementedError: if there is none.
        """
        if self.custom_get_token_ids:
            return self.custom_get_token_ids(text)
        raise NotImplementedError("SeaCloud gives no token ids: pass custom_get_token_ids, or use get_num_tokens.")

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
            for chunk in builder.finish():
                if run_manager is not None:
                    run_manager.on_llm_new_token(str(chunk.text), chunk=chunk)
                yield chunk

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
            for chunk in builder.finish():
                if run_manager is not None:
                    await run_manager.on_llm_new_token(str(chunk.text), chunk=chunk)
                yield chunk

    @property
    def _is_v1(self) -> bool:
        return self.output_version == "v1"

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: Mapping[str, Any], *, stream: bool = False
    ) -> Request:
        """The request for these messages: per call, else from `model_kwargs`, else from the fields."""
        given = {**self.model_kwargs, **kwargs}
        return make_request(self.__dict__, given, messages, protocol=self.protocol, stop=stop, stream=stream)

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
        with langchain_errors():
            described = [tool_json(tool, strict=strict) for tool in tools]
            choice = tool_choice_json(tool_choice, described)
            if choice is not None:
                kwargs["tool_choice"] = choice
            parallel = parallel_calls_of(tool_choice) if parallel_tool_calls is None else parallel_tool_calls
            if parallel is not None:
                kwargs["parallel_tool_calls"] = parallel
            if response_format is not None:
                kwargs["response_format"] = output_json(response_format)
        return super().bind(tools=described, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type | None = None,
        *,
        method: Method | None = None,
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """A model that answers with data of a given form.

        Args:
            schema: a pydantic class (the answer is an instance), a TypedDict or a JSON schema, also as OpenAI's
                `response_format` has it (the answer is a dict); with `json_mode` it may be left out.
            method: `json_schema` uses the provider's own structured output; `function_calling` makes the model call a
                tool of that form, which most models can; `json_mode` asks for some JSON object, and the prompt must
                describe it. By default it is the first where the model's profile says `structured_output` and the
                schema has a strict form, else the second.
            include_raw: whether to give a dict of `raw` (the message), `parsed` and `parsing_error` instead.
            strict: whether the provider is to hold the model to the schema. By default it is, with `json_schema`, if
                the schema has a strict form; with `function_calling` it is left to the provider.
            kwargs: more parameters of the call, also `tools`: a reply that calls one of them has no answer yet, and is
                parsed as `None` unless the method is `function_calling`, where only the answer may be called.

        The runnable that it returns raises `OutputRefusedError` if the model declines.

        Raises:
            ValueError: if the method is none of these, or there is no schema and the method needs one.
            InvalidInputError: with `strict`, if the schema has no strict form; with `function_calling`, if it is not
                that of an object; or if it is a TypedDict that refers to itself.
        """
        bare, said = unwrapped(schema)
        strict = said if strict is None else strict
        if method not in (None, *METHODS):
            raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}; got {method!r}.")
        with langchain_errors():
            form = named(bare, method)
            if method is None:
                is_native = (self.profile or {}).get("structured_output")
                method = choose_method(form, is_native=is_native, strict=strict)
            return structured(
                self.bind_tools,
                self.bind,
                form,
                method=method,
                include_raw=include_raw,
                strict=strict,
                kwargs=kwargs,
            )

    def list_models(self, *, provider: str | None = None, keywords: str | None = None) -> list[CatalogueModel]:
        """The chat models of the catalogue at `contracts_url`, or those that it finds for these words.

        Raises:
            ConfigurationError: if there is no `contracts_url`.
            SeaCloudError: its subclass says what else went wrong.
        """
        with langchain_errors():
            return [entry for entry in self._catalogue().models(provider=provider, keywords=keywords) if is_chat(entry)]

    async def alist_models(self, *, provider: str | None = None, keywords: str | None = None) -> list[CatalogueModel]:
        """`list_models`, async."""
        with langchain_errors():
            found = await self._catalogue().amodels(provider=provider, keywords=keywords)
            return [entry for entry in found if is_chat(entry)]

    def _catalogue(self) -> Catalogue:
        from seacloud_client.catalogue import Catalogue  # noqa: PLC0415  # who does not ask does not wait for its import

        return Catalogue(
            contracts_url=self.contracts_url,
            api_key=self.api_key,
            timeout=self.timeout,
            max_retries=self.max_retries,
            headers=self.default_headers,
            proxy=self.proxy,
            http_client=self.http_client,
            http_async_client=self.http_async_client,
        )

    def close(self) -> None:
        """Closes the connections of sync calls, unless others share them. The model stays usable."""
        self.client.close()

    async def aclose(self) -> None:
        """Closes the connections, the running event loop's too, unless others share them. The model stays usable."""
        await self.client.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with other values for some fields. It makes its calls with a client of its own."""
        copied = super().model_copy(update=update, deep=deep)
        copied._client = None  # noqa: SLF001  # its own class
        copied.__dict__.pop(_DUMP, None)
        if copied.model != self.model and "profile" not in (update or {}) and self.profile == profile_of(self.model):
            copied.profile = copied._resolve_model_profile()  # noqa: SLF001  # a copy of ourselves
        return copied

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """A copy that shares connections, cache, rate limiter and callbacks: they hold locks, and may be shared."""
        memo = {} if memo is None else memo
        handlers = self.callbacks if isinstance(self.callbacks, list) else [self.callbacks]
        for shared in (
            self.http_client,
            self.http_async_client,
            self._client,
            self.cache,
            self.rate_limiter,
            *handlers,
        ):
            memo[id(shared)] = shared
        return super().__deepcopy__(memo)

    def __getstate__(self) -> dict[Any, Any]:
        """What a pickle holds: everything but the key, headers and queries with credentials, and the connections."""
        state = dict(super().__getstate__())
        state["__dict__"] = {
            **state["__dict__"],
            "api_key": None,
            "default_headers": without_secret_headers(self.default_headers),
            "default_query": without_secret_headers(self.default_query),
            "proxy": address_without_user(self.proxy),
            "http_client": None,
            "http_async_client": None,
        }
        state["__pydantic_private__"] = {**(state.get("__pydantic_private__") or {}), "_client": None}
        return state
