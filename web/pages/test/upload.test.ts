import { describe, expect, it } from "vitest";
import { statusOf } from "../src/home/uploads-panel";
import { canCancel, isOver, next, RateMeter, sentPercent, type UploadNews, type UploadState } from "../src/upload/machine";

const run = (...news: UploadNews[]): UploadState => news.reduce(next, { name: "queued" } as UploadState);

const started: UploadNews = { type: "started" };
const created: UploadNews = { type: "created", total: 1000 };
const half: UploadNews = { type: "progress", sent: 500, rate: 250 };
const sent: UploadNews = { type: "sent" };
const ready: UploadNews = { type: "ready", assetId: "a", playbackId: "p" };

describe("an upload", () => {
  it("goes from waiting to playable", () => {
    expect(run(started)).toEqual({ name: "creating" });
    expect(run(started, created, half)).toEqual({ name: "sending", sent: 500, total: 1000, rate: 250 });
    expect(run(started, created, half, sent, { type: "asset", assetId: "a" })).toEqual({ name: "publishing", assetId: "a" });
    expect(run(started, created, half, sent, ready)).toEqual({ name: "playable", assetId: "a", playbackId: "p" });
  });

  it("never goes back, and never beyond its size", () => {
    expect(run(started, created, half, { type: "progress", sent: 300, rate: null })).toMatchObject({ sent: 500, rate: 250 });
    expect(run(started, created, { type: "progress", sent: 5000, rate: null })).toMatchObject({ sent: 1000 });
  });

  it("stays over: late news changes nothing", () => {
    expect(run(started, created, { type: "cancelled" }, half, { type: "failed", message: "x" })).toEqual({ name: "cancelled" });
    expect(run(started, created, sent, ready, { type: "again" })).toMatchObject({ name: "playable" });
  });

  it("can be tried again after a failure", () => {
    expect(run(started, { type: "failed", message: "x" }, { type: "again" })).toEqual({ name: "queued" });
  });

  it("can be cancelled until its bytes have become an asset", () => {
    expect(canCancel(run(started, created, half))).toBe(true);
    expect(canCancel(run(started, created, sent))).toBe(false);
    expect(isOver(run(started, created, sent))).toBe(false);
  });

  it("tells its share, also of an empty file", () => {
    expect(sentPercent(run(started, created, half))).toBe(50);
    expect(sentPercent({ name: "sending", sent: 0, total: 0, rate: null })).toBe(100);
    expect(sentPercent({ name: "queued" })).toBe(0);
  });

  it("is told in a sentence", () => {
    expect(statusOf(run(started, created, half), 1000)).toBe("50 % · 500 B of 1.0 kB · 250 B/s · 2 s left");
    expect(statusOf({ name: "failed", message: "The connection broke." }, 1)).toBe("The connection broke.");
  });
});

describe("the rate", () => {
  it("is the average of the last seconds", () => {
    const meter = new RateMeter(4000);
    expect(meter.add(0, 0)).toBeNull();
    expect(meter.add(1000, 1_000_000)).toBe(1_000_000);
    expect(meter.add(2000, 2_000_000)).toBe(1_000_000);
    for (let second = 3; second <= 10; second++) meter.add(second * 1000, 2_000_000);
    expect(meter.add(11_000, 2_000_000)).toBe(0);
  });
});
