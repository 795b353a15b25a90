"""So many streams at once in one event loop: `crowd.py TRANSPORT COUNT`. Prints what they said, and in what time."""

import asyncio
import json
import sys
import time

from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Request, user
from seacloud_client.deltas import TextDelta

REQUEST = Request(model="m", messages=(user("hi"),))


async def read(chat: ChatClient) -> str:
    return "".join([delta.text async for delta in chat.astream(REQUEST) if isinstance(delta, TextDelta)])


async def main(transport: str, count: int) -> None:
    chat = ChatClient(protocol="chat_completions", transport=transport, timeout=60)
    begun = time.monotonic()
    said = await asyncio.gather(*(read(chat) for _ in range(count)))
    seconds = time.monotonic() - begun
    sys.stdout.write(json.dumps({"streams": len(said), "texts": sorted(set(said)), "seconds": seconds}))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
