/**
 * What this device keeps of people, in IndexedDB: readings that wait to be sent, and what was shown last to who has
 * chosen to stay signed in. Each person reaches their own only. Where nothing is kept there is no database either.
 */

import { keptName } from "../page/preferences.js";

/** @typedef {import("../page/component.js").Meter} Meter */
/** @typedef {import("../components/energy_table.js").Row} Row */
/** @typedef {{body: any, at: number}} Last an answer, and when it came */
/** @typedef {{status: number, code: string | null, details: any, opensAt?: string, errors: {where: string, reason: string}[], message: string}} Refusal */

/**
 * A reading as it was typed: its instant and its amount are fixed, so that sending it twice stores it once.
 * @typedef {object} Reading
 * @property {Meter} type
 * @property {string} date its instant
 * @property {number} amount
 * @property {boolean} confirm whether the person has said that it is right
 * @property {Row | null} onto the stored reading that it replaces
 * @property {Refusal | null} refusal what the application answered, until the person has said what to do
 * @property {string} zone in which it was typed
 */

/** @typedef {Reading & {id: number, user: string}} Waiting */

const LONGEST_OPENING_MS = 3_000;
const KEPT = 60; // answers of each person: more than a look at everything asks for
const SIGNED_IN = "stays"; // the one key of its store: a device opens for one person

/**
 * Whether something is kept on this device for the page at ``base``.
 * @param {string} base
 */
const isUsed = (base) => localStorage.getItem(keptName(base)) !== null;

export class Device {
  /**
   * @param {string} base the beginning of each path, such as /api
   * @param {string} user whose things are reached
   */
  constructor(base, user) {
    this.base = base;
    this.user = user;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    /** Called when nobody answers. */
    this.onAway = () => {};
    /** Called when this person signs out in another tab. */
    this.onForgotten = () => {};
    this.isClosed = false;
    this.channel = new BroadcastChannel(keptName(base));
    this.channel.onmessage = ({ data }) => {
      if (data.forgotten === user) this.onForgotten();
      else this.tell();
    };
  }

  close() {
    this.isClosed = true;
    this.channel.close();
  }

  /**
   * Call a listener when readings were added or settled, in this tab or in another. Returns how to stop it.
   * @param {() => void} listener
   */
  onChange(listener) {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  changed() {
    if (!this.isClosed) this.channel.postMessage({});
    this.tell();
  }

  /** Whether this person has chosen to stay signed in here. */
  async isStaying() {
    return (await whoStays(this.base)) === this.user;
  }

  /**
   * Open for this person from now on, with what was shown since they signed in: older figures may be of an account that
   * was erased meanwhile.
   * @param {Map<string, Last>} shown
   */
  async stay(shown) {
    await within(this.base, ["people", "answers"], "readwrite", async (people, answers) => {
      const before = await result(people.get(SIGNED_IN));
      if (before !== undefined) answers.clear();
      people.put(this.user, SIGNED_IN);
      for (const [name, last] of shown) answers.put({ user: this.user, name, ...last });
      await this.limit(answers);
    });
  }

  /** Open for nobody, and keep no figures. */
  async leave() {
    await ifUsed(this.base, ["people", "answers"], "readwrite", (people, answers) => this.drop(people, answers));
    await removeIfEmpty(this.base);
  }

  /** The keys of all answers of this person. */
  all() {
    return IDBKeyRange.bound([this.user], [this.user, []]);
  }

  /**
   * Give up the oldest answers: somebody may look at any range of any year.
   * @param {IDBObjectStore} answers
   */
  async limit(answers) {
    if ((await result(answers.count(this.all()))) <= KEPT) return;
    const kept = await result(answers.getAll(this.all()));
    kept.sort((one, other) => other.at - one.at);
    for (const { name } of kept.slice(KEPT)) answers.delete([this.user, name]);
  }

  /**
   * @param {IDBObjectStore} people
   * @param {IDBObjectStore} answers
   */
  async drop(people, answers) {
    answers.delete(this.all());
    if ((await result(people.get(SIGNED_IN))) === this.user) people.delete(SIGNED_IN);
  }

  /**
   * Keep what was shown, where the person wants that.
   * @param {string} name
   * @param {Last} last
   */
  async keep(name, last) {
    await ifUsed(this.base, ["people", "answers"], "readwrite", async (people, answers) => {
      if ((await result(people.get(SIGNED_IN))) !== this.user) return;
      answers.put({ user: this.user, name, ...last });
      await this.limit(answers);
    });
  }

  /**
   * @param {string} name
   * @returns {Promise<Last | null>}
   */
  async last(name) {
    const found = await ifUsed(this.base, ["answers"], "readonly", (answers) => result(answers.get([this.user, name])));
    return found ?? null;
  }

  /** @param {Reading} reading */
  async wait(reading) {
    await within(this.base, ["readings"], "readwrite", (readings) =>
      result(readings.add({ ...reading, user: this.user })),
    );
    this.changed();
  }

  /** @returns {Promise<Waiting[]>} in the order in which they were typed */
  async waiting() {
    const own = (/** @type {IDBObjectStore} */ readings) => result(readings.index("user").getAll(this.user));
    return (await ifUsed(this.base, ["readings"], "readonly", own)) ?? [];
  }

  /**
   * @param {number} id
   * @param {Partial<Reading>} changes
   */
  async change(id, changes) {
    await ifUsed(this.base, ["readings"], "readwrite", async (readings) => {
      const reading = await result(readings.get(id));
      if (reading) readings.put({ ...reading, ...changes });
    });
    this.changed();
  }

  /** @param {number} id of a reading that waits no more */
  async settle(id) {
    await ifUsed(this.base, ["readings"], "readwrite", (readings) => result(readings.delete(id)));
    await removeIfEmpty(this.base);
    this.changed();
  }

  /** Remove everything of this person. */
  async forget() {
    this.channel.postMessage({ forgotten: this.user });
    await ifUsed(this.base, ["people", "answers", "readings"], "readwrite", async (people, answers, readings) => {
      for (const id of await result(readings.index("user").getAllKeys(this.user))) readings.delete(id);
      await this.drop(people, answers);
    });
    await removeIfEmpty(this.base);
    this.changed();
  }
}

/**
 * For whom this device opens without network.
 * @param {string} base
 * @returns {Promise<string | null>}
 */
export async function whoStays(base) {
  return (await ifUsed(base, ["people"], "readonly", (people) => result(people.get(SIGNED_IN)))) ?? null;
}

/**
 * How many readings wait, of everybody.
 * @param {string} base
 * @returns {Promise<number>}
 */
export async function countWaiting(base) {
  return (await ifUsed(base, ["readings"], "readonly", (readings) => result(readings.count()))) ?? 0;
}

/**
 * Nothing that could be searched stays behind. What another tab writes meanwhile is not lost: it waits for its turn.
 * @param {string} base
 */
async function removeIfEmpty(base) {
  const stores = ["people", "answers", "readings"];
  const count = (/** @type {IDBObjectStore[]} */ ...each) => Promise.all(each.map((store) => result(store.count())));
  await navigator.locks.request(keptName(base), async () => {
    if (!isUsed(base) || (await transacted(base, stores, "readonly", count)).some(Boolean)) return;
    localStorage.removeItem(keptName(base));
    await result(indexedDB.deleteDatabase(keptName(base)));
  });
}

/**
 * One transaction, on the disk before this returns, and never while another tab removes the database.
 * @template Found
 * @param {string} base
 * @param {string[]} stores
 * @param {IDBTransactionMode} mode
 * @param {(...stores: IDBObjectStore[]) => Promise<Found>} work
 * @returns {Promise<Found>}
 */
function within(base, stores, mode, work) {
  return shared(base, () => transacted(base, stores, mode, work));
}

/**
 * The same where anything is kept: what comes late, after everything was removed, makes no new database.
 * @template Found
 * @param {string} base
 * @param {string[]} stores
 * @param {IDBTransactionMode} mode
 * @param {(...stores: IDBObjectStore[]) => Promise<Found>} work
 * @returns {Promise<Found | null>}
 */
function ifUsed(base, stores, mode, work) {
  return shared(base, async () => (isUsed(base) ? transacted(base, stores, mode, work) : null));
}

/**
 * @template Found
 * @param {string} base
 * @param {() => Promise<Found>} work
 * @returns {Promise<Found>}
 */
async function shared(base, work) {
  return navigator.locks.request(keptName(base), { mode: "shared" }, work);
}

/**
 * A connection lives no longer than its transaction, so that no tab is in another's way.
 * @template Found
 * @param {string} base
 * @param {string[]} stores
 * @param {IDBTransactionMode} mode
 * @param {(...stores: IDBObjectStore[]) => Promise<Found>} work
 * @returns {Promise<Found>}
 */
async function transacted(base, stores, mode, work) {
  const database = await opened(base);
  try {
    localStorage.setItem(keptName(base), "used");
    const transaction = database.transaction(stores, mode, { durability: "strict" });
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    const found = await work(...stores.map((name) => transaction.objectStore(name)));
    await done;
    return found;
  } finally {
    database.close();
  }
}

/**
 * Some browsers never say what became of it: then this fails, so that the page can say so.
 * @param {string} base
 */
async function opened(base) {
  const opening = indexedDB.open(keptName(base), 1);
  opening.onupgradeneeded = () => made(opening.result);
  const late = new Promise((_, reject) => {
    setTimeout(reject, LONGEST_OPENING_MS, new Error("the database of this page does not open"));
  });
  return Promise.race([result(opening), late]).catch((error) => {
    opening.onsuccess = () => opening.result.close();
    throw error;
  });
}

/** @param {IDBDatabase} database */
function made(database) {
  database.createObjectStore("people");
  database.createObjectStore("answers", { keyPath: ["user", "name"] });
  database.createObjectStore("readings", { keyPath: "id", autoIncrement: true }).createIndex("user", "user");
}

/**
 * @template Found
 * @param {IDBRequest<Found>} request
 * @returns {Promise<Found>}
 */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
