"""An agent illustrates a story.

A LangChain agent reads a story, scene by scene, and has a picture made of each. Then the story gets a tune and a film.
Results show their pictures and play their sounds and films where they stand.

With `SEACLOUD_API_KEY` set this notebook talks to SeaCloud. Without, it starts the emulator, as it did when it was
stored: then nothing here comes from a real model.
"""

# %%
import os
from pathlib import Path

from IPython import display as show
from langchain.agents import create_agent
from langchain_seacloud import ChatSeaCloud, SeaCloudGenerationTool
from seacloud_client import Queue

if "SEACLOUD_API_KEY" not in os.environ:
    from seacloud_emulator import Emulator

    emulator = Emulator()
    emulator.start()
    os.environ.update(SEACLOUD_BASE_URL=emulator.url, SEACLOUD_API_KEY="sk-emulator")

# %% [markdown]
# ## The story

# %%
STORY = [
    "a cat astronaut floating above the sea at night",
    "a small house in the hills at sunset, seen from above",
    "a boat with a red sail on the sea at sunset",
]
for scene in STORY:
    show.display(show.Markdown(f"> {scene}"))

# %% [markdown]
# ## The agent
#
# The tool waits for the task, saves the picture, and shows it to the model. Whatever goes wrong is told to the model in
# one sentence; nothing is ever made, or paid for, twice by itself.

# %%
illustrate = SeaCloudGenerationTool(
    model="gpt_image_2",
    parameters={"output_format": "jpeg"},
    save_to=Path("pictures"),
)
agent = create_agent(
    ChatSeaCloud(model="gpt-4.1"),
    [illustrate],
    system_prompt="You illustrate stories. Have one picture made for each scene.",
)

# %%
for scene in STORY:
    state = agent.invoke({"messages": [("user", f"Please draw {scene}.")]})
    called = next(message for message in state["messages"] if message.type == "tool")
    show.display(show.Markdown(f"> {scene}"), show.Image(filename=called.artifact["saved"][0], width=360))

# %% [markdown]
# ## While it waits
#
# LangGraph's `stream_mode="custom"` tells how the task is getting on.

# %%
question = {"messages": [("user", "Please draw a picture of a flower by the sea.")]}
seen: list[str] = []
for mode, data in agent.stream(question, stream_mode=["custom", "updates"]):
    if mode == "custom" and data["seacloud_progress"]["status"] not in seen:
        seen.append(data["seacloud_progress"]["status"])
print(seen[-1])

# %% [markdown]
# ## A tune and a film
#
# Without an agent, the queue does the same. A result that ends a cell shows itself.

# %%
queue = Queue()
tune = queue.run("emulator_melody", {"prompt": "a happy tune for a cat astronaut"})
show.display(tune)

# %%
film = queue.run("pixverse_v6_t2v", {"prompt": "a boat on the sea at sunset", "duration": 2})
show.display(film)

# %%
print(film.outputs[0])
