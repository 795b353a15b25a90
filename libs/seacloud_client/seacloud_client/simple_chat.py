"""One model, asked in plain words.

    from seacloud_client import Chat

    chat = Chat("gpt-4.1")
    print(chat.reply("Introduce SeaCloud in one sentence").text)
    for text in chat.stream("And now in ten"):
        print(text, end="", flush=True)

`Chat` makes the `Request` of `seacloud_client.conversation` out of a text and the fields that are given by name, and
`seacloud_client.chat.ChatClient` sends it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict

import httpx
from pydantic import SecretStr
from typing_extensions import Self, Unpack

from seacloud_client.chat import ChatClient
from seacloud_client.conversation import (
    AnyTool,
    CustomTool,
    Extras,
    JsonOutput,
    Message,
    NativeTool,
    OutputSchema,
    Reply,
    Request,
    Tool,
    ToolChoice,
    user,
)
from seacloud_client.deltas import Delta, TextDelta
from seacloud_client.errors import InvalidInputError
from seacloud_client.folding import Fold
from seacloud_client.protocols import MessagesPath, ProtocolChoice
from seacloud_client.settings import as_secret

Prompt: TypeAlias = str | Message | Sequence[str | Message]
"""What to ask: a text, a message, or a whole conversation. A bare text is the user's."""


class ClientOptions(TypedDict, total=False):
    """How the service is reached: the arguments of `ChatClient`, where each is described."""

    protocol: ProtocolChoice
    messages_path: MessagesPath
    api_key: SecretStr | str | None
    base_url: str | None
    timeout: float | None
    stall_timeout: float | None
    max_retries: int | None
    retry_unanswered: bool
    max_reply_bytes: int | None
    max_event_bytes: int | None
    headers: dict[str, str] | None
    proxy: str | None
    transport: Literal["httpx", "aiohttp"]
    http_client: httpx.Client | None
    http_async_client: httpx.AsyncClient | None


class RequestOptions(TypedDict, total=False):
    """What can be asked of a model: the fields of `Request`, where each is described."""

    tools: Sequence[AnyTool]
    tool_choice: ToolChoice | None
    parallel_tool_calls: bool | None
    output: OutputSchema | JsonOutput | None
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    stop: str | Sequence[str]
    seed: int | None
    n: int | None
    frequency_penalty: float | None
    presence_penalty: float | None
    logit_bias: Mapping[str, int] | None
    logprobs: bool | None
    top_logprobs: int | None
    reasoning_effort: str | None
    reasoning: Extras | None
    thinking: Extras | None
    verbosity: str | None
    modalities: Sequence[str]
    audio: Extras | None
    prediction: Extras | None
    service_tier: str | None
    store: bool | None
    previous_response_id: str | None
    include: Sequence[str]
    truncation: str | None
    metadata: Mapping[str, str] | None
    user: str | None
    safety_identifier: str | None
    prompt_cache_key: str | None
    cache_control: Extras | None
    stream_usage: bool
    extra_body: Extras | None
    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, str] | None


class _Options(ClientOptions, RequestOptions, total=False):
    """All that a `Chat` takes by name."""


class Chat:
    """Asks one model.

    Args:
        model: the model's SeaCloud id, such as `gpt-4.1`.
        **options: how to reach the service (`ClientOptions`), and what to ask every time (`RequestOptions`), which each
            call can say anew. With `transport="aiohttp"`, sync calls (`reply`, `stream`) go over httpx all the same.

    Raises:
        ConfigurationError: if a setting makes no sense.
        TypeError: if there is no option of that name.
    """

    def __init__(self, model: str, **options: Unpack[_Options]) -> None:
        options["api_key"] = as_secret(options.get("api_key"))
        given: dict[str, Any] = dict(options)
        settings = {name: given.pop(name) for name in ClientOptions.__annotations__.keys() & given.keys()}
        _refuse_unknown(given)
        self.model = model
        self.client = ChatClient(**settings)
        self._defaults = given

    def reply(self, prompt: Prompt, **options: Unpack[RequestOptions]) -> Reply:
        """Asks, and waits for the whole answer.

        Raises:
            InvalidInputError: if there is nothing to ask, or it cannot be sent as it is. Nothing was sent.
            SeaCloudError: its subclass says what went wrong (see `seacloud_client.errors`).
            TypeError: if there is no option of that name.
        """
        return self.client.reply(self.request(prompt, **options))

    async def areply(self, prompt: Prompt, **options: Unpack[RequestOptions]) -> Reply:
        """`reply`, async."""
        return await self.client.areply(self.request(prompt, **options))

    def stream(self, prompt: Prompt, **options: Unpack[RequestOptions]) -> ReplyStream:
        """Asks, when the stream is first read. Errors are those of `reply`; once text has come, nothing is asked again.

        Iterate over it for the text as it comes. It closes its connection at its end, or when it is closed.
        """
        return ReplyStream(self.client.stream(self.request(prompt, **options)))

    def astream(self, prompt: Prompt, **options: Unpack[RequestOptions]) -> AsyncReplyStream:
        """`stream`, async."""
        return AsyncReplyStream(self.client.astream(self.request(prompt, **options)))

    def request(self, prompt: Prompt, **options: Unpack[RequestOptions]) -> Request:
        """The request that these would make."""
        given: dict[str, Any] = dict(options)
        _refuse_unknown(given)
        fields = {**self._defaults, **given}
        if isinstance(fields.get("stop"), str):
            fields["stop"] = (fields["stop"],)
        fields.update({name: tuple(fields[name] or ()) for name in _SEQUENCES & fields.keys()})
        _refuse_other_kinds(fields)
        return Request(model=self.model, messages=_messages(prompt), **fields)

    def __repr__(self) -> str:
        return f"Chat({self.model!r})"


_SEQUENCES = frozenset(("tools", "stop", "modalities", "include"))

_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "tools": ((Tool, CustomTool, NativeTool), "Tool('weather', 'Tells the weather in a city.', {...})"),
    "tool_choice": ((ToolChoice,), "ToolChoice('required')"),
    "output": ((OutputSchema, JsonOutput), "OutputSchema('person', {...})"),
}
"""Options that are objects of our own, and how one is made."""


def _refuse_unknown(options: Iterable[str]) -> None:
    strange = sorted(set(options) - RequestOptions.__annotations__.keys())
    if strange:
        raise TypeError(
            f"There is no option {strange[0]!r}. What the service knows besides goes into extra_body={{...}}."
        )


def _refuse_other_kinds(fields: Mapping[str, Any]) -> None:
    for name, (kinds, example) in _KINDS.items():
        value = fields.get(name)
        for each in value or () if name in _SEQUENCES else (value,):
            if each is not None and not isinstance(each, kinds):
                raise InvalidInputError(f"{name}: give {example}, not {type(each).__name__}. Nothing was sent.")


def _messages(prompt: Prompt) -> tuple[Message, ...]:
    turns = [prompt] if isinstance(prompt, (str, Message)) else prompt
    if not isinstance(turns, Sequence):
        raise InvalidInputError(
            f"A prompt is a text, a Message such as user('Hello'), or a list of these, not {type(turns).__name__}. "
            "Nothing was sent."
        )
    return tuple(map(_message, turns))


def _message(turn: str | Message) -> Message:
    if isinstance(turn, Message):
        return turn
    if isinstance(turn, str):
        return user(turn)
    raise InvalidInputError(
        f"A turn of a conversation is a text or a Message, not {type(turn).__name__}: give a user's pictures and the "
        "like as user('What is this?', Image(...)). Nothing was sent."
    )


class ReplyStream:
    """An answer as it comes. Iterate over it for its text, or over `deltas()` for everything; it can be read once.

    `reply()` is the whole answer: it reads what is left. In a `with` block the connection is closed at the end of the
    block, at once, however far it was read.
    """

    def __init__(self, deltas: Generator[Delta, None, None]) -> None:
        self._deltas = deltas
        self._fold = Fold()

    def deltas(self) -> Iterator[Delta]:
        """Everything, step by step (see `seacloud_client.deltas`)."""
        for delta in self._deltas:
            self._fold.add(delta)
            yield delta

    def reply(self) -> Reply:
        """The whole answer, with usage, tool calls and all."""
        for _ in self.deltas():
            pass
        return self._fold.reply()

    def close(self) -> None:
        """Stops, and closes the connection."""
        self._deltas.close()

    def __iter__(self) -> Iterator[str]:
        return (delta.text for delta in self.deltas() if type(delta) is TextDelta and delta.choice == 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncReplyStream:
    """`ReplyStream`, async."""

    def __init__(self, deltas: AsyncGenerator[Delta, None]) -> None:
        self._deltas = deltas
        self._fold = Fold()

    async def deltas(self) -> AsyncGenerator[Delta, None]:
        """Everything, step by step (see `seacloud_client.deltas`)."""
        async for delta in self._deltas:
            self._fold.add(delta)
            yield delta

    async def reply(self) -> Reply:
        """The whole answer, with usage, tool calls and all."""
        async for _ in self.deltas():
            pass
        return self._fold.reply()

    async def aclose(self) -> None:
        """Stops, and closes the connection."""
        await self._deltas.aclose()

    def __aiter__(self) -> AsyncIterator[str]:
        return self._texts()

    async def _texts(self) -> AsyncGenerator[str, None]:
        async for delta in self.deltas():
            if type(delta) is TextDelta and delta.choice == 0:
                yield delta.text

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
