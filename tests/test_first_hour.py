"""What a user sees who does something wrong in the first hour: what happened, why, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.messages import ToolMessage
from langchain_seacloud import ChatSeaCloud, SeaCloudGenerationTool
from llamaindex_seacloud import SeaCloud
from seacloud_client import Chat, Queue
from seacloud_client.errors import SeaCloudError
from seacloud_emulator import Emulator

PICTURE = ("nano_banana_2", {"prompt": "a cat"})

ASKERS: dict[str, Callable[..., Any]] = {
    "client": lambda **settings: Chat(**{"model": "gpt-4.1", **settings}).reply("Hello"),
    "langchain": lambda **settings: ChatSeaCloud(**{"model": "gpt-4.1", **settings}).invoke("Hello"),
    "llamaindex": lambda **settings: SeaCloud(**{"model": "gpt-4.1", **settings}).complete("Hello"),
}


def said_by(call: Callable[[], Any]) -> str:
    """What the error of a call says, but for the ids of the request and the task."""
    with pytest.raises(SeaCloudError) as caught:
        call()
    return re.sub(r",? ?(?:request id|task) \S+?(?=[,)])", "", str(caught.value)).replace(" ()", "")


@pytest.mark.parametrize("ask", ASKERS.values(), ids=ASKERS.keys())
def test_no_key(ask: Callable[..., Any], seacloud_emulator: Emulator) -> None:
    said = said_by(lambda: ask(base_url=f"{seacloud_emulator.url}/llm"))
    assert said == "No API key. Pass api_key=... or set the environment variable SEACLOUD_API_KEY; nothing was sent."
    assert not seacloud_emulator.requests


@pytest.mark.parametrize("ask", ASKERS.values(), ids=ASKERS.keys())
@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("sk-invalid", "invalid_api_key. Check api_key or SEACLOUD_API_KEY. (HTTP 403, code invalid_api_key)"),
        ("sk-no-balance", "insufficient balance. Top up the account; the request was not carried out. (HTTP 403)"),
        (
            "sk-no-model",
            (
                "The model `gpt-4.1` is not authorized for this API key. Choose another model, or have this one "
                "enabled for the key. (HTTP 403, code model_not_allowed)"
            ),
        ),
    ],
)
def test_the_key_is_not_good_enough(
    ask: Callable[..., Any], key: str, sentence: str, seacloud_emulator: Emulator
) -> None:
    assert said_by(lambda: ask(api_key=key, base_url=f"{seacloud_emulator.url}/llm")) == sentence


@pytest.mark.parametrize("ask", ASKERS.values(), ids=ASKERS.keys())
def test_the_base_url_lacks_its_path(ask: Callable[..., Any], seacloud_env: Emulator) -> None:
    assert said_by(lambda: ask(base_url=seacloud_env.url)) == (
        f"Not Found. The address was {seacloud_env.url}/v1/chat/completions: SeaCloud's public paths begin with /llm "
        "(chat) or /model (media). Check base_url or SEACLOUD_BASE_URL. (HTTP 404)"
    )


def test_the_base_url_has_no_scheme() -> None:
    assert said_by(lambda: Chat("gpt-4.1", api_key="k", base_url="cloud.seaart.ai/llm")) == (
        "base_url must begin with https:// (or http://) and name a host, such as https://cloud.seaart.ai/llm; got "
        "'cloud.seaart.ai/llm'."
    )


def test_the_environments_root_is_no_root(seacloud_env: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEACLOUD_BASE_URL", "https://cloud.seaart.ai/llm")
    assert said_by(lambda: Chat("gpt-4.1")) == (
        "The environment variable SEACLOUD_BASE_URL is the address above /llm and /model, such as "
        "https://cloud.seaart.ai; got 'https://cloud.seaart.ai/llm'. To give one service's full address, pass "
        "base_url=... instead."
    )


def test_nobody_listens(seacloud_env: Emulator) -> None:
    said = said_by(lambda: Chat("gpt-4.1", base_url="http://127.0.0.1:9/llm", max_retries=0).reply("Hello"))
    assert said.startswith("No connection to http://127.0.0.1:9/llm/v1/chat/completions: ")
    assert said.endswith(" Nothing was sent; check network and base_url.")


def test_the_model_that_makes_media_does_not_exist(seacloud_env: Emulator) -> None:
    assert said_by(lambda: Queue().run("nano_banana_9", {"prompt": "a cat"})) == (
        "App not found: nano_banana_9. Check the model's name, and base_url: its public path ends in /llm (chat) or "
        "/model (media). (HTTP 404)"
    )


def test_an_unknown_protocol(seacloud_env: Emulator) -> None:
    assert said_by(lambda: Chat("gpt-4.1", protocol="chat").reply("Hello")) == (  # type: ignore[arg-type]  # on purpose
        "protocol must be one of 'auto', 'chat_completions', 'responses', 'messages'; got 'chat'. Nothing was sent."
    )


@pytest.mark.parametrize("prompt", ["", "  \n"])
def test_an_empty_prompt(prompt: str, seacloud_env: Emulator) -> None:
    assert said_by(lambda: Chat("gpt-4.1").reply(prompt)) == (
        "The prompt is empty: no message holds any text, picture or other content. Nothing was sent."
    )
    assert said_by(lambda: Queue().run("nano_banana_2", {"prompt": prompt})) == (
        "The prompt is empty: say what to make, or leave prompt out for a model that needs none. Nothing was sent."
    )
    assert not seacloud_env.requests


def test_the_content_is_blocked(seacloud_env: Emulator) -> None:
    assert said_by(lambda: Queue().run("nano_banana_2", {"prompt": "a cat [blocked]"})) == (
        "The task failed: The prompt was blocked by content moderation. A filter blocked it: change the prompt or the "
        "input. (code CONTENT_BLOCKED)"
    )


def test_the_task_times_out(seacloud_env: Emulator) -> None:
    seacloud_env.configure(run_seconds=30.0)
    said = said_by(lambda: Queue().run(*PICTURE, timeout=0.3))
    assert said == (
        "The task was not finished within 0.3 seconds. Raise timeout if it needs longer. The task was cancelled."
    )
    assert [task.status for task in seacloud_env.tasks] == ["COMPLETED"]  # canceled is an end, too


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (
            lambda: Chat("gpt-4.1").reply({"role": "user", "content": "Hello"}),  # type: ignore[arg-type]  # on purpose
            "A prompt is a text, a Message such as user('Hello'), or a list of these, not dict. Nothing was sent.",
        ),
        (
            lambda: Chat("gpt-4.1").reply("Hello", tools=[len]),  # type: ignore[list-item]  # on purpose
            (
                "tools: give Tool('weather', 'Tells the weather in a city.', {...}), not builtin_function_or_method. "
                "Nothing was sent."
            ),
        ),
        (
            lambda: Chat("gpt-4.1").reply("Hello", tool_choice="any"),  # type: ignore[arg-type]  # on purpose
            "tool_choice: give ToolChoice('required'), not str. Nothing was sent.",
        ),
        (
            lambda: ChatSeaCloud(model="gpt-4.1").invoke([ToolMessage("Rain", tool_call_id="call_1")]),
            (
                "There are results of tools alone: give the conversation with the calls that they answer. Nothing was "
                "sent."
            ),
        ),
        (
            lambda: Queue().run("nano_banana_2", "a cat"),  # type: ignore[arg-type]  # on purpose
            "arguments must be the model's parameters by name, such as {'prompt': '...'}, not str. Nothing was sent.",
        ),
    ],
    ids=["prompt", "tools", "tool_choice", "results_alone", "arguments"],
)
def test_what_is_of_another_kind(ask: Callable[[], Any], sentence: str, seacloud_env: Emulator) -> None:
    assert said_by(ask) == sentence
    assert not seacloud_env.requests


def test_a_file_is_no_directory(seacloud_env: Emulator, tmp_path: Path) -> None:
    taken = tmp_path / "pictures"
    taken.touch()
    result = Queue().run(*PICTURE)
    assert said_by(lambda: result.save(taken)) == (
        f"Nothing can be saved in {taken}: File exists. Name a directory that can be written to."
    )


def test_a_name_that_no_directory_can_have(seacloud_env: Emulator) -> None:
    result = Queue().run(*PICTURE)
    said = said_by(lambda: result.save("a\0b"))
    assert said.startswith("Nothing can be saved in a\0b: ")
    assert said.endswith(". Name a directory that can be written to.")


def test_a_tool_is_called_without_arguments(seacloud_env: Emulator) -> None:
    said = SeaCloudGenerationTool(model="nano_banana_2").invoke({})
    assert said == "Nothing was sent, and nothing was charged. Correct this and call again:\nprompt: is required"
    assert not seacloud_env.requests


def test_a_missing_extra(seacloud_env: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)
    chat = Chat("gpt-4.1", transport="aiohttp", proxy="http://127.0.0.1:9")  # a pool that no other test has made
    assert said_by(lambda: asyncio.run(chat.areply("Hello"))) == (
        "transport='aiohttp' needs the package httpx-aiohttp: pip install 'seacloud-client[fast]'."
    )


class OfOneLoop(httpx.AsyncBaseTransport):
    """What httpx's own transport does with a connection of another loop, without one that stays open."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        if self._loop is not loop:
            raise RuntimeError("Event loop is closed")
        message = {"role": "assistant", "content": "Hello"}
        return httpx.Response(200, json={"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


def test_ones_own_async_client_in_two_loops(seacloud_env: Emulator) -> None:
    chat = Chat("gpt-4.1", http_async_client=httpx.AsyncClient(transport=OfOneLoop()))
    assert asyncio.run(chat.areply("Hello")).text == "Hello"
    assert said_by(lambda: asyncio.run(chat.areply("Hello"))) == (
        f"The connection to {seacloud_env.url}/llm/v1/chat/completions belongs to another event loop, or to one that "
        "has ended. Read a stream in the loop that opened it. If you gave http_async_client, give each loop a client "
        "of its own, or leave it out: then every loop has one."
    )


PROGRAMS = {
    "client": "from seacloud_client import Chat\nChat('gpt-4.1').reply('Hello')",
    "langchain": "from langchain_seacloud import ChatSeaCloud\nlist(ChatSeaCloud(model='gpt-4.1').stream('Hello'))",
    "llamaindex": "from llamaindex_seacloud import SeaCloud\nSeaCloud(model='gpt-4.1').complete('Hello')",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_terminal_shows_one_traceback_and_the_sentence_last(program: str, seacloud_emulator: Emulator) -> None:
    environment = {**os.environ, "SEACLOUD_BASE_URL": seacloud_emulator.url, "SEACLOUD_API_KEY": ""}
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=50, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.count("Traceback (most recent call last)") == 1
    assert re.fullmatch(
        r"\w+\.errors\.ConfigurationError: No API key\. Pass api_key=\.\.\. or set the environment variable "
        r"SEACLOUD_API_KEY; nothing was sent\.",
        ended.stderr.splitlines()[-1],
    )
