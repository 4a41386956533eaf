"""Verbs of work by the kind of work they name, and how verbs inflect irregularly.

The kind tells at which stage of a job a verb usually stands (collect before analyse before deploy); a bare list is read
as a pipeline only if its stages say so. A verb stands in one kind: the one that it most often means in a work order.
"""

from __future__ import annotations

PLAN = """
plan schedule define decide choose pick select agree settle scope specify prioritize prioritise estimate budget
outline brainstorm sketch design architect model wireframe storyboard propose sequence forecast set assign allocate
appoint nominate delegate consider determine establish identify name rank shortlist size triage negotiate discuss
debate meet confer clarify arrange organize organise prepare prep reserve book target commit designate earmark
envision ideate map split
"""

OBTAIN = """
collect gather fetch pull download export extract dump scrape crawl query inventory list obtain get acquire retrieve
read receive take buy purchase order procure hire recruit rent lease borrow request ask solicit invite call capture
record sample measure log survey interview poll count scan copy snapshot backup source find locate look search harvest
ingest import mirror clone checkout photograph film scout observe track register enlist subscribe commission pay fund
raise consult weigh shoot lookup offer view catch
"""

TRANSFORM = """
clean cleanse cleanup normalize normalise transform convert parse tokenize tokenise deduplicate dedupe dedup filter
sort group join merge combine aggregate summarize summarise condense enrich annotate label tag classify cluster
categorize categorise encode decode encrypt decrypt compress decompress unpack pack zip unzip anonymize anonymise
pseudonymize pseudonymise mask redact scrub strip trim truncate slice shard partition resample resize crop rotate
transcode transcribe translate transliterate digitize digitise ocr vectorize vectorise embed featurize impute
interpolate reformat format restructure reshape pivot flatten unnest reconcile match align stitch concatenate concat
append fold load reload backfill populate seed insert upsert replicate sync synchronize synchronise stage materialize
materialise index reindex re-index tabulate collate consolidate unify harmonize harmonise standardize standardise
calibrate denoise segment vacuum reproject georeference rasterize rasterise geocode chunk hash salt batch bin bucket
scale
"""

STUDY = """
analyze analyse examine investigate inspect study explore profile research diagnose debug trace assess evaluate
compare contrast benchmark compute calculate recalculate derive infer predict simulate correlate quantify characterize
characterise interpret review audit mine regress chart plot graph visualize visualise monitor watch eyeball reproduce
bisect figure dig understand learn dissect appraise gauge rate score grade judge attribute recompute project
extrapolate threat-model root-cause think untangle pinpoint narrow detect discover spot flag highlight question assay
chip
"""

MAKE = """
write rewrite draft create build rebuild develop implement code program script generate regenerate produce compose
author make remake construct assemble form craft invent prototype scaffold bootstrap compile recompile render print
reprint type edit document describe explain note illustrate draw paint animate mock fabricate manufacture knit sew
bake cook brew grow plant train retrain fine-tune finetune fit distill distil put add introduce extend port adapt
expose wrap hook wire connect integrate link attach bundle package containerize containerise dockerize dockerise
provision configure setup install reinstall initialize initialise instantiate enable instrument equip furnish mount
weld solder glue bolt fill pour mix knead complete finish finalize finalise automate templatize serve host cast
formulate devise cut bring do turn open found charter bind brand paste pair workshop typeset weave gut infuse
"""

MODIFY = """
back fix repair patch correct amend change modify alter adjust revise update upgrade downgrade bump refresh refactor rework
redesign rename relabel move migrate relocate replace swap switch substitute improve enhance optimize optimise tune
speed accelerate reduce shrink minimize minimise minify lower increase decrease boost harden secure tighten loosen
relax simplify streamline quantize quantise prune cache parallelize parallelise rebalance reorder reorganize
reorganise re-run rerun redo retry rerender restyle tweak polish refine proofread copy-edit localize localise
internationalize internationalise resolve address handle remedy mitigate eliminate close reopen sign renew cap
throttle limit restrict allow block whitelist allowlist denylist blacklist disable deactivate activate reactivate
re-enable reenable suspend resume pause freeze unfreeze lock unlock mute unmute pin unpin reset restart reboot restore
recover revert undo repoint point redirect reroute route forward repurpose tidy untag retag rebase squash cherry-pick
modernize modernise deprecate externalize centralize centralise decouple decompose inline vendor unblock unstick
rewire reconfigure reassign redistribute reallocate reclassify remap rehearse restock refill drain flush warm cool
heat chill dry wash rinse sterilize sterilise sanitize sanitise disinfect sand grind drill saw sharpen iron shift slim
debounce right-size rightsize soften unset hide reverse overwrite rebadge recolor retract
"""

RUN = """
run execute perform conduct carry start launch stop kick trigger invoke fire apply process go hold try follow work
operate drive pilot boot begin continue proceed use let have practice practise repeat undertake spin exercise
supervise manage lead coordinate facilitate moderate chair attend visit travel centrifuge vortex incubate pipette
titrate dilute stain image dissolve stir shake pump inject dose feed walk ride fly land park tow lift stack unstack
unload palletize palletise sweep mop dust hang peel chop dice boil simmer fry roast grill marinate season garnish
plate whisk blend melt spread sprinkle roll soak water mow rake wait rest ferment proof decant bottle cork tap flash
jump key position slide space queue board retake shop hunt wean win
"""

CHECK = """
test retest validate revalidate verify check recheck double-check confirm ensure prove certify spot-check sanity-check
smoke-test load-test stress-test unit-test pen-test pentest fuzz lint typecheck type-check approve accept reject vet screen cross-check proof-read dry-run assert cover demo crosscheck countersign peer-review soak-test
regression-test vouch authorize authorise acknowledge clear reverify cross-validate attest
"""

RELEASE = """
deploy redeploy release publish republish ship rollout promote push upload submit file post deliver distribute canary expand cutover cut-over flip failover fail-over broadcast syndicate rollback roll-back unpublish unship hand
handover mail dispatch air issue advertise market sell
"""

TELL = """
notify tell inform announce email e-mail message send resend share circulate present report brief communicate phone
ping page alert warn remind thank congratulate escalate reply respond answer apologize apologise advise show
demonstrate teach coach onboard mentor educate tweet blog reflect contact reach speak talk debrief voice
"""

DISPOSE = """
delete remove drop purge wipe archive retire decommission sunset destroy shred discard dispose throw recycle uninstall
unmount unlink unregister deregister detach revoke expire cancel terminate kill shut tear teardown evict
erase empty scrap dismantle deprovision offboard unsubscribe return refund reimburse store stow save stash shelve end
conclude
"""

OTHER = """
accrue accommodate act anchor approach asphalt assist attempt authenticate avoid await balance beautify bid bill bleed
broker brush buffer burn butter button calm celebrate chase chat cite claim clip coat colour color comment compensate
compete comply compost concrete conserve contain contribute copyright counter credit cross curate customize customise
cycle debit decorate deduct defer defragment defrost delay deposit detail disclose disconnect display divide double
dress dye elect emit engage engrave enroll enrol enter escort etch evacuate exchange exclude excavate fasten fax fence
ferry float focus force forge frame fulfil fulfill garden gift glaze graft greet guard guide halt hoist house imitate
impose improvise include incorporate indicate inflate initiate inoculate inscribe insulate insure interrupt invalidate
invest invoice isolate journal keep lay lend leverage level light line liquidate lubricate maintain mandate mark
master mill milk minute mobilize mobilise motivate nail navigate notarize notarise number nurture occupy oil outsource
overhaul oversee pad pass patrol pave perforate persist personalize personalise pitch place play plug plumb pledge pot
pre-heat preheat prefill prescribe preserve press price prime probe prompt propagate prosecute protect provide punch
quarantine quote re-export re-import re-test rebrand recap recite recommend reconnect recreate rectify redeem redline
refer reinforce rekey remeasure remit remodel renovate repaint replay replenish replot repot represent rescue reseed
reshoot resit respool retarget retouch reupload revisit rig ripen roof round sail salvage satisfy screenshot screw
seal seat sensitize separate service shape shelter shield shower signal sit smooth snap sow splice sponsor spool spray
stabilize stabilise staff stamp staple stand state steam steer stick stock stream strengthen stretch stub subdivide
subtitle subtract sum supply support surface swab tailor tally tape tender tether thaw thin tie tile time title top
touch transfer transition transplant transport treat trial troubleshoot tuck underline unpick unroll unwrap urge
utilize utilise vaccinate value varnish ventilate veto vote waive wax weed whitewash widen wind withdraw witness yield
zone bag box crate load-balance autoscale rescale taint cordon uncordon reconstruct re-create re-read re-deploy
re-check re-issue re-order re-sign re-submit resubmit reissue re-upload re-scan rescan re-label re-train re-validate
re-verify re-tune retune re-sort strap swipe deskew binarize despeckle dewarp remaster caption dub wave adhere adjourn
administer adopt aerate affirm affix alias amass amplify annul appease apportion arbitrate ascertain assimilate attain
augment autograph backdate backport barcode bandage bleach blur bolster bookmark bypass canvass capitalize capitalise
carve cascade cater caulk cement censor chaperone chisel circumvent clamp codify collapse combat commence commend
compact conceal confine confiscate confront consume contextualize convene convey convince copyedit corroborate counsel
crimp crochet crush cull cultivate curtail cushion dampen debone debunk decipher declare declutter deconstruct
dedicate deduce deepen deflate defuse degrease dehydrate deliberate delimit delineate demarcate demist demolish demote
depict depreciate descale deselect despatch destock detain deter detour diagram diminish dip disambiguate disassemble
disband disburse discharge discontinue disengage disentangle dislodge dismount dispense disperse disseminate
distinguish ditch diversify divert dock dogfood donate downsample dredge drizzle duplicate ease eject elaborate elicit
elevate embellish embroider emulate enact encase enclose encourage endorse energize enforce engineer enlarge enquire
entertain entrust enumerate epoxy equalize eradicate erect evolve exhume expedite experiment extinguish extrude
familiarize familiarise fertilize fertilise flavor flavour floss fork formalize formalise fortify foster freshen fuse
galvanize gamify gel generalize generalise glean govern graze grease greenlight grep groom grout hack halve hammer
handcraft handpick handwrite hardcode harness haul hoe hone hoover hydrate hyphenate ignite illuminate immerse
immunize implant impound inaugurate incentivize incinerate indent individualize induct innovate inquire instill
institute instruct intercept interchange interleave interlink interlock interrogate invert irradiate irrigate iterate
itemize itemise jot juggle juxtapose kern knot lacquer laminate launder lengthen lessen levy liaise liberate loan
lobby lodge magnify maneuver manoeuvre manipulate marry mash massage maximize maximise mediate mince modulate moisten
moisturize mold mould monetize mothball motorize muffle multiplex multiply muster narrate neaten negate neutralize
nudge nullify obfuscate offload opt orchestrate orient originate outbid outfit outperform override overlay overrule
oxidize pare parametrise parameterize parameterise parboil passivate pasteurize patent penalize perfuse permute
persuade peruse photocopy pickle pierce pinch plait plaster playtest plead plough plow pluck pollinate ponder portray
postpone powder precompute predefine preface prefix preprocess prescreen preside pressurize preview privatize proclaim
prolong prorate publicize publicise purify pursue quell quench quiz ramp randomize randomise ratify ration rationalize
rationalise readjust reaffirm realign reanalyze reanalyse reappraise rearrange reassemble reassess reassure reattach
reauthorize recalibrate recast recertify recharge reclaim recode recompose recondition reconsider reconsolidate recoup
redecorate redefine redeliver rediscover redraft redraw redouble re-embed reembed re-engineer reengineer re-establish
reestablish re-evaluate reevaluate re-examine reexamine re-encode reencode re-encrypt re-home refile refinance
refinish refit reflash refocus refold reforge reform reformulate reframe refuel refurbish refute regain regrade
regroup regularize regulate rehang reheat rehire rehome rehydrate reimage reimplement re-implement reimport reimpose
reingest reinitialize reinsert reinspect reinstate reintegrate reinterpret reintroduce reinvent reinvest reinvestigate
reinvite reiterate rejoin relaunch relearn relicense relieve reline relink relist relock remarket remelt remix remount
renegotiate renotify renumber reoccupy reorient repack repackage reparse repave repay repeal rephotograph rephrase
replan repolish repopulate repossess reprice reprioritize reprioritise reprocess reprogram re-provision reprovision
repurchase requery requisition rerack reschedule rescind rescore rescreen reseal reseat resell resequence reserialize
resettle reshard reship reshuffle resolder restate restitch restrain restring resupply resurrect resurvey resync
re-sync retain rethink retile retime retitle retool retrace retransmit retrofit retype reunite reuse re-use revalue
revamp reveal reverse-engineer revitalize revive rewash reweigh rewind rewrap roughen rouse rubber-stamp safeguard
sandblast saturate saute scald scatter scavenge scoop scour scramble scribe scrutinize scrutinise sculpt sear sedate
seek segregate seize sensitise serialize serialise shampoo shave shear sheathe shepherd shorten shovel shuffle shunt
sieve sift signpost simulcast siphon skim skin slacken slash slather smash smear snip soap socialize socialise
solidify solve soothe soundproof spellcheck spell-check spray-paint sprout squeeze stagger steam-clean steep stencil
stiffen stimulate stipulate straighten strategize strew stuff stylize subclass subcontract sublet submerge subset
subsidize substantiate suffix suggest summon superimpose supersede supplement suppress surrender surround sustain
suture sweeten synthesize synthesise systematize tack tamper tend televise temper test-drive thatch thicken toggle
topple torque transact transfuse transpile transpose trawl triangulate triple unarchive unban unbind unblind unbolt
unbox unbundle uncheck unclog uncompress uncover undercut underwrite undock unearth unfasten unfold unfollow ungroup
unhide unhook unlearn unmake unmark unmask unmerge unplug unscramble unscrew unseal unshelve unsync untie unveil
unwind upcycle uphold upholster uproot upsample upscale upsell upskill usher vacate vaporize vary vent verbalize
vibrate video virtualize virtualise wallpaper waterproof weaken weatherproof webcast whip whittle winterize withhold
wrangle wring zap hotfix hand-write hand-pick backtrack cross-link crosslink cross-reference crossreference
live-stream livestream reboard fact-check field-test user-test mind-map pre-warm prewarm pre-load preload pre-compute
pre-process pre-fill pre-order preorder pre-register left-align screen-share time-box timebox white-label auto-scale
auto-generate autogenerate bulk-load bulk-import hand-label force-push fast-forward fast-track green-light soft-delete
hard-delete role-play re-key re-roll re-cut re-base re-draw re-paint re-record re-shoot re-edit re-grade re-measure
re-pot re-seed re-tag re-weigh re-wire reference de-duplicate de-risk deconflict disinvite deworm intubate admit bathe
spay neuter x-ray anneal deburr degas desolder catalog catalogue template watermark
abridge aliquot autoclave basecall bench-test bridge click colour-grade counter-check couple courier crash-test
culture de-identify debottleneck deidentify demultiplex denormalize denormalise diff downsize e2e-test economize
economise elute euthanize euthanise federate ghostwrite grant hard-code interconnect interface intersect knock
lazy-load ligate lyse memoize memoise modularize modularise monkey-patch paginate parametrize paraphrase pcr pipe pool
power proof-test qa rack re-release reckon red-team relay resuspend retranslate reword sandbox sign-off skip smoke
spell stress style tip transfect unite version weight welcome
"""

# Less common: of every trade and of everyday life.
RARE = """
bale berth consign crunch disembark matriculate mend moor muck mulch resuscitate rezone slaughter swear uncrate woo screen-test co-write
ring decline depose mic climb sink strand disassociate refit abandon abate ablate abolish absolve absorb abstain accentuate accessorize acclimatize accompany accomplish accredit
accumulate accuse acquaint acquit actuate adjoin adjudicate adorn advocate aid airlift alienate allot amortise
amortize amuse annualise annualize antagonize anticipate apostille applaud apprehend apprentice arraign arrest ascend
assail assuage atone attract auction audition avert avow awaken babysit back-test backfire backpropagate backtest
banish bankroll banter baptize bargain barricade baste batter beckon befriend beg berate beseech besiege betray bicker
binarise blanch blast blindfold bombard bootstrap-sample breach breed brighten broaden broil bruise bungle burnish
bury campaign caramelize cauterize cede chant chastise cheer cherish chlorinate choreograph christen chronicle climb
clinch cling clothe co-author co-sign coauthor coax coerce cold-start collaborate collateralize color-correct color-
grade colour-correct commandeer commemorate commercialize commiserate commute compel complement compliment compound
concede conceive condemn condition conform conjure connive conquer consecrate consent constrain constrict contaminate
contend contest contract contradict contravene contrive converge converse convict cooperate correspond corrode cosign
countermand crack crave cremate cripple criticize critique cross-examine cross-train crossfade crown cruise
crystallize curb cure curl dam damage dance daub deaccession deal deceive decree defend deflect defrag defraud defy
deinterlace delude delve demosaic denounce deputize deride detrend devalue deviate devote devour dewater dictate
differentiate diffuse digest dignify dilate dine direct disapprove disarm disbar discipline disconcert discredit
discretise discretize disguise disobey dispel displace disprove disqualify disregard disrupt dissuade distort distract
disturb dive dolly domesticate dominate doodle door-knock doorknock downlink downmix downplay doze drag drench drink
drum earn eat edify electrophorese electroporate elongate emancipate embezzle embrace empower emulsify endanger endcap
endeavor endeavour endow enjoy enlighten enliven entangle entice entitle envisage equate erode escape escheat evade
evaporate evoke exaggerate exasperate excite excuse exfoliate exhaust exhibit exonerate exploit expound express
expunge extradite fake falsify farm fashion favor favour fiddle finagle fine flank flay flee fling fluff foil foment
forage forbid foreclose forewarn forfeit forgive fractionate fracture freelance frighten frisk frost fumigate
fundraise furlough gag gamble gargle gavage gaze genotype germinate gift-wrap give glide gouge grab grapple gratify
grip guarantee hail hallucinate hand-deliver hand-feed hand-wash handcuff hasten heckle hedge heed heighten helm hem
herd hijack hike hint hitch hoard homeschool homogenise homogenize hot-swap hound hover hug humiliate hurl hustle
hypothesize imbue immunoprecipitate immunostain impanel impart impeach impede imperil impersonate implicate implore
imprint imprison impugn indemnify inhibit injure insinuate insist inspire instigate insult intensify interfere
interlace intermix internalize intimidate inundate invade invigilate jeopardize jump-start justify kayak keyframe
kindle kiss lace lance lash laugh leach lecture legalize legislate letterbox lip-sync listen litigate lob loot lure
lyophilise lyophilize macerate magnetize maim manacle mar march marginalize meddle meditate micromanage microwave
mimic misbehave misplace mispronounce misuse mollify mug nab nag nebulize nestle notch numb obey obliterate obscure
obsess obstruct offend offset omit ordain outlaw outrun overcharge overcome overdo overdub overestimate overexpose
overload overlook overpay overpower overrun oversample oversell overstate overtake overthrow overturn pacify paddle
parachute parade paralyze pardon parry passage pat peck pedal peek pelletize penalise penetrate perch persecute
pervade pester petition phase phenotype philosophize photobleach phrase picket pilfer pillage pioneer placate
plagiarize plunge poach poison poke polymerize pontificate popularize post-process postulate praise pray pre-book pre-
screen pre-sort pre-teach pre-test preach prebook precipitate preclude preempt preen pretest prick privatise
procrastinate proctor profess profit profiteer prohibit proofcheck propel propitiate protest pry puff pulverize
pummel pump-prime push-start puzzle quadruple qualify quash quicken quilt quit radio raid rally ransack ransom rattle
raze re-crawl re-rank reap reapply reawaken rebill rebook rebuff rebuke rebut recess reciprocate recoil recrawl
redenominate reflux reforecast refrain refurnish refuse rehabilitate rehash rehouse reindent rejuvenate relent
relinquish relive relog remark remunerate renege renice renounce repartition repatriate repin repress reprimand
reproach repudiate repulse repute requote rerank rescope resect resign resist reslice resort respirate restage
resubscribe resurface retail reticket retopologize retort retransfer retrench retrigger reunify reupholster revere
revolutionize reward reweight rid riddle ridicule rifle riot rip roam roar rob romance rotoscope rotovap rub ruffle
ruin rummage rumple rush sabotage sack sacrifice saddle sanction sap satirize saunter scar schmooze scold scorch
scrabble scrawl screen-print scribble scrimp scroll scrounge scuff securitize self-test sequester serenade sever shack
shackle shade shadow shed shoplift shove showcase shrink-wrap shun sideline sidestep sidetrack sightread sightsee
silence silkscreen sing sink sinter situate skate ski skimp skirt skydive slam slander slap slew slit slog slosh
smother smuggle snack snag snatch snorkel somersault sonicate soundcheck spam spank spar spare spark spear specialize
speculate spill sponge spot-weld sprain sprint spruce spur spurn spy squirt stab stalk steal steamroll stereotype
stifle stigmatize stipple stockpile stomp strain stratify streak strike stroke stroll strum stun stunt subculture
subdue subjugate sublimate subpoena subrogate subvert sue superintend supplant surf surge surmise surpass surprise
swallow symbolize sympathize tackle tarnish tattoo tax tease telecine telegraph telephone tempt testify theorize
threaten thresh thrust thwart tick tilt tinker tint toast toot toss tour tout trade trample tranquilize transmit trap
traverse treasure trek trick trickle trip triturate trivialize troll troop trumpet trypsinize tug tunnel turbocharge
tutor twirl twist unburden underestimate underexpose underinsure undermine underpin underplay undersample understate
understudy unmix unsettle unspool up-end uplink upmix vacuum-dry vanquish veil venture victimize videoconference
videotape vilify vindicate violate vocalize volley volunteer vow wager warp warrant water-cool wed wheel whistle
whiten whiz wield wiggle winterise worship wreck wrestle wrinkle xerox zoom
"""

KINDS: dict[str, str] = {
    "plan": PLAN,
    "obtain": OBTAIN,
    "transform": TRANSFORM,
    "study": STUDY,
    "make": MAKE,
    "modify": MODIFY,
    "run": RUN,
    "check": CHECK,
    "release": RELEASE,
    "tell": TELL,
    "dispose": DISPOSE,
    "other": OTHER + RARE,
}

# Base forms that are as common as nouns (or adjectives): they need a verb's surroundings before they count as one.
AMBIGUOUS = """
ring decline mic climb sink strand refit
bridge click couple courier culture grant interface knock pcr pipe pool power qa rack relay sandbox sign-off skip
smoke spell stress style tip version weight welcome diff
advocate aid airlift architect arrest auction audition author back-test backtest bag bandage barcode bargain batter
blast bleach block bolt bookmark breach breed brew bruise bucket budget campaign cascade cement censor checkout cheer
chronicle climb collapse combat comment commute compact complement compliment compost compound condition construct
contest contract convict copyright cork cost counsel crack critique crown cruise crush curb cure curl dam damage dance
deal decree diagram dice dine dip direct discipline disguise ditch dive dock downgrade download drag dredge drink drum
ease embrace endeavor endeavour engineer escape escort exhibit exploit express fake farm fashion favor favour fine
flank foil forge fork fracture frost fuse fuzz gamble garnish gavage genotype grab grip guarantee gut hail hedge helm
hem herd hijack hike hint hitch hook hotfix hound hover hug imprint inhibit instrument interrupt keyframe kiss knot
lace lance lash laugh lecture lobby lodge lookup loot lure manufacture march microwave mug notch notice nudge offset
overload override paddle parade pardon passage pat peck pedal peel petition phase phenotype phrase picket pioneer
plunge poison poke praise pre-test preface prefix pretest prick profit prompt protest puff puzzle quarantine quilt
quit radio raid rally ransom rattle rebuff rebuke recess reflux remark reprimand resort retail retort reward riddle
riot rip roar roast roof rub ruin rush sabotage sack sacrifice saddle safeguard salvage sanction scaffold scar scatter
screw scroll seat shack shade shadow shampoo shard shave shear shed shepherd shove showcase shunt silence simmer skate
ski slam slap smash smear snack snag solder soundcheck spam spare spark spear spill splice sponge sprint spur spy stab
stockpile strain streak strike stroke stroll stunt subculture subpoena substitute suffix sunset surf surge surprise
surrender tackle tailor tamper tattoo tax tease telecine telegraph telephone tether thatch thrust tick tilt tinker
tint toast toss tour tout trade trap trawl treasure trek trick trip triple troll troop trumpet tug tunnel tutor tweak
tweet twist upgrade veil venture vet veto volunteer vortex vow wager wallpaper warp warrant wheel whistle worship
wreck wring wrinkle zoom
act address aggregate air alert anchor answer appoint approach archive arrange ask assay attempt attribute audit
backup balance batch benchmark bid bill bin bind blend blog board boil book boost boot bottle box brand brief
broadcast broker brush buffer build bump bundle burn button cache call canary cap caption capture cast catalog
catalogue chair change chart chase chat check chip chunk claim clean clear clip clone close cluster coach coat code
color colour commission commit compile complete compress concrete conduct contact contrast contribute cook cool copy
correct count counter cover craft crate crawl credit crop cross cross-check cut cutover cycle debate debit debrief
debug decrease delay demo deposit design detail discharge dispatch display divide document dose double draft drain
draw dress drill drive drop dry dry-run dub dump dust dye e-mail email empty end escort estimate exchange exercise
experiment export extract failover fax feed fence figure file fill film filter find finish fire fit fix flag flash
flip float floss flush focus fold follow force forecast fork form format forward found frame freeze fry fund garden
gather gauge gel gift glaze glue go grade graft graph grease grill grind group guard guide hack hammer hand handle
handover hang harness harvest hash haul heat highlight hire hold host house hunt image implement import increase index
inject insert install interview inventory invite invoice iron issue journal judge jump key kick label land launch lead
lease lend level lift light limit line link lint list load load-test loan lock log look lower mail make mandate map
mark market mask massage master match measure meet melt merge message milk mill mine minute mirror mix mock model mold
monitor mop mould mount move nail name narrow note number offer oil open order outline overhaul overlay pack package
pad page paint pair park partition pass paste patch patent patrol pause pave pay peer-review pen-test phone photograph
pick pickle pilot pin pinch ping pitch pivot place plan plant plaster plate play plot plough plug point polish poll
port position post pot powder practice prefix present press preview price prime print probe process produce profile
program project promote proof prototype prune pull pump purchase push query question queue quiz quote raise rake ramp
rank rate ration reach read rebuild record recruit redesign refactor reference refill refit reform refund register
regression-test reject relaunch release remedy remix remount rent repair repeat replay reply report request rerun
rescue research reserve reset rest restart resume retake rethink retrofit retry return reuse revamp reverse review
revise rewind rework ride rig rinse roll rollback rollout rotate round route run salt sample sand sanity-check saw
scale scan schedule scoop scope score scout scrap scrape screen screenshot script seal search season seat secure seed
segment select separate sequence serve service set shape share shelter shelve shield shift ship shoot shop shovel show
shower shred shuffle shut sign signal simulate size sketch skin slash slice slide slim smoke-test smooth snap snapshot
soak soak-test soap sort source space speed spin split sponsor spool spot spot-check spray spread squash squeeze stack
staff stage stain stamp stand staple start stash state steam steer stencil stick stitch stock stop store storyboard
strap stream stress-test stretch strip stub study stuff submit subtitle sum supplement supply support surface survey
suture swab swap sweep switch sync tack tag talk tally tap tape target tear template tender test thin threat-model
throttle throw tidy tie tile time title top torque touch tow trace track train transfer transition transport travel
treat triage trial trigger trim try tune turn type unit-test update upgrade upload use usher vacuum value vendor vent
video view visit voice vote wait walk warm wash watch water watermark wave wax weed weld whip whisk win wind wipe wire
witness work workshop wrap yield zip zone
"""

# base past participle -ing, where the last is left out when it is regular.
IRREGULAR = """
proofread proofread proofread; eat ate eaten; swing swung swung; steal stole stolen; strike struck struck; overcome
overcame overcome; forbid forbade forbidden; forgive forgave forgiven; flee fled fled; fling flung flung; cling clung
clung; shed shed shed shedding; overtake overtook overtaken; overthrow overthrew overthrown; wring wrung wrung; deal
dealt dealt; resit resat resat; reshoot reshot reshot; withhold withheld withheld; uphold upheld upheld; spill spilt
spilt; undercut undercut undercut; sublet sublet sublet subletting; re-shoot re-shot re-shot; backbite backbit
backbitten; overdraw overdrew overdrawn; hand-write hand-wrote hand-written; rebind rebound rebound; recast recast
recast; redraw redrew redrawn; resell resold resold; retell retold retold; rethink rethought rethought; retool retooled
retooled; unwind unwound unwound; cut cut cut cutting; ghostwrite ghostwrote ghostwritten; belong belonged belonged;
arise arose arisen; be was been being; bear bore borne; become became become; begin began begun beginning; bend bent
bent; bet bet bet betting; bid bid bid bidding; bind bound bound; bleed bled bled; blow blew blown; break broke
broken; breed bred bred; bring brought brought; broadcast broadcast broadcast; build built built; burn burnt burnt;
buy bought bought; cancel cancelled cancelled cancelling; cast cast cast; catch caught caught; choose chose chosen;
come came come; cost cost cost; cut cut cut cutting; deal dealt dealt; dig dug dug digging; do did done doing; draw
drew drawn; drink drank drunk; drive drove driven; dye dyed dyed dyeing; eat ate eaten; fall fell fallen; feed fed
fed; feel felt felt; fight fought fought; find found found; fit fit fit fitting; fly flew flown; forecast forecast
forecast; forget forgot forgotten forgetting; freeze froze frozen; fuel fuelled fuelled fuelling; get got got getting;
get got gotten getting; give gave given; go went gone going; grind ground ground; grow grew grown; hang hung hung;
have had had having; hear heard heard; hide hid hidden; hit hit hit hitting; hold held held; hurt hurt hurt; input
input input inputting; keep kept kept; know knew known; label labelled labelled labelling; lay laid laid; lead led
led; leave left left; lend lent lent; let let let letting; lie lay lain lying; light lit lit; lose lost lost; make
made made; mean meant meant; meet met met; model modelled modelled modelling; mow mowed mown; offset offset offset
offsetting; outdo outdid outdone; oversee oversaw overseen; overwrite overwrote overwritten; panic panicked panicked
panicking; pay paid paid; preset preset preset presetting; prove proved proven; put put put putting; quit quit quit
quitting; re-run re-ran re-run re-running; read read read; rebuild rebuilt rebuilt; redo redid redone; remake remade
remade; rerun reran rerun rerunning; resend resent resent; reset reset reset resetting; retake retook retaken; rewrite
rewrote rewritten; ride rode ridden; ring rang rung; rise rose risen; run ran run running; saw sawed sawn; say said
said; see saw seen; seek sought sought; sell sold sold; send sent sent; set set set setting; sew sewed sewn; shake
shook shaken; ship shipped shipped shipping; shoot shot shot; show showed shown; shrink shrank shrunk; shut shut shut
shutting; sing sang sung; sink sank sunk; sit sat sat sitting; sleep slept slept; slit slit slit slitting; sow sowed
sown; speak spoke spoken; spend spent spent; spin spun spun spinning; split split split splitting; spread spread
spread; stand stood stood; steal stole stolen; stick stuck stuck; stride strode stridden; strike struck struck; swear
swore sworn; sweep swept swept; take took taken; teach taught taught; tear tore torn; tell told told; think thought
thought; throw threw thrown; tie tied tied tying; total totalled totalled totalling; travel travelled travelled
travelling; typeset typeset typeset typesetting; understand understood understood; undertake undertook undertaken;
undo undid undone; upset upset upset upsetting; wake woke woken; wear wore worn; weave wove woven; win won won
winning; wind wound wound; withdraw withdrew withdrawn; write wrote written
"""

# Verbs that describe rather than ask for work: they carry no task on their own.
STATIVE = """
succeed survive rain snow exceed pass fit agree sleep tie lead point apply affect agree allow annoy appear arise assume be become begin believe belong block bother break bring care claim come
complain concern consist contain continue cost count crash date depend deserve die differ disagree dislike doubt drop
end equal exist expect expire fail fall feel fit forget grow guess hang happen hate have hear hold hope hurt imagine
include involve keep know lack last leak leave lie like live look lose love matter mean mention mind miss need notice
occur owe own permit prefer prevent realise realize recall regret rely remain remember require resemble result rise
say see seem share sit smell sound stand start stay stick stop suffice suggest suit suppose take taste tend think
trust turn understand vary wait want weigh wish wonder work worry
"""

# Particles that belong to the verb before them: "set up", "roll out", "sign off".
PARTICLES = "up out off on in over down back away through together around along apart aside live ahead forward"
