export * from './select';
export { countLines } from './text-column';
export { gatherText, textBytes } from './text-string';
export { decodeJson } from './json';
export { decodeCsv } from './csv';
