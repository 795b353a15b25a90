"""An agent talks to SeaCloud and makes a picture.

Run it with `make demo`: it needs no key, since it starts the emulator and talks to that. With a key, the same program
talks to the service:

    SEACLOUD_API_KEY=... .venv/bin/python examples/agent_makes_a_picture.py --live

Ctrl-C while the picture is being made cancels the task.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langchain_seacloud import ChatSeaCloud, SeaCloudGenerationTool
from seacloud_client.interrupts import cancel_on_sigint
from seacloud_client.queue import Queue

WISH = "Please draw a cat astronaut floating above the sea at night, and tell me where the picture is."


def main() -> int:
    """Runs the agent and shows what happens."""
    options = read_options()
    screen = Screen()
    with service(options) as address:
        print(f"Talking to {address}\n")
        try:
            run(options, screen)
        except KeyboardInterrupt:
            print(f"\nInterrupted: {fate_of(screen.task)}, and the agent has stopped.")
            return 130
    return 0


def run(options: argparse.Namespace, screen: Screen) -> None:
    """The agent: a chat model, a tool that makes pictures, and LangGraph between them."""
    agent = create_agent(
        ChatSeaCloud(model=options.model),
        [SeaCloudGenerationTool(model=options.picture_model, save_to=options.save_to)],
        system_prompt="You help people make pictures. Say where the result is.",
    )
    question = {"messages": [("user", options.wish)]}
    modes = ["messages", "custom", "updates"]
    print(f"You: {options.wish}\n")
    if options.use_async:
        asyncio.run(follow(agent, question, modes, screen))
        return
    # In a sync run the tool waits in a thread, which Ctrl-C does not reach by itself.
    with cancel_on_sigint(lambda count: print(f"\nCancelling {count} task(s) ...", flush=True)):
        for mode, data in agent.stream(question, stream_mode=modes):
            screen.show(mode, data)


async def follow(agent: Any, question: Any, modes: list[str], screen: Screen) -> None:
    """The same, async. Ctrl-C cancels the run, as asyncio does, and the tool then cancels its task."""
    async for mode, data in agent.astream(question, stream_mode=modes):
        screen.show(mode, data)


def fate_of(task: dict[str, Any] | None) -> str:
    """What became of the task that was last heard of, as the service says."""
    if task is None:
        return "no task had been created"
    status = Queue().task(task["model"], task["request_id"]).status()
    became = "was cancelled" if status.error_type == "CANCELED" else f"is {status.status}"
    return f"task {task['request_id']} {became}"


class Screen:
    """Shows what comes from the agent, as it comes."""

    def __init__(self) -> None:
        self.task: dict[str, Any] | None = None
        self._last_progress = ""
        self._speaking = False

    def show(self, mode: str, data: Any) -> None:
        """Shows what came in a mode of LangGraph's stream."""
        if mode == "messages":
            message, _ = data
            if isinstance(message, AIMessageChunk) and message.text:
                self._say(str(message.text))
        elif mode == "custom":
            self._progress(data["seacloud_progress"])
        else:
            for update in data.values():
                for message in (update or {}).get("messages", ()):
                    self._whole(message)

    def _progress(self, progress: dict[str, Any]) -> None:
        self.task = progress
        line = progress_line(progress)
        if line != self._last_progress:  # each question after the task is told, changed or not
            self._line(f"  ... {line}")
        self._last_progress = line

    def _whole(self, message: Any) -> None:
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                self._line(f"Agent calls {call['name']}({call['args']})")
            if message.usage_metadata and not message.tool_calls:
                self._line(f"({message.usage_metadata['total_tokens']} tokens)")
        elif isinstance(message, ToolMessage):
            self._line(f"Tool ({message.status}): {message.text}")
            for path in (message.artifact or {}).get("saved", ()):
                self._line(f"Saved: {path} ({Path(path).stat().st_size:,} bytes)\n")

    def _say(self, text: str) -> None:
        if not self._speaking:
            print("Agent: ", end="")
        self._speaking = True
        print(text, end="", flush=True)

    def _line(self, text: str) -> None:
        print(f"{chr(10) if self._speaking else ''}{text}", flush=True)
        self._speaking = False


def progress_line(progress: dict[str, Any]) -> str:
    """A task's progress in words."""
    done = progress.get("progress")
    percent = f", {done:.0%}" if done is not None else ""
    return f"task {progress['request_id']}: {progress['status']}{percent}"


@contextmanager
def service(options: argparse.Namespace) -> Iterator[str]:
    """The address to talk to: the service's with `--live`, or that of an emulator, for as long as the block runs."""
    if options.live:
        if not os.environ.get("SEACLOUD_API_KEY"):
            sys.exit("--live needs a key: set SEACLOUD_API_KEY.")
        yield os.environ.get("SEACLOUD_BASE_URL", "https://cloud.seaart.ai")
        return
    from seacloud_emulator import Emulator  # noqa: PLC0415  # who talks to the service does not need it

    with Emulator(queue_seconds=1.0, run_seconds=options.seconds) as emulator:
        os.environ.update(emulator.environment)
        yield f"{emulator.url} (the emulator: nothing here comes from a real model)"


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("wish", nargs="?", default=WISH)
    parser.add_argument("--live", action="store_true", help="talk to the service, with the key in SEACLOUD_API_KEY")
    parser.add_argument("--model", default="gpt-4.1", help="the model that talks")
    parser.add_argument("--picture-model", default="nano_banana_2", help="the model that draws")
    parser.add_argument("--save-to", type=Path, default=Path("pictures"), help="where pictures go")
    parser.add_argument("--async", dest="use_async", action="store_true", help="run the agent async")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long the emulator draws")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
