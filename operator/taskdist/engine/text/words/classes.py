"""Parts of speech of the closed classes of words, and the adverbs that may stand before a command."""

from __future__ import annotations

from taskdist.engine.text.words import function

OPENERS = frozenset({"P", "A", "CC", "SC"})
ORDER_ADVERBS = frozenset({
    "first", "then", "finally", "lastly", "last", "next", "also", "please", "afterwards", "afterward", "now", "just", "meanwhile", "second", "third",
    "simply", "once", "only", "always", "simultaneously", "concurrently", "separately", "again", "later", "thereafter", "subsequently", "immediately", "kindly",
    "firstly", "secondly", "thirdly", "eventually", "ultimately", "independently", "additionally", "instead", "otherwise", "else", "so", "yes", "ok", "okay", "quickly", "carefully", "manually",
    "automatically", "briefly", "properly", "directly", "ideally", "today", "tomorrow", "tonight", "there", "here", "either", "both", "too", "still", "beforehand", "initially", "fully", "thoroughly",
})  # fmt: skip
CLOSED: dict[str, str] = {}
for _tag_name, _words in (
    ("RB", function.ADVERBS),
    ("JJ", function.COMMON_ADJECTIVES),
    ("IN", function.PREPOSITIONS),
    ("CD", function.NUMBERS),
    ("DT", function.DETERMINERS),
    ("PS", function.POSSESSIVES),
    (
        "PRP",
        frozenset(
            [
                "i",
                "we",
                "you",
                "he",
                "she",
                "they",
                "it",
                "me",
                "us",
                "him",
                "them",
                "myself",
                "itself",
                "themselves",
                "someone",
                "somebody",
                "anyone",
                "anybody",
                "everyone",
                "everybody",
                "nobody",
                "something",
                "anything",
                "everything",
                "nothing",
            ]
        ),
    ),
    ("CC", function.COORDINATORS),
    (
        "SC",
        function.CONDITIONALS
        | frozenset(
            [
                "because",
                "although",
                "though",
                "whereas",
                "while",
                "until",
                "till",
                "unless",
                "when",
                "whenever",
                "once",
                "as",
                "alongside",
            ]
        ),
    ),
    ("WH", frozenset(["which", "who", "whom", "whose", "what", "where", "why", "how"])),
    ("MD", function.MODALS),
    ("HV", function.HAVE),
    ("DO", function.DO),
    ("BE", function.BE),
    ("NOT", frozenset(["not", "never", "n't"])),
):
    for _word in _words:
        CLOSED[_word] = _tag_name
CLOSED |= {"to": "TO", "her": "PS", "that": "DT", "this": "DT", "so": "CC", "yet": "RB", "before": "SC", "after": "SC", "since": "SC", "first": "RB",
            "cannot": "MD", "can't": "MD", "won't": "MD", "needn't": "MD", "shouldn't": "MD", "mustn't": "MD", "couldn't": "MD", "wouldn't": "MD", "let's": "MD",
            "either": "DT", "neither": "DT", "both": "DT", "then": "RB", "off": "IN", "out": "IN", "up": "IN", "down": "IN", "else": "RB", "nor": "CC", "like": "IN",
            "no": "DT", "all": "DT", "one": "CD", "who's": "WH", "what's": "WH", "given": "IN", "gonna": "MD", "gotta": "MD"}  # fmt: skip
