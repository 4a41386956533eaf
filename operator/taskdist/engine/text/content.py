"""What a step is about: the stems of its verb, of what it works on and of what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass

from taskdist.engine.text import inflect
from taskdist.engine.text.step import Step
from taskdist.engine.text.word import Word
from taskdist.engine.text.words import function, nouns
from taskdist.engine.text.words.artifacts import GENERIC, LEFT_BEHIND, VAGUE

_CONTENT_TAGS = frozenset({"N", "VN", "VG", "V", "VZ", "VD", "JJ", "CD"})
_PRONOUNS = frozenset(
    {
        "two",
        "it",
        "them",
        "they",
        "this",
        "that",
        "these",
        "those",
        "its",
        "their",
        "theirs",
        "both",
        "all",
        "each",
        "one",
        "ones",
        "same",
        "everything",
    }
)


@dataclass(frozen=True, slots=True)
class Content:
    """Stems of one step.

    ``verb`` of its action, ``things`` of every noun in it, ``heads`` of the heads of its noun phrases, ``made`` of
    what exists because of it (its objects, the noun of its verb, "findings" of an analysis), ``definite`` the heads
    said with "the", "that", "its", ``pronoun`` a pronoun that points back ("" if none), ``elided`` true if it lacks
    the object that its verb wants.
    """

    verb: str
    things: frozenset[str]
    heads: frozenset[str]
    made: frozenset[str]
    definite: frozenset[str]
    pronoun: str
    elided: bool
    kind: str
    object_heads: frozenset[str] = frozenset()
    modifiers: frozenset[str] = frozenset()


def stems(words: list[Word]) -> set[str]:
    """Stems of the content words among ``words``."""
    return {inflect.stem(w.lower) for w in words if _is_content(w)}


def with_parts(found: set[str]) -> set[str]:
    """``found`` and the parts of its compounds: "self-test" is also a test, "unmatched" speaks of matching."""
    parts = {inflect.stem(p) for s in found if "-" in s for p in s.split("-") if len(p) > 2}
    parts |= {inflect.stem(s[2:]) for s in found if s.startswith("un") and len(s) > 5}
    for stem in found:
        for prefix in ("up", "down", "re", "pre", "over"):
            rest = stem[len(prefix) :]
            if stem.startswith(prefix) and len(rest) > 3 and inflect.is_verb(rest):
                parts.add(rest)
    return found | parts


def _is_content(word: Word) -> bool:
    low = word.lower
    return (
        word.tag in _CONTENT_TAGS
        and word.kind not in {"label", "phrase"}
        and (low not in function.COMMON_ADJECTIVES or word.tag != "JJ")
        and low not in GENERIC
        and low not in nouns.TIMES
        and low not in function.NUMBERS
        and not (word.tag == "CD" and low.replace(".", "").replace(",", "").isdigit())
    )


def noun_phrases(words: list[Word]) -> list[tuple[list[Word], bool]]:
    """The noun phrases among ``words`` in order, each with whether it is definite ("the report", "that list", "its total")."""
    out: list[tuple[list[Word], bool]] = []
    current: list[Word] = []
    definite = False
    for word in [*words, None]:
        if word is not None and word.tag in {"N", "VG", "CD", "JJ", "VN"} and word.kind != "phrase":
            current.append(word)
            continue
        if current and any(w.tag in {"N", "VG", "CD"} for w in current):
            out.append((current, definite))
        current = []
        definite = word is not None and word.lower in {
            "the",
            "that",
            "those",
            "this",
            "these",
            "its",
            "their",
            "all",
            "both",
            "each",
            "such",
            "his",
            "her",
            "our",
        }
    return out


def step_phrases(step: Step) -> list[tuple[list[Word], bool]]:
    """The noun phrases of a step; its verb parts them."""
    at = next((k for k, w in enumerate(step.words) if w is step.verb), -1)
    return noun_phrases(step.words[:at]) + noun_phrases(step.words[at + 1 :]) if at >= 0 else noun_phrases(step.words)


def content(step: Step) -> Content:
    """Read a step's content; pure."""
    verb = step.verb
    verb_stem = inflect.stem(verb.lemma or verb.lower) if verb is not None else ""
    words = [w for w in step.words if w is not verb]
    phrases = step_phrases(step)
    heads, definite = set(), set()
    for phrase, is_definite in phrases:
        head = _head(phrase)
        if head:
            heads.add(head)
            if is_definite:
                definite.add(head)
    things = with_parts(stems(words)) | {inflect.stem(w.lower) for w in step.member if w.tag != "DT"}
    kind = inflect.KIND_OF.get(verb.lemma, "") if verb is not None else ""
    made = set(things) | ({verb_stem} if verb_stem else set())
    made |= LEFT_BEHIND.get(kind, frozenset())
    first = object_phrase(step)
    modifiers = stems([w for p, _ in phrases for w in p[:-1]])
    return Content(
        verb_stem,
        frozenset(things),
        frozenset(heads),
        frozenset(made),
        frozenset(definite),
        _pronoun(step),
        _elided(step),
        kind,
        frozenset({_head(first)} if first else ()),
        frozenset(modifiers),
    )


def _head(phrase: list[Word]) -> str:
    for word in reversed(phrase):
        if word.tag in {"N", "VG", "V"} and word.lower not in VAGUE and _is_content(word):
            return inflect.stem(word.lower)
    for word in reversed(phrase):
        if word.tag in {"CD", "N"} and _is_content(word):
            return inflect.stem(word.lower)
    return ""


def object_phrase(step: Step) -> list[Word]:
    """The noun phrase the verb acts on: after it, or the subject of a passive."""
    if step.verb is None:
        found = noun_phrases(step.words)
        return found[0][0] if found else []
    after: list[Word] = []
    seen = False
    for word in step.words:
        if seen:
            after.append(word)
        seen = seen or word is step.verb
    found = noun_phrases(after)
    if found and not (after and after[0].tag in {"IN", "TO"} and step.clause.subject and step.verb.tag == "VN"):
        return found[0][0]
    before = noun_phrases([w for w in step.words if w not in after and w is not step.verb])
    return before[-1][0] if before else []


def _is_bare_two(previous: Word | None, after: Word | None) -> bool:
    """ "Intersect the two": no noun follows."""
    pointed = previous is not None and previous.lower in {"the", "these", "those"}
    return pointed and (after is None or after.tag not in {"N", "JJ", "VN", "VG", "PRP"})


def _pronoun(step: Step) -> str:  # noqa: C901 - cases of English, in order
    """The pronoun that points to something before this step, if there is one."""
    words = step.words
    if any(
        w.lower in {"others", "rest", "remainder", "remaining"} and k and words[k - 1].lower in {"the", "all"}
        for k, w in enumerate(words)
    ):
        return "others"
    for k, word in enumerate(words):
        low = word.lower
        if low not in _PRONOUNS or word.kind != "word":
            continue
        previous = words[k - 1] if k else None
        after = words[k + 1] if k + 1 < len(words) else None
        if (
            low in {"it", "they", "this"}
            and previous is not None
            and previous.tag in {"N", "CD"}
            and after is not None
            and after.tag in {"VZ", "BE", "V", "MD", "HV"}
        ):
            continue
        if low in {"this", "that", "these", "those", "all", "both", "each", "one", "same", "two"} and word.tag != "PRP":
            if low in {"all", "both", "each"} and (
                after is None or after.tag in {"IN", "VN", "RB", "TO", "MD", "BE"} or after.lower == "of"
            ):
                return low
            if (
                low == "one"
                and (after is None or after.lower in {"as well", "too", "for"})
                and any(w.lower in {"as well", "too", "also", "likewise"} for w in words)
            ):
                return low
            if low == "two" and _is_bare_two(previous, after):
                return low
            if low in {"one", "same", "two"}:
                continue
            if low == "each" and after is not None and after.lower == "to":
                return low
            continue
        if (
            low == "that"
            and previous is not None
            and previous.tag in {"V", "N", "VZ"}
            and after is not None
            and after.tag not in {"IN", "RB", "P", "TO"}
        ):
            continue
        if (
            low in {"its", "their"}
            and any(
                w.tag == "N" and w not in step.clause.front
                for w in words[: k - 1]
                if step.verb is None or w.start < step.verb.start
            )
            and k > 2
        ):
            continue
        return low
    return ""


_OBJECT_WANTED = frozenset(
    [
        "deploy",
        "publish",
        "ship",
        "release",
        "import",
        "export",
        "load",
        "upload",
        "circulate",
        "quantize",
        "benchmark",
        "test",
        "validate",
        "verify",
        "check",
        "review",
        "approve",
        "merge",
        "deliver",
        "distribute",
        "submit",
        "optimise",
        "optimize",
        "integrate",
        "profile",
        "analyze",
        "analyse",
        "evaluate",
        "send",
        "share",
        "report",
        "document",
        "announce",
        "serve",
        "install",
        "launch",
        "archive",
        "restore",
        "sign",
        "reconcile",
        "clean",
        "transform",
        "visualise",
        "visualize",
        "index",
        "concatenate",
        "vortex",
        "package",
        "translate",
        "proofread",
        "print",
        "print",
        "seal",
        "label",
        "tag",
        "encrypt",
        "compress",
        "convert",
        "migrate",
        "sort",
        "filter",
        "annotate",
        "render",
        "edit",
        "format",
        "frame",
        "sand",
        "paint",
        "varnish",
        "promote",
        "roll",
        "push",
        "post",
        "mail",
        "dispatch",
        "escalate",
        "notify",
        "file",
        "retest",
        "refactor",
        "configure",
        "monitor",
        "deduplicate",
        "normalise",
        "normalize",
        "anonymise",
        "anonymize",
        "sync",
        "sync",
        "replicate",
        "summarise",
        "summarize",
        "assign",
        "commit",
        "rebase",
        "compile",
        "build",
        "fix",
        "patch",
        "polish",
        "stain",
        "rinse",
        "dry",
        "bake",
        "cool",
        "plate",
        "assess",
        "compare",
        "plan",
        "design",
        "implement",
        "develop",
        "prototype",
        "iterate",
        "audit",
        "scan",
        "pay",
        "reimburse",
        "invoice",
        "forward",
        "retrain",
        "refine",
        "schedule",
        "backup",
        "rollback",
        "commission",
        "train",
        "calibrate",
        "assemble",
    ]
)


def _elided(step: Step) -> bool:
    """ "Import into the ledger", "deploy to prod": nothing stands where the object would."""
    if step.verb is None or step.verb.tag not in {"V", "VG"} or step.clause.subject:
        return False
    rest = [w for w in step.words if w.start > step.verb.start and w.tag not in {"RB", "RP"}]
    if len(rest) == 1 and rest[0].tag == "IN":
        return True
    if not rest:
        return step.verb.lemma in _OBJECT_WANTED
    if rest[0].tag in {"IN", "TO"} and rest[0].lower in {
        "to",
        "into",
        "in",
        "on",
        "onto",
        "with",
        "behind",
        "for",
        "at",
        "against",
        "as",
        "via",
        "from",
        "through",
        "using",
    }:
        return step.verb.lemma in _OBJECT_WANTED or (
            rest[0].lower in {"into", "behind", "onto"}
            and step.verb.lemma not in {"look", "log", "go", "dig", "turn", "check"}
        )
    return False
