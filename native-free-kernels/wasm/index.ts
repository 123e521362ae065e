export * from './select';
export { hashWords, hashBytes } from './hash';
export * from './group';
export * from './partition';
export * from './times';
export { count, sumSigned, sumUnsigned, sumSquares, sumFloat, moments, minSigned, maxSigned, minUnsigned, maxUnsigned, minFloat, maxFloat, pick } from './accumulate';
export * from './merge';
export * from './finish';
export * from './compose';
