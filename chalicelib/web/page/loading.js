/** Loading what a component shows: at first, again when somebody comes back to the page, and on request. */

import { useCallback, useEffect, useState } from "../vendor/preact.js";

/**
 * @template Body
 * @typedef {object} Loaded
 * @property {Body | null} body what was loaded last
 * @property {boolean} failed whether the last attempt failed; ``body`` may be older then
 * @property {() => void} load try again
 */

/**
 * @template Body
 * @param {() => Promise<Body>} ask another function loads again
 * @returns {Loaded<Body>}
 */
export function useLoaded(ask) {
  const [state, setState] = useState(
    /** @type {{body: Body | null, failed: boolean}} */ ({ body: null, failed: false }),
  );
  const load = useCallback(() => {
    ask().then(
      (body) => setState({ body, failed: false }),
      () => setState((before) => ({ body: before.body, failed: true })),
    );
  }, [ask]);
  useEffect(load, [load]);
  useEffect(() => {
    const comeBack = () => document.visibilityState === "visible" && load();
    document.addEventListener("visibilitychange", comeBack);
    return () => document.removeEventListener("visibilitychange", comeBack);
  }, [load]);
  return { ...state, load };
}
