/** Entry of `/`: sign in, then the page. */

import "../styles/base.css";
import "../styles/home.css";
import { Api } from "../api";
import { el } from "../dom";
import { header } from "../header";
import { browserStore, Token } from "../token";
import { Home } from "./home";
import { signIn } from "./sign-in";

const app = document.getElementById("app")!;
const token = new Token(browserStore());
let home: Home | null = null;

function takeFromAddress(): boolean {
  const clean = token.takeFrom(location);
  if (clean !== null) history.replaceState(null, "", clean);
  return clean !== null;
}

function showSignIn(said: string | null): void {
  home?.stop();
  home = null;
  const form = signIn(said, (secret) => {
    token.set(secret);
    showHome();
  });
  app.replaceChildren(header(), el("main", { className: "door" }, form));
}

function signOut(): void {
  token.forget();
  showSignIn(null);
}

function showHome(): void {
  home?.stop();
  const page = new Home(new Api(() => token.value), (message) => {
    token.forget();
    showSignIn(message);
  });
  home = page;
  const out = el("button", { type: "button", className: "button quiet", on: { click: signOut } }, "Sign out");
  app.replaceChildren(header(out), page.element);
  page.start();
}

function begin(): void {
  takeFromAddress();
  if (token.value === null) showSignIn(null);
  else showHome();
}

window.addEventListener("hashchange", () => {
  if (takeFromAddress() && token.value !== null) showHome();
});
begin();
