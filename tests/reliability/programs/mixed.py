"""Threads and event loops, both frameworks and the client alone, all at the same time over the same connections."""

import asyncio
import json
import sys
import threading
from collections.abc import Callable
from typing import Any

from langchain_seacloud import ChatSeaCloud
from llama_index.core.base.llms.types import ChatMessage
from llamaindex_seacloud import SeaCloud
from seacloud_client import Chat
from seacloud_client.queue import Queue

model, llm = ChatSeaCloud(model="gpt-4.1"), SeaCloud(model="claude-sonnet-4-5")
chat, queue = Chat("gpt-4.1"), Queue()
HI = [ChatMessage("hi")]
done: list[str] = []
failed: list[str] = []


def sync_work() -> None:
    model.invoke("hi")
    list(model.stream("hi"))
    llm.chat(HI)
    list(llm.stream_chat(HI))
    chat.reply("hi")
    queue.run("nano_banana_2", {"prompt": "a cat"}, interval=0.05)
    with chat.stream("hi") as stream:
        next(iter(stream))  # and no more


async def async_work() -> None:
    async def stream(chunks: Any) -> None:
        async for _ in chunks:
            pass

    await asyncio.gather(
        model.ainvoke("hi"),
        stream(model.astream("hi")),
        llm.achat(HI),
        stream(await llm.astream_chat(HI)),
        chat.areply("hi"),
        queue.arun("nano_banana_2", {"prompt": "a cat"}, interval=0.05),
        model.abatch(["hi", "hi"]),
    )


def several_loops() -> None:
    asyncio.run(async_work())
    asyncio.run(async_work())


async def threads_of_a_loop() -> None:
    await asyncio.gather(*(asyncio.to_thread(sync_work) for _ in range(2)), async_work())


def run(name: str, work: Callable[[], object]) -> None:
    try:
        work()
        done.append(name)
    except BaseException as error:  # noqa: BLE001  # it is told, and the program fails
        failed.append(f"{name}: {error!r}")


threads = [threading.Thread(target=run, args=("sync", sync_work)) for _ in range(3)]
threads += [threading.Thread(target=run, args=("loops", several_loops)) for _ in range(2)]
for thread in threads:
    thread.start()
run("loop of threads", lambda: asyncio.run(threads_of_a_loop()))
for thread in threads:
    thread.join(60)
alive = [thread.name for thread in threads if thread.is_alive()]
sys.stdout.write(json.dumps({"done": len(done), "failed": failed, "alive": alive}))
