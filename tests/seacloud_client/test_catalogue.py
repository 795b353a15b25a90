"""The catalogue and the contracts that the service may have: the emulator's, and answers of other forms."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from flow_driver import World, answer
from seacloud_client.catalogue import MAX_PAGES, Catalogue
from seacloud_client.contracts import CatalogueModel, Contract, alist_models, list_models
from seacloud_client.errors import (
    AuthenticationError,
    ConfigurationError,
    ForeignOriginError,
    InsufficientBalanceError,
    InvalidInputError,
    NotFoundError,
    ProtocolError,
    ServerError,
)
from seacloud_emulator import Fault
from seacloud_emulator.endpoints import MODELS

FLAVOURS = pytest.mark.parametrize("flavour", ["sync", "async"])
URL = "https://contracts.test/base"


@pytest.fixture
def address(seacloud_emulator):
    return f"{seacloud_emulator.url}/contracts"


@pytest.fixture
def catalogue(address):
    return Catalogue(contracts_url=address, api_key="sk-emulator")


def call(catalogue: Catalogue, flavour: str, name: str, *args: Any, **options: Any) -> Any:
    if flavour == "sync":
        return getattr(catalogue, name)(*args, **options)
    return asyncio.run(getattr(catalogue, f"a{name}")(*args, **options))


@FLAVOURS
def test_the_models(seacloud_emulator, catalogue, flavour):
    found = call(catalogue, flavour, "models")
    assert [model.model_id for model in found if model.protocol == "queue"] == list(MODELS)
    [nano] = [model for model in found if model.model_id == "nano_banana_2"]
    assert nano == CatalogueModel(
        model_id="nano_banana_2",
        display_name="Nano Banana 2",
        kind="image",
        protocol="queue",
        provider="google",
        description="Makes and edits pictures.",
        takes=("text", "image"),
        makes=("image",),
        has_contract=True,
    )
    assert nano.raw["spec_protocol"] == "queue"
    [record] = seacloud_emulator.requests
    assert record.headers["authorization"] == "Bearer ***"  # the journal keeps no key
    assert (record.method, record.path) == ("GET", "/contracts/api/v1/skill/models")


@FLAVOURS
def test_some_of_the_models(catalogue, flavour):
    assert {model.kind for model in call(catalogue, flavour, "models", kind="video")} == {"video"}
    [flux] = call(catalogue, flavour, "models", provider="black-forest-labs", keywords="pictures")
    assert flux.model_id == "flux_2_pro"
    assert call(catalogue, flavour, "models", keywords="no such words") == []


@FLAVOURS
def test_a_contract(catalogue, flavour):
    contract = call(catalogue, flavour, "contract", "pixverse_v6_t2v")
    assert (contract.model_id, contract.display_name, contract.kind) == ("pixverse_v6_t2v", "PixVerse V6", "video")
    assert contract.problems({"prompt": "the sea", "duration": 16}) == ("duration: must be at most 15; got 16",)


@FLAVOURS
def test_a_model_without_a_contract(catalogue, flavour):
    with pytest.raises(NotFoundError, match="There is no contract for no_such_model at ") as caught:
        call(catalogue, flavour, "contract", "no_such_model")
    assert caught.value.status == 404
    assert caught.value.request_id


@pytest.mark.parametrize("model_id", ["", "../models", "a/b", "a b", "a?b", "é"])
def test_what_can_be_no_model(seacloud_emulator, catalogue, model_id):
    with pytest.raises(InvalidInputError, match="Nothing was sent"):
        catalogue.contract(model_id)
    assert list(seacloud_emulator.requests) == []


def test_the_functions(address):
    options = {"api_key": "sk-emulator", "kind": "audio"}
    [melody] = list_models(address, **options)
    assert melody.model_id == "emulator_melody"
    assert asyncio.run(alist_models(address, **options)) == [melody]


def test_the_address_has_no_default(monkeypatch, address):
    monkeypatch.delenv("SEACLOUD_CONTRACTS_URL", raising=False)
    monkeypatch.setenv("SEACLOUD_API_KEY", "sk-emulator")
    monkeypatch.setenv("SEACLOUD_BASE_URL", "https://elsewhere.test")
    with pytest.raises(ConfigurationError, match=r"contracts_url=.*SEACLOUD_CONTRACTS_URL; nothing was sent"):
        Catalogue()
    monkeypatch.setenv("SEACLOUD_CONTRACTS_URL", address)
    assert len(Catalogue().models()) == len(MODELS) + 2
    assert Catalogue(contracts_url=f"{URL}/").settings.base_url == URL


@pytest.mark.parametrize(
    "address", ["contracts.test", "ftp://contracts.test", "https://user:pw@x.test", "https://x.test?a"]
)
def test_what_is_no_address(address):
    with pytest.raises(ConfigurationError, match=r"^contracts_url must "):
        Catalogue(contracts_url=address)


def test_the_key_goes_to_that_address_alone(seacloud_emulator, catalogue):
    seacloud_emulator.faults.add(Fault({"path": "/contracts"}, redirect="http://elsewhere.test/models"))
    with pytest.raises(ForeignOriginError):
        catalogue.models()
    with pytest.raises(ConfigurationError, match="No API key"):
        Catalogue(contracts_url=seacloud_emulator.url, api_key="").models()


@FLAVOURS
@pytest.mark.parametrize(
    "fault", [{"status": 503, "retry_after": 0}, {"status": 429, "retry_after": 0}, {"disconnect_after": 0}]
)
def test_questions_are_repeated(seacloud_emulator, catalogue, flavour, fault):
    seacloud_emulator.faults.add(Fault(**fault))
    assert call(catalogue, flavour, "contract", "nano_banana_2").model_id == "nano_banana_2"


def test_wrong_keys(address):
    with pytest.raises(AuthenticationError):
        Catalogue(contracts_url=address, api_key="sk-invalid").models()
    with pytest.raises(InsufficientBalanceError):
        Catalogue(contracts_url=address, api_key="sk-no-balance").models()


def wrapped(data: Any, code: int = 200) -> Any:
    return answer({"data": data, "status": {"code": code, "message": "success"}})


def pages(*names: list[str], **more: Any) -> list[Any]:
    return [wrapped({"models": [{"id": name} for name in page], **more}) for page in names]


def ask(*answers: Any, model: str | None = None) -> tuple[Any, World]:
    world = World(*answers)
    catalogue = Catalogue(contracts_url=URL, api_key="sk-x")
    flow = catalogue._contract_flow(model) if model else catalogue._models_flow(None, None, None)
    return world.run(flow), world


def test_all_pages_are_read():
    found, world = ask(*pages(["a", "b"], ["c"], total_pages=2))
    assert [model.model_id for model in found] == ["a", "b", "c"]
    assert [call.params["page"] for call in world.calls] == ["1", "2"]


def test_where_the_number_of_pages_is_not_told():
    for last in ([], ["c"]):  # an empty page, or the last one again
        found, world = ask(*pages(["a", "b"], ["c"], last, total_pages=0))
        assert [model.model_id for model in found] == ["a", "b", "c"]
        assert len(world.calls) == 3


def test_a_list_alone_is_all():
    found, world = ask(wrapped([{"model_id": "a"}, {"id": ""}, "?", {"id": 3}]))
    assert [model.model_id for model in found] == ["a"]
    assert len(world.calls) == 1


def test_entries_of_odd_shapes():
    entry = {
        "id": "a",
        "name": None,
        "type": 3,
        "input_modalities": "text",
        "output_modalities": ["image", 1],
        "has_spec": 1,
    }
    [model], _ = ask(wrapped([entry]))
    assert model == CatalogueModel(model_id="a", display_name="a", makes=("image",))
    assert model.raw == entry


def test_a_catalogue_without_an_end():
    counter = iter(range(10**6))
    with pytest.raises(ProtocolError, match="more than 200 pages"):
        ask(lambda _: wrapped({"models": [{"id": f"m{next(counter)}"}]}))
    assert next(counter) == MAX_PAGES


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer({"data": None, "status": {"code": 500, "message": "broken"}}), ServerError),
        (wrapped(None), ProtocolError),
        (wrapped({"items": []}), ProtocolError),
        (answer(b"<html>"), ProtocolError),
        (answer([1]), ProtocolError),
    ],
)
def test_answers_that_are_none(said, error):
    with pytest.raises(error):
        ask(said)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"model_id": "m"}, "has none"),
        ({"model_id": "other", "input_schema": {"type": "object"}}, "with the contract of 'other'"),
        ({"model_id": "m", "input_schema": {"type": "array"}}, "is not that of an object"),
        ([], "must be a JSON object; got list"),
    ],
)
def test_contracts_that_are_none(data, said):
    with pytest.raises(ProtocolError, match=said):
        ask(wrapped(data), model="m")


def test_a_contract_that_does_not_say_whose_it_is():
    contract, _ = ask(answer({"data": {"input_schema": {"properties": {"prompt": {}}}}}), model="m")
    assert (contract.model_id, contract.names) == ("m", ("prompt",))
    assert isinstance(contract, Contract)


def test_own_clients_are_used():
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/base/api/v1/skill/models"
        return httpx.Response(200, json={"data": [{"id": "mine"}]})

    transport = httpx.MockTransport(handle)
    with httpx.Client(transport=transport) as client:
        [model] = Catalogue(contracts_url=URL, api_key="sk-x", http_client=client).models()
    assert model.model_id == "mine"
