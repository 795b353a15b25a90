"""A LlamaIndex agent that calls tools and makes a picture.

    SEACLOUD_API_KEY=... python examples/llamaindex_agent.py

Without a key, point it at the emulator: `python -m seacloud_emulator` prints the two exports.
"""

from __future__ import annotations

import asyncio

from llama_index.core.agent.workflow import AgentStream, FunctionAgent, ToolCall, ToolCallResult
from llamaindex_seacloud import SeaCloud, SeaCloudProgress, SeaCloudToolSpec


def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


async def main() -> None:
    pictures = SeaCloudToolSpec(model="nano_banana_2")
    agent = FunctionAgent(
        llm=SeaCloud(model="gpt-4.1"),
        tools=[get_weather, *pictures.to_tool_list(stream_progress=True)],
        system_prompt="You help people plan trips.",
    )
    handler = agent.run("What is the weather in Oslo? And draw a picture of a cat there.")
    async for event in handler.stream_events():
        if isinstance(event, ToolCall):
            print(f"-> {event.tool_name}({event.tool_kwargs})")
        elif isinstance(event, SeaCloudProgress):
            print(f"   {event.status}")
        elif isinstance(event, ToolCallResult):
            print(f"<- {event.tool_output}")
        elif isinstance(event, AgentStream):
            print(event.delta, end="", flush=True)
    print()
    await handler


if __name__ == "__main__":
    asyncio.run(main())
