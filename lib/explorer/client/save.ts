/**
 * Drawings as files: SVG as it stands, PNG drawn from it.
 *
 * @module
 */

/** An SVG element by itself: with its size, its fonts and a background. */
export function standalone(svg: SVGSVGElement, paper: string, scale = 1): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const { width, height } = svg.viewBox.baseVal;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width * scale));
  copy.setAttribute("height", String(height * scale));
  copy.setAttribute("font-family", "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif");
  for (const name of ["class", "style", "tabindex", "role", "aria-activedescendant"]) {
    copy.removeAttribute(name);
  }
  for (const gone of copy.querySelectorAll("[data-unsaved]")) gone.remove();
  const back = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  back.setAttribute("width", String(width));
  back.setAttribute("height", String(height));
  back.setAttribute("fill", paper);
  copy.prepend(back);
  return new XMLSerializer().serializeToString(copy);
}

/** Offers a file for download. */
function offer(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A name for a file, from any text. */
function fileName(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, "-").slice(0, 80);
}

/** Saves a drawing as SVG, or as PNG with at least 1,200 pixels across. */
export async function save(
  svg: SVGSVGElement,
  name: string,
  kind: "svg" | "png",
  paper: string,
): Promise<void> {
  const { width, height } = svg.viewBox.baseVal;
  const scale = Math.max(1, Math.min(8, 1200 / width));
  const text = standalone(svg, paper, kind === "svg" ? Math.max(1, 480 / width) : scale);
  const blob = new Blob([text], { type: "image/svg+xml" });
  if (kind === "svg") return offer(blob, `${fileName(name)}.svg`);
  const url = URL.createObjectURL(blob), image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(url);
  const png = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (png) offer(png, `${fileName(name)}.png`);
}
