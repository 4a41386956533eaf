"""The program as its caller sees it: what is printed where, and the exit code. No cluster is needed, none is pretended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from taskdist import __version__
from taskdist.cli.app import COMMANDS, run

SAMPLES = Path(__file__).resolve().parents[3] / "manifests" / "samples"
TEXT = "Analyze the access logs, then optimize the slow queries. Finally deploy the fix."
GOOD = """\
apiVersion: taskdist.dev/v1alpha1
kind: TaskDistribution
metadata: {name: release}
spec:
  tasks:
    - {name: fetch, description: Fetch the data, agentType: data, script: echo}
    - {name: report, description: Write the report, script: echo, dependsOn: [fetch]}
"""
BAD = GOOD.replace("dependsOn: [fetch]", "dependsOn: [fetsh], timeout: 5")
CYCLE = GOOD.replace("agentType: data,", "agentType: data, dependsOn: [report],")


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture
def call(capsys, tmp_path):
    """Run one call; texts given as keyword arguments are written to files of these names first."""

    def called(*arguments: str, **files: str) -> tuple[int, str, str]:
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        code = run([str(tmp_path / f"{a[1:]}.yaml") if a.startswith("@") else a for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err.replace(f"{tmp_path}/", "")

    return called


# --- the frame ---------------------------------------------------------------------------------------------------------


def test_version(call):
    assert call("--version") == (0, f"taskdist {__version__}\n", "")
    assert json.loads(call("version", "-o", "json")[1])["taskdist"] == __version__


def test_help_lists_every_command(call):
    code, out, _ = call("--help")
    assert code == 0
    assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(call, name):
    code, out, _ = call(name, "--help")
    assert code == 0
    assert "Usage: taskdist" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pln"], 'taskdist: no such command "pln"; did you mean "plan"?; taskdist --help lists them\n'),
        (["plan"], "taskdist: no manifest given; use -f FILE, or -f - for standard input\n"),
        (["plan", "-f", "/nowhere.yaml"], "taskdist: cannot read /nowhere.yaml: No such file or directory\n"),
        (["plan", "--frob"], "taskdist plan: no such option: --frob; taskdist plan --help tells how to call it\n"),
        (["get", "-A", "x"], "taskdist: --all-namespaces lists; to show one, give --namespace\n"),
        (["graph"], "taskdist: give either the name of a distribution or -f FILE\n"),
        (["plan", "-t", "x", "-f", "y"], "taskdist: --text and --file exclude each other; give one of them\n"),
        (
            ["generate", "crds", "--check"],
            "taskdist: --check compares files with those in a folder; name it with --out\n",
        ),
        (
            ["operator", "--liveness", "nowhere"],
            'taskdist: --liveness "nowhere" is no port and no URL with one, such as http://0.0.0.0:8080/healthz\n',
        ),
    ],
)
def test_a_wrong_call_is_told_in_a_line(call, arguments, message):
    assert call(*arguments) == (1, "", message)


@pytest.mark.parametrize(
    "arguments", [["get"], ["wait", "x"], ["logs", "x"], ["cancel", "x"], ["plan", "show", "x"], ["explain", "x"]]
)
def test_without_a_cluster_there_is_one_clear_sentence(call, arguments):
    code, out, err = call(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith("taskdist: no cluster to talk to")
    assert err.endswith("set KUBECONFIG or give --kubeconfig and --context\n")
    assert err.count("\n") == 1


# --- plan --------------------------------------------------------------------------------------------------------------


def test_plan_of_a_text(call):
    code, out, err = call("plan", "-t", TEXT)
    assert (code, err) == (0, "")
    assert "  Graph\n" in out
    assert "  Schedule\n" in out
    assert out.splitlines()[-1].startswith("Plan: 3 subtasks, width 1, ~")
    assert "\x1b" not in out


def test_plan_tells_which_end_a_subtask_waits_for(call):
    _, out, _ = call("plan", "-t", "Run the tests. If they fail, roll back, otherwise deploy.")
    rows = {row.replace("◆", "").split()[1]: row for row in out.splitlines() if row.startswith("  +")}
    assert rows["roll"].endswith("run-tests, if it failed")
    assert rows["deploy"].endswith("  run-tests")


@pytest.mark.parametrize(("most", "words"), [(1, "one after the other"), (2, "up to 2 subtasks at the same time")])
def test_plan_tells_how_many_run_at_once_and_not_how_many_could(call, most, words):
    text = json.dumps(
        {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "TaskDistribution",
            "metadata": {"name": "wide"},
            "spec": {
                "limits": {"maxParallel": most},
                "tasks": [{"name": "part", "script": "echo $(item)", "forEach": ["a", "b", "c"]}],
            },
        }
    )
    _, out, _ = call("plan", "-f", "@wide", wide=text)
    assert words in out.splitlines()[1]


def test_plan_of_a_file(call):
    code, out, _ = call("plan", "-f", "@good", good=GOOD)
    assert code == 0
    assert "fetch ── report" in out


def test_plan_from_standard_input(call, monkeypatch):
    import io

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert call("plan", "-f", "-", "-o", "mermaid")[1].startswith("flowchart LR\n")


def test_every_mistake_at_once_with_its_place(call):
    code, out, err = call("plan", "-f", "@bad", bad=BAD)
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        'bad.yaml:7:79: spec.tasks[1].dependsOn[0]: unknown task "fetsh"; did you mean "fetch"?',
        'bad.yaml:7:87: spec.tasks[1].timeout: unknown field; did you mean "timeoutSeconds"?',
    ]


def test_a_cycle_is_named_with_its_place(call):
    code, _, err = call("plan", "-f", "@cycle", cycle=CYCLE)
    assert code == 1
    assert err.startswith("cycle.yaml:6:")
    assert "fetch" in err
    assert "report" in err


def test_mistakes_as_json(call):
    code, out, _ = call("plan", "-f", "@bad", "-o", "json", bad=BAD)
    document = json.loads(out)
    assert (code, document["valid"]) == (1, False)
    assert [(error["line"], error["path"]) for error in document["errors"]] == [
        (7, "spec.tasks[1].dependsOn[0]"),
        (7, "spec.tasks[1].timeout"),
    ]


def test_plan_as_json(call):
    code, out, _ = call("plan", "-f", "@good", "-o", "json", good=GOOD)
    document = json.loads(out)
    assert code == 0
    assert [(entry["id"], entry["dependsOn"]) for entry in document["subtasks"]] == [
        ("fetch", []),
        ("report", ["fetch"]),
    ]


def test_several_plans_as_json(call):
    other = GOOD.replace("name: release", "name: other")
    _, out, _ = call("plan", "-f", "@good", "-o", "json", good=f"{GOOD}---\n{other}")
    assert [plan["name"] for plan in json.loads(out)["plans"]] == ["release", "other"]


def test_plan_as_explicit_tasks_plans_again(call):
    _, out, _ = call("plan", "-t", TEXT, "-o", "yaml")
    first = json.loads(call("plan", "-t", TEXT, "-o", "json")[1])
    again = json.loads(call("plan", "-f", "@explicit", "-o", "json", explicit=out)[1])
    assert [(s["id"], s["agentType"], s["dependsOn"]) for s in again["subtasks"]] == [
        (s["id"], s["agentType"], s["dependsOn"]) for s in first["subtasks"]
    ]


def test_own_agent_types_and_providers_in_the_file(call):
    own = """---
apiVersion: taskdist.dev/v1alpha1
kind: AgentType
metadata: {name: data}
spec: {specialization: data, resources: {cpu: "2", memory: 3Gi}}
---
apiVersion: taskdist.dev/v1alpha1
kind: Provider
metadata: {name: cellar}
spec: {prices: {cpuHourUSD: "0.01", memoryGiBHourUSD: "0.001"}}
"""
    document = json.loads(call("plan", "-f", "@own", "-o", "json", own=GOOD + own)[1])
    assert {subtask["provider"] for subtask in document["subtasks"]} == {"cellar"}
    assert document["subtasks"][0]["resources"]["cpu"] != document["subtasks"][1]["resources"]["cpu"]


def test_detailed_exitcode_tells_changes(call, tmp_path):
    out = str(tmp_path / "plan.json")
    assert call("plan", "-f", "@good", "--out", out, "--detailed-exitcode", good=GOOD)[0] == 2
    assert call("plan", "-f", "@good", "--out", out, "--detailed-exitcode", good=GOOD)[0] == 0
    assert call("plan", "-f", "@good", "--detailed-exitcode", good=GOOD)[0] == 2
    changed = GOOD.replace("dependsOn: [fetch]", "")
    assert call("plan", "-f", "@good", "--out", out, "--detailed-exitcode", good=changed)[0] == 2


def test_a_solver_may_be_asked_for(call):
    code, out, err = call("plan", "-f", "@good", "--optimize", "0.2", good=GOOD)
    assert (code, err) == (0, "")
    assert "no schedule can be shorter" in out
    assert call("plan", "-f", "@good", "--optimize", "-1", good=GOOD)[0] == 1


def test_who_waits_for_whom_is_shown(call):
    locked = GOOD.replace("dependsOn: [fetch]", "locks: [db]").replace("agentType: data,", "locks: [db],")
    out = call("plan", "-f", "@locked", locked=locked)[1]
    assert "Waits for what others change" in out
    waits = json.loads(call("plan", "-f", "@locked", "-o", "json", locked=locked)[1])["waits"]
    assert [(w["lock"], w["inferred"]) for w in waits] == [("db", False)]


def test_a_long_plan_folds_what_is_planned_alike(call):
    each = ", ".join(f"i{i}" for i in range(300))
    many = GOOD.replace(
        "script: echo}\n    - {name: report", f"script: echo $(item), forEach: [{each}]}}\n    - {{name: report"
    )
    out = call("plan", "-f", "@many", many=many)[1]
    assert "fetch-0 … 299" in out
    assert "fetch-0 … 299\n" in out
    assert "Plan: 301 subtasks" in out
    assert len(out.splitlines()) < 60


def test_diff_of_two_files(call, tmp_path):
    old, new = str(tmp_path / "old.json"), str(tmp_path / "new.json")
    call("plan", "-f", "@good", "--out", old, good=GOOD)
    extra = "    - {name: publish, description: Deploy it, script: echo, dependsOn: [report]}\n"
    call("plan", "-f", "@good", "--out", new, good=GOOD.replace("agentType: data", "agentType: analysis") + extra)
    code, out, _ = call("plan", "diff", old, new, "--detailed-exitcode")
    assert code == 2
    assert "  + publish  " in out
    assert "  ~ fetch  agent data → analysis" in out
    assert "Plan: 1 to add, " in out
    document = json.loads(call("plan", "diff", old, new, "-o", "json")[1])
    assert document["added"] == ["publish"]
    assert call("plan", "diff", old, old, "--detailed-exitcode")[:2] == (
        0,
        f"No changes. Both plans run the same ({document['old']['hash'][:8]}).\n",
    )


def test_diff_with_something_else(call, tmp_path):
    (tmp_path / "x.json").write_text('{"a": 1}')
    (tmp_path / "y.json").write_text("nothing")
    known = 'taskdist: x.json: not a plan document: no formatVersion; "1" is known here\n'
    assert call("plan", "diff", str(tmp_path / "x.json"), str(tmp_path / "x.json")) == (1, "", known)
    assert "y.json: not JSON" in call("plan", "diff", str(tmp_path / "y.json"), str(tmp_path / "x.json"))[2]


# --- lint, graph, explain, generate ------------------------------------------------------------------------------------


def test_lint(call):
    code, out, err = call(
        "lint", "-f", "@bad", "-f", "@good", bad=BAD, good=GOOD.replace("name: release", "name: other")
    )
    assert code == 1
    assert 'bad.yaml:7:79: spec.tasks[1].dependsOn[0]: unknown task "fetsh"; did you mean "fetch"?\n' in out.replace(
        str(Path.cwd()), ""
    )
    assert err.startswith("2 objects checked, 2 mistakes")


def test_lint_without_mistakes(call):
    code, out, err = call("lint", "-f", "@good", good=GOOD)
    assert (code, "mistake" in err) == (0, False)
    assert all(": info: " in line or ": warning: " in line for line in out.splitlines())


def test_lint_can_be_strict(call):
    short = GOOD.replace("agentType: data,", "agentType: data, timeoutSeconds: 1,")
    assert call("lint", "-f", "@good", good=short)[0] == 0
    assert call("lint", "-f", "@good", "--strict", good=short)[0] == 1


def test_lint_as_json(call):
    document = json.loads(call("lint", "-f", "@bad", "-o", "json", bad=BAD)[1])
    assert document["valid"] is False
    assert [error["column"] for error in document["errors"]] == [79, 87]


def test_what_is_not_ours_is_passed_over(call):
    code, _, err = call(
        "lint", "-f", "@good", good=f"{GOOD}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\n"
    )
    assert code == 0
    assert 'good.yaml:8:1: ConfigMap "x" is not of this program; passed over\n' in err.replace(
        "good.yaml:9", "good.yaml:8"
    )


def test_a_folder_means_the_manifests_in_it(call, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.yaml").write_text(GOOD)
    (tmp_path / "more" / "notes.txt").write_text("no manifest")
    assert call("lint", "-f", str(tmp_path / "more"))[0] == 0
    (tmp_path / "more" / "a.yaml").unlink()
    assert "no manifest in" in call("lint", "-f", str(tmp_path / "more"))[2]


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("text", "    fetch ── report\n"),
        ("mermaid", "flowchart LR\n"),
        ("dot", 'digraph "release" {\n'),
        ("svg", "<svg "),
        ("json", "{\n"),
    ],
)
def test_graph(call, form, start):
    code, out, _ = call("graph", "-f", "@good", "-o", form, good=GOOD)
    assert code == 0
    assert out.startswith(start)


def test_explain(call):
    code, out, _ = call("explain", "-f", "@good", "report", good=GOOD)
    assert code == 0
    assert out.startswith("report  Write the report\n")
    assert "  after        fetch, declared\n" in out
    assert (
        'there is no subtask "repotr" in release; did you mean "report"?'
        in call("explain", "-f", "@good", "repotr", good=GOOD)[2]
    )
    assert (
        json.loads(call("explain", "-f", "@good", "fetch", "-o", "json", good=GOOD)[1])["subtasks"][0]["id"] == "fetch"
    )


def test_explain_tells_the_words_of_an_inferred_edge(call):
    text = GOOD.partition("spec:")[0] + f"spec: {{description: {json.dumps(TEXT)}}}\n"
    out = call("explain", "-f", "@text", text=text)[1]
    assert 'inferred from "then", confidence ' in out


def test_generated_files_can_be_checked(call, tmp_path):
    folder = tmp_path / "crds"
    assert call("generate", "crds", "--out", str(folder))[0] == 0
    assert call("generate", "crds", "--out", str(folder), "--check") == (0, "", "")
    changed = min(folder.iterdir())
    changed.write_text("changed")
    code, _, err = call("generate", "crds", "--out", str(folder), "--check")
    assert (code, err) == (1, f"crds/{changed.name}: out of date; run make generate\n")


def test_shipped_agent_types_are_printed(call):
    assert call("generate", "agent-types")[1].count("kind: AgentType") == 10


def test_the_reference_names_every_command(call):
    _, out, _ = call("generate", "reference")
    assert all(f"## taskdist {name}\n" in out for name in COMMANDS)
    assert "### taskdist plan diff\n" in out


# --- as a process ------------------------------------------------------------------------------------------------------


def process(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from taskdist.cli.app import main; main()", *arguments]
    env = {**os.environ, **variables}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)


def test_a_pipe_gets_no_colour_unless_it_is_forced():
    plain = process("plan", "-t", TEXT)
    forced = process("plan", "-t", TEXT, FORCE_COLOR="1")
    refused = process("plan", "-t", TEXT, FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b" not in plain.stdout
    assert "\x1b" in forced.stdout
    assert refused.stdout == plain.stdout


def test_a_reader_that_leaves_early_gets_no_complaint():
    with subprocess.Popen(
        [sys.executable, "-c", "from taskdist.cli.app import main; main()", "generate", "crds"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        started.stdout.readline()
        started.stdout.close()
        assert started.stderr.read() == ""


def test_planning_loads_nothing_that_only_clusters_need():
    heavy = ("kubernetes", "kopf", "aiohttp", "asyncio", "rich.console", "ortools", "taskdist.cluster")
    code = "import sys; from taskdist.cli.app import run; run(['plan', '-t', 'Analyze the logs'])"
    code += f"; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_plan_of_explicit_tasks_does_not_load_the_splitter():
    code = "import sys; from taskdist.cli.app import run; run(['plan', '-f', 'manifests/samples/oom.yaml'])"
    code += "; print('taskdist.engine.text.splitter' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "False"
