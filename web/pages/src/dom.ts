/** Building the page from typed values: text is always text, never markup. */

export type Child = Node | string | null | undefined | false;

type Props<K extends keyof HTMLElementTagNameMap> = Partial<
  Omit<HTMLElementTagNameMap[K], "style" | "dataset" | "classList" | "children">
> & { attrs?: Record<string, string>; on?: { [E in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[E]) => void } };

/** One element with its properties, attributes, listeners and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props<K> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const { attrs, on, ...rest } = props;
  const element = document.createElement(tag);
  Object.assign(element, rest);
  for (const [name, value] of Object.entries(attrs ?? {})) element.setAttribute(name, value);
  for (const [name, listener] of Object.entries(on ?? {})) element.addEventListener(name, listener as EventListener);
  element.append(...children.filter((child): child is Node | string => child instanceof Node || typeof child === "string"));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  upload: "M8 10.5V2.5M4.8 5.4 8 2.2l3.2 3.2M2.5 10.5v2a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1v-2",
  play: "M5 3.2v9.6L12.8 8Z",
  link: "M6.6 9.4l2.8-2.8M7.2 4.6l1.4-1.4a2.5 2.5 0 0 1 3.6 3.6l-1.4 1.4M8.8 11.4l-1.4 1.4a2.5 2.5 0 0 1-3.6-3.6l1.4-1.4",
  trash: "M2.8 4.3h10.4M6.3 4.2V2.7h3.4v1.5M4.2 4.5l.6 8.8h6.4l.6-8.8M6.8 7v3.8M9.2 7v3.8",
  close: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.5l3.2 3.2L13 5",
  retry: "M13 8a5 5 0 1 1-1.6-3.7M13 2.2v2.6h-2.6",
} as const;

export type IconName = keyof typeof ICONS;

/** A 16 px line icon; decoration only, the word stands beside it or in the button's label. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Vidstead's mark: a grid that is being filled. */
export function mark(): HTMLElement {
  return el("img", { src: "/static/favicon.svg", alt: "", width: 18, height: 18 });
}

/** Sets text only when it changed, so that selections and screen readers are left in peace. */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Copies text and says so on the button for a moment. */
export async function copyFrom(button: HTMLButtonElement, text: string): Promise<void> {
  const done = await write(text);
  const before = button.getAttribute("data-tip");
  button.setAttribute("data-tip", done ? "Copied" : "Press Ctrl+C");
  button.classList.add("told");
  setTimeout(() => {
    button.classList.remove("told");
    if (before === null) button.removeAttribute("data-tip");
    else button.setAttribute("data-tip", before);
  }, 1400);
}

async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeBySelection(text);
  }
}

/** The clipboard API exists only on https and localhost; a server in one's own network is often neither. */
function writeBySelection(text: string): boolean {
  const field = el("textarea", { value: text, className: "off-screen" });
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
