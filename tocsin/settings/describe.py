"""What a settings field accepts, in words: the same words in error messages and in the reference pages."""

from __future__ import annotations

import types
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.fields import FieldInfo

_WORDS: Final[dict[Any, tuple[str, str]]] = {
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("true or false", "true or false"),
    str: ("a string", "strings"),
    Path: ("a path", "paths"),
}
_ARRAYS: Final = (tuple, list, set, frozenset)


def describe(field: FieldInfo) -> str:
    """Say what values a field accepts: its type, its choices and its bounds.

    >>> from pydantic import Field
    >>> class Example(BaseModel):
    ...     share: float = Field(default=0.5, ge=0, le=1)
    >>> describe(Example.model_fields["share"])
    'a number from 0 to 1'
    """
    return (_words(field.annotation)[0] + _bounds(field.metadata)).strip()


def section_of(annotation: Any) -> type[BaseModel] | None:
    """Give the model behind an annotation if it is a table of its own (also ``Model | None``), else ``None``."""
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part if get_origin(annotation) in (None, typing.Union, types.UnionType) else None
    return None


def choices(annotation: Any) -> tuple[str, ...]:
    """Give the strings that a closed list allows; empty when the field is no closed list."""
    if get_origin(annotation) is Literal:
        return tuple(str(choice) for choice in get_args(annotation))
    return tuple(choice for part in get_args(annotation) for choice in choices(part))


def _words(annotation: Any) -> tuple[str, str]:
    """Give the singular and the plural of a type."""
    origin, args = get_origin(annotation), get_args(annotation)
    words = _WORDS.get(annotation, (str(annotation), str(annotation)))
    if origin is typing.Annotated:
        bounds = _bounds(args[1:])
        words = (_words(args[0])[0] + bounds, _words(args[0])[1] + bounds)
    elif origin is Literal:
        listed = " or ".join(f'"{choice}"' for choice in args)
        words = (listed, f"of {listed}")
    elif origin in (typing.Union, types.UnionType):
        words = (" or ".join(_words(part)[0] for part in args if part is not type(None)), "values")
    elif origin in _ARRAYS:
        words = (f"an array of {_words(args[0])[1]}", "arrays")
    elif origin is dict:
        words = (f"a table of {_words(args[1])[1]}", "tables")
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        words = ("a table", "tables")
    return words


def _bounds(metadata: Sequence[Any]) -> str:
    """Say the bounds of a value, or of the length of a text or an array."""
    bounds: dict[str, Any] = {}
    for item in metadata:
        for name in ("gt", "ge", "lt", "le", "min_length", "max_length"):
            value = getattr(item, name, None)
            if value is not None:
                bounds[name] = value
    if {"ge", "le"} <= bounds.keys():
        return f" from {bounds['ge']} to {bounds['le']}"
    words = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}
    stated = [f"{words[name]} {bounds[name]}" for name in words if name in bounds]
    words = {"min_length": "at least", "max_length": "at most"}
    sizes = [f"{words[name]} {bounds[name]}" for name in words if name in bounds]
    said = " " + " and ".join(stated) if stated else ""
    return said + (f" (length {' and '.join(sizes)})" if sizes else "")
