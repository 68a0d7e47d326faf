/** The timeline: how many readings lie where, and two handles that choose the range that chart and table show. */

import { Section, useLoaded, useSurroundings } from "../page/component.js";
import { dayNumber, dayText, localParts, monthEnd, monthIndex, monthStart } from "../page/formats.js";
import { html, useCallback, useRef, useState } from "../vendor/preact.js";

/** @typedef {"from" | "to"} End */
/** @typedef {Pick<import("../page/component.js").Selection, End>} Range */

/**
 * @typedef {object} TimelineBody
 * @property {"power" | "gas"} type
 * @property {number} sourceVersion
 * @property {string} zone
 * @property {{count: number}[]} buckets
 * @property {number} maxCount
 * @property {{min: string, max: string} | null} dateRange
 */

const BARS = 60;
const LOWEST = 4; // in percent: what a bar of one reading is high at least
const EVER = { from: "1900-01-01", to: "2999-01-01" }; // what the application takes as dates
const each = (/** @type {TimelineBody} */ body) => [body];
const sum = (/** @type {TimelineBody} */ body) => body.buckets.reduce((all, { count }) => all + count, 0);

/** @param {{today?: string}} props the household's, where it is known */
export function TimelineSlider({ today }) {
  const { api, words, selection } = useSurroundings();
  const { meter, from, to } = selection;
  const range = `${meter} ${from} ${to}`;
  const ask = useCallback(
    (/** @type {boolean} */ consistent) =>
      api.show("timeline_slider", { type: meter, buckets: String(BARS) }, each, consistent),
    [api, meter],
  );
  const askRange = useCallback(
    async (/** @type {boolean} */ consistent) => {
      if (!from && !to) return { range, count: null };
      const query = { type: meter, from: from ?? EVER.from, to: `${to ?? EVER.to}T23:59:59.999`, buckets: "1" };
      return { range, count: sum(await api.show("timeline_slider", query, each, consistent)) };
    },
    [api, range],
  );
  const whole = useLoaded(ask, [meter]);
  const within = useLoaded(askRange, [meter]);
  const { body } = whole;
  const loaded = {
    body,
    failed: whole.failed || within.failed,
    since: whole.since,
    load() {
      whole.load();
      within.load();
    },
  };
  const isCounted = body?.type === meter && within.body?.range === range;
  return html`
    <${Section} name="timeline_slider" title=${words.timeline.title} loaded=${loaded}>
      <div class=${`timeline ${body?.type ?? meter} ${body ? "" : "skeleton"}`}>
        ${
          body && !body.dateRange
            ? html`<p>${words.noReading}</p>`
            : html`<${Timeline} today=${today} body=${body} count=${isCounted ? (within.body?.count ?? sum(body)) : null} />`
        }
      </div>
    <//>
  `;
}

/** @param {{body: TimelineBody | null, count: number | null, today?: string}} props ``count``: in the range, if known */
function Timeline({ body, count, today }) {
  const { words, formats, selection, select } = useSurroundings();
  const [moved, setMoved] = useState(/** @type {Partial<Range> | null} */ (null));
  const isKeyHeld = useRef(false);
  const { zone = "UTC", buckets = [], maxCount = 1, dateRange } = body ?? {};
  const first = dayNumber(localParts(dateRange?.min ?? 0, zone).date);
  const days = dayNumber(localParts(dateRange?.max ?? 0, zone).date) - first;
  const edges = { from: 0, to: days };
  const place = (/** @type {End} */ end, /** @type {Range} */ { [end]: day } = { ...selection, ...moved }) =>
    day ? Math.min(Math.max(dayNumber(day) - first, 0), days) : edges[end];
  const places = { from: place("from"), to: place("to") };
  const said = (/** @type {End} */ end) => formats.day({ ...selection, ...moved }[end] ?? dayText(first + edges[end]));

  const handle = (/** @type {End} */ end) => {
    // A handle never passes the other one; at its end of the line it lets everything in.
    const dayAt = (/** @type {number} */ wanted) => {
      const at = end === "from" ? Math.min(wanted, places.to) : Math.max(wanted, places.from);
      return at === edges[end] ? null : dayText(first + at);
    };
    const move = (/** @type {any} */ target, wanted = Number(target.value)) => {
      const day = { from: null, to: null, [end]: dayAt(wanted) };
      target.value = place(end, day);
      setMoved({ [end]: day[end] });
    };
    const release = (/** @type {any} */ { target }) => {
      isKeyHeld.current = false;
      setMoved(null);
      if (Number(target.value) !== place(end, selection)) select({ [end]: dayAt(Number(target.value)) });
    };
    const press = (/** @type {any} */ event) => {
      isKeyHeld.current = true;
      const months = { PageUp: 1, PageDown: -1 }[/** @type {string} */ (event.key)];
      if (!months) return;
      event.preventDefault();
      move(event.target, monthFrom(first + places[end], months, end) - first);
    };
    return html`
      <input
        type="range"
        class=${end === "from" && places.from * 2 > days ? "above" : ""}
        max=${days}
        value=${places[end]}
        aria-label=${words.timeline[end]}
        aria-valuetext=${said(end)}
        onInput=${(/** @type {any} */ event) => move(event.target)}
        onChange=${(/** @type {any} */ event) => isKeyHeld.current || release(event)}
        onKeyDown=${press}
        onKeyUp=${release}
        onBlur=${release}
      />
    `;
  };
  const share = (/** @type {number} */ some) => (BARS * some) / (days || 1);
  const range = words.timeline.range(said("from"), said("to"));
  const isCounted = count !== null && !moved;
  return html`
    <fieldset class="presets">
      <legend class="spoken">${words.timeline.choose}</legend>
      ${presets(today ?? localParts(Date.now(), zone).date).map(([name, from, to]) => {
        const isChosen = from === selection.from && to === selection.to;
        return html`
          <button
            type="button"
            class=${`inline ${isChosen ? "" : "outline"}`}
            aria-pressed=${isChosen}
            onClick=${() => select({ from, to })}
          >${words.timeline.presets[name]}</button>
        `;
      })}
    </fieldset>
    <div class="slider">
      <svg viewBox=${`0 0 ${BARS} 100`} preserveAspectRatio="none" aria-hidden="true">
        ${buckets.map(({ count }, at) => {
          const height = count && Math.max((100 * count) / maxCount, LOWEST);
          return html`<rect x=${at + 0.1} width="0.8" y=${100 - height} height=${height} />`;
        })}
        <rect class="veil" width=${share(places.from)} height="100" />
        <rect class="veil" x=${share(places.to)} width=${BARS - share(places.to)} height="100" />
      </svg>
      ${body && [handle("from"), handle("to")]}
    </div>
    <p class="ends" aria-hidden="true">
      <span>${formats.day(dayText(first))}</span> <span>${formats.day(dayText(first + days))}</span>
    </p>
    <div class="range-said">
      <p role="status">${isCounted && `${range}: ${words.timeline.count(count, formats.number(count))}`}</p>
      ${!isCounted && html`<p>${range}</p>`}
    </div>
  `;
}

/**
 * The start of the month before or behind a day, for the other handle the end of one.
 * @param {number} day
 * @param {number} months 1 or -1
 * @param {End} end
 */
function monthFrom(day, months, end) {
  const shift = end === "to" ? 1 : 0; // the last day of a month is the one before the first of the next
  const index = monthIndex(dayText(day + shift));
  const isAmid = dayNumber(monthStart(index)) < day + shift;
  return dayNumber(monthStart(index + (isAmid && months < 0 ? 0 : months))) - shift;
}

/**
 * @param {string} today
 * @returns {["thisYear" | "lastMonths" | "all", string | null, string | null][]}
 */
function presets(today) {
  const month = monthIndex(today);
  const january = month - (month % 12);
  return [
    ["thisYear", monthStart(january), monthEnd(january + 11)],
    ["lastMonths", monthStart(month - 11), monthEnd(month)],
    ["all", null, null],
  ];
}
