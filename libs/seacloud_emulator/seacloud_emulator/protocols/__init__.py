"""The LLM protocols, each between its wire format and the brain."""
