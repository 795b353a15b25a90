"""Which parameters and headers are taken for credentials, by the names that gateways and other packages give them."""

from __future__ import annotations

from typing import Any

import pytest
from seacloud_client.credentials import misplaced, names_a_credential, names_a_secret_header

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


@pytest.mark.parametrize(
    "name", ["openai_api_key", "anthropic_auth_token", "azure_ad_access_token", "password", "token"]
)
def test_parameters_that_hold_a_credential(name):
    assert names_a_credential(name)


@pytest.mark.parametrize(
    "name", ["max_tokens", "prompt_cache_key", "top_logprobs", "safety_identifier", "token_budget"]
)
def test_parameters_that_hold_none(name):
    assert not names_a_credential(name)


@pytest.mark.parametrize(
    ("names", "argument"),
    [
        (("openai_api_key", "auth_token", "token", "apikey", "api_ky"), "api_key"),
        (("openai_proxy", "anthropic_proxy", "http_proxy", "proxies", "proxy_url"), "proxy"),
        (("headers", "default_header", "http_headers", "extra-headers"), "default_headers"),
        (("client", "async_client", "async_http_client", "httpClient", "client_kwargs"), "http_client"),
        (
            ("openai_api_base", "api_base", "anthropic_api_url", "azure_endpoint", "baseUrl", "base_uri", "base_ulr"),
            "base_url",
        ),
        (("endpoint_url", "endpoint", "url", "host", "server_url", "openai_base_url"), "base_url"),
    ],
)
def test_settings_by_the_names_of_other_packages(names: tuple[str, ...], argument: str) -> None:
    for name in names:
        told = misplaced({"tone": "mild", name: "hunter2"}, of="Mine")
        assert told is not None, name
        assert told.startswith(f"'{name}' would go into the request's body")
        assert f"Mine({argument}=...)" in told
        assert "hunter2" not in told


@pytest.mark.parametrize(
    ("value", "argument"),
    [
        ("http://me:hunter2@proxy.example:8080", "proxy"),
        ("socks5://hunter2@proxy.example", "proxy"),
        (["https://me:hunter2@a.example/"], "proxy"),
        ({"https": "http://me:hunter2@proxy.example"}, "proxy"),
        ({"X-Team": "blue", "Authorization": "Bearer hunter2"}, "default_headers"),
        ({"X-Gateway-Token": b"hunter2"}, "default_headers"),
    ],
)
def test_credentials_under_a_name_that_says_nothing(value: Any, argument: str) -> None:
    told = misplaced({"tone": value}, of="Mine")
    assert told is not None
    assert told.startswith("'tone' would go into the request's body")
    assert f"Mine({argument}=...)" in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    "given",
    [
        {"provider": {"order": ["a"]}, "models": ["a"], "route": "fallback", "plugins": [{"id": "web"}]},
        {"enable_thinking": True, "thinking_budget": 5, "chat_template_kwargs": {"enable_thinking": False}},
        {"min_p": 0.1, "repetition_penalty": 1.1, "top_a": 0, "guided_json": {"type": "object"}, "based_on": "a"},
        {"budget": {"max_tokens": 5}, "token_ids": [1], "webhook_url": "https://a.example/@me", "image_url": "b@c"},
        {"note": "write to http://me:pw@a.example, please", "nothing": None},
    ],
)
def test_what_gateways_take_besides_is_not_misplaced(given: dict[str, Any]) -> None:
    assert misplaced(given, of="Mine") is None
