/** The form for one reading: new, or changed. It is loaded once the page is there; what it asks back is beside it. */

import { offlineWords } from "../device/offline_words.js";
import { Problem } from "../page/api.js";
import { Below, MeterChoice, useDraft, useLoaded, useSurroundings } from "../page/component.js";
import { instantsOf, localParts, parseNumber } from "../page/formats.js";
import { html, useCallback, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { formWords } from "./form_words.js";
import { Refused, settled } from "./reading_questions.js";

/** @typedef {import("../page/component.js").Meter} Meter */
/** @typedef {import("./energy_table.js").Row} Row */
/** @typedef {{type: Meter, zone: string, last: Row | null}} Beginning what a form for a new reading shows */

/**
 * What somebody has typed; ``second``: of an hour that exists twice the second one.
 * @typedef {{date: string, time: string, second: boolean}} Moment
 * @typedef {Moment & {type: Meter, text: string}} Typed
 */

/**
 * What is kept of it: no date and no time where they are those of now; ``resume``: to be opened again on the way back.
 * @typedef {{type: Meter, text: string, date: string | null, time: string | null, second: boolean, resume?: boolean}} Kept
 */

/** @typedef {{json: {type: Meter, date: string, amount: number, confirm?: boolean}, onto: Row | null, isMoved: boolean, instant: string | null}} Sent */
/** @typedef {{number?: number, confirm?: boolean, onto?: Row | null, before?: () => Promise<unknown>}} How */

const FORM = "/components/energy_forms";
const SOON_MS = 15_000; // nobody stands in a cellar for a minute

let ids = 0;
/** Several forms may be open at once: a name of a field is no id. */
const newId = () => `hint-${++ids}`;

/**
 * What somebody adds a reading with: prepared as soon as it is loaded, a dialog while it is ``opened`` (since when).
 * @param {{opened: number | null, close: () => void, onSaved: (said: string) => void}} props
 */
export function AddReading({ opened, close, onSaved }) {
  const { words, formats, api, drafts, selection } = useSurroundings();
  const [kept, keep] = useDraft("reading", /** @type {Kept | null} */ (null));
  const typed = kept ?? { type: selection.meter, text: "", date: null, time: null, second: false };
  const ask = useCallback(
    () => api.show("energy_forms", { type: typed.type }, (/** @type {Beginning} */ _) => []),
    [api, typed.type],
  );
  const { body, failed, load } = useLoaded(ask, ["power", "gas"]);
  if (opened === null) return null;
  const latest = () => /** @type {Kept | undefined} */ (drafts.kept.reading); // two fields may change before it is drawn
  const change = (/** @type {Partial<Kept>} */ changed) => keep({ ...typed, ...latest(), resume: false, ...changed });
  const leave = () => {
    const last = latest();
    keep(last?.text ? { ...last, resume: false } : null);
    close();
  };
  const ended =
    (/** @type {((meter: string, amount: string, moment: string) => string)} */ text) =>
    (/** @type {Pick<Row, "type" | "amount" | "date">} */ row) => {
      keep(null);
      const amount = formats.amount(row.amount, words.units[row.type], 3);
      onSaved(text(words.meters[row.type], amount, formats.moment(row.date, zone ?? "UTC")));
    };
  const zone = body?.zone ?? (failed ? Intl.DateTimeFormat().resolvedOptions().timeZone : null);
  const now = zone ? localParts(opened, zone) : { date: "", time: "" };
  return html`
    <${Dialog} title=${formWords(words).title} onClose=${leave}>
      <${ReadingForm}
        typed=${{ ...typed, date: typed.date ?? now.date, time: typed.time ?? now.time }}
        change=${change}
        zone=${zone}
        isComing=${!zone}
        isOwnClock=${!body}
        last=${body?.type === typed.type ? body.last : null}
        onSaved=${ended(formWords(words).recorded)}
        onWaiting=${ended(offlineWords(words).typed)}
        onCancel=${leave}
      >
        <${MeterChoice} name="type" meter=${typed.type} choose=${(/** @type {Meter} */ type) => change({ type })} />
        ${failed && html`<p class="hint">${formWords(words).noLast}${!body && ` ${formWords(words).ownClock(zone ?? "")}`} <button type="button" class="inline" onClick=${load}>${words.tryAgain}</button></p>`}
      <//>
    <//>
  `;
}

/** @param {{title: string, onClose: () => void, children?: unknown}} props */
export function Dialog({ title, onClose, children }) {
  const { words } = useSurroundings();
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => {
    dialog.current?.showModal();
    amountIn(dialog.current)?.focus();
  }, []);
  return html`
    <dialog ref=${dialog} data-component="energy_forms" aria-labelledby="reading-title" onclose=${onClose}>
      <article>
        <header>
          <button type="button" class="inline secondary" onClick=${() => dialog.current?.close()}>${formWords(words).close}</button>
          <h2 id="reading-title" tabindex="-1">${title}</h2>
        </header>
        ${children}
        <${Below} component="energy_forms" />
      </article>
    </dialog>
  `;
}

/** What is kept of a reading that is being changed, with the reading as it was seen. @typedef {{row: Row, locale: string, typed: Typed}} Changed */

/**
 * The form of a stored reading; the focus begins in its amount. What is typed is kept as a draft of this name.
 * @param {{name: string, row: Row, zone: string, onSaved: (row: Row) => void, onCancel: () => void}} props
 */
export function StoredReading({ name, row, zone, onSaved, onCancel }) {
  const { formats, drafts } = useSurroundings();
  const [draft, keep] = useDraft(name, /** @type {Changed | null} */ (null));
  const [stored] = useState(draft?.row ?? row); // what is loaded meanwhile is not what is changed
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const begin = { type: stored.type, text: formats.typed(stored.amount), ...momentOf(stored.date, zone) };
  const typed = draft ? { ...draft.typed, text: textIn(formats, draft) } : begin;
  const change = (/** @type {any} */ changed) => {
    const latest = /** @type {Changed | undefined} */ (drafts.kept[name]); // two fields may change before it is drawn
    const text = latest ? textIn(formats, latest) : typed.text;
    keep({ row: stored, locale: formats.locale, typed: { ...typed, ...latest?.typed, text, ...changed } });
  };
  const ended = (/** @type {() => void} */ tell) => {
    keep(null);
    tell();
  };
  useLayoutEffect(() => amountIn(place.current)?.focus(), []);
  return html`
    <div ref=${place}>
      <${ReadingForm}
        ...${{ stored, typed, change, zone }}
        onSaved=${(/** @type {Row} */ saved) => ended(() => onSaved(saved))}
        onCancel=${() => ended(onCancel)}
      />
    </div>
  `;
}

/**
 * What was typed, a number written again where the language has changed since.
 * @param {import("../page/formats.js").Formats} formats
 * @param {Changed} draft
 */
function textIn(formats, { locale, typed: { text } }) {
  const number = locale === formats.locale ? null : parseNumber(text, locale);
  return number === null ? text : formats.typed(number);
}

/**
 * @param {HTMLElement | null} place
 * @returns {HTMLElement | null | undefined}
 */
const amountIn = (place) => place?.querySelector("[inputmode]");

/**
 * @typedef {object} FormProps
 * @property {Typed} typed
 * @property {(change: Partial<Kept>) => void} change
 * @property {string | null} zone null: not known yet
 * @property {boolean} [isComing] whether zone, date and time of now are on their way
 * @property {boolean} [isOwnClock] whether the zone is the browser's, as the user's could not be asked
 * @property {Row | null} [last] the reading before a new one
 * @property {Row | null} [stored] the reading that is changed; null: a new one
 * @property {(row: Row) => void} onSaved
 * @property {(reading: import("../device/device.js").Reading) => void} [onWaiting] it is sent once the network is back
 * @property {() => void} onCancel
 * @property {unknown} [children] what comes first
 */

/** @param {FormProps} props */
function ReadingForm({
  typed,
  change,
  zone,
  isComing = false,
  isOwnClock = false,
  last = null,
  stored = null,
  onSaved,
  onWaiting,
  onCancel,
  children,
}) {
  const { words, formats, api, drafts } = useSurroundings();
  const { problem, isBusy, attempt, forget } = useAttempt();
  const [missing, setMissing] = useState("");
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const amount = parseNumber(typed.text, formats.locale);
  const isLater = Boolean(last) && Date.parse(instantOf(typed, zone) ?? "") > Date.parse(last?.date ?? "");
  const focus = (/** @type {string} */ name) =>
    /** @type {HTMLElement | undefined} */ (form.current?.elements.namedItem(name))?.focus();
  const edit = (/** @type {Partial<Kept>} */ changed) => {
    setMissing("");
    if (problem) forget();
    change(changed);
  };
  const again = (/** @type {string} */ name) => () => {
    forget();
    focus(name);
  };
  const save = (/** @type {How} */ { number = amount ?? 0, confirm = false, onto = stored, before } = {}) =>
    attempt(async () => {
      const date = (isOwnClock && instantOf(typed, zone)) || momentText(typed, zone);
      const isMoved =
        stored && onto?.id === stored.id && zone && date !== momentText(momentOf(stored.date, zone), zone);
      const json = { type: typed.type, date, amount: number, ...(confirm && { confirm }) };
      const sent = { json, onto, isMoved: Boolean(isMoved), instant: instantOf(typed, zone) };
      try {
        await before?.();
        onSaved(await record(api, sent));
      } catch (error) {
        if (!(await waits(error, sent))) throw error;
      }
    });
  /** Whether a new reading waits from now on, as nobody answers; its instant and amount are fixed. */
  const waits = async (/** @type {any} */ error, /** @type {Sent} */ { json, onto, instant }) => {
    if (error.status !== 0 || onto || !onWaiting || !instant || !zone || !api.device) return false;
    const { type, amount, confirm = false } = json;
    const reading = { type, amount, confirm, date: instant, zone, onto: null, refusal: null };
    await api.device.wait(reading).catch(() => Promise.reject(error));
    onWaiting(reading);
    return true;
  };
  const [isAwaiting, setAwaiting] = useState(false);
  const finish = () => {
    const lacking = amount === null ? "amount" : !typed.date ? "date" : !typed.time ? "time" : "";
    setMissing(lacking);
    if (lacking) focus(lacking);
    else save();
  };
  /** Who is quicker than the date of now has pressed once, and that is enough. */
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (isComing && amount !== null) setAwaiting(true);
    else finish();
  };
  useEffect(() => {
    if (isComing || !isAwaiting) return;
    setAwaiting(false);
    finish();
  }, [isComing]);
  const leave = (/** @type {object | null} */ exchange) => () => {
    if (!stored) change({ resume: true });
    if (exchange) drafts.kept.exchange = exchange;
    location.hash = "meters";
  };
  return html`
    <form ref=${form} novalidate class=${`reading ${typed.type}`} onSubmit=${submit}>
      ${children}
      <${AmountField}
        name="amount"
        label=${formWords(words).amount}
        type=${typed.type}
        text=${typed.text}
        onText=${(/** @type {string} */ text) => edit({ text })}
        last=${last}
        isLater=${isLater}
        zone=${zone}
        isMissing=${missing === "amount"}
      />
      <${MomentFields} typed=${typed} zone=${zone} change=${edit} missing=${missing} />
      ${problem && html`<${Refused} ...${{ problem, type: typed.type, zone, stored, save, again, leave, onCancel }} />`}
      <div class="buttons">
        <button type="submit" aria-busy=${isBusy || isAwaiting}>${formWords(words).save}</button>
        ${stored && html`<button type="button" class="secondary" onClick=${onCancel}>${formWords(words).cancel}</button>`}
      </div>
    </form>
  `;
}

/**
 * @typedef {object} AmountProps
 * @property {string} name
 * @property {string} label
 * @property {Meter} type
 * @property {string} text
 * @property {(text: string) => void} onText
 * @property {Row | null} [last]
 * @property {boolean} [isLater] whether it is one after the last: only then the two are compared
 * @property {string | null} [zone]
 * @property {boolean} [isMissing]
 */

/**
 * An amount, and how it was understood: nobody should learn it afterwards.
 * @param {AmountProps} props
 */
export function AmountField({
  name,
  label,
  type,
  text,
  onText,
  last = null,
  isLater = false,
  zone = null,
  isMissing = false,
}) {
  const { words, formats } = useSurroundings();
  const unit = words.units[type];
  const amount = parseNumber(text, formats.locale);
  const isNonsense = amount === null && (isMissing || /[^\s.,]/.test(text));
  const [hint] = useState(newId);
  const growth = amount !== null && last && isLater ? amount - last.amount : 0;
  const size = formats.amount(Math.abs(growth), unit, 3);
  return html`
    <label>
      ${label} (${unit})
      ${last && zone && html`<small class="last">${formWords(words).last(formats.amount(last.amount, unit, 3), formats.moment(last.date, zone))}</small>`}
      <input
        name=${name}
        inputmode="decimal"
        autocomplete="off"
        value=${text}
        aria-describedby=${hint}
        aria-invalid=${isNonsense ? "true" : null}
        onInput=${(/** @type {InputEvent} */ event) => onText(/** @type {HTMLInputElement} */ (event.target).value)}
      />
    </label>
    <output id=${hint} class="understood">
      ${isNonsense && formWords(words).noNumber(formats.typed(1234.5))}
      ${amount !== null && html`= ${formats.understood(amount, unit)}`}
      ${growth !== 0 && html` <small>${growth > 0 ? formWords(words).more(size) : formWords(words).less(size)}</small>`}
    </output>
  `;
}

/**
 * @typedef {object} MomentProps
 * @property {Moment} typed
 * @property {string | null} zone
 * @property {(change: Partial<Moment>) => void} change
 * @property {string} [missing] the field that was left empty
 */

/** @param {MomentProps} props */
export function MomentFields({ typed, zone, change, missing = "" }) {
  const { words, formats } = useSurroundings();
  const instants = zone && typed.date && typed.time ? instantsOf(typed.date, typed.time, zone) : [];
  const isSkipped = zone && instants.length === 1 && localParts(instants[0], zone).time !== typed.time.slice(0, 5);
  const field = (/** @type {"date" | "time"} */ name) => html`
    <label>
      ${formWords(words)[name]}
      <input
        type=${name}
        name=${name}
        value=${typed[name]}
        aria-invalid=${missing === name ? "true" : null}
        onInput=${(/** @type {Event} */ event) => change({ [name]: /** @type {HTMLInputElement} */ (event.target).value, second: false })}
      />
    </label>
  `;
  return html`
    <div class="moment">${field("date")}${field("time")}</div>
    <div role="status">
      ${missing && missing !== "amount" && html`<p class="hint">${formWords(words).missing[/** @type {"date" | "time"} */ (missing)]}</p>`}
      ${isSkipped && html`<p class="hint">${formWords(words).skipped(formats.moment(new Date(instants[0]).toISOString(), /** @type {string} */ (zone)))}</p>`}
    </div>
    ${
      instants.length > 1 &&
      html`<fieldset class="inline-choice">
        <legend>${formWords(words).twice}</legend>
        ${formWords(words).turns.map(
          (text, turn) => html`
            <label><input type="radio" name="turn" checked=${typed.second === (turn === 1)} onChange=${() => change({ second: turn === 1 })} />${text}</label>
          `,
        )}
      </fieldset>`
    }
  `;
}

/**
 * Do something that the application may refuse: one at a time, and keep why it was refused. That is taken away during
 * the next attempt, so that a second refusal is announced like the first, even in the same words.
 */
export function useAttempt() {
  const [state, setState] = useState({ isBusy: false, problem: /** @type {Problem | null} */ (null) });
  const isBusy = useRef(false);
  const attempt = async (/** @type {() => Promise<void>} */ work) => {
    if (isBusy.current) return;
    isBusy.current = true;
    setState({ isBusy: true, problem: null });
    let problem = null;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem = error;
    } finally {
      isBusy.current = false;
      setState({ isBusy: false, problem });
    }
  };
  return { ...state, attempt, forget: () => setState({ isBusy: false, problem: null }) };
}

/**
 * @param {string} instant
 * @param {string} zone
 * @returns {Moment} as the fields show it
 */
export function momentOf(instant, zone) {
  const local = localParts(instant, zone);
  const [, later = Number.POSITIVE_INFINITY] = instantsOf(local.date, local.time, zone);
  return { ...local, second: Date.parse(instant) >= later };
}

/**
 * A moment in the form that the application reads: local, except the second of two.
 * @param {Moment} typed without a time: the day
 * @param {string | null} zone
 */
export function momentText(typed, zone) {
  if (typed.second) return instantOf(typed, zone) ?? typed.date;
  return typed.time ? `${typed.date}T${typed.time}` : typed.date;
}

/**
 * @param {Moment} typed
 * @param {string | null} zone
 * @returns {string | null} null where zone, date or time are not there
 */
function instantOf({ date, time, second }, zone) {
  if (!zone) return null;
  const instants = instantsOf(date, time, zone);
  const instant = instants[second ? 1 : 0] ?? instants[0];
  return instant === undefined ? null : new Date(instant).toISOString();
}

/**
 * Write a reading: a new one, or onto another. It may be written already: the answer of an attempt may have been lost.
 * @param {import("../page/api.js").Api} api
 * @param {Sent} sent
 * @returns {Promise<Row>} Throws a Problem.
 */
export const record = (api, sent) => write(api, sent).catch((error) => settled(api, error, sent));

/**
 * @param {import("../page/api.js").Api} api
 * @param {Sent} sent
 * @returns {Promise<Row>}
 */
async function write(api, { json: { type, date, ...changes }, onto, isMoved }) {
  if (!onto) {
    const patience = api.device ? { patience: SOON_MS } : {}; // then it waits on the device, and is sent again
    return (await api.write("POST", FORM, { json: { type, date, ...changes }, ...patience }, storedIn)).body;
  }
  const json = isMoved ? { date, ...changes } : changes;
  const headers = { "If-Match": `"${onto.revision}"` };
  return (await api.write("PUT", `${FORM}/${encodeURIComponent(onto.id)}`, { json, headers }, storedIn)).body;
}

/**
 * Only an answer with a reading says that it is stored: a portal or proxy may call anything a success.
 * @param {any} body
 */
function storedIn(body) {
  if (typeof body?.id !== "string") throw new Problem(0, { detail: "the answer to a write has no reading" });
  return [body];
}
