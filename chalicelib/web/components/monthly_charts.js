/** The monthly charts: a year's consumption in bars, last year's beside them, the register as a line on request. */

import { Section, useLoaded, useSurroundings } from "../page/component.js";
import { localParts, monthIndex } from "../page/formats.js";
import { html, useCallback, useEffect, useMemo, useState } from "../vendor/preact.js";

/** @typedef {import("../page/component.js").Meter} Meter */
/** @typedef {"measured" | "interpolated" | "extrapolated"} Quality */
/** @typedef {{date: string, amount: number}} Source */

/**
 * @typedef {object} Entry
 * @property {number} month 1 to 12
 * @property {number | null} meterReading at its end
 * @property {number | null} consumption
 * @property {Quality | "none"} quality of the meter reading
 * @property {Quality | null} consumptionQuality
 * @property {("reset" | "rollover" | "exchange" | "dip" | "negative")[]} flags
 * @property {{sourceReadings: Source[]}} calculationDetails
 */

/** @typedef {{type: Meter, sourceVersion: number, zone: string, year: number, months: Entry[]}} YearBody */
/** @typedef {{first: number, count: number}} Period months, as ``monthIndex`` counts them */
/** @typedef {Period & {type: Meter, zone: string, entries: Map<number, Entry>}} Months */
/** @typedef {{low: number, high: number, ticks: number[], digits: number}} Axis */
/** @typedef {ReturnType<typeof described>} Described */

const YEARS = { first: 1900, last: 2999 }; // what the application takes
const QUALITIES = /** @type {const} */ (["measured", "interpolated", "extrapolated"]);
const FILLS = { measured: "currentColor", interpolated: "url(#hatched)", extrapolated: "url(#dotted)" };
const MOST_STEPS = 5;
const WIDEST = 6; // in percent: a bar

const yearOf = (/** @type {number} */ month) => Math.floor(month / 12);
const percent = (/** @type {number} */ share) => `${Math.round(share * 1000) / 1000}%`;
const each = (/** @type {YearBody} */ body) => [body];

/** @param {{lastDay?: string | null}} props the local date of the meter's last reading, where it is known */
export function MonthlyCharts({ lastDay = null }) {
  const { api, words, selection } = useSurroundings();
  const { meter } = selection;
  const [zone, setZone] = useState("UTC");
  const [chosen, setChosen] = useState(/** @type {number | null} */ (null));
  const [hasLine, setHasLine] = useState(false);
  const today = localParts(Date.now(), zone).date;
  const latest = lastDay ?? today;
  const { first, count, years } = periodOf(selection, chosen, latest);
  const ask = useCallback(
    (/** @type {boolean} */ consistent) => load(api, meter, { first, count }, consistent),
    [api, meter, first, count],
  );
  const loaded = useLoaded(ask, [meter]);
  const { body } = loaded;
  useEffect(() => {
    if (body) setZone(body.zone);
  }, [body]);
  const shown = body ?? { type: meter, zone, first, count, entries: new Map() };
  const isPending = shown.type !== meter || shown.first !== first || shown.count !== count;
  const isKnown = (/** @type {number} */ year) =>
    !isPending && range(year * 12, 12).some((month) => shown.entries.get(month)?.meterReading != null);
  const year = yearOf(first);
  return html`
    <${Section} name="monthly_charts" title=${words.charts.title} loaded=${loaded}>
      <${YearChoice}
        year=${year}
        years=${years}
        isFirst=${isKnown(year) && !isKnown(year - 1)}
        isLast=${year >= yearOf(Math.max(monthIndex(today), monthIndex(latest)))}
        choose=${setChosen}
      />
      <${Chart} ...${shown} ...${{ hasLine }} state=${body ? (isPending ? "pending" : "") : "skeleton"} />
      <label class="line-choice">
        <input
          type="checkbox"
          checked=${hasLine}
          onChange=${(/** @type {any} */ event) => setHasLine(event.target.checked)}
        />${words.charts.line}
      </label>
      ${body && html`<${Table} ...${shown} />`}
    <//>
  `;
}

/**
 * The months to show: those of the selection where it spans at most twelve, else a year within it; ``years`` that one
 * may choose from.
 * @param {{from: string | null, to: string | null}} selection
 * @param {number | null} chosen a year
 * @param {string} latest the local date up to which an open range reaches
 * @returns {Period & {years: {first: number, last: number} | null}}
 */
export function periodOf({ from, to }, chosen, latest) {
  const first = from ? monthIndex(from) : YEARS.first * 12;
  const last = to ? monthIndex(to) : Math.max(first, monthIndex(latest));
  if (last - first < 12) return { first, count: last - first + 1, years: null };
  const years = { first: yearOf(first), last: to ? yearOf(last) : YEARS.last };
  const year = Math.min(Math.max(chosen ?? yearOf(monthIndex(latest)), years.first), years.last);
  return { first: year * 12, count: 12, years };
}

/**
 * The months of a period, and those a year before each, all of one version.
 * @param {import("../page/api.js").Api} api
 * @param {Meter} type
 * @param {Period} period
 * @param {boolean} consistent
 * @returns {Promise<Months>}
 */
async function load(api, type, { first, count }, consistent) {
  const start = Math.max(yearOf(first) - 1, YEARS.first);
  const years = range(start, yearOf(first + count - 1) - start + 1);
  const show = (/** @type {number} */ year, insisting = consistent) =>
    api.show("monthly_charts", { type, year: String(year) }, each, insisting);
  const early = await Promise.all(years.map((year) => show(year)));
  const newest = Math.max(...early.map((body) => body.sourceVersion));
  const bodies = await Promise.all(early.map((body) => (body.sourceVersion < newest ? show(body.year, true) : body)));
  const entries = bodies.flatMap(({ year, months }) =>
    months.map((entry) => /** @type {[number, Entry]} */ ([year * 12 + entry.month - 1, entry])),
  );
  return { type, zone: bodies[0].zone, first, count, entries: new Map(entries) };
}

/**
 * @param {object} props
 * @param {number} props.year
 * @param {{first: number, last: number} | null} props.years null: there is none to choose
 * @param {boolean} props.isFirst whether nothing lies before
 * @param {boolean} props.isLast
 * @param {(year: number) => void} props.choose
 */
function YearChoice({ year, years, isFirst, isLast, choose }) {
  const { words } = useSurroundings();
  const pick = (/** @type {any} */ { target }) => {
    if (target.value && target.checkValidity()) choose(Number(target.value));
    else target.value = String(year);
  };
  return html`
    <div class=${`year-choice ${years ? "" : "absent"}`}>
      <button
        type="button"
        class="inline outline"
        aria-label=${words.charts.previousYear}
        disabled=${isFirst || year <= (years?.first ?? 0)}
        onClick=${() => choose(year - 1)}
      >‹</button>
      <label>
        <span class="spoken">${words.charts.year}</span>
        <input type="number" min=${years?.first} max=${years?.last} value=${year} onChange=${pick} />
      </label>
      <button
        type="button"
        class="inline outline"
        aria-label=${words.charts.nextYear}
        disabled=${isLast || year >= (years?.last ?? 0)}
        onClick=${() => choose(year + 1)}
      >›</button>
    </div>
  `;
}

/** @param {Months & {hasLine: boolean, state: "" | "pending" | "skeleton"}} props */
function Chart({ type, zone, first, count, entries, hasLine, state }) {
  const { words, formats } = useSurroundings();
  const [picked, setPicked] = useState(/** @type {number | null} */ (null));
  const [pointed, setPointed] = useState(/** @type {number | null} */ (null));
  const months = useWithin({ first, count });
  const all = useDescribed({ type, zone, first, count, entries });
  const isKnown = (/** @type {number} */ month) => all.get(month)?.isKnown;
  const current =
    [pointed, picked].find((month) => month !== null && months.includes(month)) ??
    months.findLast((month) => entries.get(month)?.consumptionQuality !== "extrapolated" && isKnown(month)) ??
    months.findLast(isKnown) ??
    months[0];
  const nothing = state !== "skeleton" && !months.some((month) => isKnown(month) || isKnown(month - 12));
  const last = first + count - 1;
  const isYear = first % 12 === 0 && count === 12;
  const title = isYear
    ? words.charts.inYear(words.meters[type], String(yearOf(first)), String(yearOf(first) - 1))
    : words.charts.inMonths(words.meters[type], formats.month(first), formats.month(last));
  const step = (/** @type {KeyboardEvent} */ event) => {
    const at = months.indexOf(current);
    const to = { ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: count }[
      event.key
    ];
    if (to === undefined) return;
    event.preventDefault();
    const next = Math.min(Math.max(to, 0), months.length - 1);
    setPointed(null);
    setPicked(months[next]);
    /** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("input")[next].focus();
  };
  return html`
    <figure class=${`chart ${type} ${state} ${nothing ? "nothing" : ""}`} aria-hidden=${state === "skeleton"}>
      <figcaption>${title}</figcaption>
      <div class="drawing">
        <${Drawing} ...${{ type, first, count, entries, months, hasLine }}>
        ${
          state !== "skeleton" &&
          html`
            <fieldset class="months" onKeyDown=${step} onMouseLeave=${() => setPointed(null)}>
              <legend class="spoken">${words.charts.choose}</legend>
              ${range(first, count).map((month) =>
                months.includes(month)
                  ? html`
                      <input
                        type="radio"
                        name="charts-month"
                        key=${month}
                        aria-label=${all.get(month)?.name}
                        checked=${month === current}
                        onChange=${() => setPicked(month)}
                        onPointerEnter=${(/** @type {PointerEvent} */ event) => event.pointerType === "mouse" && setPointed(month)}
                      />
                    `
                  : html`<span key=${month}></span>`,
              )}
            </fieldset>
          `
        }
        <//>
        ${nothing && html`<p class="nothing-known">${words.charts.nothing}</p>`}
      </div>
      <${Legend}
        now=${isYear ? String(yearOf(first)) : words.charts.these}
        before=${isYear ? String(yearOf(first) - 1) : words.charts.before}
        hasLine=${hasLine}
      />
      <${Facts} about=${all.get(current)} />
    </figure>
  `;
}

/**
 * @param {object} props
 * @param {Meter} props.type
 * @param {number} props.first
 * @param {number} props.count
 * @param {Map<number, Entry>} props.entries
 * @param {number[]} props.months those that are drawn
 * @param {boolean} props.hasLine
 * @param {unknown} props.children what lies over it
 */
function Drawing({ type, first, count, entries, months, hasLine, children }) {
  const { words, formats } = useSurroundings();
  const used = (/** @type {number} */ month) => entries.get(month)?.consumption ?? null;
  const axis = axisOf([0, ...months.flatMap((month) => [used(month), used(month - 12)])]);
  const register = range(first - 1, count + 1)
    .filter((month) => months.includes(month) || months.includes(month + 1))
    .flatMap((month) => {
      const { meterReading = null, quality = "none" } = entries.get(month) ?? {};
      return meterReading === null ? [] : [{ month, meterReading, quality }];
    });
  const registerAxis = axisOf(register.map((end) => end.meterReading));
  const width = Math.min(40 / count, WIDEST);
  const middle = (/** @type {number} */ month) => ((month - first + 0.5) * 100) / count;
  const end = (/** @type {number} */ month) => percent(((month - first + 1) * 100) / count);
  const zero = heightOn(axis, 0);
  const bar = (/** @type {number} */ month, /** @type {number} */ left, /** @type {string} */ kind) => {
    const { consumption = null, consumptionQuality = null } = entries.get(month) ?? {};
    const x = percent(left);
    if (consumption === null || consumptionQuality === null)
      return html`<text class="missing" x=${percent(left + width / 2)} y=${percent(zero)} dy="-0.3em">–</text>`;
    const y = heightOn(axis, consumption);
    return html`<rect
      class=${`bar ${kind}`}
      fill=${FILLS[consumptionQuality]}
      x=${x}
      width=${percent(width)}
      y=${percent(Math.min(y, zero))}
      height=${percent(Math.max(Math.abs(y - zero), 0.3))}
    />`;
  };
  return html`
    <${Scale} axis=${axis} unit=${words.units[type]} />
    <div class="plot">
    <svg aria-hidden="true">
      <${Patterns} />
      ${axis.ticks.map((tick) => html`<line class=${tick ? "grid" : "zero"} x2="100%" y1=${percent(heightOn(axis, tick))} y2=${percent(heightOn(axis, tick))} />`)}
      ${months.map((month) => [bar(month - 12, middle(month) - width, "before"), bar(month, middle(month), "now")])}
      ${
        hasLine &&
        register.slice(1).map(({ month, meterReading, quality }, at) => {
          const before = register[at];
          return (
            before.month === month - 1 &&
            html`<line
            class=${`register ${quality}`}
            x1=${end(before.month)}
            x2=${end(month)}
            y1=${percent(heightOn(registerAxis, before.meterReading))}
            y2=${percent(heightOn(registerAxis, meterReading))}
          />`
          );
        })
      }
      ${hasLine && register.map(({ month, meterReading, quality }) => html`<circle class=${`register ${quality}`} r="3" cx=${end(month)} cy=${percent(heightOn(registerAxis, meterReading))} />`)}
      ${range(first, count).map((month) => {
        const [letter, ...rest] = formats.month(month, { month: "short" });
        const x = percent(middle(month));
        return html`
          <text x=${x} y="100%" dy="1.4em">${letter}<tspan class="rest">${rest.join("")}</tspan></text>
          ${(month === first || month % 12 === 0) && html`<text x=${x} y="100%" dy="2.7em">${yearOf(month)}</text>`}
        `;
      })}
    </svg>
    ${children}
    </div>
    ${hasLine && register.length > 0 && html`<${Scale} axis=${registerAxis} unit=${words.units[type]} isRight=${true} />`}
  `;
}

/** @param {{axis: Axis, unit: string, isRight?: boolean}} props */
function Scale({ axis, unit, isRight = false }) {
  const { formats } = useSurroundings();
  const texts = axis.ticks.map((tick) => formats.number(tick, axis.digits));
  const x = isRight ? "0" : "100%";
  return html`
    <svg
      class=${`scale ${isRight ? "right" : ""}`}
      width=${`${0.6 * Math.max(5, ...texts.map((text) => text.length))}em`}
      aria-hidden="true"
    >
      <text x=${x} dy="-1em">${unit}</text>
      ${texts.map((text, at) => html`<text x=${x} y=${percent(heightOn(axis, axis.ticks[at]))} dy="0.35em">${text}</text>`)}
    </svg>
  `;
}

function Patterns() {
  return html`
    <defs>
      <pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="2.5" height="6" fill="currentColor" />
      </pattern>
      <pattern id="dotted" width="5" height="5" patternUnits="userSpaceOnUse">
        <circle cx="2.5" cy="2.5" r="1.2" fill="currentColor" />
      </pattern>
    </defs>
  `;
}

/** @param {{now: string, before: string, hasLine: boolean}} props */
function Legend({ now, before, hasLine }) {
  const { words } = useSurroundings();
  const swatch = (/** @type {unknown} */ drawn, /** @type {string} */ text) =>
    html`<li><svg class="swatch" aria-hidden="true">${drawn}</svg> ${text}</li>`;
  const box = (/** @type {string} */ kind, /** @type {string} */ fill) =>
    html`<rect class=${`bar ${kind}`} fill=${fill} x="5%" y="5%" width="90%" height="90%" />`;
  return html`
    <ul class="legend">
      ${swatch(box("before", FILLS.measured), before)}
      ${swatch(box("now", FILLS.measured), now)}
      ${QUALITIES.map((quality) => swatch(box("now", FILLS[quality]), words.qualities[quality]))}
      ${swatch(html`<text class="missing" x="50%" y="80%">–</text>`, words.unknown)}
      ${hasLine && swatch(html`<line class="register measured" x2="100%" y1="50%" y2="50%" /><circle class="register measured" r="3" cx="50%" cy="50%" />`, words.charts.lineLegend)}
    </ul>
  `;
}

/** @param {{about: Described | undefined}} props */
function Facts({ about }) {
  return html`
    <div class="facts">
      ${
        about &&
        html`
          <p><strong>${about.title}</strong></p>
          <p class="figure">${about.used.amount} <${Mark} ...${about.used} /></p>
          <p>${about.beforeTitle}: ${about.before.amount} <${Mark} ...${about.before} />${about.difference && ` · ${about.difference}`}</p>
          <p class="aside">${about.beginning}</p>
          <p class="aside">${about.end}</p>
          ${about.flags.map((flag) => html`<p class="hint">${flag}</p>`)}
        `
      }
    </div>
  `;
}

/** @param {{quality: Quality | null}} props */
function Mark({ quality }) {
  const { words } = useSurroundings();
  return quality && html`<small class=${`quality ${quality}`}>${words.qualities[quality]}</small>`;
}

/** @param {Months} props */
function Table({ type, zone, first, count, entries }) {
  const { words } = useSurroundings();
  const months = useWithin({ first, count });
  const all = useDescribed({ type, zone, first, count, entries });
  const { charts } = words;
  const heads = [charts.month, charts.consumption, charts.before, charts.difference, charts.reading, charts.notes];
  const figure = (/** @type {Described["used"]} */ found) => html`<td>${found.amount} <${Mark} ...${found} /></td>`;
  return html`
    <details class=${`chart-table ${type}`}>
      <summary>${charts.table}</summary>
      <div class="scrolls" role="region" tabindex="0" aria-label=${charts.table}>
        <table>
          <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
          <tbody>
            ${months.map((month) => {
              const about = /** @type {Described} */ (all.get(month));
              return html`
                <tr key=${month}>
                  <th scope="row">${about.title}</th>
                  ${figure(about.used)}${figure(about.before)}
                  <td>${about.difference}</td>
                  ${figure(about.reading)}
                  <td>${about.flags.join(" ")}</td>
                </tr>
              `;
            })}
          </tbody>
        </table>
      </div>
    </details>
  `;
}

/**
 * The months of a period that the selection lets in.
 * @param {Period} period
 */
function useWithin({ first, count }) {
  const { from, to } = useSurroundings().selection;
  return range(first, count).filter(
    (month) => (!from || month >= monthIndex(from)) && (!to || month <= monthIndex(to)),
  );
}

/** @param {Months} months */
function useDescribed({ type, zone, first, count, entries }) {
  const { words, formats } = useSurroundings();
  return useMemo(
    () =>
      new Map(
        [...range(first - 12, 12), ...range(first, count)].map((month) => [
          month,
          described(month, { type, zone, entries }, words, formats),
        ]),
      ),
    [entries, first, count, words, formats],
  );
}

/**
 * Everything about a month in words.
 * @param {number} month
 * @param {Pick<Months, "type" | "zone" | "entries">} months
 * @param {import("../page/words.js").Words} words
 * @param {import("../page/formats.js").Formats} formats
 */
function described(month, { type, zone, entries }, words, formats) {
  const { charts } = words;
  const amount = (/** @type {number} */ value, digits = 1) => formats.amount(value, words.units[type], digits);
  const figure = (/** @type {number | null | undefined} */ value, /** @type {Quality | null} */ quality) => ({
    amount: value == null ? words.unknown : amount(value),
    quality: value == null ? null : quality,
  });
  const used = (/** @type {Entry | undefined} */ entry) =>
    figure(entry?.consumption, entry?.consumptionQuality ?? null);
  const when = ({ date = "" }) =>
    localParts(date, zone).time === "00:00" ? formats.date(date, zone) : formats.moment(date, zone);
  const source = (/** @type {Source} */ point) => `${when(point)} (${amount(point.amount, 3)})`;
  const register = (/** @type {Entry | undefined} */ entry) => {
    if (entry?.meterReading == null || entry.quality === "none") return words.unknown;
    const [one, other = one] = entry.calculationDetails.sourceReadings;
    const origin =
      entry.quality === "measured" ? charts.measured(when(one)) : charts[entry.quality](source(one), source(other));
    return `${amount(entry.meterReading, 3)}, ${origin}`;
  };
  const entry = entries.get(month);
  const title = formats.month(month);
  const beforeTitle = formats.month(month - 12);
  const before = entries.get(month - 12);
  const about = {
    title,
    beforeTitle,
    isKnown: entry?.consumption != null || entry?.meterReading != null,
    used: used(entry),
    before: used(before),
    difference: differenceOf(entry?.consumption, before?.consumption, amount, words, formats),
    reading: figure(entry?.meterReading, entry?.quality === "none" ? null : (entry?.quality ?? null)),
    beginning: charts.beginning(register(entries.get(month - 1))),
    end: charts.end(register(entry)),
    flags: (entry?.flags ?? []).map((flag) => charts.flags[flag]),
  };
  const said = (/** @type {typeof about.used} */ found) =>
    found.quality ? `${found.amount}, ${words.qualities[found.quality]}` : found.amount;
  const name = [
    `${title}: ${said(about.used)}`,
    `${beforeTitle}: ${said(about.before)}`,
    about.difference,
    about.beginning,
    about.end,
    ...about.flags,
  ];
  return { ...about, name: name.filter(Boolean).join("; ") };
}

/**
 * @param {number | null | undefined} now
 * @param {number | null | undefined} before
 * @param {(value: number) => string} amount
 * @param {import("../page/words.js").Words} words
 * @param {import("../page/formats.js").Formats} formats
 */
function differenceOf(now, before, amount, words, formats) {
  if (now == null || before == null) return "";
  const size = amount(Math.abs(now - before));
  if (size === amount(0)) return words.same;
  const share = before > 0 ? ` (${formats.percent(Math.abs(now - before) / (before / 100))})` : "";
  return `${now > before ? words.charts.more(size) : words.charts.less(size)}${share}`;
}

/**
 * A scale with round numbers on which all values lie.
 * @param {(number | null)[]} values
 * @returns {Axis}
 */
export function axisOf(values) {
  const known = values.filter((value) => value !== null);
  const low = Math.min(...known);
  const high = Math.max(...known);
  const span = known.length && high > low ? high - low : 1;
  const power = 10 ** Math.floor(Math.log10(span / MOST_STEPS));
  const step = power * ([1, 2, 5].find((size) => size * power * MOST_STEPS >= span) ?? 10);
  const start = known.length ? Math.floor(low / step) : 0;
  const steps = known.length ? Math.max(Math.ceil(high / step) - start, 1) : 1;
  const ticks = range(start, steps + 1).map((at) => at * step);
  return {
    low: ticks[0],
    high: ticks[steps],
    ticks,
    digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)),
  };
}

/**
 * How far below the top of a drawing a value lies, in percent.
 * @param {Axis} axis
 * @param {number} value
 */
const heightOn = ({ low, high }, value) => (100 * (high - value)) / (high - low);

/**
 * @param {number} first
 * @param {number} count
 */
const range = (first, count) => Array.from({ length: count }, (_, at) => first + at);
