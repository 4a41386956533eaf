"""What an API server would refuse in an object: types and bounds, unknown fields, repeated items, CEL rules.

Everything comes from the wire types themselves: nothing is declared a second time. An object is checked whole; each
mistake carries the path of its field as a tuple of keys and indexes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from taskdist.api import scalars
from taskdist.api.cel import Rule
from taskdist.api.common import Model, ObjectMeta
from taskdist.engine.suggest import did_you_mean
from taskdist.planning.cel import CelError, compile_rule

Path = tuple[str | int, ...]

KUBERNETES_METADATA: Final = frozenset({
    "annotations", "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generateName",
    "generation", "labels", "managedFields", "name", "namespace", "ownerReferences", "resourceVersion", "selfLink",
    "uid",
})  # fmt: skip
"""The fields of ``metav1.ObjectMeta``: our own type knows only those that are read."""

_LABEL_WORDS: Final = "must consist of lower-case letters, digits and -, and begin and end with a letter or digit"
SUBDOMAIN_WORDS: Final = "must consist of lower-case letters, digits, - and ., and begin and end with a letter or digit"
_PATTERNS: Final[Mapping[str, str]] = {
    scalars.LABEL_PATTERN: _LABEL_WORDS,
    f"^({scalars.LABEL_PATTERN[1:-1]})?$": _LABEL_WORDS,
    scalars.SUBDOMAIN_PATTERN: SUBDOMAIN_WORDS,
    f"^({scalars.SUBDOMAIN_PATTERN[1:-1]})?$": SUBDOMAIN_WORDS,
    scalars.DECIMAL_PATTERN: 'must be a non-negative decimal number in quotes, such as "0.50"',
    scalars.RATIO_PATTERN: 'must be a decimal number from 0 to 1 in quotes, such as "0.5"',
    scalars.CPU_PATTERN: "must be a CPU quantity, such as 500m or 2",
    scalars.MEMORY_PATTERN: "must be a memory quantity, such as 512Mi or 2Gi",
    scalars.VARIABLE_PATTERN: "must consist of letters, digits and _, and not begin with a digit",
}
"""What a pattern asks for, in words."""

_LONGEST_QUOTE: Final = 40
_NAME: Final = "metadata.name "


@dataclass(frozen=True, slots=True)
class FieldMistake:
    """Something wrong with one field of an object."""

    path: Path
    message: str


def check(model: type[Model], data: Mapping[str, Any]) -> list[FieldMistake]:
    """Return all that is wrong with an object, in the order of its fields as far as they can be walked.

    ``status`` is not looked at: the operator writes it, and whoever feeds an object back from ``kubectl get -o yaml``
    may keep it.
    """
    written = {key: value for key, value in data.items() if key != "status"}
    found = list(_structure(model, written, ()))
    try:
        model.model_validate(written)
    except ValidationError as error:
        found += [_told(problem) for problem in error.errors(include_url=False)]
    broken = {mistake.path for mistake in found}
    # A rule on a value of the wrong type would only say the same again in other words.
    found += [broken_rule for broken_rule in _rules(model, written, ()) if broken_rule.path not in broken]
    return list({(mistake.path, mistake.message): mistake for mistake in found}.values())


def repaired(model: type[Model], data: Mapping[str, Any]) -> Model | None:
    """Return the object without the fields that are wrong, or None if too little is left.

    So that what only the planner finds (an unknown dependency, a cycle) is told together with a misspelt field.
    Indexes stay as they are. A task whose name cannot be used keeps its place under a stand-in, in the lists of its
    dependents too.
    """
    copy = _copied({key: value for key, value in data.items() if key != "status"})
    for _ in range(4):  # what is under a removed field may show only after its neighbour was removed
        try:
            return model.model_validate(copy)
        except ValidationError as error:
            wrong = [problem["loc"] for problem in error.errors(include_url=False, include_input=False)]
            # Names first: a dependency on a task whose name is wrong is right again under the stand-in.
            names = [location for location in wrong if _names_task(location)]
            if not all(_remove(copy, location) for location in names or wrong):
                return None
    return None


def _names_task(location: Path) -> bool:
    return len(location) == 4 and location[:2] == ("spec", "tasks") and location[3] == "name"


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _remove(data: dict[str, Any], location: Path) -> bool:
    """Take the field at ``location`` away, or the nearest one around it that may be missing. False: nothing may."""
    if _names_task(location):
        return _rename(data, int(location[2]))
    if _at(data, location[:-1]) is None:
        return True  # gone with what was around it
    for end in range(len(location), 1, -1):
        if isinstance(location[end - 1], str) and location[end - 1] not in {"name", "tasks"}:
            owner = _at(data, location[: end - 1])
            if isinstance(owner, dict) and owner.pop(location[end - 1], None) is not None:
                return True
    return False


def _rename(data: dict[str, Any], index: int) -> bool:
    tasks = data["spec"]["tasks"]
    old = tasks[index].get("name")
    stand_in = f"unnamed-{index}"
    tasks[index]["name"] = stand_in
    for task in tasks:
        if isinstance(task, dict) and isinstance(names := task.get("dependsOn"), list):
            task["dependsOn"] = [stand_in if name == old else name for name in names]
    return True


def _at(data: Any, path: Path) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


# --- unknown fields and repeated items -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shape:
    """What stands below a field: a model (itself, in a list or in a mapping), and what makes list items unique.

    ``rules`` are those on the field's own value: pairs of CEL and what is said where it does not hold.
    """

    model: type[Model] | None = None
    container: str = ""
    list_type: str = ""
    unique_by: str = ""
    rules: tuple[tuple[str, str], ...] = ()


@cache
def _shapes(model: type[Model]) -> dict[str, _Shape]:
    return {info.alias or name: _shape(info) for name, info in model.model_fields.items()}


def _shape(info: FieldInfo) -> _Shape:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    inner, container = _unwrapped(info.annotation)
    keys = extra.get("x-kubernetes-list-map-keys")
    return _Shape(
        model=inner,
        container=container,
        list_type=str(extra.get("x-kubernetes-list-type", "")),
        unique_by=str(keys[0]) if isinstance(keys, list) and keys else "",
        rules=tuple(_value_rules(info)),
    )


def _value_rules(info: FieldInfo) -> Iterator[tuple[str, str]]:
    """The CEL rules of a scalar; where it may be left out, they stand inside ``Annotated[…] | None``."""
    inner = (found for part in get_args(info.annotation) for found in getattr(part, "__metadata__", ()))
    for one in (info, *inner):
        extra = getattr(one, "json_schema_extra", None)
        rules = extra.get("x-kubernetes-validations", ()) if isinstance(extra, dict) else ()
        yield from ((str(rule["rule"]), str(rule["message"])) for rule in rules)


def _unwrapped(annotation: Any) -> tuple[type[Model] | None, str]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation, ""
    origin = get_origin(annotation)
    for argument in get_args(annotation):
        if (inner := _unwrapped(argument)[0]) is not None:
            return inner, {tuple: "list", dict: "mapping"}.get(origin, _unwrapped(argument)[1]) if origin else ""
    return None, {tuple: "list", dict: "mapping"}.get(origin, "") if origin else ""


def _structure(model: type[Model], data: Any, path: Path) -> Iterator[FieldMistake]:
    if not isinstance(data, Mapping):
        return
    shapes = _shapes(model)
    known = KUBERNETES_METADATA if model is ObjectMeta else frozenset(shapes)
    for key, value in data.items():
        if key not in known:
            yield FieldMistake((*path, key), f"unknown field{_guess(key, known)}")
        elif key in shapes:
            yield from _below(shapes[key], value, (*path, key))


def _guess(key: str, known: frozenset[str]) -> str:
    """Guess from the letters, or from the one field that begins so: ``timeout`` for ``timeoutSeconds``."""
    longer = [name for name in known if len(key) > 2 and name.lower().startswith(key.lower())]
    return did_you_mean(key, known) or (f'; did you mean "{longer[0]}"?' if len(longer) == 1 else "")


def _below(shape: _Shape, value: Any, path: Path) -> Iterator[FieldMistake]:
    if isinstance(value, list) and shape.list_type in {"map", "set"}:
        yield from _repeated(value, shape.unique_by, path)
    if shape.model is not None:
        for inner_path, inner in _inner(shape.container, value, path):
            yield from _structure(shape.model, inner, inner_path)


def _inner(container: str, value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if container == "list":
        if isinstance(value, list):
            yield from (((*path, index), item) for index, item in enumerate(value))
    elif container == "mapping":
        if isinstance(value, Mapping):
            yield from (((*path, key), item) for key, item in value.items())
    else:
        yield path, value


def _repeated(items: list[Any], key: str, path: Path) -> Iterator[FieldMistake]:
    first: dict[object, int] = {}
    for index, item in enumerate(items):
        value = item.get(key) if key and isinstance(item, Mapping) else item
        if not isinstance(value, str | int):
            continue
        if value in first:
            place = (*path, index, key) if key else (*path, index)
            again = path_text((*path, first[value]))
            yield FieldMistake(place, f"{quoted(value)} is given twice; {again} has it already")
        first.setdefault(value, index)


# --- CEL rules ---------------------------------------------------------------------------------------------------------


def _rules(model: type[Model], data: Any, path: Path) -> Iterator[FieldMistake]:
    if not isinstance(data, Mapping):
        return
    for rule in model.cel:
        if "oldSelf" not in rule.rule and not _holds(rule.rule, data):
            yield _broken(rule, path)
    for key, shape in _shapes(model).items():
        if shape.rules and data.get(key) is not None:
            yield from (FieldMistake((*path, key), said) for rule, said in shape.rules if not _holds(rule, data[key]))
        if shape.model is not None and key in data:
            for inner_path, inner in _inner(shape.container, data[key], (*path, key)):
                yield from _rules(shape.model, inner, inner_path)


def _broken(rule: Rule, path: Path) -> FieldMistake:
    # A rule on an object's own name has to stand on the whole object; only its message can say what it is about.
    if not rule.field and not path and rule.message.startswith(_NAME):
        return FieldMistake(("metadata", "name"), rule.message.removeprefix(_NAME))
    return FieldMistake((*path, *(part for part in rule.field.split(".") if part)), rule.message)


def _holds(rule: str, data: Any) -> bool:
    try:
        return compile_rule(rule)(data)
    except CelError:
        return True


# --- pydantic's errors in our words ------------------------------------------------------------------------------------


def _told(problem: Any) -> FieldMistake:
    location: Path = tuple(problem["loc"])
    teller = _TELLERS.get(problem["type"])
    context = problem.get("ctx", {})
    message = teller(context, problem.get("input")) if teller else f"{problem['msg'][:1].lower()}{problem['msg'][1:]}"
    return FieldMistake(location, message)


def _choice(context: Mapping[str, Any], value: object) -> str:
    names = [part.strip("'") for part in str(context["expected"]).replace(" or ", ", ").split(", ")]
    guess = did_you_mean(value, names) if isinstance(value, str) else ""
    return f"must be {_one_of(names)}, not {'nothing' if value is None else quoted(value)}{guess}"


def _pattern(context: Mapping[str, Any], value: object) -> str:
    words = _PATTERNS.get(str(context["pattern"]), f"must match {context['pattern']}")
    return f"{words}, not {quoted(value)}"


def _too_short(context: Mapping[str, Any], _value: object) -> str:
    least = context["min_length"]
    return "must not be empty" if least == 1 else f"must have at least {least} characters"


def _too_many(context: Mapping[str, Any], _value: object) -> str:
    return f"has {context['actual_length']:,} items; at most {context['max_length']:,} are allowed"


_TELLERS: Final[Mapping[str, Callable[[Mapping[str, Any], Any], str]]] = {
    "missing": lambda _c, _v: "required field is missing",
    "string_type": lambda _c, v: f"must be text, not {kind_of(v)}{_quotes_hint(v)}",
    "int_type": lambda _c, v: f"must be a whole number, not {kind_of(v)}",
    "int_from_float": lambda _c, v: f"must be a whole number, not {v}",
    "bool_type": lambda _c, v: f"must be true or false, not {kind_of(v)}",
    "tuple_type": lambda _c, v: f"must be a list, not {kind_of(v)}",
    "dict_type": lambda _c, v: f"must be a mapping, not {kind_of(v)}",
    "model_type": lambda _c, v: f"must be a mapping, not {kind_of(v)}",
    "model_attributes_type": lambda _c, v: f"must be a mapping, not {kind_of(v)}",
    "enum": _choice,
    "literal_error": _choice,
    "string_pattern_mismatch": _pattern,
    "string_too_long": lambda c, v: f"has {len(v):,} characters; at most {c['max_length']:,} are allowed",
    "string_too_short": _too_short,
    "too_long": _too_many,
    "greater_than_equal": lambda c, v: f"must be at least {c['ge']:,}, not {v}",
    "less_than_equal": lambda c, v: f"must be at most {c['le']:,}, not {v}",
}


def _quotes_hint(value: object) -> str:
    if isinstance(value, bool):
        return "; YAML reads yes, no, on and off as true and false, so put it in quotes"
    return "; put it in quotes" if isinstance(value, int | float) else ""


def kind_of(value: object) -> str:
    """Name what a value is, as a person who writes YAML would."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    return "a list" if isinstance(value, list | tuple) else "a mapping"


def quoted(value: object) -> str:
    """Return a value in quotes, shortened, with what could play tricks on a terminal escaped."""
    text = str(value)
    text = text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 1]}…"
    return '"' + "".join(c if c.isprintable() and c != '"' else c.encode("unicode_escape").decode() for c in text) + '"'


def _one_of(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def path_text(path: Path) -> str:
    """Write a path as users read it: ``spec.tasks[2].dependsOn[0]``; odd keys in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and all(c.isalnum() or c in "_-" for c in part):
            text += f".{part}" if text else part
        else:
            text += f"[{quoted(part)}]"
    return text
