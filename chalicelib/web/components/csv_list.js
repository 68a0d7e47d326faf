/** What was imported so far, the latest first, and how to take one back. */

import { Section, useLoaded, useSurroundings } from "../page/component.js";
import { html, useCallback, useState } from "../vendor/preact.js";
import { zoneOf } from "./csv_file.js";
import { Counts } from "./csv_report.js";
import { useFileWords } from "./csv_words.js";

/** @typedef {import("../page/component.js").Meter} Meter */

/**
 * @typedef {object} ImportRecord
 * @property {string} id
 * @property {string} at
 * @property {string | null} fileName
 * @property {"imported" | "undone"} state
 * @property {string | null} undoneAt
 * @property {number} success
 * @property {number} replaced
 * @property {number} skipped
 * @property {number} error
 * @property {Meter[]} types
 * @property {string} first
 * @property {string} last
 */

/**
 * @typedef {object} Undone
 * @property {number} removed
 * @property {number} restored
 * @property {number} keptCount
 * @property {Meter[]} configurationsKept
 * @property {{type: Meter, sourceVersion: number}[]} meters
 */

const PATH = "/components/csv_import";

/** The first pages of the list, with the zone in which to show them. */
export function Imports() {
  const { api } = useSurroundings();
  const [pages, setPages] = useState(1);
  const files = useFileWords();
  const ask = useCallback(async () => {
    /** @type {ImportRecord[]} */
    const imports = [];
    /** @type {string | null} */
    let cursor = null;
    for (let page = 0; page < pages && (page === 0 || cursor); page += 1) {
      const { body } = await api.send("GET", PATH, { query: cursor ? { cursor } : {} });
      imports.push(...body.imports);
      cursor = body.nextCursor;
    }
    return { imports, hasMore: Boolean(cursor), zone: imports.length ? await zoneOf(api) : "UTC" };
  }, [api, pages]);
  const loaded = useLoaded(ask, ["power", "gas"]);
  const { imports = [], hasMore = false, zone = "UTC" } = loaded.body ?? {};
  return html`
    <${Section} name="imports" title=${files.imports} loaded=${loaded}>
      ${loaded.body && !imports.length && html`<p>${files.noImports}</p>`}
      <ul class="imports" role="list">
        ${imports.map((record) => html`<${Row} key=${record.id} record=${record} zone=${zone} />`)}
      </ul>
      ${hasMore && html`<button type="button" class="inline secondary" onClick=${() => setPages(pages + 1)}>${files.showMore}</button>`}
    <//>
  `;
}

/** @param {{record: ImportRecord, zone: string}} props */
function Row({ record, zone }) {
  const { words, formats } = useSurroundings();
  const files = useFileWords();
  const name = record.fileName ?? files.unnamed;
  const meters = record.types.map((type) => words.meters[type]).join(", ");
  return html`
    <li>
      <p><strong><bdi>${name}</bdi></strong> <small>${formats.moment(record.at, zone)}</small></p>
      <p>${files.covers(meters, formats.date(record.first, zone), formats.date(record.last, zone))}</p>
      <${Counts} report=${record} names=${files.stored} />
      ${record.undoneAt ? html`<p>${files.undoneAt(formats.moment(record.undoneAt, zone))}</p>` : html`<${Undo} id=${record.id} name=${name} />`}
    </li>
  `;
}

/**
 * The way to take an import back, and what came of it. It asks once more, unless the import has just been made.
 * @param {{id: string, name: string, isSure?: boolean}} props
 */
export function Undo({ id, name, isSure = false }) {
  const { words, formats, api } = useSurroundings();
  const files = useFileWords();
  const [phase, setPhase] = useState(/** @type {"there" | "asked" | "undoing" | "failed"} */ ("there"));
  const [undone, setUndone] = useState(/** @type {Undone | null} */ (null));
  const undo = () => {
    setPhase("undoing");
    api
      .write("DELETE", `${PATH}/${id}`, {}, (/** @type {Undone} */ body) => body.meters)
      .then(
        ({ body }) => setUndone(body),
        () => setPhase("failed"),
      );
  };
  if (undone) {
    const kept = undone.keptCount > 0;
    return html`
      <div role="status">
        <p>${files.undone(formats.number(undone.removed), formats.number(undone.restored))}</p>
        ${kept && html`<p>${files.kept(formats.number(undone.keptCount))}</p>`}
        ${undone.configurationsKept.map((type) => html`<p>${files.keptSettings(words.meters[type])}</p>`)}
      </div>
    `;
  }
  const button = (/** @type {string} */ text, /** @type {() => void} */ act, label = text) =>
    html`<button type="button" class="inline secondary" aria-label=${label} onClick=${act}>${text}</button>`;
  return html`
    <div role="status">
      ${phase === "undoing" && html`<p aria-busy="true">${files.undoing}</p>`}
      ${phase === "failed" && html`<p>${files.undoFailed}</p>`}
      ${phase === "asked" && html`<p>${files.undoSure} ${button(files.undoYes, undo)} ${button(files.undoNo, () => setPhase("there"))}</p>`}
    </div>
    ${(phase === "there" || phase === "failed") && button(files.undo, isSure ? undo : () => setPhase("asked"), files.undoNamed(name))}
  `;
}
