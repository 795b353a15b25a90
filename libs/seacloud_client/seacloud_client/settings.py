"""Where the service is and who is asking: from arguments, else from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import SecretStr

from seacloud_client.errors import ConfigurationError

API_KEY_VARIABLE = "SEACLOUD_API_KEY"
BASE_URL_VARIABLE = "SEACLOUD_BASE_URL"
DEFAULT_ROOT = "https://cloud.seaart.ai"
"""The public address; `/llm` and `/model` are below it (seed document)."""

DEFAULT_TIMEOUT = 600.0
"""Seconds without a byte from the service before a call is given up. Long answers come late when they are not
streamed, so this is generous."""

CONNECT_TIMEOUT = 10.0
"""Seconds that a connection may take to be made, unless the caller's own timeout is shorter."""

DEFAULT_MAX_RETRIES = 2

Service: TypeAlias = Literal["llm", "model"]
"""The two services below one root: `llm` (chat) and `model` (the media queue)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a client needs to know. Make it with `Settings.resolve`, which fills in from the environment.

    Attributes:
        base_url: the service's address without a trailing slash, such as `https://cloud.seaart.ai/llm`.
        api_key: the key, or `None`: then every call fails, before anything is sent.
        timeout: seconds without a byte from the service before a call is given up.
        max_retries: how often at most a call is repeated after an answer or a failure that allows it.
        retry_unanswered: whether to repeat a call that was sent and not answered. It may have been carried out, and
            billed, so this is off unless asked for.
        headers: sent with every request.
        proxy: the address of a proxy; by default the environment's (`HTTPS_PROXY`, ...) is used.
        transport: `httpx`, or `aiohttp` (async only; needs the extra `fast`).
    """

    base_url: str
    api_key: SecretStr | None = None
    timeout: float = DEFAULT_TIMEOUT
    max_retries: int = DEFAULT_MAX_RETRIES
    retry_unanswered: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str | None = None
    transport: Literal["httpx", "aiohttp"] = "httpx"

    @classmethod
    def resolve(
        cls,
        service: Service,
        *,
        api_key: SecretStr | str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        retry_unanswered: bool = False,
        headers: dict[str, str] | None = None,
        proxy: str | None = None,
        transport: Literal["httpx", "aiohttp"] = "httpx",
    ) -> Settings:
        """The settings for a service: arguments first, then `SEACLOUD_API_KEY` and `SEACLOUD_BASE_URL`.

        A `base_url` is used as given. The environment's is the root, and the service's own part is added to it.

        Raises:
            ConfigurationError: if an address, a timeout or the number of retries makes no sense.
        """
        if base_url is None:
            root = os.environ.get(BASE_URL_VARIABLE) or DEFAULT_ROOT
            base_url = f"{_checked_root(root)}/{service}"
        else:
            base_url = _checked_url(base_url, "base_url")
        if api_key is None:
            api_key = os.environ.get(API_KEY_VARIABLE) or None
        key = SecretStr(api_key) if isinstance(api_key, str) else api_key
        if key is not None:
            key = _checked_key(key)
        if timeout is not None and not timeout > 0:
            raise ConfigurationError(f"timeout must be a positive number of seconds; got {timeout!r}.")
        if max_retries is not None and max_retries < 0:
            raise ConfigurationError(f"max_retries must be 0 or more; got {max_retries!r}.")
        if transport not in ("httpx", "aiohttp"):
            raise ConfigurationError(f"transport must be 'httpx' or 'aiohttp'; got {transport!r}.")
        return cls(
            base_url=base_url,
            api_key=key,
            timeout=DEFAULT_TIMEOUT if timeout is None else float(timeout),
            max_retries=DEFAULT_MAX_RETRIES if max_retries is None else max_retries,
            retry_unanswered=retry_unanswered,
            headers=tuple((headers or {}).items()),
            proxy=proxy,
            transport=transport,
        )

    def require_key(self) -> str:
        """The key itself.

        Raises:
            ConfigurationError: if there is none.
        """
        if self.api_key is None:
            raise ConfigurationError(
                f"No API key. Pass api_key=... or set the environment variable {API_KEY_VARIABLE}; nothing was sent."
            )
        return self.api_key.get_secret_value()

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: the only place that the key is sent to."""
        return origin_of(self.base_url)


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address; the port is the scheme's own where none is given."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or (443 if scheme == "https" else 80)


def _checked_key(key: SecretStr) -> SecretStr | None:
    value = key.get_secret_value().strip()
    if not value:
        return None
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigurationError(
            f"The API key holds a space or a character that no key has. Check api_key or {API_KEY_VARIABLE}."
        )
    return SecretStr(value)


def _checked_url(url: str, setting: str) -> str:
    """The address without trailing slashes, if it is one that a path can be added to."""
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError as error:
        raise ConfigurationError(f"{setting} is not an address: {error}; got {url!r}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f"{setting} must begin with https:// (or http://) and name a host, such as {DEFAULT_ROOT}/llm; got {url!r}."
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{setting} must hold no user name or password; the key goes into api_key.")
    if parts.query or parts.fragment:
        raise ConfigurationError(f"{setting} must have no query and no fragment; got {url!r}.")
    return url.strip().rstrip("/")


def _checked_root(root: str) -> str:
    root = _checked_url(root, f"The environment variable {BASE_URL_VARIABLE}")
    if root.endswith(("/llm", "/model")):
        raise ConfigurationError(
            f"The environment variable {BASE_URL_VARIABLE} is the address above /llm and /model, such as "
            f"{DEFAULT_ROOT}; got {root!r}. To give one service's full address, pass base_url=... instead."
        )
    return root
