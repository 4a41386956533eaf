"""How well predicted subtasks, agents and dependencies fit those that a person wrote down.

Subtasks are matched one to one by the words of the person's phrase (``Wanted.words``) that the prediction's text has, as the
assignment of greatest total weight; a match needs half of the words. A prediction that holds several phrases in full shares
its weight among them, so that it gets one of two and none of three. Edges are compared as transitive reductions: once with
predictions that match nothing taken out and their neighbours joined (``edges``), once with edges at them counted as wrong
(``strict``). An item is exact if the number of subtasks, all matches and all edges fit.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import networkx as nx

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

ENOUGH = 0.5
_WORD = re.compile(r"[^\W_]+(?:[._/:@'+-]+[^\W_]+)*")
_EMPTY_WORDS = """
a about after afterwards all also an and any are as at be been before being both but by can could did do does done down each
either else every finally first for from had has have he her here his how i if in into is it its itself just last lastly let
lets may me might must my need needed needs neither next no not of on once only onto or otherwise ought our out over per
please shall she should so than that the their them then there these they this those to too under up us via was we were
what when where which while who whose why will with without would you your
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())


@dataclass(frozen=True)
class Wanted:
    """A subtask as a person wrote it down: a phrase of the text that names it, and the agents that would do."""

    id: str
    words: frozenset[str]
    agents: tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """One text with its subtasks and direct dependencies."""

    id: str
    style: str
    text: str
    wanted: tuple[Wanted, ...]
    edges: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Predicted:
    """What a method made of an item: (id, text, agent) per subtask, and edges between their ids."""

    subtasks: tuple[tuple[str, str, str], ...]
    edges: frozenset[tuple[str, str]]


def item(raw: Mapping[str, Any]) -> Item:
    """Read an item of the corpus' format."""
    wanted = tuple(
        Wanted(
            task["id"],
            words(task["anchor"]) | (words(task["with"]) if task.get("with") else frozenset()),
            tuple(task["agent"]) if isinstance(task["agent"], list) else (task["agent"],),
        )
        for task in raw["subtasks"]
    )
    return Item(raw["id"], raw["style"], raw["text"], wanted, frozenset((a, b) for a, b in raw["edges"]))


def read(file: Path) -> list[Item]:
    """Items of a file: JSON lines in the corpus' format, or text as tests/unit/engine/text/data/texts.txt explains it."""
    if file.suffix == ".txt":
        return [item(raw) for raw in _plain(file.read_text(encoding="utf-8"))]
    with file.open(encoding="utf-8") as every:
        return [item(json.loads(line)) for line in every if line.strip()]


def _plain(text: str) -> Iterator[dict[str, Any]]:
    for number, part in enumerate(re.split(r"^= ", text, flags=re.MULTILINE)[1:], 1):
        style, _, rest = part.partition("\n")
        lines = rest.rstrip().splitlines()
        first = next((k for k, line in enumerate(lines) if _SUBTASK.match(line)), len(lines))
        subtasks, edges = [], []
        for line in lines[first:]:
            name, agents, named = re.fullmatch(_SUBTASK, line).groups()
            named, _, before = named.partition(" < ")
            anchor, _, other = named.partition(" + ")
            subtasks.append({"id": name, "agent": agents.split("/"), "anchor": anchor, "with": other})
            edges += [[earlier, name] for earlier in before.split()]
        described = "\n".join(lines[:first]).strip()
        yield {"id": f"{style}-{number}", "style": style, "text": described, "subtasks": subtasks, "edges": edges}


_SUBTASK = re.compile(r"- ([a-z]) ([a-z]{4,}(?:/[a-z]{4,})*): (.+)")


def words(text: str) -> frozenset[str]:
    """The stems of the words of ``text`` that carry meaning; of all its words where none does."""
    every = [word.lower() for word in _WORD.findall(text.replace("\u2019", "'"))]
    return frozenset(_stem(w) for w in every if w not in _EMPTY) or frozenset(map(_stem, every))


def _stem(word: str) -> str:
    word = word.removesuffix("'s").rstrip("'")
    if len(word) < 4 or re.search(r"[\d./:@]", word):
        return word
    for ending, instead in (
        ("ies", "y"),
        ("ied", "y"),
        ("sses", "ss"),
        ("ings", ""),
        ("ing", ""),
        ("ed", ""),
        ("es", ""),
        ("s", ""),
    ):
        if word.endswith(ending) and len(word) >= len(ending) + 3 and not (ending == "s" and word.endswith("ss")):
            word = word[: -len(ending)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


@dataclass
class Tally:
    """Counts of a set of items, and the figures made of them."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, item: Item, predicted: Predicted) -> None:
        self.counts.update(_counted(item, predicted))

    def f1(self, hits: str, predicted: str, wanted: str) -> float:
        given, asked = self.counts[predicted], self.counts[wanted]
        return 2 * self.counts[hits] / (given + asked) if given + asked else 1.0

    @property
    def node(self) -> float:
        return self.f1("matched", "subtasks", "wanted")

    @property
    def edge(self) -> float:
        return self.f1("edges right", "edges", "edges wanted")

    @property
    def strict(self) -> float:
        return self.f1("strict right", "strict", "edges wanted")

    @property
    def exact(self) -> float:
        return self.counts["exact"] / max(1, self.counts["items"])

    @property
    def agent(self) -> float:
        return self.counts["agents right"] / max(1, self.counts["matched"])


def _counted(item: Item, predicted: Predicted) -> dict[str, int]:
    match = matched(item.wanted, predicted.subtasks)
    ids = [name for name, _, _ in predicted.subtasks]
    edges = _reduced(ids, predicted.edges, keep=match.keys())
    strict = _reduced(ids, predicted.edges)
    right = {(match[a], match[b]) for a, b in edges} & item.edges
    agents = {w.id: w.agents for w in item.wanted}
    return {
        "items": 1,
        "wanted": len(item.wanted),
        "subtasks": len(ids),
        "matched": len(match),
        "edges wanted": len(item.edges),
        "edges": len(edges),
        "edges right": len(right),
        "strict": len(strict),
        "strict right": len({(match.get(a, ""), match.get(b, "")) for a, b in strict} & item.edges),
        "exact": int(len(ids) == len(item.wanted) == len(match) and len(right) == len(edges) == len(item.edges)),
        "agents right": sum(agent in agents[match[name]] for name, _, agent in predicted.subtasks if name in match),
    }


def matched(wanted: Sequence[Wanted], subtasks: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """Predicted to wanted subtask, one to one."""
    graph = nx.Graph()
    for place, (name, text, _) in enumerate(subtasks):
        has = words(text)
        whole = [w.words for w in wanted if w.words <= has]
        shared = max(1, sum(not any(w < other for other in whole) for w in whole))
        for at, one in enumerate(wanted):
            weight = len(one.words & has) / len(one.words) / shared
            if weight >= ENOUGH - 1e-9:
                alike = len(one.words & has) / len(one.words | has)
                apart = abs(place / len(subtasks) - at / len(wanted))
                graph.add_edge(("predicted", name), ("wanted", one.id), weight=weight + 1e-3 * alike - 1e-6 * apart)
    pairs = (dict(pair) for pair in nx.max_weight_matching(graph))
    return {pair["predicted"]: pair["wanted"] for pair in pairs}


def _reduced(
    nodes: Iterable[str], edges: Iterable[tuple[str, str]], keep: Collection[str] | None = None
) -> set[tuple[str, str]]:
    graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((a, b) for a, b in edges if a in graph and b in graph)
    if keep is not None:
        graph = nx.transitive_closure_dag(graph).subgraph(keep)
    return set(nx.transitive_reduction(graph).edges)
