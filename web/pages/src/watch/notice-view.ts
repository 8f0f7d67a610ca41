/** Shows a notice in the middle of the picture, with at most one action. */

import { el, icon } from "../dom";
import type { Notice } from "./words";

/** Puts a notice into `root`, or takes it away. */
export function showNotice(root: HTMLElement, notice: Notice | null, retry: () => void): void {
  root.hidden = notice === null;
  if (notice === null) {
    root.replaceChildren();
    return;
  }
  root.className = `notice ${notice.kind}`;
  root.replaceChildren(el("h1", {}, notice.title), el("p", {}, notice.text));
  if (notice.kind === "waiting") root.append(el("span", { className: "pulse", attrs: { "aria-hidden": "true" } }));
  if (notice.canRetry) {
    root.append(el("button", { type: "button", className: "button", on: { click: retry } }, icon("retry"), "Try again"));
  }
  if (notice.code !== null) root.append(el("code", {}, notice.code));
}
