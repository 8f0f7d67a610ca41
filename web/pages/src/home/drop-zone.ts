/** Files come in by the button or by being dropped anywhere on the page. */

import { el, icon } from "../dom";

export interface DropZone {
  readonly button: HTMLButtonElement;
  readonly veil: HTMLElement;
  /** Opens the system's file dialog. */
  choose(): void;
}

/** The upload button and the veil that shows while files hover over the window. */
export function dropZone(onFiles: (files: File[]) => void): DropZone {
  const input = el("input", { type: "file", multiple: true, accept: "video/*,audio/*,.mkv,.mov,.ts,.flv,.avi", hidden: true });
  input.addEventListener("change", () => {
    onFiles([...(input.files ?? [])]);
    input.value = "";
  });
  const choose = (): void => input.click();
  const button = el("button", { type: "button", className: "button primary", on: { click: choose } }, icon("upload"), "Upload files");
  const veil = el("div", { className: "veil", hidden: true }, el("p", {}, "Drop to upload"), input);
  watchWindow(veil, onFiles);
  return { button, veil, choose };
}

function watchWindow(veil: HTMLElement, onFiles: (files: File[]) => void): void {
  let depth = 0;
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  window.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth++;
    veil.hidden = false;
  });
  window.addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    veil.hidden = depth === 0;
  });
  window.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  window.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    onFiles(filesOf(event.dataTransfer));
  });
}

/** Only files: a folder looks like one until it is read. */
function filesOf(transfer: DataTransfer | null): File[] {
  const items = [...(transfer?.items ?? [])].filter((item) => item.kind === "file");
  return items.flatMap((item) => {
    if (item.webkitGetAsEntry?.()?.isDirectory) return [];
    const file = item.getAsFile();
    return file === null ? [] : [file];
  });
}
