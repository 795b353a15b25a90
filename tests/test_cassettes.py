"""No credential and no address gets into a cassette: proved by trying, and by reading those that are here."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
import yaml
from cassettes import DIRECTORY, KEPT_REQUEST_HEADERS, KEPT_RESPONSE_HEADERS, REPLAY_ROOT, cassette
from seacloud_emulator import Emulator
from vcr.errors import CannotOverwriteExistingCassetteException

KEY = "sk-marked-5f2c9d"
CASSETTES = sorted(DIRECTORY.rglob("*.yaml"))


def ask(root: str, key: str) -> httpx.Response:
    """A request that puts the key and the address wherever it can."""
    return httpx.post(
        f"{root}/llm/v1/chat/completions",
        params={"key": key, "from": root},
        headers={"Authorization": f"Bearer {key}", "x-api-key": key, "Cookie": key, "X-Other": key, "Accept": "*/*"},
        json={"model": "gpt-4.1", "messages": [{"role": "user", "content": f"my key is {key}, I am at {root}"}]},
    )


def test_a_key_does_not_get_into_a_cassette(seacloud_emulator: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "marked.yaml"
    with cassette(path, root=seacloud_emulator.url, key=KEY, record=True):
        recorded = ask(seacloud_emulator.url, KEY)
    assert KEY in recorded.text  # the emulator quotes the message, so the answer held it too
    written = path.read_text(encoding="utf-8")
    assert "my key is KEY" in written
    assert KEY not in written
    assert seacloud_emulator.url not in written
    assert REPLAY_ROOT in written
    # It replays at another address and with another key, which is blotted out likewise.
    before = len(seacloud_emulator.requests)
    with cassette(path, root=REPLAY_ROOT, key="sk-other", record=False):
        replayed = ask(REPLAY_ROOT, "sk-other")
    assert (
        replayed.json()["choices"]
        == httpx.Response(
            200, text=recorded.text.replace(KEY, "KEY").replace(seacloud_emulator.url, REPLAY_ROOT)
        ).json()["choices"]
    )
    assert len(seacloud_emulator.requests) == before


def test_what_was_not_recorded_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(CannotOverwriteExistingCassetteException, match="No match"),
        cassette(tmp_path / "empty.yaml", root=REPLAY_ROOT, key="sk-other", record=False),
    ):
        ask(REPLAY_ROOT, "sk-other")


def test_what_is_not_asked_for_is_noticed(seacloud_emulator: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "once.yaml"
    with cassette(path, root=seacloud_emulator.url, key=KEY, record=True):
        ask(seacloud_emulator.url, KEY)
    with (
        pytest.raises(AssertionError, match="1 recorded answers were not asked for"),
        cassette(path, root=REPLAY_ROOT, key=KEY, record=False),
    ):
        pass


def test_there_are_cassettes() -> None:
    assert CASSETTES


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_a_cassette_holds_no_credential_and_no_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"sk-\w|Bearer |Key sk|x-api-key|127\.0\.0\.1|localhost|set-cookie", text, re.IGNORECASE)
    assert set(re.findall(r"https?://([^/\s\"'\\]+)", text)) <= {REPLAY_ROOT.removeprefix("http://")}
    recorded = yaml.safe_load(text)["interactions"]
    for side, kept in (("request", KEPT_REQUEST_HEADERS), ("response", KEPT_RESPONSE_HEADERS)):
        assert {name.lower() for exchange in recorded for name in exchange[side]["headers"]} <= kept


def test_every_cassette_is_listed() -> None:
    readme = (DIRECTORY / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([\w/-]+\.yaml)` \|", readme, re.MULTILINE))
    assert listed == {str(path.relative_to(DIRECTORY)) for path in CASSETTES}
