"""Responses: OpenAI's newer protocol, in which a conversation is a list of items, and answers may be stored.

The shapes are those of OpenAI's public reference and of its SDK's types (the service keeps the protocol's format, S).
"""
