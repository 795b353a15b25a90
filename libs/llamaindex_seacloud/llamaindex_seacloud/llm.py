"""`SeaCloud`: SeaCloud's models as a LlamaIndex LLM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import BaseTool
from pydantic import ConfigDict, Field, PrivateAttr, SecretStr, model_validator
from seacloud_client.call_parameters import BODY_FIELDS, KNOWN_PARAMS
from seacloud_client.chat import ChatClient
from seacloud_client.chat_parameters import ChatParameters, sorted_out, tell_of_unknown
from seacloud_client.conversation import Request
from typing_extensions import Self

from llamaindex_seacloud.calls import choice_json, open_tools, single_call, tool_calls_of, tool_json
from llamaindex_seacloud.metadata import metadata_of
from llamaindex_seacloud.observed import Observed, aclosing_stream, closing_stream
from llamaindex_seacloud.prediction import StructuredPrediction
from llamaindex_seacloud.replies import completion_of, response_of
from llamaindex_seacloud.requests import build_request
from llamaindex_seacloud.secrecy import LOCAL, problem_of, refuse_credentials
from llamaindex_seacloud.streaming import ResponseBuilder

_OF_THE_CLIENT = (
    "protocol",
    "api_key",
    "base_url",
    "timeout",
    "stall_timeout",
    "max_retries",
    "retry_unanswered",
    "max_reply_bytes",
    "max_event_bytes",
    "messages_path",
    "default_headers",
    "proxy",
    "transport",
    "http_client",
    "http_async_client",
)
"""The fields that the client is made from."""


class SeaCloud(ChatParameters, StructuredPrediction):
    """SeaCloud's models, of every vendor, behind one key.

    Example:
        ```python
        from llamaindex_seacloud import SeaCloud

        llm = SeaCloud(model="gpt-4.1")  # the key is in SEACLOUD_API_KEY
        print(llm.complete("Introduce SeaCloud in one sentence"))
        ```

    Every parameter of the request can also be given per call; one that is not listed here goes into the request's body
    as it is. Credentials cannot: LlamaIndex's events show what a call is given.

    Raises:
        ConfigurationError: on the first call, if there is no key; on construction, if an address or a limit makes no
            sense.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        defer_build=False,
        hide_input_in_errors=True,  # a key may be in it
        populate_by_name=True,
        protected_namespaces=(),
    )

    api_key: SecretStr | None = Field(default=None, exclude=True, repr=False)
    """The key; by default the environment's `SEACLOUD_API_KEY`. It is never serialised."""

    base_url: str | None = None
    """The LLM base URL; by default `SEACLOUD_BASE_URL` (or `https://cloud.seaart.ai`) and `/llm`."""

    extra_body: dict[str, Any] | None = None
    """Fields for the request's body, by the wire's names; they win over all others."""

    additional_kwargs: dict[str, Any] = Field(default_factory=dict)
    """More parameters, as if they were given per call."""

    context_window: int | None = None
    """Tokens that go in and come out; by default what the facts of the model say."""

    is_function_calling_model: bool | None = None
    """Whether the model calls tools; by default what the facts of the model say, and yes for one that is unknown."""

    default_headers: dict[str, str] | None = Field(default=None, exclude=True, repr=False)
    """Headers for every request. They are not serialised, since they may hold credentials of a gateway's."""

    default_query: dict[str, str] | None = Field(default=None, exclude=True, repr=False)
    """Query parameters for every request. They are not serialised either."""

    proxy: str | None = Field(default=None, exclude=True, repr=False)
    """The address of a proxy; by default the environment's. It is not serialised."""

    _client: ChatClient | None = PrivateAttr(default=None)

    _open_tools: set[str] = PrivateAttr(default_factory=set)
    """Names of tools, of all that were given so far, that would run with arguments by any names."""

    @model_validator(mode="before")
    @classmethod
    def _keep_unknown(cls, values: dict[str, Any]) -> dict[str, Any]:
        known, unknown = sorted_out(cls, values)
        unknown.pop("class_name", None)  # LlamaIndex writes it beside the fields, and only its from_dict takes it out
        if unknown:
            untold = {name: value for name, value in unknown.items() if name not in BODY_FIELDS}
            if untold and problem_of(unknown) is None:  # else they are refused
                tell_of_unknown(untold, of="SeaCloud", kept_in="additional_kwargs", stacklevel=5)
            known["additional_kwargs"] = {**unknown, **(known.get("additional_kwargs") or {})}
        return known

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        # Here, and not in a validator: pydantic would wrap the error, and show what it was given.
        refuse_credentials(self.additional_kwargs)
        self._client = self._make_client()

    def _make_client(self) -> ChatClient:
        fields = {name: self.__dict__[name] for name in _OF_THE_CLIENT}
        return ChatClient(headers=fields.pop("default_headers"), **fields)

    if not TYPE_CHECKING:  # as pydantic has it: a type checker would let any name pass

        def __setattr__(self, name: str, value: Any) -> None:
            """Sets a field. A setting of the client's holds from the next call on."""
            super().__setattr__(name, value)
            if name in _OF_THE_CLIENT:
                self._client = None

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, which shares the connections; with a client of its own if `update` changes a setting of that."""
        copied = super().model_copy(update=update, deep=deep)
        if update and not update.keys().isdisjoint(_OF_THE_CLIENT):
            copied._client = None  # noqa: SLF001  # it is a copy of this very class
        return copied

    @property
    def client(self) -> ChatClient:
        """The client that makes the calls."""
        client = self._client
        if client is None or client.settings.api_key is None:
            client = self._client = self._make_client()  # the environment may have a key by now
        return client

    @classmethod
    def class_name(cls) -> str:
        """The class's name in serialised components."""
        return "SeaCloud"

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex asks of the model: from the facts, unless given here. An unknown model has it too."""
        return metadata_of(
            self.model,
            context_window=self.context_window,
            max_tokens=self.max_tokens,
            is_function_calling_model=self.is_function_calling_model,
        )

    def to_payload(self) -> dict[str, Any]:
        """What events show of the LLM: no credential is in it."""
        return {**super().to_payload(), "protocol": self.protocol, "base_url": self.client.settings.base_url}

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Asks, and waits for the whole answer.

        Raises:
            InvalidInputError: if the request cannot be sent as it is. Nothing was sent.
            SeaCloudError: its subclass says what went wrong (see `seacloud_client.errors`).
        """
        refuse_credentials(kwargs)
        response: ChatResponse = Observed(self, self._reply).chat(messages, **kwargs)
        return response

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """`chat`, async."""
        refuse_credentials(kwargs)
        response: ChatResponse = await Observed(self, self._areply).achat(messages, **kwargs)
        return response

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Asks, and yields the answer as it grows. Closing the generator closes the connection at once.

        Each response holds all that came so far, and its `delta` what is new. The last one, whose delta is empty, has
        the usage, the finish reason and all else that the plain answer has.

        Raises:
            StreamBroken: if the stream ends before the answer is complete.
            SeaCloudError: as `chat` does. Once anything was yielded, nothing is ever asked again by itself.
        """
        refuse_credentials(kwargs)
        call = Observed(self, self._responses)
        return closing_stream(call.chat(messages, **kwargs), call)

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """`stream_chat`, async: a coroutine that gives an async generator, as LlamaIndex has it."""
        refuse_credentials(kwargs)
        call = Observed(self, self._aresponses)
        return aclosing_stream(await call.achat(messages, **kwargs), call)

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Asks with one user's message. `formatted` says that the prompt has been through `completion_to_prompt`."""
        refuse_credentials(kwargs)
        response: CompletionResponse = Observed(self, self._completion).complete(prompt, formatted=formatted, **kwargs)
        return response

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """`complete`, async."""
        refuse_credentials(kwargs)
        response: CompletionResponse = await Observed(self, self._acompletion).acomplete(
            prompt, formatted=formatted, **kwargs
        )
        return response

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """`complete`, as the answer grows."""
        refuse_credentials(kwargs)
        call = Observed(self, self._completions)
        return closing_stream(call.complete(prompt, formatted=formatted, **kwargs), call)

    async def astream_complete(
        self,
        prompt: str,
        formatted: bool = False,
        **kwargs: Any,
    ) -> CompletionResponseAsyncGen:
        """`stream_complete`, async."""
        refuse_credentials(kwargs)
        call = Observed(self, self._acompletions)
        return aclosing_stream(await call.acomplete(prompt, formatted=formatted, **kwargs), call)

    def _reply(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        return response_of(self.client.reply(self._request(messages, kwargs)))

    async def _areply(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        return response_of(await self.client.areply(self._request(messages, kwargs)))

    def _responses(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponseGen:
        builder = ResponseBuilder()
        with closing(self.client.stream(self._request(messages, kwargs))) as deltas:
            for delta in deltas:
                response = builder.add(delta)
                if response is not None:
                    yield response
        yield builder.last()

    async def _aresponses(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponseAsyncGen:
        builder = ResponseBuilder()
        async with aclosing(self.client.astream(self._request(messages, kwargs))) as deltas:
            async for delta in deltas:
                response = builder.add(delta)
                if response is not None:
                    yield response
        yield builder.last()

    def _prompt_of(self, prompt: str, kwargs: dict[str, Any]) -> tuple[list[ChatMessage], dict[str, Any]]:
        """A completion's prompt as messages, and the parameters without what was said of the prompt."""
        if not kwargs.pop("formatted", False) and self.completion_to_prompt is not None:
            prompt = self.completion_to_prompt(prompt)
        return [ChatMessage(role=MessageRole.USER, content=prompt)], kwargs

    def _completion(self, prompt: str, kwargs: dict[str, Any]) -> CompletionResponse:
        return completion_of(self._reply(*self._prompt_of(prompt, kwargs)))

    async def _acompletion(self, prompt: str, kwargs: dict[str, Any]) -> CompletionResponse:
        return completion_of(await self._areply(*self._prompt_of(prompt, kwargs)))

    def _completions(self, prompt: str, kwargs: dict[str, Any]) -> CompletionResponseGen:
        with closing(self._responses(*self._prompt_of(prompt, kwargs))) as responses:
            for response in responses:
                yield completion_of(response)

    async def _acompletions(self, prompt: str, kwargs: dict[str, Any]) -> CompletionResponseAsyncGen:
        async with aclosing(self._aresponses(*self._prompt_of(prompt, kwargs))) as responses:
            async for response in responses:
                yield completion_of(response)

    def _request(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> Request:
        """The request for these messages: per call, else from `additional_kwargs`, else from the fields."""
        return build_request(
            messages,
            model=self.model,
            protocol=self.protocol,
            fields=self.__dict__,
            call={**self.additional_kwargs, **kwargs},
            settings=type(self).model_fields.keys() - KNOWN_PARAMS,
        )

    def _prepare_chat_with_tools(  # noqa: PLR0917  # the framework's signature
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,  # noqa: ARG002  # the framework's signature
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        *,
        tool_choice: str | dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """The parameters of `chat` for a chat with tools. The caller's history is not changed."""
        messages = list(chat_history or ())
        if user_msg is not None:
            said = (
                user_msg if isinstance(user_msg, ChatMessage) else ChatMessage(role=MessageRole.USER, content=user_msg)
            )
            messages.append(said)
        prepared: dict[str, Any] = {"messages": messages, **kwargs}
        if tools:
            prepared["tools"] = [tool_json(tool, strict=self.strict) for tool in tools]
            self._open_tools.update(open_tools(tools))
            choice = choice_json(tool_choice, required=tool_required)
            if choice is not None:
                prepared["tool_choice"] = choice
            if not allow_parallel_tool_calls:
                prepared["parallel_tool_calls"] = False
        return prepared

    def _validate_chat_with_tools_response(
        self,
        response: ChatResponse,
        tools: Sequence[BaseTool],  # noqa: ARG002  # the framework's signature
        allow_parallel_tool_calls: bool = False,
        **_kwargs: Any,
    ) -> ChatResponse:
        """The response with one call at most, where several are not allowed: not every model obeys."""
        return response if allow_parallel_tool_calls else single_call(response)

    def get_tool_calls_from_response(
        self,
        response: ChatResponse,
        error_on_no_tool_call: bool = True,
        **_kwargs: Any,
    ) -> list[ToolSelection]:
        """The tools that a response calls, also while it streams: then with the arguments that came so far.

        Arguments of a whole response that do not parse are handed on as `invalid_arguments`, with which no tool runs.

        Raises:
            ValueError: if there are none, unless `error_on_no_tool_call` is false.
        """
        return tool_calls_of(response, error_on_no_tool_call=error_on_no_tool_call, takes_any=self._open_tools)

    def close(self) -> None:
        """Closes the connections of sync calls, unless others share them. The LLM stays usable."""
        self.client.close()

    async def aclose(self) -> None:
        """Closes the connections, the running event loop's too, unless others share them. The LLM stays usable."""
        await self.client.aclose()

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """A copy that shares the connections: they cannot be copied, and may be shared."""
        memo = {} if memo is None else memo
        for shared in (
            self.http_client,
            self.http_async_client,
            self._client,
            self.callback_manager,
            self.rate_limiter,
        ):
            memo[id(shared)] = shared
        return super().__deepcopy__(memo)

    def __getstate__(self) -> dict[str, Any]:
        """What a pickle holds: everything but credentials, connections and callbacks."""
        kept = self.model_copy()
        kept.__dict__ = {
            name: value
            for name, value in self.__dict__.items()
            if name not in (*LOCAL, "callback_manager", "rate_limiter")
        }
        kept._client = None  # noqa: SLF001  # it is a copy of this very class
        return StructuredPrediction.__getstate__(kept)
