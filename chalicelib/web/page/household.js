/** What somebody who is signed in sees: the components together, and what is loaded when somebody opens it. */

import { Dashboard } from "../components/dashboard.js";
import { EnergyForms } from "../components/energy_forms.js";
import { EnergyTable } from "../components/energy_table.js";
import { MonthlyCharts } from "../components/monthly_charts.js";
import { TimelineSlider } from "../components/timeline_slider.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { Alone, later, MeterChoice, Surrounded, useSurroundings } from "./component.js";
import { dayNumber, dayText } from "./formats.js";

/** @typedef {import("./component.js").Surroundings} Surroundings */
/** @typedef {"overview" | "files" | "meters" | "account" | "demo"} View */

/** Each view that is no part of the first load, by its name in the address. */
const LATER = {
  files: () => opened(() => import("../components/csv_import.js"), "components/csv_import.js", "CsvImport"),
  meters: () => opened(() => import("../meters/meter_settings.js"), "meters/meter_settings.js", "MeterSettings"),
  account: () => opened(() => import("../account/account.js"), "account/account.js", "Account"),
  demo: () =>
    opened(() => import("../demo/demo.js"), "demo/demo.js", "Demo").then(
      (Demo) => () => html`<${Demo} Figures=${Figures} all=${EVERYTHING} />`,
    ),
};

/** What is there instead of figures; nobody has asked for it. */
const WELCOME = () => opened(() => import("../demo/welcome.js"), "demo/welcome.js", "Welcome");

/**
 * @param {() => Promise<any>} load
 * @param {string} path
 * @param {string} name
 */
const opened = (load, path, name) =>
  later(load, new URL(`../${path}`, import.meta.url).href).then((module) => module[name]);

const LONGEST_WAIT_MS = 1_500; // for the cards, whose height decides where everything else is

/** @type {import("./component.js").Selection} */
export const EVERYTHING = { meter: "power", from: null, to: null };

/** @param {Omit<Surroundings, "selection" | "select">} around */
export function Household(around) {
  const { words } = around;
  const [selection, setSelection] = useState(EVERYTHING);
  const select = (/** @type {Partial<typeof selection>} */ change) => setSelection((now) => ({ ...now, ...change }));
  const view = useView();
  useEffect(() => {
    document.title = `${words.views.names[view === "demo" ? "overview" : view]} – ${words.title}`;
  }, [view, words]);
  return html`
    <${Surrounded.Provider} value=${{ ...around, selection, select }}>
      <nav class="views" aria-label=${words.views.title}>
        <ul>
          ${Object.entries(words.views.names).map(([name, text]) => html`<li><a href=${`#${name}`} aria-current=${name === view ? "page" : null}>${text}</a></li>`)}
        </ul>
      </nav>
      ${view === "overview" ? html`<${Overview} />` : html`<${Opened} key=${view} load=${LATER[view]} />`}
    <//>
  `;
}

/** The view that the address names, so that a browser's way back leads back. */
function useView() {
  const [view, setView] = useState(viewOf(location.hash));
  useEffect(() => {
    const follow = () => setView(viewOf(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return view;
}

/**
 * @param {string} hash
 * @returns {"overview" | keyof typeof LATER}
 */
function viewOf(hash) {
  const name = hash.slice(1);
  return Object.hasOwn(LATER, name) ? /** @type {keyof typeof LATER} */ (name) : "overview";
}

function Overview() {
  return html`
    <${Alone} component="energy_forms"><${EnergyForms} /><//>
    <${Figures} empty=${html`<${Opened} load=${WELCOME} isAsked=${false} />`} />
  `;
}

/**
 * What shows the figures of a household. While there are none, the overview of them is kept out of sight: it still
 * notices the first one.
 * @param {{empty?: unknown}} props what is there instead
 */
function Figures({ empty }) {
  const { selection, select } = useSurroundings();
  const [meters, setMeters] = useState(/** @type {import("../components/dashboard.js").MeterSummary[]} */ ([]));
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), LONGEST_WAIT_MS);
    return () => clearTimeout(timer);
  }, []);
  const filled = meters.filter((meter) => meter.summary.lastReading).map((meter) => meter.type);
  const hadFigures = useRef(false); // who deletes the last reading may take that back where it was
  useLayoutEffect(() => {
    const isFirst = filled.length > 0 && !hadFigures.current;
    if (isFirst && !filled.includes(selection.meter)) select({ meter: filled[0] });
    hadFigures.current ||= isFirst;
  }, [meters]);
  const isWelcome = empty && meters.length > 0 && !filled.length && !hadFigures.current;
  const { day, lastReading = null } = meters.find((meter) => meter.type === selection.meter)?.summary ?? {};
  const lastDay = day && lastReading && dayText(dayNumber(day) - lastReading.ageDays);
  return html`
    <div hidden=${Boolean(isWelcome)}>
      <${Alone} component="dashboard"><${Dashboard} onShown=${setMeters} /><//>
    </div>
    ${
      isWelcome
        ? empty
        : html`
        <div class=${meters.length || isLate ? "" : "awaiting"}>
          <${MeterChoice} name="meter" meter=${selection.meter} choose=${(/** @type {import("./component.js").Meter} */ meter) => select({ meter })} />
          <${Alone} component="monthly_charts"><${MonthlyCharts} lastDay=${lastDay} /><//>
          <${Alone} component="timeline_slider"><${TimelineSlider} today=${day} /><//>
          <${Alone} component="energy_table"><${EnergyTable} /><//>
        </div>
      `
    }
  `;
}

/** @param {{load: () => Promise<any>, isAsked?: boolean}} props ``isAsked``: somebody opened it and goes on there */
function Opened({ load, isAsked = true }) {
  const { words } = useSurroundings();
  const [found, setFound] = useState(/** @type {{View: any} | null} */ (null));
  const [failed, setFailed] = useState(false);
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const open = () => {
    setFailed(false);
    load().then(
      (View) => setFound({ View }),
      () => setFailed(true),
    );
  };
  useEffect(open, [load]);
  useEffect(() => {
    if (isAsked) heading.current?.focus();
  }, [found]);
  if (failed)
    return html`<p role="alert">${words.failed} <button type="button" class="inline" onClick=${open}>${words.tryAgain}</button></p>`;
  if (!found) return html`<p aria-busy="true">${words.loading}</p>`;
  return html`<div tabindex="-1" ref=${heading}><${Alone}><${found.View} /><//></div>`;
}
