/**
 * Watches a video element: which frame is on the screen, at which media time, and where playback stood still.
 *
 * A picture is taken as a VideoFrame, which carries its own timestamp: what a canvas shows may be one frame later
 * than what requestVideoFrameCallback tells.
 */
(() => {
  /** Samples across one column; the middle half of them counts. */
  const SAMPLES = 8;
  const ROWS = 4;

  class Recorder {
    /** `began` on the clock of the page, in milliseconds; `bits` columns has a barcode. */
    constructor(video, began, bits) {
      this.bits = bits;
      this.video = video;
      this.began = began;
      this.frames = [];
      this.stalls = [];
      this.seeks = [];
      this.errors = [];
      this.firstFrame = null;
      this.ended = false;
      this.standing = null;
      this.seeking = null;
      this.canvas = new OffscreenCanvas(this.bits * SAMPLES, ROWS);
      this.context = this.canvas.getContext("2d", { willReadFrequently: true });
      this.context.imageSmoothingQuality = "high";
      this.next = () => video.requestVideoFrameCallback((now) => this.onFrame(now));
      this.next();
      video.addEventListener("waiting", () => this.onWaiting());
      video.addEventListener("playing", () => this.onGoing());
      video.addEventListener("timeupdate", () => this.standing !== null && !video.seeking && video.readyState > 2 && this.onGoing());
      video.addEventListener("seeking", () => this.onSeeking());
      video.addEventListener("ended", () => { this.ended = true; });
      video.addEventListener("error", () => this.errors.push({ fatal: true, text: `media element: ${video.error?.code} ${video.error?.message}` }));
    }

    now() {
      return (performance.now() - this.began) / 1000;
    }

    onFrame(now) {
      this.next();
      let frame;
      try {
        frame = new VideoFrame(this.video);
      } catch {
        return; // Between two sources there is no picture.
      }
      try {
        const at = (now - this.began) / 1000;
        this.firstFrame ??= at;
        this.frames.push([frame.timestamp / 1e6, this.read(frame), at]);
        this.landed(frame.timestamp / 1e6);
      } finally {
        frame.close();
      }
    }

    /** The number in the band from 1/12 to 3/12 of the height: its middle third is read. */
    read(frame) {
      const { displayWidth: width, displayHeight: height } = frame;
      this.context.drawImage(frame, 0, (height * 8.5) / 60, width, (height * 3) / 60, 0, 0, this.bits * SAMPLES, ROWS);
      const pixels = this.context.getImageData(0, 0, this.bits * SAMPLES, ROWS).data;
      let number = 0;
      for (let bit = 0; bit < this.bits; bit++) number = number * 2 + (this.mean(pixels, bit) > 128 ? 1 : 0);
      return number;
    }

    mean(pixels, bit) {
      let sum = 0;
      for (let y = 0; y < ROWS; y++) {
        for (let x = SAMPLES / 4; x < (3 * SAMPLES) / 4; x++) sum += pixels[4 * (y * this.bits * SAMPLES + bit * SAMPLES + x) + 1];
      }
      return sum / (ROWS * (SAMPLES / 2));
    }

    onWaiting() {
      if (this.firstFrame === null || this.video.seeking || this.video.ended) return;
      this.standing ??= { position: this.video.currentTime, at: this.now() };
    }

    onGoing() {
      if (this.standing === null) return;
      this.stalls.push([this.standing.position, this.now() - this.standing.at]);
      this.standing = null;
    }

    onSeeking() {
      this.standing = null;
      this.seeking ??= { target: this.video.currentTime, at: this.now() };
    }

    /** A seek is over when a picture at its target, or later, is on the screen. */
    landed(time) {
      if (this.seeking === null || this.video.seeking || time < this.seeking.target - 0.5) return;
      this.seeks.push([this.seeking.target, time, this.now() - this.seeking.at]);
      this.seeking = null;
    }

    report() {
      const { video } = this;
      const quality = video.getVideoPlaybackQuality();
      const ranges = Array.from({ length: video.buffered.length }, (_, i) => [video.buffered.start(i), video.buffered.end(i)]);
      const standing = this.standing === null ? [] : [[this.standing.position, this.now() - this.standing.at]];
      return {
        frames: this.frames,
        stalls: [...this.stalls, ...standing],
        seeks: this.seeks,
        errors: this.errors,
        first_frame_seconds: this.firstFrame,
        ended: this.ended,
        position: video.currentTime,
        duration: Number.isFinite(video.duration) ? video.duration : null,
        buffered: ranges,
        dropped: quality.droppedVideoFrames,
        decoded: quality.totalVideoFrames,
        audio_bytes: video.webkitAudioDecodedByteCount ?? 0,
        width: video.videoWidth,
        height: video.videoHeight,
      };
    }
  }

  const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

  /**
   * Plays until `until` ("ended", or a media time in seconds), after a jump to `seekTo` if there is one; gives up after
   * `timeout` seconds, or when the player has given up.
   */
  async function run(recorder, { until, seekTo, rate, timeout }) {
    const { video } = recorder;
    const over = () => recorder.now() > timeout || recorder.errors.some((error) => error.fatal);
    const wait = async (done) => {
      while (!done() && !over()) await sleep(0.02);
      return done();
    };
    video.preservesPitch = false;
    video.playbackRate = rate;
    video.defaultPlaybackRate = rate;
    let complete = await wait(() => recorder.firstFrame !== null);
    if (complete && seekTo !== null) {
      video.currentTime = seekTo;
      complete = await wait(() => recorder.seeks.length > 0);
    }
    if (complete && video.paused && !video.ended) await video.play().catch((error) => recorder.errors.push({ fatal: true, text: String(error) }));
    const atEnd = () => recorder.ended || video.currentTime >= video.duration - 0.002;
    complete &&= await wait(() => atEnd() || (until !== "ended" && video.currentTime >= until));
    // dash.js sometimes plays the last picture before it ends the stream; then Chromium never says "ended".
    for (let turn = 0; turn < 100 && complete && atEnd() && !recorder.ended; turn++) await sleep(0.02);
    video.pause();
    return { ...recorder.report(), complete };
  }

  window.vidsteadOracle = { Recorder, run };
})();
