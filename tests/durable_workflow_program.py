"""A program with a durable tool in a LlamaIndex agent, which the tests kill. What it runs is killed at any moment, or
kills itself, by SIGKILL, at a point that it is told.

python durable_workflow_program.py

It reads lines from stdin, `<directory>\t<point>`, and runs each in a child of its own, whose process id it prints: so
the frameworks are imported once.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kill_points import dying
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.workflow import Context
from llamaindex_seacloud import SeaCloud, SeaCloudToolSpec, TaskJournal
from llamaindex_seacloud import tool_functions as tools
from llamaindex_seacloud.durable import Durability
from seacloud_client.queue import Queue

MODEL = "nano_banana_2"
QUESTION = "Please draw a boat."


@contextmanager
def without_warnings() -> Iterator[None]:
    """LlamaIndex says whenever a context is saved that it saves no memory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def agent_of(directory: Path, save_run: Callable[[Context], Any], **options: Any) -> FunctionAgent:
    journal = TaskJournal(directory / "journal.sqlite", patience=0.5)
    spec = SeaCloudToolSpec(MODEL, journal=journal, save_run=save_run, **options)
    with without_warnings():
        return FunctionAgent(tools=spec.to_tool_list(stream_progress=True), llm=SeaCloud(model="gpt-4.1"), timeout=60)


async def run(directory: Path, **options: Any) -> Any:
    """Runs the agent, or goes on with the run that was saved."""
    path = directory / "run.json"

    async def save(workflow_context: Context) -> None:
        memory = await workflow_context.store.get("memory")
        history = [message.model_dump(mode="json") for message in memory.get_all()]
        with without_warnings():
            kept = {"context": handler.ctx.to_dict(), "history": history}
        new = path.with_suffix(".new")
        new.write_text(json.dumps(kept))
        new.replace(path)

    agent = agent_of(directory, save, **options)
    if path.exists():
        kept = json.loads(path.read_text())
        handler = agent.run(ctx=Context.from_dict(agent, kept["context"]))
        history = [ChatMessage.model_validate(message) for message in kept["history"]]
        # Now, and not before: what is in a context when its run begins goes through JSON once more.
        await handler.ctx.store.set("memory", ChatMemoryBuffer.from_defaults(chat_history=history))
    else:
        handler = agent.run(QUESTION)
    return await handler


POINTS = {
    "before the run is saved": dying(Durability, "saving", after=False),
    "before the intent": dying(TaskJournal, "claim", after=False),
    "after the intent": dying(TaskJournal, "claim", after=True),
    "after the post": dying(Queue, "asubmit", after=True),
    "after the handle": dying(TaskJournal, "posted", after=True),
    "while waiting": dying(tools, "progress_event", after=True),
    "before the end is noted": dying(TaskJournal, "done", after=False),
    "after the end is noted": dying(TaskJournal, "done", after=True),
    "never": lambda: None,
}


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children: the tests look whether they live
    for line in sys.stdin:
        directory, point = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            POINTS[point]()
            asyncio.run(run(Path(directory)))
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
