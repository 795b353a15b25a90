"""Our errors as LangChain knows them: each is seacloud_client's and langchain-core's `ModelError` at once.

So `except seacloud_client.RateLimitError` works, and so do LangChain's middlewares, which look for `ModelError` and
its `is_retryable`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import seacloud_client.errors as base
from langchain_core import exceptions as langchain


class AuthenticationError(base.AuthenticationError, langchain.ModelAuthenticationError):
    """The key is missing, invalid or expired."""


class PermissionDeniedError(base.PermissionDeniedError, langchain.ModelPermissionDeniedError):
    """The key is known but may not do this."""


class InsufficientBalanceError(base.InsufficientBalanceError, langchain.ModelPermissionDeniedError):
    """The account has no balance left."""


class ModelNotAllowedError(base.ModelNotAllowedError, langchain.ModelPermissionDeniedError):
    """The key may not use this model."""


class NotFoundError(base.NotFoundError, langchain.ModelNotFoundError):
    """There is nothing at this address, or no such model."""


class InvalidRequestError(base.InvalidRequestError, langchain.ModelInvalidRequestError):
    """The service cannot accept the request as it is."""


class ContextLengthError(base.ContextLengthError, langchain.ContextOverflowError):
    """The input does not fit into the model's context window."""


class ContentRefusedError(base.ContentRefusedError, langchain.ModelInvalidRequestError):
    """A filter of the provider refused the input."""


class RateLimitError(base.RateLimitError, langchain.ModelRateLimitError):
    """Too many requests, or a quota is used up."""


class ServerError(base.ServerError, langchain.ModelAPIError):
    """The service, or the provider behind it, failed."""


class ConnectionFailed(base.ConnectionFailed, langchain.ModelConnectionError):
    """No connection: the request cannot have arrived."""


class TimedOut(base.TimedOut, langchain.ModelTimeoutError):
    """No answer within the time allowed."""


class StreamBroken(base.StreamBroken, langchain.ModelConnectionError):
    """The answer broke off."""


class ProtocolError(base.ProtocolError, langchain.ModelError):
    """The answer is not what the protocol allows."""


class ForeignOriginError(base.ForeignOriginError, langchain.ModelError):
    """An answer points to another origin than the service's."""


class ConfigurationError(base.ConfigurationError, langchain.ModelInvalidRequestError):
    """A setting is missing or makes no sense. Nothing was sent."""


class InvalidInputError(base.InvalidInputError, langchain.ModelInvalidRequestError):
    """What was asked for cannot be sent as it is. Nothing was sent."""


class APIError(base.APIError, langchain.ModelError):
    """The service answered, and said no in a way of its own."""


class TransportError(base.TransportError, langchain.ModelConnectionError):
    """No answer came, or not all of it."""


class OutputRefusedError(base.SeaCloudError, langchain.ModelError):
    """The model declined to give the structured output that was asked for."""


_AS_LANGCHAIN: Mapping[type[base.SeaCloudError], type[base.SeaCloudError]] = {
    cls.__mro__[1]: cls
    for cls in (
        APIError,
        TransportError,
        AuthenticationError,
        PermissionDeniedError,
        InsufficientBalanceError,
        ModelNotAllowedError,
        NotFoundError,
        InvalidRequestError,
        ContextLengthError,
        ContentRefusedError,
        RateLimitError,
        ServerError,
        ConnectionFailed,
        TimedOut,
        StreamBroken,
        ProtocolError,
        ForeignOriginError,
        ConfigurationError,
        InvalidInputError,
    )
}


@contextmanager
def langchain_errors() -> Iterator[None]:
    """Makes the client's errors LangChain's too.

    The error keeps its identity and its traceback: only its class changes, to the subclass that is both.
    """
    try:
        yield
    except base.SeaCloudError as error:
        as_langchain = _AS_LANGCHAIN.get(type(error))
        if as_langchain is not None:
            error.__class__ = as_langchain
        raise
