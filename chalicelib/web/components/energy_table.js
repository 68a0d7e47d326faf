/** The table of readings: by type and range, in pages, edited in place. */

export function EnergyTable() {
  return null;
}
