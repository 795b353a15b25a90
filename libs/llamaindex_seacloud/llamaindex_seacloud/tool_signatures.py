"""A tool's functions with the name, the signature and the words of the tool.

LlamaIndex's `CodeActAgent` shows its model the functions themselves, as the code that it writes calls them, and nothing
of a tool's metadata.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import reduce
from inspect import Parameter, Signature
from keyword import iskeyword
from operator import or_
from typing import Any

from llama_index.core.base.llms.types import ContentBlock
from llama_index.core.tools import FunctionTool, ToolMetadata
from seacloud_client.errors import InvalidInputError

_TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
"""JSON schema's words for types."""


def function_tool(
    run: Callable[..., list[ContentBlock]],
    arun: Callable[..., Awaitable[list[ContentBlock]]],
    metadata: ToolMetadata,
) -> FunctionTool:
    """The tool that these two functions are, sync and async. They take arguments by their names alone."""
    name = re.sub(r"\W", "_", metadata.name or "tool")
    signature = signature_of(metadata.get_parameters_dict())

    def require_names(unnamed: Sequence[Any]) -> None:
        if unnamed:
            raise InvalidInputError(f"Give the arguments by their names: {name}{signature}. Nothing was sent.")

    def call(*unnamed: Any, **given: Any) -> list[ContentBlock]:
        require_names(unnamed)
        return run(**given)

    async def acall(*unnamed: Any, **given: Any) -> list[ContentBlock]:
        require_names(unnamed)
        return await arun(**given)

    for function in (call, acall):
        function.__name__ = function.__qualname__ = name
        function.__doc__ = metadata.description
        function.__signature__ = signature  # type: ignore[union-attr]  # `inspect.signature` looks for it
    return FunctionTool(fn=call, async_fn=acall, metadata=metadata)


def signature_of(parameters: Mapping[str, Any]) -> Signature:
    """The signature that a JSON schema of parameters means. A name that is none in Python is among `others`."""
    properties: Mapping[str, Mapping[str, Any]] = parameters.get("properties") or {}
    required = parameters.get("required") or ()
    shown = [
        Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if name in required else schema.get("default"),
            annotation=_annotation(schema),
        )
        for name, schema in properties.items()
        if name.isidentifier() and not iskeyword(name)
    ]
    if len(shown) < len(properties):
        shown.append(Parameter("others", Parameter.VAR_KEYWORD, annotation=Any))
    return Signature(shown, return_annotation=list)


def _annotation(schema: Mapping[str, Any]) -> Any:
    said = schema.get("type") or [choice.get("type") for choice in schema.get("anyOf", ())]
    types = [_TYPES.get(str(word)) for word in ([said] if isinstance(said, str) else said)]
    return reduce(or_, types) if types and None not in types else Any
