"""The vendor's own SDK reads the emulated catalogue and contracts, and plans its tasks by them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from seacloud_emulator import Emulator
from seacloud_emulator.endpoints import MODELS
from seacloud_sdk import SeaCloud
from seacloud_sdk.core.default_base_urls import DEFAULT_BASE_URLS
from seacloud_sdk.core.errors import ModelNotFoundError, ValidationError

HOSTS = {
    DEFAULT_BASE_URLS["SEACLOUD_MODEL_LIST_BASE_URL"]: "/contracts",
    DEFAULT_BASE_URLS["SEACLOUD_MODEL_SPEC_BASE_URL"]: "/contracts",
    DEFAULT_BASE_URLS["SEACLOUD_QUEUE_BASE_URL"]: "",
}
"""The SDK's hosts, and what is below the emulator's address instead."""


@pytest.fixture
async def sdk(seacloud_emulator: Emulator) -> AsyncIterator[SeaCloud]:
    async with httpx.AsyncClient() as client:

        async def fetch(url: str, options: Mapping[str, Any]) -> httpx.Response:
            host = next((host for host in HOSTS if url.startswith(host)), None)
            if host is None and not url.startswith(seacloud_emulator.url):
                raise ConnectionRefusedError(url)
            url = url if host is None else f"{seacloud_emulator.url}{HOSTS[host]}{url.removeprefix(host)}"
            body = options["body"]
            return await client.request(options["method"], url, headers=options["headers"], content=body)

        yield SeaCloud(api_key="sk-vendor", fetch=fetch)


async def test_the_catalogue(sdk: SeaCloud) -> None:
    found = await sdk.models.list(type="video", page=1, pageSize=1)
    assert (found["total"], found["page"], found["pageSize"], found["totalPages"]) == (2, 1, 1, 2)
    [model] = found["models"]
    assert model["id"] in MODELS
    assert (model["type"], model["hasSpec"], model["specProtocol"]) == ("video", True, "queue")
    assert model["name"]
    assert model["description"]
    assert model["outputModalities"] == ["video"]


@pytest.mark.parametrize("model_id", [model_id for model_id in MODELS if not model_id.startswith("seedream_")])
async def test_a_contract(sdk: SeaCloud, model_id: str) -> None:
    spec = await sdk.models.get_spec(model_id)
    assert (spec["modelId"], spec["type"]) == (model_id, MODELS[model_id].kind)
    assert (spec["protocol"], spec["bodyMode"]) == ("queue", "raw_json")
    assert spec["api"] == {"endpoint": f"/model/v1/queue/{model_id}", "method": "POST", "headers": {}}
    assert {step: endpoint["method"] for step, endpoint in spec["endpoints"].items()} == {
        "submit": "POST",
        "status": "GET",
        "result": "GET",
        "cancel": "PUT",
    }
    parameters = {parameter["name"]: parameter for parameter in spec["parameters"]}
    assert parameters.keys() == MODELS[model_id].parameters.keys() == spec["inputSchema"]["properties"].keys()
    for name, expected in MODELS[model_id].parameters.items():
        constraints = parameters[name].get("constraints", {})
        assert (parameters[name]["type"], parameters[name]["required"]) == (expected.kind, expected.required)
        assert constraints.get("enum", []) == list(expected.allowed)
        bounds = [constraints.get(word) for word in ("min", "minLength", "minItems") if word in constraints]
        assert bounds == ([] if expected.least is None else [expected.least])


async def test_a_task_is_planned_by_its_contract(sdk: SeaCloud, seacloud_emulator: Emulator) -> None:
    seacloud_emulator.configure(queue_seconds=0.0, run_seconds=0.0)
    options = {"contract": "strict", "timeout": 30_000}
    result = await sdk.run_sync("emulator_melody", {"prompt": "the sea", "duration": 1}, options)
    [url] = result["output"]["urls"]
    assert url.endswith("/0.wav")
    assert [request.path.split("/")[1] for request in seacloud_emulator.requests][:2] == ["contracts", "model"]
    with pytest.raises(ValidationError, match="img_url"):
        await sdk.run("wan26_i2v", {"prompt": "it burns"}, options)
    with pytest.raises(ValidationError, match="is an LLM model"):
        await sdk.run("gpt-4.1", {"prompt": "Hello"}, options)


async def test_a_model_without_a_contract(sdk: SeaCloud) -> None:
    with pytest.raises(ModelNotFoundError):
        await sdk.models.get_spec("no_such_model")
