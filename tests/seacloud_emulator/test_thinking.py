"""The brain, apart from any protocol."""

from __future__ import annotations

import pytest
from seacloud_emulator.brain.attachments import BadAttachmentError, describe_data, describe_url, in_words
from seacloud_emulator.brain.cache import PromptCache
from seacloud_emulator.brain.question import Attachment, Question, Turn
from seacloud_emulator.brain.thinking import answers, completion_tokens
from seacloud_emulator.brain.tokens import count, cut, tokens


def ask(text="Hello", **fields):
    return Question((Turn("user", text),), **fields)


@pytest.mark.parametrize("text", ["", "Hello there", "你好世界 🐈", "  a\n\nb ", "x" * 50])
def test_tokens_make_up_the_text(text):
    assert "".join(tokens(text)) == text
    assert cut(text, count(text)) == text
    assert all(len(token.strip()) <= 4 for token in tokens(text))


@pytest.mark.parametrize("limit", [1, 5, 30, 1000])
def test_the_limit_counts_reasoning_too(limit):
    [answer] = answers(ask(reasoning=True, max_tokens=limit))
    assert completion_tokens(answer) <= limit
    assert answer.finish == ("stop" if limit == 1000 else "length")
    assert answer.text is not None


def test_the_first_stop_text_ends_the_answer():
    [answer] = answers(ask(stop=("model", "emulator", "nothing")))
    assert answer.stopped_by == "emulator"
    assert answer.finish == "stop"


def test_long_messages_are_quoted_in_part():
    [answer] = answers(ask("word " * 1000))
    assert len(answer.text) < 1000
    assert "…" in answer.text


def test_attachments_in_words():
    pictures = (Attachment("image", "PNG, 1x1", 85), Attachment("image", "at http://x", 85))
    assert in_words((*pictures, Attachment("file", "", 1))) == "two images (PNG, 1x1; at http://x) and one file"
    assert describe_url("image", "http://x/a.png").description == "at http://x/a.png"
    assert describe_data("image", "AAAA", "image/png").description == "image/png, 3 bytes"
    for wrong in ("data:image/png,AAAA", "data:image/png;base64,???"):
        with pytest.raises(BadAttachmentError):
            describe_url("image", wrong)


def test_the_cache_finds_the_longest_prefix_that_it_has_seen():
    cache = PromptCache()
    turns = (Turn("system", "a", tokens=10, cached_to_here=True), Turn("user", "b", tokens=5, cached_to_here=True))
    assert cache.look_up("m", turns) == 0
    assert cache.look_up("m", turns) == 15
    assert cache.look_up("m", (turns[0], Turn("user", "c", tokens=5))) == 10
    assert cache.look_up("another", turns) == 0
    cache.clear()
    assert cache.look_up("m", turns) == 0
