/** Deleting with an undo: the request leaves only when the time to regret is over, or the page is left. */

/** Milliseconds in which one may take it back. */
export const REGRET = 6_000;

interface Pending {
  readonly timer: ReturnType<typeof setTimeout>;
}

export class Deletions {
  readonly #pending = new Map<string, Pending>();
  readonly #gone = new Set<string>();

  /**
   * `send` deletes for good, `last` when the page is being left; `changed` is told when a row should look
   * different; `failed` is told what went wrong.
   */
  constructor(
    private readonly send: (id: string, last: boolean) => Promise<void>,
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Whether this asset is on its way out and can still be kept. */
  isPending(id: string): boolean {
    return this.#pending.has(id);
  }

  /** Whether this asset was deleted, even if an older list still names it. */
  isGone(id: string): boolean {
    return this.#gone.has(id);
  }

  begin(id: string): void {
    if (this.#pending.has(id)) return;
    this.#pending.set(id, { timer: setTimeout(() => void this.#commit(id, false), REGRET) });
    this.changed();
  }

  undo(id: string): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    clearTimeout(pending.timer);
    this.#pending.delete(id);
    this.changed();
  }

  /** Sends what is still pending; for leaving the page. */
  flush(): void {
    for (const [id, pending] of [...this.#pending]) {
      clearTimeout(pending.timer);
      void this.#commit(id, true);
    }
  }

  async #commit(id: string, last: boolean): Promise<void> {
    this.#pending.delete(id);
    this.#gone.add(id);
    this.changed();
    try {
      await this.send(id, last);
    } catch (error) {
      this.#gone.delete(id);
      this.changed();
      this.failed(error);
    }
  }
}
