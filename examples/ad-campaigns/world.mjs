import { weighted } from './random.mjs';

/** The small world that the logs tell of: campaigns, addresses, and how numbers in the generator become ids in the logs. */

/** One campaign is a restaurant chain: a fifth of all ads are its own. The others share the rest by Zipf's law. */
export const CAMPAIGNS = ['burger-barn', ...Array.from({ length: 199 }, (_, i) => `campaign-${String(i + 1).padStart(3, '0')}`)];
const ZIPF = Array.from({ length: CAMPAIGNS.length - 1 }, (_, i) => 1 / (i + 1));
const others = ZIPF.reduce((sum, weight) => sum + weight);
export const pickCampaign = weighted([others / 4, ...ZIPF]);

/** Addresses of known bots (of a range that is set aside for documentation). Every thirtieth ad goes to one. */
export const BOTS = Array.from({ length: 40 }, (_, i) => `203.0.113.${i + 1}`);
export const ADDRESSES = 200_000;
/** The address of a number: the first are the bots'. */
export const addresses = Array.from({ length: ADDRESSES }, (_, i) => BOTS[i] ?? `10.${(i * 7 + 13) % 223}.${(i >>> 8) & 255}.${i & 255}`);

/** Ids of ads, views and clicks are 64 bits in hexadecimal that look random: kinds of numbers do not overlap. */
export const ID_BASES = { ad: 0, view: 0x4000_0000, click: 0x8000_0000, adOfAnotherDay: 0xc000_0000 };

const mix = half => {
  let h = Math.imul(half ^ (half >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
};
const words = new Uint32Array(2);
/** A Feistel network: different numbers, different ids. The two words are good until the next call. */
export function idWords(number) {
  let low = number | 0, high = 0;
  high ^= mix(low + 1);
  low ^= mix(high);
  high ^= mix(low);
  low ^= mix(high);
  words[0] = high;
  words[1] = low;
  return words;
}
export function idText(number) {
  const [high, low] = idWords(number);
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

export const START_MS = Date.UTC(2025, 2, 3);
export const HOUR_MS = 3_600_000;
/** For so long ads are served. */
export const DAY_MS = 24 * HOUR_MS;
/** For so long after it was served an ad's views and clicks count. */
export const COUNTED_FOR_MS = 12 * HOUR_MS;
