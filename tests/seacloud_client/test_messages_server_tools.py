"""Built-in tools' calls and results in any history: none goes back alone, and that costs by the history's length."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from messages_wire import Json
from seacloud_client.protocols.messages.server_tools import without_lost

IDS = st.sampled_from("abc")
CALLERS = st.one_of(
    st.just({}), IDS.map(lambda made_by: {"caller": {"type": "code_execution_20260120", "tool_id": made_by}})
)
BLOCKS = st.one_of(
    st.builds(lambda key, caller: {"type": "server_tool_use", "id": key, **caller}, IDS, CALLERS),
    st.builds(lambda key, caller: {"type": "web_search_tool_result", "tool_use_id": key, **caller}, IDS, CALLERS),
    st.builds(lambda caller: {"type": "tool_use", "id": "t", **caller}, CALLERS),
    st.just({"type": "text", "text": "x"}),
)
TURNS = st.lists(
    st.one_of(
        st.builds(lambda blocks: {"role": "assistant", "content": blocks}, st.lists(BLOCKS, max_size=6)),
        st.sampled_from(["text", "tool_result"]).map(lambda kind: {"role": "user", "content": [{"type": kind}]}),
    ),
    max_size=5,
).map(deepcopy)


def blocks_of(turns: list[Json], *kinds: str) -> list[Json]:
    return [block for turn in turns for block in turn["content"] if block["type"] in kinds]


@given(TURNS)
def test_nothing_goes_back_without_its_other_half(turns: list[Json]):
    kept = without_lost(turns)
    waiting: set[str] = set()
    for turn in kept:
        if turn["role"] == "user" and turn["content"][0]["type"] == "text":
            assert not waiting
        for block in turn["content"]:
            if block["type"] == "server_tool_use":
                assert block["id"] not in waiting
                waiting.add(block["id"])
            elif block["type"] == "web_search_tool_result":
                waiting.remove(block["tool_use_id"])


@given(TURNS)
def test_nothing_goes_back_without_the_program_that_did_it(turns: list[Json]):
    kept = without_lost(turns)
    calls = {block["id"] for block in blocks_of(kept, "server_tool_use")}
    everything = [block for turn in kept for block in turn["content"]]
    assert {block["caller"]["tool_id"] for block in everything if "caller" in block} <= calls


@given(TURNS)
def test_what_the_model_and_the_user_said_stays(turns: list[Json]):
    plain = ("text", "tool_result")
    before, own_calls = blocks_of(turns, *plain), len(blocks_of(turns, "tool_use"))
    kept = without_lost(turns)
    assert blocks_of(kept, *plain) == before
    assert len(blocks_of(kept, "tool_use")) == own_calls
    assert [turn["role"] for turn in kept] == [turn["role"] for turn in turns]


@given(TURNS)
def test_what_can_go_back_does_so_again(turns: list[Json]):
    kept = without_lost(turns)
    assert without_lost(deepcopy(kept)) == kept


class Counted(dict[str, Any]):
    """A block that counts how often it is looked at."""

    looks = 0

    def get(self, key: str, default: Any = None) -> Any:
        Counted.looks += 1
        return super().get(key, default)


def looks_at_programs(count: int) -> int:
    """How often blocks are looked at, of programs each of which was started by the one before: the first is lost."""
    calls = [
        Counted(type="server_tool_use", id=f"s{n}", caller={"type": "code_execution_20260120", "tool_id": f"s{n - 1}"})
        for n in range(count)
    ]
    results = [Counted(type="code_execution_tool_result", tool_use_id=f"s{n}") for n in range(count)]
    Counted.looks = 0
    assert without_lost([{"role": "assistant", "content": [*calls, *results]}]) == [
        {"role": "assistant", "content": []}
    ]
    return Counted.looks


def test_a_chain_of_programs_costs_by_its_length():
    assert looks_at_programs(800) == 8 * looks_at_programs(100)
