"""A clause: its words, its kind, its main verb, what was said around it."""

from __future__ import annotations

from dataclasses import dataclass, field

from taskdist.engine.text.word import Word

_WISHING = frozenset(
    {"need", "want", "like", "expect", "love", "prefer", "require", "wish", "appreciate", "see", "get", "have", "help"}
)


@dataclass(slots=True)
class Clause:
    """A clause with its words in reading order, and how it hangs on the one before.

    ``cues`` are roles of the adverbs that open or close it; ``verb`` is the index of its main verb in ``words`` or -1;
    ``subject`` the words before the verb group of a statement; ``front`` is what stood before its head ("for each of A
    and B"); ``joined`` says where further members were appended and after which delimiter; ``leads`` is the colon or
    arrow that follows, if any; ``frame`` the kind of indirect wish around it (see ``matrix``); ``again`` is true for
    an object that takes up the verb of an earlier command ("…, and a playground, which only needs the lexer").
    """

    words: list[Word]
    delim: str = ""
    mood: str = "np"
    sub: str = ""
    sub_words: str = ""
    verb: int = -1
    subject: list[Word] = field(default_factory=list)
    aux: list[Word] = field(default_factory=list)
    cues: list[tuple[str, str]] = field(default_factory=list)
    front: list[Word] = field(default_factory=list)
    asides: list[list[Word]] = field(default_factory=list)
    label: str = ""
    sentence: int = 0
    joined: list[tuple[str, int]] = field(default_factory=list)
    leads: str = ""
    frame: str = ""
    again: bool = False
    antecedent: list[Word] = field(default_factory=list)

    @property
    def lemma(self) -> str:
        """Base form of the main verb, or ""."""
        return self.words[self.verb].lemma if self.verb >= 0 else ""

    @property
    def wishes(self) -> bool:
        """True for "we need …", "I'd like …", "get … done": what follows may be a participle of the work itself."""
        return self.lemma in _WISHING or any(w.lemma in _WISHING for w in self.words if w.tag in {"V", "VZ", "HV"})

    def has_cue(self, role: str) -> bool:
        """True if an adverb of that role stands in it."""
        return any(r == role for r, _ in self.cues)
