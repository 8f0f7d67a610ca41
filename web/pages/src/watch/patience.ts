/**
 * hls.js gives up a segment of which nothing has come for half its length, and asks for a smaller one. Here that is no
 * slow network but an encoder at work: giving up throws its work away, and begins another encode that comes later.
 */

import Hls, { type AbrController } from "hls.js";

/** What is used of hls.js beyond what it promises; where it changes, the page goes on without this. */
interface Internals {
  _abandonRulesCheck?: (level?: unknown) => void;
  fragCurrent?: { stats: { loading: { first: number } } } | null;
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
        if ((own.fragCurrent?.stats.loading.first ?? 0) > 0) judge(level);
      };
    }
  };
}
