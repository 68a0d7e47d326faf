/** The table of readings: by type and range, in pages, edited in place. */

import { Section, useLoaded, useSurroundings } from "../page/component.js";
import { html, useCallback, useEffect, useRef, useState } from "../vendor/preact.js";
import { useReadingForm } from "./energy_forms.js";

/** @typedef {import("../page/component.js").Meter} Meter */
/** @typedef {import("../page/api.js").Problem} Problem */
/** @typedef {{id: string, type: Meter, date: string, amount: number, revision: string}} Row */
/** @typedef {{zone: string, readings: Row[], nextCursor: string | null}} TableBody */
/** @typedef {import("../page/formats.js").Formats} Formats */
/** @typedef {import("../page/words.js").Words} Words */

/** What is typed into a row and not saved, of ``row`` as it was seen then; ``amount`` as ``locale`` writes it. */

const PAGE = 25;
const SHOWN_MS = 10_000;
/** Each session's drafts that were met: what was typed comes back by itself once. @type {WeakSet<object>} */
const met = new WeakSet();
/** @type {Row[]} */
const LOADING = Array.from({ length: PAGE }, (_, at) => ({
  id: `${at}`,
  type: "power",
  date: "",
  amount: 0,
  revision: "",
}));

export function EnergyTable() {
  const { words, api, formats, selection, select } = useSurroundings();
  const { meter, from, to } = selection;
  const [isBoth, setIsBoth] = useState(false);
  const [isRising, setIsRising] = useState(false);
  const [gone, setGone] = useState({ order: "", cursors: /** @type {string[]} */ ([]) });
  const [said, say] = useState("");
  const [removed, setRemoved] = useState(/** @type {Row[]} */ ([]));
  const region = useRef(/** @type {HTMLElement | null} */ (null));
  const left = useRef("");
  const type = isBoth ? "" : meter;
  const order = `${type} ${from} ${to} ${isRising}`;
  const cursors = gone.order === order ? gone.cursors : []; // those of another order lead nowhere
  const cursor = cursors.at(-1) ?? "";
  const place = `${order} ${cursor}`;
  const go = (/** @type {string[]} */ chosen) => setGone({ order, cursors: chosen });
  const ask = useCallback(() => {
    const asked = { type, from, to, sort: isRising ? "date" : "-date", limit: `${PAGE}`, cursor };
    const given = /** @type {[string, string][]} */ (Object.entries(asked).filter((pair) => pair[1]));
    const answer = api.show("energy_table", Object.fromEntries(given), (/** @type {TableBody} */ _) => []);
    return answer.then((page) => ({ ...page, place }));
  }, [api, place]);
  const loaded = useLoaded(ask, ["power", "gas"], type);
  const { body, load } = loaded;
  const zone = body?.zone ?? "UTC";
  useEffect(() => setIsBoth(false), [meter]);
  useEffect(() => {
    if (cursor && body?.place === place && !body.readings.length) go(cursors.slice(0, -1)); // the last of a page is gone
    if (left.current && document.activeElement === document.body) region.current?.focus(); // its row went elsewhere
    left.current = "";
  }, [body]);
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => say(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const going = useRef(new Set());
  const [busy, setBusy] = useState(/** @type {string[]} */ ([]));
  const mark = (/** @type {Row} */ row, /** @type {boolean} */ isGoing) => {
    going.current[isGoing ? "add" : "delete"](row.id);
    setBusy([...going.current]);
  };
  const remove = async (/** @type {Row} */ row) => {
    if (going.current.has(row.id)) return;
    mark(row, true);
    say("");
    const sent = { headers: { "If-Match": `"${row.revision}"` } };
    const path = `/components/energy_forms/${encodeURIComponent(row.id)}`;
    const metersOf = (/** @type {any} */ _, /** @type {Headers} */ headers) => [
      { type: row.type, sourceVersion: Number(headers.get("X-Source-Version")) },
    ];
    try {
      await api.write("DELETE", path, sent, metersOf);
      setRemoved((before) => [...before, row]);
    } catch (error) {
      mark(row, false);
      const { status } = /** @type {Problem} */ (error);
      say(status === 412 ? words.table.changed : status === 404 ? words.table.gone : words.table.notRemoved);
      if (status === 412 || status === 404) load();
    }
  };
  const forget = (/** @type {Row} */ row) => {
    mark(row, false);
    setRemoved((before) => before.filter((each) => each !== row));
  };
  const restore = async (/** @type {Row} */ row) => {
    const texts = textsOf(row, zone, words, formats);
    const json = { type: row.type, date: row.date, amount: row.amount };
    try {
      await api.write("POST", "/components/energy_forms", { json: { ...json, confirm: true } }, (written) => [written]);
    } catch (error) {
      const { settled } = await import("./reading_questions.js");
      const sent = { json, onto: null, isMoved: false, instant: row.date };
      const other = await settled(api, error, sent).then(() => null, otherAt);
      if (other) {
        load();
        return say(words.table.taken(...texts, formats.amount(other.amount, words.units[other.type], 6)));
      }
    }
    say(words.table.restored(...texts));
  };
  const page = { isRising, number: cursors.length + 1, next: body?.place === place ? body.nextCursor : null };
  return html`
    <${Section} name="energy_table" title=${words.table.title} loaded=${loaded}>
      <div class="table-head">
        <${Filter} type=${type} choose=${(/** @type {Meter | ""} */ chosen) => {
          setIsBoth(!chosen);
          if (chosen) select({ meter: chosen });
        }} />
        ${
          (from || to) &&
          html`<p>${rangeText(words, formats, from, to)} <button type="button" class="inline secondary" onClick=${() => select({ from: null, to: null })}>${words.table.all}</button></p>`
        }
      </div>
      <div class=${`table-scroll ${type && "one-meter"}`} role="region" tabindex="0" aria-label=${words.table.scrolls} ref=${region}>
        ${
          body?.readings.length === 0
            ? html`<p>${words.table.empty}</p>`
            : html`<${Rows} rows=${body?.readings ?? LOADING} zone=${body?.zone ?? null} ...${{ isRising, busy, remove, say, load, left }} sort=${() => setIsRising(!isRising)} />`
        }
      </div>
      ${body?.readings.length !== 0 && html`<${Pages} ...${{ ...page, cursors, go }} />`}
      <div class="toasts" role="status">
        ${said && html`<p class="toast">${said}</p>`}
        ${removed.map((row) => html`<${Removed} key=${row.id} text=${words.table.removed(...textsOf(row, zone, words, formats))} restore=${() => restore(row)} forget=${() => forget(row)} leave=${() => region.current?.focus()} />`)}
      </div>
    <//>
  `;
}

/** @param {{type: Meter | "", choose: (type: Meter | "") => void}} props */
function Filter({ type, choose }) {
  const { words } = useSurroundings();
  const options = /** @type {[Meter | "", string][]} */ ([["", words.table.both], ...Object.entries(words.meters)]);
  return html`
    <label class="filter">${words.meter}
      <select value=${type} onChange=${(/** @type {Event} */ event) => choose(/** @type {Meter} */ (/** @type {HTMLSelectElement} */ (event.target).value))}>
        ${options.map(([value, text]) => html`<option value=${value} selected=${value === type}>${text}</option>`)}
      </select>
    </label>
  `;
}

/**
 * @typedef {object} RowsProps
 * @property {Row[]} rows
 * @property {string | null} zone null while nothing is there yet
 * @property {boolean} isRising
 * @property {string[]} busy the readings that are being deleted
 * @property {() => void} sort
 * @property {(row: Row) => void} remove
 * @property {(text: string) => void} say
 * @property {() => void} load
 * @property {{current: string}} left the reading that was changed last, until it is loaded again
 */

/** @param {RowsProps} props */
function Rows({ rows, zone, isRising, busy, sort, remove, say, load, left }) {
  const { words, drafts } = useSurroundings();
  const [editing, setEditing] = useState("");
  const [closed, setClosed] = useState("");
  const close = (/** @type {Row} */ row, text = "") => {
    setEditing("");
    setClosed(row.id);
    left.current = row.id;
    say(text);
  };
  useEffect(() => {
    if (!zone || met.has(drafts)) return;
    met.add(drafts);
    const typed = rows.find((row) => drafts.has(draftOf(row)));
    if (typed) setEditing(typed.id);
  }, [zone]);
  return html`
    <table class=${zone ? "readings" : "readings skeleton"} aria-hidden=${zone ? null : "true"}>
      <caption class="spoken">${words.table.caption}</caption>
      <thead>
        <tr>
          <th scope="col" aria-sort=${isRising ? "ascending" : "descending"}>
            <button type="button" class="sort" disabled=${!zone} onClick=${sort}>${words.table.when} <span aria-hidden="true">${isRising ? "▲" : "▼"}</span></button>
          </th>
          <th scope="col">${words.meter}</th>
          <th scope="col" class="number">${words.table.amount}</th>
          <th scope="col"><span class="spoken">${words.table.actions}</span></th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) =>
          zone && row.id === editing
            ? html`<${EditedRow} key=${row.id} row=${row} zone=${zone} close=${(/** @type {string} */ text) => close(row, text)} load=${load} />`
            : html`<${ShownRow} key=${row.id} row=${row} zone=${zone} isBack=${row.id === closed} isBusy=${busy.includes(row.id)} edit=${() => setEditing(row.id)} remove=${() => remove(row)} />`,
        )}
      </tbody>
    </table>
  `;
}

/** @param {{row: Row, zone: string | null, isBack: boolean, isBusy: boolean, edit: () => void, remove: () => void}} props */
function ShownRow({ row, zone, isBack, isBusy, edit, remove }) {
  const { words, formats, drafts } = useSurroundings();
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (isBack) button.current?.focus();
  }, []);
  const [amount, moment] = textsOf(row, zone, words, formats);
  const which = html`<span class="spoken"> ${words.table.of(amount, moment)}</span>`;
  return html`
    <tr class=${row.type}>
      <td>${moment}</td>
      <td><span class="meter-mark">${words.meters[row.type]}</span></td>
      <td class="number">${amount}</td>
      <td><div class="actions">
        <button type="button" class="inline quiet" ref=${button} disabled=${!zone || isBusy} onClick=${edit}>${drafts.has(draftOf(row)) ? words.table.goOn : words.table.edit}${which}</button>
        <button type="button" class="inline quiet" disabled=${!zone} aria-busy=${isBusy} onClick=${remove}>${words.table.remove}${which}</button>
      </div></td>
    </tr>
  `;
}

/** @param {{row: Row, zone: string, close: (text?: string) => void, load: () => void}} props */
function EditedRow({ row, zone, close, load }) {
  const { words, formats } = useSurroundings();
  const { form, failed } = useReadingForm();
  const onSaved = (/** @type {Row} */ saved) => close(words.table.saved(...textsOf(saved, zone, words, formats)));
  const onCancel = () => {
    close("");
    load();
  };
  return html`
    <tr class=${row.type}>
      <td colspan="4">
        ${form ? html`<${form.StoredReading} ...${{ name: draftOf(row), row, zone, onSaved, onCancel }} />` : failed && words.failed}
      </td>
    </tr>
  `;
}

/** @param {Row} row */
const draftOf = (row) => `reading ${row.id}`;

/** @param {{isRising: boolean, number: number, next: string | null, cursors: string[], go: (cursors: string[]) => void}} props */
function Pages({ isRising, number, next, cursors, go }) {
  const { words } = useSurroundings();
  const [back, on] = isRising ? [words.table.earlier, words.table.later] : [words.table.later, words.table.earlier];
  return html`
    <nav class="pages" aria-label=${words.table.pages}>
      <button type="button" class="inline secondary" aria-disabled=${!cursors.length} onClick=${() => go(cursors.slice(0, -1))}>${back}</button>
      <span role="status">${words.table.page(number)}</span>
      <button type="button" class="inline secondary" aria-disabled=${!next} onClick=${() => next && go([...cursors, next])}>${on}</button>
    </nav>
  `;
}

/**
 * What was taken away may be taken back for a while; the focus is there, and goes where ``leave`` puts it.
 * @param {{text: string, restore: () => Promise<unknown>, forget: () => void, leave: () => void}} props
 */
export function Removed({ text, restore, forget, leave }) {
  const { words } = useSurroundings();
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  const isAsking = useRef(false);
  const [state, setState] = useState(/** @type {"offered" | "asking" | "failed"} */ ("offered"));
  const done = () => {
    if (document.activeElement === button.current) leave();
    forget();
  };
  useEffect(() => button.current?.focus(), []);
  useEffect(() => {
    if (state === "asking") return;
    const timer = setTimeout(done, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const undo = async () => {
    if (isAsking.current) return;
    isAsking.current = true;
    setState("asking");
    await restore().then(done, () => setState("failed"));
    isAsking.current = false;
  };
  return html`
    <p class="toast">
      ${state === "failed" ? words.table.notRestored : text}
      <button type="button" class="inline" ref=${button} aria-busy=${state === "asking"} onClick=${undo}>${words.table.undo}</button>
    </p>
  `;
}

/**
 * The reading that is in the way of one, out of what was refused. Throws what is no such refusal.
 * @param {Problem} problem
 * @returns {Row}
 */
function otherAt(problem) {
  if (problem.status !== 409 || !problem.details?.existing) throw problem;
  return problem.details.existing;
}

/**
 * @param {Row} row
 * @param {string | null} zone
 * @param {Words} words
 * @param {Formats} formats
 * @returns {[string, string]} amount and moment
 */
function textsOf(row, zone, words, formats) {
  return [formats.amount(row.amount, words.units[row.type], 6), zone ? formats.moment(row.date, zone) : "\u00a0"];
}

/**
 * @param {Words} words
 * @param {Formats} formats
 * @param {string | null} from
 * @param {string | null} to
 */
function rangeText(words, formats, from, to) {
  if (!from) return words.table.until(formats.day(to ?? ""));
  return to ? words.table.range(formats.day(from), formats.day(to)) : words.table.since(formats.day(from));
}
