/** Meeting somebody who has no readings yet: two ways on, and a look at how it may become. */

import { html } from "../vendor/preact.js";
import { useDemoWords } from "./demo_words.js";

export function Welcome() {
  const demo = useDemoWords();
  const record = () => document.dispatchEvent(new Event("add-reading"));
  return html`
    <section class="welcome component" aria-labelledby="welcome-title">
      <h2 id="welcome-title">${demo.welcome}</h2>
      <p>${demo.welcomeHow}</p>
      <div class="ways">
        <article>
          <h3>${demo.first}</h3>
          <p>${demo.firstHow}</p>
          <button type="button" onClick=${record}>${demo.record}</button>
        </article>
        <article>
          <h3>${demo.file}</h3>
          <p>${demo.fileHow}</p>
          <a role="button" href="#files">${demo.bring}</a>
        </article>
      </div>
      <p>${demo.lookHow} <a href="#demo">${demo.look}</a></p>
    </section>
  `;
}
