"""Tools of every kind, tool choices of every form, and output forms: what is bound, and what is sent."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, StructuredTool, tool
from langchain_seacloud import ChatSeaCloud
from langchain_seacloud.binding import read_output, read_tool, read_tool_choice, tool_choice_json, tool_json
from pydantic import BaseModel, Field
from pydantic.v1 import BaseModel as OldBaseModel
from seacloud_client.conversation import CustomTool, JsonOutput, NativeTool, OutputSchema, Tool, ToolChoice
from seacloud_client.errors import InvalidInputError
from seacloud_emulator import Emulator
from typing_extensions import TypedDict


def add(a: int, b: int) -> int:
    """Adds two numbers.

    Args:
        a: the first.
        b: the second.
    """
    return a + b


class Add(BaseModel):
    """Adds two numbers."""

    a: int = Field(description="the first")
    b: int


class OldAdd(OldBaseModel):
    """Adds two numbers."""

    a: int
    b: int


class AddDict(TypedDict):
    """Adds two numbers."""

    a: Annotated[int, ..., "the first"]
    b: int


class Tree(BaseModel):
    """Plants a tree."""

    name: str
    branches: list[Tree] = []


PARAMETERS = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
}
JSON = {"name": "add", "description": "Adds two numbers.", "parameters": PARAMETERS}


@tool
def searching(query: str) -> str:
    """Searches."""
    return query


def as_tool() -> BaseTool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is in beta
        return RunnableLambda(lambda said: said["a"]).as_tool(Add, name="add", description="Adds.")


KINDS: dict[str, tuple[Any, str]] = {
    "function": (add, "add"),
    "pydantic": (Add, "Add"),
    "pydantic 1": (OldAdd, "OldAdd"),
    "TypedDict": (AddDict, "AddDict"),
    "BaseTool": (tool(add), "add"),
    "StructuredTool": (StructuredTool.from_function(add), "add"),
    "runnable": (as_tool(), "add"),
    "JSON schema": ({"title": "add", "description": "Adds.", "type": "object", **PARAMETERS}, "add"),
    "JSON": (JSON, "add"),
    "OpenAI": ({"type": "function", "function": JSON}, "add"),
    "OpenAI flat": ({"type": "function", **JSON}, "add"),
    "Anthropic": ({"name": "add", "description": "Adds.", "input_schema": PARAMETERS}, "add"),
}


@pytest.mark.parametrize(("kind", "name"), KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("strict", [None, True, False])
def test_kinds_of_tools(kind: Any, name: str, strict: bool | None) -> None:
    described = tool_json(kind, strict=strict)
    assert tool_json(described) == described
    read = read_tool(described)
    assert isinstance(read, Tool)
    assert (read.name, read.strict) == (name, strict)
    assert read.parameters is not None
    assert "a" in read.parameters["properties"]
    if strict:
        assert read.parameters["additionalProperties"] is False


def test_what_a_tool_says_besides() -> None:
    extras = {"cache_control": {"type": "ephemeral"}, "defer_loading": True}
    anthropic = {"name": "add", "description": "Adds.", "input_schema": PARAMETERS, **extras}
    for kind in (anthropic, tool(add, extras=extras)):
        read = read_tool(tool_json(kind))
        assert isinstance(read, Tool)
        assert read.extras == extras


def test_recursive_parameters_are_kept() -> None:
    for kind in (
        Tree,
        StructuredTool.from_function(lambda **_: "", name="Tree", description="Plants.", args_schema=Tree),
    ):
        for strict in (None, True):
            read = read_tool(tool_json(kind, strict=strict))
            assert isinstance(read, Tool)
            assert read.parameters is not None
            assert "Tree" in read.parameters["$defs"]
            assert read.parameters["properties"]["branches"]["items"] == {"$ref": "#/$defs/Tree"}


@pytest.mark.parametrize(
    "native",
    [
        {"type": "web_search"},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        {"type": "mcp", "server_label": "a", "server_url": "https://a.example"},
        {"type": "namespace", "name": "a", "tools": []},
    ],
)
def test_built_in_tools_pass(native: Any) -> None:
    assert read_tool(tool_json(native)) == NativeTool(native)


@pytest.mark.parametrize(
    "custom",
    [
        {"type": "custom", "name": "run", "description": "Runs."},
        {"type": "custom", "custom": {"name": "run", "description": "Runs."}},
    ],
)
def test_custom_tools(custom: Any) -> None:
    assert read_tool(tool_json(custom)) == CustomTool("run", "Runs.")


TOOLS = [tool_json(add), tool_json({"type": "web_search"}), tool_json({"type": "bash_1", "name": "bash"})]

CHOICES: list[tuple[Any, ToolChoice | None]] = [
    (None, None),
    (False, None),
    (True, ToolChoice("required")),
    ("auto", ToolChoice("auto")),
    ("none", ToolChoice("none")),
    ("any", ToolChoice("required")),
    ("required", ToolChoice("required")),
    ("add", ToolChoice("tool", "add")),
    ("bash", ToolChoice("tool", "bash")),
    ("web_search", ToolChoice("native", native={"type": "web_search"})),
    ({"type": "function", "function": {"name": "add"}}, ToolChoice("tool", "add")),
    ({"type": "function", "name": "add"}, ToolChoice("tool", "add")),
    ({"type": "tool", "name": "add"}, ToolChoice("tool", "add")),
    ({"type": "any"}, ToolChoice("required")),
    ({"type": "auto", "disable_parallel_tool_use": True}, ToolChoice("auto")),
    ({"type": "none"}, ToolChoice("none")),
    (
        {"type": "allowed_tools", "mode": "auto", "tools": []},
        ToolChoice("native", native={"type": "allowed_tools", "mode": "auto", "tools": []}),
    ),
]


@pytest.mark.parametrize(("choice", "read"), CHOICES)
def test_tool_choices(choice: Any, read: ToolChoice | None) -> None:
    assert read_tool_choice(choice, TOOLS) == read
    assert read_tool_choice(tool_choice_json(choice, TOOLS), TOOLS) == read


@pytest.mark.parametrize("choice", ["subtract", {"type": "tool", "name": "subtract"}, {"type": "tool"}])
def test_a_choice_of_no_tool_is_told(choice: Any, make: Callable[..., ChatSeaCloud]) -> None:
    with pytest.raises(InvalidInputError, match=r"tool_choice is .* 'add'.*Nothing was sent"):
        make().bind_tools([add], tool_choice=choice)


def test_parallel_calls_can_be_forbidden_as_anthropic_does(make: Callable[..., ChatSeaCloud]) -> None:
    bound: Any = make().bind_tools([add], tool_choice={"type": "any", "disable_parallel_tool_use": True})
    assert bound.kwargs["parallel_tool_calls"] is False


@pytest.mark.parametrize(
    ("form", "read"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, JsonOutput()),
        (
            {"type": "json_schema", "json_schema": {"name": "sum", "schema": PARAMETERS}},
            OutputSchema("sum", PARAMETERS),
        ),
        ({"type": "json_schema", "name": "sum", "schema": PARAMETERS}, OutputSchema("sum", PARAMETERS)),
        (
            {"type": "json_schema", "json_schema": {"name": "sum", "schema": PARAMETERS, "strict": True}},
            OutputSchema("sum", {**PARAMETERS, "additionalProperties": False}, strict=True),
        ),
        (
            {"title": "the sum", **PARAMETERS},
            OutputSchema("the_sum", {**PARAMETERS, "additionalProperties": False}, strict=True),
        ),
    ],
)
def test_output_forms(form: Any, read: Any) -> None:
    assert read_output(form) == read


def test_an_output_form_without_schema_is_told() -> None:
    with pytest.raises(InvalidInputError, match="has no schema"):
        read_output({"type": "json_schema", "json_schema": {"name": "sum"}})


QUESTION = "Please add 2 and 3."


@pytest.mark.parametrize("kind", [add, Add, AddDict, tool(add), KINDS["OpenAI"][0], KINDS["Anthropic"][0]])
@pytest.mark.parametrize("strict", [None, True])
def test_a_call_of_each_kind(model: ChatSeaCloud, kind: Any, strict: bool | None) -> None:
    (call,) = model.bind_tools([kind], strict=strict).invoke(QUESTION).tool_calls
    assert call["args"] == {"a": 2, "b": 3}


@pytest.mark.parametrize("choice", ["any", "required", True, "searching", {"type": "tool", "name": "searching"}])
def test_forced(model: ChatSeaCloud, choice: Any) -> None:
    answer = model.bind_tools([searching], tool_choice=choice).invoke("Hello.")
    assert [call["name"] for call in answer.tool_calls] == ["searching"]


@pytest.mark.parametrize("choice", ["none", {"type": "none"}])
def test_forbidden(model: ChatSeaCloud, choice: Any) -> None:
    assert not model.bind_tools([add], tool_choice=choice).invoke(QUESTION).tool_calls


def test_one_at_a_time(model: ChatSeaCloud) -> None:
    question = "Please add 2 and 3, and search for boats."
    assert len(model.bind_tools([add, searching]).invoke(question).tool_calls) == 2
    assert len(model.bind_tools([add, searching], parallel_tool_calls=False).invoke(question).tool_calls) == 1


@pytest.mark.parametrize("tools", [[], [add]])
def test_an_output_form_besides_tools(model: ChatSeaCloud, tools: Any) -> None:
    """As `create_agent` sends it, also where there are no tools."""
    form = {"type": "json_schema", "json_schema": {"name": "sum", "schema": PARAMETERS}}
    answer = model.bind_tools(tools, response_format=form).invoke("Say something about 4 and 5.")
    assert '"a"' in answer.text


def test_force_is_softened_while_the_model_thinks(seacloud_env: Emulator) -> None:
    model = ChatSeaCloud(
        model="claude-opus-4-6",
        protocol="messages",
        thinking={"type": "enabled", "budget_tokens": 1024},
        max_tokens=4000,
    )
    with pytest.warns(UserWarning, match=r"claude-opus-4-6 refuses while it thinks.*tool_choice='auto'"):
        answer = model.bind_tools([add], tool_choice="any").invoke(QUESTION)
    assert seacloud_env.requests[-1].json["tool_choice"]["type"] == "auto"
    assert answer.tool_calls


def test_an_effort_makes_it_think_too(seacloud_env: Emulator) -> None:
    model = ChatSeaCloud(model="claude-haiku-4-5", protocol="messages", reasoning_effort="low", max_tokens=9000)
    with pytest.warns(UserWarning, match="reasoning_effort is set"):
        model.bind_tools([add], tool_choice="any").invoke(QUESTION)
    ChatSeaCloud(model="gpt-5.5", reasoning_effort="low").bind_tools([add], tool_choice="any").invoke(QUESTION)
    assert seacloud_env.requests[-1].json["tool_choice"] == "required"  # OpenAI's models take both


def test_force_is_softened_for_a_model_that_refuses_it(
    make: Callable[..., ChatSeaCloud], seacloud_env: Emulator
) -> None:
    model = make(model="claude-sonnet-5-5")
    with pytest.warns(UserWarning, match="claude-sonnet-5-5 refuses always"):
        model.bind_tools([add], tool_choice="add").invoke(QUESTION)
    assert "auto" in str(seacloud_env.requests[-1].json["tool_choice"])


def test_force_stays_where_it_is_taken(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    make().bind_tools([add], tool_choice="add").invoke(QUESTION)
    make(protocol="messages", thinking={"type": "disabled"}).bind_tools([add], tool_choice="add").invoke(QUESTION)
    assert all("auto" not in str(request.json["tool_choice"]) for request in seacloud_env.requests)


def test_invalid_calls_are_kept_and_go_back(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    """A call that broke off is told as invalid, plain and streamed, and is sent back with the result that says so."""
    question = "Please search for " + "boats on the northern sea and ships in the harbour and " * 10
    bound = make(max_tokens=16).bind_tools([searching], tool_choice="searching")
    whole = bound.invoke(question)
    streamed = None
    for chunk in bound.stream(question):
        streamed = chunk if streamed is None else streamed + chunk  # type: ignore[operator]
    assert isinstance(streamed, AIMessage)
    # A plain reply of Messages has the arguments as an object, in which nothing shows that it broke off.
    plain = [] if whole.response_metadata["protocol"] == "messages" else [whole]
    for answer in (*plain, streamed):
        assert not answer.tool_calls
        (invalid,) = answer.invalid_tool_calls
        result = ToolMessage("These are no valid arguments.", tool_call_id=invalid["id"] or "", status="error")
        assert make().invoke([HumanMessage(question), answer, result]).text


def test_every_base_tool_is_accepted() -> None:
    class Mine(BaseTool):
        name: str = "mine"
        description: str = "Does something."

        def _run(self, a: int) -> str:
            return str(a)

    read = read_tool(tool_json(Mine()))
    assert isinstance(read, Tool)
    assert read.name == "mine"
