import { RETRACTED, retracts, type AsOf, type Join, type JoinColumn, type JoinMatch, type JoinSide, type JoinWindow } from '../../src/plan/join-plan.ts';
import type { Branch, NamedExpression, Plan, Step } from '../../src/plan/plan.ts';
import type { DataType, Field, Fields } from '../../src/plan/types.ts';
import { col, onePlan, timeOf } from './plans.ts';

/** Plans of joins written by hand. */
export interface SideParts {
  /** What its sources give. Event time is in the column `at`. */
  readonly schema: Fields;
  /** The columns that its branches end in. Default: `schema`. */
  readonly fields?: Fields;
  readonly keys: readonly NamedExpression[];
  /** One per source. Default: one without steps. */
  readonly steps?: readonly (readonly Step[])[];
  readonly outOfOrderness?: number;
  /** How far before and behind the left row, both included. */
  readonly within?: readonly [before: number, after: number];
  /** Default: 'inner', and 'left' of the first side. */
  readonly match?: JoinMatch;
  readonly keepsUnmatched?: boolean;
}
export interface JoinParts {
  readonly sides: readonly SideParts[];
  readonly mode?: Join['mode'];
  readonly accept?: number;
  readonly window?: JoinWindow | null;
  readonly asOf?: AsOf | null;
  /** Default: all there are. */
  readonly columns?: readonly JoinColumn[];
}

export const keysOf = (...fields: readonly Field[]): NamedExpression[] => fields.map(one => ({ name: one.name, expression: col(one) }));
const brings = ({ match }: JoinSide): boolean => match === 'left' || match === 'inner' || match === 'optional';

/** Every column that a join can have: `s0_id`, those of the other sides, `n1`, `time`, those of the window, `retracted`. */
function columnsOf({ sides, window, mode }: Omit<Join, 'columns'>): JoinColumn[] {
  return [
    ...sides.flatMap((side, index) => (brings(side) ? side.fields.map(({ name }): JoinColumn => ({ kind: 'field', side: index, name })) : [])),
    ...sides.flatMap((side, index): JoinColumn[] => (side.match === 'count' ? [{ kind: 'count', side: index }] : [])),
    { kind: 'time' },
    ...(window === null ? [] : [{ kind: 'windowStart' } as const, { kind: 'windowEnd' } as const]),
    ...(retracts({ mode, sides }) ? [{ kind: 'retracted' } as const] : []),
    ...(mode === 'changes' ? [{ kind: 'isNew' } as const] : []),
  ];
}
function fieldOf(column: JoinColumn, sides: readonly JoinSide[], time: DataType): Field {
  switch (column.kind) {
    case 'field': {
      const side = sides[column.side]!;
      const { type, nullable } = side.fields.find(({ name }) => name === column.name)!;
      const canLack = side.match === 'optional' || (column.side === 0 && sides.some(({ keepsUnmatched }) => keepsUnmatched));
      return { name: `s${column.side}_${column.name}`, type, nullable: nullable || canLack };
    }
    case 'count': return { name: `n${column.side}`, type: { kind: 'int64' }, nullable: false };
    case 'retracted': return RETRACTED;
    case 'isNew': return { name: 'isNew', type: { kind: 'bool' }, nullable: false };
    default: return { name: column.kind, type: time, nullable: false };
  }
}

export function joinPlan({ sides: parts, mode = 'eager', accept = 0, window = null, asOf = null, columns }: JoinParts): Plan {
  const sides = parts.map(({ schema, fields = schema, keys, within: [before, after] = [0, 0], match = 'inner', keepsUnmatched = false }, index): JoinSide =>
    ({ name: `side ${index}`, fields, keys, before, after, match: index === 0 ? 'left' : match, keepsUnmatched }));
  const branches = parts.flatMap(({ schema, steps = [[]], outOfOrderness = 0 }, side) => steps.map((list): Omit<Branch, 'source' | 'from'> & { schema: Fields } =>
    ({ schema, side, eventTime: timeOf({ column: 'at', outOfOrderness }), steps: list })));
  const join = { sides, mode, accept, window, asOf, columns: columns ?? columnsOf({ sides, mode, accept, window, asOf }) };
  const at = parts[0]!.schema.find(({ name }) => name === 'at')!.type;
  const time: DataType = at.kind === 'date' ? { kind: 'timestamp', unit: 'ms' } : at;
  const plan = onePlan({
    branches: branches.map(({ schema, ...branch }, index): Branch => ({ source: { name: `s${index}`, schema }, from: { source: index }, ...branch })),
    join, aggregate: null, output: join.columns.map(column => fieldOf(column, sides, time)),
  });
  return { ...plan, changelog: retracts(join) ? 'retracting' : 'append' };
}
