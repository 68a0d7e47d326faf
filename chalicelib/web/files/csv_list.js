/** What was imported so far, the latest first, and how to take one back. */

import { Section, useLoaded, useSurroundings } from "../page/component.js";
import { html, useCallback, useRef, useState } from "../vendor/preact.js";
import { inItsOrder, zoneOf } from "./csv_file.js";
import { Counts, SignInAgain } from "./csv_report.js";
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

/**
 * What was taken back since the view was opened, by the import: its buttons may be in two places.
 * @typedef {object} TakenBack
 * @property {Record<string, Undone>} undone
 * @property {(id: string, undone: Undone) => void} note
 */

const PATH = "/components/csv_import";

/**
 * The first pages of the list, with the zone in which to show them.
 * @param {{takenBack: TakenBack}} props
 */
export function Imports({ takenBack }) {
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
    <${Section} name="imports" component="csv_import" title=${files.imports} loaded=${loaded}>
      ${loaded.body && !imports.length && html`<p>${files.noImports}</p>`}
      <ul class="imports" role="list">
        ${imports.map((record) => html`<${Row} key=${record.id} ...${{ record, zone, takenBack }} />`)}
      </ul>
      ${hasMore && html`<button type="button" class="inline secondary" onClick=${() => setPages(pages + 1)}>${files.showMore}</button>`}
    <//>
  `;
}

/** @param {{record: ImportRecord, zone: string, takenBack: TakenBack}} props */
function Row({ record, zone, takenBack }) {
  const { words, formats } = useSurroundings();
  const files = useFileWords();
  const name = inItsOrder(record.fileName ?? files.unnamed);
  const since = record.undoneAt && formats.moment(record.undoneAt, zone);
  const meters = record.types.map((type) => words.meters[type]).join(", ");
  return html`
    <li>
      <p><strong><bdi>${name}</bdi></strong> <small>${formats.moment(record.at, zone)}</small></p>
      <p>${files.covers(meters, formats.date(record.first, zone), formats.date(record.last, zone))}</p>
      <${Counts} report=${record} names=${files.stored} />
      <${Undo} id=${record.id} ...${{ name, since, takenBack }} />
    </li>
  `;
}

/**
 * The way to take an import back, and what came of it. It asks again, unless the import has just been made.
 * @param {{id: string, name: string, takenBack: TakenBack, isSure?: boolean, since?: string | null}} props ``since``:
 *   it was taken back then
 */
export function Undo({ id, name, takenBack, isSure = false, since = null }) {
  const { api } = useSurroundings();
  const files = useFileWords();
  const [phase, setPhase] = useState(
    /** @type {"there" | "asked" | "undoing" | "failed" | "expired" | "undone"} */ ("there"),
  );
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const go = (/** @type {typeof phase} */ next) => {
    setPhase(next);
    place.current?.focus(); // the button that was pressed goes
  };
  const undo = () => {
    go("undoing");
    api
      .write("DELETE", `${PATH}/${id}`, {}, (/** @type {Undone} */ body) => body.meters)
      .then(
        ({ body }) => {
          takenBack.note(id, body);
          setPhase("undone");
        },
        ({ status }) => setPhase(status === 401 ? "expired" : "failed"),
      );
  };
  const button = (/** @type {string} */ text, /** @type {() => void} */ act, label = text) =>
    html`<button type="button" class="inline secondary" aria-label=${label} onClick=${act}>${text}</button>`;
  const undone = takenBack.undone[id];
  const outcome = undone ? html`<${Outcome} ...${undone} />` : since && html`<p>${files.undoneAt(since)}</p>`;
  const state = outcome ? "undone" : phase;
  return html`
    <div class="undo" tabindex="-1" ref=${place}>
      <div role="status">
        ${phase === "undone" && outcome}
        ${state === "undoing" && html`<p aria-busy="true">${files.undoing}</p>`}
        ${state === "failed" && html`<p>${files.undoFailed}</p>`}
        ${state === "expired" && html`<p><${SignInAgain} /></p>`}
        ${state === "asked" && html`<p>${files.undoSure}</p>`}
      </div>
      ${phase !== "undone" && outcome}
      ${state === "asked" && html`${button(files.undoYes, undo)} ${button(files.undoNo, () => go("there"))}`}
      ${(state === "there" || state === "failed") && button(files.undo, isSure ? undo : () => go("asked"), files.undoNamed(name))}
    </div>
  `;
}

/** @param {Undone} props */
function Outcome({ removed, restored, keptCount, configurationsKept }) {
  const { words, formats } = useSurroundings();
  const files = useFileWords();
  return html`
    <p>${files.undone(formats.number(removed), formats.number(restored))}</p>
    ${keptCount > 0 && html`<p>${files.kept(formats.number(keptCount))}</p>`}
    ${configurationsKept.map((type) => html`<p>${files.keptSettings(words.meters[type])}</p>`)}
  `;
}
