"""What stands in the blocks of reasoning: what goes back by us, and what other packages make of it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from langchain_core.load import dumpd, load
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_seacloud import ChatSeaCloud
from langchain_seacloud.blocks import reasoning_block
from langchain_seacloud.messages import read_messages
from openai.types.responses import ResponseReasoningItemParam
from pydantic import TypeAdapter
from seacloud_client.conversation import Reasoning
from seacloud_emulator import Emulator

RESPONSES = {"model_provider": "seacloud", "protocol": "responses"}
ASK = "What is the sea made of?"


def as_langchain_openai_writes(block: Mapping[str, Any]) -> dict[str, Any]:
    """A standard block as an item: its `extras` become keys of the item, and its text a summary, if it has one."""
    facts = {name: value for name, value in block.items() if name not in ("extras", "index", "reasoning")}
    summary = [{"type": "summary_text", "text": block["reasoning"]}] if "reasoning" in block else []
    return {**facts, **block.get("extras", {}), "summary": summary}


@pytest.mark.filterwarnings("ignore:The function `load.* is in beta")
@pytest.mark.parametrize("output_version", [None, "v1"])
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("store", [None, False])
@pytest.mark.parametrize("summary", [{}, {"summary": "auto"}], ids=["hidden", "summary"])
def test_langchain_openai_can_go_on(
    seacloud_env: Emulator, output_version: Any, streamed: bool, store: Any, summary: dict[str, Any]
) -> None:
    """And so can we, with what it was saved as."""
    model = ChatSeaCloud(
        model="gpt-5.5",
        protocol="responses",
        output_version=output_version,
        store=store,
        reasoning={"effort": "low", **summary},
    )
    answer = add_ai_message_chunks(*model.stream(ASK)) if streamed else model.invoke(ASK)  # type: ignore[arg-type]  # chunks
    assert isinstance(answer, AIMessage)
    blocks: list[Any] = [block for block in answer.content if isinstance(block, dict) and block["type"] == "reasoning"]
    items = [as_langchain_openai_writes(block) for block in blocks]
    assert len(items) == 1
    assert bool(items[0]["summary"]) is bool(summary)
    body = {"model": "gpt-5.5", "input": [{"role": "user", "content": ASK}, *items, {"role": "user", "content": "So?"}]}
    body["input"].insert(-1, {"role": "assistant", "content": answer.text})  # type: ignore[attr-defined]  # a list
    response = httpx.post(
        f"{seacloud_env.url}/llm/openai/v1/responses", json=body, headers={"Authorization": "Bearer sk-test"}
    )
    assert response.status_code == 200, response.text
    for saved in (
        answer,
        load(dumpd(answer), allowed_objects="core"),
        type(answer).model_validate_json(answer.model_dump_json()),
        AIMessage(answer.content_blocks),  # type: ignore[arg-type]  # dicts, which says nothing of where it comes from
    ):
        model.invoke([HumanMessage(ASK), saved, HumanMessage("So?")])
        (sent,) = (item for item in seacloud_env.requests[-1].json["input"] if item.get("type") == "reasoning")
        assert {**sent, "status": None} == {**items[0], "status": None}


@pytest.mark.parametrize(
    "part",
    [
        Reasoning("Hm.", "responses", id="rs_1", form="summary_text"),
        Reasoning("Hm.", "responses", id="rs_1", form="reasoning_text"),
        Reasoning("", "responses", id="rs_1", encrypted="xyz", extras={"status": "completed"}),
    ],
)
def test_a_block_of_responses_has_only_the_item_s_own_keys(part: Reasoning) -> None:
    item = as_langchain_openai_writes(reasoning_block(part))
    TypeAdapter(ResponseReasoningItemParam).validate_python(item)
    assert item.keys() <= ResponseReasoningItemParam.__annotations__.keys()


OLD_AND_NEW: list[tuple[dict[str, Any], Reasoning]] = [
    (
        {"reasoning": "Hm.", "id": "rs_1", "extras": {"protocol": "responses", "form": "reasoning_text"}},
        Reasoning("Hm.", "responses", id="rs_1", form="reasoning_text"),
    ),
    (
        {
            "reasoning": "Hm.",
            "id": "rs_1",
            "extras": {"protocol": "responses", "form": "summary_text", "encrypted": "e"},
        },
        Reasoning("Hm.", "responses", id="rs_1", form="summary_text", encrypted="e"),
    ),
    (
        {"reasoning": "", "id": "rs_1", "extras": {"protocol": "responses", "encrypted": "e"}},
        Reasoning("", "responses", id="rs_1", encrypted="e"),
    ),
    (
        {"reasoning": "", "extras": {"protocol": "messages", "form": "redacted_thinking", "encrypted": "e"}},
        Reasoning("", "messages", form="redacted_thinking", encrypted="e"),
    ),
]


@pytest.mark.parametrize(("block", "part"), OLD_AND_NEW)
def test_histories_that_an_earlier_version_saved_are_read(block: dict[str, Any], part: Reasoning) -> None:
    facts = {**RESPONSES, "protocol": part.protocol}
    for protocol, metadata in itertools.product(("responses", "messages"), (facts, {})):
        message = AIMessage([{"type": "reasoning", **block}], response_metadata=metadata)
        (read,) = read_messages([message], protocol)[0].parts  # type: ignore[arg-type]  # they are
        assert read == part
    message = AIMessage([reasoning_block(part)], response_metadata=facts)
    assert read_messages([message], "messages")[0].parts == (part,)
