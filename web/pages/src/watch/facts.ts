/** The line below the picture: what is playing, and where it can be had. */

import type Hls from "hls.js";
import { copyFrom, el, setText } from "../dom";
import * as format from "../format";

/** Milliseconds between two readings. */
const EVERY = 500;

export class Facts {
  readonly #playing = el("span", { className: "number" });

  constructor(
    root: HTMLElement,
    private readonly video: HTMLVideoElement,
    private readonly hls: () => Hls | null,
    playbackId: string,
  ) {
    root.append(
      this.#playing,
      el("span", { className: "grow" }),
      copyButton("HLS", "Copy the HLS address", `${location.origin}/${playbackId}.m3u8`),
      copyButton("DASH", "Copy the DASH address", `${location.origin}/${playbackId}.mpd`),
      copyButton(playbackId, "Copy the playback id", playbackId),
    );
    setInterval(() => this.#read(), EVERY);
    video.addEventListener("resize", () => this.#read());
  }

  #read(): void {
    if (document.hidden || this.video.readyState === 0) return;
    setText(this.#playing, this.#parts().join(" · "));
  }

  #parts(): string[] {
    const hls = this.hls();
    const parts: string[] = [];
    if (this.video.videoHeight > 0) parts.push(`${this.video.videoWidth} × ${this.video.videoHeight}`);
    const level = hls?.levels[hls.currentLevel];
    if (level) parts.push(format.bitrate(level.bitrate));
    const ahead = bufferedAhead(this.video.buffered, this.video.currentTime);
    parts.push(`${Math.floor(ahead)} s buffered`);
    return parts;
  }
}

/** Seconds that can be played from `time` without a gap; joints up to 0.1 s count as none. */
export function bufferedAhead(ranges: Pick<TimeRanges, "length" | "start" | "end">, time: number): number {
  let end = time;
  for (let index = 0; index < ranges.length; index++) {
    if (ranges.start(index) <= end + 0.1 && ranges.end(index) > end) end = ranges.end(index);
  }
  return end - time;
}

function copyButton(label: string, tip: string, text: string): HTMLElement {
  const button = el("button", { type: "button", className: "id", attrs: { "data-tip": tip } }, label);
  button.addEventListener("click", () => void copyFrom(button, text));
  return button;
}
