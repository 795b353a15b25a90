"""An agent with a budget, with LangGraph: one picture for a conversation, and a person is asked before it is paid for.

SEACLOUD_API_KEY=... python examples/langchain_spending.py
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain.agents import create_agent
from langchain_core.runnables import RunnableConfig
from langchain_seacloud import ChatSeaCloud, SeaCloudGenerationTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt


def ask_a_person(model: str, parameters: Mapping[str, Any]) -> bool:
    """Stops the run until somebody answers; a checkpointer with a database lets the answer come tomorrow."""
    return bool(interrupt(f"{model} with {dict(parameters)}") == "yes")


def main() -> None:
    tool = SeaCloudGenerationTool(model="nano_banana_2", max_calls_per_thread=1, approve=ask_a_person)
    agent = create_agent(ChatSeaCloud(model="gpt-4.1"), [tool], checkpointer=InMemorySaver())
    thread: RunnableConfig = {"configurable": {"thread_id": "1"}}

    for wish, answer in (("a boat at sunset", "no"), ("a cat astronaut", "yes"), ("a dog in the snow", "yes")):
        state = agent.invoke({"messages": [("user", f"Please draw {wish}.")]}, thread)
        for asked in state.get("__interrupt__", ()):
            print(f"May it call {asked.value}? {answer}")
            state = agent.invoke(Command(resume={asked.id: answer}), thread)
        result = next(message for message in reversed(state["messages"]) if message.type == "tool")
        print(f"  {result.text.splitlines()[0]}")


if __name__ == "__main__":
    main()
