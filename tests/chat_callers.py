"""What the tests of the chat client share: the four ways to ask, and what the emulator saw."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Request, user
from seacloud_client.folding import Fold
from seacloud_emulator import Emulator

ASK = Request(model="gpt-4.1", messages=(user("Say hello to the cat"),))


class Caller:
    """One way to ask: plain or streamed, sync or async. `ask` gives the whole reply, however it came."""

    def __init__(self, *, streams: bool, is_async: bool) -> None:
        self.streams = streams
        self.is_async = is_async

    def ask(self, request: Request = ASK, **options: Any):
        client = ChatClient(**options)
        return asyncio.run(self._ask_async(client, request)) if self.is_async else self._ask_sync(client, request)

    def _ask_sync(self, client, request):
        try:
            if self.streams:
                return Fold().add_all(client.stream(request)).reply()
            return client.reply(request)
        finally:
            client.close()

    async def _ask_async(self, client, request):
        if self.streams:
            return Fold().add_all([delta async for delta in client.astream(request)]).reply()
        return await client.areply(request)


CALLERS = {
    f"{'stream' if streams else 'reply'}-{'async' if is_async else 'sync'}": Caller(streams=streams, is_async=is_async)
    for streams in (False, True)
    for is_async in (False, True)
}
every_way = pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS.keys())


def posts(emulator: Emulator) -> int:
    return sum(record.method == "POST" for record in emulator.requests)


def settled(emulator: Emulator, seconds: float = 5.0) -> None:
    """Waits until the emulator knows how its last request ended."""
    deadline = time.monotonic() + seconds
    while not (emulator.requests[-1].finished or emulator.requests[-1].disconnected or emulator.requests[-1].cut):
        assert time.monotonic() < deadline, "the emulator's last request did not end"
        time.sleep(0.005)
