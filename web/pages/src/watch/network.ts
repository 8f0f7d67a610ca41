/** What is known of the network before the first segment. */

const LEAST = 500_000;
const MOST = 30_000_000;
/**
 * What is assumed where nothing is known: hls.js's own bound. What the browser believes (`navigator.connection`) is no
 * help: Chromium said 1.4 Mbit/s of a loopback, and a second visit began with the smallest rendition.
 */
const UNKNOWN = 5_000_000;
/** Bytes that a server sends before it hears anything (RFC 6928): they are there when the clock starts. */
const AT_ONCE = 14_600;
/** Bytes below which a download says nothing about the rate. */
const TELLING = 5 * AT_ONCE;

/** The part of a resource timing that tells a rate; times in milliseconds. */
export type Download = Pick<PerformanceResourceTiming, "transferSize" | "responseStart" | "responseEnd">;

/**
 * Bits per second that the network gives at least, between 0.5 and 30 million: the rate at which this page's own
 * scripts came, from the first byte to the last. TCP starts slowly, so it errs on the side of too little. Where all of
 * them came from the browser's cache: 5 million.
 */
export function networkEstimate(
  downloads: readonly Download[] = performance.getEntriesByType("resource") as PerformanceResourceTiming[],
): number {
  const rates = downloads
    .filter((one) => one.transferSize >= TELLING && one.responseEnd > one.responseStart)
    .map((one) => ((one.transferSize - AT_ONCE) * 8_000) / (one.responseEnd - one.responseStart));
  const known = rates.length > 0 ? Math.max(...rates) : UNKNOWN;
  return Math.round(Math.min(MOST, Math.max(LEAST, known)));
}
