"""Calls of LlamaIndex's media tools, for the tests of what an agent may spend and of who is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from llama_index.core.tools import FunctionTool, ToolOutput
from llama_index.core.tools.calling import acall_tool, call_tool
from llamaindex_seacloud import SeaCloudToolSpec

MODEL = "nano_banana_2"
PROMPT = {"prompt": "a cat astronaut"}
BOTH = pytest.mark.parametrize("flavour", ["sync", "async"])


def call(tool: FunctionTool, flavour: str, arguments: Mapping[str, Any] = PROMPT) -> ToolOutput:
    return call_tool(tool, dict(arguments)) if flavour == "sync" else asyncio.run(acall_tool(tool, dict(arguments)))


def tool_of(**options: Any) -> FunctionTool:
    return SeaCloudToolSpec(MODEL, **options).to_tool_list()[0]
