/** The reference as a page: a list at the left, one card for each operation. */

import { copyFrom, el } from "../dom";
import { curlLine, type Field, type OpenApi, type Operation, operationsOf } from "./openapi";
import { prose } from "./prose";

/** The whole page for a description. */
export function reference(api: OpenApi): HTMLElement {
  const operations = operationsOf(api);
  const tags = [...new Set(operations.map((each) => each.tag))];
  return el(
    "div",
    { className: "reference" },
    el("nav", { className: "contents", attrs: { "aria-label": "Operations" } }, ...tags.map((tag) => contents(tag, operations))),
    el("main", {}, introduction(api, operations.length), ...tags.flatMap((tag) => group(api, tag, operations))),
  );
}

function introduction(api: OpenApi, count: number): HTMLElement {
  const raw = el("a", { href: "/openapi.json" }, "openapi.json");
  const facts = el("p", { className: "meta" }, `Version ${api.info.version} · ${count} operations · `, raw);
  const said = prose(api.info.description ?? "");
  return el("div", { className: "page-head" }, el("h1", {}, "API reference"), facts, ...said);
}

function contents(tag: string, operations: readonly Operation[]): HTMLElement {
  const items = operations
    .filter((each) => each.tag === tag)
    .map((each) => el("li", {}, el("a", { href: `#${each.id}` }, method(each), el("span", {}, each.summary || each.path))));
  return el("div", {}, el("h2", {}, tag), el("ul", {}, ...items));
}

function group(api: OpenApi, tag: string, operations: readonly Operation[]): HTMLElement[] {
  const about = api.tags?.find((each) => each.name === tag)?.description ?? "";
  const head = el("div", { className: "group" }, el("h2", {}, tag), ...prose(about));
  return [head, ...operations.filter((each) => each.tag === tag).map(card)];
}

function card(operation: Operation): HTMLElement {
  const line = curlLine(operation, location.origin);
  const copy = el("button", { type: "button", className: "button small" }, "Copy");
  copy.addEventListener("click", () => void copyFrom(copy, line));
  return el(
    "section",
    { className: "card operation", id: operation.id },
    el("h3", {}, operation.summary || operation.path, operation.deprecated && " (deprecated)"),
    el("p", { className: "address" }, method(operation), el("code", {}, operation.path)),
    ...prose(operation.description),
    el("div", { className: "command" }, el("pre", {}, el("code", {}, line)), copy),
    fieldTable("Parameters", operation.parameters),
    fieldTable("Body", operation.body),
    ...operation.responses.map((each) => response(each)),
  );
}

function response(each: Operation["responses"][number]): HTMLElement {
  const title = `${each.status} ${each.description}`;
  if (each.fields.length === 0) return el("p", { className: "answer" }, el("span", { className: "number" }, title));
  const table = fieldTable(null, each.fields);
  return el("details", {}, el("summary", { className: "number" }, title), table);
}

function fieldTable(title: string | null, fields: readonly Field[]): HTMLElement | null {
  if (fields.length === 0) return null;
  const rows = fields.map((field) =>
    el(
      "tr",
      {},
      el("td", { className: `depth-${field.depth}` }, el("code", {}, field.name), field.required && el("span", { className: "meta" }, " required")),
      el("td", {}, el("span", { className: "meta" }, field.type), el("span", { className: "field-text" }, field.text)),
    ),
  );
  const table = el("table", { className: "fields" }, title !== null && el("caption", {}, title), el("tbody", {}, ...rows));
  return el("div", { className: "scroll" }, table);
}

function method(operation: Operation): HTMLElement {
  return el("span", { className: `method ${operation.method.toLowerCase()}` }, operation.method === "DELETE" ? "DEL" : operation.method);
}
