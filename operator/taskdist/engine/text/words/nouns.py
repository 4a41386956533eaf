"""Nouns that matter to the reading of a work order: who does it, and nouns that name an action themselves."""

from __future__ import annotations

import re


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# People, roles, departments and crews: a present tense after one of these is an assignment ("QA runs the suite").
ACTORS = _set("""
accounting accountant accountants accounts admin admins administrator administrators agency agent agents analyst analysts analytics ap ar architect architects assistant
assistants auditor auditors author authors backend board bookkeeper boss buyer buyers caterer caterers chair chef chief client clients clerk clerks cfo ceo coo cto ciso cio cmo coach colleague
colleagues committee comms compliance consultant consultants contractor contractors controller coordinator copywriter council counsel courier crew customer customers dba dbas
dean department dept designer designers design dev devs developer developers devops director directors dispatcher driver drivers dpo editor editors electrician electricians
engineer engineers engineering everybody everyone expert experts facilities finance florist folks founder foreman frontend governance graphics group groups hq hr infra infrastructure infosec intern
interns inspector janitor janitors lab lawyer lawyers lead leads leadership legal librarian logistics manager managers management maintainer maintainers marketer marketers marketing
mechanic mechanics member members moderator moderators movers netops network nurse nurses office officer officers on-call oncall operations operator operators ops owner owners paralegal
partner partners payroll payments people person photographer physician platform plumber pm pms po pr president principal printer procurement producer product programmer publisher purchasing qa qe
receptionist recruiter recruiting recruitment rep reps reporter research researcher researchers reviewer reviewers sales salesperson scientist scientists sec secretary secops security
seller shop sme somebody someone specialist specialists sre sres staff stakeholder stakeholders statistician steward studio student students subcontractor supervisor supplier suppliers support surveyor sysadmin
sysadmins teacher teachers team teams tech technician technicians tester testers trainer trainers translator translators treasurer treasury treasurer users user vendor vendors vet volunteer volunteers
warehouse webmaster workers writer writers squad squads guild tribe chapter bot robot pipeline ci job cron runner workflow action script service lambda
mum dad mom wife husband kids neighbour neighbor landlord tenant tenants guests caterer band dj baker bakery
dpo notary bank insurer carrier carriers registrar registry curator archivist foundry
""")

# Words in -er, -or, -ist, -ian that are no people. A closed list: most nouns of these endings that are things.
_NO_AGENTS = _set("""
accelerator adapter after allocator amplifier another armor backlist banner barometer barrier better bigger binder
blender blister blocker boiler border bumper bunker burner capacitor center chamber chapter character checker
checklist cider colander compiler computer connector constructor container converter cooler corner corridor crawler
cursor cyber cylinder danger debugger december decoder descriptor destructor detector dinner disaster dishwasher
disorder distributor divider driver dryer earlier either elevator emulator encoder encryptor error exporter exterior
factor faster fever fiber finger floor flower flyer folder footer freezer further gender generator ginger halter
header headquarter heater helicopter helper higher honor horror however humor hunger importer indexer indicator
inductor inner integer interior iterator ladder larger later lavender layer ledger letter lever linter liver loader
locker logger lumber major manner marker median member meridian metaphor meter minor minter mixer monster motor
neither never newer newsletter newspaper november october odometer older oscillator other outer oyster pager paper
parameter parser pepper placeholder playlist pointer poster predictor primer printer prior processor profiler
projector propeller proper pullover quarter radiator raider rather razor reactor receiver refrigerator remainder
reminder resistor router rubber ruler rumor scanner scheduler sector selector semester sensor september sequencer
server shoulder shutter silver simulator slider slipper slower smaller solver spider splitter stapler starter sticker
summer super supper sweater switcher tanker tensor terror theater thermometer timber timer toaster together toner
tower tracer tractor trailer transformer transistor tremor trouser tumor under validator vapor vector visor waitlist
washer weather webserver whether winter wiper wrapper zipper
""")
_AGENTIVE = re.compile(r"[a-z]{3,}(?:er|or|ist|ian|eer|woman|man|wright|smith|keeper|holder)s?\Z")


def is_agent(word: str) -> bool:
    """True if ``word`` reads as somebody who does something: "gaffer", "archivist", "technician"."""
    return bool(_AGENTIVE.match(word)) and word not in _NO_AGENTS and word.removesuffix("s") not in _NO_AGENTS


# Names of actions. "a load test", "the migration", "sign-off by legal" are steps when something asks for them.
ACTION_NOUNS = _set("""
access-review adoption analysis announcement appraisal approval assessment assembly audit backfill backup benchmark briefing build bump calibration canary call
check checkup cleanup clean-up comparison config configuration consolidation conversion count cutover data-load demo deployment deploy design
diff documentation draft drill dry-run dump enrichment estimate evaluation examination export extraction failover fix fix-up forecast handover
handoff hand-off health-check hotfix import import-job inspection install installation integration interview inventory invoice invoicing kickoff kick-off launch labelling linting load mail mail-out merge
migration mock-up monitoring notification offboarding onboarding optimisation optimization order overhaul patch patching pilot planning port post-mortem postmortem presentation press-release profiling proof-read prototype publication
purchase quote rebuild reconciliation refactor refactoring refresh regression rehearsal release removal rename repair replacement report reprint rerun research reset restart restore
retro retrospective review rewrite rollback rollout run scan scanning sign-off signoff simulation sizing smoke-test spec spike stocktake study summary survey swap sweep switch switch-over switchover
sync teardown test testing tests training transfer translation tuning uninstall upgrade update upload validation verification walkthrough walk-through workshop write-up writeup
""")
ACTION_SUFFIXES = ("tion", "sion", "isation", "ization")

# Nouns of time: "by Friday", "before lunch", "next week" say when, not what.
TIMES = _set("""
monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december
jan feb mar apr jun jul aug sep sept oct nov dec day days week weeks weekend month months quarter quarters year years hour hours minute minutes second seconds min mins sec h
morning afternoon evening night noon midnight lunch lunchtime eod eob cob eow eoy today tomorrow tonight christmas easter thanksgiving holiday holidays summer winter spring autumn fall
deadline date o'clock am pm q1 q2 q3 q4 h1 h2 season semester term sprint now then time
""")
