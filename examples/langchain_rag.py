"""Questions about documents, with LangChain: a streamed answer, and its sources.

    SEACLOUD_API_KEY=... python examples/langchain_rag.py

SeaCloud has no embedding models, so this program embeds by counting words: put a real embedding in its place.
"""

from __future__ import annotations

import math
import re
import zlib

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_seacloud import ChatSeaCloud

DOCUMENTS = [
    Document("The harbour of Bergen is 900 years old.", metadata={"source": "bergen.txt"}),
    Document("The market of Oslo sells fish.", metadata={"source": "oslo.txt"}),
]
PROMPT = ChatPromptTemplate.from_template("Answer from these documents.\n\n{documents}\n\nQuestion: {question}")


class WordCounts(Embeddings):
    """A vector with a place for each word, by its hash."""

    def embed_query(self, text: str) -> list[float]:
        """The vector of a text."""
        vector = [0.0] * 256
        for word in re.findall(r"\w+", text.lower()):
            vector[zlib.crc32(word.encode()) % 256] += 1 / math.log(2 + len(text))
        return vector

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of several."""
        return [self.embed_query(text) for text in texts]


def main() -> None:
    store = InMemoryVectorStore(WordCounts())
    store.add_documents(DOCUMENTS)
    chain = PROMPT | ChatSeaCloud(model="gpt-4.1")

    question = "What is sold in Oslo, at the market?"
    found = store.similarity_search(question, k=1)
    documents = "\n".join(f"[{document.metadata['source']}] {document.page_content}" for document in found)
    for chunk in chain.stream({"documents": documents, "question": question}):
        print(chunk.text, end="", flush=True)
    print("\nSources:", ", ".join(document.metadata["source"] for document in found))


if __name__ == "__main__":
    main()
