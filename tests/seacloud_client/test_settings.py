"""Settings: arguments win over the environment, and each bad value is refused by the name of its setting."""

from __future__ import annotations

import copy
import pickle

import httpx
import pytest
from pydantic import SecretStr
from seacloud_client.errors import ConfigurationError
from seacloud_client.settings import Settings, origin_of


def test_the_defaults_are_the_public_service():
    settings = Settings.resolve("llm")
    assert settings.base_url == "https://cloud.seaart.ai/llm"
    assert Settings.resolve("model").base_url == "https://cloud.seaart.ai/model"
    assert settings.api_key is None
    assert (settings.timeout, settings.stall_timeout, settings.max_retries) == (600.0, None, 2)
    assert settings.origin == ("https", "cloud.seaart.ai", 443)


def test_the_environment_gives_root_and_key(monkeypatch):
    monkeypatch.setenv("SEACLOUD_BASE_URL", "http://127.0.0.1:8080/")
    monkeypatch.setenv("SEACLOUD_API_KEY", " k-env\n")
    settings = Settings.resolve("model")
    assert settings.base_url == "http://127.0.0.1:8080/model"
    assert settings.require_key() == "k-env"
    assert settings.origin == ("http", "127.0.0.1", 8080)


def test_arguments_win(monkeypatch):
    monkeypatch.setenv("SEACLOUD_BASE_URL", "http://127.0.0.1:8080")
    monkeypatch.setenv("SEACLOUD_API_KEY", "k-env")
    settings = Settings.resolve(
        "llm", api_key="k-arg", base_url="https://gateway.example/llm/", timeout=3, max_retries=0
    )
    assert settings.base_url == "https://gateway.example/llm"
    assert settings.require_key() == "k-arg"
    assert (settings.timeout, settings.max_retries) == (3.0, 0)
    assert Settings.resolve("llm", api_key=SecretStr("k-secret")).require_key() == "k-secret"


@pytest.mark.parametrize("variable", ["SEACLOUD_BASE_URL", "SEACLOUD_API_KEY"])
def test_an_empty_variable_is_as_none(monkeypatch, variable):
    monkeypatch.setenv(variable, "")
    assert Settings.resolve("llm") == Settings.resolve("llm", api_key=None)


@pytest.mark.parametrize("key", [None, "", "  ", "\n"])
def test_a_missing_key_names_argument_and_variable_when_it_is_needed(key):
    settings = Settings.resolve("llm", api_key=key)
    with pytest.raises(ConfigurationError, match=r"api_key=.*SEACLOUD_API_KEY.*nothing was sent"):
        settings.require_key()


@pytest.mark.parametrize("key", ["two words", "k\u00e9y", "k\x00", "a\nb", "k\u200b"])
def test_a_key_that_is_none_is_refused_without_being_shown(key):
    with pytest.raises(ConfigurationError, match=r"api_key or SEACLOUD_API_KEY") as caught:
        Settings.resolve("llm", api_key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("key", [lambda: "k-made-by-a-function", b"k-in-bytes", 17])
def test_a_key_of_another_kind_is_refused_without_being_shown(key):
    kind = type(key).__name__
    with pytest.raises(ConfigurationError) as caught:
        Settings.resolve("llm", api_key=key)
    assert caught.value.message == (
        f"api_key must be a text or a SecretStr, not a {kind}: if a function makes the key, call it and give what it "
        "returns."
    )


BAD_URLS = {
    "no scheme": "cloud.seaart.ai/llm",
    "another scheme": "ftp://cloud.seaart.ai/llm",
    "no host": "https://",
    "nothing": "",
    "a bad port": "https://cloud.seaart.ai:port/llm",
    "a bad address": "http://[::1/llm",
    "a user": "https://me:secret@cloud.seaart.ai/llm",
    "a query": "https://cloud.seaart.ai/llm?x=1",
    "a fragment": "https://cloud.seaart.ai/llm#x",
}


@pytest.mark.parametrize("url", BAD_URLS.values(), ids=BAD_URLS.keys())
def test_a_bad_base_url_is_refused_by_name(url):
    with pytest.raises(ConfigurationError, match="base_url"):
        Settings.resolve("llm", base_url=url)


@pytest.mark.parametrize(
    "url", [url for url in BAD_URLS.values() if url], ids=[name for name, url in BAD_URLS.items() if url]
)
def test_a_bad_variable_is_refused_by_name(monkeypatch, url):
    monkeypatch.setenv("SEACLOUD_BASE_URL", url)
    with pytest.raises(ConfigurationError, match="environment variable SEACLOUD_BASE_URL"):
        Settings.resolve("llm")


@pytest.mark.parametrize("path", ["/llm", "/model", "/llm/", "/llm/v1", "/model/v1", "/llm/v1/chat/completions"])
def test_a_variable_that_holds_the_full_address_is_explained(monkeypatch, path):
    monkeypatch.setenv("SEACLOUD_BASE_URL", f"https://cloud.seaart.ai{path}")
    with pytest.raises(ConfigurationError, match=r"SEACLOUD_BASE_URL is the address above /llm and /model"):
        Settings.resolve("llm")


def test_a_base_url_without_llm_is_used_as_given():
    assert Settings.resolve("llm", base_url="https://gateway.example").base_url == "https://gateway.example"


@pytest.mark.parametrize("name", ["timeout", "stall_timeout"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), "10", True, httpx.Timeout(5)])
def test_seconds_must_be_positive(name, value):
    with pytest.raises(ConfigurationError, match=rf"^{name} must be a positive number of seconds; got"):
        Settings.resolve("llm", **{name: value})


@pytest.mark.parametrize("name", ["timeout", "stall_timeout"])
@pytest.mark.parametrize("value", [float("inf"), 1e10, 10**400, 10**5000, 1_000_000.5], ids=[*"abcde"])
def test_seconds_have_a_limit_that_every_clock_can_bear(name, value):
    with pytest.raises(ConfigurationError, match=rf"^{name} must be 1,000,000 seconds or less.* Give that for a wait"):
        Settings.resolve("llm", **{name: value})
    assert getattr(Settings.resolve("llm", **{name: 1_000_000}), name) == 1e6


@pytest.mark.parametrize("value", [-1, 1.5, "2"])
def test_retries_must_be_a_whole_number(value):
    with pytest.raises(ConfigurationError, match="max_retries must be a whole number, 0 or more"):
        Settings.resolve("llm", max_retries=value)


def test_a_transport_must_be_one_of_two():
    with pytest.raises(ConfigurationError, match="transport must be 'httpx' or 'aiohttp'"):
        Settings.resolve("llm", transport="requests")


@pytest.mark.parametrize(
    "headers", [{"X-Team": "k\u00e9y"}, {"X-Team": "a\nb"}, {"X Team": "a"}, {"": "a"}, {"X-Team": 1}]
)
def test_headers_must_be_headers(headers):
    with pytest.raises(ConfigurationError, match="headers"):
        Settings.resolve("llm", headers=headers)


def test_credentials_do_not_belong_into_headers():
    with pytest.raises(ConfigurationError, match="api_key"):
        Settings.resolve("llm", headers={"Authorization": "Bearer k-123"})


def test_the_key_is_in_no_repr():
    settings = Settings.resolve("llm", api_key="k-very-secret")
    assert "k-very-secret" not in f"{settings!r} {settings}"


@pytest.mark.parametrize("key", ["k", "unknown", None])
def test_a_key_that_is_too_short_to_be_one_is_not_hidden_in_words(key):
    assert Settings.resolve("llm", api_key=key).without_key("an unknown key k") == "an unknown key k"


def test_a_key_is_hidden_in_a_text():
    settings = Settings.resolve("llm", api_key="k-123456")
    assert settings.without_key("k-123456: k-1234567, k-12345") == "[the API key]: [the API key]7, k-12345"


def test_settings_that_are_alike_are_equal():
    settings = Settings.resolve("llm", api_key="k", headers={"X-Team": "a"})
    again = Settings.resolve("llm", api_key="k", headers={"X-Team": "a"})
    assert (settings, hash(settings)) == (again, hash(again))
    assert copy.deepcopy(settings) is copy.copy(settings) is settings


def test_a_pickle_holds_no_credentials_and_takes_the_key_of_its_new_environment(monkeypatch):
    settings = Settings.resolve(
        "llm", api_key="k-11", headers={"X-Team": "t-22"}, proxy="http://u:p-33@x.test", timeout=7
    )
    pickled = pickle.dumps(settings)
    assert not any(secret in pickled for secret in (b"k-11", b"t-22", b"p-33"))
    assert pickle.loads(pickled) == Settings.resolve("llm", timeout=7)  # noqa: S301  # our own pickle
    monkeypatch.setenv("SEACLOUD_API_KEY", "k-44")
    assert pickle.loads(pickled).require_key() == "k-44"  # noqa: S301


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example/x", "https://A.example:443/y", True),
        ("http://a.example", "http://a.example:80", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://a.example:8443", False),
        ("https://a.example", "https://a.example.evil.example", False),
        ("https://a.example@evil.example/", "https://a.example/", False),
        ("https://me:secret@a.example/", "https://a.example/", False),
        ("https://:@a.example/", "https://a.example/", False),
        ("https://a.example/@x", "https://a.example/", True),
    ],
)
def test_an_origin_is_scheme_host_and_port(one, other, same):
    assert (origin_of(one) == origin_of(other)) is same
