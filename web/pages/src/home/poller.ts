/** Asks again and again, at a pace that follows what happens; never twice at once, never while nobody looks. */

/** Milliseconds between two looks while something moves. */
const MOVING = 2_000;
/** Milliseconds between two looks when nothing moves. */
const STILL = 15_000;
/** Longest pause after failures, in milliseconds. */
const LONGEST = 30_000;

/** Milliseconds until the next look. */
export function pause(moving: boolean, failures: number): number {
  if (failures > 0) return Math.min(LONGEST, MOVING * 2 ** (failures - 1));
  return moving ? MOVING : STILL;
}

export interface Look {
  /** Whether something is still changing. */
  readonly moving: boolean;
}

/** Calls `look` until `stop`; `failed` is told the error and the milliseconds until the next try. */
export class Poller {
  #timer: ReturnType<typeof setTimeout> | null = null;
  #abort: AbortController | null = null;
  #failures = 0;
  #again = false;
  #stopped = true;

  constructor(
    private readonly look: (signal: AbortSignal) => Promise<Look>,
    private readonly failed: (error: unknown, retryIn: number) => void,
  ) {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.now();
    });
  }

  start(): void {
    this.#stopped = false;
    this.now();
  }

  stop(): void {
    this.#stopped = true;
    this.#abort?.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** Looks at once, or once more if a look is under way. */
  now(): void {
    if (this.#stopped) return;
    if (this.#abort !== null) {
      this.#again = true;
      return;
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    void this.#turn();
  }

  async #turn(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#again = false;
    let moving = true;
    try {
      moving = (await this.look(abort.signal)).moving;
      this.#failures = 0;
    } catch (error) {
      if (!abort.signal.aborted) this.failed(error, pause(true, ++this.#failures));
    } finally {
      this.#abort = null;
    }
    if (this.#stopped) return;
    if (this.#again) this.now();
    else this.#timer = setTimeout(() => this.#wake(), pause(moving, this.#failures));
  }

  #wake(): void {
    if (!document.hidden) this.now();
  }
}
