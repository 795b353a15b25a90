"""A program with a durable tool, which the tests kill. It kills itself, by SIGKILL, at a point that it is told.

python durable_program.py <directory> <sync | async> <point>
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from kill_points import dying
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langchain_seacloud import SeaCloudGenerationTool, TaskJournal
from langchain_seacloud.tool_progress import Teller
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from seacloud_client.queue import Queue

THREAD: RunnableConfig = {"configurable": {"thread_id": "boats"}}
QUESTION: Any = {"messages": [("user", "Draw a boat.")]}
CALL = {"type": "tool_call", "id": "call_boat", "name": "generate_with_nano_banana_2", "args": {"prompt": "a boat"}}


def ask(state: MessagesState) -> dict[str, Any]:
    """Stands for the model: it calls the tool. Each run of it is a call of its own, as a model's would be."""
    path = Path(os.environ["DURABLE_ASKED"])
    asked = int(path.read_text()) + 1 if path.exists() else 1
    path.write_text(str(asked))
    return {"messages": [AIMessage("", tool_calls=[{**CALL, "id": f"call_{asked}"}])]}


def graph_of(tool: SeaCloudGenerationTool) -> Any:
    graph = StateGraph(MessagesState)
    graph.add_node("ask", ask)
    graph.add_node("tools", ToolNode([tool]))
    graph.add_edge(START, "ask")
    graph.add_edge("ask", "tools")
    graph.add_edge("tools", END)
    return graph


def tool_in(directory: Path) -> SeaCloudGenerationTool:
    return SeaCloudGenerationTool(model="nano_banana_2", journal=TaskJournal(directory / "agent.sqlite", patience=0.5))


def run(directory: Path, flavour: str, question: Any) -> Any:
    """Runs the graph, or resumes it where there is no question."""
    graph = graph_of(tool_in(directory))
    path = str(directory / "agent.sqlite")
    if flavour == "sync":
        with SqliteSaver.from_conn_string(path) as saver:
            return graph.compile(checkpointer=saver).invoke(question, THREAD, durability="sync")

    async def arun() -> Any:
        async with AsyncSqliteSaver.from_conn_string(path) as saver:
            return await graph.compile(checkpointer=saver).ainvoke(question, THREAD, durability="sync")

    return asyncio.run(arun())


POINTS = {
    "before the intent": [dying(TaskJournal, "claim", after=False)],
    "after the intent": [dying(TaskJournal, "claim", after=True)],
    "after the post": [dying(Queue, "submit", after=True), dying(Queue, "asubmit", after=True)],
    "after the handle": [dying(TaskJournal, "posted", after=True)],
    "while waiting": [dying(Teller, "tell", after=True), dying(Teller, "atell", after=True)],
    "before the end is noted": [dying(TaskJournal, "done", after=False)],
    "after the end is noted": [dying(TaskJournal, "done", after=True)],
    "never": [],
}


def main() -> None:
    directory, flavour, point = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    for arm in POINTS[point]:
        arm()
    run(directory, flavour, QUESTION)


if __name__ == "__main__":
    main()
