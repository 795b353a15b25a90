"""JSON that messages demand in words alone: by the prompts that LangChain and LlamaIndex make for it."""

from __future__ import annotations

import json

import pytest
from langchain_core.output_parsers import PydanticOutputParser as LangChainParser
from llama_index.core.output_parsers import PydanticOutputParser as LlamaIndexParser
from pydantic import BaseModel
from seacloud_emulator.brain.question import Question, Turn
from seacloud_emulator.brain.thinking import answers
from seacloud_emulator.brain.told import without_words_on_json


class Ship(BaseModel):
    """A ship, with a harbour of its own."""

    class Harbour(BaseModel):
        city: str

    name: str
    length: int
    harbour: Harbour


SAID = 'Tell of the ship "Red Boat", which is 12 metres long and lies in Oslo.'
INSTRUCTIONS = LangChainParser(pydantic_object=Ship).get_format_instructions()
FORMATTED = LlamaIndexParser(Ship).format(SAID)
DOUBLED = LlamaIndexParser(Ship).get_format_string(escape_json=True)


@pytest.mark.parametrize(
    "turns",
    [
        (Turn("user", f"{INSTRUCTIONS}\n{SAID}"),),
        (Turn("system", f"Wrap the output in `json` tags\n{INSTRUCTIONS}"), Turn("user", SAID)),
        (Turn("user", FORMATTED),),
        (Turn("user", f"{SAID}\n{DOUBLED}"),),
        (Turn("user", "Hello"), Turn("assistant", "Good day."), Turn("user", f"{SAID}\n{DOUBLED}")),
    ],
    ids=[
        "LangChain's",
        "LangChain's, in the instructions",
        "LlamaIndex's",
        "LlamaIndex's, with doubled braces",
        "later",
    ],
)
def test_a_json_schema_in_the_prompt(turns):
    """The frameworks' own parsers read the answer, and it has what the message has."""
    [answer, other] = answers(Question(turns, choices=2))
    assert other.text == answer.text, "nothing is added to JSON"
    for ship in (LangChainParser(pydantic_object=Ship).parse(answer.text), LlamaIndexParser(Ship).parse(answer.text)):
        assert ship.model_dump() == {"name": "Red Boat", "length": 12, "harbour": {"city": "Oslo"}}


@pytest.mark.parametrize(
    "text",
    [
        f"Here is a tool, with its arguments as JSON: {json.dumps(Ship.model_json_schema())}",
        "Tell me what a JSON schema is.",
        'Is {"properties": 1} a JSON schema?',
        "Is {{this a JSON schema}}? Or {that}?",
        "{" * 5000 + " is no JSON schema",
    ],
)
def test_prose_is_answered_in_prose(text):
    [answer] = answers(Question((Turn("user", text),)))
    assert answer.text.startswith("You said")


def test_words_on_json_are_no_content():
    assert without_words_on_json(f"{INSTRUCTIONS}\n{SAID}") == SAID
    assert without_words_on_json(f"{SAID} Answer in JSON.") == SAID
    assert without_words_on_json("Make a schema of it, as JSON. The object is a ship.") == "The object is a ship."
    assert without_words_on_json("Answer in JSON.") == "Answer in JSON."
