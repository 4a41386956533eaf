"""From a wire type to a structural OpenAPI v3 schema, as a CustomResourceDefinition holds it.

Pydantic's JSON Schema has the types and bounds. What it has not is added here: the descriptions, which are the
docstrings below the fields; OpenAPI defaults; CEL rules. What Kubernetes does not allow in a structural schema is
resolved: references, unions with null, constants, titles.
"""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any, Final, TypeAlias

from pydantic.fields import FieldInfo

from taskdist.api.common import Model

Schema: TypeAlias = dict[str, Any]

_KEPT: Final[tuple[str, ...]] = (
    "type", "format", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems",
    "minProperties", "maxProperties",
    "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-validations",
)  # fmt: skip
"""What is taken over from JSON Schema as it is."""


def structural(model: type[Model], *, internal: bool = False) -> Schema:
    """Return the structural schema of one kind; ``metadata`` is left to the API server.

    Of an ``internal`` kind, which only the operator writes, the rules about changes are kept and those about values left out: the
    server evaluates all of them at every write of a status, which costs it more than the write itself.
    """
    document = model.model_json_schema(by_alias=True)
    schema = _Inliner(document.get("$defs", {})).of_object(model, document)
    if internal:
        _keep_rules_about_changes(schema)
    properties = schema["properties"]
    properties["apiVersion"] = {"type": "string", "description": "Group and version of the object's schema."}
    properties["kind"] = {"type": "string", "description": "Kind of the object."}
    properties["metadata"] = {"type": "object"}
    return schema


class _Inliner:
    """Resolves the references of one JSON Schema document while it turns it into a structural schema."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self.definitions = definitions
        self.classes = {model.__name__: model for model in _subclasses(Model)}

    def of_object(self, model: type[Model], node: Schema, *, defaults: bool = True) -> Schema:
        """Return the schema of ``model``; without ``defaults`` where the API server must not fill anything in."""
        docs = attribute_docs(model)
        properties = {}
        for name, field in model.model_fields.items():
            wire = field.alias or name
            schema = self.of_node(node["properties"][wire], defaults=defaults and name != "status")
            if name in docs:
                schema["description"] = docs[name]
            if defaults and name != "status":
                schema |= _default(field, node["properties"][wire], schema)
            elif name == "status" and model.first_status:
                schema["default"] = dict(model.first_status)
            properties[wire] = schema
        schema = {"type": "object", "description": _text(model.__doc__), "properties": properties}
        if model.atomic:
            schema["x-kubernetes-map-type"] = "atomic"
        if node.get("required"):
            schema["required"] = sorted(node["required"])
        if any(not rule.at_edit for rule in model.cel):
            schema["x-kubernetes-validations"] = [
                {"rule": rule.rule, "message": rule.message} | ({"fieldPath": rule.field} if rule.field else {})
                for rule in model.cel
                if not rule.at_edit
            ]
        return schema

    def of_node(self, node: Schema, *, defaults: bool) -> Schema:
        """Return the structural form of one JSON Schema node."""
        if "anyOf" in node:
            (node,) = (branch for branch in node["anyOf"] if branch.get("type") != "null")
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            if name in self.classes:
                return self.of_object(self.classes[name], self.definitions[name], defaults=defaults)
            node = self.definitions[name] | {key: value for key, value in node.items() if key != "$ref"}
        schema = {key: node[key] for key in _KEPT if key in node}
        if "const" in node:
            schema["enum"] = [node["const"]]
        if "items" in node:
            schema["items"] = self.of_node(node["items"], defaults=defaults)
        if isinstance(node.get("additionalProperties"), dict):
            schema["additionalProperties"] = self.of_node(node["additionalProperties"], defaults=defaults)
        if schema["type"] == "integer":
            schema["format"] = "int32" if node.get("maximum", 2**63) < 2**31 else "int64"
        if node.get("x-kubernetes-int-or-string"):
            del schema["type"]
            schema |= {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}
        return schema


def _keep_rules_about_changes(schema: Schema) -> None:
    rules = [rule for rule in schema.pop("x-kubernetes-validations", ()) if "oldSelf" in rule["rule"]]
    if rules:
        schema["x-kubernetes-validations"] = rules
    inner = [schema.get(name) for name in ("items", "additionalProperties")]
    for node in (*schema.get("properties", {}).values(), *inner):
        if isinstance(node, dict):
            _keep_rules_about_changes(node)


def _default(field: FieldInfo, node: Schema, schema: Schema) -> Schema:
    """Return the OpenAPI ``default`` of a field, if it has one that says something.

    An object whose fields have defaults gets ``{}``, so that they apply where it is left out as a whole.
    """
    if field.is_required():
        return {}
    value = field.get_default(call_default_factory=True)
    if isinstance(value, Model):
        if value != type(value)():
            raise TypeError(f"{type(value).__name__}: the default must equal the type's own defaults")
        return {"default": {}} if any("default" in inner for inner in schema["properties"].values()) else {}
    return {"default": node["default"]} if value not in (None, "", (), {}) else {}


@cache
def attribute_docs(model: type[Model]) -> Mapping[str, str]:
    """Return the docstring that stands below each field of ``model`` in its source, by the field's Python name."""
    docs: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if not issubclass(base, Model) or base is Model:
            continue
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        statements = body.body if isinstance(body, ast.ClassDef) else []
        for field, text in pairwise(statements):
            match field, text:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(doc))),
                ):
                    docs[name] = _text(doc)
    return docs


def _text(doc: str | None) -> str:
    """Return a docstring as running text, with one back-tick for code."""
    paragraphs = inspect.cleandoc(doc or "").replace("``", "`").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _subclasses(model: type[Model]) -> set[type[Model]]:
    return {model}.union(*(_subclasses(sub) for sub in model.__subclasses__()))
