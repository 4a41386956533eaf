"""Order of what nothing else orders: lists, bullets, instructions, the next sentence."""

from __future__ import annotations

from itertools import pairwise

from taskdist.engine.model import TriggerRule
from taskdist.engine.text.order_state import (
    FOLLOWS,
    GUESSED,
    KEPT,
    LISTED,
    SAME_THING,
    STATED,
    OrderState,
)
from taskdist.engine.text.outcome import trigger_rule
from taskdist.engine.text.step import Step
from taskdist.engine.text.step_words import (
    adds_on,
    closes,
    counted_together,
    moves,
)
from taskdist.engine.text.words.order import (
    CLOSING_LISTS,
    ERRANDS,
)

_LISTABLE = frozenset({"imp", "ger", "np", "part", "inf"})


def _is_wish_of_its_own(step: Step) -> bool:
    """ "It'd be lovely to have A, and they keep asking for B": somebody else wishes something else."""
    return step.clause.frame in {"thing", "wanted"} and step.clause.delim != ""


class Lists(OrderState):
    """Adds the edges that only the place in a list or a text suggests, and takes back those that a later count denies."""

    def _set_side_by_side(self, step: Step) -> None:
        """ "A, B and C. Compare all three": that they are counted together shows that the list was no pipeline."""
        many = counted_together(step)
        if not many or not self.seen:
            return
        sentence = self.steps[self.seen[-1]].sentence
        run = [n for n in self.seen if self.steps[n].sentence == sentence]
        members = run[-many:] if many > 0 else run
        if len(members) < max(2, many) or any(self.contents[n].pronoun or self.contents[n].elided for n in members):
            return
        inside = set(members)
        links = [(a, b) for b in members for a in self.before.get(b, ()) if a in inside]
        if not links or any(self.edges[link][1] > LISTED for link in links):
            return
        for a, b in links:
            del self.edges[a, b]
            self.before[b].discard(a)
            self.after[a].discard(b)
            self.open[a] = None
        for b in members[1:]:
            for a in sorted(self.before.get(members[0], ())):
                if self._may(a, b):
                    self.add(a, b, *self.edges[a, members[0]])

    def _in_list(self, step: Step, mine: list[int]) -> bool:
        """True for a member of a run of commands in one sentence."""
        if not mine or self.steps[mine[-1]].sentence != step.sentence:
            return False
        last = self.steps[mine[-1]]
        if _is_wish_of_its_own(step) and last.clause.frame:
            return False
        return (
            step.clause.mood in _LISTABLE
            and last.clause.mood in _LISTABLE
            and step.condition is last.condition
            and not step.clause.label
        )

    def _listed(self, step: Step, mine: list[int]) -> None:
        t, last = step.number, mine[-1]
        if not self._may(last, t):
            return
        if self._siblings(last, t):
            for n in [
                n for n in self.before.get(last, ()) if self.steps[n].sentence == step.sentence and self._may(n, t)
            ]:
                self.add(n, t, "listed order", LISTED)
            return
        if self._from_the_same(step, last):
            return
        if self._is_other_business(step, self.steps[last]):
            return
        if not self._unrelated(self.runs[step.sentence, id(step.condition)]):
            ends = (
                [
                    n
                    for n in self.open
                    if mine[0] <= n and self.steps[n].sentence == step.sentence and self._siblings(n, last)
                ]
                if not self.contents[t].pronoun
                else []
            )
            for n in {last, *ends}:
                if self._may(n, t):
                    self.add(n, t, step.clause.delim or "listed order", LISTED)

    def _from_the_same(self, step: Step, last: int) -> bool:
        """ "Based on that list, order A and file B": what stands in front goes for both."""
        t, front = step.number, self.steps[last].clause.front
        if (
            not front
            or front[0].tag != "IN"
            or self.contents[t].pronoun
            or self.contents[t].elided
            or self.before.get(t)
        ):
            return False
        sources = [n for n in self.before.get(last, ()) if self.steps[n].sentence != step.sentence]
        for n in sources:
            self.add(n, t, " ".join(w.lower for w in front[:4]), self.edges[(n, last)][1])
        return bool(sources)

    def _is_other_business(self, step: Step, last: Step) -> bool:
        """ "In the meantime label the flasks and calibrate the meter": what runs beside has no order if nothing links it."""
        run = self.runs[step.sentence, id(step.condition)]
        if step.clause.cues or run[0] is step or not run[0].clause.has_cue("parallel"):
            return False
        if not any(w.role == "parallel" for w in run[0].clause.words[:2]):
            return False
        one, two = self.contents[last.number], self.contents[step.number]
        if two.pronoun or two.elided or one.elided or not two.heads or self.before.get(step.number):
            return False
        return not (one.made & two.things) and not (one.heads & two.heads)

    def _unrelated(self, members: list[Step]) -> bool:
        """Errands and upkeep with nothing in common are no pipeline."""
        if any(self.contents[s.number].elided or self.contents[s.number].pronoun for s in members):
            return False
        verbs = [s.verb.lemma for s in members if s.verb is not None]
        return len(members) > 2 and len(verbs) == len(members) and all(v in ERRANDS for v in verbs)

    def _default(self, step: Step, previous: list[int], mine: list[int]) -> None:
        t = step.number
        candidates = [n for n in mine if self._may(n, t)]
        if not candidates:
            return
        last = candidates[-1]
        other = self.steps[last].condition
        if step.condition is not None and other is not None and other is not step.condition:
            return
        clause = step.clause
        if clause.words and clause.words[0].lower == "with" and clause.mood == "part":
            self.add(last, t, "with", SAME_THING)
        elif self.steps[last].clause.has_cue("first") and self.steps[last].sentence == step.sentence:
            self.add(last, t, "first", SAME_THING)
        elif closes(step) and clause.mood == "imp" and step.number == len(self.steps) - 1:
            for n in [n for n in self.open if self._may(n, t)]:
                self.add(n, t, "closing step", SAME_THING)
        elif self.contents[t].elided and previous:
            for n in [n for n in self.sinks(previous) if self._may(n, t)]:
                self.add(n, t, "same object", SAME_THING)
        elif step.is_because and self._held_up(last):
            self.add(t, last, "so", STATED)
        elif not adds_on(step) and not self._siblings(last, t):
            for n in self._beyond_failure(step, last):
                self.add(n, t, clause.delim or "next sentence", self._follows(step, self.steps[last]))

    def _beyond_failure(self, step: Step, last: int) -> list[int]:
        """What a step behind "if it fails, roll back" follows: what may fail. The roll-back is skipped when all goes well."""
        condition = self.steps[last].condition
        if step.condition is not None or condition is None or trigger_rule(condition) is not TriggerRule.ANY_FAILED:
            return [last]
        return [n for n in self.conditions.get(id(condition.clause), ()) if self._may(n, step.number)] or [last]

    def _held_up(self, n: int) -> bool:
        """ "The plan can't be finished until …, so …": what comes next clears the way."""
        return any(w.lower in {"can't", "cannot"} for w in self.steps[n].clause.aux)

    def _follows(self, step: Step, last: Step) -> float:
        """How likely a step without any link still follows the one told before it."""
        if step.sentence == last.sentence:
            own_subject = (step.clause.mood == "fin" and step.clause.subject) or _is_wish_of_its_own(step)
            return GUESSED if own_subject else FOLLOWS
        return FOLLOWS

    def _procedure(self, units: list[list[int]]) -> None:
        """ "How to make curry:" and bullets: each follows the one before, unless both do the same to different things.

        Only if anything in them hangs together or moves somebody somewhere: else they are advice.
        """
        members = [n for unit in units for n in unit]
        inside = set(members)
        linked = any(self.before.get(n, set()) & inside or self.contents[n].elided for n in members)
        if not linked and not any(moves(self.steps[n]) for n in members):
            return
        for k, (a, b) in enumerate(pairwise(members), 1):
            if not self._siblings(a, b):
                self.add(a, b, "listed order", LISTED)
                continue
            for n in sorted(self.before.get(a, ()) or members[: k - 1][-1:]):
                if self._may(n, b) and not self._siblings(n, b):
                    self.add(n, b, "listed order", LISTED)

    def _list_order(self, units: list[list[int]]) -> None:
        """Bullets: a pipeline if neighbours are linked or lack an object, and they are no mere errands."""
        if len(units) < 2:
            return
        if all(len(u) == 1 for u in units):
            members = [self.steps[u[0]] for u in units]
            linked = sum(
                self.contents[b[0]].elided or self.edges.get((a[0], b[0]), ("", 0.0))[1] >= KEPT
                for a, b in pairwise(units)
            )
            if linked * 2 >= len(units) - 1 and not self._unrelated(members):
                for (a,), (b,) in pairwise(units):
                    if self._may(a, b) and not self.before.get(b):
                        self.add(a, b, "listed order", LISTED)
        last = units[-1][0]
        verb = self.steps[last].verb
        if verb is not None and verb.lemma in CLOSING_LISTS and not self.before.get(last):
            for n in self.sinks([n for u in units[:-1] for n in u]):
                self.add(n, last, "closing step", LISTED)
