/**
 * Colours of data: told apart by readers with any kind of colour vision, on light and dark.
 *
 * @module
 */

/** Red, green, blue from 0 to 255, opacity from 0 to 1. */
export type Colour = readonly [red: number, green: number, blue: number, opacity: number];

/** Colours at positions from 0 to 1. */
type Scale = readonly (readonly [position: number, colour: Colour])[];

function evenly(...colours: string[]): Scale {
  return colours.map((text, i) => {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
    return [i / (colours.length - 1), [red, green, blue, 1]];
  });
}

const sequential = {
  light: evenly(
    ...["#fbfbe6", "#e8f3b8", "#bfe3b6", "#7accbc", "#3fb0c4", "#2389bc", "#2359a5", "#22318c"],
    "#0a1c58",
  ),
  dark: evenly(
    ...["#18212c", "#1d3449", "#1f4f72", "#226f94", "#2f92a8", "#5cb5ac", "#98d3ab", "#d3ecb4"],
    "#fbfbd9",
  ),
};

const diverging = {
  light: evenly(
    ...["#542788", "#8073ac", "#b2abd2", "#d8daeb", "#f5f5f5", "#fee0b6", "#fdb863", "#e08214"],
    "#b35806",
  ),
  dark: evenly(
    ...["#cbbcf0", "#a493d6", "#7565ab", "#43406b", "#222831", "#5a4120", "#96631a", "#d68f2a"],
    "#ffd08a",
  ),
};

const overlayScale: Scale = [
  [0, [255, 214, 0, 0]],
  [0.06, [255, 200, 0, 0.25]],
  [0.3, [255, 130, 0, 0.58]],
  [0.65, [224, 24, 60, 0.64]],
  [1, [140, 0, 110, 0.68]],
];

function at(scale: Scale, position: number): Colour {
  const place = Math.min(1, Math.max(0, position));
  const above = Math.max(1, scale.findIndex(([end]) => end >= place));
  const [[start, from], [end, to]] = [scale[above - 1], scale[above]];
  const share = (place - start) / (end - start);
  return from.map((value, i) => value + share * (to[i] - value)) as unknown as Colour;
}

export function css([red, green, blue, opacity]: Colour): string {
  const rgb = [red, green, blue].map(Math.round).join(",");
  return opacity === 1 ? `rgb(${rgb})` : `rgba(${rgb},${opacity.toFixed(3)})`;
}

/** The colour of a head's value. */
export function mapColour(
  value: number,
  limit: number,
  isDiverging: boolean,
  dark: boolean,
): string {
  const tone = dark ? "dark" : "light", scaled = limit > 0 ? value / limit : 0;
  return css(
    isDiverging ? at(diverging[tone], 0.5 + scaled / 2) : at(sequential[tone], scaled),
  );
}

/** The colour of attention over a image or behind text. */
export function overlayColour(share: number, strength: number): Colour {
  const [red, green, blue, opacity] = at(overlayScale, share);
  return [red, green, blue, opacity * strength];
}

/** Colours that carry no data, for drawings that are saved. */
export const inks = {
  light: {
    paper: "#ffffff",
    text: "#3d4754",
    strong: "#1f2733",
    muted: "#6b7683",
    rule: "#d9dee4",
  },
  dark: { paper: "#12171d", text: "#b9c3ce", strong: "#eef2f6", muted: "#8b97a5", rule: "#303a45" },
} as const;

/** Outline of chosen heads. */
export const accent = "#d55e00";

/** Outline of evidence. */
export const evidenceColour = "#0072b2";
