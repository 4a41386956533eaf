"""Puts upstream results where ``$(tasks.NAME.results.KEY)`` stands, without ever letting them become code.

Results come from other agents and are untrusted. So:

- in ``args`` and in the values of ``env`` the text itself is put in: one argument stays one argument;
- in a shell script the placeholder becomes a reference to an environment variable, which the shell expands but never
  parses again; quoting works as it does for the command substitution that a placeholder looks like;
- in a script of another language, in ``command``, and in an argument that an interpreter runs as code (``sh -c TEXT``)
  it is refused, with the way to do it instead.

``$(item)`` stands for the item of a ``forEach``; ``$$(…)`` is the way to write either one literally.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from taskdist.agent.contract import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskdist.agent.contract import Task

_PLACEHOLDER: Final = re.compile(r"(\$?)\$\((?:tasks\.(?P<rest>[^()\s]*)|(?P<item>item))\)")
_REFERENCE: Final = re.compile(r"(?P<task>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.results\.(?P<key>[^.]+(?:\.[^.]+)*)")
_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"})
_INTERPRETER: Final = re.compile(
    r"(?:ba|da|a|k|mk|z|fi|c|tc)?sh|busybox|python[0-9.]*|pypy[0-9.]*|perl[0-9.]*|ruby[0-9.]*|node|nodejs|deno|bun|php[0-9.]*"
    r"|lua[0-9.]*|R|Rscript|[gmn]?awk|sed|eval|ssh|xargs|su"
)
_CODE_FIRST: Final = frozenset({"awk", "gawk", "mawk", "nawk", "sed", "ssh", "eval", "xargs"})
"""Interpreters whose first plain argument is code without any option."""
_CODE_OPTION: Final = re.compile(r"-[A-Za-z]*[ceEpr]|--(?:eval|command|print|expression)")
_CODE_INSIDE: Final = re.compile(r"-[A-Za-z]*[ceEpr].|--(?:eval|command|print|expression)=")
"""Options that hold the code themselves: ``-cTEXT``, ``--eval=TEXT``."""
_UNPASSABLE: Final = re.compile("[\0\ud800-\udfff]")


class MissingResultError(Exception):
    """A placeholder names a result that is not there."""


class PlaceholderError(Exception):
    """A placeholder is malformed, or stands where a result would become code."""


class Results:
    """The results that a task was given, found by the dotted path of a placeholder."""

    def __init__(self, task: Task) -> None:
        self._inputs = dict(task.inputs)
        self._groups = dict(task.groups)
        self._omitted = frozenset(task.inputs_omitted)
        self._item = task.item

    def text(self, match: re.Match[str], where: str) -> str:
        """What the placeholder stands for: text as it is, anything else as compact JSON."""
        if match["item"]:
            if self._item is None:
                raise MissingResultError(f"{where}: {match[0]}: this task has no forEach")
            return self._item
        reference = _REFERENCE.fullmatch(match["rest"])
        if not reference:
            raise PlaceholderError(f"{where}: {match[0]} is malformed; write $(tasks.NAME.results.KEY)")
        name, path = reference["task"], reference["key"].split(".")
        if name in self._groups and name not in self._inputs:
            # A fan-out: the results of all its subtasks, as one JSON list. Each is the text that it would be by itself.
            return as_text([self._walk(member, path, f"{where}: {match[0]}") for member in self._groups[name]])
        return self._walk(name, path, f"{where}: {match[0]}")

    def _walk(self, name: str, path: list[str], where: str) -> str:
        if name in self._omitted:
            raise MissingResultError(
                f'{where}: the results of "{name}" were too large to be handed on; make them smaller'
            )
        if name not in self._inputs:
            known = ", ".join(sorted(self._inputs)) or "none"
            raise MissingResultError(f'{where}: there are no results of "{name}"; given: {known}')
        results = self._inputs[name]
        if path[0] not in results:
            known = ", ".join(sorted(results)[:20]) or "none"
            raise MissingResultError(f'{where}: "{name}" gave no result "{path[0]}"; it gave: {known}')
        if len(path) == 1:
            return results[path[0]]
        value = _parsed(results[path[0]])
        for depth, key in enumerate(path[1:], start=2):
            if isinstance(value, dict) and key in value:
                value = value[key]
            elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
                value = value[int(key)]
            else:
                raise MissingResultError(f'{where}: the results of "{name}" hold no "{".".join(path[:depth])}"')
        text = as_text(value)
        if _UNPASSABLE.search(text):
            raise PlaceholderError(
                f"{where}: the result holds a NUL character or half a surrogate pair, which no program can be given"
            )
        return text


def fill(text: str, results: Results, where: str) -> str:
    """``text`` with its placeholders replaced by what they stand for; for text that is data, never code."""
    return _replace(text, lambda match: results.text(match, where))


def fill_shell(script: str, results: Results) -> tuple[str, dict[str, str]]:
    """A shell script with references to variables in place of placeholders, and those variables."""
    names: dict[str, str] = {}
    variables: dict[str, str] = {}

    def reference(match: re.Match[str]) -> str:
        if match[0] not in names:
            name = base = _variable(match)
            count = 1
            while name in variables:
                count += 1
                name = f"{base}_{count}"
            names[match[0]] = name
            variables[name] = results.text(match, "script")
        return f"${{{names[match[0]]}}}"

    return _replace(script, reference), variables


def fill_arguments(task: Task, results: Results, program: tuple[str, ...]) -> tuple[str, ...]:
    """The task's ``args`` with their placeholders replaced.

    ``program`` is what stands before them on the command line; it decides which of them are code.
    """
    for i, word in enumerate(task.command):
        if _holds(word):
            raise PlaceholderError(
                f"command[{i}]: a result cannot choose what runs; put the placeholder into args, env or script"
            )
    line = [*program, *task.args]
    code = _code_positions(line)
    for i, word in enumerate(task.args):
        if len(program) + i in code and _holds(word):
            raise PlaceholderError(
                f"args[{i}]: {line[0]!r} would run the result as code; "
                "use script, or pass the result as a further argument or in env"
            )
    return tuple(fill(word, results, f"args[{i}]") for i, word in enumerate(task.args))


def literal(script: str, interpreter: str) -> str:
    """A script that no shell runs; only ``$$(…)`` in it is undone.

    Raises:
        PlaceholderError: it holds a placeholder, which could only be put in as code.
    """
    for match in _PLACEHOLDER.finditer(script):
        if not match[1]:
            raise PlaceholderError(
                f"script: {match[0]} works in shell scripts only, this one is for {interpreter}; put it into env "
                "and read the variable, or read the file in $TASKDIST_INPUTS"
            )
    return _replace(script, lambda match: match[0])


def is_shell(program: str) -> bool:
    """True if the program of that path is a shell in which ``${NAME}`` is a variable."""
    return program.rpartition("/")[2] in _SHELLS


def _replace(text: str, value: Callable[[re.Match[str]], str]) -> str:
    return _PLACEHOLDER.sub(lambda match: match[0][1:] if match[1] else value(match), text)


def _holds(text: str) -> bool:
    return any(not match[1] for match in _PLACEHOLDER.finditer(text))


def _variable(match: re.Match[str]) -> str:
    if match["item"]:
        return "TASKDIST_RESULT_ITEM"
    readable = re.sub(r"[^A-Z0-9]+", "_", match["rest"].replace(".results.", ".", 1).upper()).strip("_")
    return f"TASKDIST_RESULT_{readable[:100]}"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _code_positions(line: list[str]) -> set[int]:
    """Positions on a command line whose text an interpreter runs, as far as well-known interpreters go."""
    positions: set[int] = set()
    interpreter = expects_code = False
    for i, word in enumerate(line):
        name = word.rpartition("/")[2]
        if _INTERPRETER.fullmatch(name):
            interpreter, expects_code = True, name in _CODE_FIRST
        elif not interpreter:
            continue
        elif word.startswith("-") and len(word) > 1:
            expects_code = expects_code or _CODE_OPTION.fullmatch(word) is not None
            if _CODE_INSIDE.match(word):
                positions.add(i)
        elif expects_code:
            positions.add(i)
            interpreter = expects_code = False
        else:
            # After an option this may be the option's value, and an option with code may follow.
            interpreter = line[i - 1].startswith("-")
    return positions
