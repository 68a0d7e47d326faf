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

const PAGE = 25;
const UNDO_MS = 10_000;
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
  const [cursors, setCursors] = useState(/** @type {string[]} */ ([]));
  const [said, say] = useState("");
  const [removed, setRemoved] = useState(/** @type {Row[]} */ ([]));
  const region = useRef(/** @type {HTMLElement | null} */ (null));
  const type = isBoth ? "" : meter;
  const cursor = cursors.at(-1) ?? "";
  const ask = useCallback(() => {
    const asked = { type, from, to, sort: isRising ? "date" : "-date", limit: `${PAGE}`, cursor };
    const given = /** @type {[string, string][]} */ (Object.entries(asked).filter((pair) => pair[1]));
    const answer = api.show("energy_table", Object.fromEntries(given), (/** @type {TableBody} */ _) => []);
    return answer.then((page) => ({ ...page, cursor }));
  }, [api, type, from, to, isRising, cursor]);
  const loaded = useLoaded(ask, ["power", "gas"], type);
  const { body, load } = loaded;
  const zone = body?.zone ?? "UTC";
  useEffect(() => setIsBoth(false), [meter]);
  useEffect(() => setCursors([]), [type, from, to, isRising]);
  useEffect(() => {
    if (cursor && body?.cursor === cursor && !body.readings.length) setCursors(cursors.slice(0, -1)); // the last of a page is gone
  }, [body]);
  const remove = async (/** @type {Row} */ row) => {
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
      const { status } = /** @type {Problem} */ (error);
      say(status === 412 ? words.table.changed : status === 404 ? words.table.gone : words.table.notRemoved);
      if (status === 412 || status === 404) load();
    }
  };
  const restore = async (/** @type {Row} */ row) => {
    const json = { type: row.type, date: row.date, amount: row.amount, confirm: true };
    await api
      .write("POST", "/components/energy_forms", { json }, (written) => [written])
      .catch((problem) => {
        if (problem.status !== 409) throw problem; // it is there already: an answer was lost
        load();
      });
    say(words.table.restored(...textsOf(row, zone, words, formats)));
  };
  const page = { isRising, number: cursors.length + 1, next: body?.cursor === cursor ? body.nextCursor : null };
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
      <p role="status" class="said">${said}</p>
      ${
        body?.readings.length === 0
          ? html`<p>${words.table.empty}</p>`
          : html`<div class=${`table-scroll ${type && "one-meter"}`} role="region" tabindex="0" aria-label=${words.table.scrolls} ref=${region}>
              <${Rows} rows=${body?.readings ?? LOADING} zone=${body?.zone ?? null} isRising=${isRising} sort=${() => setIsRising(!isRising)} remove=${remove} say=${say} load=${load} />
            </div>
            <${Pages} ...${page} go=${setCursors} cursors=${cursors} />`
      }
      <div class="toasts" role="status">
        ${removed.map((row) => html`<${Removed} key=${row.id} text=${words.table.removed(...textsOf(row, zone, words, formats))} restore=${() => restore(row)} forget=${() => setRemoved((before) => before.filter((each) => each !== row))} leave=${() => region.current?.focus()} />`)}
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
 * @property {() => void} sort
 * @property {(row: Row) => void} remove
 * @property {(text: string) => void} say
 * @property {() => void} load
 */

/** @param {RowsProps} props */
function Rows({ rows, zone, isRising, sort, remove, say, load }) {
  const { words } = useSurroundings();
  const [editing, setEditing] = useState("");
  const [closed, setClosed] = useState("");
  const close = (/** @type {Row} */ row, text = "") => {
    setEditing("");
    setClosed(row.id);
    say(text);
  };
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
            : html`<${ShownRow} key=${row.id} row=${row} zone=${zone} isBack=${row.id === closed} edit=${() => setEditing(row.id)} remove=${() => remove(row)} />`,
        )}
      </tbody>
    </table>
  `;
}

/** @param {{row: Row, zone: string | null, isBack: boolean, edit: () => void, remove: () => void}} props */
function ShownRow({ row, zone, isBack, edit, remove }) {
  const { words, formats } = useSurroundings();
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
        <button type="button" class="inline quiet" ref=${button} disabled=${!zone} onClick=${edit}>${words.table.edit}${which}</button>
        <button type="button" class="inline quiet" disabled=${!zone} onClick=${remove}>${words.table.remove}${which}</button>
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
    close();
    load();
  };
  return html`
    <tr class=${row.type}>
      <td colspan="4">
        ${form ? html`<${form.StoredReading} ...${{ row, zone, onSaved, onCancel }} />` : failed && words.failed}
      </td>
    </tr>
  `;
}

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
  const [failed, setFailed] = useState(false);
  const done = () => {
    if (document.activeElement === button.current) leave();
    forget();
  };
  useEffect(() => {
    button.current?.focus();
    const timer = setTimeout(done, UNDO_MS);
    return () => clearTimeout(timer);
  }, []);
  const undo = () => {
    setFailed(false);
    restore().then(done, () => setFailed(true));
  };
  return html`
    <p class="toast">
      ${failed ? words.table.notRestored : text}
      <button type="button" class="inline" ref=${button} onClick=${undo}>${words.table.undo}</button>
    </p>
  `;
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
