// A browser for the tests, and how they wait: for conditions, with much patience. Exits with 77,
// and says why, when there is no browser to test with.
import { existsSync } from "node:fs";
import { skip } from "./skip.mjs";

export const patience = Number(process.env.PATIENCE ?? 120_000); // of every wait: machines are slow and busy

export async function openBrowser() {
  const path = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
  if (!path) skip("Chromium is not installed (tools/packages-test.txt)");
  const { chromium } = await import("playwright-core").catch(() => skip("web/node_modules lacks playwright-core: npm ci in web/"));
  return () => chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-gpu"] });
}

export async function step(name, act) {
  const begin = Date.now();
  await act();
  console.log(`${name} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
}

export async function until(what, isSo) {
  const end = Date.now() + patience;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

// The looks in which every page is looked at. Neighbours differ in one thing.
export const looks = [
  { width: 1280, colorScheme: "light" },
  { width: 1280, colorScheme: "dark" },
  { width: 390, colorScheme: "dark" },
  { width: 390, colorScheme: "light" },
];

export async function take(page, { width, colorScheme }) {
  await page.setViewportSize({ width, height: width < 500 ? 844 : 900 });
  await page.emulateMedia({ colorScheme });
  await until("the charts follow the window", () =>
    page.evaluate(() => [...document.querySelectorAll(".chart")].every((chart) => Math.abs(chart.clientWidth - (chart.querySelector("canvas")?.clientWidth ?? 0)) < 2)),
  );
}

// By how many pixels the page is wider than its window.
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
