/**
 * Where the images of a figure with several stand: in rows, side by side.
 *
 * @module
 */

/** Where an image stands in the plot, in pixels from its top left. */
export interface PanelCell {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Pixels above each image for its title. */
const titleHeight = 22;
/** Pixels between images. */
const gap = 14;

/** Places images in rows, each as large as its column and the height limit allow. */
export function placePanels(
  panels: readonly { readonly image: { readonly width: number; readonly height: number } }[],
  columns: number,
  plotWidth: number,
  maxHeight: number,
): { cells: PanelCell[]; height: number } {
  const columnWidth = (plotWidth - gap * (columns - 1)) / columns;
  const cells: PanelCell[] = [];
  let top = 0;
  for (let start = 0; start < panels.length; start += columns) {
    const row = panels.slice(start, start + columns);
    const sizes = row.map(({ image: { width, height } }) => {
      const factor = Math.min(columnWidth / width, maxHeight / height);
      return { width: width * factor, height: height * factor };
    });
    const rowHeight = Math.max(...sizes.map(({ height }) => height));
    sizes.forEach((size, i) =>
      cells.push({ left: i * (columnWidth + gap), top: top + titleHeight, ...size })
    );
    top += titleHeight + rowHeight + gap;
  }
  return { cells, height: top - gap };
}
