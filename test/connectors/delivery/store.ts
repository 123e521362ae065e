import type { Parcel, Store } from '../../../src/connectors/delivery/delivery.ts';

export interface Numbered extends Parcel { readonly n: number }
export const parcel = (n: number): Numbered => ({ rows: 1, n });
/** An error that passes. */
export const away = (): Error => Object.assign(new Error('connect refused by db?password=hunter2'), { passes: true });

/** A store in memory: what arrived, in order. `on` is called at each attempt and may fail it. */
export class MemoryStore implements Store<Numbered> {
  readonly name = 'memory(test)';
  readonly arrived: number[] = [];
  attempts = 0;
  constructor(public on: (n: number, attempt: number) => unknown = () => {}, readonly layout: string = 'numbers') {}
  async send({ n }: Numbered): Promise<void> {
    await this.on(n, this.attempts++);
    this.arrived.push(n);
  }
  isTransient(error: unknown): boolean { return (error as { passes?: boolean }).passes === true; }
  describe(error: unknown): string { return (error as Error).message.replace('hunter2', '…'); }
  encode(one: Numbered): Uint8Array { return Buffer.from(JSON.stringify(one)); }
  decode(bytes: Uint8Array): Numbered { return JSON.parse(Buffer.from(bytes).toString()) as Numbered; }
}
