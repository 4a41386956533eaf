"""Explicit words of order: "then", "before", "meanwhile", "once the tests pass", "otherwise"."""

from __future__ import annotations

from taskdist.engine.text.order_references import References
from taskdist.engine.text.order_state import (
    EXPLICIT,
    STATED,
)
from taskdist.engine.text.step import Condition, Mention, Step
from taskdist.engine.text.step_words import (
    TOGETHER,
    lead_cues,
)
from taskdist.engine.text.words.order import (
    OUTCOMES,
)

_POINTING = frozenset(
    {"it", "that", "this", "they", "he", "she", "those", "these", "any", "not", "yes", "no"}
    | {
        "it's",
        "that's",
        "they're",
        "he's",
        "she's",
        "isn't",
        "aren't",
        "it'll",
        "they'll",
        "so",
        "there's",
        "anything",
        "nothing",
        "everything",
    }
)
"""A condition that says one of these asks for the outcome of the step before."""


_GOING_ON = frozenset({"too", "also", "still", "even", "again", "as well"})
"""A condition with one of these is about what the branch before it did: "if that fails too"."""


def _is_held_up(step: Step, mention: Mention) -> bool:
    """ "We can't sail until it is": what the clause tells comes first."""
    return mention.clause.sub_words in {"until", "till"} and any(
        w.lower in {"can't", "cannot"} for w in step.clause.aux
    )


class Cues(References):
    """Adds the edges that adverbs, subordinate clauses and conditions state."""

    def _explicit(self, step: Step, previous: list[int], mine: list[int]) -> bool:
        told = self._condition(step, previous, mine)
        for host, (sentence, cue) in self.due.items():
            beside = sentence == step.sentence and step.clause.delim in {"and", ",", ", and"}
            if beside and host != step.number and not any(m.role in {"after", "when"} for m in step.mentions):
                # "Before we file it, check the date and redact the exhibits": both come before.
                self.add(step.number, host, cue, STATED)
                self.barred.setdefault(step.number, set()).add(host)
        told |= self._mentions(step, previous)
        cues = [*step.clause.cues, *lead_cues(step)]
        clause = step.clause
        if (clause.delim == "->" and not clause.label) or clause.sub == "followed":
            cues.append(("then", "->" if clause.delim == "->" else "followed by"))
        for role, words in cues:
            told |= self._cue(step, role, words, previous, mine)
        return told

    def _cue(self, step: Step, role: str, words: str, previous: list[int], mine: list[int]) -> bool:
        t = step.number
        if role in {"then", "finally", "join"}:
            return self._after_cue(step, role, words, previous, mine)
        if role == "parallel" and self._fronted(step, words) and mine:
            for n in self._together(mine):
                self.barred.setdefault(t, set()).add(n)
            return True
        if role == "beforehand":
            return self._before_cue(step, words, mine)
        if role == "first":
            return self._first_cue(step, words, mine)
        return False

    def _first_cue(self, step: Step, words: str, mine: list[int]) -> bool:
        """ "…, but X and Y have to be done first": before what was told before."""
        t = step.number
        together = [t]
        while (
            together[0] - 1 in mine
            and self.steps[together[0]].clause.delim == "and"
            and self.steps[together[0] - 1].sentence == step.sentence
        ):
            together.insert(0, together[0] - 1)
        others = [m for m in mine if m not in together and self.steps[m].clause is not step.clause]
        if not others:
            return False
        for n in self.sources([m for m in others if self.steps[m].sentence == self.steps[others[-1]].sentence]):
            for first in together:
                self.add(first, n, words, 0.8)
        return True

    def _after_cue(self, step: Step, role: str, words: str, previous: list[int], mine: list[int]) -> bool:
        t = step.number
        if role == "then" and step.clause.mood == "cont" and previous:
            targets = previous
        elif role == "then":
            same = [n for n in mine if self.steps[n].sentence == step.sentence]
            targets = self.sinks([n for n in same or mine if n not in self.barred.get(t, ())])
        else:
            targets = [n for n in self.open if n != t] or self.sinks(mine)
        targets = [n for n in targets if not self._excluded(n, t)]
        for n in targets:
            self.add(n, t, words, EXPLICIT)
        if role == "finally" and not mine and not targets:
            self.last_of_all.append((t, words))
        return bool(targets)

    def _fronted(self, step: Step, words: str) -> bool:
        """True if the adverb stands before the verb: it then speaks of the step, not of its objects."""
        for word in step.clause.words:
            if word is step.verb:
                return False
            if word.lower == words:
                return True
        return False

    def _together(self, mine: list[int]) -> list[int]:
        """What a "meanwhile" runs beside: the last sentence's steps."""
        last = self.steps[mine[-1]].sentence
        return [n for n in mine if self.steps[n].sentence == last]

    def _before_cue(self, step: Step, words: str, mine: list[int]) -> bool:
        if not mine:
            return False
        if step.clause.mood == "part":
            return False
        same = [n for n in mine if self.steps[n].sentence == step.sentence]
        for n in self.sources([(same or mine)[-1]]):
            self.add(step.number, n, words, STATED)
        return True

    def _mentions(self, step: Step, previous: list[int]) -> bool:
        told = False
        for mention in step.mentions:
            told |= self._mention(step, mention, previous)
        return told

    def _mention(self, step: Step, mention: Mention, previous: list[int]) -> bool:
        t = step.number
        cue = " ".join(w.lower for w in mention.clause.words[:6])
        if mention.role == "host":
            return False
        host = next((s.number for s in self.steps if s.clause is mention.clause), None)
        if mention.role in {"after", "when"}:
            targets = [host] if host is not None else self._resolve(mention.clause.words, t, previous)
            # "Deploy A and B after the migration": B waits for what A waits for, and A is not that.
            if host is None:
                targets = [n for n in targets if all(m.clause is not mention.clause for m in self.steps[n].mentions)]
            for n in targets:
                self.add(n, t, cue, STATED)
            return bool(targets)
        if mention.role == "before" and host is None and _is_held_up(step, mention):
            targets = self._resolve(mention.clause.words, t, previous)
            for n in targets:
                self.add(n, t, cue, STATED)
            return bool(targets)
        if mention.role == "before":
            return self._comes_before(step, mention, host, cue)
        if mention.role == "parallel":
            if host is not None:
                self.barred.setdefault(host, set()).add(t)
                self.barred.setdefault(t, set()).add(host)
            else:
                for n in self._resolve(mention.clause.words, t, previous):
                    self.barred.setdefault(t, set()).add(n)
            return True
        return False

    def _comes_before(self, step: Step, mention: Mention, host: int | None, cue: str) -> bool:
        """ "Before we file it, check the date": the step is before what the clause tells, be that a step of its own or not."""
        if host is None:
            for n in self._work_named(mention.clause, step.number):
                self.add(step.number, n, cue, STATED)
            return False
        for n in (step.number, *self._coordinated(step)):
            self.add(n, host, cue, STATED)
        if mention.fronted:
            self.due[host] = step.sentence, cue
        return True

    def _coordinated(self, step: Step) -> list[int]:
        """Steps that an "and" puts beside this one: "A and B before C" has both before C, unless A is before B already."""
        found: list[int] = []
        at = step
        while at.clause.delim in {"and", ", and"} and at.number and not self.before.get(at.number):
            at = self.steps[at.number - 1]
            if at.sentence != step.sentence or at.condition is not step.condition:
                break
            found.append(at.number)
        return found

    def _condition(self, step: Step, previous: list[int], mine: list[int]) -> bool:
        condition = step.condition
        if condition is None:
            return False
        t = step.number
        key = id(condition.clause)
        if key in self.conditions:
            producers = self.conditions[key]
        else:
            producers = tuple(self._producers(condition, step, previous, mine))
            self.conditions[key] = producers
        inherited = [b for n in producers for b in self.branches.get(n, ())]
        side = hash((key, condition.otherwise))
        self.branches[t] = [*inherited, (producers or (-1,), side)]
        together = [n for n in previous if self.steps[n].condition is not None and self.steps[n].condition is condition]
        if together:
            return False
        for n in producers:
            self.add(n, t, condition.text, STATED)
        return True

    def _producers(self, condition: Condition, step: Step, previous: list[int], mine: list[int]) -> list[int]:
        words = condition.clause.words
        earlier = [n for n in self.seen if n != step.number]
        if not earlier:
            return []
        everything = {"it", "all"} <= {w.lower for w in words} or {"they", "all"} <= {w.lower for w in words}
        if everything or TOGETHER.search(" ".join(w.lower for w in words)):
            return [n for n in earlier if n in self.open]
        waiting = [
            n
            for n in mine
            if self.steps[n].sentence == step.sentence
            and any(m.fronted and m.role in {"after", "when"} for m in self.steps[n].mentions)
        ]
        if waiting and {w.lower for w in words} & {"it", "they", "this", "that"}:
            return sorted(self.before.get(waiting[0], ()))
        found = self._phrases([w for w in words if w.tag not in {"SC", "IN"} or w.kind == "quote"], earlier)
        if found:
            return found
        low = {w.lower for w in words}
        marks = (
            low & OUTCOMES
            or low & _POINTING
            or any(not c.isalnum() and c in "≥≤<>=" for w in low for c in w)
            or low & {"below", "above"}
            or (low & {"over", "under", "between", "least", "most"} and any(w.tag == "CD" for w in words))
        )
        last_kind = self.contents[mine[-1]].kind if mine else ""
        if not marks and not condition.is_test and last_kind not in {"study", "check"}:
            return []
        if mine and self.steps[mine[-1]].condition is not None and low & _GOING_ON:
            return self.sinks(previous) or mine[-1:]
        last = [n for n in mine if self.steps[n].condition is None]
        beside = self.steps[mine[-1]].condition if mine and not last else None
        if beside is not None:
            # "If A, do X. If B, do Y": what is asked about is older than both.
            return list(self.conditions.get(id(beside.clause), ()))
        last = last or mine or earlier
        return self.sinks(previous) if previous and self.steps[previous[-1]].condition is None else last[-1:]
