"""Write the reference of the REST API from its OpenAPI document: ``python -m comity.web.reference``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from comity.web.api.app import PATH, create_api, openapi

_DEFAULT = Path("docs") / "reference" / "api.md"


def reference() -> str:
    """Return the reference page, in Markdown."""
    document = openapi(create_api())
    lines = [
        "# REST API",
        "",
        "Written from the code by `python -m comity.web.reference`; a test fails when it is stale. The OpenAPI 3.1",
        f"document itself is served at `{PATH}/openapi.json`.",
        "",
        document["info"]["description"],
        "",
        "A program sends its token with each request: `Authorization: Bearer comity_...`.",
        "",
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            lines += _operation(method.upper(), f"{PATH}{path}", operation, document["components"]["schemas"])
    lines += ["## Bodies", ""]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += _schema(name, schema)
    return "\n".join(lines).rstrip() + "\n"


def _operation(method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## {operation['summary']}", "", f"`{method} {path}`", "", operation["description"], "")
    yield "Needs a token." if operation.get("security") else "Needs no token."
    yield ""
    if parameters := operation.get("parameters"):
        yield from ("| parameter | in | needed | what |", "|---|---|---|---|")
        for it in parameters:
            needed = "yes" if it["required"] else "no"
            yield f"| `{it['name']}` | {it['in']} | {needed} | {it.get('description', '')} |"
        yield ""
    yield from _body(operation.get("requestBody", {}).get("content", {}), schemas)
    yield from ("| status | when | body |", "|---|---|---|")
    for status, answer in sorted(operation["responses"].items()):
        kinds = ", ".join(_kind(media, it.get("schema", {})) for media, it in answer.get("content", {}).items())
        yield f"| {status} | {answer['description'].replace('Successful Response', 'Done.')} | {kinds} |"
    yield ""


def _body(content: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    if not content:
        return
    kinds = " or ".join(_kind(media, it.get("schema", {})) for media, it in content.items())
    yield from (f"Body: {kinds}", "")
    for it in content.values():
        schema = schemas.get(it.get("schema", {}).get("$ref", "").rpartition("/")[2], {})
        for example in schema.get("examples", []):
            yield from ("```json", json.dumps(example, indent=2, ensure_ascii=False), "```", "")


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"### {name}", "", schema.get("description", ""), "")
    yield from ("| field | type | needed | what |", "|---|---|---|---|")
    required = set(schema.get("required", ()))
    for field, it in schema.get("properties", {}).items():
        examples = it.get("examples")
        shown = f"for example `{json.dumps(examples[0], ensure_ascii=False)}`" if examples else ""
        what = "; ".join(part for part in (it.get("description", ""), shown) if part)
        yield f"| `{field}` | {_type(it)} | {'yes' if field in required else 'no'} | {what} |"
    yield ""


def _kind(media: str, schema: Mapping[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    return f"[{name}](#{name.lower()})" if name else f"`{media}`"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _kind("", schema)
    if "anyOf" in schema:
        return " or ".join(_type(it) for it in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items') or {'type': 'any'})}"
    if schema.get("type") == "object":
        return f"object of {_type(schema.get('additionalProperties') or {'type': 'any'})}"
    return str(schema.get("format") or schema.get("type") or "any")


def main() -> int:
    """Write the page to the path given, else to its place in the documentation."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else _DEFAULT
    path.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
