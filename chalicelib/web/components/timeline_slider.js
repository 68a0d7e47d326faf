/** The timeline: how many readings lie where, and two handles that choose the range that chart and table show. */

import { Section, useLoaded, useSurroundings } from "../page/component.js";
import { dayNumber, dayText, localParts, monthIndex, monthStart } from "../page/formats.js";
import { html, useCallback, useRef, useState } from "../vendor/preact.js";

/** @typedef {import("../page/component.js").Meter} Meter */
/** @typedef {{from: string | null, to: string | null}} Range local dates, the last included; null: as far as there is */

/**
 * @typedef {object} TimelineBody
 * @property {Meter} type
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

export function TimelineSlider() {
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
      const query = { type: meter, from: from ?? EVER.from, to: `${to ?? EVER.to}T23:59:59.999`, buckets: "1" };
      if (!from && !to) return { range, count: null };
      return { range, count: sum(await api.show("timeline_slider", query, each, consistent)) };
    },
    [api, range],
  );
  const whole = useLoaded(ask, [meter]);
  const within = useLoaded(askRange, [meter]);
  const { body } = whole;
  const load = () => {
    whole.load();
    within.load();
  };
  const count = body && within.body?.range === range ? (within.body.count ?? sum(body)) : null;
  return html`
    <${Section}
      name="timeline_slider"
      title=${words.timeline.title}
      loaded=${{ body, failed: whole.failed || within.failed, load }}
    >
      <div class=${`timeline ${body?.type ?? meter} ${body ? "" : "skeleton"}`}>
        ${body && !body.dateRange ? html`<p>${words.noReading}</p>` : html`<${Timeline} body=${body} count=${count} />`}
      </div>
    <//>
  `;
}

/** @param {{body: TimelineBody | null, count: number | null}} props ``count``: how many lie in the range, if known */
function Timeline({ body, count }) {
  const { words, formats, selection, select } = useSurroundings();
  const [moved, setMoved] = useState(/** @type {Partial<Range>} */ ({}));
  const isKeyHeld = useRef(false);
  const { zone = "UTC", buckets = [], maxCount = 1, dateRange } = body ?? {};
  const first = dayNumber(localParts(dateRange?.min ?? 0, zone).date);
  const last = dayNumber(localParts(dateRange?.max ?? 0, zone).date);
  const range = { from: selection.from, to: selection.to, ...moved };
  const place = (/** @type {string} */ day) => Math.min(Math.max(dayNumber(day), first), last) - first;
  const places = { from: range.from ? place(range.from) : 0, to: range.to ? place(range.to) : last - first };
  const said = words.timeline.range(formats.day(range.from ?? dayText(first)), formats.day(range.to ?? dayText(last)));

  /**
   * What a handle means where it is now; it never passes the other one. At its end of the line it lets everything in.
   * @param {"from" | "to"} end
   * @param {number} wanted
   * @returns {Partial<Range>}
   */
  const change = (end, wanted) => {
    const at = end === "from" ? Math.min(wanted, places.to) : Math.max(wanted, places.from);
    return { [end]: at === (end === "from" ? 0 : last - first) ? null : dayText(first + at) };
  };
  const handle = (/** @type {"from" | "to"} */ end) => {
    const move = (/** @type {HTMLInputElement} */ target, wanted = Number(target.value)) => {
      const changed = change(end, wanted);
      const day = changed[end];
      target.value = String(day ? place(day) : end === "from" ? 0 : last - first);
      setMoved(changed);
    };
    const release = (/** @type {Event} */ event) => {
      const changed = change(end, Number(/** @type {HTMLInputElement} */ (event.target).value));
      if (moved[end] !== undefined || places[end] !== Number(/** @type {HTMLInputElement} */ (event.target).value)) {
        select(changed);
      }
      setMoved({});
    };
    const letGo = (/** @type {Event} */ event) => {
      if (isKeyHeld.current) release(event);
      isKeyHeld.current = false;
    };
    return html`
      <input
        type="range"
        class=${end === "from" && places.from * 2 > last - first ? "above" : ""}
        min="0"
        max=${last - first}
        value=${places[end]}
        aria-label=${words.timeline[end]}
        aria-valuetext=${formats.day(range[end] ?? dayText(end === "from" ? first : last))}
        onInput=${(/** @type {any} */ event) => move(event.target)}
        onChange=${(/** @type {Event} */ event) => isKeyHeld.current || release(event)}
        onKeyDown=${(/** @type {any} */ event) => {
          isKeyHeld.current = event.key !== "Tab";
          const months = { PageUp: 1, PageDown: -1 }[/** @type {string} */ (event.key)];
          if (!months) return;
          event.preventDefault();
          move(event.target, byMonth(first + places[end], months, end) - first);
        }}
        onKeyUp=${letGo}
        onBlur=${letGo}
      />
    `;
  };
  const share = (/** @type {number} */ days) => (BARS * days) / (last - first || 1);
  return html`
    <fieldset class="presets">
      <legend class="spoken">${words.timeline.choose}</legend>
      ${Object.entries(presets(localParts(Date.now(), zone).date)).map(
        ([name, preset]) => html`
          <button
            type="button"
            class=${`inline ${isSame(preset, selection) ? "" : "outline"}`}
            aria-pressed=${isSame(preset, selection)}
            onClick=${() => select(preset)}
          >${words.timeline[/** @type {keyof ReturnType<typeof presets>} */ (name)]}</button>
        `,
      )}
    </fieldset>
    <div class="slider">
      <svg viewBox=${`0 0 ${BARS} 100`} preserveAspectRatio="none" aria-hidden="true">
        ${buckets.map(({ count }, at) => {
          const height = count && Math.max((100 * count) / maxCount, LOWEST);
          return html`<rect class="count" x=${at + 0.1} width="0.8" y=${100 - height} height=${height} />`;
        })}
        <rect class="veil" width=${share(places.from)} height="100" />
        <rect class="veil" x=${share(places.to)} width=${BARS - share(places.to)} height="100" />
      </svg>
      ${body && [handle("from"), handle("to")]}
    </div>
    <p class="ends" aria-hidden="true">
      <span>${formats.day(dayText(first))}</span> <span>${formats.day(dayText(last))}</span>
    </p>
    <div class="said">
      <p role="status">${count !== null && !isMoving(moved) && `${said}: ${words.timeline.count(count, formats.number(count))}`}</p>
      ${body && (count === null || isMoving(moved)) && html`<p>${said}</p>`}
    </div>
  `;
}

const isMoving = (/** @type {object} */ moved) => Object.keys(moved).length > 0;

const isSame = (/** @type {Range} */ one, /** @type {Range} */ other) => one.from === other.from && one.to === other.to;

/**
 * The start of a month near a day, or its end, before or behind the day.
 * @param {number} day
 * @param {number} months
 * @param {"from" | "to"} end
 */
function byMonth(day, months, end) {
  const shift = end === "to" ? 1 : 0; // the last day of a month is the one before the first of the next
  const index = monthIndex(dayText(day + shift));
  const isOnEdge = dayNumber(monthStart(index)) === day + shift;
  return dayNumber(monthStart(index + (months < 0 && !isOnEdge ? 0 : months))) - shift;
}

/** @param {string} today */
function presets(today) {
  const month = monthIndex(today);
  const year = month - (month % 12);
  return {
    thisYear: months(year, year + 11),
    lastMonths: months(month - 11, month),
    all: { from: null, to: null },
  };
}

/**
 * @param {number} first
 * @param {number} last
 * @returns {Range}
 */
const months = (first, last) => ({ from: monthStart(first), to: dayText(dayNumber(monthStart(last + 1)) - 1) });
