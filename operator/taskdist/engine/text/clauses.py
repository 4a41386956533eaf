"""From fragments to clauses: which fragments belong together, and what kind of clause each of them heads.

Moods: ``imp`` a command, ``fin`` a statement with its own subject, ``part`` a participle that goes on with a passive
or a wish ("… and published"), ``inf`` a "to"-infinitive that goes on with one, ``ger`` an ing-form, ``np`` a noun
phrase alone, ``neg`` a prohibition. A clause opened by a subordinator has its role in ``sub`` (``after before parallel
if when reason followed preceded``).
"""

from __future__ import annotations

from itertools import accumulate

from taskdist.engine.text.clause import Clause
from taskdist.engine.text.clause_heads import headed
from taskdist.engine.text.clause_joins import wait_or_join
from taskdist.engine.text.fragments import Fragment


def clauses(sentence: list[Fragment], number: int) -> list[Clause]:
    """Type the fragments of one sentence and join those that are no clause of their own."""
    out: list[Clause] = []
    front: list[Clause] = []
    for i, fragment in enumerate(sentence):
        following = sentence[i + 1] if i + 1 < len(sentence) else None
        clause = headed(fragment, number)
        if front and clause.delim in {":", "->"}:
            out.append(_merge_front(front[0], front[1:]))
            out[-1].leads = clause.delim
            front = []
        if front and clause.sub and any(f.mood == "np" for f in front):
            _flush(front, out)
            front = []
        fate = wait_or_join(clause, out, front, following)
        if fate == "wait":
            front.append(clause)
        elif fate == "join":
            _absorb(out[-1], clause)
        else:
            out.append(_with_front(front, clause))
            front = []
        if following is not None and following.delim in {":", "->"} and out and not front:
            out[-1].leads = following.delim
    if front:
        _flush(front, out)
    return out


def _merge_front(first: Clause, rest: list[Clause]) -> Clause:
    for other in rest:
        _absorb(first, other)
    return first


def _flush(front: list[Clause], out: list[Clause]) -> None:
    if out and all(c.mood == "adv" for c in front):
        for clause in front:
            _absorb(out[-1], clause)
    else:
        out.append(_merge_front(front[0], front[1:]))


def _with_front(front: list[Clause], clause: Clause) -> Clause:
    """Put waiting phrases before the clause they introduce: a statement takes nouns as part of its subject, others as a front."""
    if not front:
        return clause
    before = [w for f in front for w in f.words]
    shift = len(before)
    clause.words = before + clause.words
    clause.verb += shift if clause.verb >= 0 else 0
    if clause.mood == "fin" and all(f.mood == "np" for f in front):
        clause.subject = before + clause.subject
    else:
        clause.front = before + clause.front
    follows, clause.delim = clause.delim, front[0].delim
    clause.label = clause.label or front[0].label
    clause.cues = [c for f in front for c in f.cues] + clause.cues
    clause.asides = [a for f in front for a in f.asides] + clause.asides
    clause.joined = [(follows, 0), *clause.joined] if clause.mood == "fin" else clause.joined
    starts = list(accumulate(len(f.words) for f in front[:-1]))
    clause.joined = [(f.delim, n) for f, n in zip(front[1:], starts, strict=True)] + [
        (d, n + shift) for d, n in clause.joined
    ]
    return clause


def _absorb(host: Clause, clause: Clause) -> None:
    """Append a fragment's words to the clause that it belongs to."""
    host.joined.append((clause.delim, len(host.words)))
    host.words.extend(clause.words)
    host.asides.extend(clause.asides)
    host.cues.extend(clause.cues)
