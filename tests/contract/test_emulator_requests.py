"""Recorded requests, sent to the emulator: it takes what the real services took, and refuses what they refused."""

from __future__ import annotations

import httpx
import pytest

from contract.recordings import SKIP, Recording, find, params

pytestmark = SKIP

PATHS = {"responses": "/llm/openai/v1/responses", "messages": "/llm/v1/messages"}

# Requests that the real service took and the emulator cannot: what they hold is only known there. By part of the error.
NOT_HERE = {
    "chat-function-calling-xai-grok-4-1-fast-non-reasoning-can-us-17f75b": "could not be verified",
    "chat-function-calling-xai-grok-4-1-fast-non-reasoning-can-us-c003ed": "could not be verified",
    "test-multiple-tools-b76fb4": "Previous response",
    "test-background-mode-vcr-acdcc8": "Background mode is not emulated",
    "test-background-mode-streaming-vcr-9b5e15": "Background mode is not emulated",
}

# DeepSeek's own rule, which OpenAI does not have.
TAKEN_HERE = {"test-deepseek-responses-rejects-interleaved-function-calls-f82d3e"}


def send(emulator, recording: Recording) -> httpx.Response:
    key = {"authorization": "Bearer sk-emulator"}
    return httpx.post(emulator.url + PATHS[recording.protocol], json=recording.request, headers=key)


RECORDED = [
    param
    for protocol in PATHS
    for param in params(protocol)
    if not set(param.values[0].request) <= {"model", "stream"}  # of some no more than that was recorded
]


@pytest.mark.parametrize("recording", RECORDED)
def test_a_recorded_request_is_taken_as_it_was(seacloud_emulator, recording):
    answer = send(seacloud_emulator, recording)
    if recording.id in NOT_HERE:
        assert NOT_HERE[recording.id] in answer.text
    elif recording.id in TAKEN_HERE:
        assert answer.status_code == 200
    else:
        assert answer.status_code == recording.status, answer.text


def test_a_refusal_is_worded_as_it_was(seacloud_emulator):
    recording = find("test-anthropic-explicit-effort-xhigh-unsupported-model-error-113631")
    recorded = httpx.Response(400, content=recording.response).json()
    assert send(seacloud_emulator, recording).json() == {"type": "error", "error": recorded["error"]}
