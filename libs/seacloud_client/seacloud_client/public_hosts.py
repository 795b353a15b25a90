"""Which hosts a result may be fetched from: those of the public internet, unless the caller knows better.

A result's address comes from a stranger. Fetched without a look, it could be that of a database on this network, or of
the cloud's metadata service (169.254.169.254), and its answer would end up in a file or before a model.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from seacloud_client.errors import DownloadError
from seacloud_client.spreading import environment_proxy

_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
"""NAT64: IPv6 addresses with an IPv4 address at their end."""

_UNICAST = ip_network("2000::/3")
"""All that IPv6 has of the public internet (IANA's registry of its address space). Python knows the exceptions in it;
what is outside is old forms of private addresses (`fec0::/10`, `::10.0.0.1`), or is not given out."""

_SPECIAL = (ip_network("192.0.0.0/24"), ip_network("3fff::/20"))
"""Addresses for protocols and for documentation (IANA's registries), of which some versions of Python know only some.
"""


def host_of(url: str) -> str:
    """The host of an address that can be downloaded from, in lower case.

    Raises:
        DownloadError: if it is not one: another scheme, no host, a user name or password, a port that is none.
    """
    try:
        parts = httpx.URL(url)  # the parser that the connection goes by, so that no two can disagree
        host = parts.host.lower() if parts.netloc else ""  # either may be no name at all, which is seen here
    except (httpx.InvalidURL, ValueError) as error:
        raise DownloadError(f"The result's address makes no sense: {error}. Nothing was fetched.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise DownloadError(f"The result's address is none of http or https: {url[:200]!r}. Nothing was fetched.")
    if parts.port is not None and not 0 < parts.port < 65536:
        raise DownloadError(f"The result's address has no possible port: {parts.port}. Nothing was fetched.")
    if parts.userinfo:
        raise DownloadError("The result's address holds a user name or password. Nothing was fetched.")
    return host


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet: not private, loopback, link-local, reserved or multicast."""
    try:
        ip = ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    ip = _inner(ip) or ip
    if any(ip in network for network in _SPECIAL):
        return False
    return ip.is_global and not ip.is_multicast and (ip.version == 4 or ip in _UNICAST)


def _inner(ip: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(ip, IPv4Address):
        return None
    if any(ip in network for network in _TRANSLATED):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def refuse_private(host: str, addresses: list[str]) -> None:
    """Lets only hosts pass all of whose addresses are public.

    Raises:
        DownloadError: for another.
    """
    private = next((address for address in addresses if not is_public(address)), None)
    if private is not None:
        raise DownloadError(
            f"The result's host {host} is at {private}, which is no public address. Nothing was fetched. If it "
            "is meant to be there, pass allow_private=True."
        )


def goes_through_proxy(url: str, proxy: str | None) -> bool:
    """Whether a proxy will resolve the host: one that was set, or the environment's."""
    return proxy is not None or environment_proxy(url) is not None
