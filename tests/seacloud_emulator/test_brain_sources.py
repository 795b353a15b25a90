"""The brain's newer parts, apart from any protocol: orders, quotations, searches, seals, and the cache's counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seacloud_emulator.brain.cache import Cached, Piece, PromptCache
from seacloud_emulator.brain.question import Document, Question, Tool, Turn, WebSearch, with_turns_joined
from seacloud_emulator.brain.seals import seal, unseal
from seacloud_emulator.brain.thinking import answers

FACTS = Document("text", 0, "facts", "", ("Cats sleep all day. Dogs bark! Birds sing.",))


def answer(text="Hello", **fields):
    [found] = answers(Question((Turn("user", text),), **fields))
    return found


@pytest.mark.parametrize(
    ("text", "cited", "place"),
    [
        ("What do dogs do?", "Dogs bark! ", (20, 31)),
        ("And birds?", "Birds sing.", (31, 42)),
        ("x", "Cats sleep all day. ", (0, 20)),
    ],
)
def test_the_sentence_that_fits_best_is_quoted(text, cited, place):
    found = answer(text, documents=(FACTS,))
    [quote] = found.quotes
    assert (quote.cited, quote.place) == (cited, place)
    assert found.text[quote.start : quote.end] == cited.strip()
    assert FACTS.blocks[0][place[0] : place[1]] == cited


def test_quotes_that_a_limit_cuts_are_left_out():
    documents = (FACTS, Document("blocks", 1, None, "", ("Fish swim.", "Dogs run.")))
    whole = answer("Dogs?", documents=documents)
    assert [quote.cited for quote in whole.quotes] == ["Dogs bark! ", "Dogs run."]
    cut = answer("Dogs?", documents=documents, stop=("Dogs run",))
    assert [quote.end for quote in cut.quotes] == [whole.quotes[0].end]


def test_json_quotes_nothing():
    assert answer("Dogs?", documents=(FACTS,), json_object=True).quotes == ()


@pytest.mark.parametrize(
    ("order", "finish"),
    [("[refuse]", "refused"), ("[filter]", "filtered"), ("[breakdown]", "failed"), ("[other]", "stop")],
)
def test_orders(order, finish):
    assert answer(f"{order} Hello").finish == finish


def test_words_of_the_queue_order_nothing_here():
    for word in ("[blocked]", "[fail]", "[timeout]", "[invalid]", "[broken]"):
        assert answer(f"{word} Hello").finish == "stop"


def test_a_search_is_made_once_a_turn():
    searched = (Turn("user", "Search the web for cats"), Turn("assistant", "", searched=True))
    [found] = answers(Question(searched, web=WebSearch()))
    assert found.search is None
    assert [quote.source.url for quote in found.quotes] == ["https://example.com/cats", "https://example.org/cats"]
    [anew] = answers(Question((*searched, Turn("user", "Search the web for dogs")), web=WebSearch()))
    assert anew.search.query == "dogs"


def test_a_tool_that_takes_free_text_gets_the_quotation():
    tool = Tool("run", "Runs code", {}, free_text=True)
    [call] = answer("Use run with 'x = 1'", tools=(tool,)).calls
    assert (call.arguments, call.free_text) == ("x = 1", True)


def test_what_the_model_said_in_a_row_is_one_turn():
    turns = (Turn("user", "a"), Turn("assistant", "b", tokens=1), Turn("assistant", "", calls=("f",), tokens=2))
    assert with_turns_joined(turns) == (turns[0], Turn("assistant", "b", calls=("f",), tokens=3))
    assert with_turns_joined((turns[0], turns[0])) == (turns[0], turns[0])


@given(st.text())
def test_seals_give_back_what_was_sealed(content):
    sealed = seal("a", content)
    assert unseal("a", sealed) == content
    assert unseal("b", sealed) is None
    assert unseal("a", sealed[:-4] + ("AAAA" if sealed[-4:] != "AAAA" else "BBBB")) is None


@pytest.mark.parametrize("foreign", ["", "x", "AAAA", None, 3])
def test_what_was_not_sealed(foreign):
    assert unseal("a", foreign) is None


def test_the_cache_counts_what_it_reads_and_writes():
    cache = PromptCache()
    first, second, third = (Piece(name, 10, marked=False) for name in "abc")
    marked = Piece("b", 10, marked=True)
    assert cache.find("m", [first, second, third]) == Cached(0, 0)
    assert cache.find("m", [first, marked, third]) == Cached(0, 20)
    assert cache.find("m", [first, marked]) == Cached(20, 0)
    assert cache.find("m", [first, second, Piece("d", 5, marked=True)]) == Cached(20, 5)
    assert cache.find("m", [first, second, third]) == Cached(0, 0)
    assert cache.find("other", [first, marked]) == Cached(0, 20)
