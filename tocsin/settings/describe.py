"""What a settings field accepts, in words: the same words in error messages and in the reference pages."""

from __future__ import annotations

import types
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin

import annotated_types
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
    lower = upper = ""
    low = high = None
    for item in metadata:
        if isinstance(item, annotated_types.Interval):
            return _bounds([bound for bound in item if not isinstance(bound, annotated_types.Interval)])
        if isinstance(item, annotated_types.Gt):
            lower = f"greater than {item.gt}"
        elif isinstance(item, annotated_types.Ge):
            lower, low = f"of at least {item.ge}", item.ge
        elif isinstance(item, annotated_types.Lt):
            upper = f"less than {item.lt}"
        elif isinstance(item, annotated_types.Le):
            upper, high = f"of at most {item.le}", item.le
        elif isinstance(item, annotated_types.MinLen):
            lower = f"with at least {item.min_length} items or characters"
        elif isinstance(item, annotated_types.MaxLen):
            upper = f"with at most {item.max_length} items or characters"
    if low is not None and high is not None:
        return f" from {low} to {high}"
    stated = [bound for bound in (lower, upper) if bound]
    return f" {' and '.join(stated)}" if stated else ""
