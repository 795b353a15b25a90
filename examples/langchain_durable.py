"""An agent whose process is killed while a picture is being made, with LangGraph: the next one goes on with the task.

It needs the extra `durable`: pip install 'langchain-seacloud[durable]'

SEACLOUD_API_KEY=... python examples/langchain_durable.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from langchain.agents import create_agent
from langchain_core.runnables import RunnableConfig
from langchain_seacloud import ChatSeaCloud, SeaCloudGenerationTool, TaskJournal
from langgraph.checkpoint.sqlite import SqliteSaver

THREAD: RunnableConfig = {"configurable": {"thread_id": "boats"}}


def work(path: Path) -> None:
    """What a worker does: it goes on with the conversation where it was left, or begins it."""
    tool = SeaCloudGenerationTool(model="nano_banana_2", journal=TaskJournal(path))
    with SqliteSaver.from_conn_string(str(path)) as saver:
        agent = create_agent(ChatSeaCloud(model="gpt-4.1"), [tool], checkpointer=saver)
        was_left = bool(agent.get_state(THREAD).next)
        print("Going on." if was_left else "Beginning.", flush=True)
        question = None if was_left else {"messages": [("user", "Please draw a boat at sunset.")]}
        state = agent.invoke(question, THREAD, durability="sync")  # each step is on disk before the next begins
        print(state["messages"][-1].text)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "agent.sqlite"
        journal = TaskJournal(path)

        worker = subprocess.Popen([sys.executable, __file__, "--worker", str(path)])  # noqa: S603  # this very program
        while worker.poll() is None and not any(entry.request_id for entry in journal.entries()):
            time.sleep(0.01)
        worker.kill()
        worker.wait()
        print(f"Killed. Left: {[entry.state for entry in journal.entries()]}", flush=True)

        work(path)
        print(f"Tasks: {[entry.state for entry in journal.entries()]}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(Path(sys.argv[2]))
    else:
        main()
