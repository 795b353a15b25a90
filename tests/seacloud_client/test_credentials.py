"""Which parameters and headers are taken for credentials, by the names that gateways and other packages give them."""

from __future__ import annotations

import pytest
from seacloud_client.credentials import names_a_credential, names_a_secret_header

SECRET_HEADERS = [
    "Authorization",
    "Proxy-Authorization",
    "cf-aig-authorization",
    "Helicone-Auth",
    "X-Amz-Security-Token",
    "Ocp-Apim-Subscription-Key",
    "x-goog-api-key",
    "x-portkey-api-key",
    "apikey",
    "Cookie",
    "X-Client-Secret",
]
OTHER_HEADERS = [
    "User-Agent",
    "anthropic-beta",
    "HTTP-Referer",
    "OpenAI-Organization",
    "Idempotency-Key",
    "X-Author",
    "X-Request-Id",
    "X-Title",
]


@pytest.mark.parametrize("name", SECRET_HEADERS)
def test_headers_that_hold_a_credential(name):
    assert names_a_secret_header(name)
    assert names_a_secret_header(name.lower())


@pytest.mark.parametrize("name", OTHER_HEADERS)
def test_headers_that_hold_none(name):
    assert not names_a_secret_header(name)


@pytest.mark.parametrize("name", ["openai_api_key", "anthropic_auth_token", "azure_ad_access_token", "password"])
def test_parameters_that_hold_a_credential(name):
    assert names_a_credential(name)


@pytest.mark.parametrize(
    "name", ["max_tokens", "prompt_cache_key", "top_logprobs", "safety_identifier", "token_budget"]
)
def test_parameters_that_hold_none(name):
    assert not names_a_credential(name)
