from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from taskdist.planning import yaml_nodes
from taskdist.planning.manifest import Manifests, read, steps

HEAD = "apiVersion: taskdist.dev/v1alpha1\nkind: TaskDistribution\nmetadata: {name: release}\n"


def manifest(spec: str, head: str = HEAD) -> Manifests:
    return read([("m.yaml", f"{head}spec:\n{spec}")])


def told(manifests: Manifests) -> list[str]:
    return [str(mistake) for mistake in manifests.mistakes]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            "  description: x\n  stratgy: Balanced\n",
            ['m.yaml:6:3: spec.stratgy: unknown field; did you mean "strategy"?'],
            id="unknown field",
        ),
        pytest.param(
            "  description: x\n  strategy: balancd\n",
            [
                (
                    "m.yaml:6:3: spec.strategy: must be Sequential, Parallel, Balanced, CostOptimized or Deadline, "
                    'not "balancd"; did you mean "Balanced"?'
                )
            ],
            id="unknown choice",
        ),
        pytest.param(
            "  tasks:\n    - {name: a, script: x, command: [y]}\n",
            ["m.yaml:6:17: spec.tasks[0].script: script and command exclude each other; give one of them"],
            id="a CEL rule",
        ),
        pytest.param(
            "  tasks:\n    - {name: a, script: x, resources: {memory: 2P, cpu: 1000000001m}}\n",
            [
                "m.yaml:6:40: spec.tasks[0].resources.memory: must be a memory quantity from 0 to 1Pi bytes, such as 512Mi or 2Gi",
                "m.yaml:6:52: spec.tasks[0].resources.cpu: must be a CPU quantity from 0 to 1000000 cores, such as 500m or 2",
            ],
            id="a bound of a quantity, which only a CEL rule holds",
        ),
        pytest.param(
            "  tasks:\n    - {name: a}\n    - {name: b, dependsOn: [a, a]}\n",
            ['m.yaml:7:32: spec.tasks[1].dependsOn[1]: "a" is given twice; spec.tasks[1].dependsOn[0] has it already'],
            id="an item twice in a set",
        ),
        pytest.param(
            "  tasks:\n    - {name: a}\n    - name: a\n",
            ['m.yaml:7:7: spec.tasks[1].name: "a" is given twice; spec.tasks[0] has it already'],
            id="a name twice",
        ),
        pytest.param(
            "  tasks:\n    - name: on\n",
            [
                (
                    "m.yaml:6:7: spec.tasks[0].name: must be text, not true; "
                    "YAML reads yes, no, on and off as true and false, so put it in quotes"
                )
            ],
            id="what YAML reads as true",
        ),
        pytest.param(
            "  tasks:\n    - name: Bad Name\n",
            [
                (
                    "m.yaml:6:7: spec.tasks[0].name: must consist of lower-case letters, digits and -, "
                    'and begin and end with a letter or digit, not "Bad Name"'
                )
            ],
            id="no DNS label",
        ),
        pytest.param(
            "  tasks:\n    - name: a\n      resources: {cpu: -1}\n",
            ['m.yaml:7:19: spec.tasks[0].resources.cpu: must be a CPU quantity, such as 500m or 2, not "-1"'],
            id="negative CPU",
        ),
        pytest.param(
            "  description: x\n  limits: {budgetUSD: 0.5}\n",
            ["m.yaml:6:12: spec.limits.budgetUSD: must be text, not the number 0.5; put it in quotes"],
            id="money without quotes",
        ),
        pytest.param(
            "  description: x\n  limits: {maxParallel: 0}\n",
            ["m.yaml:6:12: spec.limits.maxParallel: must be at least 1, not 0"],
            id="out of bounds",
        ),
        pytest.param(
            "  {}\n", ["m.yaml:4:1: spec.description: nothing to do: give a description or tasks"], id="nothing to do"
        ),
        pytest.param(
            "  description: x\n  tasks: {a: b}\n",
            ["m.yaml:6:3: spec.tasks: must be a list, not a mapping"],
            id="wrong kind",
        ),
        pytest.param(
            "  description: x\n  description: y\n",
            ['m.yaml:6:3: "description" is given twice; the first is on line 5'],
            id="a key twice",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(spec, expected):
    assert told(manifest(spec)) == expected


def test_all_mistakes_are_told_at_once_and_in_the_order_of_the_files():
    first = f"{HEAD}spec:\n  tasks:\n    - {{name: A, resourcs: {{}}}}\n    - {{description: no name}}\n"
    second = "apiVersion: taskdist.dev/v1\nkind: Provider\n---\n- 1\n"
    mistakes = told(read([("b.yaml", first), ("a.yaml", second)]))
    assert [mistake.split(" ")[0] for mistake in mistakes] == [
        "b.yaml:6:8:",
        "b.yaml:6:17:",
        "b.yaml:7:7:",
        "a.yaml:1:1:",
        "a.yaml:4:1:",
    ]


def test_objects_with_wrong_fields_are_kept_without_them_so_that_more_mistakes_can_be_found():
    found = manifest(
        "  strategy: Fast\n  tasks:\n    - {name: Load Data, complexity: 7}\n    - {name: b, dependsOn: [Load Data, c]}\n"
    )
    (loaded,) = found.distributions
    assert not loaded.whole
    assert [task.name for task in loaded.value.spec.tasks] == ["unnamed-0", "b"]
    assert loaded.value.spec.tasks[1].depends_on == ("unnamed-0", "c")


@pytest.mark.parametrize(
    ("name", "mistakes"),
    [
        pytest.param("{}", ["m.yaml:3:1: metadata.name: required field is missing"], id="no name"),
        pytest.param("{generateName: run-}", [], id="a generated name"),
        pytest.param("{name: Größe}", ["m.yaml:3:12: metadata.name: must consist of"], id="letters that no name has"),
        pytest.param(
            f"{{name: {'a' * 300}}}",
            ["m.yaml:3:12: metadata.name: must have at most 63 characters, because it becomes the value of a label"],
            id="300 characters",
        ),
    ],
)
def test_the_name_is_checked_as_the_api_server_does(name, mistakes):
    found = told(
        manifest("  description: x\n", f"apiVersion: taskdist.dev/v1alpha1\nkind: TaskDistribution\nmetadata: {name}\n")
    )
    assert [one[: len(start)] for one, start in zip(found, mistakes, strict=True)] == mistakes


def test_other_kinds_are_passed_over_with_a_note():
    found = read(
        [
            (
                "m.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\napiVersion: taskdist.dev/v1alpha1\nkind: SubTask\n",
            )
        ]
    )
    assert not found.mistakes
    assert [str(note) for note in found.notes] == [
        'm.yaml:1:1: ConfigMap "x" is not of this program; passed over',
        'm.yaml:5:1: SubTask "" is written by the operator; passed over',
    ]


def test_a_near_miss_of_our_group_is_a_mistake():
    found = read([("m.yaml", "apiVersion: taskdist.de/v1alpha1\nkind: TaskDistribution\n")])
    assert told(found) == ['m.yaml:1:1: apiVersion: must be taskdist.dev/v1alpha1, not "taskdist.de/v1alpha1"']


def test_an_unknown_kind_of_our_group_gets_a_suggestion():
    found = read([("m.yaml", "apiVersion: taskdist.dev/v1alpha1\nkind: TaskDistributions\n")])
    assert told(found) == ['m.yaml:2:1: kind: unknown kind "TaskDistributions"; did you mean "TaskDistribution"?']


def test_two_objects_of_one_name():
    text = f"{HEAD}spec: {{description: x}}\n"
    assert told(read([("a.yaml", text), ("b.yaml", text)])) == [
        'b.yaml:3:12: metadata.name: TaskDistribution "release" is given twice; the first is at a.yaml:1:1'
    ]


def test_a_list_as_kubectl_prints_it():
    text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: taskdist.dev/v1alpha1\n  kind: TaskDistribution\n"
    text += (
        "  metadata:\n    name: x\n    managedFields: []\n  spec:\n    description: y\n  status: {phase: Nonsense}\n"
    )
    found = read([("m.yaml", text)])
    assert not found.mistakes
    assert found.distributions[0].document.mark("spec.description").line == 10


def test_json_with_tabs_and_surrogate_pairs():
    text = '{\t"apiVersion": "taskdist.dev/v1alpha1",\n\t"kind":\t"TaskDistribution",\n"metadata": {"name": "x"},\n'
    text += '"spec": {"description": "ship \\ud83d\\ude80", "nope": 1}}'
    found = read([("m.json", text)])
    assert told(found) == ["m.json:4:35: spec.nope: unknown field"]
    assert found.distributions[0].value.spec.description == "ship 🚀"


def test_anchors_and_merge_keys():
    spec = "  tasks:\n    - &base {name: a, timeoutSeconds: 5, agentType: data}\n    - {<<: *base, name: b, timeoutSeconds: 6}\n"
    (loaded,) = manifest(spec).distributions
    assert [(task.name, task.timeout_seconds, task.agent_type) for task in loaded.value.spec.tasks] == [
        ("a", 5, "data"),
        ("b", 6, "data"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "a: b: c", "m.yaml:1:5: not valid YAML: mapping values are not allowed in this context", id="syntax"
        ),
        pytest.param(
            "a: \x00", "m.yaml:1:4: not valid YAML: the character U+0000 is not allowed", id="control character"
        ),
        pytest.param("a: &x [*x]", "m.yaml:1:8: the anchor &x contains itself", id="refers to itself"),
        pytest.param("a: *x", "m.yaml:1:4: not valid YAML: the anchor *x is not defined", id="unknown anchor"),
        pytest.param("[" * 60_000, "m.yaml:1:101: nested deeper than 100 levels", id="too deep"),
        pytest.param("{a: " * 60_000, "m.yaml:1:401: nested deeper than 100 levels", id="too deep, mappings"),
        pytest.param("5", "m.yaml:1:1: expected an object, found the number 5", id="no object"),
        pytest.param(
            "a: !!python/object:os.system x",
            "m.yaml:1:4: the tag tag:yaml.org,2002:python/object:os.system is not supported",
            id="tag",
        ),
        pytest.param("? [a]\n: b", "m.yaml:1:3: a key must be plain text", id="key"),
    ],
)
def test_what_cannot_be_read(text, expected):
    assert expected in told(read([("m.yaml", text)]))


def test_an_alias_bomb_is_refused_before_it_unfolds():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]"
        for before, after in zip("abcdefghijk", "bcdefghijkl", strict=True)
    ]
    (mistake,) = told(read([("m.yaml", "\n".join(lines))]))
    assert "unfolds to more than 1,000,000 values" in mistake


def test_a_merge_bomb_is_refused():
    fields = ", ".join(f"k{index}: [x, x, x, x, x, x, x, x, x, x]" for index in range(1000))
    text = f"a: &a {{{fields}}}\n" + "\n".join(f"b{index}: {{<<: *a}}" for index in range(1000))
    (mistake,) = told(read([("m.yaml", text)]))
    assert "unfolds to more than" in mistake


def test_a_long_text_is_refused(monkeypatch):
    monkeypatch.setattr(yaml_nodes, "MAX_CHARACTERS", 100)
    assert told(read([("m.yaml", "#" * 101)])) == ["m.yaml:1:1: the text has 101 characters; at most 100 are read"]


def test_ten_thousand_tasks_are_read_and_no_more():
    tasks = "".join(f"    - {{name: t{index}, dependsOn: [t{max(index - 1, 0)}x]}}\n" for index in range(10_000))
    assert told(manifest(f"  tasks:\n{tasks}")) == []
    found = manifest(f"  tasks:\n{tasks}    - {{name: more}}\n")
    assert told(found) == ["m.yaml:5:3: spec.tasks: has 10,001 items; at most 10,000 are allowed"]


SCALARS = [
    "",
    "~",
    "null",
    "true",
    "Off",
    "yes",
    "0",
    "-12",
    "0x1f",
    "017",
    "1_000",
    "1.5",
    "1e3",
    ".inf",
    "a",
    "a b",
    "0.",
    "+3",
]


@given(st.sampled_from(SCALARS))
def test_scalars_mean_what_pyyaml_makes_of_them(text):
    ours = yaml_nodes.parse(f"a: {text}")[0][0].data()["a"]
    theirs = yaml.safe_load(f"a: {text}")["a"]
    # 1e3 is text for PyYAML, and a number for YAML 1.2 and the API server.
    assert ours == theirs or (text == "1e3" and ours == 1000.0)


@pytest.mark.parametrize("text", ["2024-01-31", "12:30:45", "08x", "1.2.3", "0b", "=", "1__"])
def test_scalars_that_stay_text(text):
    assert isinstance(yaml_nodes.parse(f"a: {text}")[0][0].data()["a"], str | int)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    # PyYAML leaves 0E0 bare, which is a number for YAML 1.2 and the API server.
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8).filter(
        lambda text: not isinstance(yaml_nodes.plain(text), float)
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(values)
def test_data_survives_yaml_and_json(value):
    for text in (json.dumps({"x": value}), yaml.safe_dump({"x": value}, allow_unicode=True)):
        nodes, complaints = yaml_nodes.parse(text)
        assert nodes[0].data() == {"x": value}
        assert not complaints


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
@example("a: 0b")
@example("? ")
@example("- <<: [1]")
@example("<<: {a: 1}\n<<: 2")
@example("{a: !x b, !y c: d}")
@example("- &a\n- *a")
@example("%YAML 1.1\n---\n")
def test_any_text_is_read_or_refused_with_a_place(text):
    for mistake in read([("m", text)]).mistakes:
        assert mistake.mark.line >= 1
        assert mistake.mark.column >= 1


pieces = st.sampled_from(
    [
        "a: ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "&x ",
        "*x",
        "<<: ",
        "\n",
        "  ",
        "!!str ",
        "? ",
        ": ",
        "|\n  ",
        "'",
        '"',
        "# c\n",
        "---\n",
        "1",
        "on",
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(pieces, max_size=30).map("".join))
def test_pieces_of_yaml_are_read_or_refused(text):
    read([("m", text)])


objects = st.fixed_dictionaries(
    {
        "apiVersion": st.just("taskdist.dev/v1alpha1"),
        "kind": st.sampled_from(["TaskDistribution", "AgentType", "Provider"]),
    },
    optional={"metadata": values, "spec": values, "status": values},
)


@settings(max_examples=300, deadline=None)
@given(objects)
def test_objects_of_any_shape_are_checked_without_an_exception(one):
    read([("m", json.dumps(one))])


spec_fields = st.sampled_from(
    [
        "description",
        "tasks",
        "strategy",
        "splitter",
        "planning",
        "limits",
        "resourcePolicy",
        "retry",
        "placement",
        "suspend",
        "approvedPlanHash",
    ]
)
task_fields = st.sampled_from(
    ["name", "dependsOn", "script", "command", "env", "resources", "retry", "locks", "forEach", "complexity"]
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(spec_fields, values, max_size=5),
    st.lists(st.dictionaries(task_fields, values, max_size=5), max_size=3),
)
def test_real_fields_with_values_of_any_shape(spec, tasks):
    raw = {
        "apiVersion": "taskdist.dev/v1alpha1",
        "kind": "TaskDistribution",
        "metadata": {"name": "x"},
        "spec": {**spec, "tasks": tasks},
    }
    found = read([("m", json.dumps(raw, indent=1))])
    for mistake in found.mistakes:
        assert mistake.mark.line > 1


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec.tasks[2].dependsOn[0]", ("spec", "tasks", 2, "dependsOn", 0)),
        ("", ()),
        ('metadata.labels["a.b/c"]', ("metadata", "labels", "a.b/c")),
    ],
)
def test_paths_of_findings(path, expected):
    assert steps(path) == expected


def test_a_missing_field_stands_where_its_owner_does():
    document = manifest("  limits: {maxParallel: 2}\n  description: x\n").distributions[0].document
    assert str(document.mark("spec.limits.budgetUSD")) == "m.yaml:5:3"
    assert str(document.mark("spec.limits.maxParallel")) == "m.yaml:5:12"
    assert str(document.mark("spec.tasks[3].name")) == "m.yaml:4:1"
    assert str(document.mark("")) == "m.yaml:1:1"
