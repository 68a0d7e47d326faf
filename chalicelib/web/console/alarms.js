/** Every alarm and whether it rings, what rings first. */

import { html } from "../vendor/preact.js";
import { useDocument } from "./documents.js";
import { ALARMS, Why } from "./overview.js";
import { List, Moment, Panel, useConsole } from "./parts.js";
import { screenWords } from "./screen_words.js";

const ORDER = ["ALARM", "INSUFFICIENT_DATA", "OK"];

export function Screen() {
  const { words, said: common } = useConsole();
  const said = screenWords(words).alarms;
  const kept = useDocument(ALARMS);
  const alarms = [...(kept.body?.alarms ?? [])].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  const rows = alarms.map((/** @type {any} */ alarm) => ({
    key: alarm.name,
    cells: [
      html`<strong class=${alarm.state === "ALARM" ? "trouble" : ""}>${said.states[alarm.state] ?? alarm.state}</strong>`,
      common.severities[alarm.severity] ?? alarm.severity,
      alarm.name,
      html`<${Moment} at=${alarm.since} />`,
      html`<${Why} of=${alarm} />`,
    ],
  }));
  return html`
    <${Panel} name="alarms" title=${common.screens.alarms} kept=${kept}>
      <${List} name=${common.screens.alarms} heads=${[said.state, said.severity, said.name, said.since, said.reason]} rows=${rows} empty=${said.none} />
    <//>
  `;
}
