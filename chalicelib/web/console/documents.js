/**
 * What the screens show: documents by their addresses, asked for again while they are looked at. What could not be
 * asked for again stays, with when it was so.
 */

import { createContext, useContext, useEffect, useState } from "../vendor/preact.js";

/** @typedef {import("../page/api.js").Problem} Problem */

/**
 * ``body`` null: there was none yet. ``at``: when it was so, in milliseconds. ``problem``: why the last attempt failed.
 * @template Body
 * @typedef {{body: Body | null, at: number | null, problem: Problem | null}} Kept
 */

export const EVERY_MS = 15_000;
const LOOK_EVERY_MS = 1_000;
const PATIENCE_MS = 25_000;
const TYPING = "dialog[open] input:not([readonly])"; // a reason

/** @type {Kept<never>} */
const NOTHING = { body: null, at: null, problem: null };

export class Documents {
  /**
   * @param {Pick<import("../page/api.js").Api, "send">} api
   * @param {() => number} [now] in milliseconds
   */
  constructor(api, now = Date.now) {
    this.api = api;
    this.now = now;
    /** @type {Map<string, Kept<any>>} */
    this.kept = new Map();
    /** @type {Map<string, Set<() => void>>} who looks at an address */
    this.watched = new Map();
    /** @type {Map<string, number>} the latest attempt of each address: an answer that another has overtaken is dropped */
    this.turns = new Map();
    /** @type {Set<string>} what only people ask for again: to look at it changes something */
    this.byHand = new Set();
    /** When it was last asked for everything. */
    this.begun = now();
    /** Called with each answer. */
    this.onAnswer = () => {};
  }

  /**
   * @param {string} path
   * @returns {Kept<any>}
   */
  get(path) {
    return this.kept.get(path) ?? NOTHING;
  }

  /**
   * Ask for a document now and with each refresh, and say when it has changed. Returns how to stop it.
   * @param {string} path
   * @param {() => void} changed
   * @param {boolean} [byHand] whether only people ask for it again
   */
  watch(path, changed, byHand = false) {
    if (byHand) this.byHand.add(path);
    const watchers = this.watched.get(path) ?? new Set();
    this.watched.set(path, watchers.add(changed));
    if (watchers.size === 1) this.ask(path);
    return () => {
      watchers.delete(changed);
      if (!watchers.size) this.watched.delete(path);
    };
  }

  /**
   * Ask again for everything that somebody looks at.
   * @param {boolean} [isByHand] false: because of the time alone
   */
  async refresh(isByHand = true) {
    this.begun = this.now();
    const paths = [...this.watched.keys()].filter((path) => isByHand || !this.byHand.has(path));
    await Promise.all(paths.map((path) => this.ask(path)));
  }

  /** @param {string} path */
  async ask(path) {
    const turn = (this.turns.get(path) ?? 0) + 1;
    this.turns.set(path, turn);
    const found = await this.api.send("GET", path, { patience: PATIENCE_MS }).then(
      ({ body }) => ({ body, at: this.now(), problem: null }),
      (problem) => ({ ...this.get(path), problem }),
    );
    if (this.turns.get(path) !== turn) return;
    this.kept.set(path, found);
    for (const changed of this.watched.get(path) ?? []) changed();
    this.onAnswer();
  }

  /**
   * Keep what no route answers, for as long as the page is open. It is shown with the next drawing.
   * @param {string} name
   * @param {any} body
   */
  keep(name, body) {
    this.kept.set(name, { body, at: this.now(), problem: null });
  }

  /**
   * Of what is looked at the oldest, and what could not be asked for.
   * @returns {{at: number | null, problem: Problem | null}}
   */
  state() {
    const kept = [...this.watched.keys()].map((path) => this.get(path));
    const times = kept.flatMap(({ at }) => (at === null ? [] : [at]));
    return {
      at: times.length ? Math.min(...times) : null,
      problem: kept.find((each) => each.problem)?.problem ?? null,
    };
  }
}

export const Documented = createContext(/** @type {Documents | null} */ (null));

export function useDocuments() {
  const found = useContext(Documented);
  if (!found) throw new Error("a screen is outside of the console");
  return found;
}

/**
 * @template Body
 * @param {string} path
 * @param {boolean} [byHand]
 * @returns {Kept<Body>}
 */
export function useDocument(path, byHand = false) {
  const documents = useDocuments();
  const [, draw] = useState({});
  useEffect(() => documents.watch(path, () => draw({}), byHand), [documents, path]);
  return documents.get(path);
}

/**
 * Refresh while the page is looked at and nobody types. Returns what there is to say about that.
 * @param {Documents | null} documents
 * @param {boolean} isOn
 */
export function useRefreshing(documents, isOn) {
  const [state, setState] = useState({ at: /** @type {number | null} */ (null), isPaused: false, hasFailed: false });
  useEffect(() => {
    if (!documents || !isOn) return;
    const look = () => {
      const isPaused = Boolean(document.querySelector(TYPING));
      const isDue = documents.now() - documents.begun >= EVERY_MS;
      if (isDue && !isPaused && document.visibilityState === "visible") documents.refresh(false);
      const { at, problem } = documents.state();
      const hasFailed = problem !== null;
      const isSame = (/** @type {typeof state} */ now) =>
        now.at === at && now.isPaused === isPaused && now.hasFailed === hasFailed;
      setState((now) => (isSame(now) ? now : { at, isPaused, hasFailed }));
    };
    documents.onAnswer = look;
    look();
    const timer = setInterval(look, LOOK_EVERY_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [documents, isOn]);
  return state;
}
