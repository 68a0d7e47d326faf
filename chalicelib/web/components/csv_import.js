/** Files: bring one, see what it means, take it back; and get one. */

import { html } from "../vendor/preact.js";
import { BringFile } from "./csv_bring.js";
import { SaveFile } from "./csv_export.js";
import { Imports } from "./csv_list.js";

export function CsvImport() {
  return html`<${BringFile} /><${SaveFile} /><${Imports} />`;
}
