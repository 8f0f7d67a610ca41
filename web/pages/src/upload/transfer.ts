/** Sends one file by PUT. XMLHttpRequest, because fetch can't tell how much was sent. */

export class TransferError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = "TransferError";
  }
}

/**
 * Puts a file to its upload address.
 *
 * @param onProgress told the bytes sent so far
 * @throws TransferError when the connection broke (status 0) or the server said no
 * @throws DOMException AbortError when `signal` fired
 */
export function putFile(url: string, file: File, onProgress: (sent: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = (): void => request.abort();
    const settle = (act: () => void): void => {
      signal.removeEventListener("abort", abort);
      act();
    };
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () =>
      settle(() => (request.status >= 200 && request.status < 300 ? resolve() : reject(refusal(request))));
    request.onerror = () => settle(() => reject(new TransferError(0, "The connection broke while the file was being sent.")));
    request.onabort = () => settle(() => reject(new DOMException("cancelled", "AbortError")));
    request.open("PUT", url);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    signal.addEventListener("abort", abort);
    if (signal.aborted) settle(() => reject(new DOMException("cancelled", "AbortError")));
    else request.send(file);
  });
}

function refusal(request: XMLHttpRequest): TransferError {
  let message = "";
  try {
    const answer = JSON.parse(request.responseText) as { error?: { messages?: string[] } };
    message = answer.error?.messages?.join(" ") ?? "";
  } catch {
    // A proxy's page, not ours.
  }
  const said = message || `The server refused the file with status ${request.status}.`;
  return new TransferError(request.status, said);
}
