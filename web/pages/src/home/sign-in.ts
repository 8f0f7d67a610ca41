/** The small door before the page: paste your access token. */

import { el } from "../dom";
import { accepted } from "../token";

/** A form that hands over a token; `said` is why one is asked, if there is a reason. */
export function signIn(said: string | null, onToken: (token: string) => void): HTMLElement {
  const field = el("input", {
    id: "token",
    type: "password",
    autocomplete: "off",
    spellcheck: false,
    required: true,
    attrs: { "aria-describedby": "token-help" },
  });
  const problem = el("p", { className: "problem", role: "alert", hidden: said === null }, said ?? "");
  const submit = (event: Event): void => {
    event.preventDefault();
    const token = accepted(field.value);
    if (token !== null) return onToken(token);
    problem.textContent = "That does not look like an access token. Paste the whole secret, without blanks in it.";
    problem.hidden = false;
    field.focus();
  };
  const form = el(
    "form",
    { className: "card sign-in", noValidate: true, on: { submit } },
    el("h1", {}, "Sign in"),
    el("p", { className: "meta" }, "Paste the secret of an access token. It stays in this browser until you sign out."),
    el("label", { htmlFor: "token" }, "Access token"),
    field,
    problem,
    el("button", { type: "submit", className: "button primary" }, "Sign in"),
    el(
      "p",
      { className: "meta", id: "token-help" },
      "The first start of ",
      el("code", {}, "vidstead serve"),
      " prints one. It is also kept as ",
      el("code", {}, "token_secret"),
      " in ",
      el("code", {}, "credentials.json"),
      " in the data folder.",
    ),
  );
  queueMicrotask(() => field.focus());
  return form;
}
