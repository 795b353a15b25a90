"""What the wires' words for the end of a reply stand for, without the reply."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from seacloud_client.conversation import Finish
from seacloud_client.protocols.chat_completions.finishes import FINISHES as CHAT_COMPLETIONS
from seacloud_client.protocols.finishes import finish_of
from seacloud_client.protocols.messages.decode import FINISHES as MESSAGES
from seacloud_client.protocols.responses.decode import FINISHES as RESPONSES
from seacloud_client.protocols.responses.decode import INCOMPLETE

TABLES = {
    "chat completions": CHAT_COMPLETIONS,
    "messages": MESSAGES,
    "responses": RESPONSES,
    "responses, incomplete": INCOMPLETE,
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_no_protocol_means_by_a_word_what_another_does_not(table: Mapping[str, Finish]) -> None:
    assert {word: finish_of(word) for word in table} == dict(table)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("SAFETY", Finish.CONTENT_FILTER),
        ("content_filter: PROHIBITED_CONTENT", Finish.CONTENT_FILTER),
        ("pause_turn", Finish.PAUSE),
        ("something new", Finish.UNKNOWN),
        ("", Finish.UNKNOWN),
        (None, Finish.UNKNOWN),
    ],
)
def test_the_finish_of_a_word(reason: str | None, finish: Finish) -> None:
    assert finish_of(reason) is finish
