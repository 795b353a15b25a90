"""The service's catalogue of models, and their contracts; sync and async.

Neither is promised by the service's documentation: their addresses and shapes are those that the vendor's own clients
use (C). So there is no default address: it is given, or the environment names it, and the key goes only there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import httpx
from pydantic import SecretStr

from seacloud_client.drivers import adrive, drive
from seacloud_client.errors import ConfigurationError, NotFoundError, ProtocolError
from seacloud_client.flows import Flow, HttpAnswer, HttpCall, send
from seacloud_client.settings import Settings, as_secret, checked_url
from seacloud_client.task_flows import check_id
from seacloud_client.task_wire import read_object
from seacloud_client.transport import Transport

if TYPE_CHECKING:
    from seacloud_client.contracts import Contract

CONTRACTS_URL_VARIABLE = "SEACLOUD_CONTRACTS_URL"

DEFAULT_TIMEOUT = 30.0
"""Seconds that one call may take."""

PAGE_SIZE = 100
MAX_PAGES = 200
"""How many pages of the catalogue are read; more is taken for a service that never ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueModel:
    """A model, as the catalogue has it.

    Attributes:
        model_id: its id, as `Queue` and the chat models take it.
        display_name: what people call it.
        kind: what it makes, such as `image`, `video`, `audio` or `llm`.
        protocol: how it is called: `queue`, `llm_chat_completions`, `llm_responses`; empty where it is not told.
        provider: whose it is.
        description: what it does.
        takes: the kinds of its inputs.
        makes: the kinds of its outputs.
        has_contract: whether it has a contract, where that is told.
        raw: the catalogue's entry, whole.
    """

    model_id: str
    display_name: str = ""
    kind: str = ""
    protocol: str = ""
    provider: str = ""
    description: str = ""
    takes: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    has_contract: bool | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class Catalogue:
    """Asks for the models that there are, and for their contracts. Cheap to make; safe to share among threads.

    Args:
        contracts_url: the address above `/api/v1/skill/...`; by default the environment's `SEACLOUD_CONTRACTS_URL`.
            There is no other default, since the service promises none.
        api_key: by default the environment's `SEACLOUD_API_KEY`.
        timeout: seconds that one call may take; 30 by default.
        max_retries: how often at most a call is repeated after 429, 502, 503, 504, 529 or no answer; 2 by default.
        headers: sent with every request.
        proxy: the address of a proxy; by default the environment's.
        transport: `httpx`, or `aiohttp` for async calls (needs the extra `fast`); sync calls go over httpx all the
            same.
        http_client: a client of your own for sync calls; it is never closed here.
        http_async_client: the same for async calls.

    Raises:
        ConfigurationError: if there is no address, or a setting makes no sense.
    """

    def __init__(
        self,
        *,
        contracts_url: str | None = None,
        api_key: SecretStr | str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        headers: dict[str, str] | None = None,
        proxy: str | None = None,
        transport: Literal["httpx", "aiohttp"] = "httpx",
        http_client: httpx.Client | None = None,
        http_async_client: httpx.AsyncClient | None = None,
    ) -> None:
        api_key = as_secret(api_key)
        self.settings = Settings.resolve(
            "model",
            base_url=_address(contracts_url),
            api_key=api_key,
            timeout=DEFAULT_TIMEOUT if timeout is None else timeout,
            max_retries=max_retries,
            headers=headers,
            proxy=proxy,
            transport=transport,
        )
        self._transport = Transport(self.settings, http_client=http_client, http_async_client=http_async_client)

    def models(
        self, *, kind: str | None = None, provider: str | None = None, keywords: str | None = None
    ) -> list[CatalogueModel]:
        """All models of the catalogue, in its order, or those that the service finds for these words.

        Args:
            kind: what they make, such as `image`.
            provider: whose they are.
            keywords: words of their names or descriptions.

        Raises:
            SeaCloudError: its subclass says what went wrong.
        """
        return drive(self._models_flow(kind, provider, keywords), self._transport)

    async def amodels(
        self, *, kind: str | None = None, provider: str | None = None, keywords: str | None = None
    ) -> list[CatalogueModel]:
        """`models`, async."""
        return await adrive(self._models_flow(kind, provider, keywords), self._transport)

    def contract(self, model_id: str) -> Contract:
        """The contract of a model.

        Raises:
            NotFoundError: if there is none.
            InvalidInputError: for what can be no id.
            SeaCloudError: its subclass says what else went wrong.
        """
        return drive(self._contract_flow(model_id), self._transport)

    async def acontract(self, model_id: str) -> Contract:
        """`contract`, async."""
        return await adrive(self._contract_flow(model_id), self._transport)

    def close(self) -> None:
        """Closes the connections of sync calls, unless others share them. It stays usable."""
        self._transport.close()

    async def aclose(self) -> None:
        """Closes the connections, the running event loop's too, unless others share them. It stays usable."""
        await self._transport.aclose()

    def _models_flow(self, kind: str | None, provider: str | None, keywords: str | None) -> Flow[list[CatalogueModel]]:
        wanted = {"type": kind, "provider": provider, "keywords": keywords}
        words = {name: value for name, value in wanted.items() if value}
        found: dict[str, CatalogueModel] = {}
        for page in range(1, MAX_PAGES + 1):
            query = {"page": str(page), "page_size": str(PAGE_SIZE), **words}
            answer = yield from self._ask("/api/v1/skill/models", query)
            entries, pages = _page(answer)
            known = len(found)
            for entry in entries:
                found.setdefault(entry.model_id, entry)
            # Where it is not told how many pages there are, they end with one that brings nothing new.
            if len(found) == known or (pages is not None and page >= pages):
                return list(found.values())
        raise ProtocolError(f"The catalogue at {self.settings.base_url} has more than {MAX_PAGES} pages.")

    def _contract_flow(self, model_id: str) -> Flow[Contract]:
        from seacloud_client.contracts import Contract  # noqa: PLC0415  # it imports this module

        check_id(model_id, "model")
        try:
            answer = yield from self._ask(f"/api/v1/skill/model-contracts/{model_id}")
        except NotFoundError as error:
            error.message = f"There is no contract for {model_id} at {self.settings.base_url}. See Catalogue.models()."
            raise
        try:
            contract = Contract.from_json(_data(answer), model_id=model_id)
        except ConfigurationError as error:
            raise ProtocolError(f"{answer.url}: {error.message}", status=answer.status) from None
        if contract.model_id != model_id:
            raise ProtocolError(
                f"{answer.url} answered with the contract of {contract.model_id[:100]!r}.", status=answer.status
            )
        return contract

    def _ask(self, path: str, query: Mapping[str, str] | None = None) -> Flow[HttpAnswer]:
        call = HttpCall(method="GET", url=f"{self.settings.base_url}{path}", auth="Bearer", params=query)
        return send(call, max_retries=self.settings.max_retries, retry_unanswered=True)


def list_models(
    contracts_url: str | None = None,
    *,
    api_key: SecretStr | str | None = None,
    kind: str | None = None,
    provider: str | None = None,
    keywords: str | None = None,
) -> list[CatalogueModel]:
    """The models of the catalogue at an address. See `Catalogue` and `Catalogue.models`."""
    catalogue = Catalogue(contracts_url=contracts_url, api_key=api_key)
    return catalogue.models(kind=kind, provider=provider, keywords=keywords)


async def alist_models(
    contracts_url: str | None = None,
    *,
    api_key: SecretStr | str | None = None,
    kind: str | None = None,
    provider: str | None = None,
    keywords: str | None = None,
) -> list[CatalogueModel]:
    """`list_models`, async."""
    catalogue = Catalogue(contracts_url=contracts_url, api_key=api_key)
    return await catalogue.amodels(kind=kind, provider=provider, keywords=keywords)


def _address(contracts_url: str | None) -> str:
    address = contracts_url or os.environ.get(CONTRACTS_URL_VARIABLE)
    if not address:
        raise ConfigurationError(
            "The service promises no catalogue, so there is no default address for it. Pass contracts_url=... or set "
            f"the environment variable {CONTRACTS_URL_VARIABLE}; nothing was sent."
        )
    return checked_url(address, "contracts_url")


def _data(answer: HttpAnswer) -> Any:
    """What is in the answer: it is wrapped as `{"data": ..., "status": {...}}`.

    Raises:
        ProtocolError: if there is nothing.
    """
    body = read_object(answer)
    data = body.get("data") if "data" in body else body
    if not isinstance(data, (Mapping, list)):
        raise ProtocolError(f"{answer.url} answered without data.", status=answer.status, body=body)
    return data


def _page(answer: HttpAnswer) -> tuple[list[CatalogueModel], int | None]:
    """The models of a page, and how many pages there are where that is told. A list alone is all there is."""
    data = _data(answer)
    if isinstance(data, list):
        return _entries(data), 1
    models, pages = data.get("models"), data.get("total_pages")
    if not isinstance(models, list):
        raise ProtocolError(f"{answer.url} answered without models.", status=answer.status)
    return _entries(models), pages if type(pages) is int and pages > 0 else None


def _entries(models: list[Any]) -> list[CatalogueModel]:
    entries = (_entry(model) for model in models if isinstance(model, Mapping))
    return [entry for entry in entries if entry.model_id]


def _entry(raw: Mapping[str, Any]) -> CatalogueModel:
    def text(*names: str) -> str:
        return next((value for name in names if isinstance(value := raw.get(name), str) and value), "")

    def texts(name: str) -> tuple[str, ...]:
        values = raw.get(name)
        return tuple(value for value in values if isinstance(value, str)) if isinstance(values, list) else ()

    model_id, has_contract = text("model_id", "id"), raw.get("has_spec")
    return CatalogueModel(
        model_id=model_id,
        display_name=text("display_name", "name") or model_id,
        kind=text("kind", "type"),
        protocol=text("protocol", "spec_protocol"),
        provider=text("provider", "family"),
        description=text("description"),
        takes=texts("input_modalities"),
        makes=texts("output_modalities"),
        has_contract=has_contract if isinstance(has_contract, bool) else None,
        raw=dict(raw),
    )
