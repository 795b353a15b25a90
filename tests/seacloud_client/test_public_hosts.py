"""Which hosts are public, by the registries of special addresses (RFC 6890 and its successors)."""

from __future__ import annotations

import pytest
from seacloud_client.errors import DownloadError
from seacloud_client.public_hosts import goes_through_proxy, host_of, is_public, refuse_private

PRIVATE = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",  # noqa: S104  # it is not listened at
    "10.0.0.1",
    "172.16.5.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "192.0.0.8",
    "192.0.0.170",
    "fec0::2",
    "::10.0.0.1",
    "::127.0.0.1",
    "::ffff:0:10.0.0.1",
    "5f00::1",
    "3fff::1",
    "8000::1",
    "100:0:0:1::1",
    "not an address",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private(address):
    assert not is_public(address)
    with pytest.raises(DownloadError, match="allow_private"):
        refuse_private("x.test", ["93.184.216.34", address])


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public(address):
    assert is_public(address)
    refuse_private("x.test", [address])


@pytest.mark.parametrize(
    "url",
    [
        "ftp://c.test/x",
        "file:///etc/passwd",
        "gopher://c.test/",
        "//c.test/x",
        "c.test/x",
        "",
        "http://",
        "http:///x",
        "http://user:pass@c.test/x",
        "http://c.test@evil.test/",
        "http://[::1",
        "http://xn--:80/",
        "https://xn--a/x",
        "http://c.test:port/",
        "http://c.test:99999/",
        "http://c.test/\r\nX: y",
        "http://good.test\\@evil.test/",
    ],
)
def test_addresses_that_nothing_is_fetched_from(url):
    with pytest.raises(DownloadError, match="Nothing was fetched"):
        host_of(url)


def test_hosts():
    assert host_of("HTTPS://C.Test:8443/x?y#z") == "c.test"
    assert host_of("http://[::1]/") == "::1"
    assert host_of("https://bücher.test/") == host_of("https://xn--bcher-kva.test/")


def test_proxies(monkeypatch):
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    assert not goes_through_proxy("https://c.test/", None)
    assert goes_through_proxy("https://c.test/", "http://proxy.test")
    monkeypatch.setenv("https_proxy", "http://proxy.test")
    monkeypatch.setenv("no_proxy", "inside.test")
    assert goes_through_proxy("https://c.test/", None)
    assert not goes_through_proxy("http://c.test/", None)
    assert not goes_through_proxy("https://inside.test/", None)
