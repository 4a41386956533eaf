"""Frames of indirect wishes: (first words, pattern, how the rest is read). Patterns are regular expressions over lower-case words."""

from __future__ import annotations

_SOFT_WORDS = """
actually additionally afterwards already also and anyway at but finally first furthermore hello hey hi hopefully
ideally just kindly last maybe moreover next now oh ok okay perhaps please plus possibly quickly really right
simply so still then too well yes
"""
SOFT = frozenset(_SOFT_WORDS.split())
_HEDGES = (
    "i think",
    "i guess",
    "i suppose",
    "i believe",
    "i reckon",
    "i'd say",
    "i would say",
    "i assume",
    "we think",
    "i feel",
    "i suspect",
    "i hope",
    "it seems",
    "seems to me",
    "at some point",
    "in addition",
    "on top of that",
    "as far as i can see",
    "if you ask me",
    "to be honest",
    "if i may",
    "apart from that",
    "besides that",
    "by the way",
    "i think that",
    "i guess that",
    "i suppose that",
    "i believe that",
    "as a favour",
    "as a favor",
    "one more thing",
    "to my mind",
    "in my opinion",
    "from my side",
    "on my side",
    "come to think of it",
    "speaking of which",
    "needless to say",
    "of course",
    "if you could",
    "while we're at it",
    "while you're at it",
    "while at it",
)  # fmt: skip
SOFT_STARTS: dict[str, tuple[tuple[str, ...], ...]] = {}
for _hedge in _HEDGES:
    _parts = tuple(_hedge.split())
    SOFT_STARTS[_parts[0]] = (*SOFT_STARTS.get(_parts[0], ()), _parts)

_ADV = r"(?:also |really |still |probably |most |very |only |just |so |quite |even |always |much |certainly |definitely |perhaps |maybe |then |now |of course |absolutely |super |highly |a lot |first |actually |already |again |finally |soon |ideally |all |both |urgently |badly |desperately |pretty |rather |strongly |particularly )*"
_SOMEONE = r"(?:someone|somebody|anyone|anybody|you|we|one|one of you|one of us|a colleague|whoever has time|the team|you all|folks|everyone|somone|either of you|any of you|you two|you guys|one of the [a-z]+|a volunteer)"
_NICE = r"(?:great|nice|good|helpful|ideal|lovely|awesome|wonderful|useful|cool|best|fine|handy|perfect|fantastic|appreciated|a help|a great help|a big help|a relief|of great help|worthwhile|worth it|desirable|excellent|better|sensible|wise|smart|brilliant|neat|prudent|kind|a good idea|an idea|no bad idea|a plan|a dream|a start|a good start|interesting|valuable|a good thing|a nice touch|a shame not|amazing|convenient|reassuring|preferable|sweet|tidier|cleaner|safer|easier|simpler|a big plus|a plus)"
_WOULD = r"(?: would|'d| might| will|'ll| is|'s| could| may| should)"
_COULD = r"(?:could|can|would|might|were to|was to|managed to|were able to|took the time to|will)"
_CONTENT = r"(?:be (?:a lot |much |so |very |really |far )?(?:happy|happier|glad|grateful|thankful|obliged|delighted|pleased|relieved|calmer|more relaxed|more comfortable|in favour|in favor|all for it)|feel (?:a lot |much |so |far )?(?:better|safer|happier|more comfortable|more at ease|relieved|calmer|easier)|sleep (?:a lot |much |far )?better|rest (?:a lot )?easier|appreciate it|love it|like it|prefer it|welcome it|breathe easier)"
_ARTICLE = r"(?=(?:a|an|the|two|three|four|five|some|another|our|new|one|more|both|better|proper|all|its|their|my|your|every|each|any|[0-9]+)\b)"
_INDEFINITE = r"(?=(?:a|an|two|three|four|some|another|new|proper|one|better|more|[0-9]+)\b)"
_ASKED = r"(?:asked for|asks for|asking for|ask for|waiting for|waits for|wait for|waiting on|requested|requests|demanded|demands|demand|insists on|insist on|insisting on|hoping for|hopes for|hope for|calling for|calls for|call for|crying out for|cries out for|cry out for|pushing for|pushes for|looking for|looks for|keen on|counting on|counts on|begging for|begs for|in need of|in dire need of|in urgent need of|in bad need of|desperate for|clamouring for|longing for|lacking|lacks|lack|missing|short of|still without|screaming for|applied for|pleading for|expecting|expects|dreaming of|wishing for)"

FRAMES: tuple[tuple[str, str, str], ...] = (
    (
        "any",
        r"any chance (?:that )?(?=(?:the|our|my|your|their|its|this|that|these|those|all|both|a|an) )",
        "done",
    ),
    (
        "the",
        r"the (?:first|last|next|final|only|other|one) (?:thing|step|job|task|point)(?: that is| that's)? (?:to do|left|left to do|remaining|missing|to be done|i ask|we need)(?: then| now| here)* is(?: to)?",
        "do",
    ),
    (
        "i'm we're i we",
        rf"(?:i'm|we're|i am|we are|i|we)(?: still| also| now| really| urgently)* (?:looking for|in need of|seeking|searching for|seek|need|want) {_SOMEONE} (?:who (?:can|could|will|would) |to )",
        "do",
    ),
    (
        "would do",
        r"(?:would|do|does) (?:you|anyone|anybody|someone|somebody) mind",
        "ing",
    ),
    (
        "it that it'd that'd it's that's it'll that'll this this'd",
        rf"(?:it|that|this){_WOULD} {_ADV}(?:be )?{_ADV}{_NICE}(?: for (?:us|me|everyone|all of us|the team))? if {_SOMEONE} {_ADV}(?:{_COULD} {_ADV})+",
        "do",
    ),
    (
        "it that it'd that'd it's that's it'll that'll this this'd",
        rf"(?:it|that|this){_WOULD} {_ADV}(?:be )?{_ADV}{_NICE}(?: for (?:us|me|everyone|all of us|the team|{_SOMEONE}))? (?:to have|to get|to see|having|if we had|if there was|if there were|if we could have|if we got|if i had|if i could have|if i got|seeing|getting)",
        "wanted",
    ),
    (
        "it that it'd that'd it's that's it'll that'll this this'd",
        rf"(?:it|that|this){_WOULD} {_ADV}(?:be )?{_ADV}{_NICE}(?: for (?:us|me|everyone|all of us|the team|{_SOMEONE}))? to",
        "do",
    ),
    (
        "it that it'd that'd it's that's it'll that'll this this'd",
        rf"(?:it|that|this){_WOULD} {_ADV}(?:be )?{_ADV}{_NICE} if(?: {_SOMEONE})?",
        "past",
    ),
    (
        "it that it'd that'd",
        rf"(?:it|that)(?: would|'d| might| could| may| will| can)? {_ADV}(?:help|pay|make sense|do no harm|do us good|save us time|be time|not hurt|be in order|make life easier)(?: a lot| us| me| a great deal| enormously| tremendously| everybody| everyone| massively)* (?:to|if {_SOMEONE} {_ADV}{_COULD})",
        "do",
    ),
    (
        "it that it'd that'd",
        rf"(?:it|that)(?: would|'d| might| could| may| will| can)? {_ADV}(?:help|make sense)(?: a lot| us| me| a great deal| enormously| everybody| everyone)* if",
        "past",
    ),
    (
        "it it'd it's",
        r"(?:it|it's)(?: makes| would make| is| might be| may be| would be|'d be|'s)? ?(?:also |really |certainly |perhaps |maybe |well )*(?:worth|worth a try|worthwhile)",
        "ing",
    ),
    (
        "it it's it'd",
        rf"(?:it|it's)(?: makes| would make|'d make| does make) {_ADV}sense to",
        "do",
    ),
    (
        "wouldn't would isn't is shouldn't doesn't",
        rf"(?:wouldn't|would|isn't|is|doesn't|might|couldn't) it {_ADV}(?:be {_ADV}{_NICE}|make {_ADV}sense|be possible|be feasible|be time|pay|help|be worth it|be an option|be better)(?: for {_SOMEONE})? to",
        "do",
    ),
    (
        "wouldn't would isn't is",
        rf"(?:wouldn't|would|isn't|is|might) it {_ADV}(?:be {_ADV}{_NICE}|be possible|make {_ADV}sense|help|be better|be an option) if(?: {_SOMEONE})?(?: could)?",
        "past",
    ),
    (
        "i we i'd we'd",
        rf"(?:i|we)(?: would|'d) {_ADV}{_CONTENT}(?: very much| a lot| greatly)? if {_SOMEONE} {_ADV}(?:{_COULD} {_ADV})+",
        "do",
    ),
    (
        "i we i'd we'd",
        rf"(?:i|we)(?: would|'d) {_ADV}{_CONTENT}(?: very much| a lot| greatly)? (?:if|once|when|knowing that|knowing)(?: {_SOMEONE})?",
        "past",
    ),
    (
        "i we i'd we'd",
        r"(?:i|we)(?: would|'d| 'd)? (?:also |really |strongly |still |very much )*(?:expect|want|insist|ask|request|propose|suggest|recommend|require|prefer|wish|hope|demand|think|agreed|decided|promised|feel|say|believe) that",
        "done",
    ),
    (
        "my our the a your one another main overall first next only remaining last both",
        r"(?:my|our|the|your|a|one|another|main|overall|first|next|only|remaining|last)(?: [a-z'-]+)? ?(?:plan|idea|goal|task|job|aim|mission|assignment|objective|intention|request|ask|proposal|suggestion|wish|step|todo|to-do|priority|thing|things left|trick|approach|point|hope|rest|purpose|challenge|homework|order|brief|recommendation|option|solution|way|easiest|best|simplest|safest|quickest|cleanest|part|bit|duty|dream|target|next|advice|advice)(?: here| today| now| this week| for today| for now| for this week| left| forward| out| remaining| for you| for us| i have| we have| then| thing| option| way| solution| would)*(?: is| was| will be| would be|'s| might be| remains| could be) (?:now |still |then |simply |just |first |also |therefore |again )*to",
        "do",
    ),
    (
        "my our the a your one another",
        r"(?:my|our|the|your|one|another)(?: [a-z'-]+)? ?(?:expectation|hope|wish|idea|plan|agreement|understanding|request|ask|suggestion|proposal|intention|assumption|rule|deal|goal|aim|condition|requirement|thinking|preference|demand|decision|dream)(?: now| here| is still| still)* (?:is|was|would be|remains) that",
        "done",
    ),
    (
        "the our my your a",
        rf"(?:the|our|my|your|a)(?: [a-z'-]+)? ?(?:plan|idea|goal|task|job|aim|step|todo|to-do|deliverable|deliverables|outcome|output|result|target|wish|request|ask|priority|end product|product|objective|order|assignment|next)(?: here| today| now| for today| is still| of the day| of this| this week)* (?:is|are|will be|would be|remains|should be) {_ARTICLE}",
        "thing",
    ),
    (
        "all everything what what's the",
        r"(?:all|everything|what|the only thing|the thing|the one thing|the rest|anything)(?: that)?(?:'s| is| remains| still remains| we still have| we have| you have| i have| they have| we still need| we need)? ?(?:left |still left |missing |still missing |outstanding |to do |needed |required |remaining |now |still |yet )*(?:is |are )?to (?:do is |do is to |do now is |do now is to )?",
        "do",
    ),
    (
        "what what's",
        r"(?:what's|what is|what are|what)(?: still| also| now)? (?:left|missing|needed|lacking|required|outstanding|open|wanted|due|pending|called for|remains|remaining|absent)(?: now| here| for now| so far| at the moment| most| is still| then)* (?:is|are)",
        "wanted",
    ),
    (
        "what",
        rf"what(?: would| might| could|'d|'s| is) {_ADV}(?:be )?{_ADV}(?:{_NICE}|help|help most|help us|help me)(?: now| most| for us| for me| here| a lot)* (?:is|are|would be|was)",
        "wanted",
    ),
    (
        "what",
        r"what (?:i|we|they|the team|everybody|everyone|people|customers|users|the customer|the client|the [a-z]+|[a-z]+) (?:would |'d )?(?:really |still |now |actually |also |urgently |badly |desperately )*(?:need|needs|want|wants|miss|misses|lack|lacks|like|love|expect|expects|have in mind|is after|are after|am after|require|requires|ask for|asks for|is asking for|are asking for|'re after|'m after|envisage|envision|wish for|hope for|picture)(?: now| most| here| from you| to see| next| is| to have| from us)* (?:is|are|would be)",
        "wanted",
    ),
    (
        "what",
        r"what (?:i'm|we're|they're|you're|i am|we are|they are|the [a-z]+ is|the [a-z]+ are)(?: still| also| now| really| most| sorely)* (?:after|short of|missing|lacking|looking for|in need of|waiting for|hoping for|without|asking for)(?: now| most| here)* (?:is|are)",
        "wanted",
    ),
    (
        "what",
        r"what (?:i|we|they)(?:'d| would| want| will|'ll)?(?: really| now| also| still)* (?:ask|ask of|want|need|like|expect|wish|beg|have)(?: from| of)? (?:you|you all|the team|someone|somebody)(?: here| now| today| instead)* (?:to do )?(?:is|would be)(?: to)?",
        "do",
    ),
    (
        "what what's",
        r"what (?:i|we|they|you) (?:should|must|need to|have to|could|can|want to|'d like to|would like to|ought to|still need to|still have to|really should)(?: really| still| now)* do(?: now| next| first| then| instead)* is(?: to)?",
        "do",
    ),
    (
        "still missing open outstanding lacking todo pending needed wanted required left",
        r"(?:still )?(?:also )?(?:missing|open|outstanding|lacking|to do|todo|pending|needed|wanted|required|left to do|left|to be done)(?: now| still| at the moment| for now| too)* (?:is|are)",
        "thing",
    ),
    (
        "can could would will might may can't couldn't won't",
        rf"(?:can|could|would|will|might|can't|couldn't|won't) {_SOMEONE}(?: from [a-z ]+?)? (?:please |also |kindly |then |maybe |possibly |perhaps |not |be so kind as to |be so kind and |just |have time to |find time to |find the time to |be bothered to )*",
        "do",
    ),
    (
        "can could may",
        r"(?:can|could|may|might) (?:i|we) (?:please |also |kindly )*(?:have|get)",
        "wanted",
    ),
    (
        "can could may",
        r"(?:can|could|may|might) (?:i|we) (?:please |also |kindly )*(?:ask|bother|trouble) (?:you|someone|somebody) to",
        "do",
    ),
    (
        "can could should shall ought must",
        r"(?:can|could|should|shall|must|ought) (?:we|i) (?:not |also |maybe |perhaps |please |then |just |to )*",
        "do",
    ),
    (
        "would will",
        r"(?:would|will) it be (?:possible|feasible|ok|okay|fine|too much|too much trouble)(?: to ask)?(?: for (?:you|someone|somebody|us))? to",
        "do",
    ),
    (
        "is are",
        r"is (?:it|there) (?:any |still )*(?:possible|way|chance|option|feasible|a way|a chance|any way|any chance|an option|someone|somebody|anyone|anybody|time)(?: who (?:could|can)| for (?:you|someone|somebody|us))? ?to?",
        "do",
    ),
    (
        "is any",
        rf"(?:is there )?any chance (?:that )?{_SOMEONE} (?:could|can|might|would)",
        "do",
    ),
    (
        "any how what i we it that i'd we'd i'm we're this",
        r"(?:any chance of|how about|what about|how do you feel about|(?:i|we)(?:'d| would)? (?:suggest|propose|recommend|advise|favour|vote for)|that means|this means|(?:it|that|this) (?:will mean|would mean|involves|would involve|entails|includes|boils down to|comes down to|requires|would require|takes|would take)|(?:i'm|i am|we're|we are) (?:thinking of|thinking about|looking at|considering|in favour of|all for|for))",
        "ing",
    ),
    (
        "how",
        r"how (?:hard|difficult|easy|much work|complicated|long) (?:would|will|might|can|could) it (?:be|take)(?: for (?:you|us|someone))? to",
        "do",
    ),
    (
        "why",
        r"why (?:don't|not|can't) (?:we |you |they )?",
        "do",
    ),
    (
        "i i'm i've we we're we've just",
        r"(?:just |i was |i'm |i am |we were |we're |we are |i've been |we've been )(?:just )?wondering (?:whether|if) (?:someone|somebody|you|we|one|i) (?:could|can|might|should|would)(?: please| maybe| perhaps| also)*",
        "do",
    ),
    (
        "i i'm i've we we're we've just",
        r"(?:just |i was |i'm |i am |we were |we're |we are |i've been |we've been )(?:just )?wondering (?:whether|if)",
        "done",
    ),
    (
        "i i'd we",
        r"(?:i|we)(?:'d| would| do)? wonder (?:whether|if) (?:someone|somebody|you|we|one) (?:could|can|might|should|would)(?: please| maybe| perhaps| not)*",
        "do",
    ),
    (
        "do",
        rf"do you think (?:that )?{_SOMEONE} (?:could|can|might|should|would)(?: please| maybe| perhaps)*",
        "do",
    ),
    (
        "do would is could can",
        r"(?:do you think|would it be possible|is it possible|could we arrange|can we arrange|could we make sure|can we make sure|could you make sure|can you make sure|can you ensure|could you ensure)(?: that)?",
        "done",
    ),
    (
        "it's it",
        r"(?:it's|it is) (?:about |high |now |finally |really |probably |definitely )*time to",
        "do",
    ),
    (
        "it's it",
        r"(?:it's|it is) (?:about |high |now |finally |really )*time (?:that )?(?:we|you|someone|somebody)",
        "past",
    ),
    (
        "it's it",
        r"(?:it's|it is) (?:about |high |now |finally |really )*time(?: that)?",
        "past",
    ),
    (
        "it wouldn't couldn't can't won't doesn't",
        rf"(?:it )?(?:would not|wouldn't|won't|can't|cannot|could not|couldn't|doesn't|might not) (?:hurt|harm|do any harm)(?: anyone| anybody| us)? (?:to|if {_SOMEONE} (?:could )?)",
        "do",
    ),
    (
        "i we you they someone somebody one i'd we'd you'd",
        r"(?:i|we|you|they|someone|somebody|one)(?: had|'d) better",
        "do",
    ),
    (
        "i we you they somebody someone",
        r"(?:i|we|you|they|somebody|someone) (?:might|may|should|could) (?:as well|want to|wish to|need to|like to|consider|think about|perhaps|maybe|also)",
        "do",
    ),
    (
        "you'll you we we'll i i'll i'd we'd you'd i'm we're you're we've i've",
        r"(?:you|we|i)(?:'ll| will|'d| would|'m|'re|'ve)? (?:also |still |then |now |first |really |all |both |just |definitely |probably |certainly |even |soon |finally |ultimately |already )*(?:need|want|have|like|got|plan|intend|hope|aim|wish|am going|are going|going|love|prefer|are looking|looking|am looking|are planning|am planning|planning|are hoping|hoping|am hoping|are supposed|supposed|expected|are expected|are asked|asked|are required|required|are about|about|committed|are committed|obliged|are obliged|are due|due|have been asked|been asked|were asked|have been told|been told|promised|agreed|decided|are meant|meant|would like|would love|had hoped|mean|tend) to",
        "do",
    ),
    (
        "i we they he she management legal the our everybody everyone people customers users sales finance ops qa compliance security marketing product",
        r"(?:i|we|they|he|she|everybody|everyone|people|customers|users|(?:the |our |my )?[a-z-]+(?: team| department| manager| group| squad| lead| people| folks)?)(?: still| also| now| really| then| would|'d| has| have)* (?:want|wants|need|needs|like|love|expect|expects|prefer|ask|asks|asked|require|requires|requested|request|requests|demand|demands|beg|told|tell|invite|urge|instructed|begged|tasked|trust|would like) (?:you|someone|somebody|us|one of you|the team|you guys|you all|me) (?:with|to)",
        "do",
    ),
    (
        "there there's",
        r"(?:there|there's) (?:also |still |definitely |really |just |probably |certainly |clearly |urgently )*(?:ought to|should|must|has to|needs to|need to|have to|has got to|shall|got to|is to|'s to|are to|will have to|would have to|is supposed to|better) (?:also |still |really |definitely |always )*be(?: at least| also)?",
        "thing",
    ),
    (
        "there there's",
        rf"(?:there|there's)(?: is| are|'s)? (?:still |also |now |clearly |an |a |urgent |great |real |pressing |obvious |growing |some |also a )*(?:need|demand|call|case|wish|desire|request) (?:for|of) {_INDEFINITE}",
        "thing",
    ),
    (
        "there there's",
        r"(?:there's|there is|there are)(?: also| still| as yet| currently| at present)* no (?=.*\b(?:yet|so far|in place|available)\b)",
        "thing",
    ),
    (
        "there there's",
        r"(?:there's|there is|there are)(?: also)? still no",
        "thing",
    ),
    (
        "a an the there's",
        rf"(?:a |an |the )?(?:urgent |great |still )?need (?:for|of) {_INDEFINITE}",
        "thing",
    ),
    (
        "we you nobody i they",
        r"(?:we|you|i|they|nobody) (?:can't|cannot|can not|won't be able to|couldn't|can) [a-z ]{2,30} without (?=(?:a|an|the|some|two|three|proper|its|their)\b)",
        "thing",
    ),
    (
        "don't do never let's",
        r"(?:do not|don't|never|let's not) (?:forget|fail|omit|neglect|hesitate|be afraid) to",
        "do",
    ),
    (
        "remember be make take see get go feel do try help let's aim plan arrange proceed prepare volunteer offer agree continue keep start begin attempt",
        r"(?:remember|be sure|make sure|take care|be so kind as|see about|get round|get around|go ahead and|go on and|feel free|do try|try|help|help us|help me|help us to|help me to|let's try|manage|aim|plan|arrange|proceed|be prepared|get ready|prepare|volunteer|offer|be ready|make it a point|make a point of|take the time|be good enough|find a way|find time|take a moment|try and find a way) to",
        "do",
    ),
    (
        "go do be let's let you we i",
        r"(?:go ahead and|go on and|do please|be so kind and|be a dear and|let's go ahead and|let's|let us|you can|you may|you should|you must|we can|we could|we should|we must|we need to|we have to|we shall|we ought to|i must|i should|i need to|i have to|i want to|you ought to|you could|i could|you need to|you have to|you shall)(?: also| then| now| just| first| please| really| still| simply| maybe| perhaps| probably| all| both| as well| finally| only| therefore| at least)*",
        "do",
    ),
    (
        "i'm we're i we",
        rf"(?:i'm|i am|we're|we are|i|we) {_ADV}(?:hoping|looking|planning|trying|going|aiming|keen|eager|about|ready|supposed|expected|happy|glad|willing|wanting|intending|hope|intend|plan|aim|wish|mean|propose|looking forward|want|would like|would love|'d like|'d love|expect|need) to (?:see|get|have|seeing|getting|having) {_ARTICLE}",
        "wanted",
    ),
    (
        "i'd we'd i we",
        rf"(?:i|we)(?:'d| would) {_ADV}(?:like|love|prefer|want|appreciate|welcome|wish|hate not) to (?:see|get|have) {_ARTICLE}",
        "wanted",
    ),
    (
        "i'm we're i we",
        r"(?:i'm|i am|we're|we are|i|we) (?:also |really |still |very much )*(?:looking forward to|hope for|hoping for|counting on|dreaming of|thinking of|after|looking for|in the market for|in need of)",
        "wanted",
    ),
    (
        "i we",
        r"(?:i|we) (?:also |really |still )*hope (?:that )?(?:you|someone|somebody|we) (?:can|could|will|would|may|might)",
        "do",
    ),
    (
        "i we i'm we're",
        rf"(?:i|we|i'm|we're)(?: hope| hoping| trust| am hoping| are hoping)(?: that)? {_ARTICLE}",
        "done",
    ),
    (
        "i we we've i've",
        r"(?:i|we)(?:'ve| have)? (?:also |really |still )*(?:have |'ve )?(?:yet |still )to",
        "do",
    ),
    (
        "see look",
        r"(?:see|look) to it(?: that)?",
        "done",
    ),
    (
        "arrange push see insist request ask i we it it's policy the legal law regulations rules contract",
        r"(?:arrange for|push for|see that|insist that|request that|ask that|(?:i|we)(?:'d| would)? (?:ask|insist|request|require|demand|suggest|propose|recommend) that|(?:it is|it's|it would be|it'd be) (?:required|necessary|important|essential|crucial|vital|imperative|desirable|advisable|critical|mandatory|high time|planned|agreed|intended|expected|requested|suggested|proposed) (?:that|for)|(?:the )?[a-z]+(?: [a-z]+)? (?:requires|insists|demands|wants|says|expects|stipulates|prescribes|mandates|dictates|asks|suggests|proposes|recommends) that)",
        "done",
    ),
    (
        "it it's it'll it'd",
        rf"(?:it is|it's|it would be|it'd be|it will be|it'll be|it remains|it seems|it becomes|it was) {_ADV}(?:necessary|required|important|essential|vital|crucial|mandatory|imperative|advisable|urgent|critical|needed|up to you|up to us|our job|our turn|your turn|your job|planned|agreed|intended|compulsory|inevitable|unavoidable|a must|a priority|our duty|customary|time|left)(?: for (?:us|you|someone|the team|everyone))? to",
        "do",
    ),
    (
        "it it's up on",
        rf"(?:it|it's)?(?: is| falls| will be|'ll be|'s)? ?(?:up to|on|down to|left to|for) (?:{_SOMEONE}|me|us|[a-z]+(?: [a-z]+)?) to",
        "do",
    ),
    (
        "one a another the",
        r"(?:one|a|another|the other|the second|the third|the next|the first|the last|the final)(?: more| important| big| small)? (?:thing|point|task|item|job|to-do|todo|thing left|open point|request|wish|issue|topic)(?: i'd like| we need| left| remaining| on the list| on my list| that's left| to do| i want)? (?:is|would be|'s) to",
        "do",
    ),
    (
        "nobody no no-one",
        r"(?:nobody|no one|no-one)(?: has| ever| ever has)(?: so far| yet| ever| actually| really)*",
        "undone",
    ),
    (
        "we i",
        r"(?:we|i)(?: still)? (?:haven't|have not|never|have never|have yet|didn't|did not)(?: yet| actually| really| even| ever| so far| gotten around to| got round to)*(?: to)?",
        "undone",
    ),
)  # fmt: skip

# Frames that may begin with any word: a subject of up to four words before them.
_SUBJECT = r"(?!(?:[a-z0-9'/&-]+ ){0,4}?(?:don't|not|never|no longer|without) )(?:the |our |all |both |some |my |many |several |a few |most |their |your )?(?:[a-z0-9'/&-]+ ){1,4}?"
ANY_FRAMES: tuple[tuple[str, str], ...] = (
    (rf"{_SUBJECT}(?:is|are) (?:still |also |now |very |really )*(?:hoping|keen|eager|anxious|longing|waiting|looking|dying|itching) to (?:have|get|see) {_ARTICLE}", "wanted"),
    (rf"{_SUBJECT}(?:has |have |is |are |keep |keeps |kept |has been |have been )?(?:also |already |still |all |both |only |really |now )*{_ASKED} {_INDEFINITE}", "thing"),
    (rf"{_SUBJECT}(?:keep|keeps|have been|has been|are|is) (?:still |also |constantly |always |repeatedly )?(?:asking for|requesting|begging for|demanding|crying out for|clamouring for|calling for|pestering us for|nagging about|bugging us about)", "thing"),
    (rf"{_SUBJECT}(?:would|'d|'ll|will|might) (?:also |really |probably |certainly |very much )*(?:like|love|appreciate|welcome|want|need|benefit from|profit from|prefer|require|enjoy) (?:to have |to get |to see |having |getting |seeing )?{_ARTICLE}", "wanted"),
)  # fmt: skip
