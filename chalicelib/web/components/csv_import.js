/** Files: bring one, see what it means before anything is stored; take it back; and get one. */

import { SaveFile } from "../files/csv_export.js";
import { AS_THE_FILE_SAYS, inItsOrder, LARGEST_MB, SourceFile, UnusableFile } from "../files/csv_file.js";
import { Imports, Undo } from "../files/csv_list.js";
import {
  Changes,
  Counts,
  Doubtful,
  Faulty,
  FirstRows,
  hasConflict,
  NotUnderstood,
  Understood,
} from "../files/csv_report.js";
import { useFileWords } from "../files/csv_words.js";
import { Alone, useDraft, useSurroundings } from "../page/component.js";
import { html, useEffect, useRef, useState } from "../vendor/preact.js";

/** @typedef {import("../page/component.js").Meter} Meter */
/** @typedef {{line: number | null, where: string, reason: string}} RowError */
/** @typedef {{line: number | null, code: string, reason: string}} RowWarning */
/** @typedef {{line: number, type: Meter, date: string, amount: number}} FileRow */
/** @typedef {import("../page/api.js").Problem} Problem */
/** @typedef {"success" | "replaced" | "skipped" | "error" | "warning"} Count */
/** @typedef {"dmy" | "mdy" | "ymd"} DateOrder */
/** @typedef {import("../files/csv_list.js").TakenBack} TakenBack */

/**
 * What became of a file, or would become of it.
 * @typedef {object} Report
 * @property {string | null} importId
 * @property {number} success
 * @property {number} replaced
 * @property {number} skipped
 * @property {number} error
 * @property {RowError[]} errors the first of them
 * @property {number} warning
 * @property {RowWarning[]} warnings the first of them
 * @property {string | null} encoding
 * @property {"," | ";" | "\t" | null} delimiter
 * @property {"." | "," | null} decimal
 * @property {DateOrder | null} dateOrder
 * @property {number | null} headerLine
 * @property {Record<string, string>} columns
 * @property {string[]} ignoredColumns
 * @property {number} ignoredColumnCount
 * @property {FileRow[]} rows
 * @property {{type: Meter, sourceVersion: number}[]} meters
 * @property {{type: Meter, exchanges: unknown[]}[]} configurations
 * @property {string | null} zone
 */

const UNDECIDED = { ...AS_THE_FILE_SAYS, onConflict: "", doubts: "", skipsFaulty: false };

/** @typedef {typeof UNDECIDED} Decisions ``doubts``: "take" or "leave" what is asked back */

const KEPT_CHARACTERS = 200_000;

/**
 * @param {Decisions} decisions
 * @param {boolean} isJson such a file says itself how it is written
 */
function queryOf({ onConflict, doubts, skipsFaulty, ...how }, isJson) {
  const asked = {
    ...(isJson ? {} : how),
    onConflict,
    mode: skipsFaulty || doubts === "leave" ? "partial" : "",
    confirm: doubts === "take" ? "true" : "",
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value));
}

export function CsvImport() {
  const [undone, setUndone] = useState(/** @type {TakenBack["undone"]} */ ({}));
  /** @type {TakenBack} */
  const takenBack = { undone, note: (id, body) => setUndone((now) => ({ ...now, [id]: body })) };
  return html`
    <${Alone} component="csv_import">
      <div data-component="csv_import"><${BringFile} takenBack=${takenBack} /><${SaveFile} /><${Imports} takenBack=${takenBack} /></div>
    <//>
  `;
}

/** @param {{takenBack: TakenBack}} props */
function BringFile({ takenBack }) {
  const { formats } = useSurroundings();
  const [kept, keepFile] = useDraft("csv_file", /** @type {SourceFile | null} */ (null));
  const [source, setSource] = useState(() => SourceFile.ofKept(kept));
  const [refusal, setRefusal] = useState(/** @type {string | null} */ (null));
  const [done, setDone] = useState(/** @type {{name: string, report: Report} | null} */ (null));
  const [isOver, setIsOver] = useState(false);
  const [pasted, keep] = useDraft("csv_import", "");
  const [text, setText] = useState(pasted);
  const [hasPasted] = useState(Boolean(pasted)); // before signing in again
  const section = useRef(/** @type {HTMLElement | null} */ (null));
  const chooser = useRef(/** @type {HTMLInputElement | null} */ (null));
  const latest = useRef(0);
  const files = useFileWords();

  const take = async (/** @type {() => Promise<SourceFile> | SourceFile} */ read) => {
    latest.current += 1;
    const turn = latest.current;
    setDone(null);
    setSource(null);
    keepFile(null);
    try {
      const found = await read();
      if (turn !== latest.current) return; // another file was brought meanwhile
      setRefusal(null);
      setSource(found);
      if (found.isKept) keepFile(found);
    } catch (error) {
      if (!(error instanceof UnusableFile)) throw error;
      setRefusal(error.reason === "isTooLarge" ? files.isTooLarge(formats.number(LARGEST_MB)) : files[error.reason]);
    }
  };
  const choose = (/** @type {Event} */ event) => {
    const [file] = /** @type {HTMLInputElement} */ (event.target).files ?? [];
    if (file) take(() => SourceFile.of(file));
  };
  /** It may be chosen again, when it was corrected; and what was brought in another way has another name. */
  const forget = () => {
    if (chooser.current) chooser.current.value = "";
  };
  const isIn = (/** @type {Element | null} */ place, /** @type {Event} */ event) =>
    Boolean(place?.contains(/** @type {Node} */ (event.target)));
  /** Text that is dragged into a field is the browser's matter. */
  const isTyping = (/** @type {DragEvent} */ event) =>
    isIn(section.current?.querySelector("textarea") ?? null, event) && !event.dataTransfer?.types?.includes("Files");
  const drop = (/** @type {DragEvent} */ event) => {
    setIsOver(false);
    if (isTyping(event)) return;
    event.preventDefault();
    const brought = event.dataTransfer?.files ?? [];
    const plain = isIn(section.current, event) ? event.dataTransfer?.getData("text/plain") : "";
    if (brought.length > 1) setRefusal(files.oneFile);
    else if (brought.length) take(() => SourceFile.of(brought[0]));
    else if (plain) take(() => SourceFile.ofText(plain, files.pastedName));
    forget();
  };
  const hover = (/** @type {DragEvent} */ event) => {
    if (isTyping(event)) return;
    event.preventDefault();
    setIsOver(true);
  };
  // Wherever a file is dropped, it is taken: left to the browser, it would take the place of the page.
  useEffect(() => {
    const stop = new AbortController();
    for (const name of /** @type {const} */ (["dragenter", "dragover"])) {
      document.addEventListener(name, hover, { signal: stop.signal });
    }
    document.addEventListener("dragleave", () => setIsOver(false), { signal: stop.signal });
    document.addEventListener("drop", drop, { signal: stop.signal });
    return () => stop.abort();
  });
  const type = (/** @type {Event} */ event) => {
    const { value } = /** @type {HTMLTextAreaElement} */ (event.target);
    setText(value);
    keep(value && value.length <= KEPT_CHARACTERS ? value : null);
  };
  const finish = (/** @type {Report} */ report) => {
    setDone({ name: source?.name ?? "", report });
    setSource(null);
    keepFile(null);
    forget();
    if (!source?.isText) return; // what was pasted and not imported stays
    setText("");
    keep(null);
  };
  return html`
    <section id="csv_import" class="component" aria-labelledby="csv_import-title" ref=${section}>
      <h2 id="csv_import-title">${files.bring}</h2>
      <p>${files.bringHow}</p>
      ${done && html`<${Done} ...${done} takenBack=${takenBack} />`}
      <div class=${`drop ${isOver ? "over" : ""}`}>
        <label>${files.choose}
          <input type="file" accept=".csv,.tsv,.txt,.json,text/csv,text/plain,application/json" ref=${chooser}
            onClick=${forget} onChange=${choose} />
        </label>
      </div>
      <details open=${hasPasted}>
        <summary>${files.paste}</summary>
        <label>${files.pasted}
          <textarea rows="6" spellcheck="false" placeholder=${files.pastedExample} value=${text} onInput=${type}></textarea>
        </label>
        <button type="button" class="inline" onClick=${() => take(() => SourceFile.ofText(text, files.pastedName))}>
          ${files.readPasted}
        </button>
      </details>
      <div role="alert">${refusal && html`<p class="hint">${refusal}</p>`}</div>
      ${source && html`<${Preview} key=${source} source=${source} finish=${finish} />`}
    </section>
  `;
}

/**
 * What a file means, asked for again with every decision; an answer that another one has overtaken is not shown.
 * @param {{source: SourceFile, finish: (report: Report) => void}} props
 */
function Preview({ source, finish }) {
  const { formats, api } = useSurroundings();
  const [decisions, setDecisions] = useState(UNDECIDED);
  const [busy, setBusy] = useState(/** @type {"reading" | "importing" | null} */ ("reading"));
  const [report, setReport] = useState(/** @type {Report | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [refusal, setRefusal] = useState(/** @type {Problem | null} */ (null));
  const [attempt, setAttempt] = useState(0);
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const files = useFileWords();

  const send = (/** @type {Record<string, string>} */ more) => {
    const query = { ...queryOf(decisions, source.isJson), ...more };
    const metersOf = (/** @type {Report} */ body) => body.meters;
    return api.write("POST", "/components/csv_import", { query, file: source.form() }, metersOf);
  };
  useEffect(() => {
    let isLatest = true;
    const show = (/** @type {() => void} */ change) => {
      if (!isLatest) return;
      change();
      setBusy(null);
    };
    send({ preview: "true" }).then(
      ({ body }) =>
        show(() => {
          setReport(body);
          setProblem(null);
        }),
      (error) =>
        show(() => {
          setReport(null);
          setProblem(error);
        }),
    );
    return () => {
      isLatest = false;
    };
  }, [source, decisions, attempt]);
  useEffect(() => heading.current?.focus(), []);

  const decide = (/** @type {Partial<Decisions>} */ change) => {
    if (busy === "importing") return;
    setBusy("reading"); // nothing is imported that was not shown
    const isAboutRows = "doubts" in change || "skipsFaulty" in change;
    setRefusal(null);
    // What is read otherwise may be doubtful otherwise: nobody has agreed to that.
    setDecisions((now) => ({ ...now, ...(!isAboutRows && { doubts: "", skipsFaulty: false }), ...change }));
  };
  const ask = () => {
    setBusy("reading");
    setAttempt((now) => now + 1);
  };
  const bring = () => {
    setBusy("importing");
    setRefusal(null);
    send({}).then(
      ({ body }) => finish(body),
      (error) => {
        setRefusal(error);
        if (error.status === 401) setBusy(null);
        else ask(); // something has changed meanwhile, or nobody knows what came of it
      },
    );
  };
  const written = report ? report.success + report.replaced : 0;
  const changes = written + (report ? report.configurations.length + (report.zone ? 1 : 0) : 0);
  const isHopeless = Boolean(report && !changes && report.error && !hasConflict(report));
  const leavesOut = decisions.skipsFaulty || decisions.doubts === "leave";
  const waitsFor =
    report &&
    (((isHopeless || (!changes && leavesOut)) && files.nothingLeft) ||
      (report.error > 0 && !decisions.skipsFaulty && files.decideFaulty) ||
      (report.warning > 0 && !decisions.doubts && files.decideDoubtful) ||
      (!changes && files.nothingNew));
  return html`
    <section class="preview" aria-labelledby="preview-title" aria-busy=${Boolean(busy)}>
      <h3 id="preview-title" tabindex="-1" ref=${heading}><bdi>${inItsOrder(source.name)}</bdi></h3>
      <div role="status">
        ${report && html`<${Counts} report=${report} names=${countNames(files, decisions)} />`}
        <p>${busy ? files[busy] : report && files.nothingSent}</p>
      </div>
      <div class="working">${busy && html`<progress aria-label=${files[busy]}></progress>`}</div>
      <div role="alert">
        ${refusal && html`<${NotUnderstood} problem=${refusal} title=${files.refused} retry=${ask} />`}
        ${problem && html`<${NotUnderstood} problem=${problem} title=${files.notUnderstood} retry=${ask} />`}
      </div>
      ${(report || problem) && !source.isJson && html`<${Understood} ...${{ source, report, problem, decisions, decide }} />`}
      ${
        report &&
        html`
          <${FirstRows} ...${{ report, decisions }} />
          <${Changes} report=${report} />
          <${Faulty} ...${{ source, report, decisions, decide, isHopeless }} />
          <${Doubtful} ...${{ source, report, decisions, decide }} />
        `
      }
      ${
        report &&
        html`
          <p id="import-waits">${waitsFor || ""}</p>
          <button type="button" disabled=${Boolean(busy || waitsFor)} aria-describedby="import-waits" onClick=${bring}>
            ${files.import(written, formats.number(written))}
          </button>
        `
      }
    </section>
  `;
}

/**
 * What each count means after what was decided.
 * @param {ReturnType<typeof useFileWords>} files
 * @param {Decisions} decisions
 */
function countNames({ counts, decided }, { skipsFaulty, doubts }) {
  return {
    ...counts,
    ...(skipsFaulty && { error: decided.faulty }),
    ...(doubts && { warning: decided[/** @type {"take" | "leave"} */ (doubts)] }),
  };
}

/** @param {{name: string, report: Report, takenBack: TakenBack}} props */
function Done({ name, report, takenBack }) {
  const files = useFileWords();
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => heading.current?.focus(), []);
  return html`
    <section class="preview" aria-labelledby="done-title">
      <h3 id="done-title" tabindex="-1" ref=${heading}>${files.done}: <bdi>${inItsOrder(name)}</bdi></h3>
      <div role="status"><${Counts} report=${report} names=${files.stored} /></div>
      <p><a href="#overview">${files.goOn}</a></p>
      ${report.importId && html`<${Undo} id=${report.importId} name=${inItsOrder(name)} takenBack=${takenBack} isSure />`}
    </section>
  `;
}
