/** What a row of the table says about an asset; pure. */

import type { Asset } from "../api";
import * as format from "../format";
import { whyErrored } from "../upload/queue";

export type Tone = "stored" | "encoding" | "queued" | "failed";

export interface AssetView {
  readonly title: string;
  readonly untitled: boolean;
  readonly state: string;
  readonly tone: Tone;
  /** Why it is in this state, where that helps; for the tip. */
  readonly detail: string;
  readonly duration: string;
  readonly picture: string;
  /** 0 to 100. */
  readonly coverage: number;
  readonly coverageText: string;
  readonly playbackId: string | null;
  readonly watchable: boolean;
  readonly moving: boolean;
}

/** How an asset is shown. */
export function viewOf(asset: Asset): AssetView {
  const title = asset.meta?.title?.trim() || asset.passthrough?.trim() || "";
  const coverage = coverageOf(asset);
  const playbackId = asset.playback_ids?.find((id) => id.policy === "public")?.id ?? null;
  return {
    title: title || asset.id,
    untitled: title === "",
    ...stateOf(asset, coverage),
    duration: typeof asset.duration === "number" ? format.duration(asset.duration) : "–",
    picture: pictureOf(asset),
    coverage,
    coverageText: asset.status === "ready" ? format.percent(coverage) : "–",
    playbackId,
    watchable: asset.status !== "errored" && playbackId !== null,
    moving: asset.status === "preparing" || isFilling(asset),
  };
}

function coverageOf(asset: Asset): number {
  if (asset.status !== "ready") return 0;
  if (asset.progress?.state === "completed") return 100;
  return Math.max(0, Math.min(100, asset.progress?.progress ?? 0));
}

/** `transcoding` is said while the background fills the grid; a lazy grid that nobody watches does not move. */
function isFilling(asset: Asset): boolean {
  return asset.status === "ready" && asset.progress?.state === "transcoding";
}

function stateOf(asset: Asset, coverage: number): { state: string; tone: Tone; detail: string } {
  switch (asset.status) {
    case "errored":
      return { state: "Failed", tone: "failed", detail: whyErrored(asset) };
    case "preparing":
      return { state: "Preparing", tone: "queued", detail: "The file is being read; playable in a moment." };
    case "ready":
      return coverage < 100
        ? { state: "Ready", tone: "encoding", detail: "Playable now. What is not stored yet is encoded when it is watched." }
        : { state: "Ready", tone: "stored", detail: "Every segment of every rendition is stored." };
  }
}

function pictureOf(asset: Asset): string {
  const video = asset.tracks?.find((track) => track.type === "video");
  if (video?.max_width && video.max_height) return `${video.max_width} × ${video.max_height}`;
  return asset.tracks?.some((track) => track.type === "audio") ? "Sound only" : "–";
}

/** One line of facts over all assets shown. */
export function factsOf(assets: readonly Asset[], full: boolean): string {
  const seconds = assets.reduce((sum, asset) => sum + (asset.duration ?? 0), 0);
  const moving = assets.filter((asset) => viewOf(asset).moving).length;
  const parts = [full ? `Newest ${format.count(assets.length, "asset")}` : format.count(assets.length, "asset")];
  if (seconds > 0) parts.push(`${format.span(seconds)} of video`);
  if (moving > 0) parts.push(`${moving} being encoded`);
  return parts.join(" · ");
}
