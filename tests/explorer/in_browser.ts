import { assertEquals } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { findChromium, missingChromium } from "./chromium.ts";

/** How a page is opened. */
export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: "light" | "dark";
  readonly hasTouch?: boolean;
  readonly fragment?: string;
}

/**
 * Opens a page in Chromium, as a file without network; fails on any message in its console and on any
 * request. Where there is no Chromium the test is skipped, and its name says why.
 *
 * @param html makes the page
 * @param ready what is there once the page is drawn
 */
export function testInBrowser(
  name: string,
  look: Look,
  html: () => Promise<string>,
  ready: string,
  body: (page: Page) => Promise<void>,
): void {
  const chromium = findChromium();
  Deno.test({
    name: chromium ? name : `${name} (${missingChromium})`,
    ignore: chromium === null,
    sanitizeOps: false, // the browser's own process and pipes
    sanitizeResources: false,
    async fn() {
      const { chromium: launcher } = await import("playwright-core");
      const folder = await Deno.makeTempDir();
      let browser: Browser | undefined;
      try {
        const { width = 1600, height = 1000, fragment = "" } = look;
        await Deno.writeTextFile(`${folder}/page.html`, await html());
        const args = Deno.uid?.() === 0 ? ["--no-sandbox"] : [];
        browser = await launcher.launch({ executablePath: chromium!, args });
        const context = await browser.newContext({
          viewport: { width, height },
          colorScheme: look.colorScheme ?? "light",
          hasTouch: look.hasTouch,
          offline: true,
          acceptDownloads: true,
        });
        const page = await context.newPage(), problems: string[] = [];
        page.on("console", (message) => problems.push(message.text()));
        page.on("pageerror", (error) => problems.push(error.message));
        page.on("request", (request) => {
          if (!/^(file|data|blob|about):/.test(request.url())) problems.push(request.url());
        });
        await page.goto(`file://${folder}/page.html${fragment}`);
        await page.waitForSelector(ready);
        await body(page);
        assertEquals(problems, []);
        await context.close();
      } finally {
        await browser?.close();
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
