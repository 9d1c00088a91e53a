/**
 * Small controls that several parts use.
 *
 * @module
 */
/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { ComponentChildren, RefObject } from "preact";
import { inks } from "./colours.ts";
import { save } from "./save.ts";

/** One of several. */
export function Choice<T extends string>(
  { label, value, values, onChange }: {
    readonly label: string;
    readonly value: T;
    readonly values: readonly (readonly [value: T, text: string])[];
    readonly onChange: (value: T) => void;
  },
) {
  return (
    <span class="choice" role="group" aria-label={label}>
      {values.map(([own, text]) => (
        <button
          key={own}
          type="button"
          aria-pressed={own === value}
          onClick={() => onChange(own)}
        >
          {text}
        </button>
      ))}
    </span>
  );
}

/** On or off. */
export function Toggle(
  { checked, onChange, children, title }: {
    readonly checked: boolean;
    readonly onChange: (checked: boolean) => void;
    readonly children: ComponentChildren;
    readonly title?: string;
  },
) {
  return (
    <label class="toggle" title={title}>
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>{children}</span>
    </label>
  );
}

/** Saves a drawing. */
export function SaveButtons(
  { target, name, dark }: {
    readonly target: RefObject<SVGSVGElement>;
    readonly name: string;
    readonly dark: boolean;
  },
) {
  const paper = inks[dark ? "dark" : "light"].paper;
  return (
    <span class="save" role="group" aria-label="Save this figure">
      <span class="muted">Save</span>
      {(["svg", "png"] as const).map((kind) => (
        <button
          key={kind}
          type="button"
          class="quiet"
          onClick={() => target.current && save(target.current, name, kind, paper)}
        >
          {kind.toUpperCase()}
        </button>
      ))}
    </span>
  );
}
