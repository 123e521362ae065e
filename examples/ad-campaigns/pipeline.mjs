import { count, schema, stream, sum, t, tumbling } from 'millrace';
import { BOTS } from './world.mjs';

const Ad = schema({ adId: t.utf8, campaignId: t.utf8, ip: t.utf8, at: t.timestamp });
const Event = schema({ eventId: t.utf8, adId: t.utf8, ip: t.utf8, at: t.timestamp });

/** Rows are up to half a minute out of order. */
const TIME = { outOfOrderness: '30s' };
/** Clients write again what they got no answer for, and some were without a network for hours: so long is remembered what has come. */
const ONCE = { within: '3h' };
/** What is seen and clicked up to twelve hours after the ad was served counts. */
const COUNTED = { after: '12h' };

const byHuman = row => row.ip.notIn(BOTS);

const ads = source => stream(source, Ad)
  .eventTime('at', TIME)
  .filter(byHuman)
  .dedupe('adId', ONCE)
  .select('adId', 'campaignId', 'at');

const events = source => stream(source, Event)
  .eventTime('at', TIME)
  .filter(byHuman)
  .dedupe('eventId', ONCE)
  .select('adId', 'at');

/**
 * How many ads each campaign served each minute, and how often these were seen and clicked. `sources`: those of the three logs; `late`, `unread`:
 * sinks for what came too late and for what could not be read. A minute's figures come when the minute is over, and again as more of its ads
 * are seen.
 */
export const campaignMinutes = ({ served, views, clicks }, { late, unread } = {}) => {
  const matched = ads(served).countMatches({
    views: { of: events(views), within: COUNTED },
    clicks: { of: events(clicks), within: COUNTED },
  }, { on: 'adId' });
  const minutes = (late ? matched.late({ then: late }) : matched)
    .groupBy('campaignId')
    .window(tumbling('1m'))
    .aggregate(ad => ({ served: count(), views: sum(ad.views), clicks: sum(ad.clicks) }));
  return unread ? minutes.deadLetters(unread) : minutes;
};
