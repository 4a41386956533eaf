"""What a scanner found, and which reasons there are for leaving it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

NO_COMMENT = "No comment provided"
"""What checkov puts for a suppression without a reason."""
_ALL_OK = 10
"""kube-score's best grade: below it something was found."""


class ScanError(Exception):
    """A scanner did not do its work, or a file of ours is not as it should be."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One rule that one object of one input does not keep. ``excused``: the reason that stands at the object itself."""

    scanner: str
    rule: str
    input: str
    where: str
    text: str
    excused: str = ""

    def __str__(self) -> str:
        return f"{self.scanner} {self.rule}: {self.where} in “{self.input}”: {self.text}"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why findings of one rule stay. ``where`` and ``input`` are patterns, as a shell has them."""

    scanner: str
    rule: str
    where: str
    reason: str
    input: str = "*"

    def covers(self, finding: Finding) -> bool:
        """Whether it is about this finding."""
        return (
            (self.scanner, self.rule) == (finding.scanner, finding.rule)
            and fnmatchcase(finding.where, self.where)
            and fnmatchcase(finding.input, self.input)
        )

    def __str__(self) -> str:
        return f"{self.scanner} {self.rule}, {self.where} in “{self.input}”"


def read_reasons(path: Path) -> tuple[Reason, ...]:
    """Read the file of reasons.

    Raises:
        ScanError: an entry without a reason, or not of the form.
    """
    reasons = []
    for number, entry in enumerate(yaml.safe_load(path.read_text()), start=1):
        try:
            reason = Reason(**entry)
        except TypeError as error:
            raise ScanError(f"{path.name}, entry {number}: {error}") from error
        if not all(isinstance(text, str) and text.strip() for text in entry.values()):
            raise ScanError(f"{path.name}, entry {number} ({reason}): every field is a text, and the reason not empty")
        reasons.append(reason)
    return tuple(reasons)


def judge(findings: Iterable[Finding], reasons: Sequence[Reason]) -> tuple[list[Finding], list[Reason]]:
    """Findings that nothing excuses, and reasons that nothing needs."""
    found = sorted(set(findings))
    open_ = [f for f in found if not f.excused and not any(reason.covers(f) for reason in reasons)]
    idle = [reason for reason in reasons if not any(reason.covers(f) for f in found)]
    return open_, idle


def without_planted(findings: Iterable[Finding], planted: str, expected: set[tuple[str, str]]) -> list[Finding]:
    """The findings of all inputs but the planted one.

    Raises:
        ScanError: a rule that what is planted breaks was not found broken.
    """
    found = list(findings)
    missed = expected - {(f.scanner, f.rule) for f in found if f.input == planted}
    if missed:
        names = ", ".join(" ".join(pair) for pair in sorted(missed))
        raise ScanError(f"what was planted was not found, so the scan is worth nothing: {names}")
    return [f for f in found if f.input != planted]


def of_checkov(output: str, folder: Path) -> tuple[list[Finding], int]:
    """Findings in checkov's JSON, one document for each folder scanned, and how many checks passed.

    Raises:
        ScanError: there was something that it could not parse.
    """
    findings, passed = [], 0
    for report in _reports(output):
        results = report["results"]
        if results["parsing_errors"]:
            raise ScanError(f"checkov could not parse {', '.join(map(str, results['parsing_errors']))}")
        passed += len(results["passed_checks"])
        for check in (*results["failed_checks"], *results["skipped_checks"]):
            comment = check["check_result"].get("suppress_comment") or ""
            findings.append(
                Finding(
                    "checkov",
                    check["check_id"],
                    Path(check["file_abs_path"]).relative_to(folder).parts[0],
                    check["resource"],
                    check["check_name"],
                    "" if comment == NO_COMMENT else comment.strip(),
                )
            )
    return findings, passed


def _reports(output: str) -> Iterable[dict[str, Any]]:
    """Each report of one framework; a folder without anything to scan gives a summary only."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(output):
        if output[at].isspace():
            at += 1
            continue
        document, at = decoder.raw_decode(output, at)
        yield from (r for r in (document if isinstance(document, list) else [document]) if "results" in r)


def of_kube_score(output: str, name: str) -> tuple[list[Finding], int]:
    """Findings in kube-score's JSON for one input, and how many checks passed."""
    findings, passed = [], 0
    for card in json.loads(output) or ():
        metadata, kind = card["object_meta"], card["type_meta"]["kind"]
        where = ".".join(filter(None, (kind, metadata.get("namespace", ""), metadata["name"])))
        for check in card["checks"]:
            if check["skipped"]:
                continue
            if check["grade"] >= _ALL_OK:
                passed += 1
                continue
            said = {comment["summary"] for comment in check["comments"] or ()}
            text = f"{check['check']['name']}: {'; '.join(sorted(said))}"
            findings.append(Finding("kube-score", check["check"]["id"], name, where, text))
    return findings, passed
