"""``python -m e2e.campaign --cases 300 --seed 1``: a cluster of its own, all cases, the table; exit code 1 for anything wrong."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import yaml

from e2e import cluster
from e2e.campaign.cases import Case, generate
from e2e.campaign.run import Campaign, Verdict
from e2e.campaign.setting import opened


def main() -> int:
    """Run it."""
    options = argparse.ArgumentParser(prog="python -m e2e.campaign")
    options.add_argument("--cases", type=int, default=300)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", type=int, nargs="*", help="numbers of the cases to run")
    options.add_argument("--lanes", type=int, default=8, help="cases side by side")
    options.add_argument("--name", default=f"campaign-{os.getpid()}")
    options.add_argument("--shrink", type=int, default=2, help="how many failing cases are made smaller")
    told = options.parse_args()
    cases = [case for case in generate(told.cases, told.seed) if told.only is None or case.number in told.only]
    with tempfile.TemporaryDirectory() as folder:
        try:
            with opened(told.name, Path(folder)) as (scene, operator):
                campaign = Campaign(scene, operator, lanes=told.lanes)
                begin = time.monotonic()
                verdicts = campaign.run(cases, _tell)
                alarms = campaign.alarms()
                print(f"\n{table(verdicts, time.monotonic() - begin)}")
                failing = [verdict.case for verdict in verdicts if verdict.wrong]
                for case in failing[: told.shrink]:
                    print(f"\nsmallest failing part of {case.number}:\n{described(campaign.smallest(case))}")
                for alarm in alarms[:5]:
                    print(f"\nalarm in the operator's log:\n{alarm}")
                print(f"\n{len(failing)} cases wrong, {len(alarms)} alarms; seed {told.seed}")
                return 1 if failing or alarms else 0
        finally:
            cluster.down(told.name)


def _tell(verdict: Verdict) -> None:
    if verdict.wrong:
        told = [f"    {text}" for text in (*verdict.wrong, *verdict.history[:80])]
        print(f"WRONG {verdict.case}", *told, sep="\n", flush=True)


def table(verdicts: list[Verdict], seconds: float) -> str:
    """What a person wants to know of the whole."""
    ends = Counter(verdict.phase for verdict in verdicts if verdict.phase)
    invalid = sorted(verdict.invalid_seconds for verdict in verdicts if verdict.invalid)
    lines = [
        f"{len(verdicts)} cases in {seconds:.0f} s",
        f"  refused by the API server at creation   {sum(not v.created for v in verdicts)}",
        f"  refused as a change                     {sum(v.created and not v.changed for v in verdicts)}",
        f"  changed and rolled back                 {sum(v.changed for v in verdicts)}",
        f"  Planned=False                           {len(invalid)}"
        + (f", within {invalid[-1]:.1f} s (half of them within {invalid[len(invalid) // 2]:.1f} s)" if invalid else ""),
        f"  where they came to rest                 {', '.join(f'{phase} {count}' for phase, count in ends.most_common())}",
    ]
    return "\n".join(lines)


def described(case: Case) -> str:
    """Both specs, to be copied."""
    spec = {"before": case.before, "after": case.after}
    return f"{case}\n{yaml.safe_dump(spec, sort_keys=False, allow_unicode=True)[:4000]}"


if __name__ == "__main__":
    sys.exit(main())
