import fc from 'fast-check';
import type { DataType, Field, Fields, Row, Value } from '../../src/plan/types.ts';
import { dateText } from '../../src/batch/time-text.ts';
import { decimalText } from '../../src/batch/decimal-text.ts';

const INT_BITS = { int8: 8, int16: 16, int32: 32, uint8: 8, uint16: 16, uint32: 32 } as const;

export const dataType: fc.Arbitrary<DataType> = fc.oneof(
  fc.constantFrom('bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float32', 'float64', 'utf8', 'binary', 'date')
    .map(kind => ({ kind }) as DataType),
  fc.constantFrom('ms', 'us').map(unit => ({ kind: 'timestamp', unit }) as DataType),
  fc.integer({ min: 1, max: 18 }).chain(precision => fc.integer({ min: 0, max: precision }).map(scale => ({ kind: 'decimal', precision, scale }) as DataType)),
  fc.constantFrom('int8', 'int16', 'int32').map(index => ({ kind: 'dictionary', index }) as DataType),
);

export const fieldsOf = (max = 6): fc.Arbitrary<Fields> =>
  fc.array(fc.record({ type: dataType, nullable: fc.boolean() }), { minLength: 1, maxLength: max })
    .map(columns => columns.map((column, index): Field => ({ name: `c${index}`, ...column })));

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('', 'a', 'ß', '€uro', '\uFEFFmark', '日本語', '🙂🙃', 'x'.repeat(70), 'é'.repeat(50)),
).map(value => (value as string & { toWellFormed(): string }).toWellFormed());

const int = (min: bigint, max: bigint): fc.Arbitrary<bigint> => fc.oneof(fc.constantFrom(min, max, 0n < min ? min : 0n), fc.bigInt({ min, max }));

/** A value of a type as the engine gives it back. */
export function valueOf(type: DataType): fc.Arbitrary<Value> {
  switch (type.kind) {
    case 'bool': return fc.boolean();
    case 'int64': return int(-(2n ** 63n), 2n ** 63n - 1n);
    case 'uint64': return int(0n, 2n ** 64n - 1n);
    case 'float32': return fc.float();
    case 'float64': return fc.double();
    case 'utf8': return text;
    case 'binary': return fc.uint8Array({ maxLength: 40 });
    case 'date': return fc.oneof(fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31)), fc.integer({ min: -1e6, max: 3e6 })).map(dateText);
    case 'timestamp': return type.unit === 'us' ? int(-(2n ** 63n), 2n ** 63n - 1n) : fc.maxSafeInteger().map(ms => ms + 0);
    case 'decimal': {
      const bound = 10n ** BigInt(type.precision) - 1n;
      return int(-bound, bound).map(value => decimalText(value, type.scale));
    }
    case 'dictionary': return fc.constantFrom('red', 'grün', '', '青', '🙂', 'a longer text of more than sixteen bytes');
    default: {
      const bits = INT_BITS[type.kind];
      const min = type.kind.startsWith('u') ? 0 : -(2 ** (bits - 1));
      const max = min === 0 ? 2 ** bits - 1 : 2 ** (bits - 1) - 1;
      return fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max }));
    }
  }
}

export const rowOf = (fields: Fields): fc.Arbitrary<Row> =>
  fc.record(Object.fromEntries(fields.map(field => [field.name, field.nullable ? fc.option(valueOf(field.type), { freq: 3 }) : valueOf(field.type)])), { noNullPrototype: true });

export interface Sample { fields: Fields; rows: Row[] }
export const sample = (maxRows = 70, maxColumns = 6): fc.Arbitrary<Sample> =>
  fieldsOf(maxColumns).chain(fields => fc.record({ fields: fc.constant(fields), rows: fc.array(rowOf(fields), { maxLength: maxRows, size: 'max' }) }));
