"""Data out of text, with LangChain: an object of a pydantic class, and a dict as it grows.

SEACLOUD_API_KEY=... python examples/langchain_extraction.py
"""

from __future__ import annotations

from langchain_seacloud import ChatSeaCloud
from pydantic import BaseModel, Field


class Person(BaseModel):
    """A person that a text speaks of."""

    name: str = Field(description="The person's name.")
    age: int = Field(description="The person's age in years.")


def main() -> None:
    model = ChatSeaCloud(model="gpt-4.1")
    person = model.with_structured_output(Person).invoke("Ada is 36.")
    print(f"{person.name}, {person.age} years old")

    for growing in model.with_structured_output(Person.model_json_schema()).stream("Grace is 85."):
        print(growing)


if __name__ == "__main__":
    main()
