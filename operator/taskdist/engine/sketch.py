"""A distribution in a few dozen bytes: counts on a logarithmic scale, of values and of lower bounds.

Each bucket is 10 % wider than the one below, so a quantile is off by at most 5 % (Masson et al. 2019, VLDB 12:2195). Some
observations only say "more than": a pod that was killed for want of memory needs more than its limit. Quantiles count
those as Kaplan and Meier do (1958, JASA 53:457): their share goes to what is greater.

A sketch is as recent as it is small: when it is full, all counts are halved, so what is old counts for less and less.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH: Final = math.log(1.1)
_LAST: Final = 300
"""The last bucket: 2.6 * 10^12, which is beyond a Pi of MiB and 30 days of seconds."""
BEYOND: Final = 2.0
"""Where nothing greater was seen than a lower bound, the value is taken for so many times the bound: by as much memory
grows after a kill, unless the distribution says otherwise."""
_OUTLIER: Final = 4.0
_ENTRY: Final = re.compile(r"([0-9]{1,3})([:>])([0-9]{1,4})")


class Sketch:
    """Counts of observations from 1 to 10^12, of any one unit; smaller ones count as 1."""

    __slots__ = ("_above", "_at", "_most", "_rest")

    def __init__(self, most: int) -> None:
        """An empty sketch that is halved when it holds more than ``most`` observations."""
        self._most = most
        self._at: dict[int, int] = {}
        self._above: dict[int, int] = {}
        self._rest = 0.0

    def add(self, value: float, *, above: bool = False, even: bool = False) -> None:
        """Count one observation; ``above`` if it is only known that the true value is greater.

        ``even`` hands what rounding to a bucket took or gave on to the next observation (error diffusion), so that the mean of
        many is exact though each is not: else a second that always lasts 1.04 s would be one of 1.00 s for ever.
        """
        counts = self._above if above else self._at
        place = math.log(max(1.0, value)) / _WIDTH
        if even and not above:
            place += self._rest
            self._rest = place - max(0, round(place))
        bucket = min(_LAST, max(0, round(place)))
        counts[bucket] = counts.get(bucket, 0) + 1
        self._shrink()

    def __len__(self) -> int:
        return sum(self._at.values()) + sum(self._above.values())

    def quantile(self, share: float) -> float:
        """The smallest value that at least ``share`` of the observations do not exceed; 0 of an empty sketch."""
        left, surviving = len(self), 1.0
        if not left:
            return 0.0
        for bucket, at, above in self._ascending():
            surviving *= 1 - at / left
            if surviving <= 1 - share + 1e-9:
                return _value(bucket)
            left -= at + above
        return _value(max(self._above)) * BEYOND

    def mean(self) -> float:
        """The mean, in which an observation counts as at most four medians: one that went wrong is not what to expect.

        0 of an empty sketch. A lower bound counts as :data:`BEYOND` times itself, if nothing greater was seen or not.
        """
        size, most = len(self), _OUTLIER * self.quantile(0.5)
        if not size:
            return 0.0
        total = sum(
            at * min(_value(bucket), most) + above * min(BEYOND * _value(bucket), most)
            for bucket, at, above in self._ascending()
        )
        return total / size

    def text(self) -> str:
        """The sketch as text: ``31:4 33>1`` is four values in bucket 31 and one that is above bucket 33."""
        entries = ((bucket, at, above) for bucket, at, above in self._ascending())
        return " ".join(
            f"{bucket}{mark}{count}"
            for bucket, at, above in entries
            for mark, count in ((":", at), (">", above))
            if count
        )

    @classmethod
    def read(cls, text: str, most: int) -> Sketch:
        """The sketch that :meth:`text` wrote; what is not of that form is left out."""
        made = cls(most)
        for bucket, mark, count in _ENTRY.findall(text):
            if int(bucket) <= _LAST and int(count):
                counts = made._at if mark == ":" else made._above
                counts[int(bucket)] = counts.get(int(bucket), 0) + int(count)
        made._shrink()
        return made

    def _shrink(self) -> None:
        while len(self) > self._most:
            self._at, self._above = _halved(self._at), _halved(self._above)

    def _ascending(self) -> Iterator[tuple[int, int, int]]:
        for bucket in sorted(self._at.keys() | self._above.keys()):
            yield bucket, self._at.get(bucket, 0), self._above.get(bucket, 0)


def _value(bucket: int) -> float:
    return math.exp(bucket * _WIDTH)


def _halved(counts: dict[int, int]) -> dict[int, int]:
    """Half of each count. What is left over of one goes to the next bucket: rounding must neither thin out nor keep the tails."""
    kept, rest = {}, 0
    for bucket in sorted(counts):
        half, rest = divmod(counts[bucket] + rest, 2)
        if half:
            kept[bucket] = half
    return kept
