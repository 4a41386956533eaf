"""The scan's own parts: what is read of the scanners' output, and what a reason excuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from e2e.scan import __main__ as scan
from e2e.scan import inputs
from e2e.scan.findings import (
    Finding,
    Reason,
    ScanError,
    judge,
    of_checkov,
    of_kube_score,
    read_reasons,
    without_planted,
)

FOUND = Finding("checkov", "CKV_1", "image", "/Dockerfile.USER", "runs as root")
REASON = Reason("checkov", "CKV_1", "/Dockerfile.*", "meant so", "image")


def report(**results: list[dict[str, Any]]) -> dict[str, Any]:
    empty: dict[str, list[dict[str, Any]]] = {
        "passed_checks": [], "failed_checks": [], "skipped_checks": [], "parsing_errors": [],
    }  # fmt: skip
    return {"check_type": "kubernetes", "results": empty | results}


def check(folder: Path, rule: str, comment: str | None = None) -> dict[str, Any]:
    return {
        "check_id": rule,
        "check_name": f"{rule} in words",
        "check_result": {"result": "FAILED"} if comment is None else {"suppress_comment": comment},
        "resource": "Pod.a.b",
        "file_abs_path": str(folder / "first installation" / "chart.yaml"),
    }


def test_a_finding_without_a_reason_and_a_reason_without_a_finding_are_told() -> None:
    other = Reason("checkov", "CKV_2", "*", "meant so")
    assert judge([FOUND, FOUND], [other]) == ([FOUND], [other])
    assert judge([FOUND], [REASON]) == ([], [])


@pytest.mark.parametrize(
    "reason",
    [
        Reason("kube-score", "CKV_1", "*", "another scanner's"),
        Reason("checkov", "CKV_10", "*", "another rule's"),
        Reason("checkov", "CKV_1", "Pod.*", "another object's"),
        Reason("checkov", "CKV_1", "*", "another input's", "agents"),
    ],
)
def test_a_reason_is_for_what_it_names(reason: Reason) -> None:
    assert judge([FOUND], [reason]) == ([FOUND], [reason])


def test_a_reason_at_the_object_excuses() -> None:
    excused = Finding("checkov", "CKV_1", "image", "/Dockerfile.USER", "runs as root", "meant so")
    assert judge([excused], []) == ([], [])


def test_checkov_is_read_with_its_suppressions_and_their_reasons(tmp_path: Path) -> None:
    first = report(failed_checks=[check(tmp_path, "CKV_1")], passed_checks=[check(tmp_path, "CKV_9")])
    second = report(
        skipped_checks=[check(tmp_path, "CKV_2", "meant so"), check(tmp_path, "CKV_3", "No comment provided")],
    )
    nothing_there = {"passed": 0, "failed": 0}
    output = f"{json.dumps([first, second], indent=1)}\n{json.dumps(nothing_there)}\n{json.dumps(first)}"
    findings, passed = of_checkov(output, tmp_path)
    assert passed == 2
    assert {(f.rule, f.input, f.where, f.excused) for f in findings} == {
        ("CKV_1", "first installation", "Pod.a.b", ""),
        ("CKV_2", "first installation", "Pod.a.b", "meant so"),
        ("CKV_3", "first installation", "Pod.a.b", ""),
    }


def test_what_checkov_cannot_parse_is_an_error(tmp_path: Path) -> None:
    broken = json.dumps(report() | {"results": report()["results"] | {"parsing_errors": ["/x.yaml"]}})
    with pytest.raises(ScanError, match=r"could not parse /x\.yaml"):
        of_checkov(broken, tmp_path)


def test_kube_score_is_read_down_to_its_warnings() -> None:
    def card(grade: int, *, skipped: bool = False) -> dict[str, Any]:
        return {
            "check": {"id": f"rule-{grade}", "name": "Rule"},
            "grade": grade,
            "skipped": skipped,
            "comments": [{"summary": "it is so"}],
        }

    output = json.dumps(
        [
            {
                "type_meta": {"kind": "Deployment"},
                "object_meta": {"name": "a", "namespace": "n"},
                "checks": [card(1), card(5), card(7), card(10), card(0, skipped=True)],
            }
        ]
    )
    findings, passed = of_kube_score(output, "agents")
    assert passed == 1
    assert [(f.rule, f.where, f.text) for f in findings] == [
        (f"rule-{grade}", "Deployment.n.a", "Rule: it is so") for grade in (1, 5, 7)
    ]
    assert of_kube_score("null", "samples") == ([], 0)


def test_a_scanner_that_does_not_find_what_was_planted_is_not_believed() -> None:
    planted = Finding("checkov", "CKV_K8S_16", "planted", "Pod.a.b", "privileged")
    assert without_planted([planted, FOUND], "planted", {("checkov", "CKV_K8S_16")}) == [FOUND]
    elsewhere = Finding("checkov", "CKV_K8S_16", "agents", "Pod.a.b", "privileged")
    with pytest.raises(ScanError, match="checkov CKV_K8S_16"):
        without_planted([elsewhere], "planted", {("checkov", "CKV_K8S_16")})


@pytest.mark.parametrize(
    "text",
    [
        "- {scanner: checkov, rule: A, where: '*'}",
        "- {scanner: checkov, rule: A, where: '*', reason: ' '}",
        "- {scanner: checkov, rule: A, where: '*', reason: so, because: so}",
    ],
)
def test_an_entry_without_a_reason_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "reasons.yaml"
    path.write_text(text)
    with pytest.raises(ScanError, match=r"reasons\.yaml, entry 1"):
        read_reasons(path)


def test_the_reasons_are_readable() -> None:
    assert read_reasons(scan.REASONS)


def test_every_shipped_agent_type_has_its_pod_scanned() -> None:
    kinds = {pod["metadata"]["labels"]["taskdist.dev/agent-type"] for pod in inputs.agent_pods()}
    assert len(kinds) == 10
