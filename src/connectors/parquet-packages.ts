import * as zlib from 'node:zlib';
import { MillraceError } from '../errors.js';

/** The only file that names the optional packages behind `millrace/parquet`. */
export type Hyparquet = typeof import('hyparquet');
export type HyparquetWriter = typeof import('hyparquet-writer');
export type { FileMetaData, SchemaElement, RowGroup, ColumnMetaData } from 'hyparquet';
type Decompressors = Record<string, ((input: Uint8Array, outputLength: number) => Uint8Array) | undefined>;

async function optional<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new MillraceError('MISSING_PACKAGE', `millrace/parquet needs the package ${name}: npm install ${name}`, { cause });
  }
}

export const loadReader = (): Promise<Hyparquet> => optional('hyparquet', () => import('hyparquet'));
export const loadWriter = (): Promise<HyparquetWriter> => optional('hyparquet-writer', () => import('hyparquet-writer'));

const zstd = (zlib as { zstdDecompressSync?: (input: Uint8Array) => Uint8Array }).zstdDecompressSync;

/** What decompresses these codecs: Node itself where it can (Zstandard from 22.15 on), else hyparquet-compressors. */
export async function loadDecompressors(codecs: Iterable<string>): Promise<Decompressors> {
  const native: Decompressors = {
    GZIP: input => zlib.gunzipSync(input), BROTLI: input => zlib.brotliDecompressSync(input), ZSTD: zstd && (input => zstd(input)),
  };
  if ([...codecs].every(codec => codec === 'UNCOMPRESSED' || native[codec] !== undefined)) return native;
  const { compressors } = await optional('hyparquet-compressors', () => import('hyparquet-compressors'));
  const given = Object.fromEntries(Object.entries(native).filter(([, decompress]) => decompress !== undefined));
  return { ...(compressors as Decompressors), ...given };
}
