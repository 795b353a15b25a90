"""Content blocks of every form that LangChain's users write, as parts of a conversation."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_seacloud import ChatSeaCloud
from langchain_seacloud.content import read_content
from seacloud_client.conversation import (
    Audio,
    File,
    Image,
    Native,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolResult,
    Video,
)
from seacloud_client.errors import InvalidInputError

B64 = base64.b64encode(b"some bytes").decode()
URL = "https://files.example/x"
CACHED = {"cache_control": {"type": "ephemeral"}}

FORMS: dict[str, tuple[dict[str, Any], Part]] = {
    # langchain-core's standard blocks
    "text": ({"type": "text", "text": "hi"}, Text("hi")),
    "text with cache_control": ({"type": "text", "text": "hi", **CACHED}, Text("hi", extras=CACHED)),
    "text with an id of LangChain's": ({"type": "text", "text": "hi", "id": "lc_1"}, Text("hi")),
    "text with an item's id": ({"type": "text", "text": "hi", "id": "msg_1"}, Text("hi", id="msg_1")),
    "image url": ({"type": "image", "url": URL}, Image(url=URL)),
    "image base64": (
        {"type": "image", "base64": B64, "mime_type": "image/png"},
        Image(data=B64, media_type="image/png"),
    ),
    "image id": ({"type": "image", "file_id": "file_1"}, Image(file_id="file_1")),
    "image detail": (
        {"type": "image", "url": URL, "extras": {"detail": "low"}},
        Image(url=URL, extras={"detail": "low"}),
    ),
    "audio": ({"type": "audio", "base64": B64, "mime_type": "audio/wav"}, Audio(data=B64, media_type="audio/wav")),
    "video": ({"type": "video", "url": URL}, Video(url=URL)),
    "file": (
        {"type": "file", "base64": B64, "mime_type": "application/pdf", "extras": {"filename": "a.pdf"}},
        File(data=B64, media_type="application/pdf", name="a.pdf"),
    ),
    "plain text file": (
        {"type": "text-plain", "text": "some bytes", "mime_type": "text/plain", "title": "notes"},
        File(data=B64, media_type="text/plain", name="notes"),
    ),
    "reasoning": ({"type": "reasoning", "reasoning": "hm"}, Reasoning("hm", "messages")),
    "non_standard": (
        {"type": "non_standard", "value": {"type": "mcp_list_tools"}},
        Native("messages", {"type": "mcp_list_tools"}),
    ),
    # langchain-core's blocks before 1.0
    "v0 image": (
        {"type": "image", "source_type": "base64", "data": B64, "mime_type": "image/png"},
        Image(data=B64, media_type="image/png"),
    ),
    "v0 image url": ({"type": "image", "source_type": "url", "url": URL}, Image(url=URL)),
    "v0 file id": ({"type": "file", "source_type": "id", "id": "file_1"}, File(file_id="file_1")),
    # OpenAI's Chat Completions
    "image_url": (
        {"type": "image_url", "image_url": {"url": URL, "detail": "high"}},
        Image(url=URL, extras={"detail": "high"}),
    ),
    "image_url as text": ({"type": "image_url", "image_url": URL}, Image(url=URL)),
    "image_url with data": (
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{B64}"}},
        Image(data=B64, media_type="image/png"),
    ),
    "input_audio": (
        {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}},
        Audio(data=B64, media_type="audio/wav"),
    ),
    "openai file": (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{B64}"}},
        File(data=B64, media_type="application/pdf", name="a.pdf"),
    ),
    "openai file of base64 alone": (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": B64}},
        File(data=B64, media_type="application/pdf", name="a.pdf"),
    ),
    "video_url": ({"type": "video_url", "video_url": {"url": URL}}, Video(url=URL)),
    "refusal": ({"type": "refusal", "refusal": "No."}, Refusal("No.")),
    # OpenAI's Responses
    "input_text": ({"type": "input_text", "text": "hi"}, Text("hi")),
    "output_text": ({"type": "output_text", "text": "hi", "annotations": []}, Text("hi")),
    "input_image": ({"type": "input_image", "image_url": URL}, Image(url=URL)),
    "input_file": ({"type": "input_file", "file_url": URL}, File(url=URL)),
    "reasoning item": (
        {"type": "reasoning", "id": "rs_1", "summary": [], "index": 0},
        Native("responses", {"type": "reasoning", "id": "rs_1", "summary": []}),
    ),
    # Anthropic's Messages
    "anthropic image": (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": B64}, **CACHED},
        Image(data=B64, media_type="image/png", extras=CACHED),
    ),
    "anthropic image url": ({"type": "image", "source": {"type": "url", "url": URL}}, Image(url=URL)),
    "document": (
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": B64}, "title": "a"},
        File(data=B64, media_type="application/pdf", name="a"),
    ),
    "text document": (
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "some bytes"}},
        File(data=B64, media_type="text/plain"),
    ),
    "document by id": ({"type": "document", "source": {"type": "file", "file_id": "f"}}, File(file_id="f")),
    "thinking": (
        {"type": "thinking", "thinking": "hm", "signature": "sig", "index": 0},
        Reasoning("hm", "messages", signature="sig", form="thinking"),
    ),
    "redacted_thinking": (
        {"type": "redacted_thinking", "data": "xyz"},
        Reasoning("", "messages", encrypted="xyz", form="redacted_thinking"),
    ),
    "document of blocks": (
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "hi"}]}},
        Native(
            "messages", {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "hi"}]}}
        ),
    ),
    # langchain-google-genai's
    "media": ({"type": "media", "mime_type": "image/png", "data": B64}, Image(data=B64, media_type="image/png")),
    "media by uri": (
        {"type": "media", "mime_type": "application/pdf", "file_uri": URL},
        File(url=URL, media_type="application/pdf"),
    ),
    "tool_result": (
        {"type": "tool_result", "tool_use_id": "call_1", "content": "42", "is_error": True},
        ToolResult("call_1", (Text("42"),), is_error=True),
    ),
    "server_tool_use": (
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}, "index": 1},
        Native("messages", {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}),
    ),
    # of tools' results
    "json": ({"type": "json", "json": {"a": ["ü"]}}, Text('{"a": ["ü"]}')),
    "custom_tool_call_output": ({"type": "custom_tool_call_output", "output": "42"}, Text("42")),
}


@pytest.mark.parametrize(("block", "part"), FORMS.values(), ids=FORMS.keys())
def test_block(block: dict[str, Any], part: Part) -> None:
    assert list(read_content([block], "messages")) == [part]


FOUND = {
    "type": "search_result",
    "source": URL,
    "title": "Bergen",
    "content": [{"type": "text", "text": "The harbour is called Vågen."}],
    "citations": {"enabled": True},
}


@pytest.mark.parametrize("content", [FOUND["content"], "The harbour is called Vågen."])
def test_search_results_are_sources_to_cite_or_texts(content: Any) -> None:
    """langchain-core lets tools give them. Only Messages has them; elsewhere the words must not be lost."""
    block = {**FOUND, "content": content}
    assert list(read_content([block], "messages")) == [Native("messages", block)]
    for protocol in ("responses", "chat_completions"):
        text = Text(f"Bergen ({URL})\n\nThe harbour is called Vågen.")
        assert list(read_content([block], protocol)) == [text]  # type: ignore[arg-type]  # it is one


def test_a_tools_search_results_reach_the_model(make: Callable[..., ChatSeaCloud]) -> None:
    call = AIMessage("", tool_calls=[{"name": "search", "args": {}, "id": "call_1"}])
    found: list[Any] = [FOUND]
    answer = make().invoke([HumanMessage("What is the harbour?"), call, ToolMessage(found, tool_call_id="call_1")])
    assert "Vågen" in answer.text


def test_anthropic_citations_go_back() -> None:
    raw = {"type": "char_location", "cited_text": "hi", "document_index": 0}
    (part,) = read_content([{"type": "text", "text": "hi", "citations": [raw]}], "messages")
    assert isinstance(part, Text)
    assert [(note.raw, note.protocol, note.cited_text) for note in part.annotations] == [(raw, "messages", "hi")]


@pytest.mark.parametrize("content", ["", [], [""], [{"type": "text", "text": ""}]])
def test_nothing(content: Any) -> None:
    assert list(read_content(content, "messages")) == []


@pytest.mark.parametrize(
    "block",
    [
        {"type": "tool_call", "id": "c", "name": "add", "args": {}},
        {"type": "tool_use", "id": "c", "name": "add", "input": {}},
        {"type": "function_call", "call_id": "c", "name": "add", "arguments": "{}"},
        {"type": "server_tool_call", "id": "s", "name": "web_search", "args": {}},  # another package's
    ],
)
def test_what_stands_elsewhere_or_cannot_go_back_is_left_out(block: Any) -> None:
    assert list(read_content([block], "messages")) == []


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"text": "hi"}, "needs a 'type'"),
        ({"type": "text"}, "lacks 'text'"),
        ({"type": "image"}, "exactly one of url, data and file_id"),
        ({"type": "image", "url": URL, "base64": B64}, "exactly one of url, data and file_id"),
        ({"type": "image", "base64": b"some bytes", "mime_type": "image/png"}, "base64 is text"),
        ({"type": "image_url", "image_url": {}}, "lacks 'url'"),
        ({"type": "image_url", "image_url": {"url": "data:nonsense"}}, "data: URL must look like"),
        ({"type": "image", "source": {"type": "base64", "data": B64}}, "lacks 'media_type'"),
        ({"type": "input_audio", "input_audio": {"data": B64}}, "lacks 'format'"),
        ({"type": "thinking"}, "lacks 'thinking'"),
        ({"type": "non_standard"}, "lacks 'value'"),
    ],
)
def test_what_cannot_be_sent_is_told(block: Any, said: str) -> None:
    with pytest.raises(InvalidInputError, match="Nothing was sent") as raised:
        list(read_content([block], "messages"))
    assert said in str(raised.value)


def test_long_values_are_not_told() -> None:
    with pytest.raises(InvalidInputError) as raised:
        list(read_content([{"type": "image", "base64": "A" * 10_000, "url": URL}], "messages"))
    assert len(str(raised.value)) < 600
