/** Lines over time, each with its figures as a table: data in, elements out. */

import { Moment, useConsole } from "../console/parts.js";
import { html } from "../vendor/preact.js";
import { List } from "./details.js";
import { screenWords } from "./screen_words.js";

const [WIDTH, HEIGHT] = [600, 140];

/**
 * Where each value is drawn; nowhere what is not known.
 * @param {(number | null)[]} values
 * @param {number} highest what the upper edge means
 * @returns {(string | null)[]}
 */
function placesOf(values, highest) {
  const step = WIDTH / Math.max(values.length - 1, 1);
  const rounded = (/** @type {number} */ each) => Math.round(each * 10) / 10;
  return values.map((value, index) =>
    value === null ? null : `${rounded(index * step)} ${rounded(HEIGHT - (value / highest) * HEIGHT)}`,
  );
}

/**
 * A path through what is known; what is not known breaks it.
 * @param {(number | null)[]} values
 * @param {number} highest
 */
export const pathOf = (values, highest) =>
  placesOf(values, highest)
    .map((place, index, places) => place && `${places[index - 1] ? "L" : "M"}${place}`)
    .join("");

/**
 * A point for each value: an hour between two without any has no line.
 * @param {(number | null)[]} values
 * @param {number} highest
 */
export const pointsOf = (values, highest) =>
  placesOf(values, highest)
    .map((place) => place && `M${place}h0.1`)
    .join("");

const HOUR_MS = 3_600_000;

/**
 * Hours without a gap up to an instant: in those that are missing nobody has asked.
 * @template {{at: string}} Hour
 * @param {Hour[]} hours in their order
 * @param {number} [until] in milliseconds
 * @returns {(Hour | {at: string})[]}
 */
export function filled(hours, until = 0) {
  const known = new Map(hours.map((hour) => [Date.parse(hour.at), hour]));
  const [first = 0, last = -1] = [[...known.keys()][0], [...known.keys()].at(-1)];
  const found = [];
  const end = known.size ? Math.max(last, until) : last;
  for (let at = first; at <= end; at += HOUR_MS) found.push(known.get(at) ?? { at: new Date(at).toISOString() });
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
        ${lines.map(({ kind, values }) => html`<path class=${kind} d=${pathOf(values, highest)} /><path class=${`${kind} points`} d=${pointsOf(values, highest)} />`)}
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
