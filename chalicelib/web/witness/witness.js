/** The page as a witness of its own answers: what is loaded for it once somebody is signed in. */

import { later } from "../page/component.js";
import { Corner } from "./feedback.js";
import { measure } from "./measuring.js";

/** @typedef {{Corner: typeof Corner} & Partial<typeof import("./mark.js")>} Witness */

/**
 * Measure from now on; returns what is to be shown, to operators more than to others.
 * @param {import("../page/api.js").Api} api
 * @param {number} expiresAt when the token ends
 * @param {boolean} isOperator
 * @param {AbortSignal} signal
 * @returns {Promise<Witness>}
 */
export async function witness(api, expiresAt, isOperator, signal) {
  measure(api, expiresAt, signal);
  if (!isOperator) return { Corner };
  const url = new URL("./mark.js", import.meta.url).href;
  const { ForceOld, Mark } = await later(() => import("./mark.js"), url);
  return { Corner, ForceOld, Mark };
}
