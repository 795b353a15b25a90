"""Histories of LangChain's other packages, in the forms in which they keep what a provider wants back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from anthropic.types import TextCitationParam
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_seacloud import ChatSeaCloud
from langchain_seacloud.messages import read_messages
from openai.types.responses.response_output_text_param import Annotation as OpenAIAnnotation
from pydantic import TypeAdapter
from seacloud_client.conversation import Native, Reasoning, Refusal, Text, ToolCall
from seacloud_emulator import Emulator

RESPONSES = {"model_provider": "openai", "id": "resp_1"}
ANTHROPIC = {"model_provider": "anthropic"}
V1 = {"output_version": "v1"}


def parts_of(message: AIMessage, protocol: Any = "messages") -> list[Any]:
    (read,) = read_messages([message], protocol)
    return list(read.parts)


def test_indexes_of_a_streamed_reasoning_item_are_not_sent() -> None:
    piece = {"type": "summary_text", "text": "hm"}
    item = {"type": "reasoning", "id": "rs_1", "summary": [{**piece, "index": 0}], "index": 0}
    message = AIMessage([item, {"type": "text", "text": "Yes."}], response_metadata=RESPONSES)
    assert parts_of(message)[0] == Native("responses", {"type": "reasoning", "id": "rs_1", "summary": [piece]})


@pytest.mark.parametrize("text", ['{"query": "Oslo"}', '{"query": "Os'])
def test_the_text_of_a_streamed_search_is_its_input(text: str) -> None:
    search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    message = AIMessage([{**search, "partial_json": text, "index": 0}], response_metadata=ANTHROPIC)
    expected = {"query": "Oslo"} if text.endswith("}") else {}
    assert parts_of(message) == [Native("messages", {**search, "input": expected})]


CITED = {"type": "citation", "title": "A page", "cited_text": "It is sunny."}
PLACE = {"document_index": 0, "file_id": None}

OF_ANTHROPIC = {
    "web_search_result_location": {**CITED, "url": "https://a.example", "extras": {"encrypted_index": "e"}},
    "char_location": {**CITED, "title": None, "extras": {**PLACE, "start_char_index": 0, "end_char_index": 9}},
    "page_location": {**CITED, "extras": {**PLACE, "start_page_number": 1, "end_page_number": 2}},
    "content_block_location": {**CITED, "extras": {**PLACE, "start_block_index": 0, "end_block_index": 1}},
    "search_result_location": {
        **CITED,
        "extras": {"search_result_index": 0, "source": "a", "start_block_index": 0, "end_block_index": 1},
    },
}
OF_OPENAI = {
    "url_citation": {
        "type": "citation",
        "title": "A page",
        "url": "https://a.example",
        "start_index": 0,
        "end_index": 3,
    },
    "file_citation": {"type": "citation", "title": "a.pdf", "extras": {"file_id": "file-1", "index": 3}},
}


@pytest.mark.parametrize(
    ("facts", "kind", "citation", "official"),
    [
        *((ANTHROPIC, kind, citation, TextCitationParam) for kind, citation in OF_ANTHROPIC.items()),
        *((RESPONSES, kind, citation, OpenAIAnnotation) for kind, citation in OF_OPENAI.items()),
    ],
)
def test_standard_citations_are_the_provider_s_own_again(
    facts: dict[str, Any], kind: str, citation: dict[str, Any], official: Any
) -> None:
    """As langchain-openai and langchain-anthropic have them with `output_version="v1"`, which is all that is left."""
    block = {"type": "text", "text": "It is sunny.", "annotations": [citation]}
    (text,) = parts_of(AIMessage([block], response_metadata={**facts, **V1}))
    (note,) = text.annotations
    assert note.raw["type"] == note.type == kind
    TypeAdapter(official).validate_python(note.raw)


@pytest.mark.parametrize("facts", [ANTHROPIC, RESPONSES])
def test_a_citation_that_no_provider_knows_is_left_out(facts: dict[str, Any]) -> None:
    block = {"type": "text", "text": "It is sunny.", "annotations": [CITED]}
    assert parts_of(AIMessage([block], response_metadata={**facts, **V1})) == [Text("It is sunny.")]


@pytest.mark.parametrize("protocol", ["responses", "messages"])
def test_citations_are_taken(make: Callable[..., ChatSeaCloud], protocol: str) -> None:
    facts, known = (RESPONSES, OF_OPENAI) if protocol == "responses" else (ANTHROPIC, OF_ANTHROPIC)
    chosen = "url_citation" if protocol == "responses" else "char_location"
    source = {"type": "text", "media_type": "text/plain", "data": "It is sunny."}
    document = {"type": "document", "source": source, "citations": {"enabled": True}}
    block = {"type": "text", "text": "It is sunny.", "annotations": [known[chosen]]}
    answered = AIMessage([block], response_metadata={**facts, **V1})
    assert make().invoke([HumanMessage(["How is it?", document]), answered, HumanMessage("Thanks.")]).text


@pytest.mark.parametrize("kept", ["v0", "v1"])
def test_encrypted_reasoning_goes_back(kept: str) -> None:
    if kept == "v0":
        item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "xyz"}
        message = AIMessage("Yes.", additional_kwargs={"reasoning": item}, response_metadata=RESPONSES)
        assert parts_of(message) == [Native("responses", item), Text("Yes.")]
    else:
        block = {"type": "reasoning", "id": "rs_1", "reasoning": "hm", "encrypted_content": "xyz"}
        message = AIMessage([block], response_metadata={**RESPONSES, **V1})
        assert parts_of(message) == [Reasoning("hm", "responses", id="rs_1", encrypted="xyz", form="summary_text")]


SIGNED = [
    {"type": "thinking", "thinking": "hm", "signature": "sig"},
    {"type": "reasoning", "reasoning": "hm", "extras": {"signature": "sig"}},
]


@pytest.mark.parametrize("block", [*SIGNED, {"type": "reasoning_content", "reasoning_content": {"text": "hm"}}])
def test_what_others_have_signed_is_not_sent(make: Callable[..., ChatSeaCloud], block: dict[str, Any]) -> None:
    call: Any = {"name": "weather", "args": {}, "id": "call_1"}
    facts = {"model_provider": "google_genai"}
    called = AIMessage([block, {"type": "text", "text": "On it."}], tool_calls=[call], response_metadata=facts)
    assert parts_of(called) == [Text("On it."), ToolCall("call_1", "weather", "{}")]
    assert make().invoke([HumanMessage("Oslo?"), called, ToolMessage("Sunny.", tool_call_id="call_1")]).text


@pytest.mark.parametrize("block", SIGNED)
@pytest.mark.parametrize("provider", [None, "anthropic", "bedrock"])
def test_what_claude_has_signed_is(block: dict[str, Any], provider: str | None) -> None:
    (part,) = parts_of(AIMessage([block], response_metadata={"model_provider": provider} if provider else {}))
    assert (part.text, part.protocol, part.signature) == ("hm", "messages", "sig")


def test_reasoning_of_others_that_nobody_signed_is_kept() -> None:
    message = AIMessage([{"type": "reasoning", "reasoning": "hm"}], response_metadata={"model_provider": "deepseek"})
    assert parts_of(message, "chat_completions") == [Reasoning("hm", "chat_completions")]


def test_a_refusal_that_langchain_anthropic_has_told_is_in_the_text() -> None:
    content: list[Any] = [{"type": "text", "text": "I cannot."}, {"type": "refusal", "refusal": "It is forbidden."}]
    facts = {**ANTHROPIC, "stop_reason": "refusal"}
    assert parts_of(AIMessage(content, response_metadata=facts)) == [Text("I cannot.")]
    assert parts_of(AIMessage(content, response_metadata=RESPONSES)) == [Text("I cannot."), Refusal("It is forbidden.")]


def test_documents_of_blocks_are_texts_elsewhere(
    make: Callable[..., ChatSeaCloud], seacloud_env: Emulator, protocol: str
) -> None:
    """Anthropic's form of a document whose pieces can be cited."""
    pieces: list[Any] = [{"type": "text", "text": "It is sunny."}, {"type": "text", "text": "It is warm."}]
    document = {"type": "document", "title": "Oslo", "source": {"type": "content", "content": pieces}}
    assert make().invoke([HumanMessage(["How is it?", document])]).text
    sent = str(seacloud_env.requests[-1].json)
    assert all(words in sent for words in ("Oslo", "It is sunny.", "It is warm."))
    picture = {"type": "image", "source": {"type": "url", "url": "https://a.example/a.png"}}
    document["source"]["content"].append(picture)  # type: ignore[index]  # it is a dict
    if protocol != "messages":
        with pytest.raises(ValueError, match=r"only Messages takes it with a block of the type 'image'.*Nothing was"):
            make().invoke([HumanMessage(["How is it?", document])])
