/** The files that are on their way, newest first. */

import { copyFrom, el, icon, setText } from "../dom";
import * as format from "../format";
import { canCancel, isOver, sentPercent, type UploadState } from "../upload/machine";
import type { UploadItem, UploadQueue } from "../upload/queue";

export class UploadsPanel {
  readonly element = el("ul", { className: "uploads", attrs: { "aria-label": "Uploads" } });
  readonly #lines = new Map<number, UploadLine>();

  /** Called by the queue's listener; `queue` is handed in late because the two know each other. */
  show(queue: UploadQueue, item: UploadItem): void {
    const known = this.#lines.get(item.key);
    if (!queue.items.includes(item)) {
      known?.element.remove();
      this.#lines.delete(item.key);
    } else if (known === undefined) {
      const line = new UploadLine(queue, item);
      this.#lines.set(item.key, line);
      this.element.prepend(line.element);
    } else known.update();
    this.element.hidden = this.#lines.size === 0;
  }
}

class UploadLine {
  readonly element: HTMLLIElement;
  readonly #status = el("span", { className: "meta", role: "status" });
  readonly #meter: HTMLProgressElement;
  readonly #buttons = el("span", { className: "actions" });
  #shown: UploadState["name"] | null = null;

  constructor(
    private readonly queue: UploadQueue,
    private readonly item: UploadItem,
  ) {
    this.#meter = el("progress", { max: 100, attrs: { "aria-label": `Upload of ${item.title}` } });
    this.element = el(
      "li",
      {},
      el("span", { className: "upload-name", title: item.file.name }, item.title),
      this.#status,
      this.#buttons,
      this.#meter,
    );
    this.update();
  }

  update(): void {
    const { state } = this.item;
    this.element.className = state.name;
    setText(this.#status, statusOf(state, this.item.file.size));
    if (state.name === "publishing") this.#meter.removeAttribute("value");
    else this.#meter.value = sentPercent(state);
    this.#meter.hidden = isOver(state);
    if (this.#shown === state.name) return;
    this.#shown = state.name;
    this.#buttons.replaceChildren(...this.#actions(state));
  }

  #actions(state: UploadState): HTMLElement[] {
    if (state.name === "playable") return [...this.#links(state.playbackId), this.#close()];
    if (state.name === "failed" || state.name === "cancelled") {
      const again = el("button", { type: "button", className: "button small" }, icon("retry"), "Try again");
      again.addEventListener("click", () => this.queue.retry(this.item));
      return [again, this.#close()];
    }
    if (!canCancel(state)) return [];
    const cancel = el("button", { type: "button", className: "button small" }, "Cancel");
    cancel.addEventListener("click", () => this.queue.cancel(this.item));
    return [cancel];
  }

  #links(playbackId: string | null): HTMLElement[] {
    if (playbackId === null) return [];
    const watch = el(
      "a",
      { className: "button small", href: `/watch/${playbackId}`, target: "_blank", rel: "noopener" },
      icon("play"),
      "Watch",
    );
    const copy = el("button", { type: "button", className: "button small" }, icon("link"), "Copy link");
    copy.addEventListener("click", () => void copyFrom(copy, `${location.origin}/watch/${playbackId}`));
    return [watch, copy];
  }

  #close(): HTMLButtonElement {
    const label = "Remove from this list";
    const close = el("button", { type: "button", className: "icon-button", attrs: { "aria-label": label } }, icon("close"));
    close.addEventListener("click", () => this.queue.dismiss(this.item));
    return close;
  }
}

/** What is said beside a file's name. */
export function statusOf(state: UploadState, size: number): string {
  switch (state.name) {
    case "queued":
      return `Waiting · ${format.bytes(size)}`;
    case "creating":
      return `Starting · ${format.bytes(size)}`;
    case "sending":
      return sendingStatus(state);
    case "publishing":
      return "Sent. Making it playable …";
    case "playable":
      return "Playable";
    case "failed":
      return state.message;
    case "cancelled":
      return "Cancelled";
  }
}

function sendingStatus(state: Extract<UploadState, { name: "sending" }>): string {
  const parts = [format.percent(sentPercent(state)), `${format.bytes(state.sent)} of ${format.bytes(state.total)}`];
  if (state.rate !== null && state.rate > 0) {
    parts.push(`${format.bytes(state.rate)}/s`);
    const left = (state.total - state.sent) / state.rate;
    if (left >= 2) parts.push(`${format.span(left)} left`);
  }
  return parts.join(" · ");
}
