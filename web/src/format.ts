// Numbers and times as people read them.

export const dash = "–";
const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 8 }); // slow to make

export function number(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return dash;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(Math.max(0, digits - 2)).replace(/\.?0*e\+?/, "e");
  return grouped.format(Number.isInteger(value) ? value : Number(value.toPrecision(digits)));
}

export function assignment(value: number | string | undefined): string {
  if (value === undefined) return dash;
  return typeof value === "string" ? value : number(value);
}

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return dash;
  if (seconds < 1) return seconds === 0 ? "0 s" : `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds < 10 && !Number.isInteger(seconds) ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`.replace(" 0 s", "");
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`.replace(" 0 min", "");
  return `${(seconds / 86400).toFixed(1)} days`;
}

export function ago(seconds: number): string {
  if (seconds < 2) return "just now";
  return `${duration(Math.floor(seconds))} ago`;
}

export function dollars(value: number): string {
  if (value === 0) return "$0";
  return value < 0.01 ? `$${value.toPrecision(2)}` : `$${value.toFixed(2)}`;
}

export function bytes(value: number): string {
  if (value === 0) return dash;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

export function time(seconds: number | null | undefined): string {
  if (!seconds) return dash;
  const date = new Date(seconds * 1000);
  const isToday = date.toDateString() === new Date().toDateString();
  const clock = date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return isToday ? clock : `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${clock}`;
}

export const plural = (count: number, word: string) => `${grouped.format(count)} ${word}${count === 1 ? "" : "s"}`;
