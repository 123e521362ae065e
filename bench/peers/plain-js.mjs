import { CAMPAIGNS, OUT_OF_ORDERNESS_MS, TYPES, WINDOW_MS, timeOf } from '../workloads/ysb-events.mjs';

const VIEW = TYPES.indexOf('view');

/**
 * The YSB question as a good programmer answers it in one thread of plain JavaScript: one pass, typed arrays, no engine. It applies
 * the lateness rule on its own, so that it checks both our engine and the rows that the other peer was given.
 * Returns [window start in ms → Uint32Array of counts per campaign, number of late views].
 */
export function viewsPerCampaign({ adId, eventType, at }, campaignOfAd) {
  const words = new Uint32Array(at.buffer, at.byteOffset, at.length * 2);
  const windows = new Map();
  let latest = -Infinity, late = 0;
  // Nearly all rows fall into the window of the row before: no division and no look-up for those.
  let start = 0, end = 0, counts = null;
  for (let row = 0; row < at.length; row++) {
    const ms = timeOf(words, row);
    if (eventType[row] === VIEW) {
      if (ms < start || ms >= end) {
        start = ms - (ms % WINDOW_MS);
        end = start + WINDOW_MS;
        counts = windows.get(start) ?? null;
      }
      if (end <= latest - OUT_OF_ORDERNESS_MS) late++;
      else {
        if (counts === null) windows.set(start, counts = new Uint32Array(CAMPAIGNS));
        counts[campaignOfAd[adId[row]]]++;
      }
    }
    if (ms > latest) latest = ms;
  }
  return { windows, late };
}
