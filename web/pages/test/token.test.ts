import { describe, expect, it } from "vitest";
import { accepted, type Store, Token, tokenInFragment } from "../src/token";

const SECRET = "s3cr3t-0123456789";

class Memory implements Store {
  readonly kept = new Map<string, string>();
  getItem = (key: string): string | null => this.kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.kept.set(key, value);
  removeItem = (key: string): void => void this.kept.delete(key);
}

class Forbidden implements Store {
  getItem(): string | null {
    throw new Error("forbidden");
  }
  setItem(): void {
    throw new Error("forbidden");
  }
  removeItem(): void {
    throw new Error("forbidden");
  }
}

const place = (hash: string) => ({ hash, pathname: "/", search: "?a=1" });

describe("token", () => {
  it("is read from the fragment, and from nothing else", () => {
    expect(tokenInFragment(`#token=${SECRET}`)).toBe(SECRET);
    expect(tokenInFragment(`#other=1&token=${SECRET}`)).toBe(SECRET);
    expect(tokenInFragment("#Asset-1")).toBeNull();
    expect(tokenInFragment("")).toBeNull();
  });

  it("is taken out of the address and kept", () => {
    const store = new Memory();
    expect(new Token(store).takeFrom(place(`#token=${SECRET}`))).toBe("/?a=1");
    expect(new Token(store).value).toBe(SECRET);
  });

  it("leaves other addresses alone", () => {
    const token = new Token(new Memory());
    expect(token.takeFrom(place("#Asset-1"))).toBeNull();
    expect(token.value).toBeNull();
  });

  it("takes a broken token out of the address too, but does not keep it", () => {
    const token = new Token(new Memory());
    expect(token.takeFrom(place("#token=a%20b"))).toBe("/?a=1");
    expect(token.value).toBeNull();
  });

  it("is forgotten on signing out", () => {
    const store = new Memory();
    const token = new Token(store);
    token.set(SECRET);
    token.forget();
    expect(token.value).toBeNull();
    expect(store.kept.size).toBe(0);
  });

  it.each([new Forbidden(), null])("works where storage is forbidden", (store) => {
    const token = new Token(store);
    token.set(SECRET);
    expect(token.value).toBe(SECRET);
    token.forget();
    expect(token.value).toBeNull();
  });

  it("is trimmed when pasted, and refused with blanks inside or too short", () => {
    expect(accepted(`  ${SECRET}\n`)).toBe(SECRET);
    expect(accepted("two words here")).toBeNull();
    expect(accepted("short")).toBeNull();
    expect(accepted("")).toBeNull();
  });
});
