/** The access token of this browser: taken from the address or typed in, kept until one signs out. */

const KEY = "vidstead.token";
const SHAPE = /^[\x21-\x7e]{8,512}$/;

export interface Place {
  readonly hash: string;
  readonly pathname: string;
  readonly search: string;
}

/** The part of the browser's storage that is needed; tests hand in a map. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The token in `#token=…`, or null; a fragment never reaches a server or its logs. */
export function tokenInFragment(hash: string): string | null {
  const value = new URLSearchParams(hash.replace(/^#/, "")).get("token");
  return value === null ? null : accepted(value);
}

/** What was typed or pasted, without blanks around it; null when it can't be a token. */
export function accepted(text: string): string | null {
  const token = text.trim();
  return SHAPE.test(token) ? token : null;
}

/** Keeps one token; `store` may be full or forbidden, then it lives as long as the page. */
export class Token {
  #memory: string | null = null;

  constructor(private readonly store: Store | null) {
    this.#memory = this.#read();
  }

  get value(): string | null {
    return this.#memory;
  }

  set(token: string): void {
    this.#memory = token;
    try {
      this.store?.setItem(KEY, token);
    } catch {
      // Storage can be full or switched off: the page goes on with its own copy.
    }
  }

  forget(): void {
    this.#memory = null;
    try {
      this.store?.removeItem(KEY);
    } catch {
      // As above.
    }
  }

  /** Takes the token out of the address; answers the address to show from now on, or null to leave it. */
  takeFrom(place: Place): string | null {
    const found = tokenInFragment(place.hash);
    if (found !== null) this.set(found);
    return /^#(.*&)?token=/.test(place.hash) ? place.pathname + place.search : null;
  }

  #read(): string | null {
    try {
      return this.store?.getItem(KEY) ?? null;
    } catch {
      return null;
    }
  }
}

/** The browser's storage, or null where reading it is forbidden. */
export function browserStore(): Store | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
