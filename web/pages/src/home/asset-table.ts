/** The newest assets as a table whose rows stay the same elements, so that focus and selection survive a refresh. */

import type { Asset } from "../api";
import { copyFrom, el, icon, setText } from "../dom";
import * as format from "../format";
import { type AssetView, viewOf } from "./asset-view";
import type { Deletions } from "./deletions";

const COLUMNS = ["Asset", "State", "Encoded", "Duration", "Picture", "Added", ""] as const;
const SKELETONS = 4;

export class AssetTable {
  readonly element: HTMLElement;
  readonly #body = el("tbody");
  readonly #rows = new Map<string, AssetRow>();

  constructor(private readonly deletions: Deletions) {
    const head = COLUMNS.map((name) =>
      name ? el("th", { attrs: { scope: "col" } }, name) : el("th", {}, el("span", { className: "off-screen" }, "Actions")),
    );
    this.element = el("table", { className: "assets" }, el("thead", {}, el("tr", {}, ...head)), this.#body);
    this.#skeletons();
  }

  /** Shows this list, the newest first. */
  show(assets: readonly Asset[], nowSeconds: number): void {
    const wanted = assets.filter((asset) => !this.deletions.isGone(asset.id));
    const kept = new Set(wanted.map((asset) => asset.id));
    for (const [id, row] of this.#rows) {
      if (kept.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    this.#body.querySelectorAll("tr.skeleton").forEach((row) => row.remove());
    wanted.forEach((asset, index) => {
      const row = this.#row(asset.id);
      row.update(asset, this.deletions.isPending(asset.id), nowSeconds);
      const there = this.#body.children[index];
      if (there !== row.element) this.#body.insertBefore(row.element, there ?? null);
    });
  }

  #row(id: string): AssetRow {
    const known = this.#rows.get(id);
    if (known !== undefined) return known;
    const row = new AssetRow(id, this.deletions);
    this.#rows.set(id, row);
    return row;
  }

  #skeletons(): void {
    for (let row = 0; row < SKELETONS; row++) {
      const cells = COLUMNS.map(() => el("td", {}, el("span", { className: "bone" })));
      this.#body.append(el("tr", { className: "skeleton", attrs: { "aria-hidden": "true" } }, ...cells));
    }
  }
}

class AssetRow {
  readonly element: HTMLTableRowElement;
  readonly #title = el("a", { className: "title" });
  readonly #id: HTMLButtonElement;
  readonly #dot = el("span", { className: "dot" });
  readonly #state = el("span");
  readonly #stateCell = el("span", { className: "state" }, this.#dot, this.#state);
  readonly #reason = el("span", { className: "reason" });
  readonly #meter = el("progress", { max: 100, attrs: { "aria-label": "Encoded" } });
  readonly #coverage = el("span", { className: "number" });
  readonly #coverageCell = el("span", { className: "coverage" }, this.#meter, this.#coverage);
  readonly #duration = el("td", { className: "number" });
  readonly #picture = el("td", { className: "number" });
  readonly #added = el("time");
  readonly #watch = el("a", { className: "button small", target: "_blank", rel: "noopener" }, icon("play"), "Watch");
  readonly #copy: HTMLButtonElement;
  readonly #delete: HTMLButtonElement;
  readonly #actions = el("span", { className: "actions" });
  readonly #undo = el("span", { className: "actions" });
  #view: AssetView | null = null;

  constructor(
    id: string,
    private readonly deletions: Deletions,
  ) {
    this.#id = el("button", { type: "button", className: "id", attrs: { "data-tip": "Copy asset id" } }, id);
    this.#id.addEventListener("click", () => void copyFrom(this.#id, id));
    this.#copy = iconButton("link", "Copy the HLS address");
    this.#copy.addEventListener("click", () => void this.#copyLink());
    this.#delete = iconButton("trash", "Delete asset");
    this.#delete.classList.add("danger");
    this.#delete.addEventListener("click", () => this.#begin(id));
    this.#actions.append(this.#watch, this.#copy, this.#delete);
    const undo = el("button", { type: "button", className: "button small" }, "Undo");
    undo.addEventListener("click", () => this.#takeBack(id));
    this.#undo.append(el("span", { className: "meta" }, "Deleted"), undo);
    this.element = el(
      "tr",
      {},
      el("td", { className: "name" }, this.#title, this.#id, this.#reason),
      el("td", {}, this.#stateCell),
      el("td", {}, this.#coverageCell),
      this.#duration,
      this.#picture,
      el("td", {}, this.#added),
      el("td", { className: "last" }, this.#actions),
    );
  }

  update(asset: Asset, pending: boolean, nowSeconds: number): void {
    const view = viewOf(asset);
    this.#view = view;
    this.element.classList.toggle("leaving", pending);
    this.#showTitle(view);
    this.#dot.className = `dot ${view.tone}`;
    setText(this.#state, view.state);
    this.#stateCell.title = view.detail;
    setText(this.#reason, view.tone === "failed" ? view.detail : "");
    this.#meter.value = view.coverage;
    this.#coverageCell.classList.toggle("full", view.coverage >= 100);
    this.#coverageCell.classList.toggle("none", view.coverageText === "–");
    setText(this.#coverage, view.coverageText);
    setText(this.#duration, view.duration);
    setText(this.#picture, view.picture);
    const created = Number(asset.created_at);
    setText(this.#added, format.ago(created, nowSeconds));
    this.#added.title = format.exact(created);
    this.#added.dateTime = new Date(created * 1000).toISOString();
    this.#showActions(pending);
  }

  #showTitle(view: AssetView): void {
    setText(this.#title, view.title);
    this.#title.title = view.title;
    this.#title.classList.toggle("untitled", view.untitled);
    for (const link of [this.#title, this.#watch]) {
      if (view.watchable) link.href = `/watch/${view.playbackId}`;
      else link.removeAttribute("href");
    }
    this.#watch.hidden = !view.watchable;
    this.#copy.hidden = view.playbackId === null || !view.watchable;
  }

  #showActions(pending: boolean): void {
    const wanted = pending ? this.#undo : this.#actions;
    const other = pending ? this.#actions : this.#undo;
    if (other.isConnected) other.replaceWith(wanted);
  }

  async #copyLink(): Promise<void> {
    if (this.#view?.playbackId) await copyFrom(this.#copy, `${location.origin}/${this.#view.playbackId}.m3u8`);
  }

  #begin(id: string): void {
    this.deletions.begin(id);
    this.#undo.querySelector("button")?.focus();
  }

  #takeBack(id: string): void {
    this.deletions.undo(id);
    this.#delete.focus();
  }
}

function iconButton(name: "link" | "trash", label: string): HTMLButtonElement {
  return el("button", { type: "button", className: "icon-button", attrs: { "aria-label": label, "data-tip": label } }, icon(name));
}
