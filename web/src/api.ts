// Requests to the server that the page came from. The browser's session stands for the token; the
// header says that the request is the dashboard's own.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

// What a page that has no server brings along: answers by path.
const answers = new Map<string, unknown>();
export const bring = (path: string, answer: unknown) => void answers.set(path, answer);
export const brought = <T>(path: string) => (answers.get(path) as T | undefined) ?? null;

const own = { "X-Frugal-Dashboard": "1" };

let onSignedOut = () => {};
export function whenSignedOut(act: () => void) {
  onSignedOut = act;
}

async function request<T>(method: string, path: string, body?: unknown, headers = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { ...own, ...headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    throw new ApiError(0, "The server cannot be reached.");
  }
  const text = await response.text();
  const json = text ? JSON.parse(text) : {};
  if (response.ok) return json as T;
  if (response.status === 401) onSignedOut();
  throw new ApiError(response.status, json.message ?? `The server answered ${response.status}.`);
}

export const get = <T>(path: string) =>
  answers.has(path) ? Promise.resolve(answers.get(path) as T) : request<T>("GET", path);
export const post = <T>(path: string, body: unknown = {}) => request<T>("POST", path, body);
export const put = <T>(path: string, body: unknown) => request<T>("PUT", path, body);
export const remove = (path: string) => request("DELETE", path);

export function signIn(token: string) {
  return request<{ permissions: "read" | "write" }>("POST", "/v1/sessions", {}, { Authorization: `Bearer ${token}` });
}

// Server-sent events, read off a request of our own: an EventSource tells neither the status of a
// refusal nor that the server has fallen silent. Returns when the stream ends; throws ApiError.
export async function readEvents(
  path: string,
  signal: AbortSignal,
  onEvent: (name: string, data: unknown) => void,
): Promise<void> {
  let response: Response;
  try {
    response = await fetch(path, { headers: { ...own, Accept: "text/event-stream" }, signal });
  } catch {
    throw new ApiError(0, "The server cannot be reached.");
  }
  if (response.status === 401) onSignedOut();
  if (!response.ok || !response.body) throw new ApiError(response.status, "No events.");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    let piece: ReadableStreamReadResult<string>;
    try {
      piece = await reader.read();
    } catch {
      return;
    }
    if (piece.done) return;
    text += piece.value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(name))?.slice(name.length);
      const data = field("data: ");
      if (data) onEvent(field("event: ") ?? "message", JSON.parse(data));
    }
  }
}
