"""An agent with two tools, with LangChain: its answer as it comes, and a structured one at the end.

SEACLOUD_API_KEY=... python examples/langchain_agent.py
"""

from __future__ import annotations

from langchain.agents import create_agent
from langchain_seacloud import ChatSeaCloud
from pydantic import BaseModel


class Report(BaseModel):
    """What was found out."""

    city: str
    summary: str


def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


def multiply(a: int, b: int) -> int:
    """Multiplies two numbers."""
    return a * b


def main() -> None:
    question = {"messages": [("user", "Tell me the weather in Oslo, and multiply 6 by 7.")]}
    agent = create_agent(ChatSeaCloud(model="gpt-4.1"), [get_weather, multiply])
    for message, _ in agent.stream(question, stream_mode="messages"):
        if message.type == "tool":
            print(f"{message.name}: {message.text}")
        else:
            print(message.text, end="", flush=True)
    print()

    reporter = create_agent(ChatSeaCloud(model="gpt-4.1"), [get_weather], response_format=Report)
    print(reporter.invoke({"messages": [("user", "What is the weather in Bergen?")]})["structured_response"])


if __name__ == "__main__":
    main()
