/** Sending the readings that wait: in order, one tab at a time, each until the application has settled it. */

import { record } from "../components/reading_form.js";
import { Problem } from "../page/api.js";

/** @typedef {import("./device.js").Waiting} Waiting */

const SOONEST_MS = 5_000;
const LATEST_MS = 300_000;

export class Queue {
  /**
   * @param {import("../page/api.js").Api} api
   * @param {import("./device.js").Device} device
   */
  constructor(api, device) {
    this.api = api;
    this.device = device;
    this.sending = /** @type {Promise<boolean> | null} */ (null);
    this.stored = 0;
  }

  /**
   * Send what waits and needs no answer first.
   * @returns {Promise<boolean>} whether nothing is left that could be sent
   */
  send() {
    this.sending ??= this.alone(() => this.sendAll()).finally(() => {
      this.sending = null;
    });
    return this.sending;
  }

  async sendAll() {
    /** @type {Set<number>} */
    const tried = new Set();
    const next = async () => (await this.device.waiting()).find(({ id, refusal }) => !refusal && !tried.has(id));
    let isEmpty = true;
    for (let reading = await next(); reading; reading = await next()) {
      if (!this.api.token) return true; // it waits until the person has signed in
      tried.add(reading.id);
      const outcome = await this.outcomeOf(reading);
      if (outcome === "stored") {
        this.stored += 1;
        await this.device.settle(reading.id);
      } else if (outcome === "unsettled") isEmpty = false;
      else if (outcome === "out") return true;
      else if (outcome === "away") return false;
      else await this.device.change(reading.id, { refusal: outcome });
    }
    return isEmpty;
  }

  /**
   * @param {Waiting} reading
   * @returns {Promise<"stored" | "out" | "away" | "unsettled" | import("./device.js").Refusal>} "out": the person has
   *   to sign in first; "away": nobody can be asked
   */
  async outcomeOf(reading) {
    const { type, date, amount, confirm, onto } = reading;
    const json = { type, date, amount, ...(confirm && { confirm }) };
    try {
      await record(this.api, { json, onto, isMoved: false, instant: date });
      return "stored";
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const { status, code, details, errors, message } = error;
      if (status === 401) return "out";
      if (isAway(status)) return "away";
      if (status === 404 && onto) return this.outcomeOf({ ...reading, onto: null }); // what it replaces is gone
      if (status === 409 && !code && !details?.existing) return "unsettled"; // what is there could not be read
      return { status, code, details, errors, message };
    }
  }

  /**
   * What the person has said about a reading that was not taken.
   * @param {Waiting} reading
   * @param {import("../components/reading_form.js").How} how
   */
  async answer(reading, { number = reading.amount, confirm = false, onto = reading.onto, before }) {
    await before?.();
    await this.device.change(reading.id, { amount: number, confirm, onto, refusal: null });
    await this.send();
  }

  /**
   * Ask again about refused readings of a meter: what was written since may have settled the question.
   * @param {Set<string>} types
   */
  async askAgain(types) {
    if (this.sending) return; // it was this queue that wrote
    const asked = (await this.device.waiting()).filter(({ type, refusal }) => types.has(type) && refusal?.code);
    for (const { id } of asked) await this.device.change(id, { refusal: null });
    if (asked.length) await this.send();
  }

  /** @param {number} id of a reading that the person gives up; one that is on its way is settled before */
  discard(id) {
    return this.alone(() => this.device.settle(id));
  }

  /**
   * Whatever sends or gives up does it alone, in whichever tab.
   * @template Done
   * @param {() => Promise<Done>} work
   * @returns {Promise<Done>}
   */
  async alone(work) {
    return navigator.locks.request(`readings ${this.device.base}`, work);
  }
}

/** @param {number} status whether it says nothing about the reading: no answer, too many requests, a failure */
const isAway = (status) => status === 0 || status === 429 || status >= 500;

/**
 * Try ``work`` now, when the network comes back, when somebody looks, and until nothing is left to do: ever later.
 * @param {() => Promise<boolean>} work says whether nothing is left
 * @returns {{soon: () => void, start: () => void, stop: () => void}} ``soon``: there is something to do; ``start``:
 *   after a while, as trying has just failed
 */
export function persist(work) {
  let wait = SOONEST_MS;
  let timer = 0;
  let isOver = false;
  const attempt = async () => {
    clearTimeout(timer);
    timer = 0;
    if (!(await work().catch(() => false))) start();
  };
  const start = () => {
    if (timer || isOver) return;
    timer = /** @type {any} */ (setTimeout(attempt, wait));
    wait = Math.min(wait * 2, LATEST_MS);
  };
  const soon = () => {
    wait = SOONEST_MS;
    attempt();
  };
  addEventListener("online", soon);
  document.addEventListener("visibilitychange", soon);
  soon();
  const stop = () => {
    isOver = true;
    clearTimeout(timer);
    removeEventListener("online", soon);
    document.removeEventListener("visibilitychange", soon);
  };
  return { soon, start, stop };
}
