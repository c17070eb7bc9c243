// Light, dark, or as the system has it.
import { signal } from "@preact/signals";
import { lookChanged } from "../charts/chart";

type Theme = "system" | "light" | "dark";
const key = "frugal-theme";
// Some browsers forbid it to pages that are opened from a disk.
function stored(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
function store(name: Theme) {
  try {
    localStorage.setItem(key, name);
  } catch {
    return; // forgotten with the page
  }
}
const before = stored();
const theme = signal<Theme>(before === "light" || before === "dark" ? before : "system");

function apply() {
  if (theme.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
  lookChanged();
}
apply();

// Paper is light; the look of the screen comes back afterwards.
window.addEventListener("beforeprint", () => {
  document.documentElement.dataset.theme = "light";
  lookChanged();
});
window.addEventListener("afterprint", apply);

export function ThemeButton() {
  const next: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
  const change = () => {
    theme.value = next[theme.value];
    store(theme.value);
    apply();
  };
  const label = `Look: ${theme.value}. Change to ${next[theme.value]}`;
  return (
    <button type="button" class="quiet icon" onClick={change} aria-label={label} title={label}>
      <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
        <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" stroke-width="1.6" />
        <path
          d={theme.value === "light" ? "M10 7a3 3 0 1 0 0 6 3 3 0 0 0 0-6" : theme.value === "dark" ? "M10 3a7 7 0 0 1 0 14 7 7 0 0 1 0-14" : "M10 3v14a7 7 0 0 0 0-14"}
          fill="currentColor"
        />
      </svg>
    </button>
  );
}
