"""The models' contracts, in the shape that the vendor's own clients read (source C: observed, not promised).

They are below `/contracts`, since the address of the vendor's is one of its own. They are made from the very table
that checks the parameters, so that they cannot say anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seacloud_emulator.endpoints import MODELS, Model, Parameter
from seacloud_emulator.keys import llm_key
from seacloud_emulator.refusals import Refusal

if TYPE_CHECKING:
    from seacloud_emulator.app import Application

ROOT = "/contracts"
PAGE_SIZE, LARGEST_PAGE = 20, 100

Json = dict[str, Any]

_CHAT_MODELS = {
    "gpt-4.1": ("GPT-4.1", "openai", "llm_chat_completions", "chat_completions", "/llm/v1/chat/completions"),
    "gpt-5.5": ("GPT-5.5", "openai", "llm_responses", "responses", "/llm/openai/v1/responses"),
}
"""Models that are not of the queue, as the catalogue has them too: name, provider, protocol, and where requests go."""


def routes(application: Application) -> list[Route]:
    """The routes of the catalogue and of the contracts."""
    del application
    return [
        Route(f"{ROOT}/api/v1/skill/models", list_models, methods=["GET"]),
        Route(f"{ROOT}/api/v1/skill/model-contracts/{{model_id}}", give_contract, methods=["GET"]),
    ]


async def list_models(request: Request) -> Response:
    """GET: a page of the catalogue, narrowed by `type`, `provider` and `keywords`."""
    llm_key(request)
    query = request.query_params
    page = _positive(query.get("page"), "page", 1)
    size = min(_positive(query.get("page_size"), "page_size", PAGE_SIZE), LARGEST_PAGE)
    found = [summary for summary in _CATALOGUE if _is_wanted(summary, query)]
    return _wrapped(
        {
            "models": found[(page - 1) * size : page * size],
            "total": len(found),
            "page": page,
            "page_size": size,
            "total_pages": -(-len(found) // size),
        }
    )


async def give_contract(request: Request) -> Response:
    """GET: the contract of a model."""
    llm_key(request)
    contract = _CONTRACTS.get(request.path_params["model_id"])
    if contract is None:
        raise _refused(404, f"model contract not found: {request.path_params['model_id']}")
    return _wrapped(contract)


def contract_of(model_id: str, model: Model) -> Json:
    """The contract of a model of the queue."""
    queue = f"/model/v1/queue/{model_id}"
    task = f"{queue}/requests/{{request_id}}"
    return {
        "schema_version": "model-contract.v1",
        "model_id": model_id,
        "display_name": model.name,
        "family": model.provider,
        "kind": model.kind,
        "protocol": "queue",
        "body_mode": "raw_json",
        "endpoints": {
            "submit": {"method": "POST", "path": queue},
            "status": {"method": "GET", "path": f"{task}/status"},
            "result": {"method": "GET", "path": f"{task}/response"},
            "cancel": {"method": "PUT", "path": f"{task}/cancel"},
        },
        "input_schema": {
            "type": "object",
            "description": model.description,
            "properties": {name: schema_of(parameter) for name, parameter in model.parameters.items()},
            "required": [name for name, parameter in model.parameters.items() if parameter.required],
            "additionalProperties": False,
        },
    }


def schema_of(parameter: Parameter) -> Json:
    """A parameter as JSON Schema."""
    schema: Json = {"type": parameter.kind, "description": parameter.description}
    if parameter.kind == "array":
        schema["items"] = {"type": "string", **({"format": "uri"} if parameter.is_address else {})}
    elif parameter.is_address:
        schema["format"] = "uri"
    if parameter.allowed:
        schema["enum"] = list(parameter.allowed)
    if parameter.default is not None:
        schema["default"] = parameter.default
    for word, bound in zip(_BOUNDS[parameter.kind], (parameter.least, parameter.most), strict=False):
        if bound is not None:
            schema[word] = bound
    return schema


_BOUNDS: Mapping[str, tuple[str, ...]] = {
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
    "array": ("minItems", "maxItems"),
    "boolean": (),
}


def _chat_contract(model_id: str) -> Json:
    name, provider, protocol, endpoint, path = _CHAT_MODELS[model_id]
    return {
        "schema_version": "model-contract.v1",
        "model_id": model_id,
        "display_name": name,
        "family": provider,
        "kind": "llm",
        "protocol": protocol,
        "body_mode": "raw_json",
        "endpoints": {endpoint: {"method": "POST", "path": path}},
        "input_schema": {"type": "object", "properties": {"model": {"type": "string"}}, "required": ["model"]},
    }


_CONTRACTS: Mapping[str, Json] = {
    **{model_id: contract_of(model_id, model) for model_id, model in MODELS.items()},
    **{model_id: _chat_contract(model_id) for model_id in _CHAT_MODELS},
}


def _summary_of(model_id: str, contract: Json) -> Json:
    model = MODELS.get(model_id)
    return {
        "id": model_id,
        "model_id": model_id,
        "name": contract["display_name"],
        "type": contract["kind"],
        "provider": contract["family"],
        "description": model.description if model else "Answers in text.",
        "input_modalities": list(model.takes) if model else ["text", "image"],
        "output_modalities": [model.kind if model else "text"],
        "has_spec": True,
        "spec_protocol": contract["protocol"],
    }


_CATALOGUE = tuple(_summary_of(model_id, contract) for model_id, contract in _CONTRACTS.items())


def _is_wanted(summary: Json, query: Mapping[str, str]) -> bool:
    said = f"{summary['id']} {summary['name']} {summary['description']}".lower()
    return (
        query.get("type") in {None, "", summary["type"]}
        and query.get("provider") in {None, "", summary["provider"]}
        and all(word in said for word in (query.get("keywords") or "").lower().split())
    )


def _positive(text: str | None, name: str, default: int) -> int:
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise _refused(400, f"{name} must be a positive integer")
    return int(text)


def _wrapped(data: Json) -> Response:
    return JSONResponse({"data": data, "status": {"code": 200, "message": "success"}})


def _refused(status: int, message: str) -> Refusal:
    return Refusal(status, {"data": None, "status": {"code": status, "message": message}})
