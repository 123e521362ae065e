/** The TypeScript twin of the JSON kernel: a recursive walk over each line. */
import type { HeapViews } from './heap-views.js';
import { NO_COLUMN, StringRef, TextColumn, TextError, TextKind, TextLimit, TextState } from './text-layout.js';
import { base64Length, dateDays, numberAt, scaledInteger, TextFault, TextStaging, timeValue } from './text-twin.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const unescaped = new TextEncoder();

interface JsonString {
  /** Position after the closing quote. */
  readonly after: number;
  readonly value: string;
  readonly escaped: boolean;
}

/** One line, as a string of its bytes. */
class JsonLine {
  p = 0;
  /** Column of the member being read. */
  column: number = NO_COLUMN;

  constructor(readonly text: string, readonly start: number, readonly staging: TextStaging, readonly columns: ReadonlyMap<string, number>) {}

  fault(error: number): never { throw new TextFault(error, this.p); }

  skipSpace(): void {
    while (this.p < this.text.length && ' \t\r'.includes(this.text[this.p]!)) this.p++;
  }

  /** The string whose opening quote is at `p`; does not move. */
  string(): JsonString {
    const end = /[^"\\]*(?:\\.[^"\\]*)*/ys;
    end.lastIndex = this.p + 1;
    const raw = end.exec(this.text)![0];
    const bad = /[\x00-\x1f]/.exec(raw);
    const after = this.p + raw.length + 2;
    if (bad !== null) throw new TextFault(TextError.controlCharacter, this.p + 1 + bad.index);
    if (this.text[after - 1] !== '"') throw new TextFault(TextError.openString, this.text.length);
    let value: string;
    try {
      value = utf8.decode(Buffer.from(raw, 'latin1'));
    } catch {
      throw new TextFault(TextError.badUtf8, this.p);
    }
    const escaped = raw.includes('\\');
    if (escaped) value = this.unescape(value);
    return { after, value, escaped };
  }

  unescape(inner: string): string {
    if (/\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(inner.replaceAll('\\\\', ''))) this.fault(TextError.badEscape);
    const value = JSON.parse(`"${inner}"`) as string;
    if (/\p{Surrogate}/u.test(value)) this.fault(TextError.loneSurrogate);
    return value;
  }

  expect(character: string, error: number): void {
    this.skipSpace();
    if (this.text[this.p] !== character) this.fault(error);
    this.p++;
    this.skipSpace();
  }

  /** Moves past a value that is not wanted. */
  skipValue(depth: number): void {
    const c = this.text[this.p];
    if (c === '"') {
      this.p = this.string().after;
    } else if (c === '{' || c === '[') {
      if (depth >= TextLimit.nestingDepth) this.fault(TextError.tooDeep);
      this.members(c === '{', () => this.skipValue(depth + 1));
    } else {
      const token = /^(?:null|true|false)/.exec(this.text.slice(this.p, this.p + 5))?.[0] ?? this.number();
      this.p += token.length;
    }
  }

  number(): string {
    if (!/[-0-9]/.test(this.text[this.p] ?? '')) this.fault(TextError.expectedValue);
    return numberAt(this.text, this.p, false) ?? this.fault(TextError.badNumber);
  }

  /** Moves past an object or array, calling back at each value. */
  members(isObject: boolean, readValue: (name: string) => void): void {
    const close = isObject ? '}' : ']';
    this.p++;
    this.skipSpace();
    if (this.text[this.p] === close) {
      this.p++;
      return;
    }
    while (true) {
      let name = '';
      if (isObject) {
        if (this.text[this.p] !== '"') this.fault(TextError.expectedKey);
        const key = this.string();
        name = key.value;
        this.p = key.after;
        this.expect(':', TextError.expectedColon);
      }
      readValue(name);
      this.skipSpace();
      const c = this.text[this.p];
      if (c !== ',' && c !== close) this.fault(TextError.expectedComma);
      this.p++;
      if (c === close) return;
      this.skipSpace();
    }
  }

  readMember(name: string): void {
    this.column = this.columns.get(name) ?? NO_COLUMN;
    if (this.column === NO_COLUMN) this.skipValue(0);
    else this.readValue(this.column, this.staging.column(this.column, TextColumn.kind));
    this.column = NO_COLUMN;
  }

  readValue(column: number, kind: number): void {
    const c = this.text[this.p] ?? '';
    const word = /^(?:null|true|false)/.exec(this.text.slice(this.p, this.p + 5))?.[0];
    if (c === '"') {
      if (kind < TextKind.utf8) this.fault(TextError.wrongType);
      this.readString(column, kind);
    } else if (word === 'null') {
      this.staging.markNull(column);
      this.p += 4;
    } else if (word !== undefined) {
      if (kind !== TextKind.bool) this.fault(TextError.wrongType);
      this.staging.markValue(column);
      this.staging.putBool(column, word === 'true');
      this.p += word.length;
    } else if (/[-0-9]/.test(c)) {
      if (kind === TextKind.bool || (kind >= TextKind.utf8 && kind <= TextKind.date)) this.fault(TextError.wrongType);
      const number = this.number();
      this.staging.markValue(column);
      if (kind === TextKind.float32 || kind === TextKind.float64) this.staging.putFloat(column, Number(number));
      else this.putScaled(column, number, kind === TextKind.timestamp ? 0 : this.staging.column(column, TextColumn.digits));
      this.p += number.length;
    } else {
      this.fault(c === '{' || c === '[' ? TextError.wrongType : TextError.expectedValue);
    }
  }

  putScaled(column: number, number: string, digits: number): void {
    const value = scaledInteger(number, digits, ...this.staging.limits(column));
    if (typeof value === 'number') this.fault(value);
    this.staging.putInteger(column, value);
  }

  readString(column: number, kind: number): void {
    const { after, value, escaped } = this.string();
    const address = this.start + this.p + 1;
    const digits = this.staging.column(column, TextColumn.digits);
    const flag = escaped ? StringRef.jsonEscapes : 0;
    this.staging.markValue(column);
    if (kind === TextKind.utf8) {
      this.staging.putText(column, address, (unescaped.encode(value).length | flag) >>> 0);
    } else if (kind === TextKind.binary) {
      const bytes = base64Length(value);
      if (bytes < 0) this.fault(TextError.badBase64);
      this.staging.putText(column, address, (bytes | StringRef.base64 | flag) >>> 0);
    } else if (kind === TextKind.timestamp) {
      this.staging.putInteger(column, timeValue(value, digits) ?? this.fault(TextError.badTime));
    } else if (kind === TextKind.date) {
      this.staging.putInteger(column, BigInt(dateDays(value) ?? this.fault(TextError.badDate)));
    } else {
      if (numberAt(value, 0, false) !== value) this.fault(TextError.badNumber);
      this.putScaled(column, value, digits);
    }
    this.p = after;
  }

  readLine(): void {
    this.skipSpace();
    if (this.text[this.p] !== '{') this.fault(TextError.notObject);
    this.members(true, name => this.readMember(name));
    this.skipSpace();
    if (this.p < this.text.length) this.fault(TextError.trailing);
  }
}

/** Names of the columns of a state block. */
function columnNames(staging: TextStaging): Map<string, number> {
  const names = new Map<string, number>();
  for (let column = 0; column < staging.get(TextState.columnCount); column++) {
    const address = staging.column(column, TextColumn.name);
    const bytes = Buffer.from(staging.heap.u8.buffer, address, staging.column(column, TextColumn.nameLength));
    names.set(bytes.toString(), column);
  }
  return names;
}

export const decodeJsonTwin = (heap: HeapViews) => (state: number): void => {
  const staging = new TextStaging(heap, state);
  const columns = columnNames(staging);
  const end = staging.get(TextState.end);
  let p = staging.get(TextState.cursor);
  while (p < end && staging.hasRoom()) {
    const lineEnd = heap.u8.indexOf(10, p);
    const text = staging.line(p, lineEnd);
    if (!/^[ \t\r]*$/.test(text)) {
      staging.set(TextState.seen, 0);
      const line = new JsonLine(text, p, staging, columns);
      let fault: TextFault | null = null;
      try {
        line.readLine();
      } catch (error) {
        if (!(error instanceof TextFault)) throw error;
        fault = error;
      }
      staging.finishLine(p, lineEnd, fault, line.column);
    }
    p = lineEnd + 1;
  }
  staging.set(TextState.cursor, p);
};
