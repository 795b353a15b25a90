"""What a Messages request must be: each of these is refused with 400 and Anthropic's error object."""

from __future__ import annotations

import contextlib
import copy
import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from seacloud_emulator.brain.cache import Cached
from seacloud_emulator.brain.thinking import answers
from seacloud_emulator.protocols.bodies import Ids
from seacloud_emulator.protocols.messages import models
from seacloud_emulator.protocols.messages.output import Output, Prompt
from seacloud_emulator.protocols.messages.reading import prompt_pieces, read_question
from seacloud_emulator.protocols.messages.signatures import encrypt_result, redact, sign
from seacloud_emulator.protocols.messages.streaming import events
from seacloud_emulator.protocols.messages.validation import check_request
from seacloud_emulator.refusals import Refusal

from .wire import MESSAGES, post

HELLO = {"role": "user", "content": "Hello"}
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}
CLOSED = {**OPEN, "additionalProperties": False}
CACHE = {"cache_control": {"type": "ephemeral"}}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": sign("Hm.", omitted=False)}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
DOCUMENT = {
    "type": "document",
    "source": {"type": "text", "media_type": "text/plain", "data": "Cats sleep."},
    "citations": {"enabled": True},
}
SEARCHED = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
    "input": {"query": "x"},
}
FOUND = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [
        {"type": "web_search_result", "title": "x", "url": "https://x.y", "encrypted_content": encrypt_result("x")}
    ],
}


def text(said="Hi", **fields):
    return {"type": "text", "text": said, **fields}


def call(call_id="t1", **fields):
    return {"type": "tool_use", "id": call_id, "name": "f", "input": {}, **fields}


def result(call_id="t1", **fields):
    return {"type": "tool_result", "tool_use_id": call_id, "content": "x", **fields}


def tool(name="f", **fields):
    return {"name": name, "input_schema": OPEN, **fields}


def said(*blocks):
    return {"role": "assistant", "content": list(blocks)}


def asked(*blocks):
    return {"role": "user", "content": list(blocks)}


def talk(*messages):
    return {"messages": [HELLO, *messages]}


def picture(**source):
    return {"messages": [asked({"type": "image", "source": source})]}


def schema(**keywords):
    wanted = {**CLOSED, "properties": {"a": {"type": "string", **keywords}}}
    return {"output_config": {"format": {"type": "json_schema", "schema": wanted}}}


BAD = {
    "no model": ({"model": None}, "model: Field required"),
    "empty model": ({"model": " "}, "model: String"),
    "no max_tokens": ({"max_tokens": None}, "max_tokens: Field required"),
    "max_tokens": ({"max_tokens": 0}, "max_tokens"),
    "max_tokens is true": ({"max_tokens": True}, "max_tokens"),
    "no messages": ({"messages": None}, "messages: Field required"),
    "empty messages": ({"messages": []}, "at least one message is required"),
    "messages is a text": ({"messages": "Hello"}, "valid list"),
    "a message is a text": ({"messages": ["Hello"]}, "messages.0: Input should be a valid dictionary"),
    "unknown field": ({"max_completion_tokens": 5}, "max_completion_tokens: Extra inputs are not permitted"),
    "system role": ({"messages": [{"role": "system", "content": "x"}, HELLO]}, 'Unexpected role "system"'),
    "unknown role": ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
    "assistant first": ({"messages": [said(text()), HELLO]}, 'first message must use the "user" role'),
    "no content": ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
    "empty content": ({"messages": [{"role": "user", "content": ""}]}, "non-empty content"),
    "empty blocks": ({"messages": [HELLO, said(), HELLO]}, "messages.1: all messages must have non-empty content"),
    "white content": ({"messages": [{"role": "user", "content": " "}]}, "non-whitespace"),
    "content is a number": ({"messages": [{"role": "user", "content": 3}]}, "messages.0.content"),
    "unknown block": ({"messages": [asked({"type": "image_url"})]}, "messages.0.content.0: Input tag 'image_url'"),
    "empty text": ({"messages": [asked(text(""))]}, "messages: text content blocks must be non-empty"),
    "white text": ({"messages": [asked(text("\n"))]}, "non-whitespace text"),
    "text without text": ({"messages": [asked({"type": "text"})]}, "messages.0.content.0.text.text: Field required"),
    "empty system text": ({"system": [text("")]}, "system: text content blocks must be non-empty"),
    "image in system": ({"system": [{"type": "image"}]}, "system.0.type"),
    "call of a user": ({"messages": [asked(call())]}, "`tool_use` blocks can only be in `assistant` messages"),
    "result of an assistant": (talk(said(result()), HELLO), "`tool_result` blocks can only be in `user` messages"),
    "image of an assistant": (talk(said({"type": "image", "source": {}}), HELLO), "can only be in `user`"),
    "call without a result": (talk(said(call()), HELLO), "messages.1: `tool_use` ids were found without"),
    "call without a result at the end": (talk(said(call())), "ids were found without `tool_result` blocks"),
    "result behind a text": (talk(said(call()), asked(text(), result())), "ids were found without"),
    "one of two results": (talk(said(call("a"), call("b")), asked(result("a"))), "immediately after: b."),
    "result without a call": (talk(asked(result())), "messages.1.content.0: unexpected `tool_use_id`"),
    "result for another call": (talk(said(call("a")), asked(result("a"), result("b"))), "blocks: b."),
    "result twice": (talk(said(call()), asked(result(), result())), "each tool_use must have a single result"),
    "result too late": (talk(said(call()), asked(result()), said(text()), asked(result())), "unexpected `tool_use_id`"),
    "call id twice": (
        talk(said(call()), asked(result()), said(call()), asked(result())),
        "`tool_use` ids must be unique",
    ),
    "call id with a dot": (talk(said(call("a.b")), asked(result("a.b"))), "tool_use.id: String should match pattern"),
    "call without an id": (talk(said(call(None)), asked(result())), "tool_use.id: Field required"),
    "call without a name": (talk(said(call(name="")), asked(result())), "tool_use.name"),
    "arguments as a text": (
        talk(said(call(input="{}")), asked(result())),
        "tool_use.input: Input should be a valid dict",
    ),
    "error with a picture": (
        talk(
            said(call()),
            asked(result(is_error=True, content=[{"type": "image", "source": {"type": "url", "url": "https://x"}}])),
        ),
        "all content must be type `text` if `is_error` is true",
    ),
    "empty text in a result": (talk(said(call()), asked(result(content=[text("")]))), "must be non-empty"),
    "call in a result": (talk(said(call()), asked(result(content=[call("b")]))), "Input tag 'tool_use'"),
    "search without a result": (talk(said(SEARCHED, text()), HELLO), "`web_search` tool use with id `srvtoolu_1` was"),
    "search without a result, and more than results of tools": (
        talk(said(SEARCHED, call()), asked(result(), text("Hm."))),
        "`web_search` tool use with id `srvtoolu_1` was",
    ),
    "search without a result, rounds ago": (
        talk(said(SEARCHED, call()), asked(result()), said(text("So.")), HELLO, said(FOUND), HELLO),
        "`web_search` tool use with id `srvtoolu_1` was",
    ),
    "result without a search": (talk(said(FOUND), HELLO), "corresponding `server_tool_use` block before it"),
    "search with a foreign id": (talk(said({**SEARCHED, "id": "t1"}, FOUND), HELLO), "server_tool_use.id"),
    "foreign search result": (
        talk(said(SEARCHED, {**FOUND, "content": [{**FOUND["content"][0], "encrypted_content": "x"}]}), HELLO),
        "Invalid `encrypted_content`",
    ),
    "foreign signature": (talk(said({**THOUGHT, "signature": "x"}, text()), HELLO), "Invalid `signature`"),
    "no signature": (talk(said({**THOUGHT, "signature": None}, text()), HELLO), "signature: Field required"),
    "changed thinking": (talk(said({**THOUGHT, "thinking": "Ha."}, text()), HELLO), "cannot be modified"),
    "omitted thinking made up": (
        talk(said({**THOUGHT, "signature": sign("Hm.", omitted=True)}, text()), HELLO),
        "cannot be modified",
    ),
    "foreign redacted thinking": (talk(said({"type": "redacted_thinking", "data": "x"}, text()), HELLO), "`data`"),
    "thinking at the end": (talk(said(text(), THOUGHT), HELLO), "cannot be `thinking`"),
    "thinking with a mark": (talk(said({**THOUGHT, **CACHE}, text()), HELLO), "cache_control: Extra inputs"),
    "thinking lost before results": (
        {**talk(said(call()), asked(result())), **THINKING},
        "Expected `thinking` or `redacted_thinking`, but found `tool_use`",
    ),
    "white end": ({**talk(said(text("Hi "))), "model": "m"}, "cannot end with trailing whitespace"),
    "prefill": ({**talk(said(text())), "model": "claude-opus-4-6"}, "does not support assistant message prefill"),
    "image without a source": ({"messages": [asked({"type": "image"})]}, "image.source: Field required"),
    "image of a strange source": (picture(type="path"), "Input tag 'path'"),
    "image of a strange type": (picture(type="base64", media_type="image/bmp", data="AAAA"), "media_type"),
    "image that is not base64": (picture(type="base64", media_type="image/png", data="?"), "invalid base64 data"),
    "image of no address": (picture(type="url", url="x"), "url"),
    "document that is no PDF": (
        {"messages": [asked({"type": "document", "source": {"type": "base64", "media_type": "text/x", "data": ""}})]},
        "Input should be 'application/pdf'",
    ),
    "citations on one document of two": (
        {"messages": [asked(DOCUMENT, {**DOCUMENT, "citations": {"enabled": False}})]},
        "citations must be enabled on all or none",
    ),
    "citations with a schema": ({"messages": [asked(DOCUMENT)], **schema()}, "Citations cannot be used"),
    "five marks": ({"messages": [asked(*[text(**CACHE)] * 5)]}, "A maximum of 4 blocks with cache_control"),
    "five marks in all": (
        {"system": [text(**CACHE)], "tools": [tool(**CACHE)], "messages": [asked(*[text(**CACHE)] * 2)], **CACHE},
        "Found 5",
    ),
    "long mark behind a short": (
        {"messages": [asked(text(**CACHE), text(cache_control={"type": "ephemeral", "ttl": "1h"}))]},
        "must not come after",
    ),
    "strange mark": ({"messages": [asked(text(cache_control={"type": "eternal"}))]}, "Input should be 'ephemeral'"),
    "strange ttl": ({"messages": [asked(text(cache_control={"type": "ephemeral", "ttl": "1d"}))]}, "'5m' or '1h'"),
    "temperature": ({"temperature": 1.1}, "temperature"),
    "temperature is a text": ({"temperature": "hot"}, "temperature"),
    "top_p": ({"top_p": 2}, "top_p"),
    "temperature of a new model": ({"model": "claude-opus-4-7", "temperature": 0}, "`temperature` is deprecated"),
    "temperature and top_p": (
        {"model": "claude-sonnet-4-5", "temperature": 0.5, "top_p": 0.9},
        "`temperature` and `top_p` cannot both be specified",
    ),
    "empty stop": ({"stop_sequences": [" "]}, "each stop sequence must contain non-whitespace"),
    "stop is a text": ({"stop_sequences": "x"}, "stop_sequences"),
    "budget too small": ({"thinking": {"type": "enabled", "budget_tokens": 1023}}, "greater than or equal to 1024"),
    "no budget": ({"thinking": {"type": "enabled"}}, "thinking.enabled.budget_tokens: Field required"),
    "budget of max_tokens": ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "must be greater than"),
    "budget of a new model": ({"model": "claude-opus-4-8", **THINKING}, '"thinking.type.enabled" is not supported'),
    "adaptive thinking of an old model": (
        {"model": "claude-sonnet-4-5", "thinking": {"type": "adaptive"}},
        "adaptive thinking is not supported",
    ),
    "strange thinking": ({"thinking": {"type": "hard"}}, "Input tag 'hard'"),
    "thinking and a forced call": (
        {**THINKING, "tools": [tool()], "tool_choice": {"type": "any"}},
        "Thinking may not be enabled when tool_choice forces tool use.",
    ),
    "thinking and temperature": ({**THINKING, "temperature": 0}, "`temperature` may only be set to 1"),
    "thinking and top_k": ({**THINKING, "top_k": 5}, "`top_k` must be unset"),
    "thinking and top_p": ({**THINKING, "top_p": 0.9}, "`top_p` must be greater"),
    "effort": ({"output_config": {"effort": "minimal"}}, "output_config.effort"),
    # recording test-anthropic-explicit-effort-xhigh-unsupported-model-error-113631
    "effort of another model": (
        {"model": "claude-opus-4-6", "output_config": {"effort": "xhigh"}},
        "This model does not support effort level 'xhigh'. Supported levels: high, low, max, medium.",
    ),
    "effort of an old model": ({"model": "claude-haiku-4-5", "output_config": {"effort": "low"}}, "effort parameter"),
    "open schema": (
        {"output_config": {"format": {"type": "json_schema", "schema": OPEN}}},
        "'additionalProperties' must be explicitly set to false",
    ),
    "schema with bounds": (schema(minLength=3), "properties minLength are not supported"),
    "strange format": ({"output_config": {"format": {"type": "json_object"}}}, "Input should be 'json_schema'"),
    "tools is an object": ({"tools": {}}, "tools: Input should be a valid list"),
    "tool of another type": ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "Input tag 'function'"),
    "tool without a schema": ({"tools": [{"name": "f"}]}, "tools.0.custom.input_schema: Field required"),
    "tool with a bad name": ({"tools": [tool("no spaces")]}, "tools.0.custom.name: String should match pattern"),
    "tools of one name": ({"tools": [tool(), tool()]}, "Tool names must be unique."),
    "schema of no type": ({"tools": [tool(input_schema={})]}, "input_schema.type: Field required"),
    "schema of branches": ({"tools": [tool(input_schema={**OPEN, "anyOf": [OPEN]})]}, "at the top level"),
    "schema that is none": (
        {"tools": [tool(input_schema={**OPEN, "properties": {"a": {"type": "text"}}})]},
        "JSON schema is invalid",
    ),
    "strict tool that is open": ({"tools": [tool(strict=True)]}, "explicitly set to false"),
    "search under another name": ({"tools": [{"type": "web_search_20250305", "name": "s"}]}, "'web_search'"),
    "domains as a text": (
        {"tools": [{"type": "web_search_20250305", "name": "web_search", "allowed_domains": "a.b"}]},
        "allowed_domains: Input should be a valid list",
    ),
    "domains allowed and blocked": (
        {
            "tools": [
                {
                    "type": "web_search_20250305",
                    "name": "web_search",
                    "allowed_domains": ["a.b"],
                    "blocked_domains": ["c.d"],
                }
            ]
        },
        "Only one of",
    ),
    "tool_choice without tools": ({"tool_choice": {"type": "auto"}}, "while providing tools"),
    "tool_choice as a word": ({"tools": [tool()], "tool_choice": "auto"}, "tool_choice"),
    "tool_choice of a missing tool": (
        {"tools": [tool()], "tool_choice": {"type": "tool", "name": "g"}},
        "Tool 'g' not found in provided tools",
    ),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD.keys())
def test_a_bad_request_is_refused(seacloud_emulator, http, changes, message):
    seacloud_emulator.configure(strict=False)  # these are the emulator's own rules
    body = {"model": "m", "max_tokens": 2000, "messages": [HELLO], **changes}
    answer = http.post(MESSAGES, json=body)
    assert answer.status_code == 400
    error = answer.json()
    assert (error["type"], error["error"]["type"]) == ("error", "invalid_request_error")
    assert message in error["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(http, body):
    answer = http.post(MESSAGES, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


GOOD = {
    # Anthropic's guide "Programmatic tool calling"; recording test-in-flight-mcp-call-history-is-accepted-eff018
    "results while a built-in tool runs": talk(said(SEARCHED, call()), asked(result())),
    "several results while a built-in tool runs": talk(
        said(SEARCHED, call()), asked(result()), said(call("t2")), asked(result("t2"))
    ),
    "a built-in tool that ran on": talk(said(SEARCHED, call()), asked(result()), said(FOUND, text("So.")), HELLO),
    "turns of one role are joined": {"messages": [HELLO, HELLO, said(text()), said(call()), asked(result()), HELLO]},
    "results in any order": talk(said(call("a"), call("b")), asked(result("b"), result("a"), text())),
    "a result without content": talk(said(call()), asked({"type": "tool_result", "tool_use_id": "t1"})),
    "an empty result": talk(said(call()), asked(result(content=""))),
    "an error": talk(said(call()), asked(result(is_error=True, content=[text("boom")]))),
    "documents in a result": talk(said(call()), asked(result(content=[text(), DOCUMENT]))),
    "thinking sent back": {**talk(said(THOUGHT, call()), asked(result())), **THINKING},
    "thinking sent back without thinking": talk(said(THOUGHT, text()), HELLO),
    "thinking of earlier turns lost": {**talk(said(text()), HELLO), **THINKING},
    "redacted thinking": talk(said({"type": "redacted_thinking", "data": redact("Hm.")}, text()), HELLO),
    "a search sent back": talk(said(SEARCHED, FOUND, text()), HELLO),
    "a paused search": talk(said(SEARCHED, FOUND)),
    "prefill": {**talk(said(text("My answer:"))), "model": "claude-haiku-4-5"},
    "four marks": {"messages": [asked(*[text(**CACHE)] * 4)]},
    "system": {"system": "Be kind."},
    "empty system": {"system": ""},
    "settings": {"temperature": 0, "top_k": 5, "stop_sequences": ["x"], "service_tier": "auto"},
    "temperature 1 of a new model": {"model": "claude-opus-4-7", "temperature": 1},
    "adaptive thinking": {"model": "claude-opus-4-8", "thinking": {"type": "adaptive"}},
    "disabled thinking": {"thinking": {"type": "disabled"}, "temperature": 0},
    "effort": {"model": "claude-opus-4-7", "output_config": {"effort": "xhigh"}},
    "strict tool": {"tools": [tool(strict=True, input_schema=CLOSED)]},
    "other built-in tools": {"tools": [tool(), {"type": "bash_20250124", "name": "bash"}]},
    "schema": schema(),
    "a file and an address": {
        "messages": [
            asked(
                {"type": "document", "source": {"type": "url", "url": "https://x.y/a.pdf"}},
                {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
            )
        ]
    },
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD.keys())
def test_a_good_request_is_answered(http, changes):
    body = {"model": "claude-sonnet-4-6" if "thinking" in changes else "m", "max_tokens": 2000, "messages": [HELLO]}
    answer = post(http, MESSAGES, {name: value for name, value in {**body, **changes}.items() if value is not None})
    assert answer["content"]


@pytest.mark.parametrize(
    ("model", "generation"),
    [
        ("claude-3-5-sonnet-20241022", (3, 0)),
        ("claude-sonnet-4-20250514", (4, 0)),
        ("claude-opus-4-1-20250805", (4, 1)),
        ("claude-haiku-4-5-20251001", (4, 5)),
        ("anthropic/claude-opus-4-8", (4, 8)),
        ("claude-sonnet-5", (5, 0)),
        ("claude-sonnet-5-5", (5, 5)),
        ("gpt-5.5", None),
    ],
)
def test_generations(model, generation):
    assert models.generation(model) == generation


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3000) | st.text(max_size=6) | st.sampled_from(["text", "auto", "t1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "source", "content", "id", "name"]), inner, max_size=3)
    ),
    max_leaves=6,
)

EVERYTHING = {
    "model": "claude-sonnet-4-6",
    "max_tokens": 2000,
    "system": [text(**CACHE)],
    "messages": [
        asked(
            text("Search the web and draw 3 'red' cats"),
            {**DOCUMENT, "title": "x"},
            *picture(type="base64", media_type="image/png", data="AAAA")["messages"][0]["content"],
        ),
        said(THOUGHT, text(), SEARCHED, FOUND, call()),
        asked(
            result(
                content=[
                    text(),
                    {
                        "type": "search_result",
                        "source": "s",
                        "title": "t",
                        "content": [text()],
                        "citations": {"enabled": True},
                    },
                ]
            ),
            text("Draw"),
        ),
    ],
    "tools": [
        tool("draw", description="Draws", input_schema=CLOSED, strict=True, **CACHE),
        {"type": "web_search_20250305", "name": "web_search", "allowed_domains": ["a.b"]},
    ],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 1024, "display": "omitted"},
    "stop_sequences": ["x"],
    "metadata": {"user_id": "u"},
    "cache_control": {"type": "ephemeral", "ttl": "5m"},
    "stream": True,
}


def answered(body):
    """Answers a request as the handler does, plain and streamed."""
    turns = check_request(body)
    question = read_question(body, turns)
    prompt = Prompt(sum(piece.tokens for piece in prompt_pieces(body, turns)), Cached(0, 0), "5m")
    output = Output(body, question, answers(question)[0], Ids(1, body), prompt)
    return json.dumps([output.message(), [event.data for event in events(output)]])


def test_everything_at_once_is_answered():
    assert "draw" in answered(EVERYTHING)


def places(value, path=()):
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from places(child, (*path, key))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(places(EVERYTHING))), JSON)
def test_whatever_is_wrong_is_refused_or_answered(path, value):
    body = copy.deepcopy(EVERYTHING)
    place = body
    for key in path[:-1]:
        place = place[key]
        assume(isinstance(place, (dict, list)))
    place[path[-1]] = value
    with contextlib.suppress(Refusal):
        answered(body)
