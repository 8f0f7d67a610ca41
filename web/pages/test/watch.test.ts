import Hls from "hls.js";
import { describe, expect, it } from "vitest";
import { bufferedAhead } from "../src/watch/facts";
import { networkEstimate } from "../src/watch/network";
import { forgive, forgiving, patient, staysWith } from "../src/watch/patience";
import { firstLevel } from "../src/watch/player";
import { backoff, forRefusal, isPassing } from "../src/watch/words";

const refusal = (status: number, code: string | null = null) => ({ status, code });

describe("the watch page", () => {
  it("waits while the video is prepared or the server is away", () => {
    for (const status of [412, 0, 429, 500, 503]) {
      expect(isPassing(refusal(status))).toBe(true);
      expect(forRefusal(refusal(status)).kind).toBe("waiting");
    }
  });

  it("gives up on what will not change", () => {
    for (const status of [400, 401, 403, 404, 410]) {
      expect(isPassing(refusal(status))).toBe(false);
      expect(forRefusal(refusal(status)).kind).toBe("final");
    }
    expect(isPassing(refusal(410, "playback_failed"))).toBe(false);
    expect(forRefusal(refusal(410, "playback_failed")).title).toContain("could not be made playable");
  });

  it("asks soon at first, and never more than 5 s apart", () => {
    expect(backoff(1)).toBe(500);
    expect(backoff(2)).toBe(750);
    expect(backoff(40)).toBe(5000);
  });
});

describe("what is buffered ahead", () => {
  const ranges = (...pairs: [number, number][]) => ({
    length: pairs.length,
    start: (index: number) => pairs[index]![0],
    end: (index: number) => pairs[index]![1],
  });

  it("ends at the first gap", () => {
    expect(bufferedAhead(ranges([0, 10], [12, 20]), 4)).toBe(6);
    expect(bufferedAhead(ranges([0, 10], [10.05, 20]), 4)).toBe(16);
    expect(bufferedAhead(ranges([0, 10]), 11)).toBe(0);
    expect(bufferedAhead(ranges(), 0)).toBe(0);
  });
});

describe("the first estimate of the network", () => {
  const download = (transferSize: number, milliseconds: number) => ({ transferSize, responseStart: 100, responseEnd: 100 + milliseconds });

  it("is the best rate at which a script of some size came", () => {
    expect(networkEstimate([download(194_600, 120), download(900, 1), download(80_000, 200)])).toBe(12_000_000);
  });

  it("is what hls.js assumes where everything was cached, and bounded", () => {
    expect(networkEstimate([download(0, 0)])).toBe(5_000_000);
    expect(networkEstimate([])).toBe(5_000_000);
    expect(networkEstimate([download(180_000, 1)])).toBe(30_000_000);
    expect(networkEstimate([download(180_000, 60_000)])).toBe(500_000);
  });
});

describe("a jump", () => {
  it("begins with what the server lists first, or less where the network carries no more", () => {
    expect(firstLevel(2, 4)).toBe(2);
    expect(firstLevel(2, 1)).toBe(1);
    expect(firstLevel(2, -1)).toBe(2);
    expect(firstLevel(-1, 3)).toBe(3);
  });
});

describe("patience", () => {
  function judged(first: number | null): number {
    let count = 0;
    class Base {
      fragCurrent = first === null ? null : { stats: { loading: { first } } };
      _abandonRulesCheck: () => void = () => {
        count++;
      };
    }
    const Patient = patient(Base as unknown as Parameters<typeof patient>[0]) as unknown as new (hls: null) => Base;
    new Patient(null)._abandonRulesCheck();
    return count;
  }

  it("a segment is judged from its first byte on", () => {
    expect(judged(null)).toBe(0);
    expect(judged(0)).toBe(0);
    expect(judged(120)).toBe(1);
  });

  it("only what a network can take is counted as its time", () => {
    const waited = { start: 1000, first: 2800, end: 2850 };
    forgive(waited);
    expect(waited).toEqual({ start: 2700, first: 2800, end: 2850 });
    const quick = { start: 1000, first: 1020, end: 1500 };
    forgive(quick);
    expect(quick.start).toBe(1000);
  });

  it("the next segment is of the rendition that is being encoded, until there is enough to play", () => {
    const waited = { start: 2700.1, first: 2800.1, end: 2850 };
    expect(staysWith(waited, 4, 3)).toBe(true);
    expect(staysWith(waited, 4, 9)).toBe(false);
    expect(staysWith({ ...waited, first: 2720 }, 4, 3)).toBe(false);
    expect(staysWith({ ...waited, end: 5000 }, 4, 3)).toBe(false);
  });

  it("a loaded segment says that it came at once, and keeps its bytes", () => {
    const told: unknown[] = [];
    class Base {
      load(_context: unknown, _config: unknown, callbacks: { onSuccess: (...all: unknown[]) => void }): void {
        callbacks.onSuccess("bytes", { loading: { start: 0, first: 3000, end: 3050 } }, "context", "details");
      }
    }
    const Forgiving = forgiving(Base as unknown as Parameters<typeof forgiving>[0]) as unknown as new () => Base;
    new Forgiving().load(null, null, { onSuccess: (...all) => told.push(...all) });
    expect(told).toEqual(["bytes", { loading: { start: 2900, first: 3000, end: 3050 } }, "context", "details"]);
  });

  it("hls.js still has what patience is built on", () => {
    const controller = new Hls.DefaultConfig.abrController(new Hls());
    expect(controller).toHaveProperty("_abandonRulesCheck");
    expect(controller).toHaveProperty("fragCurrent");
  });
});
