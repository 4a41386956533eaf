"""Which earlier steps a phrase speaks of: "the report is in", "both are up", "before the rollout"."""

from __future__ import annotations

from taskdist.engine.text import inflect
from taskdist.engine.text.clause import Clause
from taskdist.engine.text.content import noun_phrases, stems
from taskdist.engine.text.order_state import (
    REACH,
    OrderState,
)
from taskdist.engine.text.step import Step
from taskdist.engine.text.step_words import (
    spoken,
)
from taskdist.engine.text.word import Word
from taskdist.engine.text.words.order import (
    COUNTS,
    OUTCOMES,
    WHOLE,
)

_LIGHT = frozenset(
    {"go", "get", "come", "be", "have", "do", "take", "start", "begin", "happen", "leave", "arrive", "end"}
)
"""Verbs that name no work by themselves: "before it goes out"."""


class References(OrderState):
    """Finds steps by the words that other steps use for them."""

    def _work_named(self, clause: Clause, t: int) -> list[int]:
        """The step that "before the rollout", "before you switch" speaks of, by its verb or the noun of that."""
        verb = clause.words[clause.verb] if clause.verb >= 0 else None
        wanted = (
            {inflect.stem(verb.lemma)}
            if verb is not None and verb.tag in {"V", "VZ", "VG", "VN"}
            else stems(clause.words)
        )
        if verb is not None and verb.lemma in _LIGHT:
            return []
        hits = [
            s.number
            for s in self.steps
            if s.number != t
            and (
                self.contents[s.number].verb in wanted
                or (verb is None and wanted & self.contents[s.number].object_heads)
            )
        ]
        spoken = stems(clause.words)
        return sorted(hits, key=lambda n: (-len(spoken & self.things[n]), abs(n - t)))[:1]

    def _resolve(self, words: list[Word], t: int, previous: list[int]) -> list[int]:
        """The steps that a phrase ("the report is in", "both are up", "it is done") speaks of."""
        low = {w.lower for w in words}
        earlier = [n for n in self.seen if n != t]
        if not earlier:
            return []
        if low & WHOLE and not ({w.lower for w in words if w.tag in {"N", "V", "VZ", "VG", "JJ"}} - WHOLE - OUTCOMES):
            return [n for n in self.open if n != t]
        found = self._phrases(words, earlier)
        many = max((COUNTS[word] for word in low if word in COUNTS), default=0)
        if many > len(found):
            # "After both sign-offs": as many as wait for nobody yet.
            waiting = [n for n in self.open if n != t][-many:]
            if len(waiting) == many:
                return waiting
        if found:
            return found
        pointing = low & {
            "it",
            "this",
            "that",
            "they",
            "these",
            "those",
            "them",
            "it's",
            "that's",
            "that'll",
            "they're",
            "it'll",
        }
        subject = next((w.lower for w in words if w.tag not in {"SC", "RB"}), "")
        if (
            (pointing and (low & OUTCOMES or not spoken(words)))
            or (subject in pointing and any(w.tag == "VN" for w in words))
            or (low & OUTCOMES and not low & {"we", "you"})
        ):
            return self.sinks(previous) if previous else earlier[-1:]
        return []

    def _phrases(self, words: list[Word], candidates: list[int]) -> list[int]:
        out: list[int] = []
        spoken = stems(words)
        for phrase, _ in noun_phrases([w for w in words if w.tag != "SC"]):
            mine = stems(phrase)
            if mine:
                out.extend(n for n in self._named(mine, candidates, context=spoken) if n not in out)
        if not out and spoken:
            out = self._named(spoken, candidates)
        return out

    def _named(self, wanted: set[str], candidates: list[int], context: set[str] | None = None) -> list[int]:
        """The candidates that share most with ``wanted``; the latest of equals, with its twins."""
        best, score = [], 0.0
        allowed = set(candidates)
        hits: dict[int, float] = {}
        for stem in wanted:
            for n in self.index.get(stem, ())[-REACH:]:
                if n in allowed:
                    c = self.contents[n]
                    hits[n] = hits.get(n, 0.0) + (
                        1.6
                        if stem == c.verb
                        else 1.2
                        if stem in c.object_heads
                        else 1.0
                        if stem in self.things[n]
                        else 0.7
                    )
        for n in candidates:
            if n not in hits and n not in self.seen:
                c = self.contents[n]
                value = sum(
                    1.6 if s == c.verb else 1.2 if s in c.object_heads else 1.0
                    for s in wanted
                    if s == c.verb or s in c.things
                )
                if value:
                    hits[n] = value
        if context:
            for n in hits:
                hits[n] += 0.3 * sum(1 for s in context - wanted if s == self.contents[n].verb or s in self.things[n])
        for n in sorted(hits):
            if hits[n] >= score - 1e-9:
                score, best = hits[n], [n]
        return self._with_twins(best)

    def _with_twins(self, found: list[int], asking: Step | None = None) -> list[int]:
        if not found:
            return found
        step = self.steps[found[0]]
        if not step.member or (asking is not None and asking.member is step.member):
            return found
        return [
            n
            for n in range(max(0, found[0] - 40), min(len(self.steps), found[0] + 40))
            if self.steps[n].clause is step.clause
        ]

    def _so_many(self, phrase: list[Word], candidates: list[int]) -> list[int]:
        """ "The two outputs", "the three reports": as many steps right before, if they stand side by side."""
        many = next((COUNTS[w.lower] for w in phrase if w.lower in COUNTS), 0)
        unused = [n for n in candidates if n in self.open]
        last = (unused if len(unused) >= many else candidates)[-many:] if many > 1 else []
        if len(last) < many or any(self._reaches(a, b) for a in last for b in last if a != b):
            return []
        return last
