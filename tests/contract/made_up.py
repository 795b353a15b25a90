"""JSON made up from the official SDKs' own models: every kind of item that an answer may hold, recorded or not."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

Json = dict[str, Any]

_DEEPEST = 6
_VARIANTS = 12


def kinds_of(union: Any) -> Iterator[type[BaseModel]]:
    """Yield the models of a union, however it is nested."""
    for member in get_args(get_args(union)[0] if get_origin(union) is Annotated else union):
        if get_origin(member) is None:
            yield member
        else:
            yield from kinds_of(member)


def instances(model: type[BaseModel]) -> list[Json]:
    """Return JSON of the model with all its fields, once for each member of its widest union or enumeration."""
    made: list[Json] = []
    for number in range(_VARIANTS):
        maker = _Maker(number)
        made.append(maker.make_model(model))
        if number + 1 >= maker.widest:
            break
    return made


class _Maker:
    """Makes values by their annotations: of alternatives the one of this number, and no two texts alike."""

    def __init__(self, number: int) -> None:
        self.widest = 1
        self._number = number
        self._made = 0
        self._depth = 0

    def make_model(self, model: type[BaseModel]) -> Json:
        self._depth += 1
        fields = {(field.alias or name): field.annotation for name, field in model.model_fields.items()}
        made = {name: self.make(annotation) for name, annotation in fields.items()}
        self._depth -= 1
        return made

    def make(self, annotation: Any) -> Any:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return self.make_model(annotation)
        origin = get_origin(annotation)
        if origin is None:
            self._made += 1
            return _PLAIN[annotation](self._made) if annotation in _PLAIN else f"made up {self._made}"
        return _NESTED[origin](self, get_args(annotation))

    def choose(self, choices: tuple[Any, ...]) -> Any:
        self.widest = max(self.widest, len(choices))
        return choices[self._number % len(choices)]

    def make_one_of(self, members: tuple[Any, ...]) -> Any:
        return self.make(self.choose(tuple(member for member in members if member is not types.NoneType)))

    def make_list(self, members: tuple[Any, ...]) -> list[Any]:
        return [self.make(members[0])] if self._depth < _DEEPEST else []

    def make_mapping(self, members: tuple[Any, ...]) -> Json:
        return {"a": self.make(members[1])}

    def make_inner(self, members: tuple[Any, ...]) -> Any:
        return self.make(members[0])


_PLAIN: Mapping[Any, Callable[[int], Any]] = {
    int: lambda number: number,
    float: lambda number: number + 0.5,
    bool: lambda number: number % 2 == 0,
    object: lambda number: {"made up": number},
    Any: lambda number: {"made up": number},
}

_NESTED: Mapping[Any, Callable[[_Maker, tuple[Any, ...]], Any]] = {
    Annotated: _Maker.make_inner,
    Literal: _Maker.choose,
    Union: _Maker.make_one_of,
    types.UnionType: _Maker.make_one_of,
    list: _Maker.make_list,
    dict: _Maker.make_mapping,
}
