"""One clause, several steps, and the reverse: lists handed out member by member, and verbs that are one piece of work."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from taskdist.engine.text.clause import Clause
from taskdist.engine.text.groups import Group
from taskdist.engine.text.step import Step
from taskdist.engine.text.word import Word
from taskdist.engine.text.words import nouns, work
from taskdist.engine.text.words.order import CLOSING

_EACH = re.compile(
    r"\b(?:for|per|in|on|at|from|to|with|of|by|across|into)\s+(?:each|every|both|all)\b|\bper\b|\bfor each\b"
)
_DISTRIBUTIVE = frozenset(
    {
        "separately",
        "individually",
        "independently",
        "in parallel",
        "parallel",
        "each on its own",
        "each on their own",
        "at the same time",
        "concurrently",
        "simultaneously",
        "side by side",
        "on their own",
        "one by one",
        "by themselves",
        "both in parallel",
        "all in parallel",
        "at once",
        "independently of each other",
        "independent of each other",
        "all at once",
        "one after the other",
        "one after another",
        "asynchronously",
    }
)


def expand(root: Group) -> None:
    """Rewrite the tree in place."""
    _walk(root)


def _walk(group: Group) -> None:
    out: list[Group | Step] = []
    members = _members_of_lead(group.lead)
    for child in group.children:
        if isinstance(child, Group):
            _walk(child)
            out.append(child)
        else:
            out.append(child)
    out = _merge_pairs(out)
    out = _handed_out(out, members)
    group.children = out


# --- merging -------------------------------------------------------------------------------------------------------


def _merge_pairs(children: list[Group | Step]) -> list[Group | Step]:
    out: list[Group | Step] = []
    for child in children:
        last = out[-1] if out else None
        if isinstance(child, Step) and isinstance(last, Step) and _is_one_work(last, child):
            out[-1] = _merge(last, child)
        else:
            out.append(child)
    return out


def _is_one_work(first: Step, second: Step) -> bool:
    if (
        first.verb is None
        or second.verb is None
        or second.clause.delim != "and"
        or first.clause.sentence != second.clause.sentence
        or second.clause.cues
        or second.clause.sub
        or first.clause.sub
    ):
        return False
    tail = _after_verb(first)
    one, two = first.verb.lemma, second.verb.lemma
    if one == "go" and tail and tail[0].lower in {"through", "over", "live", "into"}:
        # "Go through the lease" is work, "go through the inbox and answer everything" one piece of it.
        return any(w.lower in {"everything", "all", "them", "those", "what", "it"} for w in _after_verb(second)[:1])
    if not [w for w in tail if w.tag != "RP" and w.lower not in {"up", "out", "off", "on", "through"}]:
        return any(one in pair and two in pair for pair in work.FIXED_PAIRS) or one in work.PREPARATORY_ALWAYS
    if one not in work.PREPARATORY or first.clause.mood != "imp":
        return False
    if one == "open" and any(w.lower in work.OPENED for w in tail):
        return True
    if any(w.lower in work.LIGHT_OBJECTS or w.lower in nouns.ACTION_NOUNS for w in tail):
        return False
    return (
        one in work.PREPARATORY_ALWAYS
        or (
            (one in {"take", "read", "grab"})
            and any(w.lower in {"it", "them", "that"} for w in _after_verb(second)[:2])
        )
        or (
            one in {"log", "sign", "connect", "hop"}
            and any(w.lower in {"in", "into", "on", "onto", "to"} for w in tail[:1])
        )
    )


def _after_verb(step: Step) -> list[Word]:
    for k, word in enumerate(step.words):
        if word is step.verb:
            return step.words[k + 1 :]
    return []


def _merge(first: Step, second: Step) -> Step:
    first.words = first.words + second.words
    first.mentions = first.mentions + second.mentions
    if first.verb is not None and first.verb.lemma in work.PREPARATORY:
        first.verb = second.verb
    first.clause = replace(
        first.clause,
        words=first.words,
        verb=next((k for k, w in enumerate(first.words) if w is first.verb), first.clause.verb),
    )
    return first


# --- handing out ---------------------------------------------------------------------------------------------------


def _members_of_lead(lead: list[Clause]) -> list[list[Word]]:
    for clause in lead:
        found = _named_members(clause)
        if len(found) > 1:
            return found
    return []


def _named_members(clause: Clause) -> list[list[Word]]:
    """The members of "for each of A, B and C" or "per region (A, B)", if they are named."""
    text = " ".join(w.lower for w in clause.words)
    if not _EACH.search(text):
        return []
    for aside in clause.asides:
        found = _split_list(aside)
        if len(found) > 1 and all(len(m) <= 5 for m in found):
            return found
    return _listed_after_each(clause)


def _listed_after_each(clause: Clause) -> list[list[Word]]:
    words = clause.words
    cuts = [n for _, n in clause.joined]
    for k, word in enumerate(words):
        if word.lower not in {"each", "both", "every", "per", "all"}:
            continue
        start = k + 1
        while start < len(words) and words[start].lower in {
            "of",
            "the",
            "these",
            "our",
            "following",
            "two",
            "three",
            "four",
            "five",
        }:
            start += 1
        inside = [c for c in cuts if c > k]
        if not inside:
            continue
        edges = [start, *inside, len(words)]
        members = [_trim(words[a:b]) for a, b in pairwise(edges)]
        members[-1] = _cut_phrase(members[-1])
        if (
            all(members)
            and len(members) > 1
            and all(len(m) <= 6 for m in members)
            and not any(w.tag in {"V", "VZ", "MD", "BE"} for m in members for w in m)
        ):
            return members
    return []


def _trim(words: list[Word]) -> list[Word]:
    while words and words[-1].tag in {"RB", "IN"} and words[-1].lower not in {"up", "off"}:
        words = words[:-1]
    return words


def _cut_phrase(words: list[Word]) -> list[Word]:
    """The last member ends where a preposition begins something else."""
    for k, word in enumerate(words):
        if k and word.tag in {"IN", "TO", "WH", "V"}:
            return words[:k]
    return words


def _split_list(words: list[Word]) -> list[list[Word]]:
    out: list[list[Word]] = [[]]
    for word in words:
        if word.lower in {",", ";", "and", "&", "/", "or"}:
            if out[-1]:
                out.append([])
        elif word.kind != "punct" and word.lower not in {"i.e.", "namely", "e.g."}:
            out[-1].append(word)
    return [m for m in out if m]


def _handed_out(children: list[Group | Step], members: list[list[Word]]) -> list[Group | Step]:
    """Multiply steps by the members named in a lead or in a phrase in front; then look at each step alone."""
    out: list[Group | Step] = []
    i = 0
    active = members
    sentence = 0
    while i < len(children):
        child = children[i]
        if isinstance(child, Group):
            if active and i > 0:
                active = []
            out.append(_multiply_group(child, active) if active else child)
            i += 1
            continue
        if active and sentence and child.sentence != sentence:
            active = []
        run = [child]
        spread = active or _front_members(child) or _tail_members(child)
        if spread:
            j = i + 1
            while j < len(children) and _shares(run, children[j], in_front=bool(active or _front_members(child))):
                run.append(children[j])  # type: ignore[arg-type]
                j += 1
            out.append(_multiply(run, spread))
            sentence = child.sentence
            i = j
            continue
        k = _shared_tail(children, i)
        if k:
            run = [c for c in children[i:k] if isinstance(c, Step)]
            out.append(_multiply(run, _tail_members(run[-1])))
            i = k
            continue
        out.extend(_spread_alone(child))
        i += 1
    return out


def _shares(run: list[Step], child: Group | Step, *, in_front: bool) -> bool:
    if not in_front or not isinstance(child, Step) or child.sentence != run[0].sentence:
        return False
    collective = {w.lower for w in child.words} & {"all", "both", "together", "combined", "overall"}
    if child.clause.delim == ";" and child.verb is not None and child.verb.lemma in work.GATHERING | CLOSING:
        return False  # "for each of A and B, count the birds; afterwards pool the counts"
    return not collective and not child.clause.has_cue("finally") and child.clause.delim != "-"


def _shared_tail(children: list[Group | Step], i: int) -> int:
    """ "Build and push an image for each of A and B": verbs without object share the tail; returns where the run ends, or 0."""
    first = children[i]
    for j in range(i, len(children)):
        child = children[j]
        if not isinstance(first, Step) or not isinstance(child, Step) or child.sentence != first.sentence:
            return 0
        if j > i and _tail_members(child):
            return j + 1
        if _after_verb(child) or child.verb is None:
            return 0
    return 0


def _front_members(step: Step) -> list[list[Word]]:
    if not step.clause.front:
        return []
    stop = len(step.clause.front)
    part = replace(step.clause, words=step.clause.front, joined=[(d, n) for d, n in step.clause.joined if n < stop])
    found = _named_members(part)
    if found:
        step.words = [w for w in step.words if w not in step.clause.front]
    return found


def _tail_members(step: Step) -> list[list[Word]]:
    return _named_members(step.clause) if step.verb is not None and not step.clause.front else []


def _multiply(run: list[Step], members: list[list[Word]]) -> Group:
    """A chain of the run's steps for every member; the chains stand side by side."""
    out = Group("set", free=True)
    for member in members:
        chain = Group("seq")
        for step in run:
            chain.children.append(_for_member(step, member, members))
        out.children.append(chain)
    return out


def _multiply_group(group: Group, members: list[list[Word]]) -> Group:
    out = Group("set", free=True)
    steps = group.steps()
    for member in members:
        out.children.append(
            Group("seq" if group.order != "set" else group.order, [_for_member(s, member, members) for s in steps])
        )
    return out


def _for_member(step: Step, member: list[Word], members: list[list[Word]]) -> Step:
    others = {id(w) for m in members for w in m if m is not member}
    words = [w for w in step.words if id(w) not in others]
    return replace(step, words=words, member=member, mentions=list(step.mentions))


def _is_wish_for_things(step: Step) -> bool:
    """ "The board expects a forecast and a list": the verb wishes, the things are the work."""
    return step.verb is not None and step.verb.lemma in work.WISHES and step.verb is step.clause.words[step.clause.verb]


def _subject_members(step: Step) -> list[list[Word]]:
    """The members of "both A and B need …" or "A and B each get …"."""
    clause = step.clause
    size = len(clause.subject)
    if size < 2 or step.verb is None:
        return []
    start = next((k for k, w in enumerate(clause.words) if w is clause.subject[0]), -1)
    cuts = [n for d, n in clause.joined if start < n < start + size]
    first = clause.subject[0].lower
    if (
        start < 0
        or not cuts
        or not (
            first in {"both", "each"}
            or any(w.lower in {"each", "both"} for w in clause.aux + clause.words[start + size : clause.verb])
        )
    ):
        return []
    begin = start + (first in {"both", "each", "neither"}) + (clause.words[start + 1].lower == "of")
    edges = [begin, *cuts, start + size]
    return [m for m in (clause.words[a:b] for a, b in pairwise(edges)) if m]


def _spread_alone(step: Step) -> list[Group | Step]:
    """A list of objects handed out because a word says so, or because every member has its own source or target."""
    clause = step.clause
    if step.soft == "things" or clause.frame in {"thing", "wanted"} or _is_wish_for_things(step):
        things = _object_members(step)
        if len(things) > 1 and all(
            m[0].lower in {"a", "an", "some", "another", "two", "three", "one"} or m[0].tag == "CD" for m in things
        ):
            first = step.words[: next(k for k, w in enumerate(step.words) if w is things[0][0])]
            return [
                Group(
                    "set",
                    [
                        replace(
                            step,
                            words=[*first, *m] if k == 0 else m,
                            verb=None if k else step.verb,
                            mentions=list(step.mentions),
                        )
                        for k, m in enumerate(things)
                    ],
                    free=all(m[0].lower == "one" for m in things[1:]),
                )
            ]
    doers = _subject_members(step)
    if len(doers) > 1:
        rest = clause.words[next(k for k, w in enumerate(clause.words) if w is clause.subject[-1]) + 1 :]
        return [
            Group(
                "set",
                [replace(step, words=[*m, *rest], member=m, mentions=list(step.mentions)) for m in doers],
                free=True,
            )
        ]
    if not clause.joined or (step.verb is not None and step.verb.lemma in work.COLLECTIVE):
        return [step]
    members = _object_members(step)
    if len(members) < 2:
        return [step]
    if step.verb is None and clause.delim == ":":
        return [
            Group(
                "set",
                [replace(step, words=m, mentions=list(step.mentions)) for m in members],
                free=clause.has_cue("parallel"),
            )
        ]
    if _says_each(step):
        head, members = _shared_head(step, members)
        return [
            Group(
                "set",
                [replace(step, words=[*head, *m], member=m, mentions=list(step.mentions)) for m in members],
                free=True,
            )
        ]
    if _gapped(members):
        return [
            Group(
                "set",
                [
                    replace(step, words=m, verb=step.verb, mentions=list(step.mentions), member=[])
                    if k
                    else _first_gapped(step, members)
                    for k, m in enumerate(members)
                ],
                free=not any(w.role == "then" for m in members[1:] for w in m),
            )
        ]
    return [step]


def _object_members(step: Step) -> list[list[Word]]:
    words = step.clause.words
    start = step.clause.verb + 1 if step.verb is not None else 0
    cuts = sorted({n for d, n in step.clause.joined if n > start and d in {",", "and", ", and", ";", "or", "plus"}})
    if not cuts:
        return []
    edges = [start, *cuts, len(words)]
    return [
        m for m in ([w for w in words[a:b] if w.role != "parallel" or w.tag != "RB"] for a, b in pairwise(edges)) if m
    ]


def _says_each(step: Step) -> bool:
    words = step.clause.words
    last = words[-1]
    if (
        any(
            w.lower in {"separate", "individual"} and k and words[k - 1].lower in {"in", "as", "into"}
            for k, w in enumerate(words)
        )
        and len(words) > 3
        and words[-2].lower in {"separate", "individual"}
    ):
        return True
    if step.is_spread or any(
        w.tag == "RB" and w.role == "parallel" for w in words[step.clause.verb + 1 : step.clause.verb + 3]
    ):
        return True
    cuts = [n for d, n in step.clause.joined if n > step.clause.verb and d in {",", "and", ", and"}]
    if cuts and any(w.tag == "RB" and w.role == "parallel" for w in words[max(cuts) :]):
        return True
    if last.tag == "RB" and (last.lower in _DISTRIBUTIVE or last.role == "parallel"):
        return True
    return any(w.lower in {"each", "both"} and k + 1 == len(words) for k, w in enumerate(words))


def _shared_head(step: Step, members: list[list[Word]]) -> tuple[list[Word], list[list[Word]]]:
    """What all members share ("translate the manual into") and what tells them apart ("French", "German")."""
    head = step.clause.words[: step.clause.verb + 1]
    at = max((k for k, w in enumerate(members[0]) if w.tag == "IN" and w.lower != "of"), default=-1)
    if at >= 0 and at + 1 < len(members[0]) and not any(w.tag == "IN" for m in members[1:-1] for w in m):
        return [*head, *members[0][: at + 1]], [members[0][at + 1 :], *members[1:]]
    return head, members


def _gapped(members: list[list[Word]]) -> bool:
    """ "Revenue from A, ad spend from B": every member carries the same preposition with a target of its own."""
    shared = {_relation(w) for w in members[0] if w.tag in {"IN", "TO"}} - {""}
    if not shared:
        return False
    for member in members[1:]:
        position = next((k for k, w in enumerate(member) if w.tag in {"IN", "TO"} and _relation(w) in shared), -1)
        if position < 1 or position + 1 >= len(member):
            return False
    return True


_RELATIONS = {
    "from": "from",
    "out of": "from",
    "off": "from",
    "out": "from",
    "to": "to",
    "into": "to",
    "onto": "to",
    "at": "at",
    "in": "in",
    "on": "on",
    "with": "with",
    "by": "by",
    "for": "for",
    "against": "against",
    "via": "via",
    "through": "via",
}


def _relation(word: Word) -> str:
    return _RELATIONS.get(word.lower, "")


def _first_gapped(step: Step, members: list[list[Word]]) -> Step:
    rest = {id(w) for m in members[1:] for w in m}
    return replace(step, words=[w for w in step.words if id(w) not in rest], mentions=list(step.mentions))
