"""Answers from a folder, with sources and pictures.

LlamaIndex reads a folder of texts and pictures, and answers from it: with the sources of each answer, and the picture
that belongs to it.

With `SEACLOUD_API_KEY` set this notebook talks to SeaCloud. Without, it starts the emulator, as it did when it was
stored: then nothing here comes from a real model.
"""

# %%
import os
import re
import zlib
from pathlib import Path

from IPython import display as show
from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.types import ChatMessage, CitableBlock, ImageBlock, TextBlock
from llamaindex_seacloud import SeaCloud
from seacloud_client import Queue

if "SEACLOUD_API_KEY" not in os.environ:
    from seacloud_emulator import Emulator

    emulator = Emulator()
    emulator.start()
    os.environ.update(SEACLOUD_BASE_URL=emulator.url, SEACLOUD_API_KEY="sk-emulator")

# %% [markdown]
# ## The folder
#
# Three texts, and a picture for each, which SeaCloud's queue makes.

# %%
TEXTS = {
    "bergen": "The harbour of Bergen is 900 years old. A boat leaves it at sunset.",
    "oslo": "The market of Oslo sells fish. It opens at seven.",
    "tromso": "In Tromso the night is long. A house in the hills has a light for those at sea.",
}
folder = Path("norway")
folder.mkdir(exist_ok=True)
queue = Queue()
for name, text in TEXTS.items():
    (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    made = queue.run("gpt_image_2", {"prompt": text, "output_format": "jpeg"})
    made.outputs[0].save(folder, name=name)
print(*sorted(path.name for path in folder.iterdir()))

# %% [markdown]
# ## The index
#
# SeaCloud documents no embedding models. This one counts words: put a real one in its place.


# %%
class WordCounts(BaseEmbedding):
    """A vector with a place for each word, by its hash."""

    def _get_text_embedding(self, text: str) -> list[float]:
        vector = [0.0] * 256
        for word in re.findall(r"\w+", text.lower()):
            vector[zlib.crc32(word.encode()) % 256] += 1.0
        return vector

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


Settings.llm = SeaCloud(model="gpt-4.1")
Settings.embed_model = WordCounts()
documents = [
    Document(text=path.read_text(encoding="utf-8"), metadata={"source": path.name})
    for path in sorted(folder.glob("*.txt"))
]
index = VectorStoreIndex.from_documents(documents)

# %% [markdown]
# ## A question, its answer, its source and its picture

# %%
engine = index.as_query_engine(streaming=True, similarity_top_k=1)
answer = engine.query("How old is the harbour of Bergen?")
for words in answer.response_gen:
    print(words, end="", flush=True)

# %%
for found in answer.source_nodes:
    source = folder / found.metadata["source"]
    show.display(show.Markdown(f"**{source.name}**: {found.text}"))
    show.display(show.Image(filename=source.with_suffix(".jpg"), width=360))

# %% [markdown]
# ## A question about the picture itself
#
# A model that sees pictures gets it beside the question.

# %%
picture = ImageBlock(path=folder / "tromso.jpg", image_mimetype="image/jpeg")
question = ChatMessage(role="user", blocks=[TextBlock(text="What is in this picture?"), picture])
print(Settings.llm.chat([question]).message.content)

# %% [markdown]
# ## Citations of the model's own
#
# Claude cites a document that it is given as such, over the Messages protocol.

# %%
document = CitableBlock(title="oslo", source="oslo.txt", content=[TextBlock(text=TEXTS["oslo"])])
asked = ChatMessage(role="user", blocks=[document, TextBlock(text="What does the market of Oslo sell?")])
for block in SeaCloud(model="claude-opus-4-6").chat([asked]).message.blocks:
    if block.block_type == "citation":
        print(f"{block.title}: {block.cited_content.text}")
