"""Keywords of agent types, compiled once, and which of them a description has.

A keyword is one word or several. One that begins with "to" is a verb: it matches that word used as a verb, and its other words
after it or in what it works on ("to sign image": "the image must be signed"). ``<name>`` stands for any keyword of the
capabilities of that name, whoever has them, or of that name and a dash ("tests", "tests-more"): for their verbs at the start of
a keyword, for their other words at its end. So "<make> <code>" is "to write a parser" as well as "to build an endpoint". A
capability of weight 0 only names such a class. Where keywords overlap, of all agent types the one that takes the most words is
meant, and hides the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from taskdist.engine.text.inflect import base_form, is_verb
from taskdist.engine.text.tokens import tokenize
from taskdist.engine.text.topic import Place, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskdist.engine.model import AgentTypeSpec

_GAP: Final = 4
"""Words that may stand inside a keyword that is a verb of several words: "take a logical dump"."""
_REACH: Final = 5
"""How far after a word the thing may stand that follows it."""
_WORD: Final = 0.2
"""What each word after its first adds to a keyword's weight: the more words, the more surely it is meant."""
_BESIDE: Final = 0.7
"""Factor of a verb with a thing of a class, where that thing only stands beside the head of what the verb works on."""
_UNSURE: Final = 0.5
"""Factor of a keyword that is no verb, where its word is one in the description."""
_TOWARDS: Final = frozenset(
    ["against", "at", "behind", "by", "for", "from", "in", "into", "of", "on", "onto", "past", "to", "with"]
)
"""Last words of a keyword whose thing follows them, rather than being what the verb works on."""
_ARTICLES: Final = frozenset(["a", "an", "the"])


@dataclass(frozen=True, slots=True)
class Hit:
    """One keyword found: whose it is, what it weighs there, which words it took (a bit each), where it stands."""

    owner: int
    weight: float
    keyword: str
    taken: int
    place: Place


class _Row(NamedTuple):
    """A keyword by its words after the first; ``thing`` is the class of its last word, if it names one."""

    owner: int
    weight: float
    keyword: str
    rest: tuple[str, ...]
    thing: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """All keywords of some agent types by their first word, the longest first."""

    verbs: dict[str, list[_Row]] = field(default_factory=dict)
    """Those that are verbs."""
    nouns: dict[str, list[_Row]] = field(default_factory=dict)
    things: dict[str, list[tuple[tuple[str, ...], str]]] = field(default_factory=dict)
    """Of the keywords that belong to a class: what follows their first word, and the class."""
    kinds: dict[str, list[tuple[str, _Row]]] = field(default_factory=dict)
    """Of the verbs that belong to a class: the class, and the verb."""
    frames: dict[str, list[_Row]] = field(default_factory=dict)
    """What the verbs of a class may do: the keywords that begin with its name."""
    met: dict[str, list[_Row]] = field(default_factory=dict)
    """Of the verbs met so far: their own keywords and those of their classes."""

    def hits(self, about: Topic) -> list[Hit]:
        """Every keyword of ``about`` that no longer one hides."""
        words = [_spelled(word) for word in about.words]
        found = [
            hit
            for i, word in enumerate(words)
            if (rows := self.nouns.get(word))
            for hit in _names(about, words, i, rows)
        ]
        names = [hit.taken for hit in found if hit.taken & (hit.taken - 1)]
        for i, word in enumerate(words):
            if about.is_verb[i] and (rows := self._verb(word)):
                found += self._verbs(about, words, i, rows, names)
        return found if len(found) < 2 else [hit for hit in found if not _is_hidden(hit, found)]

    def _verb(self, word: str) -> list[_Row] | None:
        """Its keywords; those of "test" for "retest", unless that has its own."""
        known = self.met.get(word)
        if known is None and (word in self.verbs or word in self.kinds):
            known = [*self.verbs.get(word, ())]
            for kind, verb in self.kinds.get(word, ()):
                for frame in self.frames.get(kind, ()):
                    weight = frame.weight + _WORD * len(verb.rest)
                    shown = verb.keyword + frame.keyword
                    known.append(_Row(frame.owner, weight, shown, verb.rest + frame.rest, frame.thing))
            known.sort(key=_longest_first)
            self.met[word] = known  # whole at once: plans are made in several threads
        return self._verb(word[2:]) if known is None and word.startswith("re") else known

    def _verbs(self, about: Topic, words: list[str], i: int, rows: list[_Row], names: list[int]) -> Iterator[Hit]:
        present = frozenset(words)
        is_main = about.places[i] is Place.VERB
        objects = about.objects if is_main else range(i + 1, min(i + 1 + _REACH, len(words)))
        direct = self._things(about, words, objects, names)
        for row in rows:
            taken = 1 << i
            if row.rest:
                taken = _followed(about, words, i, row.rest) if present.issuperset(row.rest) else 0
            if not taken or not row.thing:
                if taken:
                    yield Hit(row.owner, row.weight, row.keyword, taken, about.places[i])
                continue
            # "Write the guide", "set up the room": what the verb works on. "Turn the notes into a guide": what follows "into".
            last = taken.bit_length() - 1
            towards = bool(row.rest) and words[last] in _TOWARDS
            after = range(last + 1, min(last + 1 + _REACH, len(words)))
            thing = (self._things(about, words, after, names) if towards else direct).get(row.thing, 0)
            if thing and not thing & taken:
                is_head = towards or not is_main or thing & about.head_bits
                weight = row.weight if is_head else row.weight * _BESIDE
                yield Hit(row.owner, weight, row.keyword, taken | thing, about.places[i])

    def _things(self, about: Topic, words: list[str], at: Sequence[int], names: list[int]) -> dict[str, int]:
        """Of each class the first thing that begins ``at`` these words, as bits.

        A part of a longer name is no thing of its own: a heap dump is no dump.
        """
        found: dict[str, int] = {}
        for k in at:
            rests = self.things.get(words[k])
            if rests is None or about.is_verb[k]:
                continue
            for rest, name in rests:
                if name not in found and (not rest or _spells(words, k + 1, rest)):
                    taken = ((2 << len(rest)) - 1) << k
                    if not any(taken != longer and taken & longer == taken for longer in names):
                        found[name] = taken
        return found


def _names(about: Topic, words: list[str], i: int, rows: list[_Row]) -> Iterator[Hit]:
    """The longest keywords at ``i`` that are no verbs."""
    longest = 0
    for row in rows:
        length = len(row.rest)
        if length < longest:
            return
        if length and not _spells(words, i + 1, row.rest):
            continue
        longest = length
        weight = row.weight * _UNSURE if about.is_verb[i] else row.weight
        place = min(about.places[i : i + length + 1]) if length else about.places[i]
        yield Hit(row.owner, weight, row.keyword, ((2 << length) - 1) << i, place)


def _followed(about: Topic, words: list[str], i: int, rest: tuple[str, ...]) -> int:
    """The word at ``i`` and those of ``rest`` after it, as bits, 0 if they are not there.

    A single word of ``rest`` may instead be what the verb works on.
    """
    taken, at, skipped = 1 << i, i + 1, 0
    for part in rest:
        j = at
        while j < len(words) and words[j] != part and skipped + j - at < _GAP:
            j += 1
        if j < len(words) and words[j] == part:
            taken, skipped, at = taken | 1 << j, skipped + j - at, j + 1
            continue
        if len(rest) == 1 and about.places[i] is Place.VERB:
            return next((taken | 1 << j for j in about.objects if words[j] == part), 0)
        return 0
    return taken


def _spells(words: list[str], start: int, rest: tuple[str, ...]) -> bool:
    return tuple(words[start : start + len(rest)]) == rest


def _is_hidden(hit: Hit, found: list[Hit]) -> bool:
    return any(
        other.taken != hit.taken
        and other.taken & hit.taken == hit.taken
        and (other.owner != hit.owner or other.weight >= hit.weight)
        for other in found
    )


# --- compilation ---------------------------------------------------------------------------------------------------

_KEPT: Final = 8
_PLAIN: Final = re.compile("[A-Za-z ]*")
_RECENT: list[tuple[tuple[AgentTypeSpec, ...], Table]] = []


def table(agent_types: tuple[AgentTypeSpec, ...]) -> Table:
    """The compiled keywords of ``agent_types``, whose indexes are the owners. The last few tables are kept."""
    # By identity first: hashing or comparing thousands of keywords takes longer than to route a task.
    for known, made in _RECENT:
        if known is agent_types:
            return made
    for known, made in _RECENT:
        if known == agent_types:
            return made
    made = _compiled(agent_types)
    _RECENT.append((agent_types, made))
    del _RECENT[:-_KEPT]
    return made


def _compiled(agent_types: Sequence[AgentTypeSpec]) -> Table:
    made = Table()
    for owner, agent_type in enumerate(agent_types):
        for capability in agent_type.capabilities:
            for keyword in capability.keywords if capability.weight else ():
                _add(made, owner, capability.weight, keyword)
    _add_classes(made, agent_types)
    for rows in made.nouns.values():
        rows.sort(key=_longest_first)
    return made


def _add(made: Table, owner: int, weight: float, keyword: str) -> None:
    kind, _, text = keyword[1:].partition(">") if keyword.startswith("<") else ("", "", keyword)
    words, thing = _parts(text)
    if kind:
        row = _Row(owner, weight + _WORD * len(words), _shown(text), words, thing)
        made.frames.setdefault(kind, []).append(row)
    elif len(words) > 1 and words[0] == "to":
        row = _Row(owner, weight + _WORD * (len(words) - 2), _shown(text), words[2:], thing)
        made.verbs.setdefault(words[1], []).append(row)
    elif words:
        row = _Row(owner, weight + _WORD * (len(words) - 1), _shown(text), words[1:])
        made.nouns.setdefault(words[0], []).append(row)


def _add_classes(made: Table, agent_types: Sequence[AgentTypeSpec]) -> None:
    """The verbs and the things of the classes that keywords name."""
    for kind in sorted(made.frames):
        for keyword in _of_class(kind, agent_types):
            words, _ = _parts(keyword)
            if len(words) > 1 and words[0] == "to":
                made.kinds.setdefault(words[1], []).append((kind, _Row(0, 0.0, _shown(keyword), words[2:])))
    rows_of = (*made.verbs.values(), *made.frames.values())
    for thing in sorted({row.thing for rows in rows_of for row in rows} - {""}):
        for words, _ in map(_parts, _of_class(thing, agent_types)):
            if words and words[0] != "to":
                made.things.setdefault(words[0], []).append((words[1:], thing))
    for rests in made.things.values():
        rests.sort(key=lambda rest: (-len(rest[0]), rest))


def _longest_first(row: _Row) -> tuple[int, int, str]:
    return -len(row.rest), row.owner, row.keyword


def _shown(keyword: str) -> str:
    return keyword.removeprefix("to ").replace("<", "").replace(">", "")


def _of_class(name: str, agent_types: Sequence[AgentTypeSpec]) -> Iterator[str]:
    for agent_type in agent_types:
        for capability in agent_type.capabilities:
            if capability.name == name or capability.name.startswith(name + "-"):
                yield from capability.keywords


@lru_cache(maxsize=16384)
def _parts(keyword: str) -> tuple[tuple[str, ...], str]:
    """The base forms of a keyword's words, and the class that its last word names, if it does."""
    text, _, thing = keyword.partition("<")
    # Most keywords are plain words, which take a tenth of the time to read so.
    lower = text.lower().split() if _PLAIN.fullmatch(text) else [t.lower for t in tokenize(text) if t.is_word]
    if len(lower) > 1 and lower[0] == "to":
        lower = [
            word for word in lower if word not in _ARTICLES
        ]  # "to tune the piano": also "my piano", "have it tuned"
    return tuple(_spelled(base_form(word)) for word in lower), thing.strip().removesuffix(">")


@lru_cache(maxsize=16384)
def _spelled(word: str) -> str:
    """One spelling of a word that has several: "optimise" and "optimize", "re-run" and "rerun"."""
    if word.startswith("re-") and len(word) > 4:
        word = "re" + word[3:]
    if "/" in word and (first := word.partition("/")[0]).isalpha():
        return first  # a branch: "release/2.8"
    if word.endswith(("yse", "ise")) and len(word) > 5:
        other = word[:-2] + "ze"
        return other if is_verb(other) else word
    return word
