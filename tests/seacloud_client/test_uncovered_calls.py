"""Tool calls whose fragments a gateway numbers badly or not at all, over Chat Completions."""

from __future__ import annotations

import pytest
from chat_wire import Json, chunk, stop, streamed


def fragment(arguments: str, *, name: str | None = None, call_id: str | None = None, index: int | None = None) -> Json:
    call: Json = {"type": "function", "function": {"arguments": arguments, **({"name": name} if name else {})}}
    call |= {"id": call_id} if call_id else {}
    call |= {"index": index} if index is not None else {}
    return chunk({"tool_calls": [call]})


def calls_of(*fragments: Json) -> list[tuple[str, str, str]]:
    return [(call.id, call.name, call.arguments) for call in streamed(*fragments, stop("tool_calls")).tool_calls]


def test_fragments_are_found_by_their_id() -> None:
    assert calls_of(
        fragment('{"a":', name="f", call_id="c1"),
        fragment('{"b":', name="g", call_id="c2"),
        fragment("1}", call_id="c1"),
        fragment("2}", call_id="c2"),
    ) == [("c1", "f", '{"a":1}'), ("c2", "g", '{"b":2}')]


def test_an_id_that_comes_late_belongs_to_the_call_without_one() -> None:
    assert calls_of(fragment('{"a":', name="f"), fragment("1}", call_id="c1")) == [("c1", "f", '{"a":1}')]


@pytest.mark.parametrize("whole", ['{"a":1}', "{}"])
def test_whole_arguments_tell_the_end_of_a_call_that_repeats_its_number(whole: str) -> None:
    """A gateway that gives each call the index 0, no id and a name."""
    found = calls_of(fragment(whole, name="f", index=0), fragment('{"b":2}', name="g", index=0))
    assert [(name, arguments) for _, name, arguments in found] == [("f", whole), ("g", '{"b":2}')]


def test_a_name_that_comes_again_does_not_begin_a_call_while_the_arguments_are_not_whole() -> None:
    found = calls_of(fragment('{"a":', name="f", index=0), fragment("1}", name="f", index=0))
    assert [(name, arguments) for _, name, arguments in found] == [("f", '{"a":1}')]


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000])
def test_arguments_too_deep_to_read_are_not_whole(deep: str) -> None:
    """Python's reader gives up on them, which must not end the stream."""
    found = calls_of(fragment(deep, name="f", index=0), fragment("x", name="f", index=0))
    assert [(name, arguments) for _, name, arguments in found] == [("f", deep + "x")]
