"""Messages' content blocks: what each part of a message becomes, and what is refused or left out."""

from __future__ import annotations

import base64

import pytest
from messages_wire import (
    CACHED,
    EXTRAS,
    FOUND,
    PDF,
    PNG,
    SEARCH,
    Json,
    assistant,
    body_of,
    result,
    tool,
    turns_of,
)
from seacloud_client.conversation import (
    Annotation,
    Audio,
    File,
    Image,
    Native,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
    user,
)
from seacloud_client.errors import (
    InvalidInputError,
)

USER_PARTS: dict[str, tuple[Part, Json]] = {
    "text with extras": (Text("a", extras=EXTRAS), {"type": "text", "text": "a", "cache_control": CACHED}),
    "image by url": (
        Image(url="https://x.test/a.png", extras=EXTRAS),
        {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}, "cache_control": CACHED},
    ),
    "image as bytes": (
        Image(data=PNG, media_type="image/png"),
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
    ),
    "image by data url": (
        Image(url=f"data:image/jpg;base64,{PNG}"),
        {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": PNG}},
    ),
    "image by file id": (Image(file_id="file_1"), {"type": "image", "source": {"type": "file", "file_id": "file_1"}}),
    "image as a file": (
        File(data=PNG, media_type="image/png", name="a.png"),
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
    ),
    "pdf as bytes": (
        File(data=PDF, media_type="application/pdf", name="a.pdf"),
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
            "title": "a.pdf",
        },
    ),
    "pdf by url": (
        File(
            url="https://x.test/a.pdf",
            name="a.pdf",
            extras={"title": "A", "context": "c", "citations": {"enabled": True}, **EXTRAS},
        ),
        {
            "type": "document",
            "source": {"type": "url", "url": "https://x.test/a.pdf"},
            "title": "A",
            "context": "c",
            "citations": {"enabled": True},
            "cache_control": CACHED,
        },
    ),
    "document by file id": (
        File(file_id="file_1", media_type="text/plain"),
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
    ),
    "text document": (
        File(data=base64.b64encode("\ufeffgrüß".encode()).decode(), media_type="text/markdown"),
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "grüß"}},
    ),
    "native": (
        Native(
            "messages",
            {
                "type": "search_result",
                "source": "s",
                "title": "t",
                "content": [{"type": "text", "text": "x"}],
            },
        ),
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]},
    ),
    "refusal": (Refusal("no"), {"type": "text", "text": "no"}),
}


@pytest.mark.parametrize("name", USER_PARTS)
def test_a_users_part(name: str):
    part, block = USER_PARTS[name]
    assert turns_of(user("look", part)) == [("user", [{"type": "text", "text": "look"}, block])]


@pytest.mark.parametrize("name", USER_PARTS)
def test_a_part_of_a_tools_result(name: str):
    part, block = USER_PARTS[name]
    turns = turns_of(user("hi"), assistant(ToolCall("t", "f", "{}")), tool(result("t", "look", part)))
    assert turns[2][1][0]["content"] == [{"type": "text", "text": "look"}, block]


@pytest.mark.parametrize(
    ("part", "word"),
    [
        (Audio(data="AAAA", media_type="audio/wav"), "audio"),
        (Video(url="https://x.test/a.mp4"), "video"),
        (Image(data="AAAA", media_type="image/tiff"), "image/tiff"),
        (Image(data="AAAA"), "image/png"),
        (File(data="AAAA", media_type="application/zip"), "application/zip"),
        (File(data="AAAA"), "media_type"),
        (File(url="https://x.test/a.txt", media_type="text/plain"), "text/plain"),
        (File(data="/w==", media_type="text/plain"), "UTF-8"),
        (File(data="!", media_type="text/plain"), "base64"),
    ],
)
def test_a_part_that_is_refused(part: Part, word: str):
    for messages in (
        (user(part),),
        (user("hi"), assistant(ToolCall("t", "f", "{}")), tool(result("t", part))),
    ):
        with pytest.raises(InvalidInputError, match=r"Nothing was sent\.") as caught:
            body_of(*messages)
        assert word in caught.value.message


NOTE = Annotation(
    type="char_location",
    raw={
        "type": "char_location",
        "cited_text": "c",
        "document_index": 0,
        "document_title": None,
        "start_char_index": 0,
        "end_char_index": 1,
        "file_id": None,
    },
    protocol="messages",
)
FOREIGN_NOTE = Annotation(type="url_citation", raw={"type": "url_citation"}, protocol="responses")
CITATION = {name: value for name, value in NOTE.raw.items() if name != "file_id"}

# Parts of an assistant's turn, and the blocks that they become; a text follows each.
ASSISTANT_PARTS: dict[str, tuple[tuple[Part, ...], list[Json]]] = {
    "text": ((Text("a"),), [{"type": "text", "text": "a"}]),
    "empty text": ((Text(""), Text(" \n")), []),
    "cited text": (
        (Text("a", (NOTE, FOREIGN_NOTE)),),
        [{"type": "text", "text": "a", "citations": [CITATION]}],
    ),
    "text cited elsewhere": ((Text("a", (FOREIGN_NOTE,)),), [{"type": "text", "text": "a"}]),
    "thinking": (
        (Reasoning("Hm", "messages", signature="sig", form="thinking"),),
        [{"type": "thinking", "thinking": "Hm", "signature": "sig"}],
    ),
    "hidden thinking": (
        (Reasoning("", "messages", signature="sig", form="thinking"),),
        [{"type": "thinking", "thinking": "", "signature": "sig"}],
    ),
    "redacted thinking": (
        (Reasoning("", "messages", encrypted="secret", form="redacted_thinking"),),
        [{"type": "redacted_thinking", "data": "secret"}],
    ),
    "unsigned thinking": ((Reasoning("Hm", "messages", form="thinking"),), []),
    "reasoning of others": (
        (
            Reasoning("Hm", "responses", encrypted="secret", signature="sig"),
            Reasoning("Hm", "chat_completions", form="reasoning_content"),
            Reasoning("Hm", signature="sig"),
        ),
        [],
    ),
    "native": ((Native("messages", SEARCH), Native("messages", FOUND)), [SEARCH, FOUND]),
    "native of others": ((Native("responses", {"type": "web_search_call"}),), []),
    "refusal": ((Refusal("no"),), [{"type": "text", "text": "no"}]),
    "speech": (
        (Audio(data="AAAA", transcript="said"), Audio(data="AAAA")),
        [{"type": "text", "text": "said"}],
    ),
}


@pytest.mark.parametrize("name", ASSISTANT_PARTS)
def test_an_assistants_part(name: str):
    parts, blocks = ASSISTANT_PARTS[name]
    turns = turns_of(user("hi"), assistant(*parts, "end"), user("go on"))
    said = [*blocks, {"type": "text", "text": "end"}]
    assert turns[1] == ("assistant", said if blocks else "end")


@pytest.mark.parametrize(
    ("model", "is_sent"),
    [("kimi-k2-thinking", True), ("deepseek-chat", True), ("claude-opus-4-6", False), ("gpt-4.1", False)],
)
def test_unsigned_thinking_goes_back_to_vendors_that_sign_nothing(model: str, is_sent: bool):
    thought, call = Reasoning("Hm", "messages", form="thinking"), ToolCall("t", "f", "{}")
    body = body_of(user("hi"), assistant(thought, Reasoning("", "messages"), call), tool(result("t")), model=model)
    blocks = body["messages"][1]["content"]
    assert blocks[:-1] == ([{"type": "thinking", "thinking": "Hm", "signature": ""}] if is_sent else [])


CALLS: dict[str, tuple[ToolCall, Json]] = {
    "plain": (ToolCall("t", "f", '{"a": 1}'), {"input": {"a": 1}}),
    "no arguments": (ToolCall("t", "f", ""), {"input": {}}),
    "not json": (ToolCall("t", "f", '{"a'), {"input": {"invalid_arguments": '{"a'}}),
    "no object": (ToolCall("t", "f", "[1]"), {"input": {"invalid_arguments": "[1]"}}),
    "custom": (ToolCall("t", "f", "free text", kind="custom"), {"input": {"input": "free text"}}),
    "name of another protocol": (ToolCall("t", "files.read ä", "{}"), {"name": "files_read__", "input": {}}),
    "no name": (ToolCall("t", "", "{}"), {"name": "unnamed", "input": {}}),
    "long name": (ToolCall("t", "f" * 200, "{}"), {"name": "f" * 128, "input": {}}),
    "caller of another protocol": (
        ToolCall("t", "f", "{}", extras={"caller": {"type": "program", "caller_id": "x"}}),
        {"input": {}},
    ),
    "extras": (
        ToolCall("t", "f", "{}", extras={"caller": {"type": "direct"}, **EXTRAS}),
        {"input": {}, "caller": {"type": "direct"}, "cache_control": CACHED},
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_tool_call(name: str):
    call, fields = CALLS[name]
    turns = turns_of(user("hi"), assistant(call), tool(result("t", "done")))
    assert turns[1] == ("assistant", [{"type": "tool_use", "id": "t", "name": "f", **fields}])


RESULTS: dict[str, tuple[ToolResult, Json]] = {
    "text": (result("t", "done"), {"content": [{"type": "text", "text": "done"}]}),
    "empty": (result("t"), {}),
    "empty text": (result("t", ""), {}),
    "error": (result("t", "no", is_error=True), {"content": [{"type": "text", "text": "no"}], "is_error": True}),
    "error without a word": (
        result("t", " ", is_error=True),
        {"content": [{"type": "text", "text": "The tool failed, and said nothing."}], "is_error": True},
    ),
    "error with a picture": (
        ToolResult("t", (Image(data=PNG, media_type="image/png"),), is_error=True),
        {"content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}]},
    ),
    "texts": (result("t", "a", "b"), {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}),
    "extras": (result("t", "a", extras=EXTRAS), {"content": [{"type": "text", "text": "a"}], "cache_control": CACHED}),
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_tools_result(name: str):
    answered, fields = RESULTS[name]
    turns = turns_of(user("hi"), assistant(ToolCall("t", "f", "{}")), tool(answered))
    assert turns[2] == ("user", [{"type": "tool_result", "tool_use_id": "t", **fields}])
