"""Structured prediction in detail: what is sent, what grows, and what is said where there is no object."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from llama_index.core import PromptTemplate
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.program import FunctionCallingProgram
from llama_index.core.tools import FunctionTool
from llama_index.core.types import PydanticProgramMode
from llamaindex_conformance import Recorder, recorder
from llamaindex_seacloud import SeaCloud
from llamaindex_seacloud.streaming import ResponseBuilder
from llamaindex_seacloud.structured import Growing, OutputForm
from llamaindex_wire import USAGE_CHUNK, Chunks, answering, body_of, chat_chunk, events
from openai import pydantic_function_tool
from openai.lib._pydantic import to_strict_json_schema
from pydantic import BaseModel, ConfigDict, Field
from seacloud_client.conversation import Finish, Text, ToolCall
from seacloud_client.deltas import FinishDelta, PartStart, TextDelta, ToolCallDelta
from seacloud_emulator import Emulator

__all__ = ["recorder"]

PROMPT = PromptTemplate("Tell of {place}.")


class Boat(BaseModel):
    """A boat."""

    name: str
    masts: int


class Harbour(BaseModel):
    """A harbour."""

    name: str = Field(description="Its name.")
    depth: float
    boats: list[Boat]
    nickname: str | None = None


class Open(BaseModel):
    """Anything."""

    facts: dict[str, int]


WHOLE = '{"name": "Bergen", "depth": 12.5, "boats": [{"name": "Ran", "masts": 2}], "nickname": null}'


def completion(message: dict[str, Any], finish: str = "stop") -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4.1",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
    }


def tool_call(arguments: str, name: str = "Harbour") -> dict[str, Any]:
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return completion({"content": None, "tool_calls": [call]}, "tool_calls")


# What is sent


def test_the_native_schema_is_strict_as_openai_has_it() -> None:
    llm, requests = answering(completion({"content": WHOLE}))
    harbour = llm.structured_predict(Harbour, PROMPT, place="Bergen")
    assert harbour == Harbour(name="Bergen", depth=12.5, boats=[Boat(name="Ran", masts=2)])
    sent = body_of(requests[0])["response_format"]
    assert sent["type"] == "json_schema"
    assert (sent["json_schema"]["name"], sent["json_schema"]["strict"]) == ("Harbour", True)
    assert _essence(sent["json_schema"]["schema"]) == _essence(to_strict_json_schema(Harbour))


def _essence(schema: Any) -> Any:
    """A schema without words about itself, which mean nothing to a validator."""
    if isinstance(schema, dict):
        about_itself = ("title", "description", "default")
        return {name: _essence(value) for name, value in schema.items() if name not in about_itself}
    return [_essence(value) for value in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("model", ["gpt-4.1", "claude-sonnet-4-5"])
@pytest.mark.parametrize("strict", [None, False])
def test_a_class_with_fields_of_any_name_is_a_tools_input(model: str, strict: bool | None) -> None:
    """Messages closes every object: natively, the facts would always be empty."""
    llm, requests = answering(
        tool_call('{"facts": {"age": 900}}', "Open"), model=model, strict=strict, protocol="chat_completions"
    )
    assert llm.structured_predict(Open, PROMPT, place="Bergen").facts == {"age": 900}
    body = body_of(requests[0])
    assert body["tool_choice"] == {"type": "function", "function": {"name": "Open"}}
    assert "response_format" not in body


def test_a_class_that_cannot_be_strict_is_asked_for_natively_if_that_is_demanded() -> None:
    llm, requests = answering(completion({"content": '{"facts": {"age": 900}}'}), native_structured_output=True)
    assert llm.structured_predict(Open, PROMPT, place="Bergen").facts == {"age": 900}
    sent = body_of(requests[0])["response_format"]["json_schema"]
    assert sent["schema"] == Open.model_json_schema()
    assert "strict" not in sent


def test_strictness_can_be_turned_off_and_demanded() -> None:
    llm, requests = answering(completion({"content": WHOLE}), strict=False)
    llm.structured_predict(Harbour, PROMPT, place="Bergen")
    assert body_of(requests[0])["response_format"]["json_schema"]["strict"] is False
    demanding, requests = answering(completion({"content": WHOLE}), strict=True)
    with pytest.raises(ValueError, match="facts"):
        demanding.structured_predict(Open, PROMPT, place="Bergen")
    assert requests == []


class Pier(BaseModel):
    """A pier, from which others go off."""

    length: float
    piers: list[Pier] = []


@pytest.mark.parametrize("strict", [None, True])
def test_a_class_that_holds_itself_is_a_tools_input(*, strict: bool | None) -> None:
    said = '{"length": 2, "piers": [{"length": 1, "piers": []}]}'
    llm, requests = answering(tool_call(said, "Pier"), pydantic_program_mode="function", strict=strict)
    assert llm.structured_predict(Pier, PROMPT, place="Bergen") == Pier(length=2, piers=[Pier(length=1)])
    function = body_of(requests[0])["tools"][0]["function"]
    if strict:
        assert _essence(function["parameters"]) == _essence(pydantic_function_tool(Pier)["function"]["parameters"])
    else:
        assert function["parameters"]["properties"] == Pier.model_json_schema()["$defs"]["Pier"]["properties"]
        assert function["parameters"]["type"] == "object"


@pytest.mark.parametrize("stream", [False, True])
def test_the_tool_is_forced(*, stream: bool) -> None:
    chunk = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "Harbour", "arguments": WHOLE}}]}
    answer: Any = events(chat_chunk(chunk, "tool_calls"), USAGE_CHUNK) if stream else tool_call(WHOLE)
    llm, requests = answering(answer, pydantic_program_mode=PydanticProgramMode.FUNCTION)
    if stream:
        assert list(llm.stream_structured_predict(Harbour, PROMPT, place="Bergen"))[-1].name == "Bergen"
    else:
        assert llm.structured_predict(Harbour, PROMPT, place="Bergen").name == "Bergen"
    body = body_of(requests[0])
    assert body["tool_choice"] == {"type": "function", "function": {"name": "Harbour"}}
    assert body["parallel_tool_calls"] is False
    assert [tool["function"]["name"] for tool in body["tools"]] == ["Harbour"]
    assert "response_format" not in body


def test_the_way_is_chosen_by_the_facts_and_by_the_user() -> None:
    def is_native(**kwargs: Any) -> bool | None:
        form = SeaCloud(**kwargs)._output_form(Harbour)
        return None if form is None else form.is_native

    assert is_native(model="gpt-4.1") is True
    assert is_native(model="deepseek-v3") is False
    assert is_native(model="a-model-of-next-year") is False
    assert is_native(model="a-model-of-next-year", native_structured_output=True) is True
    assert is_native(model="gpt-4.1", native_structured_output=False) is False
    assert is_native(model="gpt-4.1", pydantic_program_mode="function") is False
    assert is_native(model="gpt-4.1", pydantic_program_mode="llm") is None
    assert is_native(model="a-model-of-next-year", is_function_calling_model=False) is None


def test_parameters_of_the_call_are_kept_but_not_the_form() -> None:
    llm, requests = answering(completion({"content": WHOLE}), max_tokens=500)
    kwargs = {"temperature": 0, "tool_choice": "auto", "allow_parallel_tool_calls": True, "tool_required": True}
    llm.structured_predict(Harbour, PROMPT, llm_kwargs=kwargs, place="Bergen")
    body = body_of(requests[0])
    assert (body["temperature"], body["max_tokens"]) == (0, 500)
    assert not {"tool_choice", "allow_parallel_tool_calls", "tool_required", "tools"} & body.keys()
    assert kwargs["tool_choice"] == "auto", "the caller's mapping is the caller's"


def test_a_prompt_that_is_parsed_as_text() -> None:
    llm, requests = answering(completion({"content": f"Here it is: {WHOLE}"}), pydantic_program_mode="llm")
    assert llm.structured_predict(Harbour, PROMPT, place="Bergen").name == "Bergen"
    assert not {"tools", "response_format"} & body_of(requests[0]).keys()


# What is said where there is no object


@pytest.mark.parametrize(
    ("answer", "mode", "expected"),
    [
        (completion({"content": '{"name": "Ber'}, "length"), "default", "cut at max_tokens"),
        (completion({"content": None, "refusal": "I will not."}), "default", "declined.*I will not"),
        (completion({"content": "I like boats."}), "default", "I like boats"),
        (completion({"content": "I like"}, "content_filter"), "default", "content filter stopped it.*'I like'"),
        (completion({"content": None}, "content_filter: SPII"), "function", "content filter stopped it"),  # Gemini's
        (completion({"content": None}, "MALFORMED_FUNCTION_CALL"), "function", "provider failed.*MALFORMED.*ask again"),
        (completion({"content": '{"name": "Bergen"}'}), "default", "depth"),
        (tool_call('{"name": "Bergen"}'), "function", "depth"),
        (tool_call('{"name": "Ber'), "function", "Harbour"),
        (completion({"content": "I like boats."}), "function", "gave no Harbour but said 'I like boats"),
    ],
)
async def test_no_object(answer: Any, mode: str, expected: str) -> None:
    llm, _ = answering(answer, pydantic_program_mode=mode)
    with pytest.raises(ValueError, match=expected):
        llm.structured_predict(Harbour, PROMPT, place="Bergen")
    with pytest.raises(ValueError, match=expected):
        await llm.astructured_predict(Harbour, PROMPT, place="Bergen")


class Remarks(BaseModel):
    """Remarks on a harbour, of which none is required."""

    name: str | None = None
    words: list[str] = []


CUT = '{"name": "Bergen", "words": ["wet"'


@pytest.mark.parametrize(
    ("arguments", "finish", "expected"),
    [
        (CUT, "length", "gave no Remarks: the answer was cut at max_tokens"),
        ("", "length", "gave no Remarks: the answer was cut at max_tokens"),
        ("{}", "length", "gave no Remarks: the answer was cut at max_tokens"),
        (CUT, "tool_calls", "gave no Remarks: the arguments of its call are no JSON object: .*Bergen"),
        ("[]", "tool_calls", "gave no Remarks: the arguments of its call are no JSON object"),
        (CUT, "content_filter", "gave no Remarks: the provider's content filter stopped it"),
    ],
)
async def test_arguments_that_are_no_object_make_none(arguments: str, finish: str, expected: str) -> None:
    """Where nothing is required, an empty object would be one, and nobody would know."""
    call = tool_call(arguments, "Remarks")
    call["choices"][0]["finish_reason"] = finish
    llm, _ = answering(call, pydantic_program_mode="function")
    with pytest.raises(ValueError, match=expected):
        llm.structured_predict(Remarks, PROMPT, place="Bergen")
    with pytest.raises(ValueError, match=expected):
        await llm.as_structured_llm(Remarks).acomplete("Tell of Bergen.")

    piece = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "Remarks", "arguments": arguments}}]}
    llm, _ = answering(events(chat_chunk(piece), chat_chunk({}, finish), USAGE_CHUNK), pydantic_program_mode="function")
    seen: list[Any] = []
    with pytest.raises(ValueError, match=expected):
        seen.extend(llm.stream_structured_predict(Remarks, PROMPT, place="Bergen"))
    assert [remarks.name for remarks in seen] == (["Bergen"] if arguments == CUT else [])


async def test_a_stream_that_ends_without_an_object_is_an_error() -> None:
    chunks = [chat_chunk({"content": word}) for word in ('{"name": "Ber', 'gen", "dep')]
    llm, _ = answering(events(*chunks, chat_chunk({}, "length"), USAGE_CHUNK))
    seen: list[Any] = []
    with pytest.raises(ValueError, match="cut at max_tokens"):
        seen.extend(llm.stream_structured_predict(Harbour, PROMPT, place="Bergen"))
    assert [harbour.name for harbour in seen] == ["Ber", "Bergen"]


# What grows


def test_an_object_grows_word_by_word() -> None:
    growing = Growing(OutputForm(Harbour, is_native=True))
    builder = ResponseBuilder()
    builder.add(PartStart(0, 0, Text("")))
    seen = []
    for letter in WHOLE:
        response = builder.add(TextDelta(0, 0, letter))
        assert response is not None
        if (harbour := growing.add(response)) is not None:
            seen.append(harbour)
    builder.add(FinishDelta(0, Finish.STOP))
    growing.add(builder.last())
    assert growing.finish() == Harbour(name="Bergen", depth=12.5, boats=[Boat(name="Ran", masts=2)])
    names = [getattr(harbour, "name", None) for harbour in seen]
    assert [name for name in dict.fromkeys(names) if name] == ["B", "Be", "Ber", "Berg", "Berge", "Bergen"]
    assert len(seen) == len({repr(harbour) for harbour in seen}), "nothing is told twice"


class Price(BaseModel):
    """A price."""

    amount: float = 0
    currency: str = "NOK"


class Offer(BaseModel):
    """An offer."""

    price: Price
    others: list[Price] = []


@pytest.mark.parametrize("is_native", [True, False])
def test_what_is_deep_in_an_object_never_goes_back(*, is_native: bool) -> None:
    """Half a number (`1250.`) is none, and where a field has a default, that would be told in its place."""
    text = '{"price": {"amount": 1250.75}, "others": [{"amount": 1.5, "currency": "EUR"}, {"amount": 2.5}]}'
    growing = Growing(OutputForm(Offer, is_native=is_native))
    builder = ResponseBuilder()
    builder.add(PartStart(0, 0, Text("") if is_native else ToolCall("call_1", "Offer", "")))
    seen: list[Any] = []
    for letter in text:
        response = builder.add(TextDelta(0, 0, letter) if is_native else ToolCallDelta(0, 0, letter))
        assert response is not None
        if (offer := growing.add(response)) is not None:
            seen.append(offer)
    amounts = [offer.price.amount for offer in seen]
    assert list(dict.fromkeys(amounts)) == [0, 1, 12, 125, 1250, 1250.7, 1250.75]
    assert amounts == sorted(amounts)
    told = [[price.amount for price in offer.others] for offer in seen]
    assert told == sorted(told)
    assert told[-1] == [1.5, 2.5]
    assert {1.0, 1.5} == {prices[0] for prices in told if prices and prices[0]}


TWO_TEXTS: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-6",
    "content": [{"type": "text", "text": '{"name": "Ber'}, {"type": "text", "text": 'gen", "masts": 2}'}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 7, "output_tokens": 5},
}


def test_an_object_in_several_texts_is_read_as_it_was_written() -> None:
    llm, _ = answering(TWO_TEXTS, model="claude-opus-4-6", protocol="messages", native_structured_output=True)
    assert llm.structured_predict(Boat, PROMPT, place="Bergen") == Boat(name="Bergen", masts=2)


def test_a_refusal_of_messages_is_told_as_one() -> None:
    said = {**TWO_TEXTS, "content": [{"type": "text", "text": "I will not."}], "stop_reason": "refusal"}
    llm, _ = answering(said, model="claude-opus-4-6", protocol="messages", native_structured_output=True)
    with pytest.raises(ValueError, match=r"gave no Boat: it declined \('I will not"):
        llm.structured_predict(Boat, PROMPT, place="Bergen")


async def test_streams_of_objects_are_told_of_once(recorder: Recorder) -> None:
    parts = ['{"name": "B", "depth": 1', ', "boats": []}']
    llm, _ = answering(events(*(chat_chunk({"content": part}) for part in parts), chat_chunk({}, "stop"), USAGE_CHUNK))
    sync = list(llm.stream_structured_predict(Harbour, PROMPT, place="Bergen"))
    stream = await llm.astream_structured_predict(Harbour, PROMPT, place="Bergen")
    assert [harbour async for harbour in stream] == sync
    for kind in ("LLMStructuredPredict", "LLMChat"):
        assert [recorder.count(f"{kind}{end}Event") for end in ("Start", "End")] == [2, 2], "once for each of the two"
    assert recorder.count("LLMStructuredPredictInProgressEvent") == 2 * len(sync)


def test_lists_grow_one_by_one() -> None:
    parts = ['{"name": "B", "depth": 1, "boats": [{"name": "Ran", "masts": 2}', ', {"name": "Ask", "masts": 1}', "]}"]
    llm, _ = answering(events(*(chat_chunk({"content": part}) for part in parts), chat_chunk({}, "stop"), USAGE_CHUNK))
    seen = list(llm.stream_structured_predict(Harbour, PROMPT, place="Bergen"))
    assert [len(harbour.boats) for harbour in seen] == [1, 2]
    assert all(isinstance(harbour, Harbour) for harbour in seen)


class Opening(BaseModel):
    """The opening of a harbour."""

    model_config = ConfigDict(strict=True)

    day: date
    size: tuple[float, float]


@pytest.mark.parametrize("native", [True, False])
def test_a_strict_class_is_read_by_the_rules_for_json(*, native: bool) -> None:
    said = '{"day": "2026-05-17", "size": [2, 3.5]}'
    answer = completion({"content": said}) if native else tool_call(said, "Opening")
    llm, _ = answering(answer, native_structured_output=native)
    assert llm.structured_predict(Opening, PROMPT, place="Bergen") == Opening(day=date(2026, 5, 17), size=(2.0, 3.5))


def test_the_adapters_own_program_and_llamaindexs_agree() -> None:
    """LlamaIndex's programs call `predict_and_call`: what it makes of our calls is what ours makes."""
    llm, _ = answering(tool_call(WHOLE), pydantic_program_mode="function")
    ours = llm.structured_predict(Harbour, PROMPT, place="Bergen")
    theirs = FunctionCallingLLM.structured_predict(llm, Harbour, PROMPT, place="Bergen")
    assert ours == theirs


async def test_leaving_a_stream_of_objects_closes_the_connection() -> None:
    for is_async in (False, True):
        body = Chunks(events(*(chat_chunk({"content": part}) for part in ('{"name": "B', 'e"', "}"))))
        llm, _ = answering(body)
        if is_async:
            stream = await llm.astream_structured_predict(Harbour, PROMPT, place="Bergen")
            assert (await anext(stream)).name == "B"
            await stream.aclose()
        else:
            objects = llm.stream_structured_predict(Harbour, PROMPT, place="Bergen")
            assert next(objects).name == "B"
            objects.close()
        assert body.closed


THINKING: Any = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4096}


def test_programs_force_no_call_while_the_model_thinks(seacloud_env: Emulator) -> None:
    """LlamaIndex's programs force a call, whatever the LLM is set to, and Anthropic refuses that while it thinks."""
    llm = SeaCloud(model="claude-sonnet-4-5", **THINKING)
    program = FunctionCallingProgram.from_defaults(Boat, prompt_template_str="A boat with the name {name}", llm=llm)
    with pytest.warns(UserWarning, match="refuses while it thinks"):
        assert isinstance(program(name="'Ran'"), Boat)
    assert seacloud_env.requests[-1].json["tool_choice"]["type"] == "auto"


async def test_a_required_tool_is_not_forced_while_the_model_thinks(seacloud_env: Emulator) -> None:
    llm = SeaCloud(model="claude-sonnet-4-5", **THINKING)
    tool = FunctionTool.from_defaults(Boat, name="boat", description="Builds a boat.")
    with pytest.warns(UserWarning, match="refuses while it thinks"):
        response = await llm.achat_with_tools([tool], user_msg="Good morning!", tool_required=True)
    assert response.message.content, "it may answer without a call"
