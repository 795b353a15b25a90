"""SeaCloud's LLM under the name that LlamaIndex's users look for."""

from llamaindex_seacloud.llm import SeaCloud

__all__ = ["SeaCloud"]
