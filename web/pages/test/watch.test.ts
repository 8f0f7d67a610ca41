import Hls from "hls.js";
import { describe, expect, it } from "vitest";
import { bufferedAhead } from "../src/watch/facts";
import { networkEstimate } from "../src/watch/network";
import { patient } from "../src/watch/patience";
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

  it("hls.js still has what patience is built on", () => {
    const controller = new Hls.DefaultConfig.abrController(new Hls());
    expect(controller).toHaveProperty("_abandonRulesCheck");
    expect(controller).toHaveProperty("fragCurrent");
  });
});
