"""The targets that read what strangers name: files, hosts, media types."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path, PurePosixPath, PureWindowsPath
from unicodedata import category

import httpx
from seacloud_client.errors import DownloadError
from seacloud_client.file_names import MAX_BYTES, safe_stem
from seacloud_client.media_types import (
    ending_for,
    kind_of,
    media_type_of,
    media_type_of_name,
    media_type_of_url,
    mismatch,
    sniff,
)
from seacloud_client.public_hosts import host_of, is_public, refuse_private
from seacloud_client.settings import origin_of

DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])( *\.|$)")
"""What Windows takes for a device (Microsoft, "Naming Files, Paths, and Namespaces")."""

NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "192.0.2.0/24", "203.0.113.0/24"),
            *("::/127", "fc00::/7", "fe80::/10", "ff00::/8", "2001:db8::/32", "100::/64"),
            *("::ffff:10.0.0.0/104", "::ffff:127.0.0.0/104", "::ffff:169.254.0.0/112", "64:ff9b::7f00:0/104"),
            *("2002:7f00::/24", "2002:a9fe::/32", "2002:a00::/24"),
        ),
    )
)
"""Addresses that are none of the public internet (IANA's registries of special-purpose addresses), also within IPv6."""

NAME_SEEDS = (
    *(b"../../etc/passwd\nhttps://c.test/a/b.png?x#y\nimage/png", b"con.png\n\nvideo"),
    b"..\\..\\x.\xe2\x80\xaeexe\n\n",
    *(b"\nhttps://c.test/%2e%2e%2f%00x\ntext/html", b"LPT1 .tar.gz\ndata:image/png;base64,AA\n", b".hidden-\n\n3d"),
)
NAME_TOKENS = (
    *(b"/", b"\\", b"..", b".", b"~", b"%2F", b"%5C", b"%00", b"\x00", b"\n", b" ", b"con", b"NUL", b"com\xc2\xb9"),
    *(b":", b"\xe2\x80\xae", b"\xcc\x81", b"\xed\xa0\x80", b"-", b"?", b"#", b"data:", b"https://", b".png", b".exe"),
    *(b"image/", b"\xef\xbc\x8f", b"\xe2\x84\x80", b"\xf0\x9f\x8e\xa8", b"a" * 130, b"\xe7\x8c\xab" * 45),
    b"lpt\xef\xbc\x91",
)
HOST_SEEDS = (
    *(b"https://service.test/a.png", b"http://127.0.0.1:8000/x", b"https://[::ffff:10.0.0.1]/", b"ftp://x/y"),
    *(b"https://u:p@x.test/", b"http://2130706433/", b"https://x.test:0/", b"http://[fe80::1%25eth0]/", b"10.0.0.1"),
    *(b"::ffff:169.254.169.254", b"64:ff9b::a9fe:a9fe", b"2002:7f00:1::", b"8.8.8.8", b"2606:4700::1111"),
)
HOST_TOKENS = (
    *(b"http://", b"https://", b"//", b"@", b":", b"[", b"]", b"%", b"%25", b"#", b"?", b"/", b"\\", b".", b"::"),
    *(b"ffff:", b"64:ff9b::", b"2002:", b"127.0.0.1", b"169.254.169.254", b"10.", b"0x7f", b"localhost", b"xn--"),
    *(b"\xe3\x80\x82", b"\xef\xbc\x91", b"\x00", b"\r\n", b" ", b"\t", b"65536", b"2130706433", b"\xc3\x9f"),
    *(b"\xe2\x80\x8b", b"service.test", b"SERVICE.test", b":443", b"\xc5\xbf"),
)


OURS = "https://service.test/model"


def check_file_names(data: bytes) -> None:
    """A name, an address and a type, one a line: a file's name that is safe on any system."""
    name, url, kind = [*data.decode("utf-8", "surrogateescape").split("\n", 2), "", ""][:3]  # with halves of characters
    stem, ending = safe_stem(name, url)
    head = data[-16:]
    whole = stem + ending_for(ending, kind or None, head)
    assert 0 < len(whole.encode()) <= 200
    assert Path(whole).name == PurePosixPath(whole).name == PureWindowsPath(whole).name == whole
    assert not DEVICES.match(whole)
    assert not whole.startswith((".", "-", "~", " "))
    assert not whole.endswith((".", " "))
    assert not any(category(letter) in {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"} for letter in whole)
    assert not set(whole) & set('<>:"/\\|?*%')
    if len(stem.encode()) <= MAX_BYTES:
        assert safe_stem(whole) == (stem, whole[len(stem) :]), "a safe name is made another"
    for found in (media_type_of(kind), media_type_of_name(name), media_type_of_url(url), sniff(head), kind_of(kind)):
        assert found is None or (found == found.lower() and found)
    assert mismatch(kind or None, head) != ""


def check_hosts(data: bytes) -> None:
    """An address: its host is given, if it is one of http or https, and is the one that is connected to.

    No address of an IP passes that is not public.
    """
    text = data.decode("utf-8", "replace")
    host = None
    with suppress(DownloadError):
        host = host_of(text)
    if host is not None:
        request = httpx.Request("GET", text)
        assert request.url.host.lower() == host != ""
        assert request.url.scheme in {"http", "https"}
        assert not request.url.userinfo
        assert not re.search(r"[\s\x00-\x20/@?#]", host)
        assert request.headers["host"].isprintable()
    for word in re.split(r"[\[\]/@ ]", text):
        _check_address(word)
    _check_origin(text)


def _check_origin(text: str) -> None:
    """What is taken for the service's own address, and gets the key, is connected to as such, if it is at all."""
    if origin_of(text) == origin_of(OURS):
        with suppress(httpx.InvalidURL, ValueError):
            url = httpx.URL(text)
            assert (url.scheme, url.raw_host, url.port or 443) == ("https", b"service.test", 443)


def _check_address(word: str) -> None:
    passes = is_public(word)
    try:
        ip = ip_address(word.split("%", 1)[0])
    except ValueError:
        assert not passes, "what is no address is not public"
    else:
        assert not passes or not any(ip in network for network in NOT_PUBLIC)
    try:
        refuse_private("x.test", ["8.8.8.8", word])
    except DownloadError:
        assert not passes
    else:
        assert passes
