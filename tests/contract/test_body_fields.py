"""The fields of the protocols' bodies, by the vendors' own SDKs: a call may have each, and no word is said of it."""

from __future__ import annotations

import pytest
from anthropic.types import beta, message_create_params
from openai.types.chat import completion_create_params
from openai.types.responses import response_create_params
from seacloud_client.call_parameters import BODY_FIELDS, KNOWN_PARAMS, not_known
from seacloud_client.credentials import misplaced

BODIES = {
    "chat_completions": completion_create_params.CompletionCreateParamsStreaming,
    "responses": response_create_params.ResponseCreateParamsStreaming,
    "messages": message_create_params.MessageCreateParamsStreaming,
    "messages, beta": beta.message_create_params.MessageCreateParamsStreaming,
}
NO_PARAMETERS = {"stream", "input", "betas"}
"""Whether to stream, and the conversation, are said otherwise; the last is a header."""


def fields_of(protocol: str) -> set[str]:
    body = BODIES[protocol]
    return {*body.__required_keys__, *body.__optional_keys__} - NO_PARAMETERS


@pytest.mark.parametrize("protocol", BODIES)
def test_each_may_be_given(protocol: str) -> None:
    given = dict.fromkeys(fields_of(protocol))
    assert not_known(given) == {}
    assert misplaced(given, of="Mine") is None


def test_no_other_is_taken_for_one() -> None:
    assert set().union(*map(fields_of, BODIES)) >= BODY_FIELDS
    assert not BODY_FIELDS & KNOWN_PARAMS
