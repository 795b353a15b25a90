"""An agent that asks a person before it spends money, with LangChain: it stops, and goes on when it is told to.

SEACLOUD_API_KEY=... python examples/langchain_approval.py
"""

from __future__ import annotations

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.runnables import RunnableConfig
from langchain_seacloud import ChatSeaCloud, SeaCloudGenerationTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command


def main() -> None:
    tool = SeaCloudGenerationTool(model="nano_banana_2")
    agent = create_agent(
        ChatSeaCloud(model="gpt-4.1"),
        [tool],
        middleware=[HumanInTheLoopMiddleware(interrupt_on={tool.name: True})],
        checkpointer=InMemorySaver(),  # one that writes to a database lets the answer come tomorrow
    )
    thread: RunnableConfig = {"configurable": {"thread_id": "1"}}

    state = agent.invoke({"messages": [("user", "Please draw a boat at sunset.")]}, thread)
    for action in state["__interrupt__"][0].value["action_requests"]:
        print(f"The agent wants to call {action['name']} with {action['args']}.")
    print(
        f"Approved. {agent.invoke(Command(resume={'decisions': [{'type': 'approve'}]}), thread)['messages'][-1].text}"
    )


if __name__ == "__main__":
    main()
