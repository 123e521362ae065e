import { jsonl, schema, stream, t } from 'millrace';

const Trade = schema({ id: t.int32, symbol: t.utf8.nullable, at: t.timestamp });
const Quote = schema({ symbol: t.utf8.nullable, cents: t.int32, halted: t.bool.nullable, since: t.timestamp });

/** Each trade with what its share was quoted at, half an hour ago at the most; without a price while trade in it is halted. */
export default ([input, output]) => stream(jsonl(`${input}/trades.jsonl`), Trade)
  .eventTime('at', { outOfOrderness: '2h' })
  .asOfJoin(stream(jsonl(`${input}/quotes.jsonl`), Quote).eventTime('since', { outOfOrderness: '2h' }), {
    on: 'symbol', kind: 'left', within: '30m', deleted: quote => quote.halted, select: (trade, quote) => ({ id: trade.id, symbol: trade.symbol, cents: quote.cents }),
  })
  .to(jsonl(`${output}/results.jsonl`));
