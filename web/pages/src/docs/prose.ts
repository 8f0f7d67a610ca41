/** The little of Markdown that descriptions use: paragraphs, `code`, and fenced blocks. */

import { el } from "../dom";

export type Block = { readonly kind: "text"; readonly parts: readonly Part[] } | { readonly kind: "code"; readonly text: string };
export type Part = { readonly code: boolean; readonly text: string };

/** Splits a description; pure. */
export function blocksOf(markdown: string): readonly Block[] {
  return markdown.split(/^```.*$/m).flatMap((section, index): Block[] => {
    if (index % 2 === 1) return [{ kind: "code", text: section.replace(/^\n|\n$/g, "") }];
    return section
      .split(/\n\s*\n/)
      .map((text) => text.replace(/\s+/g, " ").trim())
      .filter((text) => text !== "")
      .map((text) => ({ kind: "text", parts: partsOf(text) }));
  });
}

function partsOf(text: string): readonly Part[] {
  return text
    .split("`")
    .map((part, index) => ({ code: index % 2 === 1, text: part }))
    .filter((part) => part.text !== "");
}

/** A description as elements. */
export function prose(markdown: string): HTMLElement[] {
  return blocksOf(markdown).map((block) =>
    block.kind === "code"
      ? el("div", { className: "command" }, el("pre", {}, el("code", {}, block.text)))
      : el("p", { className: "prose" }, ...block.parts.map((part) => (part.code ? el("code", {}, part.text) : part.text))),
  );
}
