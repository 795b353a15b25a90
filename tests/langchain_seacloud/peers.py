"""The same questions to `ChatSeaCloud` and to LangChain's own packages: differences are seen here, not asserted.

It is no part of `make test`: it prints a table, which the README quotes. In the environment that `make bench` makes,
with the emulator running in another:

    .venv/bin/python -m seacloud_emulator --port 8080 --chunk-seconds 0
    .venv-bench-langchain/bin/python tests/langchain_seacloud/peers.py http://127.0.0.1:8080
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx
from langchain_core.exceptions import ModelError
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

KEY = "sk-marked-key"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
Make = Callable[..., Any]


def subjects(url: str) -> dict[str, Make]:
    """What is asked: a function that makes each, with the service's address and no other setting than given."""
    from langchain_anthropic import ChatAnthropic  # noqa: PLC0415  # not among what the tests install
    from langchain_openai import ChatOpenAI  # noqa: PLC0415
    from langchain_seacloud import ChatSeaCloud  # noqa: PLC0415

    def maker(cls: Any, **fixed: Any) -> Make:
        return lambda **given: cls(**{"api_key": KEY, **fixed, **given})

    return {
        "ChatSeaCloud": maker(ChatSeaCloud, model="gpt-4.1", base_url=f"{url}/llm"),
        "ChatOpenAI, Chat": maker(ChatOpenAI, model="gpt-4.1", base_url=f"{url}/llm/v1"),
        "ChatOpenAI, Responses": maker(
            ChatOpenAI, model="gpt-4.1", base_url=f"{url}/llm/openai/v1", use_responses_api=True
        ),
        "ChatAnthropic": maker(ChatAnthropic, model="claude-opus-4-6", base_url=f"{url}/llm"),
    }


class Emulator:
    """The emulator, spoken to from outside."""

    def __init__(self, url: str) -> None:
        self.url = url

    def reset(self) -> None:
        httpx.post(f"{self.url}/__emulator__/reset").raise_for_status()

    def order(self, **fault: Any) -> None:
        httpx.post(f"{self.url}/__emulator__/faults", json={"match": "/llm/", **fault}).raise_for_status()

    def posts(self) -> int:
        return sum(record["method"] == "POST" for record in httpx.get(f"{self.url}/__emulator__/requests").json())


def reasoning_is_kept(make: Make, _: Emulator) -> str:
    """`reasoning_content`, which DeepSeek and others send over Chat Completions."""
    model = make(model="deepseek-reasoner", reasoning_effort="low")
    if getattr(model, "use_responses_api", False) or "Anthropic" in type(model).__name__:
        return "another protocol"
    answer = model.invoke("Hello")
    return yes("reasoning" in [block["type"] for block in answer.content_blocks])


def usage_of_a_stream(make: Make, _: Emulator) -> str:
    whole = None
    for chunk in make().stream("Hello"):
        whole = chunk if whole is None else whole + chunk
    return yes(whole is not None and whole.usage_metadata is not None)


def picture_in_a_tools_result(make: Make, _: Emulator) -> str:
    picture = {"type": "image", "base64": PIXEL, "mime_type": "image/png"}
    called = AIMessage("", tool_calls=[{"name": "camera", "args": {}, "id": "call_1"}])
    messages = [HumanMessage("What does it show?"), called, ToolMessage([picture], tool_call_id="call_1")]
    return yes(bool(make().invoke(messages).text))


def film_in(make: Make, _: Emulator) -> str:
    film = {"type": "video", "url": "https://example.com/a.mp4"}
    return yes("video" in make().invoke([HumanMessage([{"type": "text", "text": "What is it?"}, film])]).text)


def request_id_of_an_answer(make: Make, _: Emulator) -> str:
    return yes(any("request_id" in name for name in make().invoke("Hello").response_metadata))


def lack_of_balance_is_told_apart(make: Make, _: Emulator) -> str:
    return yes(kind_of_error(make, "sk-no-balance") is not kind_of_error(make, "sk-no-model"))


def kind_of_error(make: Make, key: str) -> type[ModelError]:
    try:
        make(api_key=key).invoke("Hello")
    except ModelError as error:
        return type(error)
    raise AssertionError("it was taken")


def posts_after_500(make: Make, emulator: Emulator) -> str:
    return posts_when(make, emulator, status=500)


def posts_without_an_answer(make: Make, emulator: Emulator) -> str:
    return posts_when(make, emulator, disconnect_after=0)


def posts_when(make: Make, emulator: Emulator, **fault: Any) -> str:
    emulator.order(times=20, **fault)
    with suppress(ModelError):
        make(max_retries=2).invoke("Hello")
    return str(emulator.posts())


def stalled_stream(make: Make, emulator: Emulator) -> str:
    """The settings that the class has for it; `timeout` alone where it has none."""
    emulator.order(stall=4, stall_after=2)
    names = type(make()).model_fields
    limits = {name: 0.3 for name in ("stall_timeout", "stream_chunk_timeout") if name in names}
    began = time.monotonic()
    with suppress(ModelError):
        list(make(**limits).stream("Hello"))
    return f"given up after {time.monotonic() - began:.1f} s" if time.monotonic() - began < 3 else "waited for"


def broken_stream(make: Make, emulator: Emulator) -> str:
    emulator.order(disconnect_after=700)
    try:
        list(make(max_retries=0).stream("Hello, tell me about the sea."))
    except ModelError:
        return "yes"
    except Exception:  # noqa: BLE001  # whatever it is, it is another
        return "no"
    return "no error at all"


def three_event_loops(make: Make, _: Emulator) -> str:
    model = make()
    for _number in range(3):
        asyncio.run(model.ainvoke("Hello"))
    return "work"


def key_in_a_pickle(make: Make, _: Emulator) -> str:
    return yes(KEY.encode() in pickle.dumps(make()))


def tokens_counted_offline(make: Make, _: Emulator) -> str:
    return yes(make().get_num_tokens_from_messages([HumanMessage("Hello")]) > 0)


def can_be_closed(make: Make, _: Emulator) -> str:
    return yes(hasattr(make(), "close") and hasattr(make(), "aclose"))


def yes(value: bool) -> str:
    return "yes" if value else "no"


QUESTIONS: Mapping[str, Callable[[Make, Emulator], str]] = {
    "`reasoning_content` is kept": reasoning_is_kept,
    "a stream ends with its usage, at another base URL, unasked": usage_of_a_stream,
    "a picture in a tool's result reaches the model": picture_in_a_tools_result,
    "a film reaches the model": film_in,
    "an answer has the request id that support asks for": request_id_of_an_answer,
    "a lack of balance is told apart from other 403s": lack_of_balance_is_told_apart,
    "`POST`s for one call, `max_retries=2`, all answered 500": posts_after_500,
    "the same, sent and never answered": posts_without_an_answer,
    "a sync stream that falls silent for 4 s, its limit 0.3 s": stalled_stream,
    "a stream that breaks off ends in a `ModelError` of langchain-core's": broken_stream,
    "one model in three event loops, one after the other": three_event_loops,
    "a pickle holds the key": key_in_a_pickle,
    "tokens are counted without a network": tokens_counted_offline,
    "`close` and `aclose`": can_be_closed,
}


def main(url: str) -> None:
    """Prints the table."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    emulator = Emulator(url)
    makers = subjects(url)
    sys.stdout.write("| | " + " | ".join(makers) + " |\n")
    for words, ask in QUESTIONS.items():
        sys.stdout.write(f"| {words} | {' | '.join(answer(ask, make, emulator) for make in makers.values())} |\n")


def answer(ask: Callable[[Make, Emulator], str], make: Make, emulator: Emulator) -> str:
    emulator.reset()
    try:
        return ask(make, emulator)
    except Exception:  # noqa: BLE001  # whatever it is, it is the answer
        return "an error"


if __name__ == "__main__":
    main(sys.argv[1])
