"""Messages: Anthropic's protocol, in which turns are lists of blocks.

The shapes are those of Anthropic's public reference and of its SDK's types (the service keeps the protocol's format,
S).
"""
