"""The brain's vocabulary, in which no protocol shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True)
class Attachment:
    """Something in a message that is not text.

    Attributes:
        kind: `image`, `audio`, `video` or `file`.
        description: what can be said of it, such as `PNG, 12x8`; may be empty.
        tokens: what it counts for.
    """

    kind: str
    description: str
    tokens: int


@dataclass(frozen=True)
class Turn:
    """One message of the conversation.

    Attributes:
        role: who speaks.
        text: the text, of all parts together.
        attachments: what is not text.
        calls: the names of the tools that an assistant's turn calls.
        tokens: what the whole turn counts for.
        cached_to_here: whether the turn marks the end of a prefix that is to be cached.
        searched: whether the assistant's turn searched the web.
    """

    role: Role
    text: str
    attachments: tuple[Attachment, ...] = ()
    calls: tuple[str, ...] = ()
    tokens: int = 0
    cached_to_here: bool = False
    searched: bool = False


@dataclass(frozen=True)
class Tool:
    """A tool on offer. `parameters` is the JSON Schema of its arguments, or of the text that it takes instead."""

    name: str
    description: str
    parameters: dict[str, Any]
    free_text: bool = False


def free_text_tool(name: str, description: str | None, grammar: Mapping[str, Any]) -> Tool:
    """A tool that takes free text; `grammar` may hold a `definition` of it, and says in which `syntax` that is."""
    schema = {"pattern": grammar["definition"]} if grammar.get("syntax") == "regex" else {}
    return Tool(name, description or "", schema, free_text=True)


@dataclass(frozen=True)
class WebSearch:
    """The built-in tool that searches the web.

    Attributes:
        forced: whether it must be used.
        domains: where results may come from; empty for anywhere.
    """

    forced: bool = False
    domains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """A document that answers are to cite.

    Attributes:
        kind: how places in it are told: `text` (characters), `pages`, `blocks`, or `search_result` (blocks as well).
        number: its number among those of its sort, from 0.
        title: its title, if it has one.
        source: where it is from, for a search result.
        blocks: its text, in as many pieces as it has; none if it cannot be read.
    """

    kind: Literal["text", "pages", "blocks", "search_result"]
    number: int
    title: str | None
    source: str
    blocks: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """A page that a search of the web found."""

    url: str
    title: str
    text: str


@dataclass(frozen=True)
class Search:
    """A search of the web that the answer makes, and what it finds."""

    query: str
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Quote:
    """A stretch of the answer's text that is taken from a source.

    Attributes:
        start: where in the text it begins, in characters.
        end: where it ends.
        source: what it is taken from.
        cited: the words of the source.
        place: where these are in the source: from and to, in characters, pages or blocks.
    """

    start: int
    end: int
    source: Document | Page
    cited: str
    place: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Question:
    """A request.

    Attributes:
        turns: the conversation, oldest first.
        tools: the tools on offer.
        tool_choice: whether a tool may (`auto`), must not (`none`) or must (`required`) be called.
        forced_tool: the one that must be called, with `required`.
        parallel: whether several calls in one answer are allowed.
        schema: the JSON Schema that the text must satisfy.
        json_object: whether the text must be a JSON object.
        reasoning: whether reasoning is to be shown.
        max_tokens: the most tokens that the answer may have, reasoning included.
        stop: texts before which the answer ends.
        choices: how many answers are wanted.
        web: the search of the web, if that is on offer.
        documents: the documents that the answer is to cite.
    """

    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: Literal["auto", "none", "required"] = "auto"
    forced_tool: str | None = None
    parallel: bool = True
    schema: dict[str, Any] | None = None
    json_object: bool = False
    reasoning: bool = False
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    choices: int = 1
    web: WebSearch | None = None
    documents: tuple[Document, ...] = ()

    @property
    def asked(self) -> Turn:
        """The last turn of the user, or the last turn of all where there is none."""
        place = self._asked_place()
        return self.turns[-1] if place is None else self.turns[place]

    @property
    def since_asked(self) -> tuple[Turn, ...]:
        """The turns after the user's last: calls of tools and their results."""
        place = self._asked_place()
        return () if place is None else self.turns[place + 1 :]

    def _asked_place(self) -> int | None:
        places = (place for place in range(len(self.turns) - 1, -1, -1) if self.turns[place].role == "user")
        return next((place for place in places if not self._carries_results(place)), None)

    def _carries_results(self, place: int) -> bool:
        """Whether a turn of the user's only carries what tools gave: a tool's own turn may take text alone."""
        return place > 0 and self.turns[place - 1].role == "tool" and bool(self.turns[place].attachments)


def with_turns_joined(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """The turns, with those of the assistant that follow each other made one: some protocols part what it said."""
    joined: list[Turn] = []
    for turn in turns:
        if joined and turn.role == joined[-1].role == "assistant":
            joined[-1] = _joined(joined[-1], turn)
        else:
            joined.append(turn)
    return tuple(joined)


def _joined(first: Turn, second: Turn) -> Turn:
    return replace(
        second,
        text="\n".join(text for text in (first.text, second.text) if text),
        attachments=first.attachments + second.attachments,
        calls=first.calls + second.calls,
        tokens=first.tokens + second.tokens,
        cached_to_here=first.cached_to_here or second.cached_to_here,
        searched=first.searched or second.searched,
    )


@dataclass(frozen=True)
class Call:
    """A call of a tool.

    Attributes:
        name: the tool's name.
        arguments: JSON text, or free text; cut short where the answer was.
        free_text: whether the tool takes free text.
    """

    name: str
    arguments: str
    free_text: bool = False


Finish = Literal["stop", "length", "tool_calls", "refused", "filtered", "failed", "paused"]


@dataclass(frozen=True)
class Answer:
    """One answer.

    Attributes:
        text: what is said, or None where tools are called instead.
        calls: the tools that are called.
        reasoning: the reasoning before that; may be empty.
        finish: why it ends. `refused`: the text says no; `filtered`: a filter cut it; `failed`: the model broke down;
            `paused`: there is more to come once it is sent back.
        stopped_by: the stop text that ended it, or None.
        search: the search of the web that comes before the rest.
        quotes: what of the text is taken from sources, in order.
    """

    text: str | None
    calls: tuple[Call, ...] = ()
    reasoning: str = ""
    finish: Finish = "stop"
    stopped_by: str | None = None
    search: Search | None = None
    quotes: tuple[Quote, ...] = ()

    def cut(self, length: int) -> Answer:
        """The answer with only the first characters of its text, and the quotes that are whole in them."""
        if self.text is None:
            return self
        quotes = tuple(quote for quote in self.quotes if quote.end <= length)
        return replace(self, text=self.text[:length], quotes=quotes)


@dataclass(frozen=True)
class Count:
    """Token counts of a request and all its answers."""

    prompt: int
    completion: int
    reasoning: int = 0
    cached: int = 0
    audio: int = 0
