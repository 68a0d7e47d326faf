/** Taking readings along: as many parts as there are become one file, which the browser saves. */

import { Problem } from "../page/api.js";
import { useSurroundings } from "../page/component.js";
import { cursorOf, download, fileNameOf } from "../page/saving.js";
import { html, useState } from "../vendor/preact.js";
import { LARGEST_MB } from "./csv_file.js";
import { SignInAgain } from "./csv_report.js";
import { useFileWords } from "./csv_words.js";

/** @typedef {{format: "csv" | "json", type: string, from: string, to: string, decimal: string}} Wanted */
/** @typedef {{exportVersion: number, readings: unknown[]}} Document */

const PATH = "/components/csv_import/export";

export function SaveFile() {
  const { words, formats, api } = useSurroundings();
  const files = useFileWords();
  const comma = formats.number(0.5, 1).includes(",") ? "," : ".";
  const [wanted, setWanted] = useState(
    /** @type {Wanted} */ ({ format: "csv", type: "", from: "", to: "", decimal: comma }),
  );
  const [said, setSaid] = useState(/** @type {unknown} */ (""));
  const [isBusy, setIsBusy] = useState(false);
  const want = (/** @type {keyof Wanted} */ name) => (/** @type {Event} */ event) => {
    const { value } = /** @type {HTMLInputElement} */ (event.target);
    setWanted((now) => ({ ...now, [name]: value }));
  };
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (wanted.from && wanted.to && wanted.from > wanted.to) return setSaid(files.rangeWrong);
    setIsBusy(true);
    try {
      const { name, text, type, count } = await exported(api, queryOf(wanted), (so) =>
        setSaid(files.saving(formats.number(so))),
      );
      download(name, new Blob([text], { type }));
      const isLarge = text.length > LARGEST_MB * 1024 * 1024; // each sign is one byte
      setSaid(`${files.saved(formats.number(count), name)} ${isLarge ? files.savedLarge : ""}`);
    } catch (error) {
      const isExpired = error instanceof Problem && error.status === 401;
      setSaid(isExpired ? html`<${SignInAgain} />` : files.saveFailed);
    }
    setIsBusy(false);
  };
  return html`
    <section id="csv_export" class="component" aria-labelledby="csv_export-title">
      <h2 id="csv_export-title">${files.export}</h2>
      <p>${files.exportHow}</p>
      <form onSubmit=${save}>
        <div class="options">
          <${Choice} label=${files.format} value=${wanted.format} options=${files.formats} choose=${want("format")} />
          <${Choice} label=${words.meter} value=${wanted.type} options=${{ "": files.bothMeters, ...words.meters }} choose=${want("type")} />
          <label>${files.from}<input type="date" value=${wanted.from} onChange=${want("from")} /></label>
          <label>${files.to}<input type="date" value=${wanted.to} onChange=${want("to")} /></label>
          ${wanted.format === "csv" && html`<${Choice} label=${files.options.decimal} value=${wanted.decimal} options=${files.decimals} choose=${want("decimal")} />`}
        </div>
        <button type="submit" class="inline" disabled=${isBusy}>${files.save}</button>
        <p role="status" aria-busy=${isBusy}>${said}</p>
      </form>
    </section>
  `;
}

/**
 * @param {{label: string, value: string, options: Record<string, string>, choose: (event: Event) => void}} props
 */
function Choice({ label, value, options, choose }) {
  return html`
    <label>${label}
      <select value=${value} onChange=${choose}>
        ${Object.entries(options).map(([name, text]) => html`<option value=${name} selected=${name === value}>${text}</option>`)}
      </select>
    </label>
  `;
}

/** @param {Wanted} wanted */
function queryOf({ decimal, ...wanted }) {
  const asked = { ...wanted, ...(wanted.format === "csv" && { decimal }) };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value));
}

/**
 * All parts of an export as one text, named as the first part is.
 * @param {import("../page/api.js").Api} api
 * @param {Record<string, string>} query
 * @param {(count: number) => void} onPart called with how many readings there are so far
 */
async function exported(api, query, onPart) {
  /** @type {(string | Document)[]} */
  const parts = [];
  /** @type {Headers | null} */
  let first = null;
  /** @type {string | null} */
  let cursor = null;
  let count = 0;
  do {
    /** @type {{body: string | Document, headers: Headers}} */
    const { body, headers } = await api.send("GET", PATH, { query: cursor ? { ...query, cursor } : query });
    first ??= headers;
    parts.push(body);
    count += typeof body === "string" ? body.split("\n").length - 2 : body.readings.length;
    cursor = cursorOf(headers);
    onPart(count);
  } while (cursor);
  const name = fileNameOf(first) ?? `energy.${query.format}`;
  return { name, count, text: joined(parts), type: first.get("Content-Type") ?? "" };
}

/**
 * The header line once, or the settings and meters of the first document with the readings of all.
 * @param {(string | Document)[]} parts
 */
function joined([first, ...others]) {
  if (typeof first === "string") {
    return [first, ...others.map((part) => String(part).replace(/^[^\n]*\n/, ""))].join("");
  }
  const readings = [first, ...others].flatMap((part) => /** @type {Document} */ (part).readings);
  return JSON.stringify({ ...first, readings });
}
