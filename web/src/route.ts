// Where the page is: in the address's fragment, so that every view is a link and back goes back.
import { signal } from "@preact/signals";

const read = () => {
  const [path = "", query = ""] = window.location.hash.replace(/^#\/?/, "").split("?");
  return { parts: path.split("/").filter(Boolean), query: new URLSearchParams(query) };
};

export const route = signal(read());
// A fragment that names a place in the page ("#results") is not one of ours.
window.addEventListener("hashchange", () => {
  if (!window.location.hash || window.location.hash.startsWith("#/")) route.value = read();
});

export const href = (...parts: string[]) => `#/${parts.join("/")}`;

export function go(address: string) {
  window.location.hash = address;
}

// Changes the query without a step in the history.
export function setQuery(changes: Record<string, string | null>) {
  const { parts, query } = read();
  for (const [key, value] of Object.entries(changes))
    if (value === null || value === "") query.delete(key);
    else query.set(key, value);
  const text = query.toString();
  window.history.replaceState(null, "", `#/${parts.join("/")}${text ? `?${text}` : ""}`);
  route.value = read();
}
