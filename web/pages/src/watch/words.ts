/** What the page says when it can't show the video yet, or at all; pure. */

export interface Notice {
  readonly kind: "waiting" | "final";
  readonly title: string;
  readonly text: string;
  /** A short technical fact for whoever is asked for help. */
  readonly code: string | null;
  /** Whether a button offers to try once more. */
  readonly canRetry: boolean;
}

/** What was told by a failed request for the playlist; `status` 0 means that nobody answered. */
export interface Refusal {
  readonly status: number;
  /** The error code in the body, if it was one of ours. */
  readonly code: string | null;
}

/** The server's word for a file that can't be made playable. */
const FAILED = "playback_failed";

/** The notice for a playlist that could not be loaded. */
export function forRefusal({ status, code }: Refusal): Notice {
  if (code === FAILED) return errored();
  if (status === 412) return preparing();
  if (status === 404 || status === 410) return missing(status);
  if (status === 401 || status === 403) return forbidden(status);
  if (status === 0) return unreachable();
  if (status === 429 || status >= 500) return busy(status);
  return unexpected(`HTTP ${status}`);
}

/** Whether the page should go on asking by itself. */
export function isPassing({ status, code }: Refusal): boolean {
  return code !== FAILED && (status === 412 || status === 0 || status === 429 || status >= 500);
}

/** Milliseconds before try number `attempt` (from 1): soon at first, since publishing takes about a second. */
export function backoff(attempt: number): number {
  return Math.min(5_000, Math.round(500 * 1.5 ** (Math.max(1, attempt) - 1)));
}

/** The video arrived, and this browser could not show it. */
export function forMedia(details: string): Notice {
  return final(
    "This video can't be played here",
    "Your browser stopped at something in it. Reloading may help, or another browser.",
    details,
    true,
  );
}

/** The browser has neither Media Source Extensions nor native HLS. */
export function unsupported(): Notice {
  return final("This browser can't play the video", "It has no support for streaming. A current browser will play it.", "NO_MSE", false);
}

/** The address is not one of a video. */
export function badAddress(): Notice {
  return missing(404);
}

function preparing(): Notice {
  return waiting("This video is being prepared", "It starts by itself in a moment.", null);
}

function errored(): Notice {
  return final("This video could not be made playable", "The file that was uploaded can't be read as a video. Its owner can see why.", "HTTP 410", false);
}

function missing(status: number): Notice {
  return final("There is no video here", "It may have been deleted, or the link is not complete.", `HTTP ${status}`, false);
}

function forbidden(status: number): Notice {
  return final("You can't watch this video", "The link has run out, or it is not meant for this place. Ask whoever sent it for a new one.", `HTTP ${status}`, false);
}

function unreachable(): Notice {
  return waiting("The server does not answer", "Check your connection. The page keeps trying.", "NETWORK");
}

function busy(status: number): Notice {
  return waiting("The server is busy", "It will be with you soon. The page keeps trying.", `HTTP ${status}`);
}

function unexpected(code: string): Notice {
  return final("This video can't be loaded", "The server gave an answer that this page does not know.", code, true);
}

function waiting(title: string, text: string, code: string | null): Notice {
  return { kind: "waiting", title, text, code, canRetry: false };
}

function final(title: string, text: string, code: string, canRetry: boolean): Notice {
  return { kind: "final", title, text, code, canRetry };
}
