/** What a meter is like: exchanges, register, direction, and the zone of the household. */

export function MeterSettings() {
  return null;
}
