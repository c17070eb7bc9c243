// What the server tells as it happens: experiments and workers, kept current by its events. When
// they cannot be had, the overview is asked for every few seconds instead.
import { signal } from "@preact/signals";
import { ApiError, get, readEvents, whenSignedOut } from "./api";
import type { Overview, OverviewList, Worker } from "./types";

export type Link = "connecting" | "live" | "polling" | "lost";

export const signedIn = signal<boolean | null>(null); // null: not known yet
export const mayWrite = signal(false);
export const link = signal<Link>("connecting");
export const lostSince = signal<number | null>(null);
export const experiments = signal<Map<string, Overview> | null>(null); // null: not loaded yet
export const workers = signal<Worker[]>([]);
export const now = signal(Date.now() / 1000); // on the server's clock
export const connections = signal(0); // grows whenever what was missed must be asked for

const silentSeconds = 20;
const pollSeconds = 5;
let clockAhead = 0;
let stop: AbortController | null = null;

function take(list: OverviewList, everything: boolean) {
  clockAhead = list.time - Date.now() / 1000;
  const known = new Map(everything ? [] : experiments.value);
  for (const one of list.experiments) known.set(one.id, one);
  if (everything || list.experiments.length > 0) experiments.value = known;
  workers.value = list.workers;
  mayWrite.value = list.permissions === "write";
}

function lose() {
  if (link.value === "lost") return;
  link.value = "lost";
  lostSince.value = Date.now() / 1000;
}

function found(kind: Link) {
  link.value = kind;
  lostSince.value = null;
}

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function listen(signal: AbortSignal) {
  const attempt = new AbortController();
  const abort = () => attempt.abort();
  signal.addEventListener("abort", abort);
  let watch = 0;
  const heard = () => {
    clearTimeout(watch);
    watch = window.setTimeout(abort, silentSeconds * 1000);
  };
  heard();
  try {
    await readEvents("/v1/events", attempt.signal, (name, data) => {
      heard();
      const isFirst = name === "overview";
      take(data as OverviewList, isFirst);
      found("live");
      if (isFirst) connections.value += 1;
    });
  } finally {
    clearTimeout(watch);
    signal.removeEventListener("abort", abort);
  }
}

async function poll() {
  take(await get<OverviewList>("/v1/overview"), true);
  found("polling");
}

async function run(signal: AbortSignal) {
  for (let failures = 0; !signal.aborted; ) {
    try {
      await listen(signal);
      failures = 0;
    } catch (error) {
      failures += 1;
      const refused = error instanceof ApiError && error.status > 0;
      try {
        if (refused && signedIn.value) await poll();
        else throw error;
      } catch {
        if (!signal.aborted) lose();
      }
    }
    if (signal.aborted || !signedIn.value) return;
    if (link.value === "live") lose();
    await pause(link.value === "polling" ? pollSeconds : Math.min(1 + failures, 10));
  }
}

export function connect() {
  stop?.abort();
  stop = new AbortController();
  link.value = "connecting";
  void run(stop.signal);
}

export function disconnect() {
  stop?.abort();
  experiments.value = null;
  workers.value = [];
}

whenSignedOut(() => {
  signedIn.value = false;
  disconnect();
});

setInterval(() => {
  now.value = Date.now() / 1000 + clockAhead;
}, 1000);
