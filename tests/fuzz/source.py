"""Texts and choices out of a fuzzer's bytes: the same bytes give the same input, and every input has bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Source:
    """Reads bytes from the front; when they are used up every answer is the first of its kind, so that any bytes will do."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> bool:
        """Whether any bytes are left."""
        return self._at < len(self._data)

    def byte(self) -> int:
        """The next byte."""
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def pick(self, options: Sequence[T]) -> T:
        """One of at most 256 options."""
        return options[self.byte() % len(options)]

    def raw(self, most: int) -> str:
        """As many of the next bytes as the next byte says, at most ``most``, as text; what is no UTF-8 is left out."""
        size = self.byte() % (most + 1)
        chunk, self._at = self._data[self._at : self._at + size], self._at + size
        return chunk.decode("utf-8", "ignore")

    def text(self, pieces: Sequence[str], most: int) -> str:
        """Pieces and raw text in turn, until the bytes are used up or ``most`` characters are there."""
        parts: list[str] = []
        size = 0
        while self.left and size < most:
            choice = self.byte()
            parts.append(pieces[choice % len(pieces)] if choice < 224 else self.raw(choice - 223))
            size += len(parts[-1])
        return "".join(parts)[:most]
