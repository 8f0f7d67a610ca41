/** The three players behind one door: each plays an address in a video element and tells its errors. */
(() => {
  const PATIENCE_MS = 20_000;

  function hlsJs(video, url, tell) {
    const hls = new Hls({
      testBandwidth: false,
      fragLoadPolicy: {
        default: {
          maxTimeToFirstByteMs: PATIENCE_MS,
          maxLoadTimeMs: 60_000,
          timeoutRetry: { maxNumRetry: 3, retryDelayMs: 0, maxRetryDelayMs: 0 },
          errorRetry: { maxNumRetry: 20, retryDelayMs: 500, maxRetryDelayMs: 2_000 },
        },
      },
    });
    hls.on(Hls.Events.ERROR, (_event, data) => tell(data.fatal, `${data.details} ${data.response?.code ?? ""} ${data.error?.message ?? ""}`));
    hls.on(Hls.Events.MANIFEST_PARSED, () => void video.play().catch(() => {}));
    hls.attachMedia(video);
    hls.loadSource(url);
  }

  async function shakaPlayer(video, url, tell) {
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    const patience = { maxAttempts: 20, baseDelay: 500, backoffFactor: 1.2, fuzzFactor: 0, timeout: PATIENCE_MS, connectionTimeout: PATIENCE_MS, stallTimeout: PATIENCE_MS };
    player.configure({ streaming: { retryParameters: patience } });
    const say = (error) => tell(error.severity === 2, `shaka ${error.code} ${JSON.stringify(error.data)}`);
    player.addEventListener("error", (event) => say(event.detail));
    await player.attach(video);
    try {
      await player.load(url);
      await video.play();
    } catch (error) {
      say(error);
    }
  }

  function dashJs(video, url, tell) {
    const player = dashjs.MediaPlayer().create();
    player.updateSettings({
      debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE },
      streaming: { retryAttempts: { MediaSegment: 20, InitializationSegment: 5 }, retryIntervals: { MediaSegment: 500 }, fragmentRequestTimeout: PATIENCE_MS },
    });
    player.on(dashjs.MediaPlayer.events.ERROR, (event) => tell(true, `dash.js ${event.error?.code} ${event.error?.message}`));
    player.initialize(video, url, true);
  }

  window.vidsteadPlayers = { "hls.js": hlsJs, "shaka-player": shakaPlayer, "dash.js": dashJs };
})();
