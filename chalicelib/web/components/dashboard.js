/** The dashboard: the cards of both meters for today, each figure with how sure it is. */

import { Section, useLoaded, useSurroundings } from "../page/component.js";
import { html, useCallback, useLayoutEffect } from "../vendor/preact.js";

/** @typedef {"measured" | "interpolated" | "extrapolated"} Quality */
/** @typedef {{value: number | null, quality: Quality | null}} Figure */
/** @typedef {{date: string, amount: number, ageDays: number, quality: Quality}} LastReading */

/**
 * @typedef {object} Summary
 * @property {string} day
 * @property {Figure} monthSoFar
 * @property {Figure} lastMonth
 * @property {Figure} sameMonthLastYear
 * @property {Figure} changePercent
 * @property {Figure} yearSoFar
 * @property {Figure} lastYearSoFar
 * @property {Figure} yearChangePercent
 * @property {Figure} averagePerDay
 * @property {Figure} projection
 * @property {LastReading | null} lastReading
 */

/** @typedef {import("../page/component.js").Meter} Meter */
/** @typedef {{type: Meter, sourceVersion: number, summary: Summary}} MeterSummary */
/** @typedef {{meters: MeterSummary[]}} DashboardBody */

const DUE_DAYS = 30; // a day later the cards begin to say nothing: they look 31 days ahead of the readings
/** @type {Figure} */
const NOTHING = { value: null, quality: null };
/** @type {Summary} */
const EMPTY = {
  day: "",
  monthSoFar: NOTHING,
  lastMonth: NOTHING,
  sameMonthLastYear: NOTHING,
  changePercent: NOTHING,
  yearSoFar: NOTHING,
  lastYearSoFar: NOTHING,
  yearChangePercent: NOTHING,
  averagePerDay: NOTHING,
  projection: NOTHING,
  lastReading: null,
};
/** @type {MeterSummary[]} */
const LOADING = [
  { type: "power", sourceVersion: 0, summary: EMPTY },
  { type: "gas", sourceVersion: 0, summary: EMPTY },
];

/** @param {{onShown?: (meters: MeterSummary[]) => void}} props called with what it shows */
export function Dashboard({ onShown }) {
  const { api, words } = useSurroundings();
  const ask = useCallback(
    (/** @type {boolean} */ consistent) =>
      api.show("dashboard", {}, (/** @type {DashboardBody} */ body) => body.meters, consistent),
    [api],
  );
  const loaded = useLoaded(ask, ["power", "gas"]);
  const { body } = loaded;
  useLayoutEffect(() => {
    // Before anything is painted: what is below may go.
    if (body) onShown?.(body.meters);
  }, [body]);
  return html`
    <${Section} name="dashboard" title=${words.dashboard} loaded=${loaded}>
      <div class="household">
        ${(body?.meters ?? LOADING).map((meter) => html`<${MeterCards} key=${meter.type} ...${meter} isLoading=${!body} />`)}
      </div>
    <//>
  `;
}

/** @param {{type: Meter, summary: Summary, isLoading: boolean}} props */
function MeterCards({ type, summary, isLoading }) {
  const { words, formats } = useSurroundings();
  const unit = words.units[type];
  const amount = (/** @type {Figure} */ { value }, digits = 1) =>
    value === null ? words.unknown : formats.amount(value, unit, digits);
  /** While it loads each line has its place; afterwards what is not known is not said twice. */
  const aside = (/** @type {(amount: string) => string} */ text, /** @type {Figure} */ figure) =>
    (isLoading || figure.value !== null) && html`<${Aside} text=${text(amount(figure))} quality=${figure.quality} />`;
  const { monthSoFar, lastMonth, yearSoFar, averagePerDay } = summary;
  const isPast = !isLoading && [monthSoFar, lastMonth, yearSoFar, averagePerDay].every(({ value }) => value === null);
  return html`
    <section class=${`meter ${type} ${isLoading ? "skeleton" : ""}`} aria-labelledby=${`cards-${type}`}>
      <h3 id=${`cards-${type}`}>${words.meters[type]}</h3>
      ${
        !isLoading && !summary.lastReading
          ? html`<p>${words.noReading}</p>`
          : html`
            <div class="cards" key=${isLoading} aria-hidden=${isLoading}>
              ${!isPast && html`<${FiguresOfToday} ...${{ summary, amount, aside }} />`}
              <${LastReadingCard} day=${summary.day} reading=${summary.lastReading} unit=${unit} />
            </div>
          `
      }
    </section>
  `;
}

/**
 * @typedef {object} Written how the figures of a meter are written
 * @property {Summary} summary
 * @property {(figure: Figure, digits?: number) => string} amount
 * @property {(text: (amount: string) => string, figure: Figure) => unknown} aside
 */

/** @param {Written} props */
function FiguresOfToday({ summary, amount, aside }) {
  const { words } = useSurroundings();
  return html`
    <${Card} title=${words.monthSoFar} figure=${amount(summary.monthSoFar)} quality=${summary.monthSoFar.quality}>
      ${aside(words.projection, summary.projection)}
    <//>
    <${Card} title=${words.lastMonth} figure=${amount(summary.lastMonth)} quality=${summary.lastMonth.quality}>
      ${aside(words.sameMonthLastYear, summary.sameMonthLastYear)}
      <${Change} figure=${summary.changePercent} />
    <//>
    <${Card} title=${words.yearSoFar} figure=${amount(summary.yearSoFar)} quality=${summary.yearSoFar.quality}>
      ${aside(words.lastYearSoFar, summary.lastYearSoFar)}
      <${Change} figure=${summary.yearChangePercent} />
    <//>
    <${Card}
      title=${words.averagePerDay}
      figure=${amount(summary.averagePerDay, 2)}
      quality=${summary.averagePerDay.quality}
    >
      <${Aside} text=${words.lastThirtyDays} quality=${null} />
    <//>
  `;
}

/** @param {{title: string, figure: string, quality: Quality | null, children?: unknown}} props */
function Card({ title, figure, quality, children }) {
  return html`
    <article>
      <h4>${title}</h4>
      <p class="figure">${figure} <${QualityMark} quality=${quality} /></p>
      ${children}
    </article>
  `;
}

/** @param {{text: string, quality: Quality | null}} props */
function Aside({ text, quality }) {
  return html`<p class="aside">${text} <${QualityMark} quality=${quality} /></p>`;
}

/** @param {{quality?: Quality | null}} props how sure a figure is, beside it */
export function QualityMark({ quality }) {
  const { words } = useSurroundings();
  return quality && html`<small class=${`quality ${quality}`}>${words.qualities[quality]}</small>`;
}

/** @param {{figure: Figure}} props */
function Change({ figure }) {
  const { words, formats } = useSurroundings();
  if (figure.value === null) return null;
  const size = formats.percent(Math.abs(figure.value));
  const isNothing = size === formats.percent(0);
  return html`<p class="aside">${isNothing ? words.same : figure.value > 0 ? words.more(size) : words.less(size)}</p>`;
}

/** @param {{day: string, reading: LastReading | null, unit: string}} props */
function LastReadingCard({ day, reading, unit }) {
  const { words, formats } = useSurroundings();
  if (!reading) return html`<${Card} title=${words.lastReading} figure=${words.noReading} quality=${null} />`;
  return html`
    <${Card} title=${words.lastReading} figure=${formats.amount(reading.amount, unit, 3)} quality=${reading.quality}>
      <p class="aside">${formats.day(day, reading.ageDays)}, ${words.age(reading.ageDays)}</p>
      ${reading.ageDays >= DUE_DAYS && html`<p class="hint">${words.due}</p>`}
    <//>
  `;
}
