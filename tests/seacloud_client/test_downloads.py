"""Downloads: whole or not at all, only what was announced, only from where it is safe, and without credentials."""

from __future__ import annotations

import asyncio
import base64
import io
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from queue_flavours import ARGUMENTS, FLAVOURS, MODEL
from seacloud_client import public_hosts
from seacloud_client.downloads import Downloader
from seacloud_client.errors import DownloadError
from seacloud_client.media import Output, read_output
from seacloud_client.queue import Queue
from seacloud_client.settings import Settings
from seacloud_emulator import Fault

FILES = {"path": "/files/"}


def png(size=(4, 3)):
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, "PNG")
    return file.getvalue()


PNG = png()


def do(output, flavour, what, *args, **options):
    """`output.save(...)` or `output.read(...)`, sync or async."""
    if flavour == "sync":
        return getattr(output, what)(*args, **options)
    return asyncio.run(getattr(output, f"a{what}")(*args, **options))


@pytest.fixture
def output(seacloud_env):
    return Queue(max_retries=1).run(MODEL, ARGUMENTS, interval=0.05).outputs[0]


@FLAVOURS
def test_saving(output, flavour, tmp_path):
    told = []
    path = do(output, flavour, "save", tmp_path / "a" / "b", on_progress=lambda *facts: told.append(facts))
    assert path == tmp_path / "a" / "b" / "0.png"
    assert path.stat().st_size == output.file_size
    with Image.open(path) as opened:
        assert opened.size == (output.width, output.height)
    assert told[-1] == (output.file_size, output.file_size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    again = do(output, flavour, "save", str(tmp_path / "a" / "b"))
    named = do(output, flavour, "save", tmp_path, name="../katze.jpg")
    assert again.name == "0-2.png"
    assert named == tmp_path / "katze.png"
    assert do(output, flavour, "read") == path.read_bytes()
    assert len(list(tmp_path.rglob("*"))) == 5


def test_a_file_has_the_usual_rights(output, tmp_path):
    (tmp_path / "other").touch()
    assert output.save(tmp_path).stat().st_mode == (tmp_path / "other").stat().st_mode


@FLAVOURS
def test_a_whole_result(seacloud_env, flavour, tmp_path):
    result = Queue().run("gpt_image_2", {**ARGUMENTS, "n": 2}, interval=0.05)
    assert [path.name for path in do(result, flavour, "save", tmp_path)] == ["0.png", "1.png"]


@FLAVOURS
def test_no_credentials_are_sent(seacloud_env, output, flavour):
    do(output, flavour, "read")
    headers = seacloud_env.requests[-1].headers
    assert not {"authorization", "x-api-key", "cookie"} & set(headers)


@FLAVOURS
def test_not_even_those_of_a_client_of_ones_own(seacloud_env, output, flavour):
    defaults = {
        "headers": {"authorization": "Key sk-own", "x-api-key": "sk-own"},
        "cookies": {"session": "secret"},
        "auth": ("user", "secret"),
    }
    settings = Settings.resolve("model")
    clients = {"http_client": httpx.Client(**defaults), "http_async_client": httpx.AsyncClient(**defaults)}
    own = read_output(output.raw, Downloader(settings, **clients))

    async def aread():
        async with clients["http_async_client"]:
            return await own.aread()

    assert own.read() if flavour == "sync" else asyncio.run(aread())
    clients["http_client"].close()
    assert not {"authorization", "x-api-key", "cookie"} & set(seacloud_env.requests[-1].headers)


PASSING = [{"status": 503}, {"status": 429, "retry_after": 0}, {"disconnect_after": 0}, {"disconnect_after": 3000}]


@FLAVOURS
@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_faults_that_pass(seacloud_env, output, flavour, fault, tmp_path):
    seacloud_env.faults.add(Fault(match=FILES, **fault))
    path = do(output, flavour, "save", tmp_path)
    with Image.open(path) as opened:
        opened.verify()
    assert path.stat().st_size == output.file_size


LASTING = [
    ({"status": 404}, "may have expired"),
    ({"status": 403}, "may have expired"),
    ({"status": 500}, "answered 500"),
    ({"status": 503}, "answered 503"),
    ({"status": 206}, "answered 206"),
    ({"status": 204}, "answered 204"),
    ({"disconnect_after": 3000}, "broke before"),
    ({"status": 200, "body": "<html><body>Please log in</body></html>"}, "text/html"),
    ({"status": 200, "body": {"error": "expired"}}, "not what it is said to be"),
    ({"status": 200, "body": ""}, "empty"),
    ({"redirect": "/files/again/0.png"}, "404"),
    ({"redirect": "http://169.254.169.254/latest/meta-data"}, "no public address"),
    ({"redirect": "http://[::1]:1/x"}, "no public address"),
    ({"redirect": "http://localhost:1/x"}, "no public address"),
    ({"redirect": "http://2130706433/x"}, "no public address"),
    ({"redirect": "file:///etc/passwd"}, "none of http or https"),
    ({"redirect": "http://user:pw@127.0.0.1/"}, "user name"),
    ({"redirect": "//["}, "redirects to one that makes no sense"),
]


@FLAVOURS
@pytest.mark.parametrize(("fault", "words"), LASTING, ids=str)
def test_what_cannot_be_had_leaves_nothing_behind(seacloud_env, output, flavour, fault, words, tmp_path):  # noqa: PLR0917
    seacloud_env.faults.add(Fault(match=FILES, times=2 if "redirect" not in fault else 1, **fault))
    with pytest.raises(DownloadError, match=words):
        do(output, flavour, "save", tmp_path)
    assert list(tmp_path.iterdir()) == []


@FLAVOURS
def test_redirects_are_followed_five_times(seacloud_env, output, flavour):
    path = urlsplit(output.url).path
    seacloud_env.faults.add(Fault(match=FILES, redirect=path, times=5))
    assert len(do(output, flavour, "read")) == output.file_size
    seacloud_env.faults.add(Fault(match=FILES, redirect=path, times=6))
    with pytest.raises(DownloadError, match="more than 5"):
        do(output, flavour, "read")


@FLAVOURS
@pytest.mark.parametrize("how", ["announced", "not announced"])
def test_too_much(seacloud_env, output, flavour, how, tmp_path):
    if how == "not announced":
        output = Output(type="image", url=f"data:image/png;base64,{base64.b64encode(PNG).decode()}")
    with pytest.raises(DownloadError, match="larger than 50 bytes"):
        do(output, flavour, "save", tmp_path, max_bytes=50)
    assert list(tmp_path.iterdir()) == []


@FLAVOURS
def test_too_late(seacloud_env, output, flavour, tmp_path):
    seacloud_env.faults.add(Fault(match=FILES, stall=1.0))
    with pytest.raises(DownloadError, match="in time"):
        do(output, flavour, "save", tmp_path, timeout=0.3)
    assert list(tmp_path.iterdir()) == []


@FLAVOURS
def test_an_error_of_the_callback_leaves_nothing_behind(output, flavour, tmp_path):
    def fail(done, of):
        raise ValueError("not ours")

    with pytest.raises(ValueError, match="not ours"):
        do(output, flavour, "save", tmp_path, on_progress=fail)
    assert list(tmp_path.iterdir()) == []


async def test_a_cancelled_download_leaves_nothing_behind(seacloud_env, output, tmp_path):
    seacloud_env.faults.add(Fault(match=FILES, stall=5.0))
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(output.asave(tmp_path), 0.5)
    assert list(tmp_path.iterdir()) == []


@FLAVOURS
def test_where_nothing_can_be_saved(output, flavour, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="saved in"):
        do(output, flavour, "save", tmp_path / "file")


@pytest.mark.enable_socket  # it resolves names; nothing is connected to
@FLAVOURS
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9/x.png", "no public address"),
        ("http://localhost/x.png", "no public address"),
        ("http://0x7f.1/x.png", "no public address"),
        ("https://[::ffff:10.0.0.1]/x.png", "no public address"),
        ("ftp://c.test/x.png", "none of http"),
        ("http://c.test\r\n/x.png", "makes no sense"),
    ],
)
def test_private_addresses_are_refused(flavour, url, words):
    output = read_output({"type": "image", "url": url})
    with pytest.raises(DownloadError, match=words):
        do(output, flavour, "read")


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_unless_they_are_allowed(seacloud_emulator):
    path = urlsplit(
        Queue(api_key="k", base_url=f"{seacloud_emulator.url}/model")
        .run(MODEL, ARGUMENTS, interval=0.05)
        .outputs[0]
        .url
    )
    output = read_output({"type": "image", "url": path.geturl()})
    with pytest.raises(DownloadError, match="allow_private=True"):
        output.read()
    assert output.read(allow_private=True).startswith(b"\x89PNG")


@pytest.mark.allow_hosts(["127.0.0.1"])
@FLAVOURS
def test_a_proxy_that_is_in_the_way_is_named(flavour, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    downloader = Downloader(Settings.resolve("model", max_retries=0))
    output = read_output({"type": "image", "url": "http://files.test/x.png"}, downloader=downloader)
    with pytest.raises(DownloadError, match="It goes through the proxy of the environment's HTTP_PROXY"):
        do(output, flavour, "read", allow_private=True)


def test_a_client_of_the_callers_own_may_know_no_proxy_for_downloads(monkeypatch):
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    stub = httpx.MockTransport(refuse)
    clients = {"http_client": httpx.Client(transport=stub), "http_async_client": httpx.AsyncClient(transport=stub)}
    downloader = Downloader(Settings.resolve("model", max_retries=0), **clients)
    output = read_output({"type": "image", "url": "http://files.test/x.png"}, downloader=downloader)
    for flavour in ("sync", "async"):
        with pytest.raises(DownloadError, match=r"check network and base_url\.$"):
            do(output, flavour, "read", allow_private=True)


class Names:
    """A resolver: what each name means, each time that it is asked for."""

    def __init__(self, monkeypatch, **answers):
        self.asked = []
        self.answers = {name.replace("_", "."): list(addresses) for name, addresses in answers.items()}
        self.real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self.resolve)

    def resolve(self, host, port, *args, **options):
        name = host.decode() if isinstance(host, bytes) else host
        if name not in self.answers:
            return self.real(host, port, *args, **options)
        self.asked.append(name)
        addresses = self.answers[name]
        return self.real(addresses.pop(0) if len(addresses) > 1 else addresses[0], port, *args, **options)


@FLAVOURS
def test_the_connection_goes_to_the_address_that_was_looked_at(seacloud_env, output, flavour, monkeypatch):
    """The name means a public host when it is looked at, and this machine ever after (DNS rebinding)."""
    names = Names(monkeypatch, cdn_test=["127.0.0.1", "10.1.2.3"])
    monkeypatch.setattr(public_hosts, "is_public", lambda address: address == "127.0.0.1")
    port = urlsplit(seacloud_env.url).port
    elsewhere = read_output({**output.raw, "url": output.url.replace("127.0.0.1", "cdn.test")})
    assert len(do(elsewhere, flavour, "read")) == output.file_size
    assert names.asked == ["cdn.test"]
    assert seacloud_env.requests[-1].headers["host"] == f"cdn.test:{port}"


@pytest.mark.enable_socket  # it resolves names; nothing is connected to
@FLAVOURS
def test_a_name_with_one_private_address_is_refused(flavour, monkeypatch):
    Names(monkeypatch, cdn_test=["192.168.7.7"])
    with pytest.raises(DownloadError, match=r"192\.168\.7\.7"):
        do(read_output({"type": "image", "url": "https://cdn.test/x.png"}), flavour, "read")


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("url", ["http://files.test/x.png", "https://files.test/x.png"])
@FLAVOURS
def test_a_host_that_no_proxy_is_for_by_its_name(flavour, url, monkeypatch):
    """The connection is to the host's address, which `NO_PROXY` does not have."""
    Names(monkeypatch, files_test=["127.0.0.1"])
    monkeypatch.setattr(public_hosts, "is_public", lambda address: True)
    with socket.create_server(("127.0.0.1", 0)) as proxy, socket.create_server(("127.0.0.1", 0)) as host:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "files.test")
        downloader = Downloader(Settings.resolve("model", max_retries=0))
        address = url.replace("files.test", f"files.test:{host.getsockname()[1]}")
        with pytest.raises(DownloadError):
            do(read_output({"type": "image", "url": address}, downloader), flavour, "read", timeout=0.5)
        host.setblocking(False)
        host.accept()[0].close()
        proxy.setblocking(False)
        with pytest.raises(BlockingIOError):
            proxy.accept()


@FLAVOURS
def test_a_name_that_is_none(flavour, monkeypatch):
    def fail(*args, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    settings = Settings.resolve("model", max_retries=0)
    output = read_output({"type": "image", "url": "https://cdn.test/x.png"}, Downloader(settings))
    with pytest.raises(DownloadError, match="cannot be resolved"):
        do(output, flavour, "read")


@FLAVOURS
def test_a_client_of_ones_own_may_know_hosts_that_nobody_else_does(flavour, monkeypatch):
    def fail(*args, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=PNG))
    clients = {
        "http_client": httpx.Client(transport=transport),
        "http_async_client": httpx.AsyncClient(transport=transport),
    }
    output = read_output(
        {"type": "image", "url": "https://cdn.test/x.png"}, Downloader(Settings.resolve("model"), **clients)
    )
    assert do(output, flavour, "read") == PNG


def served(content, **headers):
    """An output whose file is served by a client of its own."""
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=content, headers=headers))
    settings = Settings(base_url="https://cdn.test/model", max_retries=0)
    return Downloader(settings, http_client=httpx.Client(transport=transport))


class Pieces(httpx.SyncByteStream):
    def __iter__(self):
        yield PNG


@pytest.mark.parametrize(
    ("told", "headers", "is_taken"),
    [
        (len(PNG) + 1, {}, False),
        (len(PNG), {}, True),
        (len(PNG) - 1, {}, True),
        (None, {}, True),
        (len(PNG) + 1, {"content-length": str(len(PNG))}, True),
        (len(PNG) + 1, {"transfer-encoding": "chunked"}, True),
    ],
)
def test_what_ends_with_its_connection_may_be_cut(told, headers, is_taken, tmp_path):
    """Then the size that the task tells decides. Where the end is announced, it may be wrong."""
    response = httpx.Response(200, stream=Pieces(), headers=headers)
    client = httpx.Client(transport=httpx.MockTransport(lambda request: response))
    downloader = Downloader(Settings(base_url="https://cdn.test/model", max_retries=0), http_client=client)
    output = read_output({"type": "image", "url": "https://cdn.test/x.png", "file_size": told}, downloader)
    if is_taken:
        assert output.save(tmp_path).read_bytes() == PNG
        return
    with pytest.raises(DownloadError, match=f"closed after {len(PNG)} bytes of what is said to have {told}"):
        output.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_downgrade_is_refused():
    transport = httpx.MockTransport(lambda request: httpx.Response(302, headers={"location": "http://cdn.test/x.png"}))
    settings = Settings(base_url="https://cdn.test/model", max_retries=0)
    downloader = Downloader(settings, http_client=httpx.Client(transport=transport))
    with pytest.raises(DownloadError, match="https to something else"):
        read_output({"type": "image", "url": "https://cdn.test/x.png"}, downloader).read()


def test_a_bomb_is_counted_unpacked():
    import gzip  # noqa: PLC0415  # only here

    packed = gzip.compress(PNG + bytes(20_000_000))
    assert len(packed) < 30_000
    output = read_output(
        {"type": "image", "url": "https://cdn.test/x.png"}, served(packed, **{"content-encoding": "gzip"})
    )
    with pytest.raises(DownloadError, match="larger than 100,000 bytes"):
        output.read(max_bytes=100_000)


def test_what_cannot_be_unpacked():
    output = read_output(
        {"type": "image", "url": "https://cdn.test/x.png"}, served(b"junk", **{"content-encoding": "gzip"})
    )
    with pytest.raises(DownloadError, match="cannot be decompressed"):
        output.read()


def test_another_format_of_the_same_kind_gets_its_own_ending(tmp_path):
    record = {"type": "image", "content_type": "image/jpeg", "url": "https://cdn.test/cat.jpg"}
    assert read_output(record, served(PNG)).save(tmp_path).name == "cat.png"


@FLAVOURS
def test_data_urls(flavour, tmp_path):
    packed = base64.b64encode(PNG).decode()
    output = read_output({"type": "image", "url": f"data:image/png;base64,{packed[:40]}\n{packed[40:]}"})
    assert do(output, flavour, "read") == PNG
    assert do(output, flavour, "save", tmp_path) == tmp_path / "output.png"
    capitals = read_output({"type": "image", "url": f"DATA:image/png;base64,{packed}"})
    assert do(capitals, flavour, "save", tmp_path) == tmp_path / "output-2.png"
    half = read_output({"type": "text", "url": "data:text/plain,a \ud83d"})
    assert do(half, flavour, "read") == b"a ?"
    plain = read_output({"type": "text", "url": "data:text/plain,a%20cat"})
    assert do(plain, flavour, "read") == b"a cat"


@pytest.mark.parametrize("url", ["data:image/png", "data:image/png;base64,!!!!", "data:image/png;base64,QQ"])
def test_data_urls_that_are_none(url):
    with pytest.raises(DownloadError, match="data: URL"):
        read_output({"type": "image", "url": url}).read()


@FLAVOURS
def test_a_text_is_its_own_content(flavour, tmp_path):
    output = read_output({"type": "text", "text": "a cat 猫"})
    assert do(output, flavour, "read").decode() == "a cat 猫"
    path = do(output, flavour, "save", tmp_path)
    assert path == tmp_path / "output.txt"
    assert path.read_text(encoding="utf-8") == "a cat 猫"


@FLAVOURS
def test_nothing_to_download(flavour):
    with pytest.raises(DownloadError, match="nothing to download"):
        do(read_output({"type": "image"}), flavour, "read")
