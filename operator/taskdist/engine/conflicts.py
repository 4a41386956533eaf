"""Conflicts that nobody declared: subtasks that change the same named thing and do not wait for each other.

Read from the words of a description ("deploy the checkout service") and from the commands of a script (``kubectl
apply … checkout``, ``> /data/report.csv``, ``UPDATE users``). What lies inside of the pod, such as ``/tmp``, is
nobody else's and no conflict.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from taskdist.engine.locks import exclusive
from taskdist.engine.model import TriggerRule
from taskdist.engine.shape import bits_of, descendants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from taskdist.engine.drafts import Draft
    from taskdist.engine.graph import Graph

LOCK_PREFIX: Final = "auto:"
"""Begin of the names of locks that the planner adds; the rest is the thing itself."""
_LONGEST_LOCK: Final = 128


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VERBS: Final = _words(
    """write rewrite overwrite update modify edit change replace delete remove drop truncate purge wipe migrate deploy redeploy
    release publish restart reboot upgrade downgrade patch rename move alter rebuild reindex restore reset rotate resize scale
    provision configure reconfigure refactor append insert seed populate load sync push commit merge revert rollback install
    uninstall create recreate"""
)
_TRANSFERS: Final = _words(
    "save store export dump copy upload output render record generate produce compile collect put place"
)
_ENDINGS: Final = ("", "s", "es", "ing", "ed", "d")


def _inflected(verbs: frozenset[str]) -> frozenset[str]:
    return frozenset(
        form
        for verb in verbs
        for form in (
            *(verb + ending for ending in _ENDINGS),
            verb[:-1] + "ing",
            verb + verb[-1] + "ing",
            verb + verb[-1] + "ed",
        )
    )


_CHANGES: Final = _inflected(_VERBS)
_PUTS: Final = _inflected(_TRANSFERS)
"""Words that leave what they are about as it is, but change the place that it goes to."""
_DEFINITE: Final = _words("the our this that its their these those")
_DETERMINERS: Final = _DEFINITE | _words("a an your all every each new existing new current same")
_STOPS: Final = _words(
    """to into in on onto for from with without by at as of and or then so that which when while after before until using via
    per if but is are was were be been it them they again too also now once twice later afterwards first finally back together"""
)
_TOWARDS: Final = _words("to into onto in at")
_BESIDES: Final = _TOWARDS | _words("on for of from")
_CLAUSE_ENDS: Final = _STOPS - _BESIDES
_VAGUE: Final = _words(
    """it them this that these those everything something anything data code change changes fix fixes result results output
    outputs file files work thing things one ones item items test tests issue issues bug bugs version versions"""
)
_TOKEN: Final = re.compile(
    r"[\"'`\u201c\u2018]([^\"'`\u201d\u2019]{1,100})[\"'`\u201d\u2019]|([\w./:@-]*\w)|([,;.!?:()])"
)
_PLACE: Final = r"[\"']?(?P<thing>(?:/|s3://|gs://)[^\s\"';|&<>()]+)"
_END: Final = r"[\"']?\s*(?=$|[\n;|&])"
_KUBECTL: Final = r"delete|scale|patch|set\s+image|rollout\s+(?:restart|undo)"
_HELM: Final = "upgrade|install|uninstall|rollback"
_CREATE: Final = r"(?:alter|drop|create)\s+table(?:\s+if\s+(?:not\s+)?exists)?"
_SQL: Final = rf"insert\s+into|update|delete\s+from|truncate(?:\s+table)?|{_CREATE}"
_AFTER_TABLE: Final = r"(?=\s*(?:\(|;|$|set\b|values\b|where\b|add\b|drop\b|select\b|\"|'))"
_COMMANDS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![0-9&>])>{1,2}\s*" + _PLACE,
        r"\btee\s+(?:-a\s+)?" + _PLACE,
        r"\b(?:cp|mv|rsync)\b[^\n;|&]*?\s" + _PLACE + _END,
        rf"\bkubectl\s(?:[^\n;|&]*?\s)?(?:{_KUBECTL})\s+(?P<thing>[a-z]+[/ ][a-z0-9.-]+)",
        rf"\bhelm\s(?:[^\n;|&]*?\s)?(?:{_HELM})\s+(?:--install\s+|-i\s+)?(?P<thing>[a-z0-9][a-z0-9.-]*)",
        rf"\b(?:{_SQL})\s+[\"`]?(?P<thing>[a-z_][a-z0-9_.]*)[\"`]?{_AFTER_TABLE}",
        r"\bgit\s+push\s+(?:-\S+\s+)*(?P<thing>[a-z0-9._-]+\s+[a-z0-9._/-]+)",
    )
)
"""Commands that change something outside of the pod: files on shared paths, cluster objects, releases, tables, branches."""
_SCOPES: Final = re.compile(r"\s(?:-n|--namespace|--context|--kube-context)[\s=]+([\w.@/:-]{1,100})")
_COMMAND_END: Final = re.compile(r"[\n;|&]")
_FILE: Final = re.compile(r"\.[a-z][a-z0-9]{1,5}$", re.IGNORECASE)
_OWN: Final = re.compile(r"/(?:tmp|dev|proc|run|taskdist|var/tmp)(?:/|$)")


@dataclass(frozen=True, slots=True, order=True)
class Write:
    """One change of one named thing; ``cue`` are the words that say so.

    ``where`` are the words that tell which one of several it is ("to staging", "(eu)"); empty if there are none.
    """

    thing: str
    cue: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nodes that change ``thing``, each unordered to at least one other of them, with the words of each."""

    thing: str
    members: tuple[int, ...]
    cues: tuple[str, ...]

    @property
    def lock(self) -> str:
        """Name of the lock that keeps them apart; an ``=`` would make it a semaphore."""
        return (LOCK_PREFIX + self.thing.replace("=", "-"))[:_LONGEST_LOCK]


def conflicts(
    drafts: Sequence[Draft], graph: Graph, order: Sequence[int], reach: Sequence[int]
) -> tuple[Conflict, ...]:
    """Every thing that unordered subtasks change, sorted by its name.

    Those that share a declared lock already wait for each other.
    """
    shared = {
        thing: cues
        for thing, cues in sorted(_writers(drafts).items())
        if len(cues) > 1 and not _all_locked(cues, drafts)
    }
    if not shared:
        return ()
    mirrored = type(graph)(before=graph.after, after=graph.before)
    ahead = descendants(mirrored, tuple(reversed(order)))
    found: list[Conflict] = []
    for thing, cues in shared.items():
        group = sum(1 << node for node in cues)
        members = tuple(
            node
            for node in sorted(cues)
            if any(
                _collide(node, other, drafts, graph)
                for other in bits_of(group & ~reach[node] & ~ahead[node] & ~(1 << node))
            )
        )
        if members:
            found.append(Conflict(thing, members, tuple(cues[node] for node in members)))
    return tuple(found)


def _writers(drafts: Sequence[Draft]) -> dict[str, dict[int, str]]:
    """Return who changes each thing, with the words that say so.

    Of one thing in several places ("to staging", "to production") each place is a thing of its own, unless somebody
    changes it without saying where.
    """
    places: dict[str, dict[str, dict[int, str]]] = {}
    for node, draft in enumerate(drafts):
        for write in writes(draft):
            places.setdefault(write.thing, {}).setdefault(write.where, {}).setdefault(node, write.cue)
    found: dict[str, dict[int, str]] = {}
    for thing, by_place in places.items():
        if "" in by_place or len(by_place) == 1:
            merged: dict[int, str] = {}
            for cues in by_place.values():
                merged |= cues
            found[thing] = dict(sorted(merged.items()))
        else:
            found |= {f"{thing} ({where})": cues for where, cues in by_place.items()}
    return found


def writes(draft: Draft) -> tuple[Write, ...]:
    """What one draft changes, by its words and by its commands; each thing once."""
    found = {write.thing: write for write in reversed(_in_text(draft.description))}
    if draft.spec is not None and not draft.spec.work.is_text_only:
        work = draft.spec.work
        lines = "\n".join((work.script, " ".join((*work.command, *work.args)))).replace("$(item)", draft.item)
        found |= {write.thing: write for write in reversed(_in_commands(lines))}
    return tuple(sorted(found.values()))


def _all_locked(nodes: Iterable[int], drafts: Sequence[Draft]) -> bool:
    """True if one declared lock is held by all of them."""
    return bool(frozenset.intersection(*(_locks(drafts[node]) for node in nodes)))


def _collide(one: int, other: int, drafts: Sequence[Draft], graph: Graph) -> bool:
    """True unless something else already keeps two unordered writers apart."""
    return _locks(drafts[one]).isdisjoint(_locks(drafts[other])) and not _exclude_each_other(one, other, drafts, graph)


def _locks(draft: Draft) -> frozenset[str]:
    return exclusive(draft.spec.locks) if draft.spec is not None else frozenset()


def _exclude_each_other(one: int, other: int, drafts: Sequence[Draft], graph: Graph) -> bool:
    """True if one runs only when a common dependency failed, and the other only when it succeeded."""
    rules = {drafts[one].trigger_rule, drafts[other].trigger_rule}
    opposite = TriggerRule.ANY_FAILED in rules and bool(rules & {TriggerRule.ALL_SUCCEEDED, TriggerRule.ANY_SUCCEEDED})
    return opposite and not set(graph.before[one]).isdisjoint(graph.before[other])


@lru_cache(maxsize=4096)
def _in_text(text: str) -> tuple[Write, ...]:
    tokens = list(_TOKEN.finditer(text))
    found: list[Write] = []
    for at, match in enumerate(tokens):
        word = (match[2] or "").lower()
        if word not in _CHANGES and word not in _PUTS:
            continue
        where, places = _where(tokens, at + 1)
        if word in _CHANGES:
            found += [Write(thing, f"{match[0]} {shown}", where) for thing, shown in _object(tokens, at + 1)]
        found += [Write(place.lower(), f"{match[0]} … {place}") for place in places if not _OWN.match(place)]
    return tuple(found)


def _where(tokens: Sequence[re.Match[str]], at: int) -> tuple[str, tuple[str, ...]]:
    """Read what follows the object in its clause: the words that tell which one is meant, and the paths it goes to."""
    words: list[str] = []
    places: list[str] = []
    towards = inside = False
    for match in tokens[at : at + 20]:
        quoted, word, stop = match.groups()
        low = (word or "").lower()
        if stop == "(" or low in _BESIDES:
            inside, towards = True, low in _TOWARDS
        elif stop == ")":
            continue
        elif stop or low in _CLAUSE_ENDS or low in _CHANGES:
            break
        elif inside and low not in _DETERMINERS:
            name = quoted or word
            words.append(name.lower())
            if towards and ("/" in name or _FILE.search(name)):
                places.append(name)
    return " ".join(words), tuple(places)


def _object(tokens: Sequence[re.Match[str]], at: int) -> Iterator[tuple[str, str]]:
    """Read the thing after an action word: a quoted name, a path, an identifier, or a short noun phrase."""
    words: list[str] = []
    definite = False
    for match in tokens[at : at + 6]:
        quoted, word, stop = match.groups()
        if stop or (word and word.lower() in _STOPS):
            break
        if quoted:
            yield quoted.lower(), quoted
            return
        if not words and word.lower() in _DETERMINERS:
            definite = word.lower() in _DEFINITE
            continue
        words.append(word)
    if not words:
        return
    name = next((w for w in words if _is_name(w)), None)
    if name:
        if not _OWN.match(name):
            yield name.lower(), name
    elif words[-1].lower() not in _VAGUE and (len(words) > 1 or definite):
        yield " ".join(words).lower(), " ".join(words)


def _is_name(word: str) -> bool:
    """True for what looks like an identifier rather than a word: a path, a file, snake_case, kebab-case, camelCase."""
    return bool(re.search(r"[/_@:]|\w-\w|\w\.\w|[a-z][A-Z]|\d", word))


@lru_cache(maxsize=4096)
def _in_commands(lines: str) -> tuple[Write, ...]:
    found: list[Write] = []
    for command in _COMMANDS:
        for match in command.finditer(lines[:20_000]):
            thing = " ".join(match["thing"].lower().split())
            if "$" not in thing and not _OWN.match(thing):
                found.append(Write(thing, " ".join(match[0].split())[:120], _scope(lines, match)))
    return tuple(found)


def _scope(lines: str, match: re.Match[str]) -> str:
    """Return the namespace and cluster that a command names: the same object in another one is another object."""
    begin = max(lines.rfind(separator, 0, match.start() + 1) for separator in "\n;|&")
    command = _COMMAND_END.split(lines[begin + 1 : begin + 1 + 2000], maxsplit=1)[0]
    return " ".join(found[1].lower() for found in _SCOPES.finditer(command))
