"""Tokens: words, numbers, names with dots and slashes, quotations and code as one token each, punctuation."""

from __future__ import annotations

import re
from typing import NamedTuple

from taskdist.engine.text.words.slips import SLIPS

_URL = r"(?:https?|ftp|s3|gs|git|ssh|postgres|mysql|redis|file)://[^\s<>\"'`)\]]*[^\s<>\"'`)\].,;:!?]"
_CODE = r"`[^`\n]{1,200}`"
_DOUBLE_QUOTED = r"[\"“„«][^\"“”„»\n]{1,300}[\"”“»]"
_SINGLE_QUOTED = r"(?<![\w])['‘](?!\s)[^'‘’\n]{1,120}(?<!\s)['’](?!\w)"
_EMAIL = r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"
_ABBREVIATION = (
    r"(?:e\.g|i\.e|incl|excl|approx|vs|etc|resp|no|nr|ca|a\.m|p\.m|P\.S|Mr|Mrs|Ms|Dr|St|Inc|Ltd|Fig|Nos?)"
    r"\.(?=\s|,|\)|$)"
)
_WORD = r"(?:[@#/~]|--?|\./)?[^\W_](?:[\w]|[._/:@'’+*&%=-](?=[\w])|[+#%°](?![\w]))*/?"
_ARROW = r"-+>|=+>|→|⇒|»|>>"
_PUNCTUATION = r"\.{2,}|…|–|—|--|[^\w\s]"

_QUOTED = (("url", _URL), ("code", _CODE), ("quote", _DOUBLE_QUOTED + "|" + _SINGLE_QUOTED), ("email", _EMAIL))
_PLAIN = (("arrow", _ARROW), ("abbr", _ABBREVIATION), ("word", _WORD), ("punct", _PUNCTUATION))
_ANY, _UNQUOTED = (
    re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in kinds), re.UNICODE)
    for kinds in (_QUOTED + _PLAIN, _PLAIN)
)
_QUOTING = re.compile("[`\"“„«'‘@]|://")
"""Without any of these a text has nothing of ``_QUOTED``, and is cut twice as fast."""


class Token(NamedTuple):
    """One token: its text, the same lower-cased with straight apostrophes, where it stands, and its kind.

    ``kind`` is one of ``url code quote email arrow abbr word punct``; ``start`` and ``end`` are offsets into the description.
    """

    text: str
    lower: str
    start: int
    end: int
    kind: str

    @property
    def is_word(self) -> bool:
        """True for anything that can be part of a phrase."""
        return self.kind not in {"punct", "arrow"}


def tokenize(text: str, offset: int = 0) -> list[Token]:
    """Cut ``text`` into tokens; ``offset`` is where it begins in the description."""
    pattern = _ANY if _QUOTING.search(text) else _UNQUOTED
    slip = SLIPS.get
    out = []
    for match in pattern.finditer(text):
        word = match.group()
        low = word.lower().replace("’", "'")
        start, end = match.span()
        out.append(Token(word, slip(low, low), start + offset, end + offset, match.lastgroup or "word"))
    return out
