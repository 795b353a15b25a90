"""Certificates that a client must not accept, and one that it must, all signed on the spot."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import cache
from unittest.mock import patch

import trustme

LONG_AGO = datetime(2001, 1, 1, tzinfo=timezone.utc)
HOST = "127.0.0.1"


@cache
def authority() -> trustme.CA:
    """The authority that the client is told to trust."""
    return trustme.CA()


CERTIFICATES: Mapping[str, Callable[[], trustme.LeafCert]] = {
    "tls_good": lambda: authority().issue_cert(HOST),
    "tls_stranger": lambda: trustme.CA().issue_cert(HOST),
    "tls_expired": lambda: authority().issue_cert(HOST, not_before=LONG_AGO, not_after=LONG_AGO.replace(year=2002)),
    "tls_other_host": lambda: authority().issue_cert("elsewhere.test"),
}


@cache
def context_of(name: str) -> ssl.SSLContext:
    """What a server offers that has the certificate of this name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CERTIFICATES[name]().configure_cert(context)
    return context


@contextmanager
def trusted() -> Iterator[None]:
    """Lets clients trust the authority, by the variable that httpx and OpenSSL read."""
    with authority().cert_pem.tempfile() as path, patch.dict(os.environ, {"SSL_CERT_FILE": path}):
        yield
