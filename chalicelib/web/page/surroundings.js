/** What every component gets from the page: words, formats, and the application to ask. */

import { createContext, useContext } from "../vendor/preact.js";

/**
 * @typedef {object} Surroundings
 * @property {import("./words.js").Words} words
 * @property {import("./formats.js").Formats} formats
 * @property {import("./api.js").Api} api
 */

export const Surrounded = createContext(/** @type {Surroundings | null} */ (null));

/** @returns {Surroundings} */
export function useSurroundings() {
  const found = useContext(Surrounded);
  if (!found) throw new Error("a component stands outside of the page");
  return found;
}
