"""The target that reads contracts: any JSON as a contract, and any JSON as arguments for it.

An input is one JSON object with a `contract` and `arguments`.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json
from seacloud_client.contract_problems import MAX_EXPECTED, MAX_PROBLEMS, MAX_VALUE
from seacloud_client.contract_schemas import MAX_NODES
from seacloud_client.contracts import Contract
from seacloud_client.errors import ConfigurationError, InvalidInputError

from fuzz.reading import check_error
from fuzz.reference_schema import is_plain, is_valid

MAX_LINE = MAX_EXPECTED + 4 * MAX_VALUE + 1200
"""Characters of the longest line about a problem: what was expected, what was given, and the place, which is a path."""

SEEDS: tuple[Any, ...] = (
    {
        "contract": {
            "schema_version": "model-contract.v1",
            "model_id": "m",
            "display_name": "M",
            "kind": "image",
            "protocol": "queue",
            "input_schema": {
                "type": "object",
                "required": ["prompt"],
                "additionalProperties": False,
                "properties": {
                    "prompt": {"type": "string", "minLength": 1, "maxLength": 9, "description": "What is made."},
                    "n": {"type": "integer", "minimum": 1, "maximum": 4, "default": 1, "multipleOf": 1},
                    "size": {"enum": ["1:1", "16:9"], "default": "1:1"},
                    "strength": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
                    "image_urls": {"type": "array", "items": {"type": "string", "format": "uri"}, "maxItems": 2},
                    "on": {"type": ["boolean", "null"]},
                    "more": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
                },
            },
        },
        "arguments": {"prompt": "a cat", "n": 2.0, "size": "1:1", "strength": 0.5, "image_urls": ["https://a.test"]},
    },
    {"contract": {"data": {"inputSchema": {"properties": {"a": {"const": 1}}}}}, "arguments": {"a": 1.0, "b": None}},
    {
        "contract": {
            "type": "object",
            "properties": {
                "tree": {"$ref": "#/$defs/T"},
                "any": {"anyOf": [{"type": "integer", "min": 3}, {"type": "null"}]},
                "all": {"allOf": [{"$ref": "#/$defs/T"}], "description": "x"},
                "pattern": {"type": "string", "pattern": "^a+$", "min_length": 2},
                "enum": {"type": ["integer", "string", "null"], "enum": [1, "a", None, [1], {"b": 2}]},
                "class": {"type": "array", "min_items": 1, "items": {"type": ["number", "object"]}},
            },
            "$defs": {"T": {"type": "object", "properties": {"in": {"$ref": "#/$defs/T"}, "x": {"type": "number"}}}},
            "required": ["any", "other"],
        },
        "arguments": {"tree": {"in": {"x": 1}}, "any": 4, "pattern": "aa", "enum": [1.0], "class": [{}, 1], "other": 1},
    },
)


def check_contract(data: bytes) -> None:
    """A contract is read or refused, and holds arguments to what it says; all of it bounded."""
    try:
        both = from_json(data)
    except ValueError:
        return
    if not isinstance(both, dict):
        return
    given = both.get("contract")
    source: Any = given if isinstance(given, dict) else json.dumps(given)
    try:
        contract = Contract.from_json(source)
    except ConfigurationError as error:
        check_error(error)
        return
    shown = contract.json_schema()
    assert len(json.dumps(shown, allow_nan=False)) <= 200 * MAX_NODES + 20 * len(data)
    assert shown["type"] == "object"
    assert len(contract.notes) <= 100
    assert all("\n" not in name for name in (contract.parameters_model.__name__,))
    assert repr(pickle.loads(pickle.dumps(contract)).json_schema()) == repr(shown)  # noqa: S301  # what was pickled here
    arguments = both.get("arguments")
    _check_arguments(contract, arguments if isinstance(arguments, dict) else {"value": arguments})


def _check_arguments(contract: Contract, arguments: Mapping[str, Any]) -> None:
    before = repr(arguments)
    problems = contract.problems(arguments)
    assert len(problems) <= MAX_PROBLEMS + 1
    for line in problems:
        assert 0 < len(line) <= MAX_LINE
        assert len(line.splitlines()) == 1
    sent, refusal = _checked(contract, arguments)
    if sent is None:
        assert problems or "cannot be written as JSON" in refusal
    else:
        assert problems == ()
        assert sent.keys() >= arguments.keys()
        assert repr(contract.check(sent)) == repr(sent), "what was checked is changed when it is checked again"
    assert repr(arguments) == before, "checking changed what was checked"
    schema = {"type": "object", **contract.input_schema}
    if not contract.notes and is_plain(schema, arguments):
        assert (problems == ()) == is_valid(arguments, schema), "JSON Schema has it otherwise"


def _checked(contract: Contract, arguments: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """What is sent, or why nothing is."""
    try:
        return contract.check(arguments), ""
    except InvalidInputError as error:
        check_error(error)
        return None, str(error)
