import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../../', import.meta.url));
export const readText = (path: string): string => readFileSync(root + path, 'utf8');

/** One import, export-from, dynamic import, or `new URL('./x.js', import.meta.url)` of a source file. */
export interface Reference {
  readonly kind: 'static' | 'type' | 'dynamic' | 'url';
  readonly specifier: string;
  /** Path from the root where it is a relative one, else null. */
  readonly target: string | null;
}
export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
  /** The text with comments blanked; lines and columns stay. */
  readonly code: string;
  readonly references: readonly Reference[];
}

/** Every `.ts` and `.cts` under `folder`, without declarations and without AssemblyScript. */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter(path => /\.c?ts$/.test(path) && !/\.d\.c?ts$/.test(path) && !path.startsWith('native-free-kernels/wasm/'))
    .sort()
    .map(path => sourceFile(path, readText(path)));
}

export function sourceFile(path: string, text: string): SourceFile {
  const code = withoutComments(text);
  return { path, text, code, references: references(path, code) };
}

const STRING = String.raw`'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|` + '`(?:\\\\.|[^`\\\\])*`';
const COMMENT_OR_STRING = new RegExp(String.raw`\/\*[\s\S]*?\*\/|\/\/[^\n]*|${STRING}`, 'g');
const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ');

const withoutComments = (text: string): string =>
  text.replaceAll(COMMENT_OR_STRING, part => part.startsWith('/') ? blank(part) : part);

export const withoutStrings = (code: string): string =>
  code.replaceAll(new RegExp(STRING, 'g'), part => part[0] + blank(part.slice(1, -1)) + part[0]);

const STATIC = /^[ \t]*(?:import|export)\s+(?<type>type\s+(?![,{]?\s*from\b))?(?:[\w*{}\s,$]+?\s+from\s+)?['"](?<specifier>[^'"\n]+)['"]/gm;
const TYPE_QUERY = /[^\w]import\(\s*['"](?<specifier>[^'"\n]+)['"]\s*\)(?=\.[A-Z])/g;
const DYNAMIC = /[^\w]import\(\s*['"](?<specifier>[^'"\n]+)['"]\s*\)(?!\.[A-Z])/g;
const URL_REFERENCE = /new URL\(\s*['"](?<specifier>\.[^'"\n]+)['"]\s*,\s*import\.meta\.url/g;

function references(path: string, code: string): Reference[] {
  const find = (pattern: RegExp, kind: Reference['kind']): Reference[] => [...code.matchAll(pattern)].map(match => {
    const specifier = match.groups!['specifier']!;
    return { kind: match.groups!['type'] === undefined ? kind : 'type', specifier, target: resolve(path, specifier) };
  });
  return [...find(STATIC, 'static'), ...find(TYPE_QUERY, 'type'), ...find(DYNAMIC, 'dynamic'), ...find(URL_REFERENCE, 'url')];
}

const resolve = (from: string, specifier: string): string | null =>
  specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier).replace(/\.(c?)js$/, '.$1ts') : null;
