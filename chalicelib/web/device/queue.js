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
   * @param {(count: number) => void} tell how many a run has stored, if any
   */
  constructor(api, device, tell) {
    this.api = api;
    this.device = device;
    this.tell = tell;
    this.sending = /** @type {Promise<boolean> | null} */ (null);
    this.isAsked = false;
    /** @type {Set<number>} what the present run has asked about */
    this.tried = new Set();
    this.stored = 0;
    this.isSettled = true;
  }

  /**
   * Send what waits and needs no answer first.
   * @returns {Promise<boolean>} whether nothing is left that could be sent
   */
  send() {
    this.isAsked = true;
    this.sending ??= this.run();
    return this.sending;
  }

  /** A caller during a run is answered by that run: it looks again. */
  async run() {
    this.tried.clear();
    this.stored = 0;
    this.isSettled = true;
    try {
      let end = "";
      while (this.isAsked && !end) {
        this.isAsked = false;
        end = await this.alone(() => this.sendEach());
      }
      return end ? end === "out" : this.isSettled; // who is out has to sign in first
    } finally {
      this.sending = null;
      if (this.stored) this.tell(this.stored);
    }
  }

  /** @returns {Promise<"" | "out" | "away">} why it makes no sense to go on, if it makes none */
  async sendEach() {
    const next = async () =>
      (await this.device.waiting()).find((reading) => isDue(reading) && !this.tried.has(reading.id));
    for (let reading = await next(); reading; reading = await next()) {
      if (!this.api.token) return "out";
      this.tried.add(reading.id);
      const outcome = await this.outcomeOf(reading);
      if (outcome === "out" || outcome === "away") return outcome;
      if (outcome === "stored") {
        this.stored += 1;
        await this.device.settle(reading.id);
      } else if (outcome === "unsettled") this.isSettled = false;
      else await this.device.change(reading.id, { refusal: outcome });
    }
    return "";
  }

  /**
   * @param {Waiting} reading
   * @returns {Promise<"stored" | "out" | "away" | "unsettled" | import("./device.js").Refusal>} "out": the person has
   *   to sign in first; "away": nobody can be asked; "unsettled": nothing was said about this reading
   */
  async outcomeOf(reading) {
    const { type, date, amount, confirm, onto } = reading;
    const json = { type, date, amount, ...(confirm && { confirm }) };
    try {
      await record(this.api, { json, onto, isMoved: false, instant: date });
      return "stored";
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const { status, code, details, opensAt, errors, message } = error;
      if (status === 401) return "out";
      if (status === 0 || status === 429) return "away";
      if (status >= 500 || !message) return "unsettled"; // a gateway has no message of the application
      if (status === 404 && onto) return this.outcomeOf({ ...reading, onto: null }); // what it replaces is gone
      if (status === 409 && !code && !details?.existing) return "unsettled"; // what is there could not be read
      return { status, code, details, errors, message, ...(opensAt && { opensAt }) };
    }
  }

  /**
   * What the person has said about a reading that was not taken.
   * @param {Waiting} reading
   * @param {import("../components/reading_form.js").How} how
   */
  async answer(reading, { number = reading.amount, confirm = false, onto = reading.onto, before }) {
    await before?.();
    this.tried.delete(reading.id);
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

/**
 * Whether nothing has to be answered first, and an erased account is open again.
 * @param {Waiting} reading
 */
const isDue = ({ refusal }) => !refusal || Date.parse(refusal.opensAt ?? "") <= Date.now();

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
  const back = (/** @type {Event} */ { isTrusted }) => isTrusted && soon(); // not what the page itself says
  addEventListener("online", back);
  document.addEventListener("visibilitychange", soon);
  soon();
  const stop = () => {
    isOver = true;
    clearTimeout(timer);
    removeEventListener("online", back);
    document.removeEventListener("visibilitychange", soon);
  };
  return { soon, start, stop };
}
