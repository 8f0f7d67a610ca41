/** How numbers are said: one way for every page. */

/** Seconds as `0:07`, `4:03` or `2:04:09`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

/** Seconds as a rough sentence part: `12 s`, `4 min`, `2 h 5 min`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

const SIZES: readonly [number, string][] = [
  [1e12, "TB"],
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "kB"],
];

/** Bytes in decimal units, three digits at most: `812 B`, `4.2 MB`, `1.3 GB`. */
export function bytes(count: number): string {
  for (const [size, unit] of SIZES) {
    if (count >= size * 0.9995) return `${significant(count / size)} ${unit}`;
  }
  return `${Math.round(count)} B`;
}

/** Bits per second: `640 kbit/s`, `3.1 Mbit/s`. */
export function bitrate(bitsPerSecond: number): string {
  if (bitsPerSecond < 999_500) return `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
  return `${significant(bitsPerSecond / 1e6)} Mbit/s`;
}

/** 0 to 100 as a whole per cent that says 100 only when all is done, and 0 only when nothing is. */
export function percent(value: number): string {
  if (value >= 100) return "100 %";
  if (value <= 0) return "0 %";
  return `${Math.min(99, Math.max(1, Math.round(value)))} %`;
}

const STEPS: readonly [number, Intl.RelativeTimeFormatUnit][] = [
  [31_557_600, "year"],
  [2_629_800, "month"],
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
];

/** How long ago a Unix time (seconds) was: `just now`, `4 minutes ago`, `yesterday`. */
export function ago(unixSeconds: number, nowSeconds: number): string {
  const passed = nowSeconds - unixSeconds;
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [length, unit] of STEPS) {
    if (passed >= length) return relative.format(-Math.floor(passed / length), unit);
  }
  return passed < 10 ? "just now" : relative.format(-Math.floor(passed), "second");
}

/** A Unix time (seconds) to the second, in the reader's own zone. */
export function exact(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** `1 asset`, `3 assets`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A file name as a title: without the folder and the ending. */
export function titleOf(fileName: string): string {
  const name = fileName.slice(Math.max(fileName.lastIndexOf("/"), fileName.lastIndexOf("\\")) + 1);
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(0, dot) : name;
}

function significant(value: number): string {
  return value >= 99.95 ? String(Math.round(value)) : value.toFixed(1);
}
