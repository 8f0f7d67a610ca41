/** Entry of `/docs`: the API reference, drawn from `/openapi.json` by ourselves, so that nothing comes from elsewhere. */

import "../styles/base.css";
import "../styles/docs.css";
import { el } from "../dom";
import { header } from "../header";
import type { OpenApi } from "./openapi";
import { reference } from "./view";

const app = document.getElementById("app")!;

async function load(): Promise<HTMLElement> {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`/openapi.json answered with status ${response.status}.`);
  return reference((await response.json()) as OpenApi);
}

function failure(error: unknown): HTMLElement {
  const again = el("button", { type: "button", className: "button", on: { click: () => void show() } }, "Try again");
  const why = error instanceof Error ? error.message : String(error);
  return el("main", { className: "door" }, el("h1", {}, "The API reference can't be shown"), el("p", {}, why), again);
}

async function show(): Promise<void> {
  const bones = Array.from({ length: 4 }, () => el("div", { className: "card bone-card" }));
  app.replaceChildren(header(), el("main", { className: "door", attrs: { "aria-busy": "true" } }, ...bones));
  try {
    app.replaceChildren(header(), await load());
  } catch (error) {
    app.replaceChildren(header(), failure(error));
  }
  // The browser looked for the part in the address before there was one.
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

void show();
