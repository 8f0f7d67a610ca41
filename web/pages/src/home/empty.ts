/** What a new installation shows instead of an empty table: how the first video comes in. */

import { copyFrom, el, icon } from "../dom";

/** The first steps; hidden until it is known that there are no assets. */
export function emptyState(choose: () => void): HTMLElement {
  const pick = el("button", { type: "button", className: "button", on: { click: choose } }, icon("upload"), "Choose a file");
  return el(
    "section",
    { className: "card first", hidden: true, attrs: { "aria-label": "First steps" } },
    step("1", "Upload a video", "Drop a file anywhere on this page. It plays about a second after its last byte arrived.", pick),
    step(
      "2",
      "Or generate a demo clip",
      "The command line makes one with picture and sound, uploads it and prints where it plays.",
      command("vidstead demo"),
    ),
    step("3", "Or use the API", "Create an upload, then put the file to the address that it answers.", command(createLine(), putLine())),
  );
}

function createLine(): string {
  const body = '{"new_asset_settings":{"playback_policies":["public"]}}';
  const call = `curl -u TOKEN_ID:TOKEN_SECRET ${location.origin}/video/v1/uploads`;
  return `${call} \\\n  -H 'Content-Type: application/json' -d '${body}'`;
}

function putLine(): string {
  return "curl -T film.mp4 UPLOAD_URL";
}

function step(number: string, title: string, text: string, action: HTMLElement): HTMLElement {
  return el(
    "div",
    { className: "step" },
    el("span", { className: "step-number", attrs: { "aria-hidden": "true" } }, number),
    el("div", {}, el("h2", {}, title), el("p", { className: "meta" }, text), action),
  );
}

function command(...lines: string[]): HTMLElement {
  const text = lines.join("\n");
  const copy = el("button", { type: "button", className: "button small" }, "Copy");
  copy.addEventListener("click", () => void copyFrom(copy, text));
  return el("div", { className: "command" }, el("pre", {}, el("code", {}, text)), copy);
}
