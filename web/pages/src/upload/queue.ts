/** Takes files through their lives: two are sent at a time, the others wait their turn. */

import { Api, ApiError, type Asset } from "../api";
import { titleOf } from "../format";
import { isOver, next, RateMeter, type UploadNews, type UploadState } from "./machine";
import { putFile } from "./transfer";

const AT_A_TIME = 2;
/** Milliseconds between two looks at an asset that is being published; short, since that takes about a second. */
const LOOK_EVERY = 400;
/** Publishing may have to read a whole file without an index; after this many looks something is wrong. */
const MOST_LOOKS = 1500;
/** Looks in a row that may fail because the server does not answer. */
const MOST_MISSED = 30;

export interface UploadItem {
  readonly key: number;
  readonly file: File;
  readonly title: string;
  state: UploadState;
}

type Listener = (item: UploadItem) => void;

interface Running {
  readonly abort: AbortController;
  uploadId: string | null;
}

export class UploadQueue {
  readonly items: UploadItem[] = [];
  readonly #running = new Map<number, Running>();
  #keys = 0;

  /** `onChange` is told of every change of an item, and of each new one. */
  constructor(
    private readonly api: Api,
    private readonly onChange: Listener,
  ) {}

  get busy(): boolean {
    return this.items.some((item) => !isOver(item.state));
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      const item: UploadItem = { key: ++this.#keys, file, title: titleOf(file.name), state: { name: "queued" } };
      this.items.unshift(item);
      this.onChange(item);
    }
    this.#pump();
  }

  cancel(item: UploadItem): void {
    const running = this.#running.get(item.key);
    this.#tell(item, { type: "cancelled" });
    running?.abort.abort();
  }

  retry(item: UploadItem): void {
    this.#tell(item, { type: "again" });
    this.#pump();
  }

  dismiss(item: UploadItem): void {
    if (!isOver(item.state)) return;
    this.items.splice(this.items.indexOf(item), 1);
    this.onChange(item);
  }

  /** Forgets the uploads of assets that are gone. */
  forget(isGone: (assetId: string) => boolean): void {
    for (const item of [...this.items]) {
      if (item.state.name === "playable" && isGone(item.state.assetId)) this.dismiss(item);
    }
  }

  #pump(): void {
    // The oldest first: new items are put in front.
    for (const item of [...this.items].reverse()) {
      if (this.#running.size >= AT_A_TIME) return;
      if (item.state.name === "queued" && !this.#running.has(item.key)) void this.#run(item);
    }
  }

  async #run(item: UploadItem): Promise<void> {
    const running: Running = { abort: new AbortController(), uploadId: null };
    this.#running.set(item.key, running);
    try {
      await this.#send(item, running);
    } catch (error) {
      await this.#fail(item, running, error);
    } finally {
      this.#running.delete(item.key);
      this.#pump();
    }
  }

  async #send(item: UploadItem, running: Running): Promise<void> {
    const signal = running.abort.signal;
    this.#tell(item, { type: "started" });
    const upload = await this.api.createUpload(item.title, location.origin, signal);
    running.uploadId = upload.id;
    if (!upload.url) throw new ApiError(0, "The server gave no address for the file.");
    this.#tell(item, { type: "created", total: item.file.size });
    const meter = new RateMeter();
    await putFile(
      upload.url,
      item.file,
      (sent) => this.#tell(item, { type: "progress", sent, rate: meter.add(performance.now(), sent) }),
      signal,
    );
    this.#tell(item, { type: "sent" });
    await this.#follow(item, upload.id, signal);
  }

  async #follow(item: UploadItem, uploadId: string, signal: AbortSignal): Promise<void> {
    let missed = 0;
    for (let look = 0; look < MOST_LOOKS; look++) {
      try {
        if (await this.#look(item, uploadId, signal)) return;
        missed = 0;
      } catch (error) {
        // The file is safe by now; a restarting server is no reason to call it lost.
        if (!isPassing(error) || ++missed > MOST_MISSED) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, missed === 0 ? LOOK_EVERY : LOOK_EVERY * 5));
    }
    throw new ApiError(400, "The file has arrived, but it is not playable after ten minutes. Look at the worker's log.");
  }

  /** One look at the upload or its asset; true when it is playable. */
  async #look(item: UploadItem, uploadId: string, signal: AbortSignal): Promise<boolean> {
    const known = item.state.name === "publishing" ? item.state.assetId : null;
    const assetId = known ?? (await this.#assetOf(uploadId, signal));
    if (assetId === null) return false;
    this.#tell(item, { type: "asset", assetId });
    const asset = await this.api.asset(assetId, signal);
    if (asset.status === "errored") throw new ApiError(400, whyErrored(asset));
    if (asset.status !== "ready") return false;
    this.#tell(item, { type: "ready", assetId, playbackId: asset.playback_ids?.[0]?.id ?? null });
    return true;
  }

  async #assetOf(uploadId: string, signal: AbortSignal): Promise<string | null> {
    const upload = await this.api.upload(uploadId, signal);
    if (upload.status === "errored") throw new ApiError(400, upload.error?.message ?? "The file could not be taken in.");
    return upload.asset_id ?? null;
  }

  async #fail(item: UploadItem, running: Running, error: unknown): Promise<void> {
    const wasSending = item.state.name === "sending" || item.state.name === "cancelled";
    const message = error instanceof Error ? error.message : String(error);
    this.#tell(item, { type: "failed", message });
    if (running.uploadId === null || !wasSending) return;
    try {
      await this.api.cancelUpload(running.uploadId);
    } catch {
      // It times out by itself; the file's own error is the one to show.
    }
  }

  #tell(item: UploadItem, news: UploadNews): void {
    const state = next(item.state, news);
    if (state === item.state) return;
    item.state = state;
    this.onChange(item);
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/** Why an asset can't be played, in one sentence. */
export function whyErrored(asset: Asset): string {
  return asset.errors?.messages?.join(" ") || "The file could not be made playable.";
}
