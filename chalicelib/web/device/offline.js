/** What the page does without network: it opens, shows last figures, and lets readings wait. Loaded where it is needed. */

import { formWords } from "../components/form_words.js";
import { Dialog } from "../components/reading_form.js";
import { Asked, failureOf, Refused } from "../components/reading_questions.js";
import { Problem } from "../page/api.js";
import { Surrounded, useSurroundings } from "../page/component.js";
import { EVERYTHING } from "../page/household.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { countWaiting, Device, whoStays } from "./device.js";
import { offlineWords } from "./offline_words.js";
import { persist, Queue } from "./queue.js";

/** @typedef {import("./device.js").Waiting} Waiting */
/** @typedef {import("../page/sign_in.js").Session} Session */

const SHOWN_MS = 10_000;
const NEEDED = ["indexedDB", "BroadcastChannel", "navigator.locks"];

/** Whether this browser can keep anything; another one shows the page only with network. */
const isAble = () =>
  NEEDED.every((name) => name.split(".").reduce((/** @type {any} */ from, part) => from?.[part], globalThis));

/**
 * The session of who has chosen to stay signed in here. It has no token: it shows what is kept.
 * @param {string} base
 * @returns {Promise<Session | null>}
 */
export async function keptSession(base) {
  const user = isAble() ? await whoStays(base).catch(() => null) : null;
  if (user === null) return null;
  const device = new Device(base, user);
  const none = { token: "", roles: [], expiresAt: Number.POSITIVE_INFINITY, drafts: {} };
  return { user, ...none, view: location.hash, device };
}

/**
 * Remove everything of a person from this device.
 * @param {string} base
 * @param {string} user
 */
async function forget(base, user) {
  if (!isAble()) return;
  const device = new Device(base, user);
  await device.forget().finally(() => device.close());
}

/**
 * @typedef {object} Props
 * @property {string} base
 * @property {Session | null} session
 * @property {import("../page/component.js").Surroundings["words"]} words
 * @property {import("../page/formats.js").Formats} formats
 * @property {import("../page/api.js").Api | null} api
 * @property {import("../page/component.js").Drafts} drafts
 * @property {boolean} isOut whether the person has to sign in before anything is sent
 * @property {boolean} isLeaving whether the person wants to sign out
 * @property {() => void} onLeft the person signs out
 * @property {() => void} onRemain the person stays after all
 * @property {() => void} onBack the network is there again
 */

/** @param {Props} props */
export function Offline({ session, api, ...props }) {
  const { base, isLeaving, onLeft } = props;
  useEffect(() => {
    const follow = (/** @type {any} */ { detail }) => detail.waits.push(forget(base, detail.user));
    document.addEventListener("forget-device", follow);
    return () => document.removeEventListener("forget-device", follow);
  }, []);
  useEffect(() => {
    if (isLeaving && !isAble()) onLeft();
  }, [isLeaving]);
  if (!isAble()) return null;
  if (!session || !api) return html`<${SignedOut} ...${props} />`;
  const { words, formats, drafts } = props;
  const around = { words, formats, api, drafts, selection: EVERYTHING, select: () => {} };
  return html`<${Surrounded.Provider} value=${around}><${SignedIn} key=${session.user} session=${session} ...${props} /><//>`;
}

/** @param {Pick<Props, "base" | "words" | "onBack">} props */
function SignedOut({ base, words, onBack }) {
  const [count, setCount] = useState(0);
  useEffect(() => {
    countWaiting(base).then(setCount, () => {});
    const look = async () => {
      const isBack = await isReachable(base);
      if (isBack) onBack();
      return isBack;
    };
    return persist(look).stop;
  }, []);
  return html`<div role="status">${count > 0 && html`<p class="hint">${offlineWords(words).signIn(count)}</p>`}</div>`;
}

/** @param {Pick<Props, "base" | "isOut" | "isLeaving" | "onLeft" | "onRemain" | "onBack"> & {session: Session}} props */
function SignedIn({ base, session, isOut, isLeaving, onLeft, onRemain, onBack }) {
  const { words, api } = useSurroundings();
  const device = useMemo(() => session.device ?? new Device(base, session.user), []);
  const queue = useMemo(() => new Queue(api, device, (count) => say(offlineWords(words).sent(count))), []);
  const [waiting, setWaiting] = useState(/** @type {Waiting[]} */ ([]));
  const [isOpen, setOpen] = useState(false);
  const [said, say] = useState("");
  useEffect(() => {
    api.device = device;
    device.isStaying().then(
      (isStaying) => (isStaying && api.token ? device.stay(api.shown) : undefined),
      () => {},
    ); // shown before
    document.dispatchEvent(new Event("device"));
    navigator.serviceWorker?.register(`${base}/service-worker.js`).catch(() => {});
    const look = async () => setWaiting(await device.waiting());
    const work = async () => {
      let isEmpty = await queue.send();
      const isBack = (!api.isAway && api.token) || (await isReachable(base));
      if (isBack && !api.token) onBack();
      if (isBack && api.isAway) {
        api.isAway = false;
        dispatchEvent(new Event("online")); // some networks come back without a word
        isEmpty = await queue.send();
      }
      return isEmpty && Boolean(isBack);
    };
    const { soon, start, stop } = persist(work);
    device.onAway = start;
    device.onForgotten = onLeft;
    const changed = () => {
      look().catch(() => {});
      soon();
    };
    changed();
    const stops = [stop, device.onChange(changed), api.onWritten((types) => void queue.askAgain(types))];
    return () => {
      for (const each of stops) each();
      device.close();
    };
  }, []);
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => say(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return html`
    <div class="waiting-note">
      <div role="status">${said && html`<p class="toast">${said}</p>`}</div>
      ${waiting.length > 0 && html`<button type="button" class="secondary" aria-haspopup="dialog" onClick=${() => setOpen(true)}>${noteOn(waiting, isOut, offlineWords(words))}</button>`}
    </div>
    ${isOpen && html`<${WaitingReadings} ...${{ waiting, queue, isOut }} close=${() => setOpen(false)} />`}
    ${isLeaving && html`<${Leaving} ...${{ device, onLeft, onRemain }} />`}
  `;
}

/** @param {string} base */
async function isReachable(base) {
  const response = await fetch(`${base}/service-worker.js`, { cache: "no-store" }).catch(() => null);
  return Boolean(response?.ok && response.headers.get("Content-Type")?.includes("javascript")); // no portal, no gateway
}

/**
 * @param {Waiting[]} waiting
 * @param {boolean} isOut
 * @param {ReturnType<typeof offlineWords>} offline
 */
function noteOn(waiting, isOut, offline) {
  if (isOut) return offline.signIn(waiting.length);
  const asked = waiting.filter(({ refusal }) => refusal).length;
  return asked ? offline.asked(asked) : offline.waits(waiting.length);
}

/** @param {{waiting: Waiting[], queue: Queue, isOut: boolean, close: () => void}} props */
function WaitingReadings({ waiting, queue, isOut, close }) {
  const { words } = useSurroundings();
  const offline = offlineWords(words);
  const isSoon = waiting.some(({ refusal }) => !refusal);
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    const dialog = list.current?.closest("dialog");
    if (!dialog?.contains(document.activeElement)) dialog?.querySelector("h2")?.focus(); // it was in a reading that went
  }, [waiting]);
  return html`
    <${Dialog} title=${offline.title} onClose=${close}>
      <p role="status">${!waiting.length ? offline.none : isOut ? offline.signIn(waiting.length) : isSoon && offline.soon}</p>
      <ul class="waiting" ref=${list}>
        ${waiting.map((reading) => html`<${WaitingReading} key=${reading.id} ...${{ reading, queue, close }} />`)}
      </ul>
    <//>
  `;
}

/** @param {{reading: Waiting, queue: Queue, close: () => void}} props */
function WaitingReading({ reading, queue, close }) {
  const { words, formats } = useSurroundings();
  const offline = offlineWords(words);
  const { id, type, date, zone, refusal } = reading;
  const amount = formats.amount(reading.amount, words.units[type], 3);
  const text = offline.reading(words.meters[type], amount, formats.moment(date, zone));
  const key = refusal && JSON.stringify(refusal);
  const [state, setState] = useState(/** @type {"" | "going" | "failed"} */ (""));
  const isGoing = useRef(false);
  /** One thing at a time: what another tab is sending may have to be waited for. */
  const attempt = async (/** @type {() => Promise<unknown>} */ work) => {
    if (isGoing.current) return;
    isGoing.current = true;
    setState("going");
    const failed = await work().then(
      () => false,
      () => true,
    );
    isGoing.current = false;
    setState(failed ? "failed" : "");
  };
  const discard = () => attempt(() => queue.discard(id));
  const save = (/** @type {import("../components/reading_form.js").How} */ how = {}) =>
    attempt(() => queue.answer(reading, how));
  return html`
    <li class=${type}>
      <div class="waiting-reading">
        <span>${text}</span>
        <button type="button" class="inline quiet" onClick=${discard}>${offline.remove}<span class="spoken"> ${text}</span></button>
      </div>
      ${refusal && html`<${Refusal} key=${key} ...${{ reading, refusal, amount, save, discard, close }} />`}
      <div role="status">
        ${state === "going" && html`<p aria-busy="true">${offline.going}</p>`}
        ${state === "failed" && html`<p class="hint">${formWords(words).lost}</p>`}
      </div>
    </li>
  `;
}

/**
 * @typedef {object} RefusalProps
 * @property {Waiting} reading
 * @property {import("./device.js").Refusal} refusal
 * @property {string} amount
 * @property {(how?: import("../components/reading_form.js").How) => void} save
 * @property {() => void} discard
 * @property {() => void} close
 */

/** @param {RefusalProps} props */
function Refusal({ reading: { type, zone, onto }, refusal, amount, save, discard, close }) {
  const { words, formats, drafts } = useSurroundings();
  const offline = offlineWords(words);
  const leave = (/** @type {object | null} */ exchange) => () => {
    if (exchange) drafts.kept.exchange = exchange;
    close();
    location.hash = "meters";
  };
  const existing = refusal.details?.existing;
  if (existing) {
    const stored = formats.amount(existing.amount, words.units[type], 3);
    const line = offline.conflict(amount, stored, formats.moment(existing.date, zone));
    const ways = [
      [offline.theirs(stored), discard],
      [offline.mine(amount), () => save({ onto: existing })],
    ];
    return html`<${Asked} lines=${[line]} ways=${ways} isCalm />`;
  }
  const { status, message, ...members } = refusal;
  const problem = new Problem(status, /** @type {any} */ ({ ...members, detail: message }));
  if (status !== 422) {
    const ways = [[words.tryAgain, save]];
    return html`<${Asked} lines=${[failureOf(problem, words, formats, zone)]} ways=${ways} isCalm />`;
  }
  const form = { problem, type, zone, stored: onto, save, again: null, leave, onCancel: close };
  return html`<${Refused} ...${form} isCalm />`;
}

/** @param {{device: Device, onLeft: () => void, onRemain: () => void}} props */
function Leaving({ device, onLeft, onRemain }) {
  const { words } = useSurroundings();
  const offline = offlineWords(words);
  const [count, setCount] = useState(0);
  useEffect(() => {
    const decide = (/** @type {Waiting[]} */ { length }) => (length ? setCount(length) : onLeft());
    device.waiting().then(decide, onLeft);
  }, []);
  if (!count) return null;
  const ways = [
    [offline.remain, onRemain],
    [offline.lose(count), onLeft],
  ];
  return html`
    <${Dialog} title=${offline.leaving} onClose=${onRemain}>
      <${Asked} lines=${[offline.lost(count)]} ways=${ways} />
    <//>
  `;
}
