"""Contracts: what they say of a parameter is what the queue does with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from seacloud_emulator.contracts_api import contract_of
from seacloud_emulator.endpoints import MODELS, check_parameters
from seacloud_emulator.refusals import Refusal

MODEL_LIST = "/contracts/api/v1/skill/models"
CONTRACTS = "/contracts/api/v1/skill/model-contracts"
ADDRESS = "https://x.example/a.png"
WRONG_TYPES = {"string": 3, "integer": "3", "array": {}}


def values(schema: dict[str, Any]) -> Iterator[tuple[Any, bool]]:
    """Values at the edges of a JSON Schema, and whether it allows them (draft 2020-12, validation vocabulary)."""
    kind = schema["type"]
    yield WRONG_TYPES[kind], False
    yield None, False
    yield from ((value, True) for value in (*schema.get("enum", ()), schema.get("default")) if value is not None)
    if kind == "integer":
        yield True, False
        yield 1.5, False
        yield from ((schema[word] + step, step * sign >= 0) for word, sign, step in STEPS if word in schema)
    elif kind == "array":
        assert schema["items"] == {"type": "string", "format": "uri"}
        yield ["no address"], False
        yield [], schema.get("minItems", 0) == 0
        yield [ADDRESS] * schema["maxItems"], True
        yield [ADDRESS] * (schema["maxItems"] + 1), False
    elif "enum" in schema:
        yield "something else", False
    elif "format" in schema:
        yield ADDRESS, True
        yield "no address", False
    else:
        yield "", schema.get("minLength", 0) == 0
        yield "x" * schema["maxLength"], True
        yield "x" * (schema["maxLength"] + 1), False


STEPS = (("minimum", 1, 0), ("minimum", 1, -1), ("maximum", -1, 0), ("maximum", -1, 1))

ROWS = [
    (endpoint, name, value, allowed)
    for endpoint, model in MODELS.items()
    for name, schema in contract_of(endpoint, model)["input_schema"]["properties"].items()
    for value, allowed in values(schema)
]


def least(endpoint: str) -> dict[str, Any]:
    """The required parameters alone."""
    schema = contract_of(endpoint, MODELS[endpoint])["input_schema"]
    return {name: ADDRESS if "format" in schema["properties"][name] else "a cat" for name in schema["required"]}


def is_taken(endpoint: str, parameters: dict[str, Any]) -> bool:
    try:
        check_parameters(endpoint, parameters)
    except Refusal:
        return False
    return True


def test_each_value_is_taken_if_the_contract_allows_it_and_refused_if_not():
    assert len(ROWS) > 150
    wrong = [
        (endpoint, name, str(value)[:40])
        for endpoint, name, value, allowed in ROWS
        if is_taken(endpoint, {**least(endpoint), name: value}) is not allowed
    ]
    assert wrong == []


@pytest.mark.parametrize("endpoint", MODELS)
def test_what_is_required_and_what_is_unknown(endpoint):
    schema = contract_of(endpoint, MODELS[endpoint])["input_schema"]
    assert is_taken(endpoint, least(endpoint))
    for name in schema["required"]:
        assert not is_taken(endpoint, {key: value for key, value in least(endpoint).items() if key != name})
    assert schema["additionalProperties"] is False
    assert not is_taken(endpoint, {**least(endpoint), "no_such_parameter": 1})


@pytest.mark.parametrize("endpoint", MODELS)
def test_the_paths_of_a_contract_lead_to_the_queue(seacloud_emulator, http, endpoint):
    seacloud_emulator.configure(queue_seconds=60)
    contract = http.get(f"{CONTRACTS}/{endpoint}").json()["data"]
    submit = contract["endpoints"]["submit"]
    created = http.request(submit["method"], submit["path"], json=least(endpoint)).json()
    for step, key in (("status", "status_url"), ("result", "response_url"), ("cancel", "cancel_url")):
        path = contract["endpoints"][step]["path"].replace("{request_id}", created["request_id"])
        assert created[key].endswith(path)
        answer = http.request(contract["endpoints"][step]["method"], path)
        assert answer.status_code in {200, 202}


def test_the_wrapping_and_what_a_contract_has(http):
    answer = http.get(f"{CONTRACTS}/gpt_image_2")
    assert set(answer.json()) == {"data", "status"}
    assert answer.json()["status"]["code"] == 200
    contract = answer.json()["data"]
    assert contract["schema_version"] == "model-contract.v1"
    assert (contract["model_id"], contract["kind"], contract["protocol"]) == ("gpt_image_2", "image", "queue")
    assert contract["input_schema"]["properties"]["size"]["enum"][0] == "1024x1024"
    assert contract["input_schema"]["required"] == ["prompt"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?type=video", {"pixverse_v6_t2v", "wan26_i2v"}),
        ("?type=audio", {"emulator_melody"}),
        ("?type=llm", {"gpt-4.1", "gpt-5.5"}),
        ("?provider=openai", {"gpt_image_2", "gpt-4.1", "gpt-5.5"}),
        ("?keywords=WAN", {"wan26_i2v"}),
        ("?type=image&keywords=any+size", {"flux_2_pro"}),
        ("?keywords=nothing+of+the+kind", set()),
        ("?type=&provider=&keywords=", {*MODELS, "gpt-4.1", "gpt-5.5"}),
    ],
)
def test_the_catalogue_is_narrowed(http, query, found):
    data = http.get(MODEL_LIST + query).json()["data"]
    assert {model["id"] for model in data["models"]} == found
    assert data["total"] == len(found)


def test_the_catalogue_has_pages(http):
    whole = http.get(MODEL_LIST).json()["data"]["models"]
    pages = [http.get(f"{MODEL_LIST}?page={page}&page_size=4").json()["data"] for page in (1, 2, 3, 4)]
    assert [len(page["models"]) for page in pages] == [4, 4, 1, 0]
    assert [model for page in pages for model in page["models"]] == whole
    assert {(page["total"], page["total_pages"], page["page_size"]) for page in pages} == {(9, 3, 4)}


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (f"{CONTRACTS}/no_such_model", 404, "model contract not found: no_such_model"),
        (f"{MODEL_LIST}?page=0", 400, "page must be a positive integer"),
        (f"{MODEL_LIST}?page_size=x", 400, "page_size must be a positive integer"),
    ],
)
def test_refusals_are_wrapped_too(http, path, status, message):
    answer = http.get(path)
    assert answer.status_code == status
    assert answer.json() == {"data": None, "status": {"code": status, "message": message}}


def test_a_key_is_needed(http):
    for path in (MODEL_LIST, f"{CONTRACTS}/gpt_image_2"):
        del http.headers["authorization"]
        assert http.get(path).status_code == 401
        http.headers["authorization"] = "Bearer sk-invalid"
        assert http.get(path).status_code == 403


def test_every_parameter_is_described():
    for model in MODELS.values():
        for parameter in model.parameters.values():
            assert re.fullmatch(r"[A-Z].*\.", parameter.description)
