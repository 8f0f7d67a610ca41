/** One video element, one playlist address, and what goes wrong between them. */

import Hls, { type ErrorData, ErrorDetails, ErrorTypes, Events, type Fragment } from "hls.js";
import { config } from "./config";
import { bufferedAhead } from "./facts";
import { staysWith } from "./patience";
import { backoff, forMedia, forRefusal, isPassing, type Notice, type Refusal, unsupported } from "./words";

/** How often a decoder may be set up anew before the page gives up. */
const RECOVERIES = 2;
/** Kinds of request whose answer may be read as text. */
const TEXTS: ReadonlySet<XMLHttpRequestResponseType> = new Set(["", "text"]);

export interface PlayerListener {
  /** Something to say instead of the video; null takes it back. */
  notice(notice: Notice | null): void;
  /** Whether playback waits for a segment that the server is still encoding. */
  encoding(waiting: boolean): void;
}

export class Player {
  hls: Hls | null = null;
  #attempt = 0;
  #recoveries = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly url: string,
    private readonly listener: PlayerListener,
  ) {
    // Before hls.js hears of it and asks for a segment.
    video.addEventListener("seeking", () => this.#jumped());
    video.addEventListener("error", () => {
      if (this.hls === null && video.error !== null) this.listener.notice(forMedia(`MEDIA_ERR_${video.error.code}`));
    });
  }

  /** Begins, or begins anew. */
  start(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (Hls.isSupported()) this.#withMediaSource();
    else if (this.video.canPlayType("application/vnd.apple.mpegurl") !== "") void this.#native();
    else this.listener.notice(unsupported());
  }

  #withMediaSource(): void {
    this.hls?.destroy();
    const hls = new Hls(config);
    this.hls = hls;
    hls.on(Events.MANIFEST_PARSED, () => {
      this.#attempt = 0;
      this.listener.notice(null);
    });
    hls.on(Events.FRAG_LOADED, (_event, data) => this.#loaded(hls, data.frag));
    hls.on(Events.FRAG_BUFFERED, () => this.listener.encoding(false));
    hls.on(Events.ERROR, (_event, data) => this.#onError(hls, data));
    hls.attachMedia(this.video);
    hls.loadSource(this.url);
  }

  /** A jump to where nothing is buffered begins as the video did: with what the server makes soonest, not the largest. */
  #jumped(): void {
    const { hls, video } = this;
    if (hls === null || bufferedAhead(video.buffered, video.currentTime) > 0) return;
    hls.nextLoadLevel = hls.nextAutoLevel = firstLevel(hls.firstLevel, hls.nextAutoLevel);
  }

  /** The encoder is already at work on the next segment of this rendition. */
  #loaded(hls: Hls, segment: Fragment): void {
    if (segment.type !== "main" || segment.sn === "initSegment" || !hls.autoLevelEnabled) return;
    const ahead = segment.end - this.video.currentTime;
    if (staysWith(segment.stats.loading, segment.duration, ahead)) hls.nextAutoLevel = segment.level;
  }

  #onError(hls: Hls, data: ErrorData): void {
    if (data.details === ErrorDetails.FRAG_LOAD_ERROR && data.response?.code === 503) this.listener.encoding(true);
    if (!data.fatal) return;
    if (data.type === ErrorTypes.NETWORK_ERROR) this.#refused(refusalOf(data));
    else if (data.type === ErrorTypes.MEDIA_ERROR && this.#recoveries++ < RECOVERIES) hls.recoverMediaError();
    else this.#giveUp(hls, forMedia(data.details));
  }

  #refused(refusal: Refusal): void {
    this.listener.notice(forRefusal(refusal));
    if (!isPassing(refusal)) {
      this.hls?.destroy();
      return;
    }
    const at = this.video.currentTime;
    this.#timer = setTimeout(() => this.#again(at), backoff(++this.#attempt));
  }

  /** Starts again where it stopped: a server that restarts should not send the viewer back to the beginning. */
  #again(at: number): void {
    this.start();
    if (at > 0) this.hls?.once(Events.MANIFEST_PARSED, () => this.hls?.startLoad(at));
  }

  #giveUp(hls: Hls, notice: Notice): void {
    hls.destroy();
    this.listener.notice(notice);
  }

  async #native(): Promise<void> {
    const refusal = await this.#ask();
    if (refusal !== null) {
      this.#refused(refusal);
      return;
    }
    this.#attempt = 0;
    this.listener.notice(null);
    this.video.src = this.url;
  }

  /** A native player tells no status: ask for the playlist once before it does. */
  async #ask(): Promise<Refusal | null> {
    try {
      const response = await fetch(this.url);
      return response.ok ? null : { status: response.status, code: codeIn(await response.text()) };
    } catch {
      return { status: 0, code: null };
    }
  }
}

function refusalOf(data: ErrorData): Refusal {
  const details: unknown = data.networkDetails;
  const body = details instanceof XMLHttpRequest && TEXTS.has(details.responseType) ? details.responseText : "";
  return { status: data.response?.code ?? 0, code: codeIn(body) };
}

/** With which level to begin after a jump: what the server lists first, or less if the network carries no more. */
export function firstLevel(listedFirst: number, chosen: number): number {
  return listedFirst < 0 || (chosen >= 0 && chosen < listedFirst) ? chosen : listedFirst;
}

/** The error code in a JSON answer of ours, as `{"error": {"type": …}}` or `{"code": …}`. */
export function codeIn(body: string): string | null {
  try {
    const answer = JSON.parse(body) as { code?: unknown; error?: { type?: unknown; code?: unknown } } | null;
    const code = answer?.error?.code ?? answer?.error?.type ?? answer?.code;
    return typeof code === "string" ? code : null;
  } catch {
    return null;
  }
}
