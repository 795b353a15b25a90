"""What answers take from sources: documents that came with the message, and pages of a web that is made up."""

from __future__ import annotations

import re
from collections.abc import Iterable

from seacloud_emulator.brain.choosing import asked_for
from seacloud_emulator.brain.question import Document, Page, Question, Quote, Search, Tool
from seacloud_emulator.brain.words import content_words, request_words

MOST_QUOTES = 3
"""Documents that an answer quotes at most."""

SEARCH_TOOL = Tool("web_search", "Search the web for the latest news and current information.", {})
"""What the message must ask for, for the web to be searched."""

_ORDER = re.compile(r"\[\w+\]\s*")
"""A word in brackets that is meant for the emulator (see `orders`), and not for a search."""

_SENTENCE = re.compile(r"\S.*?(?:[.!?。](?=\s|$)\s*|$)", re.DOTALL)


class Passage:
    """The text of an answer in the making, and what of it is quoted."""

    def __init__(self) -> None:
        self.text = ""
        self.quotes: list[Quote] = []

    def add(self, text: str) -> None:
        """Adds words of one's own."""
        self.text += text

    def quote_documents(self, question: Question) -> None:
        """Adds what the documents say about the message: of each the sentence that shares most words with it."""
        about = set(content_words(question.asked.text))
        for document in question.documents[:MOST_QUOTES]:
            cited, place = _best_of(document, about)
            title = f"“{document.title}”" if document.title else "The document"
            self._quote(f" {title} says: ", document, cited, place)

    def quote_pages(self, search: Search | None) -> None:
        """Adds what a search of the web found, if there was one."""
        for page in search.pages if search else ():
            self._quote(f" “{page.title}” says: ", page, page.text, (0, len(page.text)))

    def _quote(self, before: str, source: Document | Page, cited: str, place: tuple[int, int]) -> None:
        self.text += before
        start = len(self.text)
        self.text += cited.strip() or "nothing that the emulator can read."
        self.quotes.append(Quote(start, len(self.text), source, cited, place))


def _best_of(document: Document, about: set[str]) -> tuple[str, tuple[int, int]]:
    """The words of a document to cite, and where they are: its best sentence, or block; a document's first page."""
    if document.kind == "pages":
        return "", (1, 2)
    found = _sentences(document.blocks[0]) if document.kind == "text" else _blocks(document.blocks)
    return max(found, key=lambda entry: len(about & set(content_words(entry[0]))), default=("", (0, 0)))


def _sentences(text: str) -> list[tuple[str, tuple[int, int]]]:
    return [(match[0], match.span()) for match in _SENTENCE.finditer(text) if match[0]]


def _blocks(blocks: Iterable[str]) -> list[tuple[str, tuple[int, int]]]:
    return [(text, (number, number + 1)) for number, text in enumerate(blocks)]


def search_for(question: Question, *, again: bool = False) -> Search | None:
    """The search of the web that the answer is to make, or None.

    Args:
        question: the question.
        again: give the search that was made earlier in this turn instead, for what it found.
    """
    if question.web is None or question.asked.role != "user":
        return None
    searched = any(turn.searched for turn in question.since_asked)
    if searched or again:
        return _made(question) if searched and again else None
    wanted = question.web.forced or (question.tool_choice != "none" and _asks_for_search(question))
    return _made(question) if wanted else None


def _asks_for_search(question: Question) -> bool:
    return question.turns[-1].role == "user" and bool(asked_for(question.asked.text, [SEARCH_TOOL]))


def _made(question: Question) -> Search:
    query = request_words(_ORDER.sub("", question.asked.text))[:80].strip() or "nothing"
    domains = question.web.domains if question.web else ()
    slug = "-".join(re.findall(r"\w+", query.lower())[:6]) or "page"
    pages = tuple(
        Page(
            f"https://{domain}/{slug}",
            f"{query[:1].upper()}{query[1:]} ({number + 1})",
            f"This page of a made-up web is about {query}, and is number {number + 1}.",
        )
        for number, domain in enumerate((domains or ("example.com", "example.org"))[:2])
    )
    return Search(query, pages)
