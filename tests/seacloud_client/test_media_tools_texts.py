"""What an agent's model reads: a stranger's words are harmless, short, and name no key and no inner address."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from seacloud_client.errors import RateLimitError, SeaCloudError, SubmitOutcomeUnknown, TaskFailed, TaskTimedOut
from seacloud_client.media_tools.texts import (
    MAX_ERROR,
    MAX_FACT,
    advice_on,
    clean,
    clean_line,
    error_text,
    harmless_line,
    make_harmless,
)
from seacloud_client.settings import Settings

KEY = "sk-told-to-nobody"
SETTINGS = Settings.resolve("model", api_key=KEY, base_url="https://cloud.seaart.ai/model")
HIDDEN = "\x1b[31m\x00\x9b\u202e\u200b\u2066\ufeff\u2028\U000e0041\ud800\x7f\U000e0101"

TEXTS = st.text(st.characters() | st.sampled_from([*HIDDEN, "\n", "\t"]))


def is_seen(character: str) -> bool:
    """By Unicode's own categories: no control character, surrogate, or separator of lines and paragraphs."""
    return unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}


@given(TEXTS, st.integers(1, 50))
@example(HIDDEN, 50)
@settings(max_examples=200, deadline=None)
def test_nothing_unseen_and_nothing_long(text: str, limit: int) -> None:
    line = clean_line(text, limit)
    assert all(map(is_seen, line))
    assert not set(HIDDEN) - set("[31m") & set(line)
    assert len(line) <= limit + 3
    assert set(clean(text, limit)) <= set(text) | {" ", "."}


def test_texts_are_cut() -> None:
    assert clean_line("a" * 201) == "a" * 200 + "..."
    assert clean_line("a" * 200) == "a" * 200
    assert clean("one\n\ttwo\x00", 20) == "one\n\ttwo "


def test_what_belongs_to_words_and_emoji_stays() -> None:
    for text in (
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "❤\ufe0f\u200d\U0001f525",
        "\U0001f3f3\ufe0f\u200d\U0001f308",
    ):
        assert clean(text, 20) == text


@pytest.mark.parametrize("carriers", ["\ufe00\ufe0f", "\u200c\u200d"])
def test_but_nothing_can_be_hidden_in_it(carriers: str) -> None:
    """Bits can be written with two signs that nobody sees."""
    bits = "".join(carriers[int(bit)] for byte in b"pay" for bit in f"{byte:08b}")
    assert clean(f"a boat{bits}!", 100) == "a boat !"


@given(TEXTS)
@example(f"at http://10.0.0.7:8080/run, {KEY}")
@settings(max_examples=200, deadline=None)
def test_errors(text: str) -> None:
    for error in (SeaCloudError(text), TaskFailed(f"x {text} {KEY}", status=200, code=text, request_id=text)):
        before = dict(error.__dict__)
        told = error_text(error, SETTINGS)
        assert all(map(is_seen, told))
        assert KEY not in told
        assert len(told) <= MAX_ERROR + 4 * MAX_FACT + 60
        assert error.__dict__ == before, "it is another's: only its text is told"
        assert str(make_harmless(error, SETTINGS)) == told
        assert KEY not in repr(error)


@pytest.mark.parametrize(
    "inner",
    [
        "http://10.1.2.3:8080/v1/run?token=x",
        "https://upstream.corp.example/x",
        "http://[fd00::1]:8080/x",
        "[fd00::1]:8080",
        "192.168.7.1",
        "192.168.7.1:9000",
        "gpu-7.cluster.local:9000",
        "db.internal",
        "https://cloud.seaart.ai.evil.example/model",
        "https://cloud.seaart.ai:8443/admin",
        "http://cloud.seaart.ai/admin",
    ],
)
def test_no_address_but_the_services(inner: str) -> None:
    ours = "https://cloud.seaart.ai/model/v1/queue/x"
    told = error_text(SeaCloudError(f"Cannot reach {inner} for {ours} now."), SETTINGS)
    assert told == f"Cannot reach (an address) for {ours} now."


@pytest.mark.parametrize("harmless", ["version 1.2", "a.b", "local", "5 of 10", "12:30", "[1]", "model v2.0.1"])
def test_other_words_stay(harmless: str) -> None:
    assert error_text(SeaCloudError(f"It said {harmless} today."), SETTINGS) == f"It said {harmless} today."


def test_the_key_is_not_cut_in_two() -> None:
    """Where addresses before it are left out, what is behind them comes within the limit."""
    text = "http://10.0.0.7/" + "x" * 3174 + KEY
    told = harmless_line(text, SETTINGS)
    assert told.startswith("(an address)")
    assert "sk-" not in told


def test_what_support_asks_for_stays() -> None:
    error = RateLimitError("Too many. " * 1000, status=429, code="RATE", request_id="req-1")
    error.task_id = "mmsu_1"
    assert error_text(error, SETTINGS).endswith("... (HTTP 429, code RATE, request id req-1, task mmsu_1)")


def test_a_fact_that_is_nothing_is_left_out() -> None:
    error = RateLimitError("Too many.", status=429, code="", request_id="")
    assert error_text(error, SETTINGS) == "Too many. (HTTP 429)"


def test_an_unknown_outcome_is_not_to_be_tried_again() -> None:
    error = SubmitOutcomeUnknown("It may exist.")
    assert error_text(error, SETTINGS) == "It may exist. Do not call this again by yourself: say so to the user."
    assert error_text(error, SETTINGS) == f"{error}{advice_on(error)}"
    assert advice_on(TaskFailed("It failed.")) == ""


def test_nor_is_a_task_that_may_go_on() -> None:
    error = TaskTimedOut("It was left running.")
    assert advice_on(error) == ""
    error.may_go_on = True
    assert error_text(error, SETTINGS) == "It was left running. Do not call this again by yourself: say so to the user."
