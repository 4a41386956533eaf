"""Words and phrases that say how clauses hang together: order, condition, reason, deadline.

Each row is ``role: phrases``. A phrase of several words is read as one word with that role.
"""

from __future__ import annotations

# Said of the clause they stand in; they do not open a subordinate clause.
ADVERBIAL: dict[str, tuple[str, ...]] = {
    "affirm": (
        "if so", "if yes", "if it is", "if it does", "if they are", "if they do", "if there are", "if there is any", "if there are any", "in that case", "if that's the case", "if that is the case", "if this is the case", "in this case", "if that works", "if it works", "if this works", "if that succeeds", "if it succeeds", "if they succeed", "if this succeeds", "if that passes", "if yes then", "if so then",
    ),
    "then": (
        "from where", "from there", "upon which", "at which point", "whereupon", "then", "next", "afterwards", "afterward", "subsequently", "thereafter", "later", "later on", "after that", "after this", "after which", "only then",
        "once that is done", "once that's done", "once this is done", "once done", "when done", "when that is done", "when that's done", "when this is done", "when finished",
        "once finished", "once complete", "once completed", "once it is done", "once it's done", "as soon as that is done", "as soon as that's done", "as soon as this is done", "following that",
        "following this", "from there", "from then on", "from there on", "thereupon", "with that done", "with this done", "that done", "this done", "with that in place", "with this in place", "with that", "upon completion",
        "on completion", "when that's in place", "as a next step", "as the next step", "in the next step", "next step", "next up", "on that basis", "based on that", "based on this", "building on that", "after it", "second", "secondly",
        "third", "thirdly", "step two", "step three", "the second step", "the third step", "the next step", "after doing so", "having done that", "having done this", "now",
        "a second step", "as a second step", "as a third step", "from that", "out of that", "out of this", "from this", "with those", "with these", "soon after", "shortly after", "right after", "right after that", "directly after", "directly after that", "straight after", "straight after that", "immediately after that", "shortly afterwards", "soon afterwards", "right afterwards",
        "when that has happened", "once that has happened", "once that works", "when that works", "once it works", "once this works", "after them", "after those", "after these", "once they're done", "once they are done", "once those are done", "once these are done", "when they're done", "when they are done", "when those are done", "when these are done", "hereafter",
    ),
    "finally": (
        "finally", "lastly", "last", "at last", "last of all", "last but not least", "at the end", "at the very end", "in the end", "to finish", "to finish off", "to conclude", "to wrap up", "to round off", "to round things off", "to close", "as the last step",
        "as a last step", "as the final step", "as a final step", "the last step", "the final step", "in conclusion", "eventually", "ultimately", "at the close", "to top it off", "once everything is done", "when everything is done", "once all is done", "when all is done",
        "once all of that is done", "when all of that is done", "once all that is done", "when all that is done", "when all this is done", "once all this is done", "once all of this is done", "after all that", "after all of that", "after everything", "after everything else", "after all this", "after all of this", "after all of these", "after all of them",
        "once everything is in place", "once everything is ready", "when everything is ready", "once everything is through", "once everything works", "once all of them are done", "when all of them are done", "once all are done", "when all are done", "when both are done", "once both are done", "after both", "in closing", "as a closing step", "as the closing step", "at the finish", "very last", "at the end of it", "at the end of all this", "when all of it is done", "once all of it is done", "once all three are done", "when all three are done", "when all four are done", "once all four are done", "with everything in place", "with all that done", "with all of that done", "with everything done", "with all that in place",
    ),
    "first": (
        "first", "firstly", "first of all", "first off", "initially", "to start", "to start with", "to begin", "to begin with", "at first", "before anything else", "before everything else", "as a first step", "as the first step", "the first step", "for starters", "step one", "up front", "upfront", "first thing", "before all else", "to kick off", "to kick things off", "in the first place", "in a first step", "start by", "begin by",
    ),
    "beforehand": (
        "beforehand", "before that", "before this", "before then", "prior to that", "prior to this", "before it", "before doing so", "prior to it", "ahead of that", "ahead of this", "in advance", "but before that", "but first", "before any of that", "before any of this", "before all that", "before all this", "before all of that", "before all of this", "in preparation",
    ),
    "parallel": (
        "meanwhile", "in the meantime", "simultaneously", "concurrently", "in parallel", "at the same time", "parallel", "separately", "independently", "in parallel to that", "in parallel with that", "in parallel to this", "alongside", "alongside that", "side by side", "at once", "all at once", "in tandem", "on the side", "in the background", "while that runs", "while that is running", "while that's running",
        "while this runs", "while this is running", "while it runs", "while it is running", "while it's running", "while that happens", "while this happens", "while that is going on", "while that's going on", "while this is going on", "while waiting", "while we wait", "while you wait", "while you're at it", "independently of each other", "independent of each other", "independently of that", "independent of that", "independently of this", "independent of this", "on their own", "each on its own", "each on their own", "in a separate track", "on a separate track", "as a separate track", "parallel to that", "parallel to this",
        "all in parallel", "both in parallel", "each in parallel", "all separately", "both separately", "each separately", "all independently", "both independently", "each independently", "all at the same time", "both at the same time", "all individually", "each individually", "during that time", "during this time", "in any order", "in no particular order", "unrelated to that", "unrelated", "concurrently with that", "at any time", "apart from that", "apart from this", "aside from that", "besides", "besides that", "regardless of that", "independently of one another", "independent of one another", "any time", "whenever convenient", "order does not matter", "order doesn't matter", "the order does not matter", "the order doesn't matter", "by themselves", "unrelated to this", "on a different note", "asynchronously", "individually", "all together", "in one go", "hand in hand",
        "at the same time as that", "synchronously", "over in parallel", "while at it", "while you are at it", "in a parallel track", "in parallel tracks", "as a side task", "on the other track", "on another track", "while all this is going on", "while all that is going on", "while all of this is going on", "while all of that is going on", "while they do that", "while they do this", "while they're at it", "while he's at it", "while she's at it",
    ),
    "else": (
        "otherwise", "else", "or else", "if not", "if no", "if it isn't", "if it doesn't", "if it does not", "if it is not", "if that fails", "if they don't", "if they do not", "if they aren't", "if there isn't", "if there aren't", "if there are none", "if there is none", "failing that", "or if not", "if neither", "in all other cases", "in the other case", "in any other case", "if this fails", "if it fails", "if they fail", "in all other situations", "for the rest", "if none", "when not", "when it isn't",
    ),
    "join": (
        "either way", "in both cases", "in either case", "in any case", "in any event", "regardless", "no matter what", "no matter the outcome", "whatever the outcome", "whatever the result", "whichever it is", "whichever way it goes", "one way or the other", "one way or another", "whatever happens", "regardless of the outcome", "regardless of the result", "both ways", "in all cases", "in every case", "irrespective of the outcome", "independent of the outcome", "independently of the outcome", "in each case", "whichever branch",
        "whichever path is taken", "whichever of the two", "no matter which", "no matter how it goes", "whatever comes out", "whatever the answer", "whatever the verdict", "whatever the decision", "in either event", "in either of the cases", "with either outcome",
    ),
    "chain": ("in this order", "in that order", "in order", "in exactly this order", "in sequence", "one after another", "one after the other", "one by one", "strictly in order", "in the order given", "in the given order", "in turn", "sequentially", "step by step", "back to back", "in the order listed", "in the following order", "in strict order"),
    "plain": (
        "in turn","i think", "i guess", "i suppose", "i believe", "i reckon", "i'd say", "we think", "i assume", "as far as i know", "if i remember correctly", "as far as i can tell", "as well", "as usual", "as follows", "as is", "as before", "as always", "right away", "at least", "at most", "in mind", "for example", "for instance", "such as", "as possible", "so far", "up front", "in particular", "as far as possible", "of course", "in fact", "in general", "in total", "in full", "by hand", "by default", "as planned", "as agreed", "as needed", "if needed", "if necessary", "if possible", "if any", "where needed", "where possible", "when needed", "as required", "where applicable", "where necessary", "as appropriate", "if applicable", "if required", "when ready", "once ready", "once more", "at all", "if at all possible", "for now", "from scratch", "end to end", "side by side", "and so on", "and so forth", "and the like", "as a whole", "or so", "as such", "all over", "as it stands", "after all", "up and running", "more or less", "back and forth", "to date", "up to date", "as expected", "as described", "as discussed", "as soon as possible", "as quickly as possible", "as early as possible", "as long as possible"),
}  # fmt: skip

# Open a clause or phrase that says when, if or why; the role says what the main clause owes to it.
SUBORDINATE: dict[str, tuple[str, ...]] = {
    "after": (
        "after", "once", "as soon as", "now that", "only after", "only once", "right after", "directly after", "immediately after", "shortly after", "soon after", "not before", "as of when", "from the moment", "the minute", "the day after", "after having", "following", "only when", "no earlier than", "straight after", "upon", "but only after", "but only once",
        "but only when", "whenever", "the week after", "subsequent to", "and only after", "and only once", "and only when", "a day after", "an hour after", "a week after",
    ),
    "before": ("before", "prior to", "ahead of", "until", "till", "by the time", "in time for", "in preparation for", "in advance of", "right before", "just before", "shortly before", "well before", "not until", "ahead of when", "pending", "even before", "the day before", "the week before", "a day before", "a week before", "in readiness for", "leading up to"),
    "parallel": ("while", "whilst", "at the same time as", "in parallel with", "in parallel to", "parallel to", "alongside", "concurrently with", "simultaneously with", "independently of", "independent of", "during", "separately from", "together with which", "in tandem with"),
    "if": (
        "if", "in case", "provided", "provided that", "assuming", "assuming that", "as long as", "so long as", "unless", "even if", "only if", "in the event that", "in the event of", "should", "supposing", "on condition that", "in case of", "given that", "whether or not", "depending on whether", "depending on the outcome", "depending on the result", "but if", "and if", "else if", "or if", "where", "in which case", "except if",
    ),
    "when": ("when", "wherever", "anytime", "any time", "every time", "each time"),
    "reason": (
        "because", "since", "so that", "so as to", "in order to", "in order that", "as", "although", "though", "even though", "whereas", "because of", "due to", "owing to", "thanks to", "for the reason that", "such that", "lest", "seeing that", "seeing as", "in view of", "in light of", "given", "despite", "in spite of", "for fear of", "on account of", "to make sure", "to ensure", "to be sure", "to avoid", "to prevent", "considering", "considering that", "as otherwise", "or otherwise", "otherwise we", "so nobody", "so no one", "so everybody", "so everyone", "so it", "so users", "so people", "so customers", "so there", "as if", "as though",
    ),
    "followed": ("followed by", "with a subsequent", "then followed by", "succeeded by", "and followed by", "which is followed by", "to be followed by"),
    "preceded": ("preceded by", "not without first", "but not before"),
    "with": ("along with", "together with", "as well as", "in addition to", "including", "incl.", "instead of", "rather than", "apart from", "except for", "other than", "such as", "according to", "based on", "depending on", "on top of", "up to", "out of", "in front of", "in line with", "by means of", "with regard to", "with respect to", "in terms of", "on behalf of", "next to", "as part of", "as opposed to", "per", "with the help of", "by way of", "in accordance with", "with a view to", "for the sake of", "in favour of", "in favor of", "in place of", "away from", "close to", "up until", "because of"),
}  # fmt: skip

# Two words that are one verb at the start of a clause.
COMPOUND_VERBS = frozenset(
    (
        "pen test", "load test", "smoke test", "stress test", "unit test", "spot check", "sanity check", "double check", "dry run", "fine tune", "threat model",
        "cross check", "peer review", "code review", "soak test", "regression test", "a/b test", "proof read", "copy edit", "cherry pick", "test drive", "hot fix", "field test", "user test", "beta test", "usability test", "root cause", "load balance", "bulk load", "batch load",
        "mass mail", "stress check", "cold start", "warm start", "quality check", "security test", "penetration test", "hand test", "fact check", "type check", "spell check", "health check", "shadow test", "canary test", "performance test", "blind test",
    )
)  # fmt: skip

# Phrases that wish for what follows.
WISHES = (
    "i'm after",
    "we're after",
    "i am after",
    "we are after",
    "i'm looking for",
    "we're looking for",
    "we are looking for",
    "i am looking for",
)
