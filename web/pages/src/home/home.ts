/** The signed-in page: facts, uploads, the newest assets, and what is said when something is missing. */

import { type Api, ApiError, type Asset } from "../api";
import { el, icon, setText } from "../dom";
import * as format from "../format";
import { UploadQueue } from "../upload/queue";
import { AssetTable } from "./asset-table";
import { factsOf, viewOf } from "./asset-view";
import { Deletions } from "./deletions";
import { dropZone } from "./drop-zone";
import { emptyState } from "./empty";
import { type Look, Poller } from "./poller";
import { UploadsPanel } from "./uploads-panel";

const PAGE = 25;
/** The most that one answer of the API holds. */
const MOST = 100;

export class Home {
  readonly element: HTMLElement;
  readonly #facts = el("p", { className: "meta" }, " ");
  readonly #problem = el("p", { className: "banner", role: "alert", hidden: true });
  readonly #empty: HTMLElement;
  readonly #older = el("button", { type: "button", className: "button", hidden: true }, "Show older assets");
  readonly #card: HTMLElement;
  readonly #deletions: Deletions;
  readonly #table: AssetTable;
  readonly #uploads = new UploadsPanel();
  readonly #queue: UploadQueue;
  readonly #poller: Poller;
  #assets: readonly Asset[] | null = null;
  #limit = PAGE;

  /** `refused` is told when the token is not accepted any more. */
  constructor(
    private readonly api: Api,
    private readonly refused: (message: string) => void,
  ) {
    this.#deletions = new Deletions(
      (id, last) => this.#delete(id, last),
      () => this.#deletionsChanged(),
      (error) => this.#say(`The asset was not deleted. ${messageOf(error)}`),
    );
    this.#table = new AssetTable(this.#deletions);
    this.#queue = new UploadQueue(api, (item) => {
      this.#uploads.show(this.#queue, item);
      if (item.state.name === "publishing" || item.state.name === "playable") this.#poller.now();
      this.#render();
    });
    this.#poller = new Poller(
      (signal) => this.#look(signal),
      (error, retryIn) => this.#lookFailed(error, retryIn),
    );
    const zone = dropZone((files) => this.#queue.add(files));
    this.#empty = emptyState(zone.choose);
    this.#uploads.element.hidden = true;
    this.#older.addEventListener("click", () => this.#showOlder());
    this.#card = el("div", { className: "card table-card" }, this.#table.element);
    this.element = el(
      "main",
      {},
      el("div", { className: "page-head" }, el("div", {}, el("h1", {}, "Assets"), this.#facts), zone.button),
      this.#problem,
      this.#uploads.element,
      this.#card,
      this.#empty,
      this.#older,
      zone.veil,
    );
    window.addEventListener("pagehide", () => this.#deletions.flush());
    window.addEventListener("beforeunload", (event) => {
      if (this.#queue.busy) event.preventDefault();
    });
  }

  start(): void {
    this.#poller.start();
  }

  stop(): void {
    this.#deletions.flush();
    this.#poller.stop();
  }

  async #look(signal: AbortSignal): Promise<Look> {
    const assets = await this.api.assets(this.#limit, signal);
    this.#assets = assets;
    this.#problem.hidden = true;
    this.#render();
    return { moving: this.#queue.busy || assets.some((asset) => viewOf(asset).moving) };
  }

  #lookFailed(error: unknown, retryIn: number): void {
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
      this.refused("That access token is not accepted. It may have been revoked, or belong to another server.");
    } else {
      this.#say(`${messageOf(error)} Trying again in ${format.span(retryIn / 1000)}.`);
    }
  }

  async #delete(id: string, last: boolean): Promise<void> {
    try {
      await this.api.deleteAsset(id, last);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
    this.#poller.now();
  }

  #deletionsChanged(): void {
    this.#queue.forget((id) => this.#deletions.isGone(id));
    this.#render();
  }

  #showOlder(): void {
    this.#limit = Math.min(MOST, this.#limit + PAGE);
    this.#poller.now();
  }

  #say(message: string): void {
    this.#problem.replaceChildren(icon("retry"), el("span", {}, message));
    this.#problem.hidden = false;
  }

  #render(): void {
    if (this.#assets === null) return;
    const shown = this.#assets.filter((asset) => !this.#deletions.isGone(asset.id));
    const full = this.#assets.length >= this.#limit;
    this.#table.show(shown, Date.now() / 1000);
    setText(this.#facts, shown.length === 0 ? "Nothing uploaded yet" : factsOf(shown, full));
    this.#card.hidden = shown.length === 0;
    this.#empty.hidden = shown.length > 0 || this.#queue.items.length > 0;
    this.#older.hidden = !full || this.#limit >= MOST;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
