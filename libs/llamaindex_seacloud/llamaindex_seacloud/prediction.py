"""LlamaIndex's structured prediction for SeaCloud's models: four methods, whole and streamed, sync and async."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing, closing
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # its public place, re-exported
from llama_index.core.instrumentation.events.llm import (
    LLMStructuredPredictEndEvent,
    LLMStructuredPredictInProgressEvent,
    LLMStructuredPredictStartEvent,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.program.utils import FlexibleModel
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.types import PydanticProgramMode
from pydantic import ConfigDict
from seacloud_client.call_parameters import by_own_names
from seacloud_client.models import ModelFacts, facts_of

from llamaindex_seacloud.structured import Growing, Model, OutputForm

_DISPATCHER = get_dispatcher(__name__)


class StructuredPrediction(FunctionCallingLLM):
    """Structured prediction through `chat`, so that events, retries and all the LLM's settings apply to it."""

    # Never built itself, so its pydantic schema, which takes 20 ms, is not made on import.
    model_config = ConfigDict(arbitrary_types_allowed=True, defer_build=True)

    native_structured_output: bool | None = None
    """Whether the provider holds the model to a JSON schema; `None` leaves it to the facts of the model, and to whether
    the schema has a strict form. Where it does not, the model is made to call a tool of that form.
    `pydantic_program_mode` can demand either: `function` is a tool, `llm` a text that is parsed."""

    strict: bool | None = None
    """Whether the model is to be held to the schemas of tools, where the provider can. A native output schema is strict
    where it can be, unless this is `False`."""

    model: str

    additional_kwargs: dict[str, Any]

    is_function_calling_model: bool | None

    def _output_form(
        self, output_cls: type[Model], llm_kwargs: Mapping[str, Any] | None = None
    ) -> OutputForm[Model] | None:
        """How an object of this class is asked for; `None` leaves it to LlamaIndex's programs."""
        mode = self.pydantic_program_mode
        is_default = mode == PydanticProgramMode.DEFAULT
        facts = facts_of(by_own_names({**self.additional_kwargs, **(llm_kwargs or {})}).get("model") or self.model)
        calls_tools = self.is_function_calling_model
        if calls_tools is None:
            calls_tools = facts.tool_calling is not False
        if is_default:
            form = OutputForm(output_cls, is_native=True, strict=self.strict)
            if self._is_native(form, facts, calls_tools=calls_tools):
                return form
        if mode == PydanticProgramMode.FUNCTION or (is_default and calls_tools):
            return OutputForm(output_cls, is_native=False, strict=self.strict)
        return None

    def _is_native(self, form: OutputForm[Model], facts: ModelFacts, *, calls_tools: bool) -> bool:
        """Whether the provider's own structured output is the way.

        Not by itself for a class with fields of any name: it has no strict form, and a provider that closes every
        object would leave them empty, or refuse the class.
        """
        if self.native_structured_output is not None:
            return self.native_structured_output
        if not facts.structured_output:
            return False
        return bool(self.strict) or form.closed_schema is not None or not calls_tools

    def _prompted(self, prompt: BasePromptTemplate, prompt_args: dict[str, Any]) -> list[ChatMessage]:
        return self._extend_messages(prompt.format_messages(llm=self, **prompt_args))

    def structured_predict(
        self,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """Asks for an object of a pydantic class.

        Args:
            output_cls: the class.
            prompt: the prompt.
            llm_kwargs: further parameters of the chat.
            prompt_args: the prompt's variables.

        Raises:
            ValueError: if the answer is no such object; the message says why.
            InvalidInputError: if no answer can be one, as a list is none. Nothing was sent.
            SeaCloudError: as `chat` does.
        """
        form = self._output_form(output_cls, llm_kwargs)
        if form is None:
            output: Model = super().structured_predict(output_cls, prompt, llm_kwargs, **prompt_args)
            return output
        _tell_start(output_cls, prompt, prompt_args)
        output = form.read(self.chat(self._prompted(prompt, prompt_args), **form.kwargs(llm_kwargs)))
        _DISPATCHER.event(LLMStructuredPredictEndEvent(output=output))
        return output

    async def astructured_predict(
        self,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """`structured_predict`, async."""
        form = self._output_form(output_cls, llm_kwargs)
        if form is None:
            output: Model = await super().astructured_predict(output_cls, prompt, llm_kwargs, **prompt_args)
            return output
        _tell_start(output_cls, prompt, prompt_args)
        output = form.read(await self.achat(self._prompted(prompt, prompt_args), **form.kwargs(llm_kwargs)))
        _DISPATCHER.event(LLMStructuredPredictEndEvent(output=output))
        return output

    def stream_structured_predict(
        self,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[Model | FlexibleModel, None, None]:
        """Asks for an object, and yields it as it grows: of a lenient class until it satisfies its own.

        Raises:
            ValueError: at the end, if the answer is no such object; the message says why.
            SeaCloudError: as `stream_chat` does.
        """
        form = self._output_form(output_cls, llm_kwargs)
        if form is None:
            yield from super().stream_structured_predict(output_cls, prompt, llm_kwargs, **prompt_args)
            return
        _tell_start(output_cls, prompt, prompt_args)
        growing, output = Growing(form), None
        messages = self._prompted(prompt, prompt_args)
        with closing(self.stream_chat(messages, **form.kwargs(llm_kwargs))) as responses:
            for response in responses:
                if (news := growing.add(response)) is not None:
                    output = news
                    _DISPATCHER.event(LLMStructuredPredictInProgressEvent(output=output))
                    yield output
        if (whole := growing.finish()) != output:
            yield whole
        _DISPATCHER.event(LLMStructuredPredictEndEvent(output=whole))

    async def astream_structured_predict(
        self,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[Model | FlexibleModel, None]:
        """`stream_structured_predict`, async: a coroutine that gives an async generator, as LlamaIndex has it."""
        form = self._output_form(output_cls, llm_kwargs)
        if form is None:
            return await super().astream_structured_predict(output_cls, prompt, llm_kwargs, **prompt_args)
        return self._aobjects(form, prompt, llm_kwargs, prompt_args)

    async def _aobjects(
        self,
        form: OutputForm[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None,
        prompt_args: dict[str, Any],
    ) -> AsyncGenerator[Model | FlexibleModel, None]:
        _tell_start(form.output_cls, prompt, prompt_args)
        growing, output = Growing(form), None
        messages = self._prompted(prompt, prompt_args)
        async with aclosing(await self.astream_chat(messages, **form.kwargs(llm_kwargs))) as responses:
            async for response in responses:
                if (news := growing.add(response)) is not None:
                    output = news
                    _DISPATCHER.event(LLMStructuredPredictInProgressEvent(output=output))
                    yield output
        if (whole := growing.finish()) != output:
            yield whole
        _DISPATCHER.event(LLMStructuredPredictEndEvent(output=whole))


def _tell_start(output_cls: type[Any], prompt: BasePromptTemplate, prompt_args: dict[str, Any]) -> None:
    _DISPATCHER.event(LLMStructuredPredictStartEvent(output_cls=output_cls, template=prompt, template_args=prompt_args))
