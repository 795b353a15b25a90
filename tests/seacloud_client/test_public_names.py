"""The package's face: its names, that each is there, and that importing it costs next to nothing."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest
import seacloud_client

NAMES = [
    "APIError",
    "AsyncReplyStream",
    "Audio",
    "Catalogue",
    "Chat",
    "ChatClient",
    "Contract",
    "File",
    "Finish",
    "Image",
    "JsonOutput",
    "Message",
    "OutputSchema",
    "Queue",
    "Reply",
    "ReplyStream",
    "Request",
    "SeaCloudError",
    "Text",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "ToolResult",
    "TransportError",
    "Usage",
    "Video",
    "__version__",
    "system",
    "user",
]


def test_the_names_are_these():
    assert seacloud_client.__all__ == NAMES
    assert sorted(NAMES) == NAMES
    assert set(NAMES) <= set(dir(seacloud_client))


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_there(name: str):
    value = getattr(seacloud_client, name)
    assert value is getattr(seacloud_client, name)
    if hasattr(value, "__module__"):
        assert getattr(importlib.import_module(value.__module__), name) is value


def test_each_module_has_the_names_that_it_promises():
    for found in pkgutil.walk_packages(seacloud_client.__path__, "seacloud_client."):
        module = importlib.import_module(found.name)
        assert [name for name in getattr(module, "__all__", ()) if not hasattr(module, name)] == [], found.name


def test_another_name_is_not():
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = seacloud_client.Nothing


def loaded(statement: str) -> set[str]:
    """The modules that a fresh process has loaded after a statement."""
    program = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_of_weight():
    modules = loaded("import seacloud_client")
    assert {name for name in modules if name.startswith("seacloud_client")} == {
        "seacloud_client",
        "seacloud_client._version",
    }
    assert not modules & {"httpx", "pydantic", "anyio", "asyncio"}


def test_a_chat_loads_no_framework_no_queue_and_no_emulator():
    modules = loaded("from seacloud_client import Chat; Chat('gpt-4.1')")
    families = {name.partition(".")[0] for name in modules}
    assert not families & {"openai", "anthropic", "langchain_core", "llama_index", "seacloud_emulator", "starlette"}
    assert not modules & {"seacloud_client.queue", "seacloud_client.media", "seacloud_client.protocols.messages"}
