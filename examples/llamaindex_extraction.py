"""Data out of text, with LlamaIndex: an object of a pydantic class, whole and as it grows.

SEACLOUD_API_KEY=... python examples/llamaindex_extraction.py
"""

from __future__ import annotations

from llama_index.core import PromptTemplate
from llamaindex_seacloud import SeaCloud
from pydantic import BaseModel, Field


class Person(BaseModel):
    """A person that a text speaks of."""

    name: str = Field(description="The person's name.")
    age: int = Field(description="The person's age in years.")


PROMPT = PromptTemplate("Who is spoken of here? {text}")


def main() -> None:
    llm = SeaCloud(model="gpt-4.1")
    person = llm.structured_predict(Person, PROMPT, text="Ada is 36.")
    print(f"{person.name}, {person.age} years old")

    for growing in llm.stream_structured_predict(Person, PROMPT, text="Grace is 85."):
        print(growing)


if __name__ == "__main__":
    main()
