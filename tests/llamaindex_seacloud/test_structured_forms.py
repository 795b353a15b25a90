"""Structured prediction: by which way an object is asked for, and what is refused before it costs anything."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core import PromptTemplate
from llamaindex_seacloud.structured import OutputForm
from llamaindex_wire import COMPLETION, answering, body_of
from pydantic import BaseModel, RootModel
from seacloud_client.errors import InvalidInputError

PROMPT = PromptTemplate("Tell of {place}.")
WHOLE = '{"name": "Bergen", "depth": 12.5}'


class Harbour(BaseModel):
    """A harbour."""

    name: str
    depth: float


class Open(BaseModel):
    """Anything."""

    facts: dict[str, int]


def completion(message: dict[str, Any]) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return {**COMPLETION, "choices": [choice]}


def tool_call(arguments: str, name: str = "Harbour") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return completion({"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]})


@pytest.mark.parametrize("model", ["gpt-4.1", "deepseek-v3"])
@pytest.mark.parametrize("name", ["model", "model_name"])
@pytest.mark.parametrize("where", ["the call", "additional_kwargs"])
async def test_the_model_of_the_call_is_the_one_that_counts(model: str, name: str, where: str) -> None:
    """DeepSeek's models have no schemas, and would answer `response_format` with an error or as they please."""
    other = "deepseek-v3" if model == "gpt-4.1" else "gpt-4.1"
    call = {name: model} if where == "the call" else None
    more = {} if call else {"additional_kwargs": {name: model}}
    answer = tool_call(WHOLE) if model == "deepseek-v3" else completion({"content": WHOLE})
    llm, requests = answering(answer, model=other, **more)
    assert llm.structured_predict(Harbour, PROMPT, llm_kwargs=call, place="Bergen").name == "Bergen"
    assert (await llm.astructured_predict(Harbour, PROMPT, llm_kwargs=call, place="Bergen")).name == "Bergen"
    for body in map(body_of, requests):
        assert body["model"] == model
        assert ("tools" in body, "response_format" in body) == (model == "deepseek-v3", model == "gpt-4.1")


class Harbours(RootModel[list[Harbour]]):
    """Several harbours."""


@pytest.mark.parametrize("model", ["gpt-4.1", "deepseek-v3"])
async def test_a_list_is_refused_before_it_costs_anything(model: str) -> None:
    llm, requests = answering(completion({"content": "[]"}), model=model)
    expected = "Harbours is no JSON object but of the type array.*Nothing was sent"
    with pytest.raises(InvalidInputError, match=expected):
        llm.structured_predict(Harbours, PROMPT, place="Bergen")
    with pytest.raises(InvalidInputError, match=expected):
        list(llm.stream_structured_predict(Harbours, PROMPT, place="Bergen"))
    with pytest.raises(InvalidInputError, match=expected):
        await llm.as_structured_llm(Harbours).acomplete("Tell of Bergen.")
    with pytest.raises(InvalidInputError, match=expected):
        llm.complete("Tell of Bergen.", response_format=Harbours)
    assert not requests


class Depths(RootModel[dict[str, float]]):
    """The depths of harbours."""


def test_a_root_that_is_an_object_is_none_the_less() -> None:
    llm, _ = answering(tool_call('{"Bergen": 12.5}', "Depths"))
    assert llm.structured_predict(Depths, PROMPT, place="Bergen") == Depths({"Bergen": 12.5})


def test_a_class_is_a_response_format_of_a_call() -> None:
    llm, requests = answering(completion({"content": WHOLE}))
    form = OutputForm(Harbour, is_native=True)
    assert Harbour.model_validate_json(llm.complete("Tell of Bergen.", response_format=Harbour).text)
    assert body_of(requests[0])["response_format"] == form.kwargs(None)["response_format"]


def test_what_is_no_form_is_refused() -> None:
    llm, requests = answering(completion({"content": WHOLE}), strict=True)
    with pytest.raises(InvalidInputError, match=r"response_format must be a dict .*Nothing was sent"):
        llm.complete("Tell of Bergen.", response_format="json")
    with pytest.raises(InvalidInputError, match=r"Open cannot be strict.*Nothing was sent"):
        llm.complete("Tell of Bergen.", response_format=Open)
    assert not requests
