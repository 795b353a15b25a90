"""The tables of the documentation hold what there is: errors, settings, variables, extras."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import seacloud_client.errors
from documents import DOCS, ROOT, named_in, tables_of
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool, BaseToolkit
from langchain_seacloud import ChatSeaCloud, SeaCloudGenerationTool, SeaCloudToolkit
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llamaindex_seacloud import SeaCloud, SeaCloudToolSpec
from pydantic import BaseModel
from seacloud_client import Catalogue, Chat, Queue, Tool, catalogue, queue, settings
from seacloud_client.conversation import OutputSchema, ToolChoice
from seacloud_client.errors import InvalidInputError
from seacloud_client.pool import ENVIRONMENT
from seacloud_client.simple_chat import ClientOptions, RequestOptions

if sys.version_info >= (3, 11):
    import tomllib

Table = list[list[str]]

VARIABLES, CONNECTION, REQUEST, TASK = tables_of(DOCS / "settings.md")
MODELS = ("Chat", "ChatSeaCloud", "SeaCloud")
TOOLS = ("SeaCloudGenerationTool", "SeaCloudToolkit", "SeaCloudToolSpec")
ALL = (*MODELS, *TOOLS, "Queue", "Catalogue")
GROUPS = {"all": ALL, "chat models": MODELS, "tools": TOOLS, "calls": ("calls",)}
PROTOCOLS = {"Chat Completions": "chat_completions", "Responses": "responses", "Messages": "messages"}

TOOL = Tool("weather", "Tells the weather.", {"type": "object", "properties": {}})
SAMPLES: dict[str, Any] = {
    "max_tokens": 7,
    "temperature": 0.5,
    "top_p": 0.5,
    "top_k": 3,
    "stop": ["end"],
    "seed": 1,
    "n": 2,
    "frequency_penalty": 0.5,
    "presence_penalty": 0.5,
    "logit_bias": {"1": 1},
    "logprobs": True,
    "top_logprobs": 2,
    "tools": [TOOL],
    "tool_choice": ToolChoice("required"),
    "parallel_tool_calls": False,
    "output": OutputSchema("form", {"type": "object", "properties": {}, "additionalProperties": False}),
    "reasoning_effort": "low",
    "reasoning": {"effort": "low"},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "verbosity": "low",
    "modalities": ["text", "audio"],
    "audio": {"voice": "alloy", "format": "wav"},
    "prediction": {"type": "content", "content": "so"},
    "store": True,
    "previous_response_id": "resp_1",
    "include": ["reasoning.encrypted_content"],
    "truncation": "auto",
    "service_tier": "auto",
    "metadata": {"label": "a"},
    "user": "someone",
    "safety_identifier": "someone",
    "prompt_cache_key": "key",
    "cache_control": {"type": "ephemeral"},
    "stream_usage": False,
    "extra_body": {"a": 1},
    "extra_headers": {"X-A": "b"},
    "extra_query": {"a": "b"},
}
"""A value of each parameter that makes a difference."""


def meant_by(cell: str) -> set[str]:
    """The classes that a cell names, one by one or as a group."""
    words, _, but = cell.partition(" but ")
    named = set(named_in(words))
    for group in re.split(r", ", re.sub(r"`[^`]+`(, )?", "", words)):
        named |= set(GROUPS[group.strip()]) if group.strip() else set()
    return named - set(named_in(but))


def settings_of(*tables: Table) -> dict[str, set[str]]:
    """For each class, what the tables say that it takes; the last column of each names the classes."""
    taken: dict[str, set[str]] = {name: set() for name in (*ALL, "calls")}
    for row in (row for table in tables for row in table[1:]):
        for owner in meant_by(row[-1]):
            taken[owner] |= set(named_in(row[0]))
    return taken


def own_fields(model: type[BaseModel], *frameworks: type[BaseModel]) -> set[str]:
    return set(model.model_fields) - {name for base in frameworks for name in base.model_fields}


NOT_LISTED = {"model", "models", "options"}
"""What each takes first: there is nothing to look up."""

TAKEN: dict[str, set[str]] = {
    "Chat": {*ClientOptions.__annotations__, *RequestOptions.__annotations__},
    "ChatSeaCloud": own_fields(ChatSeaCloud, BaseChatModel),
    "SeaCloud": own_fields(SeaCloud, FunctionCallingLLM),
    "SeaCloudGenerationTool": own_fields(SeaCloudGenerationTool, BaseTool) | {"name", "description", "args_schema"},
    "SeaCloudToolkit": own_fields(SeaCloudToolkit, BaseToolkit),
    "SeaCloudToolSpec": set(signature(SeaCloudToolSpec).parameters),
    "Queue": set(signature(Queue).parameters),
    "Catalogue": set(signature(Catalogue).parameters),
    "calls": {*queue.Waiting.__annotations__, *queue.Watching.__annotations__, *queue.Running.__annotations__},
}


@pytest.mark.parametrize("owner", TAKEN)
def test_every_setting_has_its_row(owner: str) -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    told = settings_of(CONNECTION, REQUEST, TASK)[owner]
    prose = "\n".join(line for line in text.splitlines() if not line.startswith("|"))
    beside = {name for name in TAKEN[owner] - told if f"`{name}`" in prose and f"`{owner}`" in prose}
    assert told | beside == TAKEN[owner] - NOT_LISTED


def test_the_defaults_are_those_of_the_code() -> None:
    told = {row[0].strip("`"): row[1] for row in CONNECTION[1:]}
    assert told["timeout"] == f"{settings.DEFAULT_TIMEOUT:g} s" == f"{queue.DEFAULT_TIMEOUT:g} s"
    assert told["request_timeout"] == f"{queue.DEFAULT_REQUEST_TIMEOUT:g} s"
    assert f"({catalogue.DEFAULT_TIMEOUT:g} s there)" in next(row[2] for row in CONNECTION if row[0] == "`timeout`")
    assert told["max_retries"] == str(settings.DEFAULT_MAX_RETRIES)
    assert told["max_reply_bytes"] == f"{settings.MAX_REPLY_BYTES // 2**20} MiB"
    assert told["max_event_bytes"] == f"{settings.MAX_EVENT_BYTES // 2**20} MiB"
    assert told["max_connections"] == str(queue.MAX_CONNECTIONS)
    for name, default in told.items():
        if re.fullmatch(r"`[^`]+`", default) and name in signature(Queue).parameters:
            assert str(signature(Queue).parameters[name].default) == default.strip("`"), name
    for owner, cls in (("SeaCloudToolSpec", SeaCloudToolSpec), ("SeaCloudToolkit", SeaCloudToolkit)):
        parameters = signature(cls).parameters
        for row in TASK[1:]:
            for name in set(named_in(row[0])) & parameters.keys() if owner in meant_by(row[-1]) else ():
                said = re.sub(r"`(\w+)` in LangChain, `(\w+)` in LlamaIndex", _own(owner), row[1]).strip("`")
                assert said in {"none", "any number", str(parameters[name].default)}, (owner, name)


def _own(owner: str) -> str:
    return r"\2" if owner == "SeaCloudToolSpec" else r"\1"


def rows_of_the_request() -> Iterator[Any]:
    head = REQUEST[0]
    for row in REQUEST[1:]:
        for name in named_in(row[0]):
            for column, cell in zip(head[2:5], row[2:5], strict=True):
                yield pytest.param(name, PROTOCOLS[column], cell, id=f"{name}-{PROTOCOLS[column]}")


@pytest.mark.parametrize(("name", "protocol", "said"), list(rows_of_the_request()))
def test_what_a_protocol_makes_of_a_parameter(name: str, protocol: str, said: str) -> None:
    assert what_becomes_of(name, protocol) == said


def what_becomes_of(name: str, protocol: str) -> str:
    encode = import_module(f"seacloud_client.protocols.{protocol}.encode").encode
    base = {"tools": [TOOL]} if name in {"tool_choice", "parallel_tool_calls"} else {}
    chat = Chat("some-model", api_key="a-key")
    with_it = chat.request("Hello", **base, **{name: SAMPLES[name]})
    if name in {"extra_headers", "extra_query"}:  # they are no part of the body, and the client adds them to any
        return "yes" if getattr(with_it, name) == SAMPLES[name] else "left out"
    try:
        body = encode(with_it, True)
    except InvalidInputError as error:
        return "refused" if "Nothing was sent." in str(error) else str(error)
    return "left out" if body == encode(chat.request("Hello", **base), True) else "yes"


def test_every_example_has_its_row() -> None:
    told = {name for row in tables_of(DOCS / "examples.md")[0][1:] for name in named_in(row[0])}
    examples = ROOT / "examples"
    assert told == {path.name for path in examples.glob("*.py")} | {"bulk/"}
    text = (DOCS / "examples.md").read_text(encoding="utf-8")
    assert all(f"`{path.name}`" in text for path in (examples / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("number", range(3))
def test_what_one_moves_over_to_is_there(number: int) -> None:
    table = tables_of(DOCS / "moving.md")[number]
    cls = {"ChatSeaCloud": ChatSeaCloud, "SeaCloud": SeaCloud}[named_in(table[0][1])[0]]
    known = {*cls.model_fields, *RequestOptions.__annotations__, "content_blocks"}
    used = {found[1] for row in table[1:] for code in named_in(row[1]) if (found := re.match(r"([a-z_]+)(=|$)", code))}
    assert len(used) > 3
    assert used <= known


def test_the_other_names_that_are_taken_too() -> None:
    row = next(row for row in tables_of(DOCS / "moving.md")[0] if row[1] == "taken too")
    given = {"max_completion_tokens": 7, "model_name": "gpt-4.1", "stop_sequences": ["end"]}
    assert set(named_in(row[0])) == given.keys()
    model = ChatSeaCloud.model_validate({**given, "api_key": "a-key"})
    assert (model.max_tokens, model.model, model.stop) == (7, "gpt-4.1", ["end"])


def test_every_variable_has_its_row() -> None:
    found = {
        node.value
        for path in sorted((ROOT / "libs").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"SEACLOUD_\w+", node.value)
    }
    told = {name for row in VARIABLES[1:] for name in named_in(row[0])}
    assert told == found | {name for name in ENVIRONMENT if name.isupper()}
    assert f"`{settings.DEFAULT_ROOT}`" in next(row[2] for row in VARIABLES if "SEACLOUD_BASE_URL" in row[0])


def test_every_error_has_its_row() -> None:
    rows = [row for table in tables_of(DOCS / "errors.md") for row in table]
    told = {row[0].replace("&nbsp;", "").strip("` "): row[1:] for row in rows}
    named = {name for name in told if name in seacloud_client.errors.__all__}
    assert named == set(seacloud_client.errors.__all__)
    for name in named:
        cause, remedy = told[name]
        assert len(cause) > 10, name
        assert len(remedy) > 10, name


def test_the_errors_stand_in_their_tree() -> None:
    table = next(table for table in tables_of(DOCS / "errors.md") if table[0][0] == "class")
    above: list[type] = []
    for row in table[1:]:
        depth = row[0].count("&nbsp;") // 2
        error: type = getattr(seacloud_client.errors, row[0].replace("&nbsp;", "").strip("` "))
        parent = above[depth - 1] if depth else seacloud_client.errors.SeaCloudError
        assert issubclass(error, parent), error
        assert depth == 0 or error is not parent, error
        above[depth:] = [error]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 reads no TOML by itself")
def test_every_extra_has_its_row() -> None:
    table = next(table for table in tables_of(DOCS / "index.md") if table[0][0] == "extra")
    told = {(extra, lib) for row in table[1:] for extra in named_in(row[0]) for lib in named_in(row[1])}
    assert told == {
        (extra, path.parent.name)
        for path in (ROOT / "libs").glob("*/pyproject.toml")
        for extra in metadata(path).get("optional-dependencies", {})
    }
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"`{extra}`" in readme for extra, _ in told)


def metadata(path: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    return project
