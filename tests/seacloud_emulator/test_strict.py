"""The strict check itself: deep and closed where pydantic alone is not, brief, quick, and never at a loss."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter
from seacloud_emulator.strict import problems
from seacloud_emulator.strict.wording import AT_MOST

from .strict_bodies import BETA, BODIES, CHAT, RESPONSES, spoiled

FREE = ("parameters", "schema", "input_schema", "input", "metadata", "logit_bias")
"""Keys of objects that may have any keys, or lists that are called the same (`input` of Responses)."""


def objects(value: Any, path: str = "") -> Iterator[str]:
    """The places of all objects in a body but for those that may have any keys."""
    if isinstance(value, dict):
        yield path
        for key, inner in value.items():
            if key not in FREE or isinstance(inner, list):
                yield from objects(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from objects(inner, f"{path}.{place}")


def test_pydantic_alone_lets_nearly_everything_pass():
    wrong = {"model": "m", "messages": [{"role": "robot"}, 3], "foo": 1}
    TypeAdapter(CompletionCreateParamsNonStreaming).validate_python(wrong)
    assert len(problems("chat_completions", wrong)) == 3


@pytest.mark.parametrize(
    ("protocol", "path"),
    [
        *((protocol, path) for protocol, body in BODIES.items() for path in objects(body)),
        *(("beta", path) for path in objects(BETA)),
    ],
)
def test_every_object_refuses_a_key_that_it_does_not_have(protocol, path):
    body = BETA if protocol == "beta" else BODIES[protocol]
    place = f"{path}.no_such_key".lstrip(".")
    assert problems("messages" if protocol == "beta" else protocol, spoiled(body, place, 1)) == [
        f"{place}: unknown key"
    ]


def test_many_problems_are_told_in_few_lines():
    body = {**CHAT, **{f"foo{number}": 1 for number in range(20)}}
    found = problems("chat_completions", body)
    assert len(found) == AT_MOST + 1
    assert found[-1] == "... and 12 more"


def test_a_long_value_is_not_told_in_full():
    [found] = problems("chat_completions", spoiled(CHAT, "reasoning_effort", "x" * 10_000))
    assert len(found) < 250


def test_of_several_branches_the_one_that_fits_best_speaks():
    item = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
    wrong = spoiled(RESPONSES, "input.5", {**item, "content": [{"type": "output_text", "text": 3, "annotations": []}]})
    assert problems("responses", wrong) == ["input.5.content.0.text: must be string, not number"]
    turn = {"role": "assistant", "content": [{"type": "output_text", "text": 3}]}
    assert problems("responses", spoiled(RESPONSES, "input.5", turn)) == [
        "input.5.content.0.text: must be string, not number"
    ]
    assert problems("responses", spoiled(RESPONSES, "input.5", {})) == ["input.5.id: is required"]


def test_an_object_of_another_type_is_told_by_that_alone():
    wrong = spoiled(CHAT, "messages.0.content", [{"type": "image_url", "image_url": {"url": "x"}, "foo": 1}])
    assert problems("chat_completions", wrong) == ["messages.0.content.0.type: must be 'text', not 'image_url'"]


def test_what_the_sdks_send_as_headers_is_no_part_of_a_body():
    for name in ("betas", "workspace_id", "user_profile_id"):
        assert problems("messages", {**BETA, name: ["x"] if name == "betas" else "x"}) == [f"{name}: unknown key"]


@pytest.mark.parametrize("protocol", BODIES)
def test_a_request_takes_no_time_to_speak_of(protocol):
    problems(protocol, BODIES[protocol])  # builds the validators
    taken = []
    for _ in range(50):
        started = time.thread_time()
        problems(protocol, BODIES[protocol])
        taken.append(time.thread_time() - started)
    assert min(taken) < 0.005  # some 0.03 ms; building the validators anew would take a hundred times as long


def test_the_types_are_read_when_they_are_first_needed():
    program = (
        "import sys; import seacloud_emulator.strict as strict; "
        "assert 'openai' not in sys.modules and 'anthropic' not in sys.modules; "
        "assert strict.problems('chat_completions', {}); assert 'anthropic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["text", "message"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "role", "content", "text", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, path: str = "") -> Iterator[str]:
    if path:
        yield path[1:]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from places(child, f"{path}.{key}")


PLACES = [(protocol, path) for protocol, body in BODIES.items() for path in places(body)]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), JSON)
def test_any_json_is_judged(place, value):
    protocol, path = place
    found = problems(protocol, spoiled(BODIES[protocol], path, value))
    assert len(found) <= AT_MOST + 1
    assert all(isinstance(line, str) and "|" not in line.partition(": ")[0] for line in found)
    assert found == problems(protocol, spoiled(BODIES[protocol], path, value))


PATHS = {
    "chat_completions": "/llm/v1/chat/completions",
    "responses": "/llm/openai/v1/responses",
    "messages": "/llm/v1/messages",
}
HELLO = [{"role": "user", "content": "Hello"}]
LEAST = {
    "chat_completions": {"model": "m", "messages": HELLO},
    "responses": {"model": "m", "input": HELLO},
    "messages": {"model": "m", "max_tokens": 50, "messages": HELLO},
}
ORPHANS = {
    "chat_completions": {"messages": [*HELLO, {"role": "tool", "tool_call_id": "c1", "content": "x"}]},
    "responses": {"input": [*HELLO, {"type": "function_call_output", "call_id": "c1", "output": "x"}]},
    "messages": {
        "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "x"}]}]
    },
}


@pytest.mark.parametrize("protocol", PATHS)
def test_the_emulator_refuses_what_the_check_has_something_against(http, protocol):
    body = LEAST[protocol]
    assert http.post(PATHS[protocol], json=body).status_code == 200
    turns = "input" if protocol == "responses" else "messages"
    answer = http.post(PATHS[protocol], json=spoiled(body, f"{turns}.0.no_such_key", 1))
    assert answer.status_code == 400
    assert f"{turns}.0.no_such_key: unknown key" in answer.json()["error"]["message"]


def test_the_emulator_is_content_with_them_if_it_is_not_strict(seacloud_emulator, http):
    seacloud_emulator.configure(strict=False)
    body = spoiled(LEAST["chat_completions"], "messages.0.no_such_key", 1)
    assert http.post(PATHS["chat_completions"], json=body).status_code == 200


@pytest.mark.parametrize("protocol", PATHS)
def test_a_tools_result_without_its_call_satisfies_the_types_but_not_the_emulator(http, protocol):
    body = {**LEAST[protocol], **ORPHANS[protocol]}
    assert problems(protocol, body) == []
    answer = http.post(PATHS[protocol], json=body)
    assert answer.status_code == 400
    assert "c1" in answer.json()["error"]["message"]


def test_a_schema_that_is_none_is_refused_besides(http):
    broken = {"type": "object", "properties": {"city": {"type": "text"}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": broken}}
    assert problems("chat_completions", {**LEAST["chat_completions"], "tools": [tool]}) == []
    answer = http.post(PATHS["chat_completions"], json={**LEAST["chat_completions"], "tools": [tool]})
    assert answer.status_code == 400
    assert "'type'" in answer.json()["error"]["message"]
