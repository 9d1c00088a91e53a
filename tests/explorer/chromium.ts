/** Where Chromium is, for tests of the explorer in a browser. */

/** What to do where it is not. */
export const missingChromium =
  "no Chromium: apt-get install chromium, or name it in CORELENS_CHROMIUM";

/** The path of an installed Chromium or Chrome; null where there is none. */
export function findChromium(): string | null {
  const named = Deno.env.get("CORELENS_CHROMIUM");
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  const places = named ? [named] : folders.flatMap((folder) => names.map((n) => `${folder}/${n}`));
  return places.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  }) ?? null;
}
