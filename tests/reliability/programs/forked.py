"""Forks after the connections were used, while another thread uses them: all go on, each with its own."""

import asyncio
import os
import sys
import threading

from seacloud_client import Chat

chat = Chat("gpt-4.1")
stop = threading.Event()


def keep_asking() -> None:
    while not stop.is_set():
        chat.reply("hi")


async def ask() -> None:
    await asyncio.gather(*(chat.areply("hi") for _ in range(3)))


chat.reply("hi")
asyncio.run(ask())
half_read = iter(chat.stream("Tell me about the sea at length"))
first = next(half_read)
thread = threading.Thread(target=keep_asking)
thread.start()
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            chat.reply("hi")
            asyncio.run(ask())
            code = 0
        finally:
            os._exit(code)
    children.append(child)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
stop.set()
thread.join()
rest = "".join(half_read)
chat.reply("hi")
asyncio.run(ask())
sys.stdout.write(str(codes == [0] * 4 and bool(first + rest)))
