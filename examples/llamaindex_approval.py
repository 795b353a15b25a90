"""An agent that asks a person before it spends money, with LlamaIndex: its workflow waits until somebody answers.

SEACLOUD_API_KEY=... python examples/llamaindex_approval.py
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.workflow import Context, HumanResponseEvent, InputRequiredEvent
from llamaindex_seacloud import SeaCloud, SeaCloudToolSpec


async def ask_a_person(model: str, parameters: Mapping[str, Any], call_id: str, ctx: Context) -> bool:
    """Waits for an answer to this very question: the model may ask for the same picture twice in one reply."""
    question = f"May it call {model} with {dict(parameters)}?"
    answer = await ctx.wait_for_event(
        HumanResponseEvent,
        waiter_id=call_id,
        waiter_event=InputRequiredEvent(prefix=question, call_id=call_id),
        requirements={"call_id": call_id},
    )
    return bool(answer.response == "yes")


async def main() -> None:
    pictures = SeaCloudToolSpec(model="nano_banana_2", max_calls=1, approve=ask_a_person)
    agent = FunctionAgent(llm=SeaCloud(model="gpt-4.1"), tools=pictures.to_tool_list())

    for wish, answer in (("a boat at sunset", "no"), ("a cat astronaut", "yes"), ("a dog in the snow", "yes")):
        handler = agent.run(f"Please draw {wish}.")
        async for event in handler.stream_events():
            if isinstance(event, InputRequiredEvent):
                print(f"{event.prefix} {answer}")
                handler.ctx.send_event(HumanResponseEvent(response=answer, call_id=event.call_id))
        print(f"  {(await handler).tool_calls[-1].tool_output.content.splitlines()[0]}")


if __name__ == "__main__":
    asyncio.run(main())
