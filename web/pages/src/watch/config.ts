/** How hls.js is set for segments that may still have to be encoded when they are asked for. */

import Hls, { type AbrController, type HlsConfig } from "hls.js";
import workerPath from "hls.js/dist/hls.worker.js?url";
import { networkEstimate } from "./network";
import { forgiving, patient } from "./patience";

/** The server holds a request for a missing segment for up to 8 s and then says 503: be more patient than that. */
const FIRST_BYTE_MS = 20_000;

export const config: Partial<HlsConfig> = {
  workerPath,
  abrController: patient(Hls.DefaultConfig.abrController as typeof AbrController),
  fLoader: forgiving(Hls.DefaultConfig.loader) as unknown as NonNullable<HlsConfig["fLoader"]>,
  // No startLevel and no first estimate: hls.js then begins with what the server lists first, which is there soonest,
  // if the network carries it. No cap by size, which would choose another.
  abrEwmaDefaultEstimateMax: networkEstimate(),
  // The test would ask for a segment that is thrown away: an encode for nothing, before the first picture.
  testBandwidth: false,
  startFragPrefetch: true,
  maxBufferLength: 30,
  maxMaxBufferLength: 60,
  backBufferLength: 60,
  fragLoadPolicy: {
    default: {
      maxTimeToFirstByteMs: FIRST_BYTE_MS,
      maxLoadTimeMs: 120_000,
      timeoutRetry: { maxNumRetry: 4, retryDelayMs: 0, maxRetryDelayMs: 0 },
      errorRetry: { maxNumRetry: 20, retryDelayMs: 500, maxRetryDelayMs: 3_000, backoff: "linear" },
    },
  },
};
