import { describe, expect, it } from "vitest";
import * as format from "../src/format";

describe("format", () => {
  it.each([
    [0, "0:00"],
    [7.4, "0:07"],
    [59.6, "1:00"],
    [243, "4:03"],
    [7449, "2:04:09"],
    [-3, "0:00"],
  ])("says %d seconds as the duration %s", (seconds, said) => expect(format.duration(seconds)).toBe(said));

  it.each([
    [3, "3 s"],
    [61, "1 min"],
    [3599, "1 h"],
    [7500, "2 h 5 min"],
  ])("says %d seconds as the span %s", (seconds, said) => expect(format.span(seconds)).toBe(said));

  it.each([
    [0, "0 B"],
    [812, "812 B"],
    [999_600, "1.0 MB"],
    [4_200_000, "4.2 MB"],
    [312_000_000, "312 MB"],
    [1_300_000_000, "1.3 GB"],
  ])("says %d bytes as %s", (count, said) => expect(format.bytes(count)).toBe(said));

  it.each([
    [640_000, "640 kbit/s"],
    [999_600, "1.0 Mbit/s"],
    [3_140_000, "3.1 Mbit/s"],
  ])("says %d bit/s as %s", (rate, said) => expect(format.bitrate(rate)).toBe(said));

  it.each([
    [0, "0 %"],
    [0.2, "1 %"],
    [50.4, "50 %"],
    [99.9, "99 %"],
    [100, "100 %"],
  ])("says %d as %s, and 100 only when all is done", (value, said) => expect(format.percent(value)).toBe(said));

  it.each([
    [1000, "just now"],
    [980, "20 seconds ago"],
    [1000 - 240, "4 minutes ago"],
    [1000 - 90_000, "yesterday"],
  ])("says the time %d seen from 1000 as %s", (then, said) => expect(format.ago(then, 1000)).toBe(said));

  it.each([
    ["film.mp4", "film"],
    ["a.b.mkv", "a.b"],
    [".hidden", ".hidden"],
    ["folder/clip.mov", "clip"],
  ])("makes a title of %s", (name, title) => expect(format.titleOf(name)).toBe(title));
});
