/** The monthly charts: a year's consumption in bars, last year's beside them, the register as a line on request. */

import { later, Section, useLoaded, useSurroundings } from "../page/component.js";
import { localParts, monthIndex } from "../page/formats.js";
import { html, useCallback, useEffect, useMemo, useState } from "../vendor/preact.js";
import { QualityMark } from "./dashboard.js";

/** @typedef {import("../page/component.js").Meter} Meter */
/** @typedef {"measured" | "interpolated" | "extrapolated"} Quality */

/**
 * @typedef {object} Entry
 * @property {number} month 1 to 12
 * @property {number | null} meterReading at its end
 * @property {number | null} consumption
 * @property {Quality | "none"} quality of the meter reading
 * @property {Quality | null} consumptionQuality
 * @property {(keyof import("../page/words.js").Words["charts"]["flags"])[]} flags
 * @property {{sourceReadings: {date: string, amount: number}[]}} calculationDetails
 */

/** @typedef {{type: Meter, sourceVersion: number, zone: string, year: number, months: Entry[], asOf?: number}} YearBody */
/** @typedef {{first: number, count: number}} Period months, as ``monthIndex`` counts them */
/** @typedef {Period & {type: Meter, zone: string, entries: Map<number, Entry>, asOf?: number}} Months */
/** @typedef {ReturnType<typeof aboutMonth>} About */

const YEARS = { first: 1900, last: 2999 }; // what the application takes
/** @type {Quality[]} */
const QUALITIES = ["measured", "interpolated", "extrapolated"];
const FILLS = { measured: "currentColor", interpolated: "url(#hatched)", extrapolated: "url(#dotted)" };
const HORIZON = 3; // in months: so far beyond the readings something may be known
const MOST_STEPS = 5;
const WIDEST = 6; // in percent: a bar
/** @type {Entry} */
const NOTHING = {
  month: 0,
  meterReading: null,
  consumption: null,
  quality: "none",
  consumptionQuality: null,
  flags: [],
  calculationDetails: { sourceReadings: [] },
};

const yearOf = (/** @type {number} */ month) => Math.floor(month / 12);
const percent = (/** @type {number} */ share) => `${Math.round(share * 1000) / 1000}%`;

/** @param {{lastDay?: string | null}} props the local date of the meter's last reading, where it is known */
export function MonthlyCharts({ lastDay = null }) {
  const { api, words, formats, selection } = useSurroundings();
  const { meter, from, to } = selection;
  const [zone, setZone] = useState("UTC");
  const [chosen, choose] = useState(/** @type {number | null} */ (null));
  const [hasLine, setHasLine] = useState(false);
  const latest = lastDay ?? localParts(Date.now(), zone).date;
  const { first, count, years } = periodOf(selection, chosen, latest);
  const ask = useCallback(
    (/** @type {boolean} */ consistent) => load(api, meter, { first, count }, consistent),
    [api, meter, first, count],
  );
  const loaded = useLoaded(ask, [meter]);
  const { body } = loaded;
  useEffect(() => setZone((before) => body?.zone ?? before), [body]);
  const shown = body ?? { type: meter, zone, first, count, entries: new Map() };
  const isPending = shown.type !== meter || shown.first !== first || shown.count !== count;
  const state = body ? (isPending ? "pending" : "") : "skeleton";
  const months = useMemo(
    () =>
      range(shown.first, shown.count)
        .filter((month) => (!from || month >= monthIndex(from)) && (!to || month <= monthIndex(to)))
        .map((month) => aboutMonth(month, shown, words, formats)),
    [body, from, to, words, formats],
  );
  const isKnown = (/** @type {number} */ year) =>
    range(year * 12, 12).some((month) => (shown.entries.get(month) ?? NOTHING).meterReading !== null);
  const year = yearOf(first);
  return html`
    <${Section} name="monthly_charts" title=${words.charts.title} loaded=${loaded}>
      <${Chart} ...${shown} ...${{ months, hasLine, state }}>
        <${YearChoice}
          year=${year}
          years=${years}
          isFirst=${!isPending && isKnown(year) && !isKnown(year - 1)}
          isLast=${year >= yearOf(monthIndex(latest) + HORIZON)}
          choose=${choose}
        />
      <//>
      <label class="line-choice">
        <input type="checkbox" checked=${hasLine} onChange=${() => setHasLine(!hasLine)} />${words.charts.line}
      </label>
      <${AsTable} type=${shown.type} months=${months} />
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
  const show = (/** @type {number} */ year, insisting = consistent) =>
    api.show("monthly_charts", { type, year: String(year) }, (/** @type {YearBody} */ body) => [body], insisting);
  const early = await Promise.all(range(start, yearOf(first + count - 1) - start + 1).map((year) => show(year)));
  const newest = Math.max(...early.map((body) => body.sourceVersion));
  const bodies = await Promise.all(early.map((body) => (body.sourceVersion < newest ? show(body.year, true) : body)));
  /** @type {Months["entries"]} */
  const entries = new Map();
  for (const { year, months } of bodies) for (const entry of months) entries.set(year * 12 + entry.month - 1, entry);
  const kept = bodies.flatMap(({ asOf }) => asOf ?? []);
  return { type, zone: bodies[0].zone, first, count, entries, ...(kept.length && { asOf: Math.min(...kept) }) };
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
  const { charts } = useSurroundings().words;
  const { first, last } = years ?? YEARS;
  const [typed, setTyped] = useState(/** @type {string | null} */ (null)); // kept while other years are being loaded
  const pick = (/** @type {any} */ { target }) => {
    if (target.value && target.checkValidity()) choose(Number(target.value));
    else target.value = year;
    setTyped(null);
  };
  const type = (/** @type {any} */ { target }) => setTyped(target.value);
  const turn = (/** @type {number} */ to, /** @type {string} */ sign, /** @type {string} */ name, isOver = false) =>
    html`<button type="button" class="inline outline" aria-label=${name} disabled=${isOver} onClick=${() => choose(to)}>${sign}</button>`;
  return html`
    <div class=${`year-choice ${years ? "" : "absent"}`}>
      ${turn(year - 1, "‹", charts.previousYear, isFirst || year <= first)}
      <input type="number" aria-label=${charts.year} min=${first} max=${last} value=${typed ?? year} onInput=${type} onChange=${pick} />
      ${turn(year + 1, "›", charts.nextYear, isLast || year >= last)}
    </div>
  `;
}

/** @param {Months & {months: About[], hasLine: boolean, state: "" | "pending" | "skeleton", children: unknown}} props */
function Chart({ type, first, count, entries, months, hasLine, state, children }) {
  const { words, formats } = useSurroundings();
  const { charts } = words;
  const [picked, pick] = useState(/** @type {number | null} */ (null));
  const [pointed, point] = useState(/** @type {number | null} */ (null));
  const at = (/** @type {number | null} */ index) => months.find((about) => about.month === index);
  const chosen =
    at(picked) ??
    months.findLast(({ isKnown, used }) => isKnown && used.quality !== "extrapolated") ??
    months.findLast(({ isKnown }) => isKnown) ??
    months[0];
  const current = at(pointed) ?? chosen;
  const isEmpty = state !== "skeleton" && !months.some(({ isKnown, before }) => isKnown || before.quality);
  const name =
    count === 1
      ? (/** @type {number} */ month) => formats.month(month)
      : first % 12 === 0 && count === 12
        ? yearOf
        : null;
  const [now, before] = name ? [first, first - 12].map((month) => String(name(month))) : [charts.these, charts.before];
  const step = (/** @type {any} */ event) => {
    const place = months.indexOf(chosen);
    const end = months.length - 1;
    const wanted = { ArrowLeft: place - 1, ArrowUp: place - 1, ArrowRight: place + 1, ArrowDown: place + 1 };
    const to = { ...wanted, Home: 0, End: end }[/** @type {string} */ (event.key)];
    if (to === undefined) return;
    event.preventDefault();
    const next = Math.min(Math.max(to, 0), end);
    point(null);
    pick(months[next].month);
    event.currentTarget.querySelectorAll("input")[next].focus();
  };
  return html`
    <figure class=${`chart ${type} ${state} ${isEmpty ? "empty" : ""}`}>
      <figcaption>
        <span>${
          name
            ? charts.inTime(words.meters[type], now, before)
            : charts.inMonths(words.meters[type], formats.month(first), formats.month(first + count - 1))
        }</span>
        ${children}
      </figcaption>
      <${Drawing} ...${{ type, first, count, entries, months, hasLine }}>
        <fieldset class="months" onKeyDown=${step} onMouseLeave=${() => point(null)}>
          <legend class="spoken">${charts.choose}</legend>
          ${range(first, count).map((month) =>
            at(month)
              ? html`
                  <input
                    type="radio"
                    name="charts-month"
                    key=${month}
                    aria-label=${at(month)?.name}
                    checked=${month === chosen.month}
                    onChange=${() => pick(month)}
                    onPointerEnter=${(/** @type {any} */ event) => event.pointerType === "mouse" && point(month)}
                  />
                `
              : html`<span key=${month}></span>`,
          )}
        </fieldset>
        ${isEmpty && html`<p class="nothing">${charts.nothing}</p>`}
      <//>
      <${Legend} ...${{ now, before, hasLine }} />
      <div class="month-facts">
        <div>
          <p><strong>${current?.title}</strong></p>
          <p><span class="figure">${current?.used.amount}</span> <${QualityMark} ...${current?.used} /></p>
          <p>${current?.beforeTitle}: ${current?.before.amount} <${QualityMark} ...${current?.before} /></p>
          <p>${current?.difference}</p>
        </div>
        <div>
          <p>${current?.beginning}</p>
          <p>${current?.end}</p>
          ${current?.flags.map((flag) => html`<p class="hint">${flag}</p>`)}
        </div>
      </div>
    </figure>
  `;
}

/** @param {Period & {type: Meter, entries: Map<number, Entry>, months: About[], hasLine: boolean, children: unknown}} props */
function Drawing({ type, first, count, entries, months, hasLine, children }) {
  const { words, formats } = useSurroundings();
  const unit = words.units[type];
  const entry = (/** @type {number} */ month) => entries.get(month) ?? NOTHING;
  const drawn = months.map(({ month }) => month);
  const axis = axisOf([0, ...drawn.flatMap((month) => [entry(month).consumption, entry(month - 12).consumption])]);
  const ends = range(first - 1, count + 1).filter((month) => drawn.includes(month) || drawn.includes(month + 1));
  const registerAxis = axisOf(ends.map((month) => entry(month).meterReading));
  const width = Math.min(40 / count, WIDEST);
  const place = (/** @type {number} */ month) => percent(((month - first) * 100) / count);
  const bar = (/** @type {number} */ month, /** @type {string} */ kind, /** @type {number} */ left) => {
    const { consumption, consumptionQuality } = entry(month);
    const zero = axis.y(0);
    if (consumption === null || consumptionQuality === null)
      return html`<text class="missing" x=${percent(left + width / 2)} y=${percent(zero)} dy="-0.3em">–</text>`;
    const y = axis.y(consumption);
    return html`<rect
      class=${`bar ${kind}`}
      fill=${FILLS[consumptionQuality]}
      x=${percent(left)}
      width=${percent(width)}
      y=${percent(Math.min(y, zero))}
      height=${percent(Math.max(Math.abs(y - zero), 0.3))}
    />`;
  };
  const line = (/** @type {number} */ month) => {
    const [start, end] = [entry(month - 1).meterReading, entry(month).meterReading];
    if (end === null) return null;
    const y = percent(registerAxis.y(end));
    const x = place(month + 1);
    const kind = `register ${entry(month).quality}`;
    const hasStart = start !== null && ends.includes(month - 1);
    return html`
      ${hasStart && html`<line class=${kind} x1=${place(month)} x2=${x} y1=${percent(registerAxis.y(start))} y2=${y} />`}
      <circle class=${kind} r="3" cx=${x} cy=${y} />
    `;
  };
  return html`
    <div class="drawing">
      <${Scale} axis=${axis} unit=${unit} x="100%" />
      <div class="plot">
        <svg aria-hidden="true">
          <pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="2.5" height="6" fill="currentColor" />
          </pattern>
          <pattern id="dotted" width="5" height="5" patternUnits="userSpaceOnUse">
            <circle cx="2.5" cy="2.5" r="1.2" fill="currentColor" />
          </pattern>
          ${axis.ticks.map((tick) => {
            const y = percent(axis.y(tick));
            return html`<line class=${tick ? "gridline" : "zero"} x2="100%" y1=${y} y2=${y} />`;
          })}
          ${drawn.map((month) => {
            const middle = ((month - first + 0.5) * 100) / count;
            return [bar(month - 12, "before", middle - width), bar(month, "now", middle)];
          })}
          <g>${hasLine && ends.map(line)}</g>
          ${range(first, count).map((month) => {
            const [letter, ...rest] = formats.month(month, { month: "short" });
            return html`
              <text x=${place(month + 0.5)} y="100%" dy="1.4em">${letter}<tspan class="rest">${rest.join("")}</tspan></text>
              ${(month === first || month % 12 === 0) && html`<text x=${place(month + 0.5)} y="100%" dy="2.7em">${yearOf(month)}</text>`}
            `;
          })}
        </svg>
        ${children}
      </div>
      ${hasLine && html`<${Scale} axis=${registerAxis} unit=${unit} x="0" />`}
    </div>
  `;
}

/** @param {{axis: ReturnType<typeof axisOf>, unit: string, x: string}} props */
function Scale({ axis, unit, x }) {
  const { formats } = useSurroundings();
  const texts = axis.ticks.map((tick) => formats.number(tick, axis.digits));
  const width = 0.6 * Math.max(5, ...texts.map((text) => text.length));
  return html`
    <svg class=${x === "0" ? "right scale" : "scale"} width=${`${width}em`} aria-hidden="true">
      <text x=${x} dy="-1em">${unit}</text>
      ${texts.map((text, at) => html`<text x=${x} y=${percent(axis.y(axis.ticks[at]))} dy="0.35em">${text}</text>`)}
    </svg>
  `;
}

/** @param {{now: string, before: string, hasLine: boolean}} props */
function Legend({ now, before, hasLine }) {
  const { words } = useSurroundings();
  const sample = (/** @type {unknown} */ drawn, /** @type {unknown} */ text) =>
    html`<li><svg aria-hidden="true">${drawn}</svg> ${text}</li>`;
  const box = (/** @type {Quality} */ quality, kind = "now") =>
    html`<rect class=${`bar ${kind}`} fill=${FILLS[quality]} x="5%" y="5%" width="90%" height="90%" />`;
  return html`
    <ul class="legend">
      ${sample(box("measured", "before"), before)}
      ${sample(box("measured"), now)}
      ${QUALITIES.map((quality) => sample(box(quality), words.qualities[quality]))}
      ${sample(html`<text x="50%" y="80%">–</text>`, words.unknown)}
      ${hasLine && sample(html`<line class="register" x2="100%" y1="50%" y2="50%" />`, words.charts.lineLegend)}
    </ul>
  `;
}

/** @param {{type: Meter, months: About[]}} props */
function AsTable({ type, months }) {
  const { words } = useSurroundings();
  const [Table, setTable] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState(false);
  const open = (/** @type {any} */ { target }) => {
    setFailed(false);
    if (target.open)
      later(() => import("./month_table.js"), new URL("month_table.js", import.meta.url).href).then(
        ({ MonthTable }) => setTable(() => MonthTable),
        () => setFailed(true),
      );
  };
  return html`
    <details class=${type} onToggle=${open}>
      <summary>${words.charts.table}</summary>
      ${Table ? html`<${Table} months=${months} />` : html`<p role="status">${failed ? words.failed : words.loading}</p>`}
    </details>
  `;
}

/**
 * Everything about a month in words.
 * @param {number} month
 * @param {Months} shown
 * @param {import("../page/words.js").Words} words
 * @param {import("../page/formats.js").Formats} formats
 */
function aboutMonth(month, { type, zone, entries }, words, formats) {
  const { charts } = words;
  const entry = (/** @type {number} */ index) => entries.get(index) ?? NOTHING;
  const amount = (/** @type {number} */ value, digits = 1) => formats.amount(value, words.units[type], digits);
  const figure = (/** @type {number | null} */ value, /** @type {Quality | "none" | null} */ quality) =>
    value === null || quality === "none"
      ? { amount: words.unknown, quality: null }
      : { amount: amount(value), quality };
  const used = (/** @type {Entry} */ { consumption, consumptionQuality }) => figure(consumption, consumptionQuality);
  const when = (/** @type {string} */ date) =>
    localParts(date, zone).time === "00:00" ? formats.date(date, zone) : formats.moment(date, zone);
  const register = (/** @type {Entry} */ { meterReading, quality, calculationDetails }) => {
    if (meterReading === null || quality === "none") return words.unknown;
    const points = calculationDetails.sourceReadings.map(
      ({ date, amount: value }) => when(date) + (quality === "measured" ? "" : ` (${amount(value, 3)})`),
    );
    return `${amount(meterReading, 3)}, ${charts[quality](points[0], points[points.length - 1])}`;
  };
  const [now, before] = [entry(month), entry(month - 12)];
  const about = {
    month,
    isKnown: now.consumption !== null || now.meterReading !== null,
    title: formats.month(month),
    used: used(now),
    beforeTitle: formats.month(month - 12),
    before: used(before),
    difference: differenceOf(now.consumption, before.consumption, amount, words, formats),
    reading: figure(now.meterReading, now.quality),
    beginning: charts.beginning(register(entry(month - 1))),
    end: charts.end(register(now)),
    flags: now.flags.map((flag) => charts.flags[flag]),
  };
  const said = (/** @type {typeof about.used} */ found) =>
    found.quality ? `${found.amount}, ${words.qualities[found.quality]}` : found.amount;
  const name = [
    `${about.title}: ${said(about.used)}`,
    `${about.beforeTitle}: ${said(about.before)}`,
    about.difference,
    about.beginning,
    about.end,
    ...about.flags,
  ];
  return { ...about, name: name.filter(Boolean).join("; ") };
}

/**
 * @param {number | null} now
 * @param {number | null} before
 * @param {(value: number) => string} amount
 * @param {import("../page/words.js").Words} words
 * @param {import("../page/formats.js").Formats} formats
 */
function differenceOf(now, before, amount, words, formats) {
  if (now === null || before === null) return "";
  const size = amount(Math.abs(now - before));
  if (size === amount(0)) return words.same;
  const share = before > 0 ? ` (${formats.percent((Math.abs(now - before) / before) * 100)})` : "";
  return (now > before ? words.charts.more(size) : words.charts.less(size)) + share;
}

/**
 * A scale with round numbers on which all values lie; ``y``: how far below its top a value lies, in percent.
 * @param {(number | null)[]} values
 */
export function axisOf(values) {
  const known = values.filter((value) => value !== null);
  const low = known.length ? Math.min(...known) : 0;
  const high = known.length ? Math.max(...known) : 0;
  const span = high - low || MOST_STEPS;
  const power = 10 ** Math.floor(Math.log10(span / MOST_STEPS));
  const step = power * ([1, 2, 5].find((size) => size * power * MOST_STEPS >= span) ?? 10);
  const start = Math.floor(low / step);
  const ticks = range(start, Math.max(Math.ceil(high / step) - start, 1) + 1).map((at) => at * step);
  const top = ticks[ticks.length - 1];
  return {
    ticks,
    digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)),
    y: (/** @type {number} */ value) => (100 * (top - value)) / (top - ticks[0]),
  };
}

/**
 * @param {number} first
 * @param {number} count
 */
const range = (first, count) => Array.from({ length: count }, (_, at) => first + at);
