import { describe, expect, it } from "vitest";
import type { Asset } from "../src/api";
import { factsOf, viewOf } from "../src/home/asset-view";
import { pause } from "../src/home/poller";

const asset = (more: Partial<Asset>): Asset => ({ id: "a1", created_at: "1700000000", status: "ready", ...more });

describe("a row", () => {
  it("shows title, picture and coverage", () => {
    const view = viewOf(
      asset({
        meta: { title: "Harbour" },
        duration: 61,
        tracks: [{ type: "video", max_width: 1920, max_height: 1080 }, { type: "audio" }],
        playback_ids: [{ id: "p1", policy: "public" }],
        progress: { progress: 40.2, state: "transcoding" },
      }),
    );
    expect(view).toMatchObject({ title: "Harbour", duration: "1:01", picture: "1920 × 1080", coverageText: "40 %", tone: "encoding" });
    expect(view).toMatchObject({ playbackId: "p1", watchable: true, moving: true });
  });

  it("falls back to the id, and says nothing that is not known", () => {
    const view = viewOf(asset({ status: "preparing", meta: null }));
    expect(view).toMatchObject({ title: "a1", untitled: true, duration: "–", picture: "–", coverageText: "–", watchable: false });
    expect(view.moving).toBe(true);
  });

  it("is still and full when all is stored", () => {
    expect(viewOf(asset({ progress: { progress: 100, state: "completed" } }))).toMatchObject({ coverage: 100, tone: "stored", moving: false });
  });

  it("says why it failed", () => {
    const view = viewOf(asset({ status: "errored", errors: { messages: ["No video track."] } }));
    expect(view).toMatchObject({ state: "Failed", detail: "No video track.", moving: false, watchable: false });
  });

  it("offers no link to a signed playback id", () => {
    expect(viewOf(asset({ playback_ids: [{ id: "p", policy: "signed" }] })).playbackId).toBeNull();
  });
});

describe("the line of facts", () => {
  it("counts what is there and what moves", () => {
    const assets = [asset({ duration: 3600 }), asset({ duration: 720, progress: { progress: 3, state: "transcoding" } })];
    expect(factsOf(assets, false)).toBe("2 assets · 1 h 12 min of video · 1 being encoded");
    expect(factsOf([asset({})], true)).toBe("Newest 1 asset");
  });
});

describe("the pace of looking", () => {
  it("is 2 s while something moves, slower otherwise, and backs off", () => {
    expect(pause(true, 0)).toBe(2000);
    expect(pause(false, 0)).toBeGreaterThan(2000);
    expect(pause(true, 2)).toBe(4000);
    expect(pause(true, 30)).toBe(30_000);
  });
});
