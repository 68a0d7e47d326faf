/** What is asked back about a reading that was not saved, and the ways on. */

import { Problem } from "../page/api.js";
import { useSurroundings } from "../page/component.js";
import { localParts } from "../page/formats.js";
import { html, useEffect, useRef, useState } from "../vendor/preact.js";

import { formWords } from "./form_words.js";

/** @typedef {import("../page/component.js").Meter} Meter */
/** @typedef {import("./energy_table.js").Row} Row */
/** @typedef {import("./reading_form.js").How} How */
/** @typedef {[text: string, go: () => void]} Way */

const DAY_MS = 86_400_000;
const QUESTIONS = ["LOWER_THAN_PREVIOUS", "HIGHER_THAN_NEXT", "FAR_ABOVE_USUAL"];
const DIGITS = [4, 5, 6, 7, 8, 9];

/**
 * What a refusal comes to: saved after all, where an earlier attempt has stored it and its answer was lost. Else it is
 * thrown, with the reading that is in the way as its details.
 * @param {import("../page/api.js").Api} api
 * @param {unknown} error
 * @param {import("./reading_form.js").Sent} sent
 * @returns {Promise<Row>}
 */
export async function settled(api, error, { json, onto, isMoved, instant }) {
  if (!(error instanceof Problem) || error.code || (error.status !== 409 && error.status !== 412)) throw error;
  const isTaken = error.status === 409;
  const existing = isTaken ? await readingAt(api, json.type, instant) : await current(api, onto);
  const isSaved = existing?.amount === json.amount && (isTaken ? !onto : !isMoved || existing.date === instant);
  if (!existing || !isSaved) throw Object.assign(error, { details: { existing } });
  for (const listener of api.listeners) listener(new Set([json.type]));
  return existing;
}

/**
 * @param {import("../page/api.js").Api} api
 * @param {Row | null} row
 * @returns {Promise<Row>}
 */
async function current(api, row) {
  return (await api.send("GET", `/components/energy_forms/${encodeURIComponent(row?.id ?? "")}`)).body;
}

/**
 * @param {import("../page/api.js").Api} api
 * @param {Meter} type
 * @param {string | null} instant
 * @returns {Promise<Row | null>} null too where it cannot be asked
 */
async function readingAt(api, type, instant) {
  if (!instant) return null;
  const query = { type, from: instant, to: instant, limit: "1" };
  const found = await api.send("GET", "/components/energy_table", { query }).catch(() => null);
  return found?.body.readings[0] ?? null;
}

/**
 * @typedef {object} RefusedProps
 * @property {Problem} problem
 * @property {Meter} type
 * @property {string | null} zone
 * @property {Row | null} stored the reading that is changed; null: a new one
 * @property {(how?: How) => void} save
 * @property {((field: string) => () => void) | null} again go to a field; null: there is no form
 * @property {(exchange: object | null) => () => void} leave go to the view of the meters, with an exchange begun
 * @property {() => void} onCancel
 * @property {boolean} [isCalm] whether the focus stays where it is: nobody has just pressed something
 */

/**
 * Whether something is asked back that the person can answer.
 * @param {Problem} problem
 */
export const isQuestion = ({ code }) => code !== null && QUESTIONS.includes(code);

/** @param {RefusedProps} props */
export function Refused(props) {
  if (isQuestion(props.problem)) return html`<${Question} ...${props} />`;
  const { problem, type, zone, stored, save, again, onCancel, isCalm } = props;
  const { words, formats } = useSurroundings();
  const said = formWords(words);
  const existing = problem.details?.existing;
  const amount = existing ? formats.amount(existing.amount, words.units[type], 3) : "";
  const moment = existing ? formats.moment(existing.date, zone ?? "UTC") : "";
  const field = whereOf(problem);
  /** @type {Record<number, {line: string, ways: (Way | null)[]}>} */
  const answers = {
    404: { line: said.gone, ways: [way(said.asNew, () => save({ onto: null })), way(said.cancel, onCancel)] },
    409: {
      line: existing ? said.taken(amount, moment) : said.takenBySomething,
      ways: [
        existing && !stored ? way(said.changeIt, () => save({ onto: existing })) : null,
        again && way(said.anotherTime, again("time")),
      ],
    },
    412: {
      line: said.changed(amount, moment),
      ways: [way(said.mine, () => save({ onto: existing })), way(said.theirs, onCancel)],
    },
    422: {
      line: said.refused[field],
      ways: [again ? way(said.correct, again(field === "date" ? "date" : "amount")) : way(words.tryAgain, save)],
    },
  };
  const isOut = problem.status === 401;
  const signIn = () => {
    if (!stored) onCancel(); // what is typed is kept, and the page is no longer behind
    document.dispatchEvent(new Event("sign-in-again"));
  };
  const failure = {
    line: failureOf(problem, words, formats, zone),
    ways: [isOut ? way(words.signInAgain, signIn) : way(words.tryAgain, save)],
  };
  const { line, ways } = (!problem.opensAt && answers[problem.status]) || failure;
  return html`<${Asked} lines=${[line]} ways=${ways.filter(Boolean)} isCalm=${isCalm} />`;
}

/**
 * What is asked back, or why nothing was saved; the focus goes there. What a way leads to comes below it.
 * @param {{lines: string[], ways: [string, () => void][], isCalm?: boolean, children?: unknown}} props
 */
export function Asked({ lines, ways, isCalm = false, children }) {
  const group = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (!isCalm) group.current?.focus();
  }, []);
  return html`
    <section class="asked" tabindex="-1" ref=${group} aria-label=${lines.join(" ")}>
      ${lines.map((line) => html`<p>${line}</p>`)}
      <div class="buttons">
        ${ways.map(([text, go], at) => html`<button type="button" class=${at ? "inline secondary" : "inline"} onClick=${() => go()}>${text}</button>`)}
      </div>
      ${children}
    </section>
  `;
}

/** @param {RefusedProps} props */
function Question({ problem, type, zone, stored, save, again, leave, isCalm }) {
  const { words, formats, api } = useSurroundings();
  const [isRolling, setIsRolling] = useState(false);
  const said = formWords(words);
  const { given, previous, next, suggestion, exchangeWithoutTime } = problem.details;
  const falls = problem.code !== "FAR_ABOVE_USUAL";
  const [before, after] = problem.code === "HIGHER_THAN_NEXT" ? [given, next] : [previous, given];
  const modulus = falls && rolledOver(before, after);
  const turns = falls && type === "power" && after.amount >= 0.9 * before.amount;
  const exchange = falls && {
    type,
    date: localParts(after.date, zone ?? "UTC").date,
    finalOld: formats.typed(before.amount),
  };
  const amount = (/** @type {number} */ value) => formats.amount(value, words.units[type], 3);
  const rollOver = (/** @type {number} */ chosen) => save({ before: () => setModulus(api, type, chosen) });
  const ways = [
    suggestion && way(said.instead(amount(suggestion.amount)), () => save({ number: suggestion.amount })),
    again && way(said.correct, again("amount")),
    way(said.itIsSo, () => save({ confirm: true })),
    exchangeWithoutTime && way(said.exchangeTime, leave({ type, at: exchangeWithoutTime })),
    falls && way(said.exchanged, leave(exchange || null)),
    modulus && way(said.rolledOver, () => setIsRolling(true)),
    turns && !stored && way(said.turnsBack, leave(null)),
  ];
  return html`
    <${Asked} lines=${questionOf(problem, type, zone, words, formats)} ways=${ways.filter(Boolean)} isCalm=${isCalm}>
      ${isRolling && html`<${Digits} least=${Math.log10(modulus || 1)} choose=${rollOver} />`}
    <//>
  `;
}

/** @param {{least: number, choose: (digits: number) => void}} props */
function Digits({ least, choose }) {
  const { words } = useSurroundings();
  const [digits, setDigits] = useState(least);
  const field = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => field.current?.focus(), []);
  const select = (/** @type {Event} */ event) =>
    setDigits(Number(/** @type {HTMLSelectElement} */ (event.target).value));
  return html`
    <label>
      ${formWords(words).digits}
      <select ref=${field} value=${digits} onChange=${select}>
        ${DIGITS.filter((each) => each >= least).map((each) => html`<option value=${each} selected=${each === digits}>${each}</option>`)}
      </select>
    </label>
    <button type="button" class="inline" onClick=${() => choose(digits)}>${formWords(words).saveDigits}</button>
  `;
}

/**
 * Say at how many digits a register starts again; everything else stays.
 * @param {import("../page/api.js").Api} api
 * @param {Meter} type
 * @param {number} digits
 */
async function setModulus(api, type, digits) {
  const { body } = await api.send("GET", "/v2/settings");
  const json = { zone: body.zone, moduli: { [type]: 10 ** digits } };
  await api.write("PUT", "/v2/settings", { json }, (changed) => changed.meters);
}

/**
 * @param {string} text
 * @param {() => void} go
 * @returns {Way}
 */
const way = (text, go) => [text, go];

/**
 * Where a register with as many digits as the first count would start again between two, else 0.
 * @param {{amount: number}} before
 * @param {{amount: number}} after
 */
function rolledOver(before, after) {
  const modulus = 10 ** Math.trunc(before.amount).toString().length;
  return before.amount >= 0.75 * modulus && after.amount <= 0.25 * modulus ? modulus : 0;
}

/**
 * A question of the application in the page's words.
 * @param {Problem} problem
 * @param {Meter} type
 * @param {string | null} zone
 * @param {import("../page/words.js").Words} words
 * @param {import("../page/formats.js").Formats} formats
 */
export function questionOf({ code, details }, type, zone, words, formats) {
  const { given, previous, next, usualPerDay, exchangeWithoutTime } = details;
  const said = formWords(words);
  const amount = (/** @type {number} */ value, digits = 3) => formats.amount(value, words.units[type], digits);
  const moment = (/** @type {{date: string}} */ count) => formats.moment(count.date, zone ?? "UTC");
  const [before, after] = previous && code !== "HIGHER_THAN_NEXT" ? [previous, given] : [given, next];
  const days = Math.max((Date.parse(after.date) - Date.parse(before.date)) / DAY_MS, 1);
  const perDay = amount(Math.abs(after.amount - before.amount + rolledOver(before, after)) / days, 1);
  /** @type {Record<string, () => string>} */
  const questions = {
    LOWER_THAN_PREVIOUS: () => said.lower(amount(after.amount), amount(before.amount), moment(before)),
    HIGHER_THAN_NEXT: () => said.higher(amount(before.amount), amount(after.amount), moment(after)),
    FAR_ABOVE_USUAL: () => said.far(amount(after.amount), perDay, moment(before), amount(usualPerDay)),
  };
  const untimed = exchangeWithoutTime && said.untimed(formats.date(exchangeWithoutTime, zone ?? "UTC"));
  return [questions[code ?? ""](), untimed].filter(Boolean);
}

/**
 * The field that was refused.
 * @param {Problem} problem
 * @returns {"amount" | "date" | "moduli" | "other"}
 */
export function whereOf({ errors }) {
  const where = errors[0]?.where.split(".")[0] ?? "";
  if (where === "date" || where === "moduli") return where;
  return ["amount", "finalOld", "initialNew"].includes(where) ? "amount" : "other";
}

/**
 * What is said where nothing useful was answered.
 * @param {Problem} problem
 * @param {import("../page/words.js").Words} words
 * @param {import("../page/formats.js").Formats} formats
 * @param {string | null} zone
 */
export function failureOf({ status, opensAt }, words, formats, zone) {
  const said = formWords(words);
  if (opensAt) return said.erased(formats.moment(opensAt, zone ?? "UTC"));
  return status === 401 ? said.expired : said.lost;
}
