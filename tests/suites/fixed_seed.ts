/**
 * Gives every property test one seed, so that a run of all checks is reproducible. Loaded before the
 * tests by `deno task ok`; a plain `deno test` draws new cases each time.
 * @module
 */
import fc from "fast-check";

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 20260613 });
