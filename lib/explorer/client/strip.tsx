/**
 * Pages and frames side by side.
 *
 * @module
 */
/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { ExplorerGrid, ExplorerSample } from "../data.ts";
import { css, inks, overlayColour } from "./colours.ts";
import { percent } from "./format.ts";
import { tokenAt } from "./image_view.tsx";
import { holdsEvidence } from "./view.ts";

/** Images side by side, each with its share of attention, and a slider over them. */
export function Strip(
  { sample, images, values, panel, dark, onChange }: {
    readonly sample: ExplorerSample;
    readonly images: readonly string[];
    readonly values: Float32Array | null;
    readonly panel: number;
    readonly dark: boolean;
    readonly onChange: (panel: number) => void;
  },
) {
  const shares = sample.panels.map(({ grids }) =>
    grids.reduce((sum, grid) => {
      for (let row = 0; row < grid.rows; row++) {
        for (let column = 0; column < grid.columns; column++) {
          sum += values?.[tokenAt(grid, row, column)] ?? 0;
        }
      }
      return sum;
    }, 0)
  );
  const most = Math.max(...shares, 1e-9), { panels, evidence } = sample;
  const holds = (grids: readonly ExplorerGrid[]) => holdsEvidence(grids, evidence);
  return (
    <div class="strip">
      <div class="frames">
        {panels.map(({ image, label, grids }, i) => (
          <button
            key={i}
            type="button"
            aria-pressed={i === panel}
            aria-label={`${label}, ${percent(shares[i])} of the attention${
              holds(grids) ? ", holds evidence" : ""
            }`}
            title={`${label}: ${percent(shares[i])} of the attention`}
            onClick={() => onChange(i)}
          >
            <img src={images[image]} alt="" loading="lazy" />
            <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
              <rect width="100" height="6" fill={inks[dark ? "dark" : "light"].rule} />
              <rect width={100 * shares[i] / most} height="6" fill={css(overlayColour(0.5, 1))} />
            </svg>
            <span>{holds(grids) ? `${label} ●` : label}</span>
          </button>
        ))}
      </div>
      <label class="slide">
        <span class="muted">{panels[panel]?.label}</span>
        <input
          type="range"
          min={0}
          max={panels.length - 1}
          value={panel}
          aria-label="Image"
          aria-valuetext={panels[panel]?.label}
          onInput={(event) => onChange(Number(event.currentTarget.value))}
        />
      </label>
    </div>
  );
}
