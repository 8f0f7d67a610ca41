/** The part of the API that these pages use, in the shapes of `/video/v1`. */

export interface PlaybackId {
  readonly id: string;
  readonly policy: "public" | "signed" | "drm";
}

export interface Track {
  readonly type: "video" | "audio" | "text";
  readonly max_width?: number | null;
  readonly max_height?: number | null;
  readonly max_frame_rate?: number | null;
}

export interface Asset {
  readonly id: string;
  /** Unix seconds, as text. */
  readonly created_at: string;
  readonly status: "preparing" | "ready" | "errored";
  /** How much of the grid is stored, 0 to 100. */
  readonly progress?: { readonly progress: number; readonly state: string } | null;
  /** Seconds. */
  readonly duration?: number | null;
  readonly playback_ids?: readonly PlaybackId[] | null;
  readonly tracks?: readonly Track[] | null;
  readonly errors?: { readonly type?: string; readonly messages?: readonly string[] | null } | null;
  readonly meta?: { readonly title?: string | null } | null;
  readonly passthrough?: string | null;
}

export interface Upload {
  readonly id: string;
  readonly status: "waiting" | "asset_created" | "errored" | "cancelled" | "timed_out";
  readonly url?: string | null;
  readonly asset_id?: string | null;
  readonly error?: { readonly type?: string; readonly message?: string } | null;
}

/** The server answered, and said no; `status` 0 means that it did not answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

/** Longest wait for an answer, in milliseconds. */
const PATIENCE = 20_000;

/** Calls the API of the server that this page came from. */
export class Api {
  constructor(private readonly token: () => string | null) {}

  assets(limit: number, signal?: AbortSignal): Promise<readonly Asset[]> {
    return this.#data("GET", `/video/v1/assets?limit=${limit}`, undefined, signal);
  }

  asset(id: string, signal?: AbortSignal): Promise<Asset> {
    return this.#data("GET", `/video/v1/assets/${encodeURIComponent(id)}`, undefined, signal);
  }

  /** Deletes for good. `last` lets the request outlive the page. */
  async deleteAsset(id: string, last = false): Promise<void> {
    await this.#send("DELETE", `/video/v1/assets/${encodeURIComponent(id)}`, undefined, undefined, last);
  }

  createUpload(title: string, origin: string, signal?: AbortSignal): Promise<Upload> {
    const settings = { playback_policies: ["public"], meta: { title } };
    return this.#data("POST", "/video/v1/uploads", { new_asset_settings: settings, cors_origin: origin }, signal);
  }

  upload(id: string, signal?: AbortSignal): Promise<Upload> {
    return this.#data("GET", `/video/v1/uploads/${encodeURIComponent(id)}`, undefined, signal);
  }

  async cancelUpload(id: string): Promise<void> {
    await this.#send("PUT", `/video/v1/uploads/${encodeURIComponent(id)}/cancel`);
  }

  async #data<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const response = await this.#send(method, path, body, signal);
    const answer = (await response.json()) as { data: T };
    return answer.data;
  }

  async #send(method: string, path: string, body?: unknown, signal?: AbortSignal, last = false): Promise<Response> {
    const headers: Record<string, string> = { Accept: "application/json" };
    const token = this.token();
    if (token !== null) headers["Authorization"] = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const limit = AbortSignal.timeout(PATIENCE);
    let response: Response;
    try {
      response = await fetch(path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
        cache: "no-store",
        credentials: "omit",
        keepalive: last,
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(0, "The server does not answer.");
    }
    if (!response.ok) throw new ApiError(response.status, await sentence(response));
    return response;
  }
}

/** The server's own words, or a sentence for the status. */
async function sentence(response: Response): Promise<string> {
  try {
    const answer = (await response.json()) as { error?: { messages?: string[] } };
    const message = answer.error?.messages?.join(" ");
    if (message) return message;
  } catch {
    // Not JSON, as from a proxy in between: the status has to do.
  }
  return `The server answered with status ${response.status}.`;
}
