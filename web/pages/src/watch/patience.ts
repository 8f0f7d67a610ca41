/**
 * A segment that comes late is no slow network here, but an encoder at work. hls.js would draw three conclusions from it
 * that each begin another encode which comes later still: it gives the segment up for a smaller one, it takes the wait
 * for a narrow line, and it changes to another rendition while the encoder already makes the next segment of this one.
 */

import Hls, { type AbrController, type Fragment, type HlsConfig } from "hls.js";

type Loader = HlsConfig["loader"];
type Times = Pick<Fragment["stats"]["loading"], "start" | "first" | "end">;

/** The most that a network takes to the first byte, in milliseconds; what is longer is the server at work. */
export const NETWORK_MS = 100;
/** With so many seconds in the buffer another rendition may be begun, whose first segment takes long. */
const COMFORT_SECONDS = 8;

/** What is used of hls.js beyond what it promises; where it changes, the page goes on without this. */
interface Internals {
  _abandonRulesCheck?: (level?: unknown) => void;
  fragCurrent?: { stats: { loading: Times } } | null;
}

/** Judges a segment only from its first byte on. */
export function patient(Base: typeof AbrController): typeof AbrController {
  return class extends Base {
    constructor(hls: Hls) {
      super(hls);
      const own = this as unknown as Internals;
      const judge = own._abandonRulesCheck;
      if (judge === undefined) return;
      own._abandonRulesCheck = (level) => {
        const times = own.fragCurrent?.stats.loading;
        if (times === undefined || times.first === 0) return;
        forgive(times);
        judge(level);
      };
    }
  };
}

/** Counts as time of the network only what a network can take. */
export function forgiving(Base: Loader): Loader {
  return class extends Base {
    override load(...[context, config, callbacks]: Parameters<InstanceType<Loader>["load"]>): void {
      super.load(context, config, {
        ...callbacks,
        onSuccess: (response, stats, ...rest) => {
          forgive(stats.loading);
          callbacks.onSuccess(response, stats, ...rest);
        },
      });
    }
  };
}

/** Moves the start of a request to where waiting for the server was over. */
export function forgive(times: Times): void {
  times.start = Math.max(times.start, times.first - NETWORK_MS);
}

/**
 * Whether the next segment should be of the same rendition as one that has just been loaded: it was waited for, the
 * network carries it at least twice as fast as it plays, and there is little to play.
 */
export function staysWith(times: Times, duration: number, ahead: number): boolean {
  const waited = Math.round(times.first - times.start) >= NETWORK_MS;
  const carried = times.end - times.first < (1000 * duration) / 2;
  return waited && carried && ahead < COMFORT_SECONDS;
}
