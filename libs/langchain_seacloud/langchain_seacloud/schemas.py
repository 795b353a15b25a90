"""Schemas of every kind that LangChain's users write, as JSON schemas with a root that providers take.

langchain-core's converters make functions of schemas: of a JSON schema they keep the `properties` alone, so that one
whose root is a reference or a union loses all that it says, and where a schema refers to itself they write a value of
any type. So a JSON schema, and what is recursive, does not go through them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from langchain_core.tools import BaseTool, create_schema_from_function
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from pydantic import BaseModel
from seacloud_client.errors import InvalidInputError
from seacloud_client.strict_schemas import root_inlined

Json: TypeAlias = dict[str, Any]
ToolLike: TypeAlias = Mapping[str, Any] | type | Callable[..., Any] | BaseTool

_OF_TOOLS = ("name", "function", "toolSpec")
"""Keys that a tool's dict has, in one of the providers' forms, and a JSON schema has not."""

_TYPES = frozenset(("array", "boolean", "integer", "null", "number", "object", "string"))
_NOT_ALONE = frozenset(("$ref", "allOf", "anyOf", "oneOf", "not", "enum", "const", "items", "prefixItems"))
"""Keywords of a schema without a type that may be another's than an object's."""

_REFERENCE = re.compile(r'"\$ref": "#/(?:\$defs|definitions)/([^"]+)"')
_TO_THE_ROOT = '"$ref": "#"'


def is_json_schema(described: Mapping[str, Any]) -> bool:
    """Whether a dict is a JSON schema, and not a tool or an output form as a provider has it."""
    kind = described.get("type")
    is_type = kind is None or isinstance(kind, list) or kind in _TYPES
    return is_type and not any(name in described for name in _OF_TOOLS)


def is_pydantic(schema: object) -> bool:
    """Whether a schema is a pydantic class, of version 2 or of its old one."""
    return isinstance(schema, type) and (issubclass(schema, BaseModel) or hasattr(schema, "__fields__"))


def json_schema_of(schema: Mapping[str, Any] | type) -> Json:
    """The JSON schema of a pydantic class, a TypedDict or a JSON schema, with its `$defs`.

    Raises:
        InvalidInputError: if its root refers to what is not there, or it is a TypedDict that refers to itself.
    """
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        return rooted(schema.model_json_schema())
    if isinstance(schema, Mapping) and is_json_schema(schema):
        return rooted(schema)
    return rooted(_converted(convert_to_json_schema, schema))


def converted_tool(tool: ToolLike) -> Json:
    """A tool as langchain-core converts it, but for a JSON schema.

    Raises:
        InvalidInputError: if it is a JSON schema that cannot be a tool, or a TypedDict that refers to itself.
    """
    if isinstance(tool, Mapping) and is_json_schema(tool):
        return {"type": "function", "function": _function_of(rooted(tool))}
    return _converted(convert_to_openai_tool, tool)


def _converted(convert: Callable[..., Any], schema: Any) -> Json:
    try:
        return dict(convert(schema))
    except RecursionError:
        name = getattr(schema, "__name__", None) or getattr(schema, "name", "the schema")
        raise InvalidInputError(
            f"{name} refers to itself, which langchain-core cannot describe of a TypedDict: write it as a pydantic "
            "class. Nothing was sent."
        ) from None


def _function_of(schema: Json) -> Json:
    name = schema.pop("title", None)
    if not name:
        raise InvalidInputError("A JSON schema needs a 'title' to be a tool, which is then its name. Nothing was sent.")
    refuse_no_object(name, schema, "a tool")
    function = {"name": name}
    if "description" in schema:
        function["description"] = schema.pop("description")
    if schema:
        function["parameters"] = {**schema, "properties": schema.get("properties", {})}
    return function


def rooted(schema: Mapping[str, Any]) -> Json:
    """The same schema, with what its root refers to, or is all of, at the root itself: providers want an object there.

    Raises:
        InvalidInputError: if the root refers to what is not there.
    """
    root, seen = dict(schema), set()
    while True:
        reference, parts = root.get("$ref"), root.get("allOf")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            root = _inlined(root)
        elif isinstance(parts, list) and len(parts) == 1 and isinstance(parts[0], Mapping) and "properties" not in root:
            del root["allOf"]
            root = {**parts[0], **root}
        else:
            return root


def _inlined(schema: Json) -> Json:
    try:
        return root_inlined(schema)
    except ValueError as error:
        raise InvalidInputError(f"The schema has a root that is elsewhere, but {error}. Nothing was sent.") from None


def is_object(schema: Mapping[str, Any]) -> bool:
    """Whether a schema, once `rooted`, is that of an object for a provider: a union is not, whatever it is of."""
    kind = schema.get("type")
    return kind == "object" if kind is not None else "properties" in schema or not _NOT_ALONE & schema.keys()


def refuse_no_object(name: str, schema: Mapping[str, Any], purpose: str, otherwise: str = "") -> None:
    """Refuses a schema whose root is no object.

    Args:
        name: the schema's.
        schema: once `rooted`.
        purpose: what is to be made of it, and demands an object.
        otherwise: what may be done instead of changing it.

    Raises:
        InvalidInputError: if it is none.
    """
    if not is_object(schema):
        raise InvalidInputError(
            f"The schema {name!r} is not that of an object, which {purpose} needs: wrap it in one, as in "
            f"{{'type': 'object', 'properties': {{'answer': ...}}, 'required': ['answer']}}{otherwise}. Nothing was "
            "sent."
        )


def recursive_parameters(tool: ToolLike) -> Json | None:
    """The parameters of a tool that refer to themselves, which langchain-core cuts; none if they do not."""
    schema = _parameters_of(tool)
    if schema is None or not _is_recursive(schema):
        return None
    return {name: value for name, value in rooted(schema).items() if name not in ("title", "description")}


def _parameters_of(tool: ToolLike) -> Json | None:
    """The JSON schema of what a tool takes; none for a dict, which langchain-core keeps."""
    source = tool.tool_call_schema if isinstance(tool, BaseTool) else tool
    if isinstance(source, Mapping):
        return dict(source) if isinstance(tool, BaseTool) else None
    if not isinstance(source, type):
        source = create_schema_from_function(source.__name__, source, parse_docstring=True, filter_args=())
    return source.model_json_schema() if issubclass(source, BaseModel) else None


def _is_recursive(schema: Mapping[str, Any]) -> bool:
    """Whether the schema, or a definition in it, refers to itself, in however many steps."""
    definitions = {**(schema.get("definitions") or {}), **(schema.get("$defs") or {})}

    def reaches(name: str, wanted: str, seen: set[str]) -> bool:
        for found in set(_REFERENCE.findall(json.dumps(definitions.get(name)))) - seen:
            seen.add(found)
            if found == wanted or reaches(found, wanted, seen):
                return True
        return False

    return _TO_THE_ROOT in json.dumps(schema) or any(reaches(name, name, set()) for name in definitions)
