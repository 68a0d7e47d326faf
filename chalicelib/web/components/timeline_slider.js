/** The timeline: how many readings lie where, and two handles that choose a range. */

export function TimelineSlider() {
  return null;
}
