/** The page as a witness of its own answers: what is loaded for it once somebody is signed in. */

import { Corner } from "../components/feedback.js";
import { later } from "./component.js";
import { measure } from "./measuring.js";

/** @typedef {{Corner: typeof Corner} & Partial<typeof import("../components/mark.js")>} Witness */

/**
 * Measure from now on; returns what is to be shown, to operators more than to others.
 * @param {import("./api.js").Api} api
 * @param {number} expiresAt when the token ends
 * @param {boolean} isOperator
 * @param {AbortSignal} signal
 * @returns {Promise<Witness>}
 */
export async function witness(api, expiresAt, isOperator, signal) {
  measure(api, expiresAt, signal);
  if (!isOperator) return { Corner };
  const url = new URL("../components/mark.js", import.meta.url).href;
  const { ForceOld, Mark } = await later(() => import("../components/mark.js"), url);
  return { Corner, ForceOld, Mark };
}
