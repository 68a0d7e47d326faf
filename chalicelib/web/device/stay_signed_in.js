/** The choice to stay signed in on this device. */

import { useSurroundings } from "../page/component.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { offlineWords } from "./offline_words.js";

export function Stay() {
  const { words, api } = useSurroundings();
  const offline = offlineWords(words);
  const [device, setDevice] = useState(api.device);
  const [isStaying, setStaying] = useState(/** @type {boolean | null} */ (null));
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const follow = () => setDevice(api.device);
    document.addEventListener("device", follow);
    follow();
    return () => document.removeEventListener("device", follow);
  }, [api]);
  useEffect(() => {
    device?.isStaying().then(setStaying, () => setStaying(false));
  }, [device]);
  const choose = async (/** @type {Event} */ event) => {
    const { checked } = /** @type {HTMLInputElement} */ (event.target);
    setStaying(checked);
    setFailed(false);
    try {
      await (checked ? device?.stay(api.shown) : device?.leave());
    } catch {
      setStaying(!checked);
      setFailed(true);
    }
  };
  return html`
    <section class="component" aria-labelledby="stay-title">
      <h2 id="stay-title">${offline.device}</h2>
      <label><input type="checkbox" checked=${isStaying} disabled=${isStaying === null} onChange=${choose} aria-describedby="stay-means" />${offline.stay}</label>
      <p class="explained" id="stay-means">${offline.stayMeans}</p>
      <div role="status">${failed && html`<p class="hint">${offline.notKept}</p>`}</div>
    </section>
  `;
}
