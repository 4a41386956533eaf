"""Data flow: who uses a thing waits for who makes it."""

from __future__ import annotations

from taskdist.engine.text import inflect
from taskdist.engine.text.content import Content, object_phrase, stems, step_phrases, with_parts
from taskdist.engine.text.order_references import References
from taskdist.engine.text.order_state import (
    DATA_FLOW,
    GUESSED,
    KEPT,
    LISTED,
    REACH,
    SAME_THING,
)
from taskdist.engine.text.step import Step
from taskdist.engine.text.step_words import (
    adds_on,
    counted_together,
    is_new,
    takes_in,
    takes_whole,
)
from taskdist.engine.text.word import Word
from taskdist.engine.text.words import nouns
from taskdist.engine.text.words.artifacts import RESULT_NOUNS
from taskdist.engine.text.words.work import GATHERING


def _overlap_confidence(score: float, *, definite: bool) -> float:
    if definite:
        return DATA_FLOW if score >= 1.0 else SAME_THING if score >= 0.6 else 0.45 if score >= 0.5 else 0.0
    return SAME_THING if score >= 1.5 else LISTED if score >= 1.0 else 0.45 if score >= 0.6 else 0.0


class Flow(References):
    """Adds edges for pronouns, definite things and results."""

    def _data_flow(self, step: Step, mine: list[int], *, told: bool) -> bool:
        t = step.number
        c = self.contents[t]
        found = False
        if step.clause.front and counted_together(step) > 1 and not c.pronoun:
            # "With all three in hand, …"
            many = counted_together(step)
            told |= self._hang(t, [n for n in self.open if self._may(n, t)][-many:], "all of them", DATA_FLOW)
        if c.pronoun:
            found |= self._pronoun(step, c, mine)
        candidates = [
            n for n in self.seen[-REACH:] if self._may(n, t) and not (n == self.seen[-1] and self._siblings(n, t))
        ]
        if not candidates:
            return found
        if takes_whole(step):
            return self._hang(t, [n for n in self.open if self._may(n, t)], "the whole", DATA_FLOW)
        if adds_on(step):
            last = self.steps[candidates[-1]].sentence
            earlier = [n for n in candidates if self.steps[n].sentence != last or last == step.sentence]
            candidates = earlier or candidates
        for phrase, definite in step_phrases(step):
            if is_new(step.words, phrase):
                continue
            found |= self._uses(t, phrase, definite=definite, candidates=candidates)
        if step.verb is not None and step.verb.lemma in GATHERING and not c.pronoun and not told:
            found |= self._hang(t, [n for n in candidates if n in self.open], step.verb.lower, SAME_THING)
        if not found and not told and c.definite & RESULT_NOUNS:
            found = self._hang(t, self.sinks(candidates)[-1:], "the result", SAME_THING)
        return found

    def _pronoun(self, step: Step, c: Content, mine: list[int]) -> bool:
        t = step.number
        if step.context:
            targets = self._phrases(step.context, [n for n in self.seen if self._may(n, t)])
            self._hang(t, targets, c.pronoun, SAME_THING)
            return True
        earlier = [n for n in (mine or self.seen) if self._may(n, t)] or [n for n in self.seen if self._may(n, t)]
        if not earlier:
            return False
        last = self._last_thing(c.pronoun, earlier)
        if c.pronoun in {"one", "others"}:
            self.barred.setdefault(t, set()).add(last)
            return self._hang(
                t,
                sorted(n for n in self.before.get(last, ()) if self.edges[(n, last)][1] >= KEPT),
                c.pronoun,
                SAME_THING,
            )
        if c.pronoun == "two":
            return self._hang(t, [n for n in self.open if self._may(n, t)][-2:], "the two", DATA_FLOW)
        if c.pronoun in {"them", "these", "those"} and takes_in(step):
            run = [n for n in self.open if self._may(n, t) and self.steps[n].sentence == self.steps[last].sentence]
            if len(run) > 1:
                return self._hang(t, run, c.pronoun, DATA_FLOW)
        if c.pronoun in {"all", "both", "everything"}:
            return self._hang(t, [n for n in self.open if self._may(n, t)], c.pronoun, DATA_FLOW)
        if (
            c.pronoun in {"it", "they", "them"}
            and "and" in step.clause.delim
            and self.contents[last].pronoun in {"its", "their"}
            and self.steps[last].sentence == step.sentence
            and last in self.meant
        ):
            last = self.meant[last]  # "its audio needs cleaning, and somebody should score it"
        same = self._same_preposition(step, last)
        if same:
            return self._hang(t, same, c.pronoun, DATA_FLOW)
        targets = self._with_twins([last], step)
        self.meant[t] = last
        self.things[t] |= self.contents[last].object_heads | self.heads[last]
        self.heads[t] |= self.contents[last].object_heads | self.heads[last]
        return self._hang(t, targets, c.pronoun, DATA_FLOW)

    def _last_thing(self, pronoun: str, earlier: list[int]) -> int:
        """The last step, or the one before if the last works on a person: "brief Ana, then print *it*"."""
        last = earlier[-1]
        if pronoun not in {"it", "its"} or self.steps[last].clause.subject:
            return last
        worked = object_phrase(self.steps[last])
        after = len(earlier) > 1 and self.steps[earlier[-2]].sentence == self.steps[last].sentence
        return earlier[-2] if after and worked and worked[-1].lower in nouns.ACTORS else last

    def _same_preposition(self, step: Step, last: int) -> list[int]:
        """ "A is made from the report, and B is made from it": the pronoun stands where the report stood."""
        place = next(
            (
                k
                for k, w in enumerate(step.words)
                if w.lower in {"it", "them", "that"} and k and step.words[k - 1].tag == "IN"
            ),
            0,
        )
        if not place or self.steps[last].sentence != step.sentence:
            return []
        preposition = step.words[place - 1].lower
        words = self.steps[last].words
        spot = next((k for k, w in enumerate(words) if w.lower == preposition), -1)
        if spot < 0 or step.verb is None or self.steps[last].verb is None or step.verb.tag != "VN":
            return []
        phrase = stems(words[spot + 1 :])
        return self._named(phrase, [n for n in self.seen if n != last]) if phrase else []

    def _uses(self, t: int, phrase: list[Word], *, definite: bool, candidates: list[int]) -> bool:
        wanted = with_parts(stems(phrase))
        if not wanted:
            return False
        allowed = set(candidates)
        head = inflect.stem(next((w.lower for w in reversed(phrase) if w.tag in {"N", "VG"}), phrase[-1].lower))
        worked = with_parts({inflect.stem(w.lower) for w in phrase[:-1] if w.tag == "VN"}) if len(phrase) > 1 else set()
        hits: dict[int, float] = {}
        for stem in wanted:
            for n in self.index.get(stem, ())[-REACH:]:
                if n in allowed:
                    hits[n] = hits.get(n, 0.0) + self._weight(
                        stem, n, head, worked, definite=definite, alone=len(wanted) == 1
                    )
        if not hits:
            several = self._so_many(phrase, candidates) if definite else []
            return bool(several) and self._hang(t, several, " ".join(w.lower for w in phrase), SAME_THING)
        score = max(hits.values())
        confidence = _overlap_confidence(score, definite=definite)
        if confidence < GUESSED:
            return False
        best = [n for n in sorted(hits) if hits[n] >= score - 0.25][-1]
        several = self._so_many(phrase, candidates) if definite else []
        if several:
            return self._hang(t, several, " ".join(w.lower for w in phrase), DATA_FLOW)
        return self._hang(t, self._with_twins([best], self.steps[t]), " ".join(w.lower for w in phrase), confidence)

    def _weight(self, stem: str, n: int, head: str, worked: set[str], *, definite: bool, alone: bool) -> float:
        """How much a shared stem says that step ``n`` made or handled the thing."""
        c = self.contents[n]
        if stem in worked and stem == c.verb:
            return 1.0
        weight = 1.0 if stem == head else 0.6
        if stem == c.verb:
            return weight
        if stem in self.things[n]:
            return weight if stem in c.heads or stem in self.heads[n] else weight * 0.5
        if not alone:
            return weight * 0.2
        return weight * (0.6 if definite else 0.5)
