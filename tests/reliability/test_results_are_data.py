"""What a task's result says is data: its names lead out of no directory, its addresses into no network of ours."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from langchain_seacloud import SeaCloudGenerationTool
from llamaindex_seacloud import SeaCloudToolSpec
from seacloud_client.downloads import Downloader
from seacloud_client.errors import DownloadError
from seacloud_client.media import Output
from seacloud_client.settings import Settings

from reliability.operations import HOST, KEY, PNG, TASK
from reliability.test_fault_matrix import resolve

NAMES = (
    "../../../evil.png",
    "/etc/evil.png",
    "..\\..\\evil.png",
    "C:\\Windows\\evil.png",
    "\\\\server\\share\\evil.png",
    "a/../../evil.png",
    "%2e%2e%2fevil.png",
    "..",
    ".",
    "",
    "CON",
    "nul.png",
    ".bashrc",
    "evil.png\x00.txt",
    "evil\r\n.png",
    "\u202egnp.exe",
    "x" * 5000 + ".png",
    "\U0001f600" * 300,
    "evil.sh",
    "evil.png; rm -rf .",
    "$(touch evil)",
    "-rf",
    "~/evil.png",
    "\ud800.png",
)

PRIVATE = (
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/",
    "http://localhost/",
    "http://127.0.0.1:6379/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://192.168.0.1/",
    "http://172.16.0.1/",
    "http://100.64.0.1/",
    "http://metadata.google.internal/",
    "http://internal.test/",
    "http://user:pw@public.test/",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "ftp://public.test/",
    "//public.test/x",
    "\\\\server\\share",
    "x",
)
"""Addresses that no result is fetched from. `internal.test` resolves to a private one, `localhost` as usual."""


def lookup(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
    inner = {"internal.test": "10.1.2.3", "localhost": "127.0.0.1", "metadata.google.internal": "169.254.169.254"}
    odd = {"127.1": "127.0.0.1", "2130706433": "127.0.0.1", "0x7f000001": "127.0.0.1", "0177.0.0.1": "127.0.0.1"}
    if host in inner or host in odd:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ((inner | odd)[host], port))]
    return resolve(host.strip("[]"), port)


class Service:
    """A queue whose every task makes the outputs that were ordered. All addresses serve the same picture."""

    def __init__(self, *outputs: dict[str, Any]) -> None:
        self.outputs = outputs
        self.fetched: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != HOST or "/queue/" not in request.url.path:
            self.fetched.append(request)
            return httpx.Response(200, headers={"content-type": "image/png"}, content=PNG)
        if request.method == "POST":
            return httpx.Response(200, json={"request_id": TASK})
        told = {"status": "COMPLETED", "request_id": TASK, "outputs": list(self.outputs)}
        return httpx.Response(200, content=json.dumps(told).encode())


def by_langchain(service: Service, directory: Path) -> Any:
    client = httpx.Client(transport=httpx.MockTransport(service))
    options: dict[str, Any] = {"api_key": KEY, "base_url": f"https://{HOST}/model", "http_client": client}
    tool = SeaCloudGenerationTool(model="m", save_to=directory, **options)
    return tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": {"prompt": "x"}})


def by_llamaindex(service: Service, directory: Path) -> Any:
    client = httpx.Client(transport=httpx.MockTransport(service))
    options: dict[str, Any] = {"api_key": KEY, "base_url": f"https://{HOST}/model", "http_client": client}
    (tool, *_) = SeaCloudToolSpec("m", save_to=directory, **options).to_tool_list()
    return tool.call(prompt="x")


WAYS = {"langchain": by_langchain, "llamaindex": by_llamaindex}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
@patch.object(socket, "getaddrinfo", lookup)
def test_names_stay_in_their_directory(way: str, name: str, tmp_path: Path, waits: list[float]) -> None:
    inner = tmp_path / "a" / "b"
    service = Service({"type": "image", "url": "https://public.test/x.png", "file_name": name})
    WAYS[way](service, inner)
    made = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(made) == 1
    assert made[0].parent == inner
    assert made[0].suffix == ".png"
    assert not made[0].name.startswith((".", "-rf"))
    assert made[0].read_bytes() == PNG


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("url", PRIVATE)
@patch.object(socket, "getaddrinfo", lookup)
def test_addresses_lead_into_no_network_of_ours(way: str, url: str, tmp_path: Path, waits: list[float]) -> None:
    service = Service({"type": "image", "url": url, "file_name": "x.png"})
    WAYS[way](service, tmp_path)
    assert service.fetched == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", PRIVATE)
@patch.object(socket, "getaddrinfo", lookup)
def test_nor_do_those_that_are_read(url: str, waits: list[float]) -> None:
    service = Service()
    client = httpx.Client(transport=httpx.MockTransport(service))
    settings = Settings.resolve("model", api_key=KEY, base_url=f"https://{HOST}/model")
    with pytest.raises(DownloadError, match=r"Nothing was fetched|could not be fetched"):
        Output(type="image", url=url, downloader=Downloader(settings, http_client=client)).read()
    assert service.fetched == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64,\u00e9",
        "data:,",
        "data:image/png;base64,AA",
        "http://[",
        "https://\u00e9.test/",
        "https:",
    ],
)
@patch.object(socket, "getaddrinfo", lookup)
def test_strange_addresses_are_told_of_all_the_same(way: str, url: str, tmp_path: Path, waits: list[float]) -> None:
    told = str(WAYS[way](Service({"type": "image", "url": url}, {"type": "text", "text": "all else"}), tmp_path))
    assert "all else" in told


@pytest.mark.parametrize("way", WAYS)
@patch.object(socket, "getaddrinfo", lookup)
def test_what_is_fetched_gets_no_key(way: str, tmp_path: Path, waits: list[float]) -> None:
    urls = ("https://public.test/x.png", f"https://{HOST}/files/x.png", f"https://{HOST}.public.test/x.png")
    service = Service(*({"type": "image", "url": url} for url in urls))
    WAYS[way](service, tmp_path)
    assert len(service.fetched) == 3
    assert not any(KEY in repr(request.headers.raw) for request in service.fetched)
