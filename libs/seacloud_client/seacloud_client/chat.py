"""Asking a model: a request in, a reply or its deltas out, sync and async.

`ChatClient` is what the adapters use. On its own:

    ChatClient().reply(Request(model="gpt-4.1", messages=(user("Hello"),))).text

`seacloud_client.Chat` is the shorter way for programs that ask one model.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import aclosing, contextmanager
from typing import Literal, get_args

import httpx
from pydantic import SecretStr

from seacloud_client.conversation import Media, Reply, Request, Text, ToolResult
from seacloud_client.deltas import Delta
from seacloud_client.drivers import adrive, drive
from seacloud_client.errors import ConfigurationError, InvalidInputError, StreamBroken, TimedOut
from seacloud_client.flows import Flow, HttpAnswer, HttpCall, send
from seacloud_client.json_bodies import to_json
from seacloud_client.protocols import MessagesPath, ProtocolChoice, WireProtocol, choose, get_protocol
from seacloud_client.settings import Settings, as_secret, header_problem
from seacloud_client.stalls import StallWatch
from seacloud_client.streams import StreamReader, is_stream, read_as_deltas, read_reply
from seacloud_client.transport import Transport, abody_of, acollect_body, body_of, collect_body


class ChatClient:
    """Asks models, over any protocol. It is cheap to make, and safe to share among threads and event loops.

    Args:
        protocol: `auto` (the default: what the facts of the model say), or one for all requests.
        messages_path: where Messages is served, below the base URL: `/v1/messages` or `/anthropic/v1/messages`.
        api_key: by default the environment's `SEACLOUD_API_KEY`. It is asked for when the first request is made.
        base_url: the LLM base URL; by default `SEACLOUD_BASE_URL` (or `https://cloud.seaart.ai`) and `/llm`.
        timeout: seconds without a byte from the service before a call is given up; 600 by default. A connection
            gets 10 at most.
        stall_timeout: seconds in which a stream says nothing of the reply, pings or not, before it is given up; by
            default `timeout`.
        max_retries: how often at most a call is repeated after 429, 502, 503, 504, 529 or a connection that could not
            be made; 2 by default.
        retry_unanswered: whether to repeat also a call that was sent and not answered, though it may be billed twice.
        max_reply_bytes: the longest answer that is read, whole or streamed, in bytes; 256 MiB by default.
        max_event_bytes: the largest event of a stream that is read, in bytes; 64 MiB by default.
        headers: sent with every request.
        proxy: the address of a proxy; by default the environment's.
        transport: `httpx`, or `aiohttp` for async calls (needs the extra `fast`); sync calls go over httpx all the
            same.
        http_client: a client of your own for sync calls; it is never closed here.
        http_async_client: the same for async calls.

    Raises:
        ConfigurationError: if a setting makes no sense.
    """

    def __init__(
        self,
        *,
        protocol: ProtocolChoice = "auto",
        messages_path: MessagesPath = "/v1/messages",
        api_key: SecretStr | str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
        stall_timeout: float | None = None,
        max_retries: int | None = None,
        retry_unanswered: bool = False,
        max_reply_bytes: int | None = None,
        max_event_bytes: int | None = None,
        headers: dict[str, str] | None = None,
        proxy: str | None = None,
        transport: Literal["httpx", "aiohttp"] = "httpx",
        http_client: httpx.Client | None = None,
        http_async_client: httpx.AsyncClient | None = None,
    ) -> None:
        api_key = as_secret(api_key)
        self.settings = Settings.resolve(
            "llm",
            api_key=api_key,
            base_url=base_url,
            timeout=timeout,
            stall_timeout=stall_timeout,
            max_retries=max_retries,
            retry_unanswered=retry_unanswered,
            max_reply_bytes=max_reply_bytes,
            max_event_bytes=max_event_bytes,
            headers=headers,
            proxy=proxy,
            transport=transport,
        )
        if messages_path not in get_args(MessagesPath):
            known = " or ".join(repr(path) for path in get_args(MessagesPath))
            raise ConfigurationError(f"messages_path must be {known}; got {messages_path!r}.")
        self.protocol = protocol
        self._paths: dict[str, str] = {"messages": messages_path}
        self._transport = Transport(self.settings, http_client=http_client, http_async_client=http_async_client)

    def reply(self, request: Request) -> Reply:
        """Asks, and waits for the whole reply.

        Raises:
            InvalidInputError: if the request cannot be sent as it is. Nothing was sent.
            SeaCloudError: its subclass says what went wrong (see `seacloud_client.errors`).
        """
        protocol = self._protocol_of(request)
        return read_reply(drive(self._flow(request, protocol, stream=False), self._transport), protocol)

    async def areply(self, request: Request) -> Reply:
        """`reply`, async."""
        protocol = self._protocol_of(request)
        return read_reply(await adrive(self._flow(request, protocol, stream=False), self._transport), protocol)

    def stream(self, request: Request) -> Generator[Delta, None, None]:
        """Asks, and yields what comes as it comes. Closing the iterator early closes the connection at once.

        Raises:
            StreamBroken: if the stream ends before the reply is complete.
            TimedOut: if it stays open and says nothing (see `stall_timeout`).
            SeaCloudError: as `reply` does. Once anything was yielded, nothing is ever asked again by itself.
        """
        protocol = self._protocol_of(request)
        answer = drive(self._flow(request, protocol, stream=True), self._transport)
        with body_of(answer) as body, _telling_the_cost():
            if not is_stream(answer):
                yield from read_as_deltas(collect_body(answer, self.settings), protocol)
                return
            reader = self._reader(protocol, answer)
            yield reader.start
            for data in StallWatch(answer, reader, self.settings).over(body):
                yield from reader.feed(data)
            yield from reader.close()

    async def astream(self, request: Request) -> AsyncGenerator[Delta, None]:
        """`stream`, async."""
        protocol = self._protocol_of(request)
        answer = await adrive(self._flow(request, protocol, stream=True), self._transport)
        with _telling_the_cost():
            async with abody_of(answer) as body:
                if not is_stream(answer):
                    for delta in read_as_deltas(await acollect_body(answer, self.settings), protocol):
                        yield delta
                    return
                reader = self._reader(protocol, answer)
                yield reader.start
                async with aclosing(StallWatch(answer, reader, self.settings).aover(body)) as chunks:
                    async for data in chunks:
                        for delta in reader.feed(data):
                            yield delta
                for delta in reader.close():
                    yield delta

    def close(self) -> None:
        """Closes the connections of sync calls, unless others share them. The client stays usable."""
        self._transport.close()

    async def aclose(self) -> None:
        """Closes the connections, the running event loop's too, unless others share them. The client stays usable."""
        await self._transport.aclose()

    def _reader(self, protocol: WireProtocol, answer: HttpAnswer) -> StreamReader:
        return StreamReader(
            protocol,
            answer.request_id,
            max_reply_bytes=self.settings.max_reply_bytes,
            max_event_bytes=self.settings.max_event_bytes,
        )

    def _protocol_of(self, request: Request) -> WireProtocol:
        return get_protocol(choose(request.model, self.protocol))

    def _flow(self, request: Request, protocol: WireProtocol, *, stream: bool) -> Flow[HttpAnswer]:
        _check(request)
        call = HttpCall(
            method="POST",
            url=self.settings.base_url + self._paths.get(protocol.name, protocol.path),
            auth="Bearer",
            headers={
                "Content-Type": "application/json",
                **({"Accept": "text/event-stream"} if stream else {}),
                **protocol.headers,
                **(request.extra_headers or {}),
            },
            params={**(protocol.stream_query if stream else {}), **(request.extra_query or {})} or None,
            content=to_json(protocol.encode(request, stream)),
            stream=stream,
        )
        repeats = self.settings.retry_unanswered
        with _telling_the_cost("" if repeats else ", or set retry_unanswered=True to have that done"):
            return (yield from send(call, max_retries=self.settings.max_retries, retry_unanswered=repeats))


@contextmanager
def _telling_the_cost(or_else: str = "") -> Iterator[None]:
    """Lets an error about a question that was sent, and not answered to its end, say what to know before the next."""
    try:
        yield
    except (StreamBroken, TimedOut) as error:
        ask = "Ask" if "billed" in error.message else "It may have been billed: ask"
        error.message = f"{error.message} {ask} again if paying twice is acceptable{or_else}."
        raise


def _check(request: Request) -> None:
    """Refuses what no model could answer, before it costs anything."""
    if not request.model.strip():
        raise InvalidInputError("model is empty: name the model to ask, such as model='gpt-4.1'. Nothing was sent.")
    if not request.messages:
        raise InvalidInputError("There are no messages: give at least one. Nothing was sent.")
    if not any(_says_something(part) for message in request.messages for part in message.parts):
        raise InvalidInputError(
            "The prompt is empty: no message holds any text, picture or other content. Nothing was sent."
        )
    if request.previous_response_id is None and _are_results_alone(request):
        raise InvalidInputError(
            "There are results of tools alone: give the conversation with the calls that they answer. Nothing was sent."
        )
    problem = header_problem(request.extra_headers or {})
    if problem is not None:
        raise InvalidInputError(f"extra_headers: {problem} Nothing was sent.")


def _are_results_alone(request: Request) -> bool:
    return all(isinstance(part, ToolResult) for message in request.messages for part in message.parts)


def _says_something(part: object) -> bool:
    return bool(part.text.strip()) if isinstance(part, Text) else isinstance(part, Media) or part is not None
