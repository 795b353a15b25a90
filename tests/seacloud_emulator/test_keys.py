"""Who may call, and what the others are told."""

from __future__ import annotations

import httpx
import pytest

BODY = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
CHAT = "/llm/v1/chat/completions"
QUEUE = "/model/v1/queue/nano_banana_2"


def post(emulator, path, body, headers):
    return httpx.post(emulator.url + path, json=body, headers={"X-Request-Id": "mine-1", **headers})


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer k"}, {"authorization": "bearer k"}, {"x-api-key": "k"}])
def test_keys_that_the_llm_paths_take(seacloud_emulator, headers):
    assert post(seacloud_emulator, CHAT, BODY, headers).status_code == 200


@pytest.mark.parametrize("headers", [{"Authorization": "Key k"}, {"Authorization": "Bearer k"}])
def test_keys_that_the_queue_takes(seacloud_emulator, headers):
    assert post(seacloud_emulator, QUEUE, {"prompt": "x"}, headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        ({}, 401, {"error": "missing authentication token"}),
        ({"Authorization": "Bearer"}, 401, {"error": "missing authentication token"}),
        ({"Authorization": "Key k"}, 401, {"error": "missing authentication token"}),
        ({"Authorization": "Bearer sk-invalid"}, 403, {"error": "invalid_api_key"}),
        ({"x-api-key": "sk-no-balance"}, 403, {"error": "insufficient balance"}),
    ],
)
def test_llm_refusals(seacloud_emulator, headers, status, body):
    answer = post(seacloud_emulator, CHAT, BODY, headers)
    assert (answer.status_code, answer.json()) == (status, body)
    assert answer.headers["x-request-id"] == "mine-1"


def test_a_model_that_is_not_authorised_is_refused_with_the_openai_object(seacloud_emulator):
    answer = post(seacloud_emulator, CHAT, BODY, {"Authorization": "Bearer sk-no-model"})
    assert answer.status_code == 403
    assert answer.json()["error"]["param"] == "model"
    assert "model" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/llm/v1/messages", "/llm/anthropic/v1/messages"])
@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({}, (401, "authentication_error", "missing authentication token")),
        ({"Authorization": "Bearer sk-invalid"}, (403, "permission_error", "invalid_api_key")),
        ({"x-api-key": "sk-no-balance"}, (403, "permission_error", "insufficient balance")),
        ({"x-api-key": "sk-no-model"}, (403, "permission_error", "The model `m` is not authorized for this API key.")),
    ],
)
def test_refusals_of_messages_have_a_shape_of_their_own(seacloud_emulator, path, headers, refusal):
    answer = post(seacloud_emulator, path, {**BODY, "max_tokens": 9}, headers)
    status, kind, message = refusal
    assert answer.status_code == status
    assert answer.json() == {"type": "error", "error": {"type": kind, "message": message}}


def test_refusals_of_responses_are_those_of_chat(seacloud_emulator):
    path, body = "/llm/openai/v1/responses", {"model": "m", "input": "Hello"}
    assert post(seacloud_emulator, path, body, {}).json() == {"error": "missing authentication token"}
    refused = post(seacloud_emulator, path, body, {"Authorization": "Bearer sk-no-model"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "model_not_allowed")


def unauthorized(message):
    return {"error": {"code": "UNAUTHORIZED", "message": message}, "request_id": "mine-1"}


@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        ({}, 401, unauthorized("missing authentication token")),
        ({"x-api-key": "k"}, 401, unauthorized("missing authentication token")),
        ({"Authorization": "Key sk-invalid"}, 403, unauthorized("invalid_api_key")),
        ({"Authorization": "Key sk-no-model"}, 403, {"detail": "Model not allowed for this user"}),
    ],
)
def test_queue_refusals(seacloud_emulator, headers, status, body):
    answer = post(seacloud_emulator, QUEUE, {"prompt": "x"}, headers)
    assert (answer.status_code, answer.json()) == (status, body)
    assert answer.headers["x-request-id"] == "mine-1"


def test_a_balance_that_is_gone_is_told_by_the_queue_too(seacloud_emulator):
    answer = post(seacloud_emulator, QUEUE, {"prompt": "x"}, {"Authorization": "Key sk-no-balance"})
    assert answer.status_code == 403
    assert answer.json()["error"]["message"] == "insufficient balance"
