"""Choosing models, with LangChain: per call, by configuration, with a fallback, and by name.

SEACLOUD_API_KEY=... python examples/langchain_models.py
"""

from __future__ import annotations

import langchain_seacloud
from langchain.chat_models import init_chat_model
from langchain_core.runnables import ConfigurableField
from langchain_seacloud import ChatSeaCloud

QUESTION = "Introduce SeaCloud in one sentence"


def main() -> None:
    model = ChatSeaCloud(model="gpt-4.1")  # an instance works wherever LangChain takes a model
    print(model.invoke(QUESTION).response_metadata["model_name"])
    print(model.invoke(QUESTION, model="claude-opus-4-6").response_metadata["model_name"])

    configurable = model.configurable_fields(model=ConfigurableField(id="model"))
    answer = configurable.invoke(QUESTION, config={"configurable": {"model": "gpt-5.5"}})
    print(answer.response_metadata["model_name"])

    safe = model.with_fallbacks([ChatSeaCloud(model="gpt-4.1-mini")])
    print(safe.invoke(QUESTION).response_metadata["model_name"])

    langchain_seacloud.register()  # touches langchain's private table of providers: see its documentation
    print(init_chat_model("seacloud:gpt-4.1").invoke(QUESTION).response_metadata["model_name"])
    langchain_seacloud.unregister()


if __name__ == "__main__":
    main()
