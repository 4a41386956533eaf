"""English verb and noun forms: from an inflected form to its base, and from a word to a stem that its relatives share."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from taskdist.engine.text.words import verbs

KIND_OF: dict[str, str] = {}
for _kind, _words in verbs.KINDS.items():
    for _word in _words.split():
        KIND_OF.setdefault(_word, _kind)
AMBIGUOUS = frozenset(verbs.AMBIGUOUS.split())
STATIVE = frozenset(verbs.STATIVE.split())

_PAST: dict[str, str] = {}
_PARTICIPLE: dict[str, str] = {}
_GERUND: dict[str, str] = {}
for _entry in verbs.IRREGULAR.replace("\n", " ").split(";"):
    _forms = _entry.split()
    if len(_forms) >= 3:
        _PAST[_forms[1]] = _forms[0]
        _PARTICIPLE[_forms[2]] = _forms[0]
        if len(_forms) > 3:
            _GERUND[_forms[3]] = _forms[0]


def is_verb(base: str) -> bool:
    """True if ``base`` is the base form of a known verb."""
    return base in KIND_OF or base in STATIVE


def _known(candidates: tuple[str, ...]) -> str:
    for base in candidates:
        if base in KIND_OF or base in STATIVE:
            return base
    return ""


def _undouble(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls" else word


@lru_cache(maxsize=8192)
def third_person(word: str) -> str:
    """The base of an s-form of a known verb ("posts" -> "post"), or ""."""
    if not word.endswith("s") or word.endswith("ss") or len(word) < 3:
        return ""
    irregular = {"does": "do", "goes": "go", "has": "have", "is": "be"}.get(word)
    if irregular:
        return irregular
    candidates: tuple[str, ...] = (word[:-1],)
    if word.endswith("ies"):
        candidates = (word[:-3] + "y", word[:-1])
    elif word.endswith("es"):
        candidates = (word[:-1], word[:-2])
    return _known(candidates)


@lru_cache(maxsize=8192)
def past(word: str) -> str:
    """The base of a past tense ("wrote" -> "write"), or ""."""
    return _PAST.get(word) or _regular_ed(word)


@lru_cache(maxsize=8192)
def participle(word: str) -> str:
    """The base of a past participle ("written" -> "write"), or ""."""
    return _PARTICIPLE.get(word) or _regular_ed(word)


def _regular_ed(word: str) -> str:
    if not word.endswith("ed") or len(word) < 4:
        return ""
    candidates: tuple[str, ...] = (word[:-1], word[:-2], _undouble(word[:-2]))
    if word.endswith("ied"):
        candidates = (word[:-3] + "y", word[:-1])
    found = _known(candidates)
    if found or "-" not in word:
        return found
    return ""


@lru_cache(maxsize=8192)
def gerund(word: str) -> str:
    """The base of an ing-form of a known verb, or ""."""
    if word in _GERUND:
        return _GERUND[word]
    if not word.endswith("ing") or len(word) < 5:
        return ""
    root = word[:-3]
    return _known((root, root + "e", _undouble(root)))


@lru_cache(maxsize=8192)
def lemma(word: str) -> str:
    """The base form if ``word`` is any form of a known verb, else ""."""
    if is_verb(word):
        return word
    return participle(word) or past(word) or gerund(word) or third_person(word)


# Suffixes that make a noun or adjective of a verb, longest first, with what is left at the end of the stem.
_NOUN_SUFFIXES = (
    ("ications", ""), ("ication", ""), ("izations", "iz"), ("ization", "iz"), ("isations", "iz"), ("isation", "iz"),
    ("uations", "u"), ("uation", "u"), ("ations", ""), ("ation", ""), ("itions", ""), ("ition", ""), ("ptions", "b"), ("ption", "b"),
    ("ctions", "ct"), ("ction", "ct"), ("tions", "t"), ("tion", "t"), ("ssions", "ss"), ("ssion", "ss"), ("sions", "d"), ("sion", "d"),
    ("ments", ""), ("ment", ""), ("ances", ""), ("ance", ""), ("ences", ""), ("ence", ""), ("atures", ""), ("ature", ""),
    ("yses", "yz"), ("ysis", "yz"), ("ises", "iz"), ("ised", "iz"), ("ising", "iz"), ("ise", "iz"), ("izes", "iz"), ("ized", "iz"), ("izing", "iz"),
    ("ize", "iz"), ("yse", "yz"), ("yze", "yz"), ("ysed", "yz"), ("yzed", "yz"), ("ysing", "yz"), ("yzing", "yz"),
    ("ovals", "ov"), ("oval", "ov"), ("ers", ""), ("er", ""), ("ors", ""), ("ings", ""), ("ing", ""), ("ies", "y"), ("ied", "y"),
    ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ed", ""), ("es", ""), ("s", ""), ("e", ""),
)  # fmt: skip
_STEM_EXCEPTIONS = {
    "built": "build", "sent": "send", "written": "writ", "wrote": "writ", "found": "find", "drawn": "draw", "drew": "draw", "taken": "tak", "chosen": "choos",
    "bought": "buy", "paid": "pay", "made": "mak", "met": "meet", "held": "hold", "frozen": "freez", "froze": "freez", "broken": "break", "sold": "sell",
    "told": "tell", "shot": "shoot", "spun": "spin", "data": "data", "analyses": "analyz", "proof": "prov", "choice": "choos", "drawing": "draw",
    "diagnosis": "diagnos", "diagnoses": "diagnos", "children": "child", "people": "person", "indices": "index", "indexes": "index", "criteria": "criterion", "schemas": "schema",
    "measurements": "measur", "backup": "backup", "backups": "backup", "signature": "sign", "signatures": "sign", "news": "news", "process": "process", "access": "access",
    "forecast": "forecast", "paper": "paper", "papers": "paper", "server": "server", "servers": "server", "user": "user", "users": "user", "number": "number", "numbers": "number",
    "order": "order", "orders": "order", "customer": "customer", "customers": "customer", "letter": "letter", "letters": "letter", "folder": "folder", "folders": "folder",
    "water": "water", "cluster": "cluster", "clusters": "cluster", "paste": "paste", "printer": "printer", "layer": "layer", "layers": "layer", "banner": "banner", "poster": "poster",
    "header": "header", "headers": "header", "footer": "footer", "router": "router", "controller": "controller", "newsletter": "newsletter", "chapter": "chapter", "chapters": "chapter",
    "quarter": "quarter", "register": "register", "master": "master", "counter": "counter", "filter": "filter", "filters": "filter", "power": "power", "paper's": "paper",
    "station": "station", "version": "version", "versions": "version", "session": "session", "sessions": "session", "position": "position", "section": "section", "sections": "section", "question": "question", "questions": "question",
    "question's": "question", "region": "region", "regions": "region", "option": "option", "options": "option", "permission": "permission", "permissions": "permission",
    "environment": "environment", "environments": "environment", "department": "department", "document": "document", "documents": "document", "documentation": "document", "comment": "comment", "comments": "comment",
    "payment": "payment", "payments": "payment", "shipment": "shipment", "shipments": "shipment", "element": "element", "elements": "element", "instrument": "instrument", "decision": "decid", "decisions": "decid",
    "transcript": "transcrib", "transcripts": "transcrib", "transcription": "transcrib", "transcriptions": "transcrib", "response": "respond", "responses": "respond", "reply": "reply", "replies": "reply",
    "forms": "form", "run": "run", "runs": "run", "ran": "run", "sequence": "sequence", "invoice": "invoic", "invoices": "invoic", "licence": "licenc", "license": "licenc", "licences": "licenc", "licenses": "licenc",
    "sign-off": "sign-off", "signoff": "sign-off", "sentence": "sentence", "reference": "reference", "evidence": "evidence", "finance": "finance", "balance": "balanc", "balances": "balanc", "audience": "audience",
    "conference": "conference", "insurance": "insurance", "instance": "instance", "instances": "instance", "performance": "performance", "entrance": "entrance", "science": "science", "experience": "experience",
    "advance": "advance", "difference": "differ", "differences": "differ", "summary": "summar", "summaries": "summar", "summarise": "summar", "summarize": "summar", "summarised": "summar", "summarized": "summar",
}  # fmt: skip
_PLAIN = re.compile(r"[a-z][a-z'-]*\Z")


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """A stem shared by a verb and the nouns and adjectives made of it ("validate", "validated", "validation" -> "valid").

    Names with digits, dots, slashes and the like stay as they are. Not for display.
    """
    if not _PLAIN.match(word):
        return word
    if word.endswith("'s"):
        word = word[:-2]
    elif word.endswith("'"):
        word = word[:-1]
    if word in _STEM_EXCEPTIONS:
        return _STEM_EXCEPTIONS[word]
    for suffix, rest in _NOUN_SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not (suffix == "s" and word[-2] in "su"):
            word = word[: len(word) - len(suffix)] + rest
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    if len(word) > 3 and word[-1] == "y" and word[-2] not in "aeiou":
        word = word[:-1]
    if word.endswith("at") and len(word) > 5:
        word = word[:-2]  # migrat(e) and migrat(ion) meet at "migr"
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


_MADE_BY_DOING: Final = frozenset(
    [
        "building",
        "casting",
        "clothing",
        "drawing",
        "dressing",
        "hearing",
        "lighting",
        "meeting",
        "painting",
        "setting",
        "wiring",
    ]
)
"""Things called after a verb whose base form is a thing of another trade: a *building* is no *build*, a *setting* no *set*."""


@lru_cache(maxsize=16384)
def base_form(word: str) -> str:
    """The base form of a verb, the singular of a noun; other words as they are ("reports" -> "report", "shipped" -> "ship")."""
    if not _PLAIN.match(word):
        return word
    word = word.removesuffix("'s")
    verb = lemma(word)
    if verb:
        thing = word.removesuffix("s")
        return thing if thing in _MADE_BY_DOING else verb
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("xes", "ches", "shes")) and len(word) > 4:
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word
