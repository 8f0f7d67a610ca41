/** The life of one upload as a table: which state follows from which news. Pure, so it can be read and tested. */

export type UploadState =
  | { readonly name: "queued" }
  | { readonly name: "creating" }
  | { readonly name: "sending"; readonly sent: number; readonly total: number; readonly rate: number | null }
  | { readonly name: "publishing"; readonly assetId: string | null }
  | { readonly name: "playable"; readonly assetId: string; readonly playbackId: string | null }
  | { readonly name: "failed"; readonly message: string }
  | { readonly name: "cancelled" };

export type UploadNews =
  | { readonly type: "started" }
  | { readonly type: "created"; readonly total: number }
  /** `rate` in bytes per second. */
  | { readonly type: "progress"; readonly sent: number; readonly rate: number | null }
  | { readonly type: "sent" }
  | { readonly type: "asset"; readonly assetId: string }
  | { readonly type: "ready"; readonly assetId: string; readonly playbackId: string | null }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "cancelled" }
  | { readonly type: "again" };

/** The state after a piece of news; news that does not fit the state changes nothing. */
export function next(state: UploadState, news: UploadNews): UploadState {
  if (isOver(state)) return news.type === "again" && state.name !== "playable" ? { name: "queued" } : state;
  switch (news.type) {
    case "started":
      return state.name === "queued" ? { name: "creating" } : state;
    case "created":
      return state.name === "creating" ? { name: "sending", sent: 0, total: news.total, rate: null } : state;
    case "progress":
      return state.name === "sending" ? progressed(state, news.sent, news.rate) : state;
    case "sent":
      return state.name === "sending" ? { name: "publishing", assetId: null } : state;
    case "asset":
      return state.name === "publishing" && state.assetId === null ? { name: "publishing", assetId: news.assetId } : state;
    case "ready":
      return { name: "playable", assetId: news.assetId, playbackId: news.playbackId };
    case "failed":
      return { name: "failed", message: news.message };
    case "cancelled":
      return { name: "cancelled" };
    case "again":
      return state;
  }
}

/** Whether nothing more happens by itself. */
export function isOver(state: UploadState): boolean {
  return state.name === "playable" || state.name === "failed" || state.name === "cancelled";
}

/** Whether one may still cancel: not once the bytes have become an asset. */
export function canCancel(state: UploadState): boolean {
  return state.name === "queued" || state.name === "creating" || state.name === "sending";
}

/** Share of the bytes that were sent, 0 to 100. */
export function sentPercent(state: UploadState): number {
  if (state.name === "sending") return state.total === 0 ? 100 : (100 * state.sent) / state.total;
  return state.name === "publishing" || state.name === "playable" ? 100 : 0;
}

type Sending = Extract<UploadState, { name: "sending" }>;

function progressed(state: Sending, sent: number, rate: number | null): Sending {
  return { ...state, sent: Math.min(state.total, Math.max(state.sent, sent)), rate: rate ?? state.rate };
}

/** Bytes per second over the last seconds; null until it can be told. */
export class RateMeter {
  #samples: { at: number; sent: number }[] = [];

  /** `window` in milliseconds. */
  constructor(private readonly window = 4000) {}

  /** `at` in milliseconds of a steady clock. */
  add(at: number, sent: number): number | null {
    this.#samples.push({ at, sent });
    while (this.#samples.length > 2 && at - this.#samples[1]!.at > this.window) this.#samples.shift();
    const first = this.#samples[0]!;
    return at - first.at < 300 ? null : (1000 * (sent - first.sent)) / (at - first.at);
  }
}
