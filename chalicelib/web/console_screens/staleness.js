/** Meters whose display is behind what was written, and why. */

import { useDocument } from "../console/documents.js";
import { Command, Fact, Figure, Moment, Panel, Seconds, useConsole } from "../console/parts.js";
import { html } from "../vendor/preact.js";
import { List, Short } from "./details.js";
import { screenWords } from "./screen_words.js";

const PATH = "/ops/staleness";

export function Screen() {
  const { api, words, formats, said: common, commands } = useConsole();
  const said = screenWords(words).staleness;
  const kept = useDocument(PATH);
  const { lagging, failing, oldestSeconds, meters = [], command } = kept.body ?? {};
  const rows = meters.map((/** @type {any} */ meter) => ({
    key: meter.meter,
    cells: [
      html`<${Short} text=${meter.meter} />`,
      html`<${Seconds} value=${meter.sinceSeconds} />`,
      html`<${Figure} value=${meter.attempts} />`,
      meter.error ?? "–",
      html`<${Moment} at=${meter.nextAttempt} />`,
    ],
  }));
  const sweep = async (/** @type {string} */ reason) => {
    const { body } = await api.send("POST", `${PATH}/sweep`, { json: { reason } });
    const [refreshed, failed, lagging] = [body.refreshed, body.failed, body.lagging].map((each) =>
      formats.number(each),
    );
    return `${body.state === "swept" ? said.swept : said.goesOn} ${said.counts(refreshed, failed, lagging)}`;
  };
  return html`
    <${Panel} name="staleness" title=${common.screens.staleness} kept=${kept}>
      <dl class="facts">
        <${Fact} name=${common.lagging}><${Figure} value=${lagging} /><//>
        <${Fact} name=${common.failing}><${Figure} value=${failing} /><//>
        <${Fact} name=${common.oldest}><${Seconds} value=${oldestSeconds} /><//>
      </dl>
      ${command && html`<p><${Command} text=${command} /></p>`}
      ${commands && html`<p><${commands.Action} label=${said.sweep} send=${sweep}><p>${said.sweepWill}</p><//></p>`}
      <${List} name=${common.lagging} heads=${[said.meter, said.behind, said.attempts, said.error, said.next]} rows=${rows} empty=${said.none} />
    <//>
  `;
}
