/** The bar at the top of the pages that belong to the operator. */

import { el, mark } from "./dom";

/** The bar, with what a page puts at its right end. */
export function header(...right: HTMLElement[]): HTMLElement {
  const link = (href: string, name: string): HTMLElement => {
    const here = location.pathname === href;
    return el("a", { href, className: "nav", attrs: here ? { "aria-current": "page" } : {} }, name);
  };
  return el(
    "header",
    { className: "bar" },
    el("a", { className: "brand", href: "/" }, mark(), "Vidstead"),
    el("nav", { attrs: { "aria-label": "Pages" } }, link("/", "Assets"), link("/docs", "API reference")),
    el("span", { className: "grow" }),
    ...right,
  );
}
