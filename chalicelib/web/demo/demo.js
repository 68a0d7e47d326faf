/** The overview of a household that is made up, for somebody who has no readings yet. Nothing can be written in it. */

import { Drafts, Surrounded, useSurroundings } from "../page/component.js";
import { html, useMemo, useState } from "../vendor/preact.js";
import { demoApi } from "./demo_api.js";
import { useDemoWords } from "./demo_words.js";

/** @param {{Figures: any, all: import("../page/component.js").Selection}} props what shows figures, and which at first */
export function Demo({ Figures, all }) {
  const around = useSurroundings();
  const [selection, setSelection] = useState(all);
  const [hasTried, setHasTried] = useState(false);
  const api = useMemo(() => demoApi(() => setHasTried(true)), []);
  const drafts = useMemo(() => new Drafts(), []);
  const select = (/** @type {Partial<typeof selection>} */ change) => setSelection((now) => ({ ...now, ...change }));
  const demo = useDemoWords();
  return html`
    <aside class="demo" aria-label=${demo.title}>
      <p><strong>${demo.title}</strong> ${demo.about} <a href="#overview">${demo.back}</a></p>
      <div role="alert">${hasTried && html`<p>${demo.nothingKept}</p>`}</div>
    </aside>
    <div class="made-up">
      <${Surrounded.Provider} value=${{ ...around, Corner: null, api, drafts, selection, select }}><${Figures} /><//>
    </div>
  `;
}
