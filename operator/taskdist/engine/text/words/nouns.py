"""Nouns that matter to the reading of a work order: who does it, and nouns that name an action themselves."""

from __future__ import annotations


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
