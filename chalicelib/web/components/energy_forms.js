/** The form for one reading: new, or changed; with the questions that are asked back. */

export function EnergyForms() {
  return null;
}
