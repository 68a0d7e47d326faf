/** What the application has understood of a file, in words, with the choices that correct it. */

import { failureOf } from "../components/reading_questions.js";
import { useSurroundings } from "../page/component.js";
import { localParts } from "../page/formats.js";
import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { AS_THE_FILE_SAYS, inItsOrder, LARGEST_MB, zoneOf } from "./csv_file.js";
import { useFileWords } from "./csv_words.js";

/** @typedef {import("../components/csv_import.js").Report} Report */
/** @typedef {import("../components/csv_import.js").Decisions} Decisions */
/** @typedef {import("../components/csv_import.js").Count} Count */
/** @typedef {import("./csv_file.js").SourceFile} SourceFile */
/** @typedef {import("../page/api.js").Problem} Problem */
/** @typedef {{source: SourceFile, report: Report, decisions: Decisions, decide: (change: Partial<Decisions>) => void}} Deciding */
/** @typedef {keyof typeof AS_THE_FILE_SAYS} Option */

const SHOWN_CHARACTERS = 160;
const OPTIONS = /** @type {Option[]} */ (Object.keys(AS_THE_FILE_SAYS));

/**
 * Which choices would help: the application's sentences name its parameters.
 * @param {string} detail
 */
const asksFor = (detail) => OPTIONS.filter((option) => new RegExp(`\\b${option}=`).test(detail));

const PARAMETER = new RegExp(`\\b(?:${[...OPTIONS, "sep", "onConflict", "confirm", "mode"].join("|")})=`);

/**
 * A sentence of the application without what a program would do next.
 * @param {string} reason
 */
const withoutParameters = (reason) =>
  inItsOrder(reason)
    .split(/(?<=[;:,]) /)
    .filter((part) => !PARAMETER.test(part))
    .join(" ")
    .replace(/[;:,]$/, "");

/** What the application's sentences about a whole file begin with or hold, and the page's own words for it. */
const REASONS = /** @type {const} */ ([
  ["twoColumns", /^two columns for/],
  ["unit", /^the unit of column/],
  ["monthFirst", /exists month first/],
  ["tooManyRows", /^more than \d+ rows/],
  ["delimiter", /no header with the delimiter|the delimiter must be/],
  ["characters", /save it as CSV UTF-8$/],
  ["quotes", /is a quotation mark open/],
  ["othersDoubtful", /others are doubtful too/],
]);
const MISSING = /^missing column ([\w, ]+);/;

/**
 * How many rows of each kind, without those of which there is none.
 * @template {Partial<Record<Count, string>>} Names
 * @param {{report: Record<keyof Names, number>, names: Names}} props
 */
export function Counts({ report, names }) {
  const { formats } = useSurroundings();
  const shown = /** @type {[Count, string][]} */ (Object.entries(names)).filter(
    ([count]) => count === "success" || report[count],
  );
  return html`
    <ul class="counts">
      ${shown.map(([count, text]) => html`<li class=${count}><strong>${formats.number(report[count])}</strong> ${text}</li>`)}
    </ul>
  `;
}

/** That the sign-in has ended, and the way to the next one. */
export function SignInAgain() {
  const { words } = useSurroundings();
  const signIn = () => document.dispatchEvent(new Event("sign-in-again"));
  return html`${words.expired} <button type="button" class="inline" onClick=${signIn}>${words.signInAgain}</button>`;
}

/**
 * What the application says, for those who read English and want to know more.
 * @param {{reason: string}} props
 */
function Details({ reason }) {
  const files = useFileWords();
  const said = withoutParameters(reason);
  if (!said) return null;
  return html`<details><summary>${files.details}</summary><small lang="en"><bdi>${said}</bdi></small></details>`;
}

/** @param {{problem: Problem, title: string, retry: () => void}} props */
export function NotUnderstood({ problem, title, retry }) {
  const { words, formats } = useSurroundings();
  const files = useFileWords();
  if (problem.status === 413) return html`<p class="hint">${files.isTooLarge(formats.number(LARGEST_MB))}</p>`;
  if (problem.status === 401) return html`<p class="hint"><${SignInAgain} /></p>`;
  if (problem.status !== 422) {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const failed = problem.opensAt ? failureOf(problem, words, formats, timeZone) : words.failed;
    const said = problem.status === 0 ? files.noConnection : failed;
    return html`<p class="hint">${said} <button type="button" class="inline" onClick=${retry}>${words.tryAgain}</button></p>`;
  }
  const missing = MISSING.exec(problem.message)?.[1].split(", ") ?? [];
  const lacks = missing.map((thing) => files.things[/** @type {keyof typeof files.things} */ (thing)] ?? thing);
  const reasons = REASONS.filter(([, pattern]) => pattern.test(problem.message)).map(
    ([reason]) => files.reasons[reason],
  );
  const hints = [
    ...(lacks.length ? [files.lacks(lacks.join(", "))] : []),
    ...reasons,
    ...asksFor(problem.message).map((option) => files.ask[option]),
  ];
  return html`
    <div class="hint">
      <p>${title}</p>
      ${hints.length > 0 && html`<ul>${hints.map((hint) => html`<li>${hint}</li>`)}</ul>`}
      <${Details} reason=${problem.message} />
    </div>
  `;
}

/**
 * @param {{source: SourceFile, report: Report | null, problem: Problem | null, decisions: Decisions,
 *   decide: (change: Partial<Decisions>) => void}} props
 */
export function Understood({ source, report, problem, decisions, decide }) {
  const { words } = useSurroundings();
  const files = useFileWords();
  const wanted = problem ? asksFor(problem.message) : [];
  const names = report ? [...Object.values(report.columns), ...report.ignoredColumns] : source.namesOfColumns();
  const columns = Object.fromEntries(names.map((name) => [name, inItsOrder(name)]));
  /** @type {Record<Option, Record<string, string>>} */
  const values = {
    delimiter: files.delimiters,
    decimal: files.decimals,
    dateOrder: files.dateOrders,
    type: words.meters,
    dateColumn: columns,
    typeColumn: columns,
    amountColumn: columns,
  };
  /** @type {Partial<Record<Option, string | null>>} */
  const found = report
    ? {
        delimiter: report.delimiter,
        decimal: report.decimal,
        dateOrder: report.dateOrder,
        dateColumn: report.columns.date,
        typeColumn: report.columns.type,
        amountColumn: report.columns.amount,
      }
    : {};
  const isOpen = useRef(false); // and stays so
  const isUnsure = wanted.length > 0 || Boolean(report?.warnings.some(({ code }) => code === "AMBIGUOUS_DATE_ORDER"));
  isOpen.current ||= isUnsure || OPTIONS.some((option) => decisions[option]);
  return html`
    ${report && html`<${Facts} report=${report} />`}
    <details open=${isOpen.current}>
      <summary>${files.correct}</summary>
      <div class="options">
        ${OPTIONS.map(
          (option) => html`
            <label>${files.options[option]}
              <select
                value=${decisions[option]}
                aria-invalid=${wanted.includes(option) ? "true" : null}
                onChange=${(/** @type {Event} */ event) =>
                  decide({ [option]: /** @type {HTMLSelectElement} */ (event.target).value })}
              >
                <option value="" selected=${!decisions[option]}>${foundText(found[option], values[option], decisions[option])}</option>
                ${Object.entries(values[option]).map(
                  ([value, text]) =>
                    html`<option value=${value} selected=${value === decisions[option]}>${text}</option>`,
                )}
              </select>
            </label>
          `,
        )}
      </div>
    </details>
  `;

  /**
   * @param {string | null | undefined} value
   * @param {Record<string, string>} texts
   * @param {string} chosen
   */
  function foundText(value, texts, chosen) {
    return value && !chosen ? files.found(texts[value] ?? value) : files.fileTells;
  }
}

/** @param {{report: Report}} props */
function Facts({ report }) {
  const files = useFileWords();
  const { encoding, delimiter, decimal, dateOrder, headerLine, columns, ignoredColumns, ignoredColumnCount } = report;
  const used = /** @type {[keyof typeof files.things, string][]} */ (Object.entries(columns));
  const more = ignoredColumnCount - ignoredColumns.length;
  return html`
    <ul class="file-facts">
      ${delimiter && html`<li>${files.options.delimiter}: ${files.delimiters[delimiter]}</li>`}
      ${decimal && html`<li>${files.options.decimal}: ${files.decimals[decimal]}</li>`}
      ${dateOrder && html`<li>${files.options.dateOrder}: ${files.dateOrders[dateOrder]}</li>`}
      ${used.map(([thing, name]) => html`<li><bdi>${files.ofColumn(files.things[thing], inItsOrder(name))}</bdi></li>`)}
      ${headerLine && html`<li>${files.headerLine(headerLine)}</li>`}
      ${encoding && html`<li>${files.encoding(encoding.toUpperCase())}</li>`}
      ${ignoredColumns.length > 0 && html`<li><bdi>${files.ignored(inItsOrder(ignoredColumns.join(", ")), more)}</bdi></li>`}
    </ul>
  `;
}

/**
 * The first rows, without those that are left out.
 * @param {{report: Report, decisions: Decisions}} props
 */
export function FirstRows({ report, decisions }) {
  const { words, formats, api } = useSurroundings();
  const files = useFileWords();
  const [own, setOwn] = useState("");
  useEffect(() => {
    zoneOf(api).then(setOwn, () => {});
  }, [api]);
  const zone = report.zone ?? own;
  const without = new Set(
    [...(decisions.skipsFaulty ? report.errors : []), ...(decisions.doubts === "leave" ? report.warnings : [])].map(
      ({ line }) => line,
    ),
  );
  const rows = report.rows.filter(({ line }) => !without.has(line));
  if (!rows.length || !zone) return null;
  const dateOf = (/** @type {string} */ instant) =>
    localParts(instant, zone).time === "00:00" ? formats.date(instant, zone) : formats.moment(instant, zone);
  return html`
    <h4 id="first-rows">${files.firstRows}</h4>
    <div class="rows" role="region" aria-labelledby="first-rows" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">${files.line}</th>
            <th scope="col">${files.things.type}</th>
            <th scope="col">${files.date}</th>
            <th scope="col" class="number">${files.amount}</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) => html`
              <tr>
                <td>${formats.number(row.line)}</td>
                <td>${words.meters[row.type]}</td>
                <td>${dateOf(row.date)}</td>
                <td class="number">${formats.amount(row.amount, words.units[row.type], 15)}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

/** @param {string} reason Whether it is a conflict, about which there is a choice of its own. */
const isConflict = (reason) => /\bonConflict=/.test(reason);

/** @param {Report} report */
export const hasConflict = (report) => report.errors.some(({ reason }) => isConflict(reason));

/**
 * Rows that would not be imported, and what may be done about them: a conflict is decided first, and alone.
 * @param {Deciding & {isHopeless: boolean}} props ``isHopeless``: without these rows nothing is left
 */
export function Faulty({ source, report, decisions, decide, isHopeless }) {
  const { formats } = useSurroundings();
  const files = useFileWords();
  const isContested = hasConflict(report);
  const flaws = report.errors.map(({ line, where, reason }) => {
    const column = /** @type {keyof typeof files.flaws} */ (/^row \d+: (\w+)$/.exec(where)?.[1] ?? "row");
    const odd = line === null ? files.flaws.file : (files.flaws[column] ?? files.flaws.row);
    const [, stored] = /, (\d+(?:\.\d+)?) is stored;/.exec(reason) ?? [];
    const conflict =
      line === null
        ? files.conflictOfMeter
        : stored
          ? files.conflictWith(formats.number(Number(stored), 15))
          : files.conflict;
    return { line, title: isConflict(reason) ? conflict : odd, reason };
  });
  return html`
    <${Flaws} id="faulty" title=${files.faulty} count=${report.error} ...${{ source, report, flaws }} />
    ${(isContested || decisions.onConflict) && html`<${Radios} name="onConflict" title=${files.conflicts} ways=${files.conflictWays} ...${{ decisions, decide }} />`}
    ${
      report.error > 0 &&
      !isHopeless &&
      (!isContested || decisions.onConflict) &&
      html`
        <label class="decision">
          <input
            type="checkbox"
            checked=${decisions.skipsFaulty}
            onChange=${() => decide({ skipsFaulty: !decisions.skipsFaulty })}
          />${files.skipFaulty(report.error, formats.number(report.error))}
        </label>
      `
    }
  `;
}

/**
 * Rows that hardly fit what is around them; what is asked about the whole file cannot be left out.
 * @param {Deciding} props
 */
export function Doubtful({ source, report, decisions, decide }) {
  const files = useFileWords();
  const { warning, warnings } = report;
  const flaws = warnings.map(({ line, code, reason }) => {
    const known = /** @type {keyof typeof files.doubts} */ (Object.hasOwn(files.doubts, code) ? code : "other");
    return { line, title: files.doubts[known], reason };
  });
  const { title, take, leave } = files.doubtWays;
  const ways = warnings.some(({ line }) => line === null) ? { take } : { take, leave };
  return html`
    <${Flaws} id="doubtful" title=${files.doubtful} count=${warning} ...${{ source, report, flaws }} />
    ${warning > 0 && html`<${Radios} name="doubts" title=${title} ...${{ ways, decisions, decide }} />`}
  `;
}

/**
 * What is wrong, line by line: in words, in the file's own text, and as the application says it.
 * @param {{id: string, title: string, count: number, source: SourceFile, report: Report,
 *   flaws: {line: number | null, title: string, reason: string}[]}} props
 */
function Flaws({ id, title, count, source, report, flaws }) {
  const { formats } = useSurroundings();
  const files = useFileWords();
  if (!flaws.length) return null;
  const place = (/** @type {number | null} */ line) =>
    line === null ? files.wholeFile : source.isJson ? files.readingOf(line) : files.lineOf(line);
  const written = (/** @type {number | null} */ line) =>
    line === null || source.isJson ? "" : inItsOrder(source.line(line, report.encoding)).slice(0, SHOWN_CHARACTERS);
  return html`
    <h4 id=${id}>${title}</h4>
    <div class="rows" role="region" aria-labelledby=${id} tabindex="0"><ul class="flaws">
      ${flaws.map(
        (flaw) => html`
          <li>
            <strong>${place(flaw.line)}</strong> ${flaw.title}
            ${written(flaw.line) && html`<code><bdi>${written(flaw.line)}</bdi></code>`}
            <${Details} reason=${flaw.reason} />
          </li>
        `,
      )}
      ${count > flaws.length && html`<li>${files.more(formats.number(count - flaws.length))}</li>`}
    </ul></div>
  `;
}

/**
 * What an export brings besides readings.
 * @param {{report: Report}} props
 */
export function Changes({ report }) {
  const { words } = useSurroundings();
  const files = useFileWords();
  return html`
    ${report.zone && html`<p class="hint">${files.changesZone(report.zone)}</p>`}
    ${report.configurations.map(({ type, exchanges }) => html`<p class="hint">${files.changesMeter(words.meters[type], exchanges.length)}</p>`)}
  `;
}

/**
 * @param {{name: "onConflict" | "doubts", title: string, ways: Record<string, string>, decisions: Decisions,
 *   decide: (change: Partial<Decisions>) => void}} props
 */
function Radios({ name, title, ways, decisions, decide }) {
  return html`
    <fieldset class="decision">
      <legend>${title}</legend>
      ${Object.entries(ways).map(
        ([way, text]) => html`
          <label>
            <input
              type="radio"
              name=${name}
              value=${way}
              checked=${way === decisions[name]}
              onChange=${() => decide({ [name]: way })}
            />${text}
          </label>
        `,
      )}
    </fieldset>
  `;
}
