"""Structured output, by every method, in every form, on every protocol."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Callable
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langchain_seacloud import ChatSeaCloud
from langchain_seacloud.errors import InvalidInputError, OutputRefusedError
from langchain_seacloud.parsers import call_parser, text_parser
from pydantic import BaseModel, Field, RootModel, field_validator
from seacloud_client.conversation import Finish
from seacloud_client.protocols.responses.decode import INCOMPLETE
from seacloud_emulator import Emulator
from typing_extensions import TypedDict

ASK = 'Tell me of the "Red Boat", which is 12 metres long and lies in Oslo.'


class Place(BaseModel):
    city: str


class Boat(BaseModel):
    """A boat."""

    name: str
    length: int = Field(description="Its length in metres")
    place: Place
    owner: str | None = None
    tags: list[str] = []


class Island(BaseModel):
    """A piece of land in the sea."""

    name: str
    near: list[Island] = []


class Ship(TypedDict):
    """A ship."""

    name: str
    length: Annotated[int, 0, "Its length in metres"]


SCHEMA = {
    "title": "Boat",
    "description": "A boat.",
    "type": "object",
    "properties": {"name": {"type": "string"}, "length": {"type": "integer"}},
    "required": ["name"],
}


class Loose(BaseModel):
    """Anything goes."""

    fields: dict[str, Any]


Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """A page of a list."""

    first: Item
    more: list[Item] = Field(default_factory=list)


Method = Literal["function_calling", "json_schema"]
methods = pytest.mark.parametrize("method", ["function_calling", "json_schema", None])


@methods
@pytest.mark.parametrize("strict", [None, True])
def test_pydantic(model: ChatSeaCloud, method: Method, strict: bool | None) -> None:
    boat = model.with_structured_output(Boat, method=method, strict=strict).invoke(ASK)
    assert isinstance(boat, Boat)
    assert (boat.name, boat.length) == ("Red Boat", 12)


@methods
@pytest.mark.parametrize("schema", [Ship, SCHEMA], ids=["TypedDict", "JSON schema"])
def test_dicts(model: ChatSeaCloud, method: Method, schema: Any) -> None:
    boat = model.with_structured_output(schema, method=method).invoke(ASK)
    assert isinstance(boat, dict)
    assert boat["name"] == "Red Boat"
    assert None not in boat.values()


@methods
def test_recursive_models(model: ChatSeaCloud, seacloud_env: Emulator, method: Method) -> None:
    island = model.with_structured_output(Island, method=method).invoke('The island "Skye".')
    assert isinstance(island, Island)
    assert "$defs" in str(seacloud_env.requests[-1].json)


@methods
def test_a_generic_class_is_no_name_of_a_tool(model: ChatSeaCloud, seacloud_env: Emulator, method: Method) -> None:
    """Its own name has brackets, which every provider refuses."""
    chain = model.with_structured_output(Page[int], method=method)
    page = chain.invoke("It begins with 7.")
    assert isinstance(page, Page[int])
    assert page.first == 7
    assert list(chain.stream("It begins with 7."))[-1] == page
    assert "Page[int]" not in str(seacloud_env.requests[-1].json)


@methods
def test_a_json_schema_without_a_title(model: ChatSeaCloud, method: Method) -> None:
    untitled = {name: value for name, value in SCHEMA.items() if name != "title"}
    assert model.with_structured_output(untitled, method=method).invoke(ASK)["name"] == "Red Boat"


@methods
async def test_async_and_streamed(model: ChatSeaCloud, method: Method) -> None:
    chain = model.with_structured_output(SCHEMA, method=method)
    assert (await chain.ainvoke(ASK))["name"] == "Red Boat"
    steps = [step async for step in chain.astream(ASK)]
    assert steps == list(chain.stream(ASK))
    assert len(steps) > 1
    assert steps[-1]["name"] == "Red Boat"
    assert steps[0] != steps[-1]


def test_include_raw(model: ChatSeaCloud) -> None:
    answer = model.with_structured_output(Boat, include_raw=True).invoke(ASK)
    assert isinstance(answer["raw"], AIMessage)
    assert isinstance(answer["parsed"], Boat)
    assert answer["parsing_error"] is None


def test_include_raw_with_an_answer_that_does_not_parse(make: Callable[..., ChatSeaCloud]) -> None:
    long_name = ASK.replace("Red Boat", "Red Boat of the Northern Sea, " * 10)
    answer = make(max_tokens=16).with_structured_output(Boat, include_raw=True).invoke(long_name)
    assert isinstance(answer["raw"], AIMessage)
    assert answer["parsed"] is None
    assert answer["parsing_error"] is not None


LONG = ASK.replace("Red Boat", "Red Boat of the Northern Sea, " * 10) + " As JSON with the keys name, length."


@pytest.mark.parametrize("method", ["function_calling", "json_schema", "json_mode", None])
@pytest.mark.parametrize("schema", [Boat, SCHEMA], ids=["class", "JSON schema"])
def test_an_answer_that_met_its_limit_raises(make: Callable[..., ChatSeaCloud], method: Any, schema: Any) -> None:
    """langchain-core completes the JSON: it would be data with half a name, or `{}`."""
    model = make(max_tokens=16)
    chain = model.with_structured_output(schema, method=method)
    for ask in (chain.invoke, lambda question: list(chain.stream(question))):
        with pytest.raises(OutputParserException, match=r"met its limit.*raise max_tokens"):
            ask(LONG)
    told = model.with_structured_output(schema, method=method, include_raw=True).invoke(LONG)
    assert told["parsed"] is None
    assert "raise max_tokens" in str(told["parsing_error"])


@pytest.mark.parametrize("finish", INCOMPLETE)
def test_what_responses_says_of_a_limit_is_one(finish: str) -> None:
    facts = {"finish_reason": "incomplete", "incomplete_details": {"reason": finish}}
    message = AIMessage('{"city": "Oslo"}', response_metadata=facts)
    if INCOMPLETE[finish] is Finish.LENGTH:
        with pytest.raises(OutputParserException, match="met its limit"):
            text_parser(Place).invoke(message)
    elif INCOMPLETE[finish] is Finish.CONTENT_FILTER:
        with pytest.raises(OutputRefusedError):
            text_parser(Place).invoke(message)
    else:
        assert text_parser(Place).invoke(message) == Place(city="Oslo")


@pytest.mark.parametrize("schema", [Place, {"title": "Place", "type": "object"}], ids=["class", "JSON schema"])
def test_a_text_that_breaks_off_raises(schema: Any) -> None:
    """Where a gateway does not say so either. Words behind the JSON are no harm, nor is a fence around it."""
    parser = text_parser(schema)
    for whole in ('{"city": "Oslo"}', ' ```json\n{"city":\n"Oslo"}\n``` ', '{"city": "Oslo"}\nThat is all.'):
        parsed = parser.invoke(AIMessage(whole))
        assert (parsed if isinstance(parsed, dict) else parsed.model_dump()) == {"city": "Oslo"}
    with pytest.raises(OutputParserException, match="no whole JSON"):
        parser.invoke(AIMessage('{"city": "Os', response_metadata={"finish_reason": "stop"}))


class Loud(BaseModel):
    """A name in capitals."""

    name: str

    @field_validator("name")
    @classmethod
    def _check(cls, value: str) -> str:
        if value != value.upper():
            raise ValueError("it must be in capitals")
        return value


@methods
async def test_a_streamed_answer_that_is_not_valid_raises(model: ChatSeaCloud, method: Method) -> None:
    chain = model.with_structured_output(Loud, method=method)
    with pytest.raises(ValueError, match="in capitals"):
        list(chain.stream(ASK))
    with pytest.raises(ValueError, match="in capitals"):
        [step async for step in chain.astream(ASK)]


def put_together(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """A stream's dicts as one: the pieces of the message add up, and what was read of it is what was read last."""
    raw = functools.reduce(operator.add, [step["raw"] for step in steps if "raw" in step])
    return {**{name: value for step in steps for name, value in step.items()}, "raw": raw}


@methods
async def test_a_stream_with_include_raw_tells_what_is_wrong(model: ChatSeaCloud, method: Method) -> None:
    chain = model.with_structured_output(Loud, method=method, include_raw=True)
    for answer in (put_together(list(chain.stream(ASK))), put_together([step async for step in chain.astream(ASK)])):
        assert isinstance(answer["raw"], AIMessage)
        assert answer["parsed"] is None
        assert "in capitals" in str(answer["parsing_error"])
    good = put_together(list(model.with_structured_output(Boat, method=method, include_raw=True).stream(ASK)))
    assert isinstance(good["parsed"], Boat)
    assert good["parsing_error"] is None


@methods
async def test_a_stream_with_include_raw_grows(model: ChatSeaCloud, method: Method) -> None:
    chain = model.with_structured_output(SCHEMA, method=method, include_raw=True)
    for steps in (list(chain.stream(ASK)), [step async for step in chain.astream(ASK)]):
        assert sum("raw" in step for step in steps) > 1
        parsed = [step["parsed"] for step in steps if "parsed" in step]
        assert len(parsed) > 2
        assert (
            put_together(steps)["parsed"]
            == parsed[-1]
            == model.with_structured_output(SCHEMA, method=method).invoke(ASK)
        )
        assert "parsing_error" in steps[-1]


BARE = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
NAMED = {"name": "boat", "description": "A boat.", "schema": BARE, "strict": True}


@methods
@pytest.mark.parametrize(
    "form",
    [NAMED, {"type": "json_schema", "json_schema": NAMED}, {"type": "json_schema", **NAMED}],
    ids=["named", "Chat Completions", "Responses"],
)
def test_openai_s_forms_of_a_schema(
    model: ChatSeaCloud, seacloud_env: Emulator, method: Method, form: dict[str, Any]
) -> None:
    chain = model.with_structured_output(form, method=method)
    assert chain.invoke(ASK) == list(chain.stream(ASK))[-1] == {"name": "Red Boat"}
    bound: Any = chain
    said = bound.first.kwargs
    facts = said["response_format"]["json_schema"] if "response_format" in said else said["tools"][0]["function"]
    assert (facts["name"], facts["description"], facts["strict"]) == ("boat", "A boat.", True)


def test_other_tools_beside_the_answer_s(model: ChatSeaCloud, seacloud_env: Emulator) -> None:
    other = {"name": "look", "description": "Looks.", "parameters": {"type": "object", "properties": {}}}
    boat = model.with_structured_output(Boat, method="function_calling", tools=[other]).invoke(ASK)
    assert isinstance(boat, Boat)
    assert len(seacloud_env.requests[-1].json["tools"]) == 2


def look(place: str) -> str:
    """Looks at a place."""
    return place


@pytest.mark.parametrize("schema", [Boat, SCHEMA], ids=["class", "JSON schema"])
@pytest.mark.parametrize("method", ["json_schema", None])
def test_a_call_of_another_tool_is_no_answer_yet(
    model: ChatSeaCloud, seacloud_env: Emulator, schema: Any, method: Any
) -> None:
    ask = 'Use the tool look for the place "Oslo".'
    chain = model.with_structured_output(schema, method=method, tools=[look])
    assert chain.invoke(ask) is None
    assert list(chain.stream(ask)) == []
    assert seacloud_env.requests[-1].json["tools"]
    raw = model.with_structured_output(schema, method=method, tools=[look], include_raw=True)
    for answer in (raw.invoke(ask), put_together(list(raw.stream(ask)))):
        assert [call["name"] for call in answer["raw"].tool_calls] == ["look"]
        assert answer["parsed"] is None
        assert answer["parsing_error"] is None


@pytest.mark.parametrize("schema", [Place, {"title": "Place", "type": "object"}], ids=["class", "JSON schema"])
def test_words_before_a_call_are_no_answer_either(schema: Any) -> None:
    calls: Any = [{"name": "look", "args": {}, "id": "c"}]
    assert text_parser(schema).invoke(AIMessage("Let me look.", tool_calls=calls)) is None
    whole = text_parser(schema).invoke(AIMessage('{"city": "Oslo"}', tool_calls=calls))
    assert (whole if isinstance(whole, dict) else whole.model_dump()) == {"city": "Oslo"}
    broken: Any = [{"name": "look", "args": "{", "id": "c", "error": None, "type": "invalid_tool_call"}]
    with pytest.raises(OutputParserException, match="no whole JSON"):
        text_parser(schema).invoke(AIMessage("", invalid_tool_calls=broken))
    cut = {"finish_reason": "length"}
    with pytest.raises(OutputParserException, match="met its limit"):
        text_parser(schema).invoke(AIMessage("", tool_calls=calls, response_metadata=cut))


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_other_tools_are_bound_as_plain_json(make: Callable[..., ChatSeaCloud], method: Any) -> None:
    """They are traced, and the cache knows a call by them: a function's own repr has an address in it."""
    bound: Any = make().with_structured_output(SCHEMA, method=method, tools=[look])
    (described,) = bound.first.kwargs["tools"]
    assert described["function"]["name"] == "look"
    assert json.loads(json.dumps(bound.first.kwargs)) == bound.first.kwargs


def test_the_default_is_the_provider_s_own(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    bound: Any = make().with_structured_output(Boat)
    assert "response_format" in bound.first.kwargs
    assert bound.first.kwargs["response_format"]["json_schema"]["strict"] is True
    for other in (
        make().with_structured_output(Loose),  # has no strict form
        make(profile={"structured_output": False}).with_structured_output(Boat),
        make(model="unknown-model").with_structured_output(Boat),
        make().with_structured_output(Boat, strict=False),
    ):
        assert "tool_choice" in other.first.kwargs  # type: ignore[attr-defined]  # it is a sequence


def test_a_schema_without_strict_form(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    bound: Any = make().with_structured_output(Loose, method="json_schema")
    assert "strict" not in bound.first.kwargs["response_format"]["json_schema"]
    for method in ("json_schema", "function_calling"):
        with pytest.raises(InvalidInputError, match=r"any fields.*Nothing was sent"):
            make().with_structured_output(Loose, method=method, strict=True)
    assert not seacloud_env.requests


def test_unknown_method(make: Callable[..., ChatSeaCloud]) -> None:
    with pytest.raises(ValueError, match="'function_calling', 'json_schema', 'json_mode'; got 'magic'"):
        make().with_structured_output(Boat, method="magic")  # type: ignore[arg-type]


def test_json_mode(model: ChatSeaCloud) -> None:
    """Messages has no such mode: there the answer is a tool's input, which the emulator leaves empty."""
    question = f"{ASK} As JSON with the keys name, length."
    answer = model.with_structured_output(SCHEMA, method="json_mode", include_raw=True).invoke(question)
    assert isinstance(answer["parsed"], dict)
    assert set(answer["parsed"]) <= {"name", "length"}
    assert answer["raw"].text


def test_json_mode_without_a_schema(model: ChatSeaCloud) -> None:
    question = "The boat as JSON with the keys name, length."
    answer = model.with_structured_output(method="json_mode", include_raw=True).invoke(question)
    assert set(answer["parsed"]) == {"name", "length"}
    assert answer["parsing_error"] is None
    with pytest.raises(ValueError, match="only method='json_mode' takes"):
        model.with_structured_output()


REFUSALS = [
    AIMessage("", additional_kwargs={"refusal": "I cannot help with that."}, response_metadata={"request_id": "req-1"}),
    AIMessage("I cannot help with that.", response_metadata={"finish_reason": "refusal", "request_id": "req-1"}),
    AIMessage("I cannot help with that.", response_metadata={"finish_reason": "content_filter", "request_id": "req-1"}),
]


@pytest.mark.parametrize("message", REFUSALS)
@pytest.mark.parametrize("schema", [Boat, SCHEMA])
@pytest.mark.parametrize("kind", ["text", "call"])
def test_a_refusal_raises(message: AIMessage, schema: Any, kind: str) -> None:
    parser = text_parser(schema) if kind == "text" else call_parser(schema, "Boat")
    with pytest.raises(OutputRefusedError, match="I cannot help with that") as raised:
        parser.invoke(message)
    assert raised.value.request_id == "req-1"
    assert not raised.value.is_retryable


@pytest.mark.parametrize(
    ("question", "method"), [("[refuse]", "function_calling"), ("[refuse]", "json_schema"), ("[filter]", "json_schema")]
)
def test_a_refusal_raises_also_in_a_stream(model: ChatSeaCloud, question: str, method: Method) -> None:
    """It is `OutputRefusedError`, and not what newer versions of langchain-core raise at its first words."""
    chain = model.with_structured_output(Boat, method=method)
    for ask in (chain.invoke, lambda text: list(chain.stream(text))):
        with pytest.raises(OutputRefusedError) as raised:
            ask(question)
        assert raised.value.request_id


@pytest.mark.parametrize("finish", ["content_filter: PROHIBITED_CONTENT", "SAFETY", "sensitive", "refusal"])
def test_what_a_vendor_calls_a_refusal_is_one(finish: str) -> None:
    """Gemini's words, and Z.ai's: the client's own table has them."""
    message = AIMessage("", response_metadata={"finish_reason": finish})
    for parser in (call_parser(Boat, "Boat"), text_parser(Boat)):
        with pytest.raises(OutputRefusedError, match=finish):
            parser.invoke(message)


@pytest.mark.parametrize("finish", ["max_tokens", "MAX_TOKENS", "model_length", "incomplete"])
def test_what_a_vendor_calls_its_limit_is_one(finish: str) -> None:
    """Responses' `incomplete` too, where it does not say why."""
    message = AIMessage('{"city": "Oslo"}', response_metadata={"finish_reason": finish})
    with pytest.raises(OutputParserException, match="met its limit"):
        text_parser(Place).invoke(message)


def test_a_call_that_the_provider_could_not_read_is_its_failure() -> None:
    """Gemini tells of a malformed call that way, and has nothing else in its answer."""
    facts = {"finish_reason": "function_call_filter: MALFORMED_FUNCTION_CALL"}
    with pytest.raises(OutputParserException, match=r"provider failed.*MALFORMED_FUNCTION_CALL.*ask again"):
        call_parser(Boat, "Boat").invoke(AIMessage("", response_metadata=facts))


@pytest.mark.parametrize("schema", [Boat, SCHEMA])
def test_a_call_that_does_not_parse_raises(schema: Any) -> None:
    call = {"name": "Boat", "args": '{"name": "Red', "id": "c", "error": None, "type": "invalid_tool_call"}
    message = AIMessage("", invalid_tool_calls=[call], response_metadata={"finish_reason": "length"})
    with pytest.raises(OutputParserException, match="raise max_tokens"):
        call_parser(schema, "Boat").invoke(message)


@pytest.mark.parametrize("schema", [Boat, SCHEMA])
@pytest.mark.parametrize("calls", [[], [{"name": "Other", "args": {}, "id": "c"}]], ids=["no call", "another's"])
def test_an_answer_without_the_call_raises(schema: Any, calls: list[Any]) -> None:
    message = AIMessage("I would rather talk of it.", tool_calls=calls)
    with pytest.raises(OutputParserException, match=r"did not call the tool 'Boat'.*I would rather"):
        call_parser(schema, "Boat").invoke(message)


def test_a_model_that_thinks_may_not_call(seacloud_env: Emulator) -> None:
    """A provider does not let it be forced then, so it may answer in words; nobody is handed a `None` for that."""
    thinking: Any = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4096}
    model = ChatSeaCloud(model="claude-sonnet-4-5", **thinking)
    chain = model.with_structured_output(Page[int], method="function_calling")
    raw = model.with_structured_output(Page[int], method="function_calling", include_raw=True)
    with pytest.warns(UserWarning, match="may answer without a call"):
        answer = raw.invoke("Good morning!")
    assert answer["parsed"] is None
    assert "did not call" in str(answer["parsing_error"])
    with pytest.warns(UserWarning, match="may answer"), pytest.raises(OutputParserException, match="did not call"):
        list(chain.stream("Good morning!"))


def test_nulls_of_the_strict_form_are_no_values_of_a_call() -> None:
    """A field with a factory has no default in the schema, so the strict form lets the model say `null` for it."""
    message = AIMessage("", tool_calls=[{"name": "Page_int_", "args": {"first": 1, "more": None}, "id": "c"}])
    assert call_parser(Page[int], "Page_int_").invoke(message) == Page[int](first=1)


def test_an_empty_call_may_be_a_value() -> None:
    class Counts(RootModel[dict[str, int]]):
        """How many of each."""

    message = AIMessage("", tool_calls=[{"name": "Counts", "args": {}, "id": "c"}])
    assert call_parser(Counts, "Counts").invoke(message) == Counts({})
