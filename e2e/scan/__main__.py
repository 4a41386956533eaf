"""``python -m e2e.scan --checkov PROGRAM``: exit code 1 for a finding without a reason, and for a reason without a finding."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from e2e.cluster import binaries
from e2e.scan import inputs
from e2e.scan.findings import Finding, ScanError, judge, of_checkov, of_kube_score, read_reasons, without_planted

REASONS = Path(__file__).with_name("reasons.yaml")
FRAMEWORKS = ("kubernetes", "dockerfile", "github_actions")
OPTIONAL_TESTS = ("container-seccomp-profile", "container-ports-check")


def main(arguments: list[str] | None = None) -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m e2e.scan")
    parser.add_argument("--checkov", default="checkov", help="the program")
    options = parser.parse_args(arguments)
    try:
        reasons = read_reasons(REASONS)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name).resolve()
            inputs.write(folder)
            found = checkov(options.checkov, folder) + kube_score(folder)
        findings = without_planted(found, inputs.PLANTED, inputs.MUST_BE_FOUND)
    except ScanError as error:
        print(error, file=sys.stderr)
        return 1
    unexcused, idle = judge(findings, reasons)
    for finding in unexcused:
        print(f"without a reason: {finding}")
    for reason in idle:
        print(f"needed by nothing: {reason}")
    if unexcused or idle:
        print(f"mend it, or write the reason into {REASONS.relative_to(inputs.CHECKOUT)}")
        return 1
    print(f"{len(set(findings))} findings, all with a reason")
    return 0


def checkov(program: str, folder: Path) -> list[Finding]:
    """Over each input apart, in one process: it takes five seconds to start. It asks the network for nothing."""
    command = [program, "--framework", *FRAMEWORKS, "--output", "json", "--compact", "--skip-download"]
    names = sorted(path.name for path in folder.iterdir())
    for name in names:
        command += ["--directory", str(folder / name)]
    environment = {**os.environ, "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode not in {0, 1}:  # 1: something was found
        raise ScanError(f"checkov ended with {done.returncode}:\n{done.stderr[-2000:]}")
    findings, passed = of_checkov(done.stdout, folder)
    print(f"checkov: {passed} checks passed over {len(names)} inputs")
    return findings


def kube_score(folder: Path) -> list[Finding]:
    """Over each input apart. Its annotations at the objects have no reasons, so they do not count here."""
    program = str(binaries.ensure(["kube-score"])["kube-score"])
    command = [program, "score", "--output-format", "json", "--disable-ignore-checks-annotations"]
    command += ["--kubernetes-version", inputs.SERVED.rpartition(".")[0]]
    for test in OPTIONAL_TESTS:
        command += ["--enable-optional-test", test]
    findings, total = [], 0
    for path in sorted(folder.iterdir()):
        files = sorted(str(file) for file in path.glob("**/[!.]*.yaml") if ".github" not in file.parts)
        if not files:
            continue  # the image and the workflows
        done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
        if done.returncode not in {0, 1} or done.stderr:
            raise ScanError(f"kube-score, {path.name}: exit code {done.returncode}\n{done.stderr[-2000:]}")
        found, passed = of_kube_score(done.stdout, path.name)
        findings += found
        total += passed
    print(f"kube-score: {total} checks passed")
    return findings


if __name__ == "__main__":
    sys.exit(main())
