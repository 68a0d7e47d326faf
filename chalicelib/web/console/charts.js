/** Lines over time, each with its figures as a table: data in, elements out. */

import { html } from "../vendor/preact.js";
import { List, Moment, useConsole } from "./parts.js";
import { screenWords } from "./screen_words.js";

const [WIDTH, HEIGHT] = [600, 140];

/**
 * A path through what is known; what is not known breaks it. A single point is a short stroke.
 * @param {(number | null)[]} values
 * @param {number} highest what the upper edge means
 */
export function pathOf(values, highest) {
  const step = WIDTH / Math.max(values.length - 1, 1);
  let isOpen = false;
  return values
    .map((value, index) => {
      if (value === null) {
        isOpen = false;
        return "";
      }
      const [x, y] = [index * step, HEIGHT - (value / highest) * HEIGHT].map((each) => Math.round(each * 10) / 10);
      const part = isOpen ? `L${x} ${y}` : `M${x} ${y}h0.1`;
      isOpen = true;
      return part;
    })
    .join("");
}

const HOUR_MS = 3_600_000;

/**
 * Hours without a gap: in those that are missing nobody has asked.
 * @template {{at: string}} Hour
 * @param {Hour[]} hours in their order
 * @returns {(Hour | {at: string})[]}
 */
export function filled(hours) {
  const known = new Map(hours.map((hour) => [Date.parse(hour.at), hour]));
  const [first = 0, last = -1] = [[...known.keys()][0], [...known.keys()].at(-1)];
  const found = [];
  for (let at = first; at <= last; at += HOUR_MS) found.push(known.get(at) ?? { at: new Date(at).toISOString() });
  return found;
}

/**
 * A round figure that none of the values exceeds.
 * @param {(number | null)[]} values
 */
export function ceilingOf(values) {
  const highest = Math.max(...values.map((value) => value ?? 0));
  if (highest <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(highest));
  return ([1, 2, 5, 10].find((each) => each * power >= highest) ?? 10) * power;
}

/**
 * @param {object} props
 * @param {string} props.title
 * @param {string[]} props.times instants, in their order
 * @param {{name: string, kind: string, values: (number | null)[]}[]} props.lines
 * @param {(value: number) => string} props.format
 * @param {number} [props.highest]
 */
export function Chart({ title, times, lines, format, highest = ceilingOf(lines.flatMap(({ values }) => values)) }) {
  const { words } = useConsole();
  const said = screenWords(words).charts;
  const known = lines.some(({ values }) => values.some((value) => value !== null));
  if (!known) return html`<h3>${title}</h3><p>${said.nothing}</p>`;
  const rows = times.map((at, index) => ({
    key: at,
    cells: [html`<${Moment} at=${at} />`, ...lines.map(({ values }) => shownValue(values[index], format))],
  }));
  return html`
    <figure class="lines">
      <figcaption><h3>${title}</h3>
        <ul class="legend">${lines.map(({ name, kind }) => html`<li><svg class=${kind} viewBox="0 0 24 16" aria-hidden="true"><path d="M0 8H24" /></svg> ${name}</li>`)}</ul>
      </figcaption>
      <p class="scale"><span>${format(highest)}</span></p>
      <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${said.picture(title)}>
        <path class="grid" d=${`M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT}H${WIDTH}`} />
        ${lines.map(({ kind, values }) => html`<path class=${kind} d=${pathOf(values, highest)} />`)}
      </svg>
      <p class="ends"><${Moment} at=${times[0]} /><${Moment} at=${times.at(-1)} /></p>
      <details><summary>${said.table}</summary><${List} name=${title} heads=${[said.time, ...lines.map(({ name }) => name)]} rows=${rows.reverse()} /></details>
    </figure>
  `;
}

/**
 * @param {number | null} value
 * @param {(value: number) => string} format
 */
const shownValue = (value, format) => (value === null ? "–" : html`<data value=${value}>${format(value)}</data>`);
