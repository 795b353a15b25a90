"""LlamaIndex's messages as a conversation: every block, the way back of replies, and histories of other adapters."""

from __future__ import annotations

import base64
import io
import logging
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from llama_index.core.base.llms.types import (
    AudioBlock,
    CacheControl,
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)
from llamaindex_seacloud.messages import read_messages
from llamaindex_seacloud.replies import message_of
from llamaindex_wire import COMPLETION, answering
from seacloud_client.conversation import (
    Annotation,
    Audio,
    Choice,
    File,
    Image,
    Message,
    Native,
    Part,
    Protocol,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.protocols import get_protocol, spoken

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
WAV = b"RIFF\0\0\0\0WAVEfmt "
MP4 = b"\0\0\0\x18ftypmp42"
PDF = b"%PDF-1.4"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def parts_of(*blocks: Any, role: str = "user", protocol: Protocol = "chat_completions", **kwargs: Any) -> list[Part]:
    """The parts of one message with these blocks."""
    message = ChatMessage(role=role, blocks=list(blocks), additional_kwargs=kwargs)
    (read,) = read_messages([message], protocol, "gpt-4.1")
    return list(read.parts)


# In


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (MessageRole.SYSTEM, "system"),
        (MessageRole.DEVELOPER, "developer"),
        (MessageRole.USER, "user"),
        (MessageRole.ASSISTANT, "assistant"),
        (MessageRole.CHATBOT, "assistant"),
        (MessageRole.MODEL, "assistant"),
    ],
)
def test_roles(role: MessageRole, expected: str) -> None:
    assert read_messages([ChatMessage(role=role, content="Hello")], "messages", "claude-opus-4-6") == (
        Message(expected, (Text("Hello"),)),  # type: ignore[arg-type]  # a role's name
    )


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (TextBlock(text="Hello"), Text("Hello")),
        (
            ImageBlock(url="https://example.com/a.png", detail="low"),
            Image(url="https://example.com/a.png", media_type="image/png", extras={"detail": "low"}),
        ),
        (ImageBlock(image=PNG), Image(data=b64(PNG), media_type="image/png")),
        (ImageBlock(image=io.BytesIO(PNG), image_mimetype="image/png"), Image(data=b64(PNG), media_type="image/png")),
        (AudioBlock(audio=WAV, format="wav"), Audio(data=b64(WAV), media_type="audio/wav")),
        (AudioBlock(audio=WAV, format="mp3"), Audio(data=b64(WAV), media_type="audio/mpeg")),
        (
            VideoBlock(url="https://example.com/a.mp4"),
            Video(url="https://example.com/a.mp4", media_type="video/mp4"),
        ),
        (
            DocumentBlock(data=PDF, title="Report.pdf", document_mimetype="application/pdf"),
            File(data=b64(PDF), media_type="application/pdf", name="Report.pdf"),
        ),
    ],
)
def test_blocks_of_a_user(block: Any, part: Part) -> None:
    assert parts_of(block) == [part]


def test_files_on_disk_are_read(tmp_path: Path) -> None:
    picture, document = tmp_path / "a.png", tmp_path / "report.pdf"
    picture.write_bytes(PNG)
    document.write_bytes(PDF)
    assert parts_of(ImageBlock(path=picture), DocumentBlock(path=document)) == [
        Image(data=b64(PNG), media_type="image/png"),
        File(data=b64(PDF), media_type="application/pdf", name="report.pdf"),
    ]


@pytest.mark.parametrize(
    ("block", "data", "content", "media_type"),
    [
        (ImageBlock, "image", PNG, "image/png"),
        (AudioBlock, "audio", WAV, "audio/wav"),
        (AudioBlock, "audio", MP4, "audio/mp4"),
        (VideoBlock, "video", MP4, "video/mp4"),
        (DocumentBlock, "data", PDF, "application/pdf"),
        (DocumentBlock, "data", PDF + b"\n%\xe2\xe3\xcf\xd3", "application/pdf"),
        (DocumentBlock, "data", b"#!/bin/sh", "text/plain"),
    ],
)
def test_a_medium_whose_type_is_not_told_is_known_by_its_beginning(
    tmp_path: Path, block: Any, data: str, content: bytes, media_type: str
) -> None:
    """LlamaIndex knows the type of bytes, and by a file's ending, but neither a stream's nor that of such a file."""
    content += b"\n" * 600
    paths = [tmp_path / "made", tmp_path / "made.tmp"]
    for path in paths:
        path.write_bytes(content)
    with paths[0].open("rb") as opened:
        given: list[dict[str, Any]] = [*({"path": path} for path in paths), {data: io.BytesIO(content)}, {data: opened}]
        parts: list[Any] = [part for each in given for part in parts_of(block(**each))]
    assert [(part.media_type, part.data) for part in parts] == [(media_type, b64(content))] * 4


@pytest.mark.parametrize("block", [ImageBlock(image=io.BytesIO(PDF)), VideoBlock(video=io.BytesIO(WAV))])
def test_a_medium_that_is_another_is_not_sent_as_it(block: Any, caplog: pytest.LogCaptureFixture) -> None:
    (note,) = parts_of(block)
    assert isinstance(note, Text)
    assert "chat_completions does not take it without a media type" in caplog.text


@pytest.mark.parametrize("protocol", spoken())
@pytest.mark.parametrize("name", ["notes.txt", "notes.md", "table.csv", "facts.json", "notes"])
def test_texts_on_disk_are_sent(tmp_path: Path, name: str, protocol: Protocol) -> None:
    """LlamaIndex knows no media type for them, since they have no first bytes of their own."""
    document = tmp_path / name
    document.write_text("The harbour is called Vågen.", encoding="utf-8")
    block = DocumentBlock(path=document)
    assert block.document_mimetype is None
    assert parts_of(block, protocol=protocol) == [
        File(data=b64(document.read_bytes()), media_type="text/plain", name=name)
    ]


def test_bytes_that_are_no_text_are_not_called_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number, content in enumerate((b"\xff\xfe\x00", b"a\x00b")):
        document = tmp_path / f"{number}.bin"
        document.write_bytes(content)
        (note,) = parts_of(DocumentBlock(path=document))
        assert isinstance(note, Text)
        assert "was not sent" in caplog.text


def test_an_empty_block_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"ImageBlock.*Nothing was sent"):
        parts_of(ImageBlock())


def test_addresses_are_not_downloaded() -> None:
    # Sockets are disabled in this test: LlamaIndex's resolve_image would fail here.
    assert parts_of(ImageBlock(url="http://127.0.0.1:9/a.png"))[0] == Image(
        url="http://127.0.0.1:9/a.png", media_type="image/png"
    )


MEDIA = {
    "image": ImageBlock(image=PNG),
    "image_url": ImageBlock(url="https://example.com/a.png"),
    "audio": AudioBlock(audio=WAV, format="wav"),
    "audio_url": AudioBlock(url="https://example.com/a.wav"),
    "video": VideoBlock(video=MP4, video_mimetype="video/mp4"),
    "video_url": VideoBlock(url="https://example.com/a.mp4"),
    "pdf": DocumentBlock(data=PDF, title="Report.pdf", document_mimetype="application/pdf"),
    "pdf_url": DocumentBlock(url="https://example.com/a.pdf", title="Report.pdf"),
    "text": DocumentBlock(data=b"Some text", title="notes.txt", document_mimetype="text/plain"),
    "unknown": DocumentBlock(data=b"\0\1", title="x.bin", document_mimetype="application/x-unknown"),
    "citable": CitableBlock(title="Notes", source="https://example.com", content="The harbour is old."),
    "citable_image": CitableBlock(title="Notes", source="here", content=[TextBlock(text="A"), ImageBlock(image=PNG)]),
    "citation": CitationBlock(cited_content="old", source="here", title="Notes", additional_location_info={}),
    "thinking": ThinkingBlock(content="Hm."),
    "cache": CachePoint(cache_control=CacheControl(type="ephemeral")),
}


@pytest.mark.parametrize("role", ["system", "user", "assistant", "tool"])
@pytest.mark.parametrize("name", list(MEDIA))
@pytest.mark.parametrize("protocol", get_args(Protocol))
def test_no_block_is_an_error_at_any_place(protocol: Protocol, name: str, role: str) -> None:
    block = MEDIA[name]
    call = ChatMessage(role="assistant", blocks=[ToolCallBlock(tool_call_id="call_1", tool_name="look")])
    message = ChatMessage(role=role, blocks=[TextBlock(text="Look:"), block])
    if role == "tool":
        message.additional_kwargs["tool_call_id"] = "call_1"
    question = ChatMessage(role="user", content="Hello")
    history = [question, call, message] if role == "tool" else [question, message, question]
    body = get_protocol(protocol).encode(
        Request(model="gpt-4.1", messages=read_messages(history, protocol, "gpt-4.1")), False
    )
    known = {"thinking", "cache", "citable", "citable_image", "citation", "text", "unknown"}
    shown = str(body)
    if name not in known:
        fitting = [b64(PNG), b64(WAV), b64(MP4), b64(PDF), "example.com/a.", "it cannot be shown to you"]
        assert any(text in shown for text in fitting), "it is there, or a note stands in for it"
    if name.startswith("citable"):
        assert "harbour is old" in shown or name == "citable_image"
    if name == "text":
        assert any(text in shown for text in ("Some text", b64(b"Some text"), "it cannot be shown to you"))


def test_what_is_not_sent_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        (part,) = parts_of(VideoBlock(url="https://example.com/a.mp4"), protocol="messages")
    assert part == Text("[video of the type video/mp4 at https://example.com/a.mp4: it cannot be shown to you.]")
    assert "video" in caplog.text
    assert parts_of(VideoBlock(url="https://example.com/a.mp4")) == [
        Video(url="https://example.com/a.mp4", media_type="video/mp4")
    ]


def test_sources_that_may_be_cited() -> None:
    block = CitableBlock(title="Notes", source="https://example.com", content="The harbour is old.")
    (document,) = parts_of(block, protocol="messages")
    assert isinstance(document, File)
    assert (document.read(), document.name) == (b"The harbour is old.", "Notes")
    assert document.extras == {"citations": {"enabled": True}, "context": "https://example.com"}
    (text,) = parts_of(block, protocol="chat_completions")
    assert text == Text("Source: Notes (https://example.com)\n\nThe harbour is old.")


def test_points_to_cache_up_to() -> None:
    point = CachePoint(cache_control=CacheControl(type="ephemeral", ttl="1h"))
    mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert parts_of(TextBlock(text="a"), point, TextBlock(text="b")) == [Text("a", extras=mark), Text("b")]


def test_a_point_at_the_beginning_marks_the_message_before() -> None:
    point = CachePoint(cache_control=CacheControl(type="ephemeral"))
    history = [
        ChatMessage(role="system", content="Rules"),
        ChatMessage(role="user", blocks=[point, TextBlock(text="a")]),
    ]
    system, user = read_messages(history, "messages", "claude-opus-4-6")
    assert system.parts == (Text("Rules", extras={"cache_control": {"type": "ephemeral", "ttl": "5m"}}),)
    assert user.parts == (Text("a"),)


# Tools


def test_results_of_tools() -> None:
    blocks = [TextBlock(text="Here:"), ImageBlock(image=PNG)]
    (result,) = parts_of(*blocks, role="tool", protocol="messages", tool_call_id="call_1", name="look")
    picture = Image(data=b64(PNG), media_type="image/png")
    assert result == ToolResult("call_1", (Text("Here:"), picture), name="look")


def test_a_result_without_an_id_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="tool_call_id"):
        parts_of(TextBlock(text="Here"), role="tool")


def test_a_direct_answer_is_no_result() -> None:
    # FunctionAgent writes this for a tool with return_direct.
    assert parts_of(TextBlock(text="Done"), role="assistant", tool_call_id="call_1") == [Text("Done")]


def test_calls_without_ids_are_matched_by_name() -> None:
    call = ChatMessage(role="assistant", blocks=[ToolCallBlock(tool_name="look", tool_kwargs={"at": "it"})])
    result = ChatMessage(role="tool", content="Here", additional_kwargs={"tool_call_id": "look"})
    said, given = read_messages([call, result], "chat_completions", "gpt-4.1")
    assert said.parts == (ToolCall("look", "look", '{"at": "it"}'),)
    assert isinstance(given.parts[0], ToolResult)
    assert given.parts[0].call_id == "look"


def test_older_calls_beside_the_blocks() -> None:
    calls = [{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}]
    assert parts_of(role="assistant", tool_calls=calls) == [ToolCall("call_1", "look", '{"at": 1}')]
    older = {"name": "look", "arguments": "{}"}
    assert parts_of(role="assistant", function_call=older) == [ToolCall("look", "look", "{}")]
    (result,) = parts_of(TextBlock(text="Here"), role="function", name="look")
    assert result == ToolResult("look", (Text("Here"),), name="look")


@pytest.mark.parametrize("calls", [["look"], [None], [1], 1, "look", {"look": 1}, [{"function": "look"}]])
def test_what_is_no_call_is_left_out(calls: Any) -> None:
    assert parts_of(TextBlock(text="Let me look."), role="assistant", tool_calls=calls) == [Text("Let me look.")]


def test_a_call_is_not_sent_twice() -> None:
    calls = [{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at":   1}'}}]
    block = ToolCallBlock(tool_call_id="call_1", tool_name="look", tool_kwargs={"at": 1})
    assert parts_of(block, role="assistant", tool_calls=calls) == [ToolCall("call_1", "look", '{"at":   1}')]


def test_arguments_that_were_changed_win_over_the_models_own_text() -> None:
    calls = [{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}]
    block = ToolCallBlock(tool_call_id="call_1", tool_name="look", tool_kwargs={"at": 2})
    assert parts_of(block, role="assistant", tool_calls=calls) == [ToolCall("call_1", "look", '{"at": 2}')]


def test_arguments_that_pydantic_writes_as_json_are_sent() -> None:
    """A history that a program made may hold what a tool was given rather than what the model said."""
    block = ToolCallBlock(tool_call_id="call_1", tool_name="look", tool_kwargs={"day": date(2026, 1, 2), "at": "Vågen"})
    (call,) = parts_of(block, role="assistant")
    assert call == ToolCall("call_1", "look", '{"day": "2026-01-02", "at": "Vågen"}')


@pytest.mark.parametrize("arguments", [{"at": object()}, {("a", "b"): 1}])
def test_arguments_that_are_no_json_are_refused(arguments: Any) -> None:
    block = ToolCallBlock(tool_call_id="call_1", tool_name="look", tool_kwargs={})
    block.tool_kwargs = arguments
    with pytest.raises(InvalidInputError, match=r"arguments cannot be written as JSON.*Nothing was sent"):
        parts_of(block, role="assistant")


@pytest.mark.parametrize("tool", [len, Path, {1}], ids=["a function", "a class", "a set"])
def test_what_is_no_tool_is_refused(tool: Any) -> None:
    llm, requests = answering(COMPLETION)
    with pytest.raises(InvalidInputError, match=r"is no tool.*FunctionTool.*Nothing was sent"):
        llm.chat_with_tools([tool], user_msg="Hello")
    with pytest.raises(InvalidInputError, match=r"is no tool.*FunctionTool.*Nothing was sent"):
        llm.complete("Hello", tools=[tool])
    assert not requests


# The way back of replies

CITED = Annotation(
    type="char_location",
    raw={"type": "char_location", "cited_text": "old", "document_index": 0, "start_char_index": 1, "end_char_index": 4},
    protocol="messages",
    cited_text="old",
    title="Notes",
    start=1,
    end=4,
)

REPLIES: dict[Protocol, tuple[Part, ...]] = {
    "chat_completions": (
        Reasoning("I see.", "chat_completions", form="reasoning_content"),
        Text("Let me look."),
        ToolCall("call_1", "look", '{"at":  "it"}', extras={"extra_content": {"google": {"thought_signature": "s"}}}),
        ToolCall("call_2", "write", "free text", kind="custom"),
        ToolCall("call_3", "look", '{"at": '),
    ),
    "responses": (
        Reasoning("One.", "responses", id="rs_1", encrypted="enc", form="summary_text"),
        Native("responses", {"type": "web_search_call", "id": "ws_1", "status": "completed"}),
        Text("Found.", id="msg_1"),
        Text("More.", id="msg_2", extras={"phase": "final"}),
        Image(data=b64(PNG), media_type="image/png", id="ig_1", extras={"output_format": "png"}),
        ToolCall("call_1", "look", "{}", item_id="fc_1"),
        Native("responses", {"type": "mcp_call", "id": "mcp_1"}),
        Refusal("Not that.", id="msg_3"),
    ),
    "messages": (
        Reasoning("Hm.", "messages", signature="sig", form="thinking"),
        Reasoning("", "messages", encrypted="redacted", form="redacted_thinking"),
        Text("It is "),
        Text("old", (CITED,)),
        Native("messages", {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}),
        ToolCall("toolu_1", "look", '{"at": "it"}', extras={"caller": {"type": "direct"}}),
    ),
}


@pytest.mark.parametrize("through_json", [False, True])
@pytest.mark.parametrize("protocol", list(REPLIES))
def test_a_reply_goes_back_whole(protocol: Protocol, *, through_json: bool) -> None:
    message = message_of(Choice(parts=REPLIES[protocol]))
    if through_json:
        message = ChatMessage.model_validate_json(message.model_dump_json())
    # What no protocol carries in an assistant's turn is a matter of the wire, not of what is kept.
    (read,) = read_messages([message], protocol, "gpt-4.1")
    assert [part for part in read.parts if not isinstance(part, Image)] == [
        part for part in REPLIES[protocol] if not isinstance(part, Image)
    ]


def test_spoken_words_are_sent_once() -> None:
    spoken = Audio(data=b64(WAV), media_type="audio/wav", id="audio_1", transcript="Good day")
    message = message_of(Choice(parts=(spoken,)))
    assert message.content == "Good day"
    (read,) = read_messages([message], "chat_completions", "gpt-4.1")
    assert read.parts == (spoken,)


def test_a_text_that_was_edited_loses_its_citations() -> None:
    message = message_of(Choice(parts=REPLIES["messages"]))
    place = next(n for n, block in enumerate(message.blocks) if isinstance(block, TextBlock) and block.text == "old")
    message.blocks[place] = TextBlock(text="new")
    (read,) = read_messages([message], "messages", "claude-opus-4-6")
    assert Text("new") in read.parts
    assert not any(isinstance(part, Text) and part.annotations for part in read.parts)


def test_thinking_of_llamaindexs_adapter_for_anthropic() -> None:
    block = ThinkingBlock(content="Hm.", additional_information={"signature": "sig"})
    assert parts_of(block, role="assistant", protocol="messages") == [
        Reasoning("Hm.", "messages", signature="sig", form="thinking")
    ]


def test_thinking_of_unknown_origin_is_sent_to_no_one() -> None:
    for protocol in get_args(Protocol):
        history = [
            ChatMessage(role="user", content="Hello"),
            ChatMessage(role="assistant", blocks=[ThinkingBlock(content="secret thoughts"), TextBlock(text="Hi")]),
            ChatMessage(role="user", content="And?"),
        ]
        request = Request(model="gpt-4.1", messages=read_messages(history, protocol, "gpt-4.1"))
        assert "secret thoughts" not in str(get_protocol(protocol).encode(request, False))
