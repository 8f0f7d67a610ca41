/** Entry of `/watch/{playback_id}`. */

import "../styles/base.css";
import "../styles/watch.css";
import { el } from "../dom";
import { Facts } from "./facts";
import { showNotice } from "./notice-view";
import { Player } from "./player";
import { badAddress } from "./words";

/** Milliseconds of standing still before the page says why. */
const BEFORE_SAYING = 1_500;

const video = document.querySelector<HTMLVideoElement>("#video")!;
const notice = document.querySelector<HTMLElement>("#notice")!;
const id = /^\/watch\/([A-Za-z0-9_-]{1,128})\/?$/.exec(location.pathname)?.[1];
const embedded = window.self !== window.top;
document.body.classList.toggle("embedded", embedded);

if (id === undefined) showNotice(notice, badAddress(), () => undefined);
else play(id);

function play(playbackId: string): void {
  const hint = el("p", { className: "hint", role: "status", hidden: true }, "This part is being encoded. It plays in a moment.");
  notice.after(hint);
  const stalled = stallHint(hint);
  const player = new Player(video, `/${playbackId}.m3u8`, {
    notice: (said) => {
      video.classList.toggle("covered", said !== null);
      showNotice(notice, said, () => player.start());
    },
    encoding: stalled,
  });
  player.start();
  video.addEventListener("resize", fit);
  new ResizeObserver(fit).observe(video);
  new Facts(document.querySelector<HTMLElement>("#facts")!, video, () => player.hls, playbackId);
  if (!embedded) video.addEventListener("canplay", () => void begin(), { once: true });
}

/**
 * The frame takes the picture's shape, so that an upright film does not stand in a wide black box. Where that came out
 * right but for a rounded pixel, the picture covers the frame: a black hairline at the edge would be seen.
 */
function fit(): void {
  if (video.videoWidth === 0) return;
  const ratio = video.videoWidth / video.videoHeight;
  document.body.style.setProperty("--ratio", String(ratio));
  video.classList.toggle("fits", Math.abs(video.clientWidth / video.clientHeight / ratio - 1) < 0.01);
}

/** Whoever opens a video's own page wants to see it; a browser that does not allow sound yet shows its play button. */
async function begin(): Promise<void> {
  try {
    await video.play();
  } catch {
    // Not allowed without a click: the controls are there.
  }
}

/**
 * Says that a part is being encoded while playback stands still and the server has said so; a slow network is not that,
 * and a short wait needs no words.
 */
function stallHint(hint: HTMLElement): (encoding: boolean) => void {
  let since: number | null = null;
  let encoding = false;
  const update = (): void => {
    hint.hidden = !encoding || since === null || performance.now() - since < BEFORE_SAYING;
  };
  const stand = (): void => {
    since ??= performance.now();
    setTimeout(update, BEFORE_SAYING + 20);
  };
  const go = (): void => {
    since = null;
    update();
  };
  for (const stop of ["waiting", "seeking"]) video.addEventListener(stop, stand);
  for (const over of ["playing", "seeked", "canplay"]) video.addEventListener(over, go);
  return (now) => {
    encoding = now;
    update();
  };
}
