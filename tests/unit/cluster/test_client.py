"""Lines of an endless answer, however the network cuts them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from taskdist.cluster.client import _lines


class Chunks:
    """What a response's content is read by."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks

    async def iter_any(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(Chunks(b"one\n\nthree\nfour"), id="at once"),
        pytest.param(Chunks(b"o", b"ne\n", b"\nth", b"ree", b"\nfour"), id="cut anywhere"),
    ],
)
async def test_lines_are_kept_with_the_blank_ones(content: Chunks) -> None:
    assert [line async for line in _lines(content)] == [b"one", b"", b"three", b"four"]
