"""Wishes put indirectly: "it would be great if someone could …", "the plan is to …", "there ought to be a …".

Such a frame is taken off, and what it wraps is read as if it had been said directly: as a command (``do``), an ing-form (``ing``), a
statement of what shall be done (``done``) or a thing that is wanted (``thing``).
"""

from __future__ import annotations

import re

_SOMEONE = r"(?:someone|somebody|anyone|anybody|you|we|one|one of you|one of us|a colleague|whoever has time|the team|y'all|you all|folks|everyone|somone|either of you|any of you)"
_NICE = r"(?:great|nice|good|helpful|ideal|lovely|awesome|wonderful|useful|cool|best|fine|handy|perfect|super|fantastic|appreciated|much appreciated|a help|a great help|a relief|of great help|worthwhile|worth|desirable|excellent|better|sensible|wise|smart|brilliant|swell|neat|prudent)"
_SOFTLY = r"(?:please |maybe |perhaps |also |then |just |kindly |finally |quickly |so |next |now |and |but |ideally |first |afterwards |possibly |still |really |either |at some point |at last |already |hopefully |in addition |simply |actually )*"
_WANT = r"(?:want|wants|need|needs|would like|'d like|would love|'d love|expect|expects|would prefer|'d prefer|ask|asks|asked|require|requires|requested|request|requests|demand|demands|beg|told|tell|invite|urge)"
_WE = r"(?:i|we|they|he|she|management|legal|the team|our team|the boss|compliance|the client|the customer|security|the board|the auditors|finance|marketing|sales|product|the cto|the ceo|the cfo|ops|qa|everybody|everyone|people|the business|the customers|customers|users|the users)"

# (frame, how the rest is to be read); the rest begins where the match ends.
_FRAMES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"^{_SOFTLY}{pattern}\s*(?<=\s){_SOFTLY}"), kind)
    for pattern, kind in (
        (rf"(?:it|that)(?: would|'d| might| will|'ll| is|'s) (?:also |really |still |probably |most |very |only |just )*(?:be )?(?:also |really |very |most |probably |so |quite |even )*{_NICE} if {_SOMEONE} (?:could |can |would |might |were to |was to |managed to |were able to |took the time to |also |please |just |then )+", "do"),
        (rf"(?:it|that)(?: would|'d| might| will|'ll| is|'s) (?:also |really |still |probably |very )*(?:be )?(?:also |really |very |most |probably |so |quite )*{_NICE} to (?:also |have {_SOMEONE} |get {_SOMEONE} to )?", "do"),
        (rf"(?:it|that)(?: would|'d| might| will|'ll| is|'s) (?:also |really |still |probably |very )*(?:be )?(?:also |really |very |most |probably |so |quite )*{_NICE} (?:to have|to get|to see|having|if we had|if there was|if there were|if we could have|if we got|if i had|if i could have|if i got)", "wanted"),
        (rf"(?:it|that)(?: would|'d| might| will|'ll| is|'s) (?:also |really |still |probably |very )*(?:be )?(?:also |really |very |most |probably |so |quite )*{_NICE} if(?: {_SOMEONE})?", "past"),
        (rf"(?:i|we)(?: would|'d) (?:also |really |be )*(?:be )?(?:appreciate it|grateful|happy|glad|thankful|obliged|delighted|pleased|love it|like it|prefer it) (?:very much |a lot )?if {_SOMEONE} (?:could |can |would |might |were to )+", "do"),
        (rf"(?:i|we)(?: would|'d) (?:also |really |be )*(?:be )?(?:appreciate it|grateful|happy|glad|thankful|obliged|delighted|pleased|love it|like it|prefer it) (?:very much |a lot )?if(?: {_SOMEONE})?", "past"),
        (r"(?:my|our|the|your|a|one|another|main|overall|first|next|only|remaining|last) (?:plan|idea|goal|task|job|aim|mission|assignment|objective|intention|request|ask|proposal|suggestion|wish|next step|first step|last step|final step|remaining step|step|todo|to-do|priority|first thing|next thing|last thing|thing left|trick|approach|point|hope|main thing|only thing left|rest)"
         r"(?: here| today| now| this week| for today| for now| for this week| left)? (?:is|was|will be|would be|'s)(?: now| still| then| simply| just| first| also)* to", "do"),
        (r"(?:the|our|my|your) (?:plan|idea|goal|task|job|aim|next step|first step|last step|final step|remaining step|todo|to-do)(?: here| today| now)? (?:is|will be|would be)", "thing"),
        (r"(?:all|everything|what)(?: that)?(?:'s| is| remains| still remains| we still have| we have) (?:left |still left |missing |still missing |outstanding |to do |needed |required |remaining |now |still )*(?:is |are )?to (?:do is |do is to )?", "do"),
        (r"what(?:'s| is) (?:still |also |now )?(?:left|missing|needed|lacking|required|outstanding|open|wanted|due|pending) (?:is|are)", "thing"),
        (r"(?:still |also )?(?:missing|open|outstanding|lacking|to do|todo|pending|needed|wanted|required|left to do) (?:is|are)", "thing"),
        (r"what (?:i|we|they|the team|everybody|everyone|people|customers|users|the customer|the client|[a-z]+) (?:really |still |now |actually |also )*(?:need|needs|want|wants|miss|misses|lack|lacks|would like|'d like|expect|expects|have in mind|is after|are after|am after|require|requires)(?: now| most| here| from you| to see| next| is)?(?: (?:is|are))", "wanted"),
        (rf"(?:can|could|would|will|might) {_SOMEONE}(?: from [a-z ]+?)? (?:please |also |kindly |then |maybe |possibly |be so kind (?:as )?to |be so kind and |just )*", "do"),
        (r"(?:would|do) you mind", "ing"),
        (r"(?:would|will) it be (?:possible|feasible|ok|okay|fine|too much) (?:for (?:you|someone|somebody|us) )?to", "do"),
        (r"is (?:it|there) (?:any )?(?:possible|way|chance|option|feasible|a way|a chance|any way|any chance) (?:for (?:you|someone|somebody|us) )?to", "do"),
        (rf"(?:is there )?any chance (?:that )?{_SOMEONE} (?:could|can|might|would)", "do"),
        (r"(?:any chance of|how about|what about|how do you feel about|i(?:'d| would) (?:suggest|propose|recommend)|i (?:suggest|propose|recommend)|we(?:'d| would) (?:suggest|propose|recommend)|we (?:suggest|propose|recommend)|(?:it's|it is) worth|(?:that|it) (?:means|will mean|would mean|involves|would involve|entails|includes|boils down to|comes down to)|i(?:'m| am) thinking of|we(?:'re| are) thinking of|we(?:'re| are) looking at|(?:this|that) means)", "ing"),
        (r"why don't (?:we|you)", "do"),
        (r"(?:my|our|the|one) (?:expectation|hope|wish|idea|plan|agreement|understanding|request|ask|suggestion|proposal|intention|assumption|rule|deal|goal|aim) (?:is|was|would be) that", "done"),
        (r"(?:we|i)(?: would|'d| 'd)? (?:expect|want|insist|ask|request|propose|suggest|recommend|require|prefer) that", "done"),
        (r"(?:i was|i'm|i am|we were|we're|we are|i've been) wondering (?:whether|if) (?:someone|somebody|you|we|one) (?:could|can|might|should|would)(?: please| maybe| perhaps)*", "do"),
        (r"(?:i was|i'm|i am|we were|we're|we are|i've been) wondering (?:whether|if)", "done"),
        (r"do you think (?:that )?(?:someone|somebody|you|we|one) (?:could|can|might|should|would)(?: please| maybe| perhaps)*", "do"),
        (r"(?:do you think|would it be possible|is it possible|could we arrange|can we arrange) (?:that )?", "done"),
        (r"(?:it's|it is) (?:about |high |now |finally )*time to", "do"),
        (r"(?:it's|it is) (?:about |high |now |finally )*time (?:that )?(?:we|you|someone|somebody)", "past"),
        (r"(?:it's|it is) (?:about |high |now |finally )*time (?:that )?", "past"),
        (r"(?:it )?(?:would not|wouldn't|won't|can't|could not|couldn't|doesn't) (?:hurt|harm) (?:anyone |anybody |us )?(?:to|if (?:we|someone|somebody) could)", "do"),
        (r"(?:i|we|you|they|someone|somebody|one)(?: had|'d) better", "do"),
        (r"(?:i|we|you|they|somebody|someone) (?:might|may) (?:as well|want to|wish to|need to|like to)", "do"),
        (r"(?:you(?:'ll| will)|we(?:'ll| will)|i(?:'ll| will)|you|we|i) (?:also |still |then |now |first )*(?:need|want|have|like|got|plan|intend|hope|aim|wish|are going|are|'re going|'re|would like|'d like|would love|'d love|are looking|'re looking|are planning|'re planning|are hoping|'re hoping|are supposed|'re supposed|'ve got) to", "do"),
        (rf"{_WE}(?: still| also| now| really| then)* {_WANT} (?:you|someone|somebody|us|one of you|the team|you guys|you all) to", "do"),
        (rf"{_WE} (?:has |have )?(?:also )?(?:asked|begged|told|instructed|tasked) (?:me|us|you|for someone) (?:with|to)", "do"),
        (rf"{_WE} (?:has |have |is |are )?(?:also |already |still )*(?:asked for|asks for|asking for|waiting for|waits for|wait for|requested|demanded|demands|insists on|insist on|hoping for|hopes for|hope for|calling for|calls for|crying out for|pushing for|ordered|looking for|keen on|counting on|counts on|begging for) (?=(?:a|an|the|two|three|some|another|our|new|one|more|both|better|[a-z]+s)\b)", "thing"),
        (r"(?:the|our|all|both|some|my|many) (?:[a-z/&-]+ ){0,3}?(?:[a-z/&-]+) (?:has |have |is |are |were |was )?(?:also |already |still |all |both )*(?:asked for|asking for|asks for|waiting for|waiting on|waits for|wait for|requested|demanded|demands|insists on|insist on|hoping for|calling for|crying out for|pushing for|keen on|begging for|in need of|desperate for|clamouring for|lacking|lacks|lack|missing) (?=(?:a|an|two|three|some|another|new|proper|one)\b)", "thing"),
        (r"there (?:also |still |definitely |really |just |probably )*(?:ought to|should|must|has to|needs to|need to|have to|has got to|shall|'s got to|is to|'s to|are to) (?:also |still |really |definitely |be at least |at least )*be", "thing"),
        (r"(?:there(?:'s| is) )?(?:still )?(?:a |an urgent |urgent |great )?need (?:for|of) (?=(?:a|an|the|two|three|some|better|new)\b)", "thing"),
        (r"(?:please |kindly |always |and |also |but )*(?:do not|don't|never|let's not) (?:forget|fail|omit|neglect|hesitate) to", "do"),
        (r"(?:please |kindly |always |and |also )*(?:remember|be sure|make sure|take care|be so kind as|see about|get round|get around|go ahead and|go on and|feel free|do try|try|help|help us|help me|help us to|help me to|let's try|manage|aim|plan|arrange|proceed|be prepared|get ready|prepare|volunteer) to", "do"),
        (r"(?:please |kindly |and |also )*(?:go ahead and|go on and|do please|be so kind and|be a dear and|let's go ahead and|let's|let us|you can|you may|you should|you must|we can|we could|maybe we could|we should|we must|we need to|we have to|we shall|we ought to|i must|i should|i need to|i have to|i want to|you ought to|you'll need to|you'll have to|we'll need to|we'll have to|we're to|you're to|you are to|we are to)", "do"),
        (r"(?:i(?:'m| am)|we(?:'re| are)) (?:also |really |still )*(?:hoping|looking|planning|trying|going|aiming|keen|eager|about|ready|supposed|expected|happy|glad|willing|wanting|intending) to (?:see |get |have )(?=(?:the|a|an|our|all|both|this|these|those|every)\b)", "wanted"),
        (r"(?:i(?:'m| am)|we(?:'re| are)) (?:also |really |still )*(?:hoping|looking|planning|trying|going|aiming|keen|eager|wanting|intending|supposed|expected) to", "do"),
        (r"(?:i|we) (?:also |really |still )*(?:hope|intend|plan|aim|wish|mean|propose) to (?:see |get |have )(?=(?:the|a|an|our|all|both|this|these|those|every)\b)", "wanted"),
        (r"(?:i|we) (?:also |really |still )*hope (?:that )?(?:you|someone|somebody) (?:can|could|will|would)", "do"),
        (r"(?:i|we) (?:also |really |still )*(?:have|'ve) (?:yet )to", "do"),
        (r"(?:see|look) to it that", "done"),
        (r"(?:please |and |also )*(?:arrange for|push for|see that|insist that|request that|ask that|i ask that|we ask that|i'd ask that|it is required that|it's required that|it is necessary that|it's necessary that|it is important that|it's important that|it's essential that|it is essential that|i insist that|we insist that|legal insists that|policy requires that|the policy requires that)", "done"),
        (r"(?:it is|it's|it would be|it'd be|it will be|it'll be) (?:also |still |now |really |absolutely )*(?:necessary|required|important|essential|vital|crucial|mandatory|imperative|advisable|urgent|critical|needed) (?:for (?:us|you|someone|the team) )?to", "do"),
        (rf"(?:it(?:'s| is| falls| will be|'ll be) )?(?:up to|on|down to) (?:{_SOMEONE}|me|us|[a-z]+(?: [a-z]+)?) to", "do"),
        (r"(?:one|a|another|the other|the second|the third|the next|the first|the last|the final) (?:thing|point|task|item|job|to-do|todo|thing left|open point|request|wish) (?:is|would be|'s|that's left is|left is|remaining is|i'd like is|we need is) to", "do"),
        (r"nobody (?:has|ever) (?:so far |yet )?", "undone"),
        (r"(?:no one|no-one) (?:has|ever) (?:so far |yet )?", "undone"),
        (r"(?:we|i) (?:still )?(?:haven't|have not|never|have never) (?:yet )?", "undone"),
    )
)  # fmt: skip


def frame(text: str) -> tuple[int, str]:
    """How many characters of ``text`` (lower case, words joined by one blank) are a frame, and how to read the rest; (0, "") if none."""
    for pattern, kind in _FRAMES:
        found = pattern.match(text + " ")
        if found and found.end() < len(text):
            return found.end(), kind
    return 0, ""
