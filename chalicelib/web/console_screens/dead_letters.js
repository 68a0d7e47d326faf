/** Events that a function could not handle: looked at, handed in again, or given up. */

import { useDocument } from "../console/documents.js";
import { Command, Figure, Moment, Panel, reasonOf, useConsole } from "../console/parts.js";
import { html, useState } from "../vendor/preact.js";
import { List } from "./details.js";
import { screenWords } from "./screen_words.js";

const PATH = "/ops/dead-letters";

export function Screen() {
  const { words, said: common } = useConsole();
  const said = screenWords(words).letters;
  const kept = useDocument(PATH, true);
  const { letters = [], count, command } = kept.body ?? {};
  const rows = letters.map((/** @type {any} */ letter) => ({
    key: letter.id,
    cells: [
      html`<${Moment} at=${letter.at} />`,
      html`${letter.function ?? "–"}${letter.eventType && html`<br /><small>${letter.eventType}</small>`}`,
      letter.error,
      html`<${Figure} value=${letter.attempts} />`,
      html`<${Letter} id=${letter.id} />`,
    ],
  }));
  return html`
    <${Panel} name="letters" title=${common.deadLetters} kept=${kept}>
      <p>${said.count} <${Figure} value=${count} /> ${command && html`<${Command} text=${command} />`}</p>
      <p>${said.byHand(common.refresh)}</p>
      <${List} name=${common.deadLetters} heads=${[said.at, said.function, said.error, said.attempts, said.letter]} rows=${rows} empty=${said.none} />
    <//>
  `;
}

/** @param {{id: string}} props */
function Letter({ id }) {
  const { api, words, said: common, commands } = useConsole();
  const said = screenWords(words).letters;
  const [text, setText] = useState("");
  const path = `${PATH}/${encodeURIComponent(id)}`;
  const show = () =>
    api.send("GET", path).then(
      ({ body }) => setText(JSON.stringify(body, null, 2)),
      (problem) => setText(reasonOf(problem, common)),
    );
  const send = (/** @type {string} */ what, /** @type {string} */ done) => async (/** @type {string} */ reason) => {
    await api.send("POST", `${path}/${what}`, { json: { reason } });
    return done;
  };
  return html`
    <div class="letter">
      <button type="button" class="inline outline" aria-expanded=${text !== ""} onClick=${() => (text ? setText("") : show())}>${text ? said.hide : said.show}</button>
      ${
        commands &&
        html`
        <${commands.Action} label=${said.redrive} send=${send("redrive", said.redriven)}><p>${said.redriveWill}</p><//>
        <${commands.Action} label=${said.discard} isGrave=${true} send=${send("discard", said.discarded)}><p>${said.discardWill}</p><//>
      `
      }
      ${text && html`<pre tabindex="0" role="region" aria-label=${said.letter}>${text}</pre>`}
    </div>
  `;
}
