"""A property worked out once: what is asked of each of thousands of voices a second must not take a lock each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class remembered(Generic[Value]):  # noqa: N801  (it reads as the word ``property`` does)
    """As ``functools.cached_property``, which takes a lock before Python 3.12: the value lies in the ``__dict__`` of its owner.

    >>> class Owner:
    ...     asked = 0
    ...     @remembered
    ...     def answer(self) -> int:
    ...         self.asked += 1
    ...         return 42
    >>> owner = Owner(); owner.answer, owner.answer, owner.asked
    (42, 42, 1)
    """

    def __init__(self, work_out: Callable[[Any], Value]) -> None:
        self._work_out = work_out
        self.__doc__ = work_out.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> remembered[Value]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> remembered[Value] | Value:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._work_out(instance)
        return value
