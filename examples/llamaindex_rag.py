"""Questions about documents, with LlamaIndex: an answer that streams, and one with its sources.

    SEACLOUD_API_KEY=... python examples/llamaindex_rag.py

SeaCloud has no embedding models, so this program embeds with LlamaIndex's mock: put a real one in its place.
"""

from __future__ import annotations

from llama_index.core import Document, MockEmbedding, Settings, VectorStoreIndex
from llama_index.core.query_engine import CitationQueryEngine
from llamaindex_seacloud import SeaCloud

DOCUMENTS = [
    Document(text="The harbour of Bergen is 900 years old.", metadata={"file_name": "bergen.txt"}),
    Document(text="The market of Oslo sells fish.", metadata={"file_name": "oslo.txt"}),
]


def main() -> None:
    Settings.llm = SeaCloud(model="gpt-4.1")
    Settings.embed_model = MockEmbedding(embed_dim=64)
    index = VectorStoreIndex.from_documents(DOCUMENTS)

    print("Streamed: ", end="")
    answer = index.as_query_engine(streaming=True).query("How old is the harbour of Bergen?")
    for words in answer.response_gen:
        print(words, end="", flush=True)
    print()

    cited = CitationQueryEngine.from_args(index, similarity_top_k=2).query("What is sold in Oslo?")
    print(f"With sources: {cited}")
    for number, source in enumerate(cited.source_nodes, start=1):
        print(f"  [{number}] {source.node.metadata['file_name']}")


if __name__ == "__main__":
    main()
