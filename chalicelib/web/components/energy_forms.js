/** The form for one reading: new, or changed; with the questions that are asked back. */

import { Problem } from "../page/api.js";
import { useDraft, useLoaded, useSurroundings } from "../page/component.js";
import { instantsOf, localParts, parseNumber } from "../page/formats.js";
import { html, useCallback, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";

/** @typedef {import("../page/component.js").Meter} Meter */
/** @typedef {{id: string, type: Meter, date: string, amount: number, revision: string}} Row */
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

/** @typedef {{json: {type: Meter, date: string, amount: number}, onto: Row | null, isMoved: boolean, instant: string | null}} Sent */
/** @typedef {{number?: number, confirm?: boolean, onto?: Row | null, before?: () => Promise<unknown>}} How */

const FORM = "/components/energy_forms";
const SHOWN_MS = 10_000;
/** Each session's drafts that were met: what was typed comes back by itself once. @type {WeakSet<object>} */
const met = new WeakSet();

/** The button, always at hand, and the dialog that it opens. */
export function EnergyForms() {
  const { words, formats, api, drafts, selection } = useSurroundings();
  const [kept, keep] = useDraft("reading", /** @type {Kept | null} */ (null));
  const [opened, setOpened] = useState(/** @type {number | null} */ (null));
  const [said, say] = useState("");
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  const opener = useRef(/** @type {Element | null} */ (null));
  const typed = kept ?? { type: selection.meter, text: "", date: null, time: null, second: false };
  const ask = useCallback(
    () => api.show("energy_forms", { type: typed.type }, (/** @type {Beginning} */ _) => []),
    [api, typed.type],
  );
  const { body, failed, load } = useLoaded(ask, ["power", "gas"]);
  const latest = () => /** @type {Kept | undefined} */ (drafts.kept.reading); // two fields may change before it is drawn
  const open = () => {
    opener.current = document.activeElement;
    say("");
    setOpened(Date.now());
  };
  useEffect(() => {
    if (drafts.has("reading") && (kept?.resume || !met.has(drafts))) open();
    met.add(drafts);
    document.addEventListener("add-reading", open);
    return () => document.removeEventListener("add-reading", open);
  }, []);
  useEffect(() => {
    const back = /** @type {HTMLElement | null} */ (opener.current?.isConnected ? opener.current : button.current);
    if (opened === null && opener.current) back?.focus();
  }, [opened]);
  useEffect(() => {
    const timer = said && setTimeout(() => say(""), SHOWN_MS);
    return () => clearTimeout(timer || undefined);
  }, [said]);
  const close = () => {
    if (!latest()?.text) keep(null);
    setOpened(null);
  };
  const onSaved = (/** @type {Row} */ row) => {
    keep(null);
    opener.current = button.current;
    const amount = formats.amount(row.amount, words.units[row.type], 3);
    say(words.forms.recorded(words.meters[row.type], amount, formats.moment(row.date, body?.zone ?? "UTC")));
    setOpened(null);
  };
  const now = body && opened ? localParts(opened, body.zone) : { date: "", time: "" };
  const shown = { ...typed, date: typed.date ?? now.date, time: typed.time ?? now.time };
  return html`
    <div class="add-reading">
      <p class="toast" role="status">${said}</p>
      <button type="button" ref=${button} aria-haspopup="dialog" onClick=${open}>${words.forms.add}</button>
    </div>
    ${
      opened !== null &&
      html`<${Dialog} title=${words.forms.title} onClose=${close}>
        <${ReadingForm}
          typed=${shown}
          change=${(/** @type {Partial<Kept>} */ change) => keep({ ...typed, ...latest(), resume: false, ...change })}
          zone=${body?.zone ?? null}
          last=${body?.type === typed.type ? body.last : null}
          onSaved=${onSaved}
          onCancel=${close}
        >
          <${MeterChoice} type=${typed.type} choose=${(/** @type {Meter} */ type) => keep({ ...typed, ...latest(), type })} />
          ${failed && html`<p class="hint">${words.forms.noLast} <button type="button" class="inline" onClick=${load}>${words.tryAgain}</button></p>`}
        <//>
      <//>`
    }
  `;
}

/** @param {{title: string, onClose: () => void, children?: unknown}} props */
function Dialog({ title, onClose, children }) {
  const { words } = useSurroundings();
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => {
    dialog.current?.showModal();
    /** @type {HTMLElement | null | undefined} */ (dialog.current?.querySelector("[inputmode]"))?.focus();
  }, []);
  return html`
    <dialog ref=${dialog} aria-labelledby="reading-title" onclose=${onClose}>
      <article>
        <header>
          <button type="button" class="inline secondary" onClick=${() => dialog.current?.close()}>${words.forms.close}</button>
          <h2 id="reading-title">${title}</h2>
        </header>
        ${children}
      </article>
    </dialog>
  `;
}

/** @param {{type: Meter, choose: (type: Meter) => void}} props */
function MeterChoice({ type, choose }) {
  const { words } = useSurroundings();
  return html`
    <fieldset class="inline-choice">
      <legend class="spoken">${words.meter}</legend>
      ${Object.entries(words.meters).map(
        ([meter, text]) => html`
          <label class=${meter}>
            <input type="radio" name="type" value=${meter} checked=${meter === type} onChange=${() => choose(/** @type {Meter} */ (meter))} />${text}
          </label>
        `,
      )}
    </fieldset>
  `;
}

/**
 * @typedef {object} FormProps
 * @property {Typed} typed
 * @property {(change: Partial<Kept>) => void} change
 * @property {string | null} zone null: not known yet
 * @property {Row | null} [last] the reading before a new one
 * @property {Row | null} [stored] the reading that is changed; null: a new one
 * @property {(row: Row) => void} onSaved
 * @property {() => void} onCancel
 * @property {unknown} [children] what comes first
 */

/** @param {FormProps} props */
export function ReadingForm({ typed, change, zone, last = null, stored = null, onSaved, onCancel, children }) {
  const { words, formats, api, drafts } = useSurroundings();
  const { problem, isBusy, attempt, forget } = useAttempt();
  const [missing, setMissing] = useState("");
  const [Refused, setRefused] = useState(/** @type {any} */ (null));
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const amount = parseNumber(typed.text, formats.locale);
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
      const date = momentText(typed, zone);
      const isMoved =
        stored && onto?.id === stored.id && zone && date !== momentText(momentOf(stored.date, zone), zone);
      const json = { type: typed.type, date, amount: number, ...(confirm && { confirm }) };
      const sent = { json, onto, isMoved: Boolean(isMoved), instant: instantOf(typed, zone) };
      try {
        await before?.();
        onSaved(await write(api, sent));
      } catch (error) {
        const later = await laterFor(error);
        setRefused(() => later.Refused);
        onSaved(await later.settled(api, error, sent));
      }
    });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const lacking = amount === null ? "amount" : !typed.date ? "date" : !typed.time ? "time" : "";
    setMissing(lacking);
    if (lacking) focus(lacking);
    else save();
  };
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
        label=${words.forms.amount}
        type=${typed.type}
        text=${typed.text}
        onText=${(/** @type {string} */ text) => edit({ text })}
        last=${last}
        zone=${zone}
        isMissing=${missing === "amount"}
      />
      <${MomentFields} typed=${typed} zone=${zone} change=${edit} missing=${missing} />
      ${
        problem &&
        (isAnswered(problem)
          ? html`<${Refused} ...${{ problem, type: typed.type, zone, stored, save, again, leave, onCancel }} />`
          : html`<${Asked} lines=${[failureOf(problem, words)]} ways=${[[words.tryAgain, save]]} />`)
      }
      <div class="buttons">
        <button type="submit" aria-busy=${isBusy}>${words.forms.save}</button>
        ${stored && html`<button type="button" class="secondary" onClick=${onCancel}>${words.forms.cancel}</button>`}
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
 * @property {string | null} [zone]
 * @property {boolean} [isMissing]
 */

/**
 * An amount, and how it was understood: nobody should learn it afterwards.
 * @param {AmountProps} props
 */
export function AmountField({ name, label, type, text, onText, last = null, zone = null, isMissing = false }) {
  const { words, formats } = useSurroundings();
  const unit = words.units[type];
  const amount = parseNumber(text, formats.locale);
  const isNonsense = amount === null && (isMissing || /[^\s.,]/.test(text));
  const hint = `${name}-hint`;
  const growth = amount !== null && last ? amount - last.amount : 0;
  const size = formats.amount(Math.abs(growth), unit, 3);
  return html`
    <label>
      ${label} (${unit})
      ${last && zone && html`<small class="last">${words.forms.last(formats.amount(last.amount, unit, 3), formats.moment(last.date, zone))}</small>`}
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
      ${isNonsense && words.forms.noNumber(formats.typed(1234.5))}
      ${amount !== null && html`= ${formats.understood(amount, unit)}`}
      ${growth !== 0 && html` <small>${growth > 0 ? words.forms.more(size) : words.forms.less(size)}</small>`}
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
      ${words.forms[name]}
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
      ${missing && missing !== "amount" && html`<p class="hint">${words.forms.missing[/** @type {"date" | "time"} */ (missing)]}</p>`}
      ${isSkipped && html`<p class="hint">${words.forms.skipped(formats.moment(new Date(instants[0]).toISOString(), /** @type {string} */ (zone)))}</p>`}
    </div>
    ${
      instants.length > 1 &&
      html`<fieldset class="inline-choice">
        <legend>${words.forms.twice}</legend>
        ${words.forms.turns.map(
          (text, turn) => html`
            <label><input type="radio" name="turn" checked=${typed.second === (turn === 1)} onChange=${() => change({ second: turn === 1 })} />${text}</label>
          `,
        )}
      </fieldset>`
    }
  `;
}

/**
 * What is asked back, or why nothing was saved; the focus goes there.
 * @param {{lines: string[], ways: [string, () => void][], children?: unknown}} props
 */
export function Asked({ lines, ways, children }) {
  const group = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => group.current?.focus(), []);
  return html`
    <section class="asked" tabindex="-1" ref=${group} aria-label=${lines.join(" ")}>
      ${lines.map((line) => html`<p>${line}</p>`)}
      ${children}
      <div class="buttons">
        ${ways.map(([text, go], at) => html`<button type="button" class=${at ? "inline secondary" : "inline"} onClick=${() => go()}>${text}</button>`)}
      </div>
    </section>
  `;
}

/** Do something that the application may refuse: one at a time, and keep why it was refused. */
export function useAttempt() {
  const [state, setState] = useState({ isBusy: false, problem: /** @type {Problem | null} */ (null) });
  const isBusy = useRef(false);
  const attempt = async (/** @type {() => Promise<void>} */ work) => {
    if (isBusy.current) return;
    isBusy.current = true;
    setState({ ...state, isBusy: true });
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
 * A moment as the application reads it: local, but for the second of two.
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
 */
export function instantOf({ date, time, second }, zone) {
  if (!zone) return null;
  const instants = instantsOf(date, time, zone);
  return new Date(instants[second ? 1 : 0] ?? instants[0]).toISOString();
}

/**
 * Write a reading: a new one, or onto another. Throws a Problem.
 * @param {import("../page/api.js").Api} api
 * @param {Sent} sent
 * @returns {Promise<Row>}
 */
async function write(api, { json: { type, date, ...changes }, onto, isMoved }) {
  const metersOf = (/** @type {any} */ body) => [body];
  if (!onto) return (await api.write("POST", FORM, { json: { type, date, ...changes } }, metersOf)).body;
  const json = isMoved ? { date, ...changes } : changes;
  const headers = { "If-Match": `"${onto.revision}"` };
  return (await api.write("PUT", `${FORM}/${encodeURIComponent(onto.id)}`, { json, headers }, metersOf)).body;
}

/** @param {Problem} problem that the application answered knowingly: what follows of it is loaded when it happens */
const isAnswered = ({ status }) => [404, 409, 412, 422].includes(status);

/**
 * @param {unknown} error
 * @returns {Promise<typeof import("./reading_questions.js")>}
 */
function laterFor(error) {
  if (!(error instanceof Problem && isAnswered(error))) throw error;
  return import("./reading_questions.js").catch(() => {
    throw new Problem(0, {});
  });
}

/**
 * What is said where nothing useful was answered.
 * @param {Problem} problem
 * @param {import("../page/words.js").Words} words
 */
export const failureOf = ({ status }, words) => (status === 401 ? words.forms.expired : words.forms.lost);
