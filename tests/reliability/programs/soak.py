"""Does everything again and again: `soak.py SECONDS`. Prints memory and open files after a while and at the end."""

import asyncio
import gc
import json
import os
import sys
import time
from contextlib import aclosing, suppress
from pathlib import Path

from langchain_seacloud import ChatSeaCloud
from llama_index.core.base.llms.types import ChatMessage
from llamaindex_seacloud import SeaCloud
from seacloud_client.errors import SeaCloudError
from seacloud_client.queue import Queue

FAULTS = ({"status": 500}, {"disconnect_after": 0}, {"disconnect_after": 300}, {"malformed_json": True})
HI = [ChatMessage("hi")]


def rss() -> int:
    """Resident memory, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure() -> dict[str, int]:
    gc.collect()
    return {"rss": rss(), "files": len(list(Path("/proc/self/fd").iterdir())), "objects": len(gc.get_objects())}


def one_round(number: int) -> None:
    """New objects each time, as a server has them for each request."""
    model, llm = ChatSeaCloud(model="gpt-4.1", max_retries=0), SeaCloud(model="claude-sonnet-4-5", max_retries=0)
    model.invoke("hi")
    list(model.stream("hi"))
    llm.chat(HI)
    next(llm.stream_chat(HI))  # and no more
    fault = json.dumps(FAULTS[number % len(FAULTS)])
    broken = ChatSeaCloud(model="gpt-5.5", max_retries=0, default_headers={"X-Emulator-Fault": fault})
    for way in (broken.invoke, lambda text: list(broken.stream(text))):
        with suppress(SeaCloudError):
            way("hi")
    if number % 5 == 0:
        Queue().run("nano_banana_2", {"prompt": "a cat"}, interval=0.02)


async def one_async_round(number: int) -> None:
    model = ChatSeaCloud(model="gpt-4.1", max_retries=0)
    await asyncio.gather(model.ainvoke("hi"), model.ainvoke("hi"))
    async with aclosing(model.astream("hi")) as stream:
        await anext(stream)
    task = asyncio.ensure_future(model.ainvoke("hi"))
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def main(seconds: float) -> None:
    begun, rounds, early = time.monotonic(), 0, None
    while time.monotonic() - begun < seconds or rounds < 12:
        one_round(rounds)
        asyncio.run(one_async_round(rounds))
        rounds += 1
        if early is None and (time.monotonic() - begun > seconds / 3 or rounds == 6):
            early = measure()
            early_rounds = rounds
    sys.stdout.write(json.dumps({"rounds": rounds - early_rounds, "early": early, "late": measure()}))


main(float(sys.argv[1]))
