"""Where the service is and who is asking: from arguments, else from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
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

MAX_SECONDS = 1_000_000
"""The longest time that a setting may give. A socket's own limit is some 24 days, and platforms differ beyond it."""

DEFAULT_MAX_RETRIES = 2

MAX_REPLY_BYTES = 256 * 1024 * 1024
"""The longest answer that is read unless told otherwise, whole or streamed, in bytes."""

MAX_EVENT_BYTES = 64 * 1024 * 1024
"""The largest event of a stream that is read unless told otherwise, in bytes. A generated picture in base64 fits."""

KEY_SHOWN = "[the API key]"
"""What stands in a text of the service's in place of the key, should it quote the request."""

SHORTEST_HIDDEN = 8
"""Characters of the shortest key that is hidden in such texts. A shorter one is no secret but a stand-in (an
emulator's, say), and part of common words."""

MAX_URL_SHOWN = 300
"""Characters of an address that an error shows: the service may send any."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token, by RFC 9110, section 5.6.2."""

_KEY = re.compile(r"[\x21-\x7e]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
_CREDENTIALS = frozenset(("authorization", "x-api-key"))

Service: TypeAlias = Literal["llm", "model"]
"""The two services below one root: `llm` (chat) and `model` (the media queue)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a client needs to know. Make it with `Settings.resolve`, which fills in from the environment.

    Attributes:
        base_url: the service's address without a trailing slash, such as `https://cloud.seaart.ai/llm`.
        api_key: the key, or `None`: then every call fails, before anything is sent.
        timeout: seconds without a byte from the service before a call is given up, at most `MAX_SECONDS`.
        stall_timeout: seconds in which a stream says nothing of the reply, pings or not, before it is given up; `None`
            is `timeout`. It counts from the stream's beginning, not while the service works on the answer's head.
        max_retries: how often at most a call is repeated after an answer or a failure that allows it.
        retry_unanswered: whether to repeat a call that was sent and not answered. It may have been carried out, and
            billed, so this is off unless asked for.
        max_reply_bytes: the longest answer that is read, whole or streamed and decompressed, in bytes. A longer one is
            a `ProtocolError`.
        max_event_bytes: the same, of one event of a stream.
        headers: sent with every request.
        proxy: the address of a proxy; by default the environment's (`HTTPS_PROXY`, ...) is used.
        transport: `httpx`, or `aiohttp` for async calls (needs the extra `fast`); sync calls go over httpx all the
            same.
    """

    base_url: str
    api_key: SecretStr | None = None
    timeout: float = DEFAULT_TIMEOUT
    stall_timeout: float | None = None
    max_retries: int = DEFAULT_MAX_RETRIES
    retry_unanswered: bool = False
    max_reply_bytes: int = MAX_REPLY_BYTES
    max_event_bytes: int = MAX_EVENT_BYTES
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    proxy: str | None = field(default=None, repr=False)
    transport: Literal["httpx", "aiohttp"] = "httpx"

    @classmethod
    def resolve(
        cls,
        service: Service,
        *,
        api_key: SecretStr | str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
        stall_timeout: float | None = None,
        max_retries: int | None = None,
        retry_unanswered: bool = False,
        max_reply_bytes: int | None = None,
        max_event_bytes: int | None = None,
        headers: dict[str, str] | None = None,
        proxy: str | None = None,
        transport: Literal["httpx", "aiohttp"] = "httpx",
    ) -> Settings:
        """The settings for a service: arguments first, then `SEACLOUD_API_KEY` and `SEACLOUD_BASE_URL`.

        A `base_url` is used as given. The environment's is the root, and the service's own part is added to it.

        Raises:
            ConfigurationError: if one of them makes no sense; it names the argument or the variable.
        """
        api_key = as_secret(api_key)
        if base_url is None:
            root = os.environ.get(BASE_URL_VARIABLE) or DEFAULT_ROOT
            base_url = f"{_checked_root(root)}/{service}"
        else:
            base_url = checked_url(base_url, "base_url")
        if api_key is None:
            api_key = as_secret(os.environ.get(API_KEY_VARIABLE))
        api_key = _checked_key(api_key)
        _check_seconds("timeout", timeout)
        _check_seconds("stall_timeout", stall_timeout)
        if max_retries is not None and (not isinstance(max_retries, int) or max_retries < 0):
            raise ConfigurationError(f"max_retries must be a whole number, 0 or more; got {max_retries!r}.")
        if transport not in ("httpx", "aiohttp"):
            raise ConfigurationError(f"transport must be 'httpx' or 'aiohttp'; got {transport!r}.")
        return cls(
            base_url=base_url,
            api_key=api_key,
            timeout=DEFAULT_TIMEOUT if timeout is None else float(timeout),
            stall_timeout=None if stall_timeout is None else float(stall_timeout),
            max_retries=DEFAULT_MAX_RETRIES if max_retries is None else max_retries,
            retry_unanswered=retry_unanswered,
            max_reply_bytes=_checked_bytes("max_reply_bytes", max_reply_bytes, MAX_REPLY_BYTES),
            max_event_bytes=_checked_bytes("max_event_bytes", max_event_bytes, MAX_EVENT_BYTES),
            headers=_checked_headers(headers),
            proxy=_checked_proxy(proxy),
            transport=transport,
        )

    def __copy__(self) -> Settings:
        return self

    def __deepcopy__(self, _: object) -> Settings:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickle is a file that others read: it holds no key and nothing that may be one. The copy takes the key of
        # the environment where it is unpickled.
        kept = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in _NOT_PICKLED}
        return (_unpickled, (kept,))

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

    def without_key(self, text: str) -> str:
        """A text of the service's without the key; a key shorter than `SHORTEST_HIDDEN` is left in it."""
        return text if self.api_key is None else without_key(text, self.api_key.get_secret_value())

    def is_key_in(self, body: bytes) -> bool:
        """Whether a body of the service's has the key in it: a quick look, which most bodies need no more than."""
        is_long = self.api_key is not None and len(self.api_key) >= SHORTEST_HIDDEN
        return is_long and self.require_key().encode() in body

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: the only place that the key is sent to."""
        return origin_of(self.base_url)


_NOT_PICKLED = frozenset(("api_key", "headers", "proxy"))


def _unpickled(kept: dict[str, Any]) -> Settings:
    return Settings(**kept, api_key=_checked_key(as_secret(os.environ.get(API_KEY_VARIABLE))))


def without_key(text: str, key: str) -> str:
    """A text without a key, if that is not too short to be one."""
    return text if len(key) < SHORTEST_HIDDEN else text.replace(key, KEY_SHOWN)


def shown_url(url: str) -> str:
    """An address as an error shows it: of a length that a log can bear, and with nothing that a terminal obeys."""
    shown = "".join(char if char.isprintable() else "?" for char in url[:MAX_URL_SHOWN])
    return shown if len(url) <= MAX_URL_SHOWN else f"{shown}..."


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address; the port is the scheme's own where none is given.

    What is no address has an origin that is nobody's, and so has one with a user name or password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", "", 0
    if "@" in parts.netloc:
        return "", "", 0
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), port or (443 if scheme == "https" else 80)


def header_problem(headers: Mapping[str, object]) -> str | None:
    """What is wrong with headers that a caller gave, as a sentence; `None` for nothing."""
    for name, value in headers.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            return f"{name!r} is no name of a header."
        if name.lower() in _CREDENTIALS:
            return f"{name} is a credential: the key goes into api_key."
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            return f"The value of {name} must be a text of printable ASCII characters in one line."
    return None


def _checked_headers(headers: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    problem = header_problem(headers or {})
    if problem is not None:
        raise ConfigurationError(f"headers: {problem}")
    return tuple((headers or {}).items())


def _checked_proxy(proxy: str | None) -> str | None:
    if proxy is None:
        return None
    try:
        parts = urlsplit(proxy)
        is_address = parts.scheme in _PROXY_SCHEMES and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_address = False
    if not is_address:  # it is not shown: it may hold a password
        raise ConfigurationError(f"proxy must be an address that begins with one of {', '.join(_PROXY_SCHEMES)}.")
    return proxy


def _check_seconds(setting: str, seconds: object) -> None:
    if seconds is None:
        return
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not seconds > 0:
        raise ConfigurationError(f"{setting} must be a positive number of seconds; got {seconds!r}.")
    if seconds > MAX_SECONDS:  # it is not shown: it may have any number of digits
        raise ConfigurationError(
            f"{setting} must be {MAX_SECONDS:,} seconds or less, which is more than eleven days. Give that for a wait "
            "without an end."
        )


def _checked_bytes(setting: str, limit: object, default: int) -> int:
    if limit is None:
        return default
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise ConfigurationError(f"{setting} must be a whole number of bytes, 1 or more; got {limit!r}.")
    return limit


def as_secret(key: SecretStr | str | None) -> SecretStr | None:
    """A key that shows itself in no repr: what takes one has it made so first, since tracebacks can show variables."""
    return SecretStr(key) if isinstance(key, str) else key


def _checked_key(key: SecretStr | None) -> SecretStr | None:
    """The key without spaces around it. No variable holds its text, since this can fail."""
    if key is not None and not hasattr(key, "get_secret_value"):
        raise ConfigurationError(
            f"api_key must be a text or a SecretStr, not a {type(key).__name__}: if a function makes the key, call it "
            "and give what it returns."
        )
    key = None if key is None else SecretStr(key.get_secret_value().strip())
    if key is None or not key:
        return None
    if not _KEY.fullmatch(key.get_secret_value()):
        raise ConfigurationError(
            f"The API key holds a space or a character that no key has. Check api_key or {API_KEY_VARIABLE}."
        )
    return key


def checked_url(url: str, setting: str) -> str:
    """The address without trailing slashes, if it is one that a path can be added to.

    Raises:
        ConfigurationError: if it is not; it calls the address by the name of the `setting`.
    """
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
    root = checked_url(root, f"The environment variable {BASE_URL_VARIABLE}")
    if {"llm", "model"} & set(urlsplit(root).path.split("/")):
        raise ConfigurationError(
            f"The environment variable {BASE_URL_VARIABLE} is the address above /llm and /model, such as "
            f"{DEFAULT_ROOT}; got {root!r}. To give one service's full address, pass base_url=... instead."
        )
    return root
