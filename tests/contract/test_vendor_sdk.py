"""The vendor's own SDK (PyPI `seacloudai-sdk`) runs the emulated queue from create to result.

Its hosts are fixed, so its `fetch` argument sends the queue's to the emulator and refuses any other. Its model
contracts come from a host of their own and are optional to it. Its chat is not tried: it posts to a path that the
service does not guarantee.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import pytest
from seacloud_emulator import Emulator
from seacloud_sdk import SeaCloud
from seacloud_sdk.core.errors import NetworkError

QUEUE_HOST = "https://cloud.seaart.ai"

Fetch = Callable[[str, Mapping[str, Any]], Awaitable[httpx.Response]]


class Fetcher:
    """The SDK's way to the emulator. `refused` are the addresses that it asked for in vain."""

    def __init__(self, emulator: Emulator, client: httpx.AsyncClient) -> None:
        self._root = emulator.url
        self._client = client
        self.refused: list[str] = []

    async def __call__(self, url: str, options: Mapping[str, Any]) -> httpx.Response:
        if not url.startswith((QUEUE_HOST, self._root)):
            self.refused.append(url)
            raise ConnectionRefusedError(url)
        url = url.replace(QUEUE_HOST, self._root)
        return await self._client.request(options["method"], url, headers=options["headers"], content=options["body"])


@pytest.fixture
async def sdk(seacloud_emulator: Emulator) -> Any:
    async with httpx.AsyncClient() as client:
        yield SeaCloud(api_key="sk-vendor", fetch=Fetcher(seacloud_emulator, client))


async def test_run_to_the_result(sdk: SeaCloud, seacloud_emulator: Emulator) -> None:
    result = await sdk.run_sync("nano_banana_2", {"prompt": "a cat by the sea"}, timeout=30_000)
    (task,) = seacloud_emulator.tasks
    assert (result["id"], result["model"]) == (task.request_id, "nano_banana_2")
    # The documented body of a result has no status, so the SDK gives the one that it knows from the creation.
    assert (result["status"], task.status) == ("queued", "COMPLETED")
    (url,) = result["output"]["urls"]
    assert url == result["output"]["raw"]["outputs"][0]["url"]
    async with httpx.AsyncClient() as client:
        picture = await client.get(url)
    assert picture.content.startswith(b"\x89PNG")
    paths = [request.path.rsplit("/", 1)[-1] for request in seacloud_emulator.requests]
    assert (paths[0], paths[-2]) == ("nano_banana_2", "response")
    assert set(paths[1:-2]) == {"status"}


async def test_step_by_step(sdk: SeaCloud, seacloud_emulator: Emulator) -> None:
    seacloud_emulator.configure(queue_seconds=0.0, run_seconds=0.0)
    task = await sdk.run("flux_2_pro", {"prompt": "a boat"})
    status = await sdk.tasks.get(task["id"], endpoint="flux_2_pro")
    assert status["status"].lower() == "completed"
    response = await sdk.tasks.get_response(task["id"], endpoint="flux_2_pro")
    assert response["id"] == task["id"]
    assert [url.startswith(seacloud_emulator.url) for url in response["output"]["urls"]] == [True]


async def test_a_failure_is_seen_as_one(sdk: SeaCloud, seacloud_emulator: Emulator) -> None:
    seacloud_emulator.configure(queue_seconds=0.0, run_seconds=0.0)
    result = await sdk.run_sync("nano_banana_2", {"prompt": "a cat [fail]"}, timeout=30_000)
    assert result["status"] == "failed"


async def test_the_chat_path_that_is_not_guaranteed_is_refused(sdk: SeaCloud, seacloud_emulator: Emulator) -> None:
    with pytest.raises(NetworkError, match="Not Found"):
        await sdk.chat.send("gpt-4.1", [{"role": "user", "content": "Hello"}])
    assert [(request.path, request.status) for request in seacloud_emulator.requests] == [
        ("/llm/chat/completions", 404)
    ]
